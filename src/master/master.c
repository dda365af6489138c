/*
 * Starts the children in order, keeps them running, ends them.
 * Runs in: master.
 * Hostile input: none; children's messages were checked by child.c.
 * Never: reads from the network; waits for a child.
 */
#include "master/master.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "config/config_wire.h"
#include "config/settings.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/proc.h"
#include "lib/rnd.h"
#include "master/ctl_commands.h"
#include "master/fds.h"
#include "master/master_log.h"
#include "master/master_tls.h"
#include "master/peers.h"
#include "master/reload.h"
#include "master/room.h"

#define MASTER_TICK_MS		1000
/* A first start gives up after so many failures in a row. */
#define MASTER_START_TRIES	3
/* Listeners of children whose master died; they have 100 ms (SR-11). */
#define MASTER_BIND_WAIT_MS	2000
/* auth and workers end at once when asked. */
#define MASTER_END_MS		5000
/* Login processes without sessions do, too; others are left to relay. */
#define MASTER_LOGIN_END_MS	500
/* An old auth process ends with the login processes' last question. */
#define MASTER_OLD_DRAIN_MS	60000
/* Lines of one process in a second. */
#define MASTER_LOG_LINES_MANY	20000
#define MASTER_LOG_LINES_FEW	100

struct master_role {
	enum role_id	 role;
	int		 service;	/* enum service_id, -1: none */
};

static const struct master_role master_roles[MASTER_SERVICES] = {
	[MASTER_AUTH] = { ROLE_ID_AUTH, -1 },
	[MASTER_WORKER] = { ROLE_ID_AUTH_WORKER, -1 },
	[MASTER_SIGNER_SERVICE] = { ROLE_ID_TLS_SIGNER, -1 },
	[MASTER_IMAP_LOGIN] = { ROLE_ID_IMAP_LOGIN, SERVICE_IMAP },
	[MASTER_POP3_LOGIN] = { ROLE_ID_POP3_LOGIN, SERVICE_POP3 },
};

static void	master_on_started(struct service *, struct child *);
static void	master_on_ready(struct service *, struct child *);
static void	master_on_changed(struct service *);
static void	master_on_ended(struct service *, struct child *,
		    const struct child_end *, bool);
static void	master_on_worker_wanted(struct service *, struct child *);
static void	master_on_worker_hung(struct service *, struct child *, pid_t);

static const struct service_hooks master_hooks = {
	.started = master_on_started,
	.ready = master_on_ready,
	.changed = master_on_changed,
	.ended = master_on_ended,
	.worker_wanted = master_on_worker_wanted,
	.worker_hung = master_on_worker_hung,
	.mail_ask = mail_on_ask,
	.mail_start = mail_on_start,
};

/* From settings to services. */

static void
master_policy(const struct master *m, enum master_service i,
    struct service_policy *p)
{
	const struct settings *set = m->settings;
	const struct settings_service *s;

	memset(p, 0, sizeof(*p));
	p->log_lines_max = MASTER_LOG_LINES_MANY;
	if (i == MASTER_AUTH) {
		p->path = set->auth_executable;
		p->count = set->auth_count;
		return;
	}
	if (i == MASTER_WORKER) {
		p->path = set->auth_worker_executable;
		p->max = set->auth_worker_max_count;
		return;
	}
	if (i == MASTER_SIGNER_SERVICE) {
		p->path = set->tls_signer_executable;
		p->count = master_tls_has_keys(m) ? 1 : 0;
		return;
	}
	s = &set->services[master_roles[i].service];
	p->path = s->login_executable;
	p->is_per_connection = s->login_process_per_connection;
	p->count = s->is_enabled ? s->login_processes_count : 0;
	p->max = s->login_max_processes_count != 0 ?
	    s->login_max_processes_count : set->login_max_sessions;
	if (!p->is_per_connection)
		return;
	p->log_lines_max = MASTER_LOG_LINES_FEW;
	if (p->max > fds_processes_most())
		p->max = fds_processes_most();
}

