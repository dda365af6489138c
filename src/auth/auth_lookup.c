/*
 * Questions to passdbs: the cache, flights, and expired entries for bad days.
 * Runs in: auth.
 * Hostile input: names of clients; rows of databases.
 * Never: keeps a fault, lets an entry serve for another question.
 */
#include "auth/auth_lookup.h"

#include <bsd/string.h>
#include <bsd/stdlib.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "auth/cache_row.h"
#include "auth/passdb.h"
#include "config/query.h"
#include "config/var.h"
#include "ipc/roles.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/xmem.h"

/* One query and those who wait for its row. */
struct auth_flight {
	RB_ENTRY(auth_flight)	 entry;
	struct auth_lookups	*all;
	struct auth_cache_key	 key;		/* len 0: of its own */
	struct auth_worker_lookup m;
	struct worker_task	 task;
	struct auth_lookup_head	 waiting;
	uint64_t		 begun;		/* turn; 0: in the queue */
	bool			 has_landed;
};

static void	auth_flight_put(void *, struct wire_writer *);
static void	auth_flight_done(void *, const struct worker_answer *);

static const struct worker_work auth_flight_work = { AUTH_WORKER_LOOKUP,
	auth_flight_put, auth_flight_done };

static int
auth_flight_compare(struct auth_flight *a, struct auth_flight *b)
{
	if (a->key.len != b->key.len)
		return a->key.len < b->key.len ? -1 : 1;
	return memcmp(a->key.bytes, b->key.bytes, a->key.len);
}

/* RB_GENERATE_STATIC relies on __unused, which is not everywhere. */
RB_GENERATE_INTERNAL(auth_flight_tree, auth_flight, entry,
    auth_flight_compare, __attribute__((__unused__)) static)

void
auth_lookups_init(struct auth_lookups *all, const struct settings *s,
    const struct passdb_chain *chain, struct worker_pool *pool,
    struct loop *loop)
{
	const struct auth_cache_config config = {
		.bytes = s->auth_cache_size_bytes,
		.ttl_ms = s->auth_cache_ttl_ms,
		.negative_ttl_ms = s->auth_cache_negative_ttl_ms,
		.stale_ttl_ms = s->auth_cache_stale_ttl_ms,
	};

	memset(all, 0, sizeof(*all));
	all->pool = pool;
	all->chain = chain;
	all->cache = auth_cache_new(&config);
	if (all->cache == NULL && s->auth_cache_size_bytes != 0)
		log_warn("auth_cache_size: no cache with less than %d bytes",
		    AUTH_CACHE_BYTES_MIN);
	RB_INIT(&all->flights);
	worker_lane_init(&all->lane);
	loop_timers_init(loop, &all->patience, AUTH_LOOKUP_PATIENCE_MS);
	loop_timers_init(loop, &all->silence, AUTH_LOOKUP_LOOK_MS);
	db_health_init(&all->health, s, pool, loop);
}

static void
auth_flight_free(struct auth_flight *f)
{
	worker_pool_cancel(&f->task);
	if (f->key.len != 0 && !f->has_landed)
		(void)RB_REMOVE(auth_flight_tree, &f->all->flights, f);
	freezero(f, sizeof(*f));
}

void
auth_lookups_clear(struct auth_lookups *all)
{
	struct auth_flight *f;

	while ((f = RB_ROOT(&all->flights)) != NULL)
		auth_flight_free(f);
	loop_timers_clear(&all->patience);
	loop_timers_clear(&all->silence);
	db_health_clear(&all->health);
	auth_cache_free(all->cache);
	explicit_bzero(all, sizeof(*all));
}

/* What the answer depends on: passdb, service, and the query's parameters. */
static void
auth_lookup_make_key(const struct auth_lookups *all,
    const struct auth_worker_lookup *m, struct auth_cache_key *key)
{
	const struct query *query = all->chain->dbs[m->passdb].query;
	const struct var_values values = {
		.user = m->user,
		.login_user = m->login_user,
		.auth_user = m->auth_user,
		.service = service_name((enum service_id)m->service),
		.mech = m->mech, .session = m->session, .rip = &m->rip,
		.lip = &m->lip, .real_rip = &m->real_rip,
		.real_lip = &m->real_lip, .cert_print = m->cert.print,
		.cert_key_print = m->cert.key_print,
		.print_bytes = m->cert.len, .is_secured = m->is_secured,
		.forward = m->forward.pairs, .forward_len = m->forward.len,
	};
	char text[QUERY_VALUE_MAX];

	key->len = 0;
	if (all->cache == NULL || query == NULL || !query_is_cacheable(query))
		return;
	auth_cache_key_init(key, m->passdb, m->service);
	for (size_t i = 0; i < query_nparams(query); i++) {
		if (query_param_expand(query, i, &values, text,
		    sizeof(text)) == -1)
			key->len = 0;
		else
			auth_cache_key_add(key, text, strlen(text));
	}
}

