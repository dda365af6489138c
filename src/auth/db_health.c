/*
 * Which hosts of databases are up.
 * Runs in: auth.
 * Hostile input: faults that workers report, in the words of servers.
 * Never: lets a user wait for a host that is known to be down.
 */
#include "auth/db_health.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "config/connect_text.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/rnd.h"

/* Waits vary by a quarter, so that not all proxies come at once. */
#define DB_HEALTH_JITTER	4
/* A fault's text when each byte of it is written as \xHH. */
#define DB_HEALTH_SAFE_MAX	(4 * AUTH_WORKER_FAULT_MAX + 1)

static void	db_host_put_probe(void *, struct wire_writer *);
static void	db_host_probed(void *, const struct worker_answer *);
static void	db_health_tick(void *);

static const struct worker_work db_host_work = {
	AUTH_WORKER_PROBE, db_host_put_probe, db_host_probed,
};

/* Words for the log, and how long ago an answer excuses the fault. */
static const struct {
	const char	*word;
	uint32_t	 excuse_ms;
	bool		 is_of_host;	/* not of the query or the row */
} db_faults[AUTH_WORKER_FAULT_LAST + 1] = {
	[AUTH_WORKER_FAULT_CONNECT] = { "no connection",
	    DB_HEALTH_BROKEN_MS, true },
	[AUTH_WORKER_FAULT_QUERY] = { "query failed", 0, false },
	[AUTH_WORKER_FAULT_DEADLINE] = { "too slow",
	    DB_HEALTH_SLOW_MS, true },
	[AUTH_WORKER_FAULT_ROW] = { "unusable row", 0, false },
};

void
db_health_init(struct db_health *h, const struct settings *s,
    struct worker_pool *pool, struct loop *loop)
{
	memset(h, 0, sizeof(*h));
	h->settings = s;
	h->pool = pool;
	worker_lane_init(&h->lane);
	loop_timers_init(loop, &h->ticks, DB_HEALTH_TICK_MS);
	for (size_t i = 0; i < s->npassdbs + s->nuserdbs; i++) {
		h->nhosts[i] = s->passdbs[i].sql_nhosts;
		if (s->passdbs[i].driver != PASSDB_STATIC &&
		    s->passdbs[i].driver != USERDB_PREFETCH &&
		    h->nhosts[i] == 0)
			h->nhosts[i] = 1;	/* a file */
		for (size_t k = 0; k < h->nhosts[i]; k++) {
			h->hosts[i][k].health = h;
			h->hosts[i][k].passdb = (uint8_t)i;
			h->hosts[i][k].index = (uint8_t)k;
		}
	}
}

void
db_health_clear(struct db_health *h)
{
	for (size_t i = 0; i < SETTINGS_DBS_MAX; i++)
		for (size_t k = 0; k < h->nhosts[i]; k++)
			if (h->hosts[i][k].is_probing)
				worker_pool_cancel(&h->hosts[i][k].task);
	loop_timers_clear(&h->ticks);
	memset(h, 0, sizeof(*h));
}

static bool
db_health_is_down(const struct db_health *h, unsigned int passdb)
{
	for (size_t k = 0; k < h->nhosts[passdb]; k++)
		if (!h->hosts[passdb][k].is_down)
			return false;
	return h->nhosts[passdb] > 0;
}

bool
db_health_is_hopeless(const struct db_health *h, unsigned int passdb)
{
	return db_health_is_down(h, passdb) &&
	    clock_ms() < h->try_ms[passdb];
}

/* Ticks as long as there is somebody to probe or to wait for. */
static void
db_health_wake(struct db_health *h)
{
	if (h->tick.on == NULL)
		loop_timer_start(&h->ticks, &h->tick, db_health_tick, h);
}

