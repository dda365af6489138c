/*
 * One login that a login process asks about.
 * Runs in: auth.
 * Hostile input: all that the client said; rows of databases.
 * Never: lets a fault pass for a success or for a wrong password.
 */
#include "auth/auth_request.h"

#include <bsd/stdlib.h>
#include <bsd/string.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>
#include <unistd.h>

#include "auth/auth_watch.h"
#include "auth/userdb.h"
#include "config/settings.h"
#include "ipc/roles.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/rnd.h"
#include "lib/xmem.h"

#define BIT(state)	(1u << (state))
/* What leads to a mail process on this machine. */
#define HERE	(BIT(AUTH_REQUEST_USERDB) | BIT(AUTH_REQUEST_TICKET))

/* Each state's name and successors; each may also end in the answer. */
static const struct {
	const char	*name;
	unsigned int	 successors;
} auth_request_table[AUTH_REQUEST_STATES] = {
	[AUTH_REQUEST_EXCHANGE] = { "EXCHANGE",
	    BIT(AUTH_REQUEST_EXCHANGE) | BIT(AUTH_REQUEST_HELD) |
	    BIT(AUTH_REQUEST_LOOKUP) | BIT(AUTH_REQUEST_VERIFY) |
	    BIT(AUTH_REQUEST_WAIT) |
	    BIT(AUTH_REQUEST_RESOLVE) | HERE | BIT(AUTH_REQUEST_DELAY) },
	[AUTH_REQUEST_HELD] = { "HELD", BIT(AUTH_REQUEST_EXCHANGE) |
	    BIT(AUTH_REQUEST_LOOKUP) | BIT(AUTH_REQUEST_VERIFY) |
	    BIT(AUTH_REQUEST_WAIT) |
	    BIT(AUTH_REQUEST_RESOLVE) | HERE | BIT(AUTH_REQUEST_DELAY) },
	[AUTH_REQUEST_LOOKUP] = { "LOOKUP", BIT(AUTH_REQUEST_EXCHANGE) |
	    BIT(AUTH_REQUEST_LOOKUP) | BIT(AUTH_REQUEST_VERIFY) |
	    BIT(AUTH_REQUEST_WAIT) |
	    BIT(AUTH_REQUEST_RESOLVE) | HERE | BIT(AUTH_REQUEST_DELAY) },
	[AUTH_REQUEST_VERIFY] = { "VERIFY",
	    BIT(AUTH_REQUEST_LOOKUP) | BIT(AUTH_REQUEST_VERIFY) |
	    BIT(AUTH_REQUEST_WAIT) |
	    BIT(AUTH_REQUEST_RESOLVE) | HERE | BIT(AUTH_REQUEST_DELAY) },
	[AUTH_REQUEST_WAIT] = { "WAIT",
	    BIT(AUTH_REQUEST_RESOLVE) | HERE | BIT(AUTH_REQUEST_DELAY) },
	[AUTH_REQUEST_RESOLVE] = { "RESOLVE",
	    BIT(AUTH_REQUEST_RESOLVE) | HERE },
	[AUTH_REQUEST_USERDB] = { "USERDB", HERE },
	[AUTH_REQUEST_TICKET] = { "TICKET", 0 },
	[AUTH_REQUEST_DELAY] = { "DELAY", 0 },
};

/* Failures that tell about users make the client wait. */
static const bool auth_request_code_waits[LOGIN_AUTH_CODE_LAST + 1] = {
	[LOGIN_AUTH_CODE_CREDENTIALS] = true,
	[LOGIN_AUTH_CODE_AUTHZ] = true,
	[LOGIN_AUTH_CODE_DISABLED] = true,
	[LOGIN_AUTH_CODE_PENALTY] = true,
};

static int
auth_request_compare(struct auth_request_node *a, struct auth_request_node *b)
{
	return a->id < b->id ? -1 : a->id > b->id;
}

/* RB_GENERATE_STATIC relies on __unused, which is not everywhere. */
RB_GENERATE_INTERNAL(auth_request_tree, auth_request_node, entry,
    auth_request_compare, __attribute__((__unused__)) static)