/* One more waits for the flight. */
static void
auth_flight_board(struct auth_flight *f, struct auth_lookup *l)
{
	TAILQ_INSERT_TAIL(&f->waiting, l, entry);
	l->flight = f;
}

static int
auth_flight_start(struct auth_lookup *l, const struct auth_worker_lookup *m)
{
	struct auth_flight *f = xcalloc(1, sizeof(*f));

	f->all = l->all;
	f->m = *m;
	TAILQ_INIT(&f->waiting);
	auth_flight_board(f, l);
	if (l->key.len != 0) {
		f->key = l->key;
		(void)RB_INSERT(auth_flight_tree, &f->all->flights, f);
	}
	if (worker_pool_submit(f->all->pool, l->lane, &f->task,
	    &auth_flight_work, f) == 0)
		return 0;
	l->flight = NULL;
	auth_flight_free(f);
	return -1;
}

static struct auth_flight *
auth_flight_find(struct auth_lookups *all, const struct auth_cache_key *key)
{
	struct auth_flight want;

	if (key->len == 0)
		return NULL;
	want.key.len = key->len;
	memcpy(want.key.bytes, key->bytes, key->len);
	return RB_FIND(auth_flight_tree, &all->flights, &want);
}

/* Nobody waits any more, or another asker's lane has to do. */
static void
auth_flight_left(struct auth_flight *f, const struct auth_lookup *l)
{
	struct auth_lookup *next = TAILQ_FIRST(&f->waiting);

	if (f->has_landed)
		return;
	if (next == NULL)
		auth_flight_free(f);
	else if (f->task.lane == l->lane && next->lane != l->lane)
		worker_pool_move(&f->task, next->lane);
}

static void
auth_lookup_stop_timers(struct auth_lookup *l)
{
	loop_timer_stop(&l->patience);
	loop_timer_stop(&l->silence);
}

void
auth_lookup_cancel(struct auth_lookup *l)
{
	struct auth_flight *f = l->flight;

	auth_lookup_stop_timers(l);
	if (f == NULL)
		return;
	l->flight = NULL;
	TAILQ_REMOVE(&f->waiting, l, entry);
	auth_flight_left(f, l);
}

/* Calls back with what stands in the cache; len 0 is "none". */
static bool
auth_lookup_hand_out(struct auth_lookup *l, enum auth_lookup_age age,
    const uint8_t *value, size_t len)
{
	struct auth_worker_row row = { .found = AUTH_WORKER_NONE };

	if (len != 0 && cache_row_get(&row, value, len) == -1)
		return false;
	l->age = age;
	l->is_cached = true;
	l->done(l->arg, &row);
	return true;
}

/* Serves a fresh entry, or sees that there is an expired one. */
static bool
auth_lookup_serve(struct auth_lookup *l)
{
	uint8_t room[AUTH_CACHE_VALUE_MAX];
	enum auth_cache_age age;
	bool is_served = false;
	size_t len = 0;

	age = auth_cache_get(l->all->cache, &l->key, room, &len);
	l->has_expired = age == AUTH_CACHE_STALE;
	if (age == AUTH_CACHE_FRESH)
		is_served = auth_lookup_hand_out(l, AUTH_LOOKUP_OLD, room,
		    len);
	explicit_bzero(room, len);
	return is_served;
}

/* The line that explains old rows, but not once for each. */
static void
auth_lookup_say_expired(struct auth_lookups *all, unsigned int passdb)
{
	const uint64_t now = clock_ms();

	all->nexpired++;
	if (now < all->quiet_ms[passdb]) {
		all->nheld[passdb]++;
		return;
	}
	log_warn("passdb %u (%s) does not answer: expired entries of the "
	    "cache serve (%" PRIu64 " did since the last such line)",
	    passdb + 1, passdb_driver_name(&all->chain->dbs[passdb]),
	    all->nheld[passdb]);
	all->quiet_ms[passdb] = now + AUTH_LOOKUP_QUIET_MS;
	all->nheld[passdb] = 0;
}

static bool
auth_lookup_serve_expired(struct auth_lookup *l)
{
	struct auth_lookups *all = l->all;
	const unsigned int passdb = l->key.bytes[0];
	uint8_t room[AUTH_CACHE_VALUE_MAX];
	bool is_served = false;
	size_t len = 0;

	if (auth_cache_get_stale(all->cache, &l->key, room, &len))
		is_served = auth_lookup_hand_out(l, AUTH_LOOKUP_EXPIRED, room,
		    len);
	explicit_bzero(room, len);
	if (is_served)
		auth_lookup_say_expired(all, passdb);
	return is_served;
}