uint32_t
db_health_skip(struct db_health *h, unsigned int passdb)
{
	uint64_t now_ms = clock_ms();
	uint32_t skip = 0;

	if (h->asked_ms[passdb] == 0 && h->nhosts[passdb] > 0)
		h->asked_ms[passdb] = now_ms;
	db_health_wake(h);
	if (db_health_is_down(h, passdb) && now_ms >= h->try_ms[passdb]) {
		h->try_ms[passdb] = now_ms + DB_HEALTH_TRYING_MS;
		return 0;
	}
	for (size_t k = 0; k < h->nhosts[passdb]; k++)
		if (h->hosts[passdb][k].is_down)
			skip |= UINT32_C(1) << k;
	return skip;
}

static const char *
db_host_name(const struct db_host *d)
{
	const struct settings_passdb *p =
	    &d->health->settings->passdbs[d->passdb];

	return d->index < p->sql_nhosts ? p->sql_hosts[d->index] : "";
}

static const char *
db_driver_name(const struct settings_passdb *p)
{
	return p->driver == PASSDB_SQL ? p->sql_driver :
	    settings_passdb_word(p->driver);
}

/* "passdb 1 (pgsql) host db1", what each line begins with. */
static const char *
db_host_label(const struct db_host *d, char *dst, size_t size)
{
	const struct settings_passdb *p =
	    &d->health->settings->passdbs[d->passdb];
	const char *name = db_host_name(d);
	char safe[128];

	(void)snprintf(dst, size, "passdb %u (%s)%s%s", d->passdb + 1u,
	    db_driver_name(p), name[0] == '\0' ? "" : " host ",
	    log_safe(safe, sizeof(safe), name, strlen(name)));
	return dst;
}

/* Is it time for a line?  Else it is counted. */
static bool
db_health_may_say(struct db_health_quiet *quiet)
{
	uint64_t now_ms = clock_ms();

	if (now_ms < quiet->until_ms) {
		quiet->nheld++;
		return false;
	}
	quiet->until_ms = now_ms + DB_HEALTH_QUIET_MS;
	return true;
}

/*
 * The line about a fault, unless there was one like it just now; what is
 * "down:" when the state has changed, and then it is always written.
 */
static void
db_host_say(struct db_host *d, unsigned int kind, const char *text,
    const char *what)
{
	struct db_health_quiet *quiet = &d->quiet[kind];
	char safe[DB_HEALTH_SAFE_MAX], label[256], held[48] = "";

	if (what[0] != '\0')
		quiet->until_ms = 0;
	if (!db_health_may_say(quiet))
		return;
	if (quiet->nheld > 0)
		(void)snprintf(held, sizeof(held), " (and %lu before it)",
		    quiet->nheld);
	log_error("%s: %s%s: %s%s", db_host_label(d, label, sizeof(label)),
	    what, db_faults[kind].word,
	    log_safe(safe, sizeof(safe), text, strlen(text)), held);
	quiet->nheld = 0;
}

static uint64_t
db_health_jitter(uint64_t ms)
{
	uint32_t random;

	rnd_bytes(&random, sizeof(random));
	return ms - ms / DB_HEALTH_JITTER +
	    random % (2 * ms / DB_HEALTH_JITTER + 1);
}

/* When the next probe is due: later each time, but soon if no host is up. */
static void
db_host_schedule(struct db_host *d)
{
	struct db_health *h = d->health;
	uint64_t wait_ms;

	d->wait_ms = d->wait_ms == 0 ? DB_HEALTH_FIRST_MS : 2 * d->wait_ms;
	if (d->wait_ms > DB_HEALTH_LONGEST_MS)
		d->wait_ms = DB_HEALTH_LONGEST_MS;
	wait_ms = d->wait_ms;
	if (wait_ms > DB_HEALTH_URGENT_MS && db_health_is_down(h, d->passdb))
		wait_ms = DB_HEALTH_URGENT_MS;
	d->due_ms = clock_ms() + db_health_jitter(wait_ms);
	db_health_wake(h);
}

/* The last host that was up is down: the others are needed. */
static void
db_health_hurry(struct db_health *h, unsigned int passdb)
{
	uint64_t latest_ms = clock_ms() + DB_HEALTH_URGENT_MS;

	for (size_t k = 0; k < h->nhosts[passdb]; k++)
		if (h->hosts[passdb][k].due_ms > latest_ms)
			h->hosts[passdb][k].due_ms =
			    clock_ms() + db_health_jitter(DB_HEALTH_FIRST_MS);
}

