/*
 * The pool of auth-workers.
 * Runs in: auth.
 * Hostile input: answers of workers.
 * Never: waits for a worker beyond its deadline, takes an unasked answer.
 */
#include "auth/worker_pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ipc/roles.h"
#include "lib/channel.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/xmem.h"

/* A task that two workers did not do is not given to a third. */
#define WORKER_TRIES_MAX	2
/* A hash and a password with their lengths are the longest of the bodies. */
#define WORKER_BODY_MAX		4096

struct worker {
	TAILQ_ENTRY(worker)	 entry;
	struct worker_pool	*pool;
	struct channel		*channel;
	struct worker_task	*task;		/* NULL: idle, or cancelled */
	uint32_t		 pid;
	uint32_t		 id;		/* of the task */
	uint8_t			 type;		/* of the task, 0: idle */
	uint32_t		 ndone;
	struct loop_timer	 timer;		/* deadline, or idle */
	struct loop_deferred	 leave;
};

static int	worker_row(void *, uint32_t, struct wire_reader *, int);
static int	worker_verified(void *, uint32_t, struct wire_reader *, int);
static int	worker_resolved(void *, uint32_t, struct wire_reader *, int);
static int	worker_probed(void *, uint32_t, struct wire_reader *, int);
static void	worker_pool_run(struct worker_pool *);
static void	worker_idle_expired(void *);

static const struct channel_row worker_rows[] = {
	{ AUTH_WORKER_ROW, "ROW", 1, 3, CHANNEL_BODY_MAX, false, false,
	    worker_row },
	{ AUTH_WORKER_VERIFIED, "VERIFIED", 1, 1, 1, false, false,
	    worker_verified },
	{ AUTH_WORKER_RESOLVED, "RESOLVED", 1, 2, 512, false, false,
	    worker_resolved },
	{ AUTH_WORKER_PROBED, "PROBED", 1, 3, 512, false, false,
	    worker_probed },
};

/* A timer of no length would go off for ever within one turn. */
static uint64_t
at_least_one(uint32_t ms)
{
	return ms == 0 ? 1 : ms;
}

void
worker_pool_init(struct worker_pool *p, const struct worker_pool_config *c)
{
	memset(p, 0, sizeof(*p));
	p->config = *c;
	TAILQ_INIT(&p->lanes);
	TAILQ_INIT(&p->busy);
	TAILQ_INIT(&p->idle);
	loop_timers_init(c->loop, &p->task_timers, at_least_one(c->timeout_ms));
	loop_timers_init(c->loop, &p->idle_timers, at_least_one(c->idle_ms));
	loop_timers_init(c->loop, &p->pressure_timers,
	    WORKER_POOL_PRESSURE_MS);
}

/* Lets a worker go; its task is no longer its own. */
static void
worker_free(struct worker *w)
{
	struct worker_pool *p = w->pool;

	if (w->type == 0)
		TAILQ_REMOVE(&p->idle, w, entry);
	else
		TAILQ_REMOVE(&p->busy, w, entry);
	p->nworkers--;
	loop_timer_stop(&w->timer);
	loop_undefer(p->config.loop, &w->leave);
	channel_free(w->channel);
	free(w);
}

void
worker_pool_clear(struct worker_pool *p)
{
	struct worker_lane *lane;
	struct worker *w;

	while ((lane = TAILQ_FIRST(&p->lanes)) != NULL)
		worker_pool_cancel(TAILQ_FIRST(&lane->tasks));
	while ((w = TAILQ_FIRST(&p->busy)) != NULL) {
		if (w->task != NULL)
			worker_pool_cancel(w->task);
		worker_free(w);
	}
	while ((w = TAILQ_FIRST(&p->idle)) != NULL)
		worker_free(w);
	loop_timers_clear(&p->task_timers);
	loop_timers_clear(&p->idle_timers);
	loop_timers_clear(&p->pressure_timers);
}

static void
worker_task_fail(struct worker_task *t)
{
	static const struct worker_answer failed = {
		.outcome = WORKER_FAILED,
	};

	t->done(t->arg, &failed);
}

/* Takes a task from its lane, whose turn is over with that. */
static void
worker_lane_remove(struct worker_lane *lane, struct worker_task *t)
{
	TAILQ_REMOVE(&lane->tasks, t, entry);
	TAILQ_REMOVE(&t->pool->lanes, lane, entry);
	if (--lane->ntasks > 0)
		TAILQ_INSERT_TAIL(&t->pool->lanes, lane, entry);
}

static void
worker_lane_add(struct worker_lane *lane, struct worker_task *t, bool is_first)
{
	if (lane->ntasks++ == 0)
		TAILQ_INSERT_TAIL(&t->pool->lanes, lane, entry);
	if (is_first)
		TAILQ_INSERT_HEAD(&lane->tasks, t, entry);
	else
		TAILQ_INSERT_TAIL(&lane->tasks, t, entry);
}

