/*
 * Auth's channels to wicketctl.
 * Runs in: auth.
 * Hostile input: none that counts: root asks; a violation closes his channel.
 * Never: answers a question of its own making: logins and these questions
 * take the same way.
 */
#include "auth/auth_ctl.h"

#include <bsd/string.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "auth/auth_exchange.h"
#include "auth/auth_request.h"
#include "auth/auth_watch.h"
#include "auth/cache_admin.h"
#include "auth/host_admin.h"
#include "config/settings.h"
#include "ipc/ctl_auth.h"
#include "ipc/roles.h"
#include "lib/channel.h"
#include "lib/log.h"
#include "lib/wire.h"
#include "lib/xmem.h"

struct auth_ctl_peer {
	LIST_ENTRY(auth_ctl_peer)	 entry;
	struct auth_ctl			*ctl;
	struct channel			*channel;
	struct auth_request_map		 map;
	struct auth_watch		 watch;
	struct loop_timer		 idle;
	bool				 is_asking;
};

static int	auth_ctl_test(void *, uint32_t, struct wire_reader *, int);
static int	auth_ctl_explain(void *, uint32_t, struct wire_reader *, int);
static int	auth_ctl_status(void *, uint32_t, struct wire_reader *, int);
static int	auth_ctl_hosts(void *, uint32_t, struct wire_reader *, int);
static int	auth_ctl_cache_status(void *, uint32_t, struct wire_reader *,
		    int);
static int	auth_ctl_cache_flush(void *, uint32_t, struct wire_reader *,
		    int);

static const struct channel_row auth_ctl_rows[] = {
	{ CTL_AUTH_TEST, "TEST", 1, 7, CHANNEL_BODY_MAX, false, false,
	    auth_ctl_test },
	{ CTL_AUTH_EXPLAIN, "EXPLAIN", 1, 7, CHANNEL_BODY_MAX, false, false,
	    auth_ctl_explain },
	{ CTL_AUTH_STATUS, "STATUS", 1, 0, 0, false, false, auth_ctl_status },
	{ CTL_AUTH_HOSTS, "HOSTS", 1, 0, 0, false, false, auth_ctl_hosts },
	{ CTL_AUTH_CACHE_STATUS, "CACHE_STATUS", 1, 0, 0, false, false,
	    auth_ctl_cache_status },
	{ CTL_AUTH_CACHE_FLUSH, "CACHE_FLUSH", 1, 2, CHANNEL_BODY_MAX, false,
	    false, auth_ctl_cache_flush },
};

/* Peers. */

static void
auth_ctl_remove(struct auth_ctl_peer *p)
{
	auth_request_cancel_all(&p->map);
	loop_timer_stop(&p->idle);
	LIST_REMOVE(p, entry);
	p->ctl->npeers--;
	channel_free(p->channel);
	free(p);
}

static void
auth_ctl_closed(void *arg, enum channel_end end)
{
	(void)end;
	auth_ctl_remove(arg);
}

static void
auth_ctl_is_idle(void *arg)
{
	auth_ctl_remove(arg);
}

/* Answers. */

static void
auth_ctl_tell(void *arg, const char *key, const char *value)
{
	struct auth_ctl_peer *p = arg;
	struct ctl_auth_line m;
	uint8_t body[sizeof(m) + 4];
	struct wire_writer w;

	(void)strlcpy(m.key, key, sizeof(m.key));
	(void)strlcpy(m.value, value, sizeof(m.value));
	wire_writer_init(&w, body, sizeof(body));
	ctl_auth_line_put(&w, &m);
	channel_send(p->channel, CTL_AUTH_LINE, 0, &w, -1);
}

static void
auth_ctl_tell_number(struct auth_ctl_peer *p, const char *key, uint64_t n)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%llu", (unsigned long long)n);
	auth_ctl_tell(p, key, text);
}

static void
auth_ctl_done(struct auth_ctl_peer *p, enum ctl_auth_result result)
{
	struct ctl_auth_done m = { .result = (uint8_t)result };
	struct wire_writer w;
	uint8_t body[1];

	wire_writer_init(&w, body, sizeof(body));
	ctl_auth_done_put(&w, &m);
	channel_send(p->channel, CTL_AUTH_DONE, 0, &w, -1);
	p->is_asking = false;
	loop_timer_start(&p->ctl->idle, &p->idle, auth_ctl_is_idle, p);
}

