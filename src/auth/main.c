/*
 * The auth program: it decides who may log in and where the session goes.
 * Runs in: auth.
 * Hostile input: messages of login processes and workers.
 * Never: touches the network, SQL or fork.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "auth/auth_server.h"
#include "auth/cache_admin.h"
#include "auth/host_admin.h"
#include "config/config_wire.h"
#include "config/settings.h"
#include "ipc/auth_choice.h"
#include "ipc/child_setup.h"
#include "ipc/master_child.h"
#include "ipc/master_mail.h"
#include "ipc/roles.h"
#include "lib/buf.h"
#include "lib/channel.h"
#include "lib/jail.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/proc.h"
#include "lib/sandbox.h"

/* When messages of the master are legal. */
#define AUTH_MAIN_SETUP		0x1u
#define AUTH_MAIN_SERVING	0x2u
/* A descriptor for each login process and worker; they are many. */
#define AUTH_MAIN_FILES		65536

/* The one context of this process. */
struct auth_main {
	struct channel		*master;
	struct loop		*loop;
	struct settings		*settings;
	struct master_auth	 self;		/* count 0: not told yet */
	struct master_secret	 secret;
	struct buf		 parts;		/* of the settings */
	struct host_orders	 orders;	/* from before START */
	bool			 is_started;
	struct auth_server	 server;
};

static int	auth_main_settings(void *, uint32_t, struct wire_reader *, int);
static int	auth_main_fallback(void *, uint32_t, struct wire_reader *, int);
static int	auth_main_self(void *, uint32_t, struct wire_reader *, int);
static int	auth_main_secret(void *, uint32_t, struct wire_reader *, int);
static int	auth_main_host(void *, uint32_t, struct wire_reader *, int);
static int	auth_main_start(void *, uint32_t, struct wire_reader *, int);
static int	auth_main_drain(void *, uint32_t, struct wire_reader *, int);
static int	auth_main_login(void *, uint32_t, struct wire_reader *, int);
static int	auth_main_worker(void *, uint32_t, struct wire_reader *, int);
static int	auth_main_ctl(void *, uint32_t, struct wire_reader *, int);
static int	auth_main_ticket(void *, uint32_t, struct wire_reader *, int);
static int	auth_main_session(void *, uint32_t, struct wire_reader *, int);
static int	auth_main_ended(void *, uint32_t, struct wire_reader *, int);

static const struct channel_row auth_main_rows[] = {
	{ MASTER_SETTINGS_PART, "SETTINGS_PART", AUTH_MAIN_SETUP, 2,
	    CHANNEL_BODY_MAX, false, false, auth_main_settings },
	{ MASTER_LOG_FALLBACK, "LOG_FALLBACK",
	    AUTH_MAIN_SETUP | AUTH_MAIN_SERVING, 1, 1, true, false,
	    auth_main_fallback },
	{ MASTER_AUTH_SELF, "AUTH_SELF", AUTH_MAIN_SETUP, 2, 2, false, true,
	    auth_main_self },
	{ MASTER_AUTH_SECRET, "AUTH_SECRET", AUTH_MAIN_SETUP,
	    MASTER_SECRET_BYTES + 2, MASTER_SECRET_BYTES + 2, false, true,
	    auth_main_secret },
	{ MASTER_HOST, "HOST", AUTH_MAIN_SETUP | AUTH_MAIN_SERVING, 8, 20,
	    false, false, auth_main_host },
	{ MASTER_START, "START", AUTH_MAIN_SETUP, 0, 0, false, true,
	    auth_main_start },
	{ MASTER_LOGIN_PEER, "LOGIN_PEER", AUTH_MAIN_SERVING, 4, 4, true,
	    false, auth_main_login },
	{ MASTER_WORKER_PEER, "WORKER_PEER", AUTH_MAIN_SERVING, 4, 4, true,
	    false, auth_main_worker },
	{ MASTER_CTL_PEER, "CTL_PEER", AUTH_MAIN_SERVING, 4, 4, true, false,
	    auth_main_ctl },
	{ MASTER_MAIL_TICKET, "MAIL_TICKET", AUTH_MAIN_SERVING, 17, 17, false,
	    false, auth_main_ticket },
	{ MASTER_MAIL_SESSION, "MAIL_SESSION", AUTH_MAIN_SERVING, 4, 512,
	    false, false, auth_main_session },
	{ MASTER_MAIL_ENDED, "MAIL_ENDED", AUTH_MAIN_SERVING, 0, 0, false,
	    false, auth_main_ended },
	{ MASTER_DRAIN, "DRAIN", AUTH_MAIN_SERVING, 0, 0, false, true,
	    auth_main_drain },
};