static void
db_host_down(struct db_host *d, unsigned int kind, const char *text)
{
	struct db_health *h = d->health;

	d->is_down = true;
	d->is_suspect = false;
	d->down_ms = clock_ms();
	db_host_say(d, kind, text, "down: ");
	db_host_schedule(d);
	if (db_health_is_down(h, d->passdb))
		db_health_hurry(h, d->passdb);
}

static void
db_host_up(struct db_host *d)
{
	char label[256];

	log_warn("%s: up again after %" PRIu64 " s",
	    db_host_label(d, label, sizeof(label)),
	    (clock_ms() - d->down_ms + 500) / 1000);
	d->is_down = false;
}

/* It has answered a question of a user. */
static void
db_host_answered(struct db_host *d)
{
	d->ok_ms = clock_ms();
	d->is_suspect = false;
	if (d->is_down)
		db_host_up(d);
	d->wait_ms = 0;
}

/* Is it a server, which may be gone and come back? */
static bool
db_host_is_server(const struct db_host *d)
{
	const struct settings_passdb *p =
	    &d->health->settings->passdbs[d->passdb];

	return p->driver == PASSDB_NGINX_HTTP ||
	    connect_text_is_for(db_driver_name(p));
}

/* An nginx-http service may take its time: it is told to delay answers. */
bool
db_health_is_silent(const struct db_health *h, unsigned int passdb,
    uint64_t since_ms)
{
	if (h->settings->passdbs[passdb].driver != PASSDB_SQL)
		return false;
	for (size_t k = 0; k < h->nhosts[passdb]; k++)
		if (!db_host_is_server(&h->hosts[passdb][k]) ||
		    h->hosts[passdb][k].ok_ms >= since_ms)
			return false;
	return true;
}

/* In doubt it is probed at once. */
static void
db_host_suspect(struct db_host *d)
{
	if (d->is_down || d->is_suspect || !db_host_is_server(d))
		return;
	d->is_suspect = true;
	d->due_ms = clock_ms();
	db_health_wake(d->health);
}

/*
 * A fault of the host: is it down?  One that has just answered others may be
 * slow for one user only, or have too many connections; and who is slow is
 * not given up unless another host has answered the same question.  In doubt
 * a probe decides.
 */
static void
db_host_fault(struct db_host *d, unsigned int kind, const char *text,
    bool has_answer)
{
	bool is_of_host = db_faults[kind].is_of_host && db_host_is_server(d);
	uint64_t now_ms = clock_ms();

	if (d->is_down) {
		d->quiet[kind].nheld++;
		return;
	}
	if (is_of_host && (d->ok_ms == 0 || now_ms - d->ok_ms >=
	    db_faults[kind].excuse_ms) &&
	    (kind != AUTH_WORKER_FAULT_DEADLINE || has_answer)) {
		db_host_down(d, kind, text);
		return;
	}
	db_host_say(d, kind, text, "");
	if (is_of_host)
		db_host_suspect(d);
}

void
db_health_note(struct db_health *h, unsigned int passdb,
    const struct auth_worker_row *row)
{
	h->asked_ms[passdb] = 0;
	for (size_t i = 0; i < row->nfaults; i++) {
		const struct auth_worker_fault *f = &row->faults[i];

		if (f->host < h->nhosts[passdb])
			db_host_fault(&h->hosts[passdb][f->host], f->kind,
			    f->text, row->host != AUTH_WORKER_HOST_NONE);
	}
	if (row->host < h->nhosts[passdb])
		db_host_answered(&h->hosts[passdb][row->host]);
	else if (row->nfaults > 0)
		h->try_ms[passdb] = clock_ms() + DB_HEALTH_TRY_MS;
}

void
db_health_unasked(struct db_health *h, unsigned int passdb)
{
	if (!db_health_may_say(&h->unasked))
		return;
	log_error("passdb %u (%s): no worker has asked it (nor %lu times "
	    "before)", passdb + 1,
	    db_driver_name(&h->settings->passdbs[passdb]), h->unasked.nheld);
	h->unasked.nheld = 0;
}

