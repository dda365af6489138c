/*
 * login_main: the life of a login process, from exec to exit.
 * Runs in: login processes.
 * Hostile input: none; the master is trusted.
 * Never: reads a byte of the network before the jail.
 */
#include "login-common/login_main.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "config/config_wire.h"
#include "ipc/child_setup.h"
#include "ipc/master_child.h"
#include "ipc/master_mail.h"
#include "ipc/master_tls.h"
#include "lib/buf.h"
#include "lib/channel.h"
#include "lib/jail.h"
#include "lib/log.h"
#include "lib/proc.h"
#include "lib/sandbox.h"
#include "lib/strutil.h"
#include "login-common/auth_client.h"
#include "login-common/client_tls.h"
#include "login-common/local.h"
#include "login-common/login_process.h"
#include "login-common/login_tls.h"
#include "login-common/parting.h"
#include "login-common/session.h"

/* States of the channel to the master. */
#define LOGIN_SETUP	0x1u
#define LOGIN_SERVING	0x2u

/* Auth's own deadline comes first; this one is for an auth that hangs. */
#define LOGIN_AUTH_GRACE_MS	5000
/* A relayed session that was active is looked at again after so long. */
#define LOGIN_CHECK_MS		5000
/* A half-closed session may be silent for so long. */
#define LOGIN_LINGER_MS		60000
/* A client that does not read our last line is cut off then. */
#define LOGIN_CLOSING_MS	2000
/* How often the master hears how full we are, at most. */
#define LOGIN_STATUS_MS		1000
/* Fds beside the sessions': channels, log, loop, listeners, pipe, reserve. */
#define LOGIN_OTHER_FDS		96

/* What the master has said so far. */
struct login_setup {
	struct login_process	 process;
	struct buf		 settings;
	struct master_auth	 auths[MASTER_AUTHS_MAX];	/* channels */
	int			 auth_fds[MASTER_AUTHS_MAX];	/* that came */
	size_t			 nauths;
	int			 signer_fd, certs_fd;	/* TLS; or -1 */
	struct master_tickets	 tickets;
	bool			 is_complete;
};

static int
login_on_settings(void *arg, uint32_t id, struct wire_reader *r, int fd)
{
	struct login_setup *setup = arg;

	(void)id;
	(void)fd;
	return child_setup_settings(&setup->settings, r);
}

static int
login_on_log_fallback(void *arg, uint32_t id, struct wire_reader *r, int fd)
{
	(void)arg;
	(void)id;
	return child_setup_log(r, fd);
}

static int
login_on_listener(void *arg, uint32_t id, struct wire_reader *r, int fd)
{
	struct login_setup *setup = arg;
	struct master_listener m;

	(void)id;
	if (master_listener_get(r, &m) == -1)
		return -1;
	return listener_add(&setup->process, fd, &m);
}

static int
login_on_auth_peer(void *arg, uint32_t id, struct wire_reader *r, int fd)
{
	struct login_setup *setup = arg;
	struct master_auth which;

	(void)id;
	if (master_auth_get(r, &which) == -1 ||
	    (setup->process.auth == NULL &&
	    setup->nauths == MASTER_AUTHS_MAX))
		return -1;
	if (setup->process.auth != NULL) {
		auth_client_open(setup->process.auth, &which, fd);
		return 0;
	}
	setup->auths[setup->nauths] = which;
	setup->auth_fds[setup->nauths++] = fd;
	return 0;
}

static int
login_on_signer_peer(void *arg, uint32_t id, struct wire_reader *r, int fd)
{
	struct login_setup *setup = arg;

	(void)id;
	if (setup->is_complete) {
		login_tls_signer(setup->process.tls, fd);
		return wire_end(r);
	}
	if (setup->signer_fd != -1)
		(void)close(setup->signer_fd);
	setup->signer_fd = fd;
	return wire_end(r);
}

static int
login_on_certs(void *arg, uint32_t id, struct wire_reader *r, int fd)
{
	struct login_setup *setup = arg;

	(void)id;
	setup->certs_fd = fd;
	return wire_end(r);
}

static int
login_on_tickets(void *arg, uint32_t id, struct wire_reader *r, int fd)
{
	struct login_setup *setup = arg;

	(void)id;
	(void)fd;
	if (master_tickets_get(r, &setup->tickets) == -1)
		return -1;
	if (setup->process.tls != NULL)
		login_tls_tickets(setup->process.tls, &setup->tickets);
	return 0;
}

static int
login_on_start(void *arg, uint32_t id, struct wire_reader *r, int fd)
{
	struct login_setup *setup = arg;

	(void)id;
	(void)fd;
	setup->is_complete = true;
	return wire_end(r);
}

static int
login_on_mail_started(void *arg, uint32_t id, struct wire_reader *r, int fd)
{
	struct login_setup *setup = arg;
	struct master_mail_started m;

	(void)fd;
	if (master_mail_started_get(r, &m) == -1)
		return -1;
	local_started(&setup->process, id, &m);
	return 0;
}

