/*
 * The policy of one kind of child: how many run, when another is started.
 * Runs in: master.
 * Hostile input: none; child.c has checked what children say.
 * Never: ends a process that has sessions.
 */
#include "master/service.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/proc.h"
#include "lib/xmem.h"
#include "master/room.h"

/* A death so soon after the start is one that the next child shares. */
#define SERVICE_EARLY_MS	1000
#define SERVICE_SURPLUS_TICKS	3u
#define SERVICE_STALL_MAX_MS	60000u
/* A start that the system refuses is tried again after so long. */
#define SERVICE_REFUSED_MS	1000
#define SERVICE_REFUSED_LOG	60
/* Who closes its channel, or was cut off, has so long to end. */
#define SERVICE_END_MS		5000

static void	service_on_ready(struct child *);
static void	service_on_taken(struct child *);
static void	service_on_kept(struct child *);
static void	service_on_worker_wanted(struct child *);
static void	service_on_worker_hung(struct child *, pid_t);
static int	service_on_mail_ask(struct child *, uint32_t,
		    const struct child_mail_ask *);
static int	service_on_mail_start(struct child *, uint32_t,
		    const struct child_mail_start *, int);
static void	service_on_ending(struct child *);
static void	service_on_ended(struct child *, const struct child_end *);

static const struct child_hooks service_child_hooks = {
	.ready = service_on_ready,
	.taken = service_on_taken,
	.kept = service_on_kept,
	.worker_wanted = service_on_worker_wanted,
	.worker_hung = service_on_worker_hung,
	.mail_ask = service_on_mail_ask,
	.mail_start = service_on_mail_start,
	.ending = service_on_ending,
	.ended = service_on_ended,
};

void
service_init(struct service *s, enum role_id role, struct loop *loop,
    struct master_log *log, const struct service_hooks *hooks, void *owner)
{
	memset(s, 0, sizeof(*s));
	s->role = role;
	s->loop = loop;
	s->log = log;
	s->hooks = hooks;
	s->owner = owner;
	TAILQ_INIT(&s->children);
	buf_init(&s->settings, MASTER_SETTINGS_MAX);
}

void
service_configure(struct service *s, const struct service_policy *policy)
{
	char *path = xstrdup(policy->path);

	free((void *)(uintptr_t)s->policy.path);
	s->policy = *policy;
	s->policy.path = path;
	s->spares = policy->count;
	s->nfailures = 0;
	s->stalled_until_ms = 0;
}

void
service_clear(struct service *s)
{
	struct child *c;

	room_unwatch(s);
	while ((c = TAILQ_FIRST(&s->children)) != NULL) {
		TAILQ_REMOVE(&s->children, c, entry);
		child_free(c);
	}
	buf_clear(&s->settings);
	free((void *)(uintptr_t)s->policy.path);
	s->policy.path = NULL;
}

uint32_t
service_total(const struct service *s)
{
	uint32_t total = 0;
	size_t i;

	for (i = 0; i < CHILD_STATES; i++)
		total += s->n[i];
	return total;
}

void
service_child_to(struct service *s, struct child *c, enum child_state state)
{
	s->n[c->state]--;
	s->n[state]++;
	c->state = state;
}

/*
 * 1 s after the second failure in a row, then twice as long each time.  Those
 * that were there already at the last failure fail with it, not after it:
 * whoever kills all at once shall not stop the service for long.
 */
static void
service_stall(struct service *s, const struct child *c)
{
	uint32_t shift, stall_ms;

	if (s->nfailures > 0 && c->started_ms < s->failed_ms)
		return;
	s->failed_ms = clock_ms();
	if (++s->nfailures < 2)
		return;
	shift = s->nfailures - 2;
	stall_ms = shift > 6 ? SERVICE_STALL_MAX_MS : 1000u << shift;
	if (stall_ms > SERVICE_STALL_MAX_MS)
		stall_ms = SERVICE_STALL_MAX_MS;
	s->stalled_until_ms = clock_ms() + stall_ms;
	log_warn("%s: fails to start, waiting %u seconds before the next try",
	    role_name(s->role), stall_ms / 1000);
}

/* Fds or memory may be there again in a second; a line a minute will do. */
static void
service_refused(struct service *s)
{
	if (s->nrefused++ % SERVICE_REFUSED_LOG == 0)
		log_error("%s: %s cannot be started: %m", role_name(s->role),
		    s->policy.path);
	s->stalled_until_ms = clock_ms() + SERVICE_REFUSED_MS;
	s->nfailures++;
	s->failed_ms = clock_ms();
	s->hooks->ended(s, NULL, NULL, true);
}