int
auth_request_env_init(struct auth_request_env *env, const struct settings *s,
    struct loop *loop, struct worker_pool *pool, char *why)
{
	memset(env, 0, sizeof(*env));
	env->settings = s;
	env->pool = pool;
	auth_gate_init(&env->gate, s, loop);
	mail_hosts_init(&env->hosts);
	grants_init(&env->grants, s, &env->gate.penalty, &env->lookups,
	    &env->hosts);
	env->pid = (uint32_t)getpid();
	rnd_bytes(env->pretence, sizeof(env->pretence));
	loop_timers_init(loop, &env->timeouts, s->auth_request_timeout_ms);
	loop_timers_init(loop, &env->proofs, AUTH_REQUEST_PROOF_MS);
	loop_timers_init(loop, &env->delays, s->auth_failure_delay_ms);
	loop_timers_init(loop, &env->ticks, 1000);
	username_rules_init(&env->names, s);
	auth_lookups_init(&env->lookups, s, &env->chain, pool, loop);
	return passdb_chain_init(&env->chain, s, why);
}

void
auth_request_env_clear(struct auth_request_env *env)
{
	loop_timers_clear(&env->timeouts);
	loop_timers_clear(&env->proofs);
	loop_timers_clear(&env->delays);
	loop_timers_clear(&env->ticks);
	auth_gate_clear(&env->gate);
	auth_lookups_clear(&env->lookups);
	passdb_chain_clear(&env->chain);
	mail_hosts_clear(&env->hosts);
}

void
auth_request_map_init(struct auth_request_map *map,
    struct auth_request_env *env, void *peer)
{
	memset(map, 0, sizeof(*map));
	RB_INIT(&map->tree);
	worker_lane_init(&map->lane);
	grant_map_init(&map->grants, &env->grants);
	map->env = env;
	map->peer = peer;
}

struct auth_request *
auth_request_find(struct auth_request_map *map, uint32_t id)
{
	struct auth_request_node key = { .id = id }, *node;

	node = RB_FIND(auth_request_tree, &map->tree, &key);
	return node == NULL ? NULL : node->request;
}

/* For logs; a master and his user as they came, in one. */
static const char *
auth_request_name(const struct auth_request *r)
{
	const char *name = r->exchange.user;

	return r->user[0] == '\0' || (r->master[0] != '\0' &&
	    name[0] != '\0') ? name : r->user;
}

/* One line about a request; nothing in it may be a secret. */
void
auth_request_log(const struct auth_request *r, enum log_level level,
    const char *fmt, ...)
{
	char user[LOGIN_AUTH_USER_MAX + 1], session[64], text[512];
	char rip[NETADDR_TEXT_MAX];
	const char *name = auth_request_name(r);
	const struct passdb *db = &r->env->chain.dbs[r->passdb];
	va_list ap;

	if (!log_is_on(level) && r->map->watch == NULL)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	auth_watch_note(r, text);
	if (!log_is_on(level))
		return;
	(void)log_safe(user, sizeof(user), name, strlen(name));
	(void)log_safe(session, sizeof(session), r->session,
	    strlen(r->session));
	(level == LOG_LEVEL_ERROR ? log_error : level == LOG_LEVEL_INFO ?
	    log_info : log_debug)("request: user=<%s> service=%s rip=%s "
	    "session=%s passdb=%s state=%s: %s", user,
	    service_name(r->service), netaddr_text(&r->rip, rip), session,
	    r->env->chain.n == 0 ? "none" : passdb_driver_name(db),
	    auth_request_table[r->state].name, text);
}

/* A refusal's reason, for those who want to know. */
void
auth_request_say(const struct auth_request *r, const char *reason)
{
	auth_request_log(r, r->env->settings->auth_verbose ? LOG_LEVEL_INFO :
	    LOG_LEVEL_DEBUG, "%s", reason);
}

/* The only writer of the state. */
void
auth_request_to(struct auth_request *r, enum auth_request_state state)
{
	if ((auth_request_table[r->state].successors & BIT(state)) == 0)
		fatal(EX_SOFTWARE, "auth request: %s to %s",
		    auth_request_table[r->state].name,
		    auth_request_table[state].name);
	r->state = state;
}