static int
login_on_drain(void *arg, uint32_t id, struct wire_reader *r, int fd)
{
	struct login_setup *setup = arg;

	(void)id;
	(void)fd;
	login_process_drain(&setup->process);
	return wire_end(r);
}

static int
login_on_evict(void *arg, uint32_t id, struct wire_reader *r, int fd)
{
	struct login_setup *setup = arg;

	(void)id;
	(void)fd;
	if (!session_evict(&setup->process))
		channel_send_empty(setup->process.master, CHILD_KEPT, 0);
	return wire_end(r);
}

static int
login_on_stop(void *arg, uint32_t id, struct wire_reader *r, int fd)
{
	struct login_setup *setup = arg;
	struct login_process *process = &setup->process;
	struct session *s;

	(void)id;
	(void)fd;
	login_process_drain(process);
	TAILQ_FOREACH(s, &process->waiting, entry)
		session_close(s, SESSION_REASON_SHUTDOWN);
	TAILQ_FOREACH(s, &process->relayed, entry)
		session_close(s, SESSION_REASON_SHUTDOWN);
	return wire_end(r);
}

#define ROW(t, n, w, mx, f, o, h)					\
	{ .type = (t), .name = (n), .when = (w), .max = (mx),		\
	  .takes_fd = (f), .is_once = (o), .handler = (h) }

static const struct channel_row login_rows[] = {
	ROW(MASTER_SETTINGS_PART, "SETTINGS_PART", LOGIN_SETUP,
	    CHANNEL_BODY_MAX, false, false, login_on_settings),
	ROW(MASTER_LOG_FALLBACK, "LOG_FALLBACK", LOGIN_SETUP | LOGIN_SERVING,
	    8, true, false, login_on_log_fallback),
	ROW(MASTER_LISTENER, "LISTENER", LOGIN_SETUP, 64, true, false,
	    login_on_listener),
	ROW(MASTER_AUTH_PEER, "AUTH_PEER", LOGIN_SETUP | LOGIN_SERVING, 2,
	    true, false, login_on_auth_peer),
	ROW(MASTER_SIGNER_PEER, "SIGNER_PEER", LOGIN_SETUP | LOGIN_SERVING,
	    0, true, false, login_on_signer_peer),
	ROW(MASTER_CERTS, "CERTS", LOGIN_SETUP, 0, true, true,
	    login_on_certs),
	ROW(MASTER_TICKETS, "TICKETS", LOGIN_SETUP | LOGIN_SERVING,
	    sizeof(struct master_tickets) * 2, false, false,
	    login_on_tickets),
	ROW(MASTER_START, "START", LOGIN_SETUP, 0, false, true,
	    login_on_start),
	ROW(MASTER_MAIL_STARTED, "MAIL_STARTED", LOGIN_SERVING, 5, false,
	    false, login_on_mail_started),
	ROW(MASTER_DRAIN, "DRAIN", LOGIN_SERVING, 0, false, false,
	    login_on_drain),
	ROW(MASTER_EVICT, "EVICT", LOGIN_SERVING, 0, false, false,
	    login_on_evict),
	ROW(MASTER_STOP, "STOP", LOGIN_SERVING, 0, false, false,
	    login_on_stop),
};

/*
 * The master is gone: listeners are given up at once, clients that have not
 * logged in are let go, relayed sessions go on to their end.
 */
static void
login_master_gone(void *arg, enum channel_end end)
{
	struct login_setup *setup = arg;
	struct login_process *process = &setup->process;
	struct session *s;

	(void)end;
	login_process_drain(process);
	auth_client_close(process->auth);
	TAILQ_FOREACH(s, &process->waiting, entry)
		session_close(s, SESSION_REASON_SHUTDOWN);
}

static void
login_timers_start(struct login_process *process)
{
	const struct settings *set = process->set;
	struct loop *loop = process->loop;

	loop_timers_init(loop, &process->login_timers, set->login_timeout_ms);
	loop_timers_init(loop, &process->tls_timers, CLIENT_TLS_MS);
	loop_timers_init(loop, &process->haproxy_timers,
	    set->haproxy_timeout_ms);
	loop_timers_init(loop, &process->auth_timers,
	    set->auth_request_timeout_ms + LOGIN_AUTH_GRACE_MS);
	loop_timers_init(loop, &process->delay_timers,
	    set->auth_failure_delay_ms);
	loop_timers_init(loop, &process->check_timers, LOGIN_CHECK_MS);
	loop_timers_init(loop, &process->linger_timers, LOGIN_LINGER_MS);
	loop_timers_init(loop, &process->parting_timers, PARTING_TICK_MS);
	loop_timers_init(loop, &process->closing_timers, LOGIN_CLOSING_MS);
	loop_timers_init(loop, &process->status_timers, LOGIN_STATUS_MS);
	for (size_t i = 0; i < LOGIN_TIMERS_MAX; i++)
		loop_timers_init(loop, &process->host_timers[i],
		    (uint64_t)LOGIN_TIMER_STEP_MS << i);
}