/* The last answer to a request; what it says was told by auth_watch. */
static void
auth_ctl_reply(void *peer, uint32_t id, const struct auth_reply *reply)
{
	enum ctl_auth_result result = CTL_AUTH_OK;
	struct auth_ctl_peer *p = peer;

	/* No session follows. */
	if (reply->route != NULL && grant_cancel(&p->map.grants, id) == -1)
		fatal(EX_SOFTWARE, "wicketctl's grant");
	if (reply->fail != NULL)
		result = reply->fail->code == LOGIN_AUTH_CODE_TEMP ?
		    CTL_AUTH_TEMP : CTL_AUTH_REFUSED;
	auth_ctl_done(p, result);
}

void
auth_ctl_init(struct auth_ctl *ctl, struct loop *loop,
    struct auth_request_env *env)
{
	memset(ctl, 0, sizeof(*ctl));
	ctl->loop = loop;
	ctl->env = env;
	LIST_INIT(&ctl->peers);
	loop_timers_init(loop, &ctl->idle, AUTH_CTL_IDLE_MS);
}

void
auth_ctl_clear(struct auth_ctl *ctl)
{
	struct auth_ctl_peer *p;

	while ((p = LIST_FIRST(&ctl->peers)) != NULL)
		auth_ctl_remove(p);
	loop_timers_clear(&ctl->idle);
}

void
auth_ctl_add(struct auth_ctl *ctl, int fd, uint32_t pid)
{
	struct auth_ctl_peer *p;
	char peer[32];

	if (ctl->npeers >= AUTH_CTL_PEERS_MAX) {
		(void)close(fd);
		return;
	}
	p = xcalloc(1, sizeof(*p));
	(void)snprintf(peer, sizeof(peer), "wicketctl[%u]", pid);
	p->ctl = ctl;
	p->watch.tell = auth_ctl_tell;
	p->watch.arg = p;
	auth_request_map_init(&p->map, ctl->env, p);
	p->map.reply = auth_ctl_reply;
	p->map.watch = &p->watch;
	p->channel = channel_new(&(struct channel_config){
		.loop = ctl->loop,
		.fd = fd,
		.contract = &ctl_auth_contract,
		.rows = auth_ctl_rows,
		.nrows = sizeof(auth_ctl_rows) / sizeof(auth_ctl_rows[0]),
		.policy = CHANNEL_PEER_LOWER,
		.role = ROLE_ID_AUTH,
		.peer = peer,
		.endpoint = p,
		.closed_fn = auth_ctl_closed,
	});
	LIST_INSERT_HEAD(&ctl->peers, p, entry);
	ctl->npeers++;
	loop_timer_start(&ctl->idle, &p->idle, auth_ctl_is_idle, p);
}

/* Commands. */

/* One at a time; the request has a deadline of its own. */
static int
auth_ctl_begin(struct auth_ctl_peer *p)
{
	if (p->is_asking)
		return -1;
	p->is_asking = true;
	loop_timer_stop(&p->idle);
	return 0;
}

static void
auth_ctl_request(struct login_auth_request *m, const struct ctl_auth_ask *ask)
{
	memset(m, 0, sizeof(*m));
	m->service = ask->service;
	m->attempt = 1;
	m->rip = ask->rip;
	m->lip = ask->lip;
	m->real_rip = ask->rip;
	m->real_lip = ask->lip;
	(void)strlcpy(m->mech, "PLAIN", sizeof(m->mech));
	(void)strlcpy(m->session, "wicketctl", sizeof(m->session));
}

static int
auth_ctl_test(void *arg, uint32_t id, struct wire_reader *r, int fd)
{
	char initial[LOGIN_AUTH_USER_MAX + LOGIN_AUTH_PASS_MAX + 3];
	struct auth_ctl_peer *p = arg;
	struct login_auth_request m;
	struct ctl_auth_ask ask;
	int len, result;

	(void)id;
	(void)fd;
	if (auth_ctl_begin(p) == -1 || ctl_auth_ask_get(r, &ask) == -1) {
		explicit_bzero(&ask, sizeof(ask));
		return -1;
	}
	auth_ctl_request(&m, &ask);
	/* RFC 4616: NUL name NUL password. */
	len = snprintf(initial, sizeof(initial), "%c%s%c%s", '\0', ask.user,
	    '\0', ask.pass);
	m.has_initial = true;
	m.initial.data = (const uint8_t *)initial;
	m.initial.len = (size_t)len;
	p->watch.has_no_password = false;
	result = auth_exchange_open(&p->map, 0, &m);
	explicit_bzero(&ask, sizeof(ask));
	explicit_bzero(initial, sizeof(initial));
	return result;
}