struct child *
service_start(struct service *s)
{
	struct child_config config = {
		.loop = s->loop,
		.log = s->log,
		.path = s->policy.path,
		.role = s->role,
		.log_lines_max = s->policy.log_lines_max,
		.hooks = &service_child_hooks,
		.owner = s,
	};
	struct child *c;

	if (!s->is_on || clock_ms() < s->stalled_until_ms)
		return NULL;
	if ((c = child_new(&config)) == NULL) {
		service_refused(s);
		return NULL;
	}
	s->nrefused = 0;
	TAILQ_INSERT_TAIL(&s->children, c, entry);
	s->n[c->state]++;
	s->hooks->started(s, c);
	return c;
}

static bool
service_wants_one(const struct service *s)
{
	uint32_t on_hand = s->n[CHILD_IS_STARTING] + s->n[CHILD_IS_SERVING];

	if (s->n[CHILD_IS_STARTING] >= SERVICE_STARTING_MAX)
		return false;
	if (!s->policy.is_per_connection)
		return on_hand < s->policy.count;
	return on_hand < s->spares && service_total(s) < s->policy.max;
}

void
service_fill(struct service *s)
{
	while (service_wants_one(s) && service_start(s) != NULL)
		continue;
	if (s->policy.is_per_connection)
		room_check(s);
}

/* The newest first: the others have proven that they serve. */
static void
service_end_spares(struct service *s)
{
	struct child *c;

	TAILQ_FOREACH_REVERSE(c, &s->children, child_head, entry) {
		if (s->n[CHILD_IS_SERVING] <= s->spares)
			return;
		if (c->state != CHILD_IS_SERVING)
			continue;
		child_send(c, MASTER_DRAIN);
		service_child_to(s, c, CHILD_IS_DRAINING);
	}
}

/*
 * Spares that are wanted become fewer second by second; those that are there
 * are let go when they were too many for a while.
 */
static void
service_tick_spares(struct service *s)
{
	if (s->was_dry) {
		s->was_dry = false;
		s->nsurplus_ticks = 0;
		return;
	}
	if (s->spares > s->policy.count)
		s->spares--;
	if (s->n[CHILD_IS_SERVING] <= s->spares)
		s->nsurplus_ticks = 0;
	else if (++s->nsurplus_ticks >= SERVICE_SURPLUS_TICKS)
		service_end_spares(s);
}

/* One that has served a while shows that the next will, too. */
static void
service_forgive(struct service *s)
{
	const struct child *c;

	if (s->nfailures == 0)
		return;
	TAILQ_FOREACH(c, &s->children, entry)
		if (c->state == CHILD_IS_SERVING &&
		    c->started_ms >= s->failed_ms &&
		    clock_ms() - c->ready_ms > SERVICE_EARLY_MS)
			s->nfailures = 0;
}

void
service_tick(struct service *s)
{
	struct child *c;

	TAILQ_FOREACH(c, &s->children, entry)
		child_tick(c);
	service_forgive(s);
	if (s->policy.is_per_connection) {
		service_tick_spares(s);
		room_tick(s);
	}
	s->hooks->changed(s);
}

/* Hooks of a child. */

static void
service_on_ready(struct child *c)
{
	struct service *s = c->config.owner;

	if (c->state == CHILD_IS_STARTING)
		service_child_to(s, c, CHILD_IS_SERVING);
	else if (c->state == CHILD_IS_OLD) {
		child_send(c, MASTER_DRAIN);
		service_child_to(s, c, CHILD_IS_DRAINING);
	}
	s->hooks->ready(s, c);
	s->hooks->changed(s);
}

/*
 * More spares than a burst needs would only wait: when clients come faster
 * than processes can be started, more starts at once make none earlier.
 */
static uint32_t
service_spares_most(const struct service *s)
{
	uint32_t most = 4 * s->policy.count;

	if (most < SERVICE_SPARES_MOST)
		most = SERVICE_SPARES_MOST;
	return most < s->policy.max ? most : s->policy.max;
}