void
master_configure_services(struct master *m)
{
	const struct settings *set = m->settings;
	struct service_policy policy;
	struct service *s;
	size_t i;

	for (i = 0; i < MASTER_SERVICES; i++) {
		s = &m->services[i];
		master_policy(m, (enum master_service)i, &policy);
		service_configure(s, &policy);
		buf_clear(&s->settings);
		buf_init(&s->settings, MASTER_SETTINGS_MAX);
		if (config_wire_put(&s->settings, set, s->role) == -1)
			fatal(EX_CONFIG, "the settings are too long");
	}
	fds_tell(set);
}

/* Children on their way. */

static void
master_send_fallback(const struct master *m, struct child *c)
{
	enum log_fallback kind;
	int fd;

	kind = master_log_fallback(m->log, &fd);
	if (kind != LOG_FALLBACK_NONE)
		child_send_fallback(c, kind, fd);
}

void
master_send_fallbacks(struct master *m)
{
	struct child *c;
	size_t i;

	for (i = 0; i < MASTER_SERVICES; i++)
		TAILQ_FOREACH(c, &m->services[i].children, entry)
			master_send_fallback(m, c);
}

static void
master_on_started(struct service *s, struct child *c)
{
	struct master *m = s->owner;
	const struct listener *l;
	size_t i;

	/* A tls-signer has no use for most of them. */
	if (s->role != ROLE_ID_TLS_SIGNER)
		child_send_settings(c, buf_head(&s->settings),
		    buf_used(&s->settings));
	master_send_fallback(m, c);
	master_tls_send(m, c);
	for (i = 0; s->listeners != NULL && i < s->listeners->n; i++) {
		l = &s->listeners->items[i];
		child_send_listener(c, &l->is, l->fd);
	}
	if (child_is_login(c))
		peers_join_login(m, c);
	/* A worker's channel to auth is made by who asked for it. */
	if (s->role == ROLE_ID_AUTH_WORKER)
		return;
	if (s->role == ROLE_ID_AUTH)
		child_send_self(c, &(struct master_auth){
			.index = (uint8_t)peers_free_index(m, c),
			.count = (uint8_t)s->policy.count });
	if (s->role == ROLE_ID_AUTH) {
		child_send_secret(c, &m->secret);
		peers_send_orders(m, c);
	}
	child_send(c, MASTER_START);
	/* One that replaces another is asked as soon as it can listen. */
	if (s->role == ROLE_ID_AUTH && m->nauths == s->policy.count &&
	    m->auths[c->self.index] == NULL)
		peers_use_auth(m, c);
	if (s->role == ROLE_ID_TLS_SIGNER)
		signers_use(m, c);
}

static void
master_drain_auth(struct service *s)
{
	struct child *c;

	TAILQ_FOREACH(c, &s->children, entry)
		if (c->state == CHILD_IS_OLD && c->kill_at_ms == 0)
			c->kill_at_ms = clock_ms() + MASTER_OLD_DRAIN_MS;
	service_drain_old(s);
}

/*
 * Old processes are let go when their successors can do their work: login
 * processes need auth and, with TLS, a tls-signer.
 */
static void
master_on_helper_ready(struct master *m)
{
	struct service *auth = &m->services[MASTER_AUTH];
	struct service *signer = &m->services[MASTER_SIGNER_SERVICE];
	size_t i;

	if (auth->n[CHILD_IS_SERVING] < auth->policy.count)
		return;
	peers_use_new_auths(m);
	if (signer->n[CHILD_IS_SERVING] < signer->policy.count)
		return;
	for (i = MASTER_IMAP_LOGIN; i < MASTER_SERVICES; i++) {
		m->services[i].is_on = true;
		service_drain_old(&m->services[i]);
	}
	master_drain_auth(auth);
	service_drain_old(signer);
}