static void
login_jail(const struct login_process *process)
{
	uint64_t sessions = process->is_single ? 1 :
	    (uint64_t)process->set->login_max_sessions +
	    process->service->login_max_connections;
	struct jail jail = {
		.uid = process->set->jail_uid,
		.gid = process->set->jail_gid,
		.root = process->set->login_chroot ?
		    process->set->login_dir : NULL,
		.memory_bytes = process->service->login_process_size_bytes,
		.files = 2 * sessions + LOGIN_OTHER_FDS,
		/* The log, when the master is gone; no other file is open. */
		.can_write_files = log_has_file(),
	};

	jail_enter(&jail);
	sandbox_enter(SANDBOX_LOGIN);
}

/* Blocks until the master has said all that a login process needs. */
static void
login_hello(struct login_setup *setup, const struct login_protocol *protocol)
{
	struct channel_config config = {
		.fd = PROC_FD_MASTER,
		.contract = &master_child_contract,
		.rows = login_rows,
		.nrows = sizeof(login_rows) / sizeof(login_rows[0]),
		.policy = CHANNEL_PEER_HIGHER,
		.role = (uint16_t)protocol->role,
		.peer = "master",
		.endpoint = setup,
		.closed_fn = login_master_gone,
	};
	struct login_process *process = &setup->process;
	struct settings *set;
	size_t i;

	buf_init(&setup->settings, MASTER_SETTINGS_MAX);
	setup->signer_fd = setup->certs_fd = -1;
	process->protocol = protocol;
	process->master = channel_new(&config);
	while (!setup->is_complete) {
		if (channel_step(process->master) == -1)
			exit(PROC_EXIT_MASTER_GONE);
	}
	set = config_wire_get(buf_head(&setup->settings),
	    buf_used(&setup->settings));
	if (set == NULL)
		fatal(PROC_EXIT_PROTOCOL, "settings are malformed");
	buf_clear(&setup->settings);
	/* RFC 4422, 3.1: clients are told the names in upper case. */
	for (i = 0; i < set->auth_mechanisms.n; i++)
		str_upper(set->auth_mechanisms.items[i]);
	process->set = set;
	process->service = &process->set->services[protocol->service];
	sources_init(&process->sources, process->set);
	splice_init(&process->pipe);
	process->is_single = process->service->login_process_per_connection;
	channel_set_state(process->master, LOGIN_SERVING);
}

/* Whether a client can come in clear and stay so. */
static bool
login_has_plain_port(const struct listeners *ls)
{
	size_t i;

	for (i = 0; i < ls->n; i++)
		if (!ls->items[i].is_tls)
			return true;
	return false;
}

/* Certificates are parsed in the jail, though the administrator chose them. */
static void
login_tls_start(struct login_setup *setup)
{
	struct login_process *process = &setup->process;

	if (setup->certs_fd == -1) {
		if (setup->signer_fd != -1)
			(void)close(setup->signer_fd);
		return;
	}
	process->tls = login_tls_new(process, setup->certs_fd,
	    setup->signer_fd);
	login_tls_tickets(process->tls, &setup->tickets);
	if (!login_tls_has_certs(process->tls))
		return;
	/* One for a single client leaves that to the check of the master. */
	if (!process->is_single)
		login_tls_self_test(process);
	if (!process->is_single || !login_has_plain_port(&process->listeners))
		(void)login_tls_clients(process);
}

static void
login_flush_log(void *arg)
{
	(void)arg;
	log_flush();
}

int
login_main(const struct login_protocol *protocol)
{
	static struct login_setup setup;
	static struct loop_hook hook;
	struct login_process *process = &setup.process;

	log_init_child(protocol->name, PROC_FD_LOG);
	login_hello(&setup, protocol);
	if (process->set->auth_debug)
		log_set_level(LOG_LEVEL_DEBUG);
	login_jail(process);
	login_tls_start(&setup);
	TAILQ_INIT(&process->waiting);
	TAILQ_INIT(&process->relayed);
	TAILQ_INIT(&process->unused);
	SLIST_INIT(&process->pool);
	process->loop = loop_new();
	login_timers_start(process);
	process->auth = auth_client_new(process);
	for (size_t i = 0; i < setup.nauths; i++)
		auth_client_open(process->auth, &setup.auths[i],
		    setup.auth_fds[i]);
	channel_send_empty(process->master, CHILD_READY, 0);
	if (process->is_single) {
		if (!listeners_wait(process))
			return 0;
	} else {
		listeners_start(process);
	}
	channel_attach(process->master, process->loop);
	loop_hook_add(process->loop, &hook, login_flush_log, NULL);
	loop_run(process->loop);
	channel_flush(process->master);
	log_flush();
	return 0;
}