static void
service_on_taken(struct child *c)
{
	struct service *s = c->config.owner;
	uint32_t most = service_spares_most(s);

	if (c->state != CHILD_IS_SERVING || !s->policy.is_per_connection)
		return;
	service_child_to(s, c, CHILD_IS_BUSY);
	/* The list is in the order in which clients came. */
	TAILQ_REMOVE(&s->children, c, entry);
	TAILQ_INSERT_TAIL(&s->children, c, entry);
	if (s->n[CHILD_IS_SERVING] == 0 && !s->was_dry) {
		s->was_dry = true;
		s->spares = s->spares > most / 2 ? most : s->spares * 2;
	}
	s->hooks->changed(s);
}

static void
service_on_kept(struct child *c)
{
	struct service *s = c->config.owner;

	room_kept(s, c);
}

static void
service_on_worker_wanted(struct child *c)
{
	struct service *s = c->config.owner;

	s->hooks->worker_wanted(s, c);
}

static void
service_on_worker_hung(struct child *c, pid_t pid)
{
	struct service *s = c->config.owner;

	s->hooks->worker_hung(s, c, pid);
}

static int
service_on_mail_ask(struct child *c, uint32_t id,
    const struct child_mail_ask *m)
{
	struct service *s = c->config.owner;

	return s->hooks->mail_ask(s, c, id, m);
}

static int
service_on_mail_start(struct child *c, uint32_t id,
    const struct child_mail_start *m, int fd)
{
	struct service *s = c->config.owner;

	return s->hooks->mail_start(s, c, id, m, fd);
}

static void
service_on_ending(struct child *c)
{
	struct service *s = c->config.owner;

	service_child_to(s, c, CHILD_IS_ENDING);
	if (c->kill_at_ms == 0)
		c->kill_at_ms = clock_ms() + SERVICE_END_MS;
	s->hooks->changed(s);
}

static bool
service_is_good_end(const struct child_end *end)
{
	return end->code == CLD_EXITED &&
	    (end->status == 0 || end->status == PROC_EXIT_MASTER_GONE);
}

/* Early: the next one would fail in the same way. */
static bool
service_is_early_end(const struct child *c, const struct child_end *end)
{
	/* One that was let go while it started ends as it should. */
	if (c->ready_ms == 0)
		return !c->is_left || !service_is_good_end(end);
	return !service_is_good_end(end) &&
	    clock_ms() - c->ready_ms < SERVICE_EARLY_MS &&
	    c->state != CHILD_IS_BUSY;
}

static void
service_log_end(const struct child *c, const struct child_end *end)
{
	char text[128];

	(void)child_end_text(end, text, sizeof(text));
	if (child_is_login(c))
		log_error("%s[%ld]: died: %s, sessions=%u waiting=%u",
		    child_name(c), (long)c->pid, text, c->status.sessions,
		    c->status.waiting);
	else
		log_error("%s[%ld]: died: %s", child_name(c), (long)c->pid,
		    text);
}

static void
service_on_ended(struct child *c, const struct child_end *end)
{
	struct service *s = c->config.owner;
	bool is_early = s->is_on && service_is_early_end(c, end);

	if (!service_is_good_end(end) || is_early)
		service_log_end(c, end);
	if (is_early)
		service_stall(s, c);
	room_forget(s, c);
	TAILQ_REMOVE(&s->children, c, entry);
	s->n[c->state]--;
	s->hooks->ended(s, c, end, is_early);
	child_free(c);
	s->hooks->changed(s);
}

/* For all children. */

void
service_retire(struct service *s)
{
	struct child *c;

	TAILQ_FOREACH(c, &s->children, entry)
		if (c->state == CHILD_IS_STARTING ||
		    c->state == CHILD_IS_SERVING || c->state == CHILD_IS_BUSY)
			service_child_to(s, c, CHILD_IS_OLD);
	s->hooks->changed(s);
}

void
service_drain_old(struct service *s)
{
	struct child *c;

	TAILQ_FOREACH(c, &s->children, entry) {
		if (c->state != CHILD_IS_OLD || c->ready_ms == 0)
			continue;
		child_send(c, MASTER_DRAIN);
		service_child_to(s, c, CHILD_IS_DRAINING);
	}
}

void
service_send(struct service *s, enum master_child_type type)
{
	struct child *c;

	TAILQ_FOREACH(c, &s->children, entry)
		child_send(c, type);
}

void
service_leave(struct service *s)
{
	struct child *c;

	TAILQ_FOREACH(c, &s->children, entry)
		child_leave(c);
}

void
service_kill_after(struct service *s, uint64_t ms)
{
	struct child *c;

	TAILQ_FOREACH(c, &s->children, entry)
		c->kill_at_ms = clock_ms() + ms;
}