static void
auth_request_free(struct auth_request *r)
{
	auth_lookup_cancel(&r->lookup);
	worker_pool_cancel(&r->task);
	auth_local_cancel(r);
	freezero(r->userdb, sizeof(*r->userdb));
	penalty_cancel(&r->env->gate.penalty, &r->turn);
	loop_timer_stop(&r->timeout);
	loop_timer_stop(&r->delay);
	mech_exchange_clear(&r->exchange);
	loop_timer_stop(&r->wait);
	(void)RB_REMOVE(auth_request_tree, &r->map->tree, &r->node);
	r->map->nopen--;
	r->env->nopen--;
	freezero(r, sizeof(*r));
}

void
auth_request_reply(const struct auth_request *r,
    const struct auth_reply *reply)
{
	auth_request_reply_fn fn = r->map->reply != NULL ? r->map->reply :
	    r->env->reply;

	auth_watch_reply(r, reply);
	fn(r->map->peer, r->node.id, reply);
}

/* The last answer. */
void
auth_request_answer(struct auth_request *r, const struct auth_reply *reply)
{
	auth_request_reply(r, reply);
	auth_request_free(r);
}

static void
auth_request_send_fail(struct auth_request *r)
{
	auth_request_answer(r, &(struct auth_reply){
		.type = LOGIN_AUTH_FAIL, .fail = &r->fail });
}

/*
 * The delay counts from the moment the credentials were there, so that the
 * time of the answer does not tell what was done meanwhile.
 */
static void
auth_request_delay_over(void *arg)
{
	struct auth_request *r = arg;

	r->is_delay_over = true;
	if (r->state == AUTH_REQUEST_DELAY)
		auth_request_send_fail(r);
}

void
auth_request_start_delay(struct auth_request *r)
{
	if (r->env->settings->auth_failure_delay_ms != 0)
		loop_timer_start(&r->env->delays, &r->delay,
		    auth_request_delay_over, r);
}

void
auth_request_fail(struct auth_request *r, enum login_auth_code code)
{
	if (code == LOGIN_AUTH_CODE_CREDENTIALS)
		penalty_failed(&r->env->gate.penalty, &r->turn.mark);
	r->fail.code = (uint8_t)code;
	if (r->user[0] != '\0')
		(void)strlcpy(r->fail.user, auth_request_name(r),
		    sizeof(r->fail.user));
	if (!auth_request_code_waits[code] || r->has_nodelay ||
	    r->is_delay_over || r->env->settings->auth_failure_delay_ms == 0) {
		auth_request_send_fail(r);
		return;
	}
	auth_request_to(r, AUTH_REQUEST_DELAY);
	mech_exchange_clear(&r->exchange);
	passdb_fields_clear(&r->fields);
}

void
auth_request_allow(struct auth_request *r, struct login_auth_route *route)
{
	const struct grant_who who = { .user = route->user,
	    .service = r->service, .rip = &r->rip };

	if (!grant_open(&r->map->grants, r->node.id, &who, &r->turn.mark)) {
		auth_request_say(r, "mail_max_userip_connections");
		auth_request_fail(r, LOGIN_AUTH_CODE_LIMIT);
		return;
	}
	grant_rows(&r->map->grants, r->node.id, r->lookup.marks);
	grant_route(&r->map->grants, r->node.id, route, &who);
	/* The mail host alone can tell whether it was the right one. */
	if (r->is_match || r->is_proven)
		grant_verified(&r->map->grants, r->node.id);
	auth_request_answer(r, &(struct auth_reply){
		.type = LOGIN_AUTH_OK, .route = route });
}

/* Our trouble: never a wrong password. */
void
auth_request_trouble(struct auth_request *r, const char *what)
{
	auth_request_log(r, LOG_LEVEL_ERROR, "%s", what);
	auth_request_fail(r, LOGIN_AUTH_CODE_TEMP);
}

void
auth_request_unusable(struct auth_request *r, const char *why)
{
	auth_lookup_drop(&r->lookup);
	auth_request_trouble(r, why);
}