static void
auth_lookups_is_down(struct auth_lookups *all, unsigned int passdb)
{
	all->down_ms[passdb] = clock_ms() + AUTH_LOOKUP_DOWN_MS;
}

/*
 * Nobody waits any more.  What a worker has begun may yet be of use to
 * others; what waits in a crowd is not worth a place there.
 */
static void
auth_flight_desert(struct auth_flight *f)
{
	struct worker_lane *nobody = &f->all->lane;

	if (f->task.is_queued && nobody->ntasks >= WORKER_LANE_MAX)
		auth_flight_free(f);
	else
		worker_pool_move(&f->task, nobody);
}

/* The database takes its time.  Its answer will be for others. */
static void
auth_lookup_give_up(void *arg)
{
	struct auth_lookup *l = arg;
	struct auth_flight *f = l->flight;

	auth_lookup_stop_timers(l);
	TAILQ_REMOVE(&f->waiting, l, entry);
	l->flight = NULL;
	auth_lookups_is_down(f->all, f->m.passdb);
	if (TAILQ_EMPTY(&f->waiting))
		auth_flight_desert(f);
	else
		auth_flight_left(f, l);
	if (!l->has_expired || !auth_lookup_serve_expired(l))
		l->done(l->arg, NULL);
}

static void
auth_lookup_look(void *arg)
{
	struct auth_lookup *l = arg;
	const struct auth_flight *f = l->flight;
	const uint64_t now_ms = clock_ms();

	if (now_ms - l->since_ms >= AUTH_LOOKUP_SILENCE_MS &&
	    db_health_is_silent(&l->all->health, f->m.passdb,
	    now_ms - AUTH_LOOKUP_SILENCE_MS))
		auth_lookup_give_up(l);
	else
		loop_timer_start(&l->all->silence, &l->silence,
		    auth_lookup_look, l);
}

static int
auth_lookup_fly(struct auth_lookup *l, const struct auth_worker_lookup *m)
{
	struct auth_flight *f = auth_flight_find(l->all, &l->key);

	if (f != NULL) {
		l->all->njoined++;
		auth_flight_board(f, l);
	} else if (auth_flight_start(l, m) == -1) {
		return -1;
	}
	l->is_cached = false;
	l->since_ms = clock_ms();
	loop_timer_start(&l->all->silence, &l->silence, auth_lookup_look, l);
	if (l->has_expired)
		loop_timer_start(&l->all->patience, &l->patience,
		    auth_lookup_give_up, l);
	return 0;
}

/* Has the cache an answer? */
static bool
auth_lookup_is_known(struct auth_lookup *l, unsigned int passdb)
{
	if (l->key.len == 0 || (l->past_cache & 1u << passdb) != 0)
		return false;
	if (auth_lookup_serve(l))
		return true;
	return l->has_expired && clock_ms() < l->all->down_ms[passdb] &&
	    auth_lookup_serve_expired(l);
}

int
auth_lookup_start(struct auth_lookups *all, struct auth_lookup *l,
    struct worker_lane *lane, const struct auth_worker_lookup *m,
    auth_lookup_fn done, void *arg)
{
	l->all = all;
	l->lane = lane;
	l->done = done;
	l->arg = arg;
	if (l->asked == 0)
		l->asked = ++all->turn;
	l->has_expired = false;
	auth_lookup_make_key(all, m, &l->key);
	l->marks[m->passdb] = l->key.len == 0 ? 0 :
	    auth_cache_mark(all->cache, &l->key);
	if (auth_lookup_is_known(l, m->passdb))
		return 0;
	if (!db_health_is_hopeless(&all->health, m->passdb))
		return auth_lookup_fly(l, m);
	if (!l->has_expired || !auth_lookup_serve_expired(l))
		done(arg, NULL);
	return 0;
}

void
auth_lookup_past_cache(struct auth_lookup *l, unsigned int passdb)
{
	l->past_cache |= (uint16_t)(1u << passdb);
}

/* A worker begins: from now on the row is what the database has. */
static void
auth_flight_put(void *arg, struct wire_writer *w)
{
	struct auth_flight *f = arg;

	f->begun = ++f->all->turn;
	f->m.skip_hosts = db_health_skip(&f->all->health, f->m.passdb);
	auth_worker_lookup_put(w, &f->m);
}