/* Every service that is wanted has a process that serves. */
static bool
master_is_complete(const struct master *m)
{
	const struct service *s;
	size_t i;

	for (i = 0; i < MASTER_SERVICES; i++) {
		s = &m->services[i];
		if (s->policy.count == 0)
			continue;
		if (s->n[CHILD_IS_STARTING] > 0 ||
		    s->n[CHILD_IS_SERVING] + s->n[CHILD_IS_BUSY] == 0)
			return false;
	}
	return true;
}

static void
master_up(struct master *m)
{
	m->is_up = true;
	log_info("ready: pid=%ld config=%s", (long)getpid(), m->config_path);
	master_log_copy_to_stderr(m->log, false);
	if (m->ready_fd != -1)
		proc_detach_ready(m->ready_fd);
	m->ready_fd = -1;
}

static void
master_on_ready(struct service *s, struct child *c)
{
	struct master *m = s->owner;

	(void)c;
	if (m->is_stopping)
		return;
	if (s->role == ROLE_ID_AUTH || s->role == ROLE_ID_TLS_SIGNER)
		master_on_helper_ready(m);
	mail_tell(&m->mails);
}

static void
master_fill(void *arg)
{
	struct master *m = arg;
	size_t i;

	if (m->is_stopping)
		return;
	for (i = 0; i < MASTER_SERVICES; i++)
		if (i < MASTER_IMAP_LOGIN || !signers_are_starting(m))
			service_fill(&m->services[i]);
	peers_fill_workers(m);
	signers_fill(m);
	if (!m->is_up && master_is_complete(m))
		master_up(m);
}

static void
master_on_changed(struct service *s)
{
	struct master *m = s->owner;

	loop_defer(m->loop, &m->fill, master_fill, m);
}

/* The workers of an auth process are of no use to another one. */
static void
master_leave_workers(struct master *m, const struct child *auth)
{
	struct child *c;

	TAILQ_FOREACH(c, &m->services[MASTER_WORKER].children, entry) {
		if (c->auth != auth->pid || c->channel == NULL)
			continue;
		child_leave(c);
		c->kill_at_ms = clock_ms() + MASTER_END_MS;
	}
}

static void	master_maybe_end(struct master *);

static void
master_on_ended(struct service *s, struct child *c,
    const struct child_end *end, bool is_early)
{
	struct master *m = s->owner;

	(void)end;
	if (c != NULL && s->role == ROLE_ID_AUTH)
		master_leave_workers(m, c);
	if (c != NULL && s->role == ROLE_ID_AUTH)
		peers_forget_auth(m, c);
	if (m->is_stopping) {
		master_maybe_end(m);
		return;
	}
	/* A starter that waits must hear of it; else what works goes on. */
	if (is_early && m->ready_fd != -1 &&
	    s->nfailures >= MASTER_START_TRIES) {
		log_error("%s does not start, giving up",
		    role_name(s->role));
		m->status = EXIT_FAILURE;
		master_stop(m);
	}
}

static void
master_on_worker_wanted(struct service *s, struct child *auth)
{
	struct master *m = s->owner;

	if (auth->nwanted < m->services[MASTER_WORKER].policy.max)
		auth->nwanted++;
	master_on_changed(s);
}

static void
master_on_worker_hung(struct service *s, struct child *auth, pid_t pid)
{
	peers_kill_worker(s->owner, auth, pid);
}

/* The end. */

/* Ends when nobody is left but login processes that relay on. */
static void
master_maybe_end(struct master *m)
{
	uint32_t nlogin, nother;

	nother = service_total(&m->services[MASTER_AUTH]) +
	    service_total(&m->services[MASTER_WORKER]) +
	    service_total(&m->services[MASTER_SIGNER_SERVICE]);
	nlogin = service_total(&m->services[MASTER_IMAP_LOGIN]) +
	    service_total(&m->services[MASTER_POP3_LOGIN]);
	if (nother == 0 && (nlogin == 0 || m->is_grace_over))
		loop_stop(m->loop);
}

static void
master_on_grace(void *arg)
{
	struct master *m = arg;

	m->is_grace_over = true;
	master_maybe_end(m);
}