static int
auth_main_settings(void *endpoint, uint32_t id, struct wire_reader *r, int fd)
{
	struct auth_main *m = endpoint;

	(void)id;
	(void)fd;
	return child_setup_settings(&m->parts, r);
}

static int
auth_main_fallback(void *endpoint, uint32_t id, struct wire_reader *r, int fd)
{
	(void)endpoint;
	(void)id;
	return child_setup_log(r, fd);
}

static int
auth_main_self(void *endpoint, uint32_t id, struct wire_reader *r, int fd)
{
	struct auth_main *m = endpoint;

	(void)id;
	(void)fd;
	return master_auth_get(r, &m->self);
}

static int
auth_main_secret(void *endpoint, uint32_t id, struct wire_reader *r, int fd)
{
	struct auth_main *m = endpoint;

	(void)id;
	(void)fd;
	return master_secret_get(r, &m->secret);
}

static int
auth_main_host(void *endpoint, uint32_t id, struct wire_reader *r, int fd)
{
	struct auth_main *m = endpoint;
	struct host_order order;

	(void)id;
	(void)fd;
	if (host_order_get(r, &order) == -1)
		return -1;
	return m->is_started ?
	    host_admin_order(&m->server.requests.grants, &order) :
	    host_orders_set(&m->orders, &order);
}

static int
auth_main_start(void *endpoint, uint32_t id, struct wire_reader *r, int fd)
{
	struct auth_main *m = endpoint;

	(void)id;
	(void)fd;
	m->settings = config_wire_get(buf_head(&m->parts),
	    buf_used(&m->parts));
	buf_clear(&m->parts);
	if (m->settings == NULL || m->self.count == 0)
		return -1;
	m->is_started = true;
	/* Workers and memory are shared out between all auth processes. */
	m->settings->auth_worker_max_count = auth_share(
	    m->settings->auth_worker_max_count, m->self.index, m->self.count);
	m->settings->auth_cache_size_bytes /= m->self.count;
	return wire_end(r);
}

static int
auth_main_login(void *endpoint, uint32_t id, struct wire_reader *r, int fd)
{
	struct auth_main *m = endpoint;
	struct master_peer peer;

	(void)id;
	if (master_peer_get(r, &peer) == -1)
		return -1;
	auth_server_add_login(&m->server, fd, peer.pid);
	return 0;
}

static int
auth_main_worker(void *endpoint, uint32_t id, struct wire_reader *r, int fd)
{
	struct auth_main *m = endpoint;
	struct master_peer peer;

	(void)id;
	if (master_peer_get(r, &peer) == -1)
		return -1;
	auth_server_add_worker(&m->server, fd, peer.pid);
	return 0;
}

static int
auth_main_ctl(void *endpoint, uint32_t id, struct wire_reader *r, int fd)
{
	struct auth_main *m = endpoint;
	struct master_peer peer;

	(void)id;
	if (master_peer_get(r, &peer) == -1)
		return -1;
	auth_ctl_add(&m->server.ctl, fd, peer.pid);
	return 0;
}

static int
auth_main_ticket(void *endpoint, uint32_t id, struct wire_reader *r, int fd)
{
	struct auth_main *m = endpoint;
	struct master_mail_ticket ticket;

	(void)fd;
	if (master_mail_ticket_get(r, &ticket) == -1)
		return -1;
	return auth_local_ticket(&m->server.requests.local, id, &ticket);
}

static int
auth_main_session(void *endpoint, uint32_t id, struct wire_reader *r, int fd)
{
	struct auth_main *m = endpoint;
	struct master_mail_session session;

	(void)fd;
	if (master_mail_session_get(r, &session) == -1)
		return -1;
	return auth_local_session(&m->server.requests.local, id, &session);
}