/* What the cache learns from it: a row or none, and never a fault. */
static void
auth_flight_keep(const struct auth_flight *f,
    const struct auth_worker_row *row)
{
	struct auth_cache *cache = f->all->cache;
	uint8_t room[AUTH_CACHE_VALUE_MAX];
	size_t len = 0;

	if (f->key.len == 0 || f->begun < f->all->flushed)
		return;
	if (row->found == AUTH_WORKER_ONE)
		len = cache_row_put(row, room, sizeof(room));
	if (len != 0 || row->found == AUTH_WORKER_NONE)
		(void)auth_cache_put(cache, &f->key, room, len,
		    cache_row_has_password(row));
	else
		auth_cache_drop(cache, auth_cache_mark(cache, &f->key));
	explicit_bzero(room, len);
}

/* What an administrator who asks is told: the fault of the last host. */
static void
auth_flight_note_fault(struct auth_flight *f, const struct worker_answer *a)
{
	char *text = f->all->faults[f->m.passdb];
	const size_t size = sizeof(f->all->faults[0]);

	if (a->outcome != WORKER_DONE)
		(void)strlcpy(text, "no worker has answered", size);
	else if (a->row->found != AUTH_WORKER_FAULT)
		text[0] = '\0';
	else if (a->row->nfaults > 0)
		(void)strlcpy(text, a->row->faults[a->row->nfaults - 1].text,
		    size);
}

static void
auth_flight_done(void *arg, const struct worker_answer *a)
{
	struct auth_flight *f = arg;
	const struct auth_worker_row *row = a->row;
	struct auth_lookup *l;

	if (a->outcome == WORKER_DONE)
		db_health_note(&f->all->health, f->m.passdb, row);
	else
		db_health_unasked(&f->all->health, f->m.passdb);
	auth_flight_note_fault(f, a);
	if (a->outcome != WORKER_DONE || row->found == AUTH_WORKER_FAULT)
		row = NULL;
	if (f->key.len != 0)
		(void)RB_REMOVE(auth_flight_tree, &f->all->flights, f);
	f->has_landed = true;
	if (row == NULL) {
		auth_lookups_is_down(f->all, f->m.passdb);
	} else {
		f->all->down_ms[f->m.passdb] = 0;
		auth_flight_keep(f, row);
	}
	while ((l = TAILQ_FIRST(&f->waiting)) != NULL) {
		TAILQ_REMOVE(&f->waiting, l, entry);
		l->flight = NULL;
		auth_lookup_stop_timers(l);
		l->age = f->begun > l->asked ? AUTH_LOOKUP_NEW :
		    AUTH_LOOKUP_OLD;
		if (l->age == AUTH_LOOKUP_NEW)
			l->past_cache &= (uint16_t)~(1u << f->m.passdb);
		if (row != NULL || !l->has_expired ||
		    !auth_lookup_serve_expired(l))
			l->done(l->arg, row);
	}
	auth_flight_free(f);
}

uint64_t
auth_lookup_age_ms(const struct auth_lookup *l)
{
	return l->is_cached && l->key.len != 0 ?
	    auth_cache_age_ms(l->all->cache, &l->key) : 0;
}

const char *
auth_lookup_source(const struct auth_lookup *l, char *dst, size_t size)
{
	if (!l->is_cached)
		(void)snprintf(dst, size, "database");
	else
		(void)snprintf(dst, size, "%scache, %" PRIu64 " s old",
		    l->age == AUTH_LOOKUP_EXPIRED ?
		    "expired entry of the " : "",
		    auth_cache_age_ms(l->all->cache, &l->key) / 1000);
	return dst;
}

void
auth_lookup_reset(struct auth_lookup *l)
{
	l->key.len = 0;
	l->age = AUTH_LOOKUP_NEW;
}

void
auth_lookup_drop(struct auth_lookup *l)
{
	if (l->key.len != 0)
		auth_cache_drop(l->all->cache, auth_cache_mark(l->all->cache,
		    &l->key));
}

enum auth_cache_memory
auth_lookup_recall(const struct auth_lookup *l, const char *hash,
    const char *pass)
{
	if (l->key.len == 0)
		return AUTH_CACHE_UNKNOWN;
	return auth_cache_recall(l->all->cache, &l->key, hash, pass);
}

void
auth_lookup_remember(const struct auth_lookup *l, const char *hash,
    const char *pass, bool is_right)
{
	if (l->key.len != 0)
		auth_cache_remember(l->all->cache, &l->key, hash, pass,
		    is_right);
}

void
auth_lookups_distrust(struct auth_lookups *all,
    const uint32_t marks[SETTINGS_DBS_MAX])
{
	for (size_t i = 0; i < SETTINGS_DBS_MAX; i++)
		if (marks[i] != 0 && all->cache != NULL)
			auth_cache_distrust(all->cache, marks[i]);
}