static void
master_stop_login(struct service *s, bool shut_down_clients)
{
	room_unwatch(s);
	if (shut_down_clients)
		service_send(s, MASTER_STOP);
	else
		service_leave(s);
}

void
master_stop(struct master *m)
{
	bool shuts = m->settings->shutdown_clients;
	size_t i;

	if (m->is_stopping)
		return;
	m->is_stopping = true;
	reload_cancel(m);
	for (i = 0; i <= SERVICE_LAST; i++)
		listeners_close(&m->listeners[i], NULL);
	ctl_server_close(&m->ctl);
	rundir_release(&m->rundir);
	if (shuts)
		mail_end_all(&m->mails);
	for (i = 0; i < MASTER_SERVICES; i++) {
		m->services[i].is_on = false;
		if (i >= MASTER_IMAP_LOGIN) {
			master_stop_login(&m->services[i], shuts);
			continue;
		}
		service_leave(&m->services[i]);
		service_kill_after(&m->services[i], MASTER_END_MS);
	}
	loop_timer_start(shuts ? &m->ends : &m->login_ends, &m->grace,
	    master_on_grace, m);
	master_maybe_end(m);
}

/* Signals and the clock. */

static void
master_on_term(void *arg)
{
	struct master *m = arg;

	if (!m->is_stopping)
		log_info("stopping");
	master_stop(m);
}

static void
master_reopen(struct master *m)
{
	(void)master_log_reopen(m->log);
	master_send_fallbacks(m);
	log_info("log files opened again");
}

/* Once a second is enough. */
static bool
master_grant(struct master_wish *wish)
{
	uint64_t now = clock_ms();

	if (!wish->is_open || (wish->granted_ms != 0 &&
	    now - wish->granted_ms < MASTER_TICK_MS))
		return false;
	wish->is_open = false;
	wish->granted_ms = now;
	return true;
}

bool
master_can_reload(const struct master *m)
{
	return m->is_up && !m->is_stopping && m->job == NULL &&
	    m->services[MASTER_AUTH].n[CHILD_IS_STARTING] == 0 &&
	    m->services[MASTER_SIGNER_SERVICE].n[CHILD_IS_STARTING] == 0;
}

static void
master_follow_signals(struct master *m)
{
	if (master_can_reload(m) && master_grant(&m->reload))
		reload(m, NULL);
	if (master_grant(&m->reopen))
		master_reopen(m);
}

static void
master_on_hup(void *arg)
{
	struct master *m = arg;

	m->reload.is_open = true;
	master_follow_signals(m);
}

static void
master_on_usr1(void *arg)
{
	struct master *m = arg;

	m->reopen.is_open = true;
	master_follow_signals(m);
}

static void
master_on_second(void *arg)
{
	struct master *m = arg;
	size_t i;

	for (i = 0; i < MASTER_SERVICES; i++)
		service_tick(&m->services[i]);
	ctl_server_tick(&m->ctl);
	mail_tick(&m->mails);
	master_tls_tick(m);
	master_follow_signals(m);
	loop_timer_start(&m->seconds, &m->second, master_on_second, m);
}

/* The start. */

static void
master_init(struct master *m)
{
	struct service *s;
	size_t i;

	m->loop = loop_new();
	m->log = master_log_new(m->loop);
	log_init_sink(role_name(ROLE_ID_MASTER), master_log_sink, m->log);
	for (i = 0; i < MASTER_SERVICES; i++) {
		s = &m->services[i];
		service_init(s, master_roles[i].role, m->loop, m->log,
		    &master_hooks, m);
		if (master_roles[i].service != -1)
			s->listeners = &m->listeners[master_roles[i].service];
	}
	loop_timers_init(m->loop, &m->seconds, MASTER_TICK_MS);
	loop_timers_init(m->loop, &m->ends, MASTER_END_MS);
	loop_timers_init(m->loop, &m->login_ends, MASTER_LOGIN_END_MS);
	loop_signal(m->loop, SIGTERM, master_on_term, m);
	loop_signal(m->loop, SIGINT, master_on_term, m);
	loop_signal(m->loop, SIGHUP, master_on_hup, m);
	loop_signal(m->loop, SIGUSR1, master_on_usr1, m);
	m->rundir.dir_fd = m->rundir.pid_fd = -1;
	ctl_server_init(&m->ctl, m->loop, &ctl_commands, m);
	mail_init(&m->mails, m);
	rnd_bytes(m->secret.bytes, sizeof(m->secret.bytes));
	m->started_ms = clock_ms();
}

