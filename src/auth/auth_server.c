/*
 * Auth's channels to the login processes.
 * Runs in: auth.
 * Hostile input: messages of login processes.
 * Never: lets one login process's violation hurt another.
 */
#include "auth/auth_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "auth/auth_exchange.h"
#include "config/settings.h"
#include "ipc/login_auth.h"
#include "ipc/master_child.h"
#include "ipc/roles.h"
#include "lib/channel.h"
#include "lib/log.h"
#include "lib/xmem.h"

/* Fits the longest answer: a route with all its texts and addresses. */
#define AUTH_SERVER_BODY_MAX	4096

/* One login process. */
struct auth_login {
	LIST_ENTRY(auth_login)	 entry;
	struct auth_server	*server;
	struct channel		*channel;
	struct auth_request_map	 map;
};

static int	auth_server_request(void *, uint32_t, struct wire_reader *,
		    int);
static int	auth_server_continue(void *, uint32_t, struct wire_reader *,
		    int);
static int	auth_server_cancel(void *, uint32_t, struct wire_reader *, int);
static int	auth_server_outcome(void *, uint32_t, struct wire_reader *,
		    int);
static int	auth_server_end(void *, uint32_t, struct wire_reader *, int);
static int	auth_server_session(void *, uint32_t, struct wire_reader *,
		    int);
static int	auth_server_tried(void *, uint32_t, struct wire_reader *, int);

static const struct channel_row auth_server_rows[] = {
	{ LOGIN_AUTH_REQUEST, "REQUEST", 1, 1, CHANNEL_BODY_MAX, false, false,
	    auth_server_request },
	{ LOGIN_AUTH_CONTINUE, "CONTINUE", 1, 2, CHANNEL_BODY_MAX, false,
	    false, auth_server_continue },
	{ LOGIN_AUTH_CANCEL, "CANCEL", 1, 0, 0, false, false,
	    auth_server_cancel },
	{ LOGIN_AUTH_OUTCOME, "OUTCOME", 1, 2, 2, false, false,
	    auth_server_outcome },
	{ LOGIN_AUTH_END, "END", 1, 0, 0, false, false, auth_server_end },
	{ LOGIN_AUTH_TRIED, "TRIED", 1, 3, 3, false, false,
	    auth_server_tried },
	{ LOGIN_AUTH_SESSION, "SESSION", 1, 5, CHANNEL_BODY_MAX, false, false,
	    auth_server_session },
};

static int
auth_server_request(void *endpoint, uint32_t id, struct wire_reader *r, int fd)
{
	struct auth_login *login = endpoint;
	struct login_auth_request m;

	(void)fd;
	if (login_auth_request_get(r, &m) == -1)
		return -1;
	return auth_exchange_open(&login->map, id, &m);
}

static int
auth_server_continue(void *endpoint, uint32_t id, struct wire_reader *r,
    int fd)
{
	struct auth_login *login = endpoint;
	struct login_auth_bytes m;

	(void)fd;
	if (login_auth_bytes_get(r, &m) == -1)
		return -1;
	return auth_exchange_continue(&login->map, id, &m);
}

static int
auth_server_cancel(void *endpoint, uint32_t id, struct wire_reader *r, int fd)
{
	struct auth_login *login = endpoint;

	(void)fd;
	auth_request_cancel(&login->map, id);
	/* OK may be on its way to who has cancelled. */
	if (grant_cancel(&login->map.grants, id) == -1)
		return -1;
	return wire_end(r);
}

/* What is said of a login belongs behind its OK. */
static int
auth_server_outcome(void *endpoint, uint32_t id, struct wire_reader *r,
    int fd)
{
	struct auth_login *login = endpoint;
	struct login_auth_outcome m;

	(void)fd;
	if (login_auth_outcome_get(r, &m) == -1 ||
	    auth_request_find(&login->map, id) != NULL)
		return -1;
	return grant_outcome(&login->map.grants, id, &m);
}

static int
auth_server_tried(void *endpoint, uint32_t id, struct wire_reader *r, int fd)
{
	struct auth_login *login = endpoint;
	struct login_auth_tried m;

	(void)fd;
	if (login_auth_tried_get(r, &m) == -1 ||
	    auth_request_find(&login->map, id) != NULL)
		return -1;
	return grant_tried(&login->map.grants, id, &m);
}

static int
auth_server_end(void *endpoint, uint32_t id, struct wire_reader *r, int fd)
{
	struct auth_login *login = endpoint;

	(void)fd;
	if (auth_request_find(&login->map, id) != NULL ||
	    grant_end(&login->map.grants, id) == -1)
		return -1;
	return wire_end(r);
}

static int
auth_server_session(void *endpoint, uint32_t id, struct wire_reader *r,
    int fd)
{
	struct auth_login *login = endpoint;
	struct login_auth_session m;

	(void)fd;
	if (login_auth_session_get(r, &m) == -1 ||
	    auth_request_find(&login->map, id) != NULL ||
	    grant_has(&login->map.grants, id))
		return -1;
	grant_adopt(&login->map.grants, id, &(struct grant_who){
	    .user = m.user, .service = m.service, .rip = &m.rip }, &m.host);
	return 0;
}