static void
db_host_put_probe(void *arg, struct wire_writer *w)
{
	const struct db_host *d = arg;
	const struct auth_worker_probe m = {
		.passdb = d->passdb, .host = d->index };

	auth_worker_probe_put(w, &m);
}

/*
 * After a probe that went well the next wait, should there be one, is not the
 * first: only an answer to a user ends the count.
 */
static void
db_host_probed(void *arg, const struct worker_answer *a)
{
	struct db_host *d = arg;
	bool is_ok = a->outcome == WORKER_DONE && a->probed->is_ok;
	const char *text = a->outcome == WORKER_DONE ? a->probed->text :
	    "no worker has asked it";

	d->is_probing = false;
	if (is_ok) {
		d->ok_ms = clock_ms();
		d->health->asked_ms[d->passdb] = 0;
		d->is_suspect = false;
		if (d->is_down)
			db_host_up(d);
	} else if (d->is_down) {
		db_host_say(d, AUTH_WORKER_FAULT_CONNECT, text, "");
		db_host_schedule(d);
	} else if (d->is_suspect) {
		db_host_down(d, AUTH_WORKER_FAULT_CONNECT, text);
	}
}

static void
db_host_probe(struct db_host *d)
{
	struct db_health *h = d->health;

	d->is_probing = worker_pool_submit(h->pool, &h->lane, &d->task,
	    &db_host_work, d) == 0;
	if (!d->is_probing)
		d->due_ms = clock_ms() + DB_HEALTH_FIRST_MS;
}

/* A question waits for long, and no other one was answered meanwhile. */
static void
db_health_look(struct db_health *h, unsigned int passdb)
{
	uint64_t now_ms = clock_ms();

	if (h->asked_ms[passdb] == 0 ||
	    now_ms - h->asked_ms[passdb] < DB_HEALTH_SLOW_MS)
		return;
	h->asked_ms[passdb] = now_ms;
	for (size_t k = 0; k < h->nhosts[passdb]; k++)
		db_host_suspect(&h->hosts[passdb][k]);
}

static void
db_health_tick(void *arg)
{
	struct db_health *h = arg;
	uint64_t now_ms = clock_ms();
	bool is_needed = false;

	for (unsigned int i = 0; i < SETTINGS_DBS_MAX; i++) {
		db_health_look(h, i);
		is_needed |= h->asked_ms[i] != 0;
		for (size_t k = 0; k < h->nhosts[i]; k++) {
			struct db_host *d = &h->hosts[i][k];

			if (!d->is_down && !d->is_suspect)
				continue;
			is_needed = true;
			if (!d->is_probing && now_ms >= d->due_ms)
				db_host_probe(d);
		}
	}
	if (is_needed)
		db_health_wake(h);
}

const char *
db_health_describe(const struct db_health *h, unsigned int passdb,
    unsigned int host, char *dst, size_t size)
{
	const struct db_host *d;
	uint64_t now_ms = clock_ms();
	const char *name;
	char safe[128];

	if (passdb >= SETTINGS_DBS_MAX || host >= h->nhosts[passdb])
		return NULL;
	d = &h->hosts[passdb][host];
	name = db_host_name(d)[0] == '\0' ? "(default)" : db_host_name(d);
	(void)log_safe(safe, sizeof(safe), name, strlen(name));
	if (!d->is_down)
		(void)snprintf(dst, size, "%s: up", safe);
	else if (d->is_probing || d->due_ms <= now_ms)
		(void)snprintf(dst, size,
		    "%s: down for %" PRIu64 " s, is being asked", safe,
		    (now_ms - d->down_ms) / 1000);
	else
		(void)snprintf(dst, size, "%s: down for %" PRIu64
		    " s, asked again in %" PRIu64 " s", safe,
		    (now_ms - d->down_ms) / 1000,
		    (d->due_ms - now_ms + 999) / 1000);
	return dst;
}