void
auth_request_unavailable(struct auth_request *r, const char *what)
{
	auth_request_say(r, what);
	auth_request_fail(r, LOGIN_AUTH_CODE_TEMP);
}

void
auth_request_overload(struct auth_request *r, const char *what)
{
	uint64_t now = clock_ms();

	if (r->env->overload_ms == 0 ||
	    now - r->env->overload_ms >= AUTH_REQUEST_OVERLOAD_MS) {
		r->env->overload_ms = now;
		auth_request_log(r, LOG_LEVEL_ERROR, "%s", what);
	}
	auth_request_fail(r, LOGIN_AUTH_CODE_TEMP);
}

static void
auth_request_timed_out(void *arg)
{
	struct auth_request *r = arg;

	if (r->state == AUTH_REQUEST_DELAY) {
		auth_request_send_fail(r);
	} else if (r->state == AUTH_REQUEST_HELD) {
		r->is_delay_over = true;
		auth_request_fail(r, LOGIN_AUTH_CODE_PENALTY);
	} else if (r->state == AUTH_REQUEST_EXCHANGE) {
		auth_request_say(r, "the client does not go on");
		auth_request_fail(r, LOGIN_AUTH_CODE_TEMP);
	} else {
		auth_request_trouble(r, "timeout");
	}
}

void
auth_request_lookup(const struct auth_request *r, uint8_t passdb,
    struct auth_worker_lookup *m)
{
	*m = (struct auth_worker_lookup){ .passdb = passdb,
	    .service = r->service, .is_secured = r->is_secured,
	    .rip = r->rip, .lip = r->lip, .real_rip = r->real_rip,
	    .real_lip = r->real_lip, .cert = r->cert,
	    .attempt = r->attempt, .forward = r->forward };
	(void)strlcpy(m->mech, r->exchange.mech->name, sizeof(m->mech));
	(void)strlcpy(m->session, r->session, sizeof(m->session));
}

void
auth_request_start_timeout(struct auth_request *r)
{
	loop_timer_start(&r->env->timeouts, &r->timeout,
	    auth_request_timed_out, r);
}

void
auth_request_hurry(struct auth_request *r)
{
	loop_timer_stop(&r->timeout);
	loop_timer_start(&r->env->proofs, &r->timeout,
	    auth_request_timed_out, r);
}

struct auth_request *
auth_request_new(struct auth_request_map *map, uint32_t id,
    const struct login_auth_request *m)
{
	struct auth_request *r = xcalloc(1, sizeof(*r));

	r->node.id = id;
	r->node.request = r;
	r->map = map;
	r->env = map->env;
	r->service = m->service;
	r->is_secured = m->is_secured;
	r->attempt = m->attempt;
	/* Root need not wait. */
	r->has_nodelay = map->watch != NULL;
	r->rip = m->rip;
	r->lip = m->lip;
	r->real_rip = m->real_rip;
	r->real_lip = m->real_lip;
	r->forward = m->forward;
	r->cert = m->cert;
	(void)strlcpy(r->session, m->session, sizeof(r->session));
	(void)strlcpy(r->cert_user, m->cert_user, sizeof(r->cert_user));
	r->exchange.cert_user = r->cert_user;
	(void)RB_INSERT(auth_request_tree, &map->tree, &r->node);
	map->nopen++;
	map->env->nopen++;
	auth_request_start_timeout(r);
	return r;
}

void
auth_request_cancel(struct auth_request_map *map, uint32_t id)
{
	struct auth_request *r = auth_request_find(map, id);

	if (r == NULL)
		return;
	/* The work is not undone by hanging up: it counts as a failure. */
	if (r->state == AUTH_REQUEST_VERIFY)
		penalty_failed(&r->env->gate.penalty, &r->turn.mark);
	auth_request_free(r);
}

void
auth_request_cancel_all(struct auth_request_map *map)
{
	struct auth_request_node *node;

	while ((node = RB_ROOT(&map->tree)) != NULL)
		auth_request_free(node->request);
	grant_map_clear(&map->grants);
}