/* Answers of requests become messages. */
static void
auth_server_reply(void *peer, uint32_t id, const struct auth_reply *reply)
{
	struct auth_login *login = peer;
	uint8_t body[AUTH_SERVER_BODY_MAX];
	struct wire_writer w;

	wire_writer_init(&w, body, sizeof(body));
	if (reply->route != NULL)
		login_auth_route_put(&w, reply->route);
	else if (reply->local != NULL)
		login_auth_local_put(&w, reply->local);
	else if (reply->fail != NULL)
		login_auth_fail_put(&w, reply->fail);
	else
		login_auth_bytes_put(&w, reply->challenge);
	channel_send(login->channel, reply->type, id, &w, -1);
}

/* A host has gone down for which a login of this process may wait. */
static void
auth_server_host_down(void *peer, const struct login_auth_host_down *m)
{
	struct auth_login *login = peer;
	struct wire_writer w;
	uint8_t body[32];

	wire_writer_init(&w, body, sizeof(body));
	login_auth_host_down_put(&w, m);
	channel_send(login->channel, LOGIN_AUTH_HOST_DOWN, 0, &w, -1);
}

static void
auth_server_remove_login(struct auth_login *login)
{
	auth_request_cancel_all(&login->map);
	LIST_REMOVE(login, entry);
	channel_free(login->channel);
	free(login);
}

static void
auth_server_login_closed(void *endpoint, enum channel_end end)
{
	struct auth_login *login = endpoint;
	struct auth_server *server = login->server;

	(void)end;
	auth_server_remove_login(login);
	if (server->is_draining && LIST_EMPTY(&server->logins))
		loop_stop(server->loop);
}

void
auth_server_add_login(struct auth_server *server, int fd, uint32_t pid)
{
	struct auth_login *login = xcalloc(1, sizeof(*login));
	char peer[32];

	(void)snprintf(peer, sizeof(peer), "login[%u]", pid);
	login->server = server;
	auth_request_map_init(&login->map, &server->requests, login);
	login->map.pid = pid;
	login->map.grants.peer = login;
	login->channel = channel_new(&(struct channel_config){
		.loop = server->loop,
		.fd = fd,
		.contract = &login_auth_contract,
		.rows = auth_server_rows,
		.nrows = sizeof(auth_server_rows) /
		    sizeof(auth_server_rows[0]),
		.policy = CHANNEL_PEER_LOWER,
		.role = ROLE_ID_AUTH,
		.peer = peer,
		.endpoint = login,
		.closed_fn = auth_server_login_closed,
	});
	LIST_INSERT_HEAD(&server->logins, login, entry);
}

void
auth_server_add_worker(struct auth_server *server, int fd, uint32_t pid)
{
	worker_pool_add(&server->pool, fd, pid);
}

static void
auth_server_want_worker(void *arg)
{
	struct auth_server *server = arg;

	channel_send_empty(server->master, CHILD_WORKER_WANTED, 0);
}

static void
auth_server_worker_hung(void *arg, uint32_t pid)
{
	struct auth_server *server = arg;
	struct master_peer m = { .pid = pid };
	struct wire_writer w;
	uint8_t body[8];

	wire_writer_init(&w, body, sizeof(body));
	master_peer_put(&w, &m);
	channel_send(server->master, CHILD_WORKER_HUNG, 0, &w, -1);
}

int
auth_server_init(struct auth_server *server, const struct settings *s,
    struct loop *loop, struct channel *master, char *why)
{
	struct worker_pool_config pool = {
		.loop = loop,
		.count_max = s->auth_worker_max_count,
		.timeout_ms = s->auth_worker_timeout_ms,
		.idle_ms = s->auth_worker_idle_ms,
		.requests_max = s->auth_worker_max_request_count,
		.want = auth_server_want_worker,
		.hung = auth_server_worker_hung,
		.arg = server,
	};

	memset(server, 0, sizeof(*server));
	server->loop = loop;
	server->master = master;
	LIST_INIT(&server->logins);
	worker_pool_init(&server->pool, &pool);
	if (auth_request_env_init(&server->requests, s, loop, &server->pool,
	    why) == -1)
		return -1;
	server->requests.reply = auth_server_reply;
	server->requests.grants.host_down = auth_server_host_down;
	auth_local_init(&server->requests.local, &server->requests.grants,
	    master);
	auth_ctl_init(&server->ctl, loop, &server->requests);
	return 0;
}

void
auth_server_start(struct auth_server *server)
{
	if (passdb_chain_needs_workers(&server->requests.chain))
		worker_pool_warm(&server->pool);
}

void
auth_server_drain(struct auth_server *server)
{
	server->is_draining = true;
	if (LIST_EMPTY(&server->logins))
		loop_stop(server->loop);
}

void
auth_server_clear(struct auth_server *server)
{
	struct auth_login *login;

	while ((login = LIST_FIRST(&server->logins)) != NULL)
		auth_server_remove_login(login);
	grant_map_clear(&server->requests.local.places);
	auth_ctl_clear(&server->ctl);
	worker_pool_clear(&server->pool);
	auth_request_env_clear(&server->requests);
}