static void
worker_task_unqueue(struct worker_task *t)
{
	worker_lane_remove(t->lane, t);
	t->pool->nqueued--;
	t->is_queued = false;
	loop_timer_stop(&t->timer);
}

/* It waited too long for a worker. */
static void
worker_task_expired(void *arg)
{
	struct worker_task *t = arg;

	worker_task_unqueue(t);
	worker_task_fail(t);
}

static void
worker_task_queue(struct worker_task *t, bool is_first)
{
	struct worker_pool *p = t->pool;

	worker_lane_add(t->lane, t, is_first);
	p->nqueued++;
	t->is_queued = true;
	loop_timer_start(&p->task_timers, &t->timer, worker_task_expired, t);
}

/* The worker that had it is lost. */
static void
worker_task_retry(struct worker_task *t)
{
	t->worker = NULL;
	if (t->tries < WORKER_TRIES_MAX)
		worker_task_queue(t, true);
	else
		worker_task_fail(t);
}

/* It did not answer in time: somebody else may, and the master ends it. */
static void
worker_late(void *arg)
{
	struct worker *w = arg;
	struct worker_pool *p = w->pool;
	struct worker_task *t = w->task;

	log_warn("auth-worker[%u] hangs, it is given up", w->pid);
	p->config.hung(p->config.arg, w->pid);
	worker_free(w);
	if (t != NULL)
		worker_task_retry(t);
	worker_pool_run(p);
}

static void
worker_closed(void *arg, enum channel_end end)
{
	struct worker *w = arg;
	struct worker_pool *p = w->pool;
	struct worker_task *t = w->task;

	if (end == CHANNEL_VIOLATION)
		p->config.hung(p->config.arg, w->pid);
	else if (w->type != 0)
		log_warn("auth-worker[%u] died at work", w->pid);
	worker_free(w);
	if (t != NULL)
		worker_task_retry(t);
	worker_pool_run(p);
}

static void
worker_begin(struct worker *w, struct worker_task *t)
{
	struct worker_pool *p = w->pool;
	uint8_t body[WORKER_BODY_MAX];
	struct wire_writer writer;

	worker_task_unqueue(t);
	TAILQ_REMOVE(&p->idle, w, entry);
	TAILQ_INSERT_TAIL(&p->busy, w, entry);
	t->worker = w;
	t->tries++;
	w->task = t;
	w->type = t->type;
	w->id = ++p->last_id;
	loop_timer_start(&p->task_timers, &w->timer, worker_late, w);
	wire_writer_init(&writer, body, sizeof(body));
	t->put(t->arg, &writer);
	channel_send(w->channel, t->type, w->id, &writer, -1);
}

/* One more, unless there are enough or enough have been asked for. */
static void
worker_pool_want(struct worker_pool *p)
{
	uint64_t now = clock_ms();

	if (p->nwanted > 0 && now - p->wanted_ms >= WORKER_POOL_WANTED_MS)
		p->nwanted = 0;
	if (p->nworkers + p->nwanted >= p->config.count_max)
		return;
	p->nwanted++;
	p->wanted_ms = now;
	p->config.want(p->config.arg);
}

static void
worker_pool_pressed(void *arg)
{
	struct worker_pool *p = arg;

	if (TAILQ_EMPTY(&p->lanes))
		return;
	if (p->nwanted < p->nqueued ||
	    clock_ms() - p->wanted_ms >= WORKER_POOL_WANTED_MS)
		worker_pool_want(p);
	loop_timer_start(&p->pressure_timers, &p->pressure,
	    worker_pool_pressed, p);
}

static struct worker *
worker_pool_free_hand(struct worker_pool *p)
{
	struct worker *w;

	TAILQ_FOREACH(w, &p->idle, entry)
		if (!w->leave.is_queued)
			return w;
	return NULL;
}

/* Gives waiting tasks to idle workers, a lane's first one each turn. */
static void
worker_pool_run(struct worker_pool *p)
{
	struct worker_lane *lane;
	struct worker *w;

	while ((lane = TAILQ_FIRST(&p->lanes)) != NULL &&
	    (w = worker_pool_free_hand(p)) != NULL)
		worker_begin(w, TAILQ_FIRST(&lane->tasks));
	if (lane == NULL)
		return;
	if (p->nworkers == 0 && p->nwanted == 0)
		worker_pool_want(p);
	if (p->pressure.on == NULL)
		loop_timer_start(&p->pressure_timers, &p->pressure,
		    worker_pool_pressed, p);
}

static void
worker_rest(struct worker *w)
{
	w->type = 0;
	TAILQ_INSERT_HEAD(&w->pool->idle, w, entry);
	loop_timer_start(&w->pool->idle_timers, &w->timer,
	    worker_idle_expired, w);
}

static void
worker_idle_expired(void *arg)
{
	struct worker *w = arg;

	if (w->pool->nworkers > 1)
		worker_free(w);
	else
		loop_timer_start(&w->pool->idle_timers, &w->timer,
		    worker_idle_expired, w);
}