static int
auth_main_ended(void *endpoint, uint32_t id, struct wire_reader *r, int fd)
{
	struct auth_main *m = endpoint;

	(void)fd;
	if (wire_end(r) == -1)
		return -1;
	return auth_local_ended(&m->server.requests.local, id);
}

static int
auth_main_drain(void *endpoint, uint32_t id, struct wire_reader *r, int fd)
{
	struct auth_main *m = endpoint;

	(void)id;
	(void)fd;
	auth_server_drain(&m->server);
	return wire_end(r);
}

static void
auth_main_master_gone(void *endpoint, enum channel_end end)
{
	(void)endpoint;
	(void)end;
	log_flush();
	exit(PROC_EXIT_MASTER_GONE);
}

static void
auth_main_end_of_turn(void *arg)
{
	(void)arg;
	log_flush();
}

/* HUP flushes the cache. */
static void
auth_main_on_hup(void *arg)
{
	struct auth_main *m = arg;

	log_info("cache: %zu entries flushed",
	    cache_admin_flush(&m->server.requests.lookups));
}

/* USR2 asks for its figures. */
static void
auth_main_on_usr2(void *arg)
{
	const struct auth_main *m = arg;
	char text[CACHE_ADMIN_STATUS_MAX];

	cache_admin_status(&m->server.requests.lookups, text);
	log_info("cache: %s", text);
}

static void
auth_main_jail(const struct auth_main *m)
{
	struct jail jail = {
		.uid = m->settings->jail_uid,
		.gid = m->settings->jail_gid,
		.root = m->settings->login_dir,
		/* The cache is not the reason to give more to all the rest. */
		.memory_bytes = m->settings->auth_process_size_bytes +
		    m->settings->auth_cache_size_bytes,
		.files = AUTH_MAIN_FILES,
	};

	jail_enter(&jail);
	sandbox_enter(SANDBOX_AUTH);
}

static void
auth_main_serve(struct auth_main *m)
{
	char why[PASSDB_WHY_MAX];
	struct loop_hook hook;

	if (auth_server_init(&m->server, m->settings, m->loop, m->master,
	    why) == -1)
		fatal(PROC_EXIT_CONFIG, "%s", why);
	m->server.requests.hosts.orders = m->orders;
	memcpy(m->server.requests.pretence, m->secret.bytes,
	    sizeof(m->secret.bytes));
	explicit_bzero(&m->secret, sizeof(m->secret));
	/* Before READY: who has heard of us may send signals. */
	loop_signal(m->loop, SIGHUP, auth_main_on_hup, m);
	loop_signal(m->loop, SIGUSR2, auth_main_on_usr2, m);
	channel_set_state(m->master, AUTH_MAIN_SERVING);
	channel_send_empty(m->master, CHILD_READY, 0);
	channel_attach(m->master, m->loop);
	auth_server_start(&m->server);
	loop_hook_add(m->loop, &hook, auth_main_end_of_turn, NULL);
	loop_run(m->loop);
	auth_server_clear(&m->server);
	log_flush();
}

int
main(void)
{
	struct auth_main m = { .is_started = false };

	log_init_child("auth", PROC_FD_LOG);
	buf_init(&m.parts, MASTER_SETTINGS_MAX);
	m.master = channel_new(&(struct channel_config){
		.fd = PROC_FD_MASTER,
		.contract = &master_child_contract,
		.rows = auth_main_rows,
		.nrows = sizeof(auth_main_rows) / sizeof(auth_main_rows[0]),
		.policy = CHANNEL_PEER_HIGHER,
		.role = ROLE_ID_AUTH,
		.peer = "master",
		.endpoint = &m,
		.closed_fn = auth_main_master_gone,
	});
	channel_set_state(m.master, AUTH_MAIN_SETUP);
	while (!m.is_started)
		if (channel_step(m.master) == -1)
			exit(PROC_EXIT_MASTER_GONE);
	log_set_level(m.settings->auth_debug ? LOG_LEVEL_DEBUG :
	    LOG_LEVEL_INFO);
	auth_main_jail(&m);
	m.loop = loop_new();
	auth_main_serve(&m);
	channel_free(m.master);
	loop_free(m.loop);
	settings_free(m.settings);
	log_flush();
	return 0;
}