static int
master_listen(struct master *m)
{
	struct listeners_fault fault;
	size_t i;

	for (i = 0; i <= SERVICE_LAST; i++) {
		if (listeners_open(&m->listeners[i], (enum service_id)i,
		    &m->settings->services[i], NULL, MASTER_BIND_WAIT_MS,
		    &fault) == -1) {
			log_error("%s", fault.text);
			return -1;
		}
	}
	return 0;
}

/* Everything that may be refused, in an order that harms nobody. */
static int
master_prepare(struct master *m)
{
	char fault[RUNDIR_FAULT_MAX] = "";

	if (rundir_take(&m->rundir, m->settings, fault,
	    sizeof(fault)) == -1 ||
	    ctl_server_open(&m->ctl, &m->rundir, fault,
	    sizeof(fault)) == -1) {
		log_error("%s", fault);
		return -1;
	}
	if (master_listen(m) == -1)
		return -1;
	return master_log_configure(m->log, m->settings, m->is_foreground);
}

static void
master_begin(struct master *m)
{
	size_t i;

	if (!m->has_root)
		log_warn("started without root: all processes run as one "
		    "user, without a root directory of their own");
	for (i = 0; i <= SERVICE_LAST; i++)
		listeners_log(&m->listeners[i], (enum service_id)i, NULL);
	master_configure_services(m);
	signers_renew(m);
	m->nauths = m->settings->auth_count;
	if (m->settings->has_tls)
		(void)tickets_turn(&m->tickets, clock_ms(),
		    m->settings->ssl_ticket_rotate_ms);
	/* Login processes begin when auth can answer them. */
	m->services[MASTER_AUTH].is_on = true;
	m->services[MASTER_WORKER].is_on = true;
	m->services[MASTER_SIGNER_SERVICE].is_on = true;
	master_on_changed(&m->services[MASTER_AUTH]);
	loop_timer_start(&m->seconds, &m->second, master_on_second, m);
}

static void
master_end(struct master *m)
{
	size_t i;

	for (i = 0; i <= SERVICE_LAST; i++)
		listeners_close(&m->listeners[i], NULL);
	ctl_server_clear(&m->ctl);
	rundir_release(&m->rundir);
	mail_clear(&m->mails);
	for (i = 0; i < MASTER_SERVICES; i++)
		service_clear(&m->services[i]);
	loop_timers_clear(&m->seconds);
	loop_timers_clear(&m->ends);
	loop_timers_clear(&m->login_ends);
	if (m->status == 0)
		log_info("stopped");
	log_init_stderr(role_name(ROLE_ID_MASTER));
	master_log_free(m->log);
	master_tls_clear(m);
	settings_free(m->settings);
	loop_free(m->loop);
}

int
master_run(struct settings *settings, struct certs *certs,
    const char *config_path, bool is_foreground, int ready_fd)
{
	struct master m = {
		.config_path = config_path,
		.is_foreground = is_foreground,
		.has_root = geteuid() == 0,
		.ready_fd = ready_fd,
		.settings = settings,
		.certs = certs,
	};

	fds_raise(settings);
	master_init(&m);
	if (master_prepare(&m) == -1)
		m.status = EXIT_FAILURE;
	else {
		master_log_copy_to_stderr(m.log, true);
		master_begin(&m);
		loop_run(m.loop);
	}
	master_end(&m);
	return m.status;
}