void
worker_pool_add(struct worker_pool *p, int fd, uint32_t pid)
{
	struct worker *w = xcalloc(1, sizeof(*w));
	char peer[32];

	(void)snprintf(peer, sizeof(peer), "auth-worker[%u]", pid);
	w->pool = p;
	w->pid = pid;
	w->channel = channel_new(&(struct channel_config){
		.loop = p->config.loop,
		.fd = fd,
		.contract = &auth_worker_contract,
		.rows = worker_rows,
		.nrows = sizeof(worker_rows) / sizeof(worker_rows[0]),
		.policy = CHANNEL_PEER_LOWER,
		.role = ROLE_ID_AUTH,
		.peer = peer,
		.endpoint = w,
		.closed_fn = worker_closed,
	});
	p->nworkers++;
	if (p->nwanted > 0)
		p->nwanted--;
	worker_rest(w);
	worker_pool_run(p);
}

void
worker_pool_warm(struct worker_pool *p)
{
	if (p->nworkers == 0 && p->nwanted == 0)
		worker_pool_want(p);
}

void
worker_lane_init(struct worker_lane *lane)
{
	memset(lane, 0, sizeof(*lane));
	TAILQ_INIT(&lane->tasks);
}

int
worker_pool_submit(struct worker_pool *p, struct worker_lane *lane,
    struct worker_task *t, const struct worker_work *work, void *arg)
{
	if (lane->ntasks >= WORKER_LANE_MAX)
		return -1;
	memset(t, 0, sizeof(*t));
	t->pool = p;
	t->lane = lane;
	t->type = work->type;
	t->put = work->put;
	t->done = work->done;
	t->arg = arg;
	worker_task_queue(t, false);
	worker_pool_run(p);
	return 0;
}

void
worker_pool_move(struct worker_task *t, struct worker_lane *lane)
{
	if (t->is_queued) {
		worker_lane_remove(t->lane, t);
		worker_lane_add(lane, t, false);
	}
	t->lane = lane;
}

void
worker_pool_cancel(struct worker_task *t)
{
	if (t->is_queued)
		worker_task_unqueue(t);
	if (t->worker != NULL)
		t->worker->task = NULL;
	t->worker = NULL;
}

/* It has done enough; new memory for the next. */
static void
worker_leave(void *arg)
{
	struct worker *w = arg;
	struct worker_pool *p = w->pool;

	worker_free(w);
	worker_pool_run(p);
}

/* An answer came that is what was asked for. */
static void
worker_answered(struct worker *w, const struct worker_answer *a)
{
	struct worker_pool *p = w->pool;
	struct worker_task *t = w->task;

	w->task = NULL;
	w->ndone++;
	TAILQ_REMOVE(&p->busy, w, entry);
	worker_rest(w);
	if (p->config.requests_max != 0 && w->ndone >= p->config.requests_max)
		loop_defer(p->config.loop, &w->leave, worker_leave, w);
	if (t != NULL) {
		t->worker = NULL;
		t->done(t->arg, a);
	}
	worker_pool_run(p);
}

static bool
worker_is_asked(const struct worker *w, uint32_t id,
    enum auth_worker_type type)
{
	return w->type == type && w->id == id;
}

static int
worker_row(void *endpoint, uint32_t id, struct wire_reader *r, int fd)
{
	struct worker *w = endpoint;
	struct auth_worker_row row;

	(void)fd;
	if (!worker_is_asked(w, id, AUTH_WORKER_LOOKUP) ||
	    auth_worker_row_get(r, &row) == -1)
		return -1;
	worker_answered(w, &(struct worker_answer){ .row = &row });
	return 0;
}

static int
worker_verified(void *endpoint, uint32_t id, struct wire_reader *r, int fd)
{
	struct worker *w = endpoint;
	struct auth_worker_verified verified;

	(void)fd;
	if (!worker_is_asked(w, id, AUTH_WORKER_VERIFY) ||
	    auth_worker_verified_get(r, &verified) == -1)
		return -1;
	worker_answered(w, &(struct worker_answer){ .verified = &verified });
	return 0;
}

static int
worker_resolved(void *endpoint, uint32_t id, struct wire_reader *r, int fd)
{
	struct worker *w = endpoint;
	struct auth_worker_resolved resolved;

	(void)fd;
	if (!worker_is_asked(w, id, AUTH_WORKER_RESOLVE) ||
	    auth_worker_resolved_get(r, &resolved) == -1)
		return -1;
	worker_answered(w, &(struct worker_answer){ .resolved = &resolved });
	return 0;
}

static int
worker_probed(void *endpoint, uint32_t id, struct wire_reader *r, int fd)
{
	struct worker *w = endpoint;
	struct auth_worker_probed probed;

	(void)fd;
	if (!worker_is_asked(w, id, AUTH_WORKER_PROBE) ||
	    auth_worker_probed_get(r, &probed) == -1)
		return -1;
	worker_answered(w, &(struct worker_answer){ .probed = &probed });
	return 0;
}