static int
auth_ctl_explain(void *arg, uint32_t id, struct wire_reader *r, int fd)
{
	struct auth_ctl_peer *p = arg;
	struct login_auth_request m;
	struct ctl_auth_ask ask;

	(void)id;
	(void)fd;
	if (auth_ctl_begin(p) == -1 || ctl_auth_ask_get(r, &ask) == -1 ||
	    ask.pass[0] != '\0')
		return -1;
	auth_ctl_request(&m, &ask);
	p->watch.has_no_password = true;
	return auth_exchange_explain(&p->map, &m, ask.user);
}

static void
auth_ctl_tell_hosts(struct auth_ctl_peer *p)
{
	const struct auth_request_env *env = p->ctl->env;
	char key[CTL_AUTH_KEY_MAX + 1], text[DB_HEALTH_TEXT_MAX];

	for (unsigned int i = 0; i < env->chain.n; i++)
		for (unsigned int k = 0; db_health_describe(
		    &env->lookups.health, i, k, text, sizeof(text)) != NULL;
		    k++) {
			(void)snprintf(key, sizeof(key), "passdb%u.host.%u",
			    i + 1, k + 1);
			auth_ctl_tell(p, key, text);
		}
}

static int
auth_ctl_status(void *arg, uint32_t id, struct wire_reader *r, int fd)
{
	struct auth_ctl_peer *p = arg;
	const struct auth_request_env *env = p->ctl->env;

	(void)id;
	(void)fd;
	if (auth_ctl_begin(p) == -1 || wire_end(r) == -1)
		return -1;
	auth_ctl_tell_number(p, "pid", env->pid);
	auth_ctl_tell_number(p, "requests", env->nopen);
	auth_ctl_tell_number(p, "workers", env->pool->nworkers);
	auth_ctl_tell_number(p, "workers_max", env->pool->config.count_max);
	auth_ctl_tell_number(p, "tasks_waiting", env->pool->nqueued);
	auth_ctl_tell_hosts(p);
	auth_ctl_done(p, CTL_AUTH_OK);
	return 0;
}

static void
auth_ctl_tell_host(void *arg, const struct ctl_auth_host *m)
{
	struct auth_ctl_peer *p = arg;
	uint8_t body[sizeof(*m) + 8];
	struct wire_writer w;

	wire_writer_init(&w, body, sizeof(body));
	ctl_auth_host_put(&w, m);
	channel_send(p->channel, CTL_AUTH_HOST, 0, &w, -1);
}

static int
auth_ctl_hosts(void *arg, uint32_t id, struct wire_reader *r, int fd)
{
	struct auth_ctl_peer *p = arg;

	(void)id;
	(void)fd;
	if (auth_ctl_begin(p) == -1 || wire_end(r) == -1)
		return -1;
	host_admin_tell(&p->ctl->env->hosts, auth_ctl_tell_host, p);
	auth_ctl_done(p, CTL_AUTH_OK);
	return 0;
}

static void
auth_ctl_tell_figure(void *arg, const char *name, uint64_t n)
{
	char key[CTL_AUTH_KEY_MAX + 1];

	(void)snprintf(key, sizeof(key), "cache.%s", name);
	auth_ctl_tell_number(arg, key, n);
}

static int
auth_ctl_cache_status(void *arg, uint32_t id, struct wire_reader *r, int fd)
{
	struct auth_ctl_peer *p = arg;

	(void)id;
	(void)fd;
	if (auth_ctl_begin(p) == -1 || wire_end(r) == -1)
		return -1;
	auth_ctl_tell(p, "cache", p->ctl->env->lookups.cache != NULL ? "on" :
	    "off");
	cache_admin_tell(&p->ctl->env->lookups, auth_ctl_tell_figure, p);
	auth_ctl_done(p, CTL_AUTH_OK);
	return 0;
}

static int
auth_ctl_cache_flush(void *arg, uint32_t id, struct wire_reader *r, int fd)
{
	struct auth_ctl_peer *p = arg;
	struct auth_request_env *env = p->ctl->env;
	struct ctl_auth_flush m;
	size_t n;

	(void)id;
	(void)fd;
	if (auth_ctl_begin(p) == -1 || ctl_auth_flush_get(r, &m) == -1)
		return -1;
	if (m.user[0] == '\0')
		n = cache_admin_flush(&env->lookups);
	else
		n = cache_admin_flush_user(&env->lookups, &env->names, m.user);
	auth_ctl_tell_number(p, "flushed", n);
	auth_ctl_done(p, CTL_AUTH_OK);
	return 0;
}
