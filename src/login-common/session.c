/*
 * session: one client's life, from accept to the last byte.
 * Runs in: login processes.
 * Hostile input: carries it to the protocol's parser.
 * Never: logs or keeps a password; frees a session amid a callback.
 */
#include "login-common/session.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/sock.h"
#include "lib/xmem.h"
#include "login-common/auth_client.h"
#include "login-common/backend.h"
#include "login-common/backend_tls.h"
#include "login-common/client_tls.h"
#include "login-common/haproxy.h"
#include "login-common/login_log.h"
#include "login-common/login_process.h"
#include "login-common/session_id.h"
#include "login-common/session_identity.h"
#include "login-common/session_step.h"
#include "login-common/session_token.h"

/*
 * Sessions are carved from blocks of so many: between the buffers of logins,
 * which come and go, each would leave a hole behind that nothing else fits.
 */
#define SESSION_BLOCK		32
/* Unused session_logins that are kept: a burst's worth, 300 kB at most. */
#define SESSION_POOL_MAX	64

static void
session_client_ready(void *arg, unsigned int what)
{
	struct session *s = arg;

	stream_note(&s->client, what);
	session_run(s);
}

static struct session *
session_alloc(struct login_process *process)
{
	size_t n = process->is_single ? 1 : SESSION_BLOCK;
	struct session *s = TAILQ_FIRST(&process->unused);

	if (s == NULL) {
		for (s = xcalloc(n, sizeof(*s)); n > 0; n--, s++)
			TAILQ_INSERT_TAIL(&process->unused, s, entry);
		s = TAILQ_FIRST(&process->unused);
	}
	TAILQ_REMOVE(&process->unused, s, entry);
	memset(s, 0, sizeof(*s));
	return s;
}

/* Takes a cleared session_login from the pool, or a new one. */
static struct session_login *
session_login_new(struct login_process *process, struct session *s)
{
	struct session_login *login = SLIST_FIRST(&process->pool);

	if (login != NULL) {
		SLIST_REMOVE_HEAD(&process->pool, pooled);
		process->npool--;
	} else {
		login = xcalloc(1, sizeof(*login) +
		    process->protocol->state_size);
	}
	login->session = s;
	return login;
}

/* Wipes it: a password may have been in it. */
static void
session_login_free(struct session *s)
{
	struct login_process *process = s->process;
	struct session_login *login = s->login;

	if (login == NULL)
		return;
	auth_client_cancel(process->auth, s);
	loop_timer_stop(&login->deadline);
	session_token_forget(s);
	explicit_bzero(login, sizeof(*login) + process->protocol->state_size);
	s->login = NULL;
	TAILQ_REMOVE(&process->waiting, s, entry);
	process->nwaiting--;
	if (process->npool == SESSION_POOL_MAX) {
		free(login);
		return;
	}
	SLIST_INSERT_HEAD(&process->pool, login, pooled);
	process->npool++;
}

static void
session_deadline(void *arg)
{
	struct session *s = arg;

	/* Amid work of ours or of the mail host it may finish that. */
	if (s->state == SESSION_COMMAND || s->state == SESSION_SASL_REPLY ||
	    s->state == SESSION_TLS_HANDSHAKE ||
	    s->state == SESSION_PROXY_HEADER)
		session_close(s, SESSION_REASON_TIMEOUT);
	else
		s->login->is_overdue = true;
}

/* Is there room for one more? An older client may have to go. */
static bool
session_make_room(struct login_process *process)
{
	if (process->is_draining)
		return false;
	if (process->nrelayed + process->nwaiting >
	    process->set->login_max_sessions)
		return false;
	if (process->is_single ||
	    process->nwaiting <= process->service->login_max_connections)
		return true;
	return session_evict(process);
}

void
session_begin(struct session *s)
{
	session_identity_begin(s);
	if (s->login->is_tls_port) {
		client_tls_start(s);
	} else {
		s->process->protocol->greet(s);
		session_to(s, SESSION_COMMAND);
	}
}

void
session_new(struct login_process *process, int fd, const struct netaddr *rip,
    const struct listener *listener)
{
	struct session *s = session_alloc(process);

	s->process = process;
	s->state = SESSION_GREETING;
	s->rip = s->real_rip = *rip;
	s->start_ms = clock_ms();
	session_id_make(s->id);
	stream_init(&s->client, SESSION_CLIENT_IN_MAX, SESSION_CLIENT_OUT_MAX);
	stream_init(&s->backend, SESSION_BACKEND_IN_MAX,
	    SESSION_BACKEND_OUT_MAX);
	s->lip = listener->addr;
	if (listener->is_any)
		(void)sock_local(fd, &s->lip);
	s->real_lip = s->lip;
	s->login = session_login_new(process, s);
	s->login->is_tls_port = listener->is_tls;
	stream_open(&s->client, process->loop, fd, session_client_ready, s);
	TAILQ_INSERT_TAIL(&process->waiting, s, entry);
	process->nwaiting++;
	if (!session_make_room(process)) {
		session_close(s, process->is_draining ?
		    SESSION_REASON_SHUTDOWN : SESSION_REASON_FULL);
		return;
	}
	loop_timer_start(&process->login_timers, &s->login->deadline,
	    session_deadline, s);
	if (listener->is_haproxy)
		haproxy_start(s);
	else
		session_begin(s);
	session_run(s);
	login_process_changed(process);
}

bool
session_evict(struct login_process *process)
{
	struct session *s;

	TAILQ_FOREACH(s, &process->waiting, entry) {
		if (s->is_dead || !session_state_row(s->state)->can_evict)
			continue;
		session_close(s, SESSION_REASON_EVICTED);
		return true;
	}
	return false;
}

void
session_to(struct session *s, enum session_state to)
{
	const struct session_state_row *row = session_state_row(to);

	if (!session_state_may(s->state, to))
		fatal(EX_SOFTWARE, "session %s: no way from %s to %s", s->id,
		    session_state_name(s->state), session_state_name(to));
	log_debug("session %s: %s -> %s", s->id,
	    session_state_name(s->state), row->name);
	s->state = to;
	/*
	 * The edge that told of the command may have told of a reset too, and
	 * nothing tells of that again.
	 */
	if (to == SESSION_AUTH_WAIT)
		stream_recheck(&s->client);
	if (row->keeps_timer)
		return;
	if (row->timers == NULL)
		loop_timer_stop(&s->timer);
	else
		loop_timer_start(row->timers(s), &s->timer, row->timeout, s);
}

/* Why nothing can be sent to a client that is not logged in. */
static enum session_reason
session_output_reason(const struct session *s)
{
	return s->client.error == EPIPE || s->client.error == ECONNRESET ?
	    SESSION_REASON_CLIENT_GONE : SESSION_REASON_OUTPUT;
}

/* Sends what was queued; a side that is broken ends the session. */
static void
session_flush(struct session *s)
{
	if (s->client.fd != -1 && stream_flush(&s->client) == -1)
		session_close(s, s->login == NULL ?
		    SESSION_REASON_CLIENT_LOST : session_output_reason(s));
	if (s->backend.fd != -1 && !s->is_dead &&
	    (s->state == SESSION_BACKEND_LOGIN ||
	    s->state == SESSION_BACKEND_TLS ||
	    buf_used(&s->backend.out) > 0) &&
	    stream_flush(&s->backend) == -1)
		backend_failed(s, backend_trouble(s->backend.error),
		    backend_tls_error(s));
}

void
session_run(struct session *s)
{
	const struct session_state_row *row;
	enum session_state before;

	do {
		before = s->state;
		row = session_state_row(before);
		if (!s->is_dead && row->step != NULL)
			row->step(s);
		if (!s->is_dead && s->state != SESSION_RELAY)
			session_flush(s);
	} while (s->state != before && !s->is_dead);
}

static void
session_free(struct session *s)
{
	struct login_process *process = s->process;

	if (s->login != NULL) {
		session_login_free(s);
	} else {
		TAILQ_REMOVE(&process->relayed, s, entry);
		process->nrelayed--;
	}
	loop_timer_stop(&s->timer);
	stream_close(&s->client);
	stream_close(&s->backend);
	free(s->user);
	free(s->front);
	TAILQ_INSERT_HEAD(&process->unused, s, entry);
	login_process_changed(process);
}

/* End of the turn: the object is freed, or there is more to do. */
static void
session_later(void *arg)
{
	struct session *s = arg;

	if (s->is_dead)
		session_free(s);
	else
		session_run(s);
}

void
session_run_later(struct session *s)
{
	loop_defer(s->process->loop, &s->deferred, session_later, s);
}

void
session_die(struct session *s)
{
	s->is_dead = true;
	session_run_later(s);
}

void
session_close(struct session *s, enum session_reason reason)
{
	if (s->state == SESSION_CLOSING)
		return;
	s->reason = reason;
	backend_left(s);
	session_to(s, SESSION_CLOSING);
	login_log_end(s);
	stream_close(&s->backend);
	if (s->login != NULL) {
		auth_client_cancel(s->process->auth, s);
		auth_client_outcome(s->process->auth, s, LOGIN_AUTH_GONE,
		    false);
		loop_timer_stop(&s->login->deadline);
		if (s->client.error == 0 && client_tls_can_talk(s) &&
		    !s->login->is_handed_over)
			s->process->protocol->bye(s, reason);
	} else {
		auth_client_end(s->process->auth, s);
	}
	/* Who lingers gets the last line and the end in one piece. */
	if (!session_reason_lingers(reason) || stream_is_over(&s->client)) {
		if (s->client.fd != -1)
			(void)!stream_flush(&s->client);
		session_die(s);
	} else {
		session_run_later(s);
	}
}

void
session_put(struct session *s, const char *text, size_t len)
{
	if (stream_put(&s->client, text, len) == -1)
		session_close(s, SESSION_REASON_OUTPUT);
}

/* Formats into a stream's queue; -1 when it does not fit. */
static int __attribute__((format(printf, 2, 0)))
session_vput(struct stream *st, const char *fmt, va_list ap)
{
	char line[SESSION_BACKEND_LINE_MAX];
	int n, result;

	n = vsnprintf(line, sizeof(line), fmt, ap);
	if (n < 0 || (size_t)n >= sizeof(line))
		return -1;
	result = stream_put(st, line, (size_t)n);
	explicit_bzero(line, (size_t)n);
	return result;
}

void
session_printf(struct session *s, const char *fmt, ...)
{
	va_list ap;
	int result;

	va_start(ap, fmt);
	result = session_vput(&s->client, fmt, ap);
	va_end(ap);
	if (result == -1)
		session_close(s, SESSION_REASON_OUTPUT);
}

void
session_backend_put(struct session *s, const char *text, size_t len)
{
	/* A full queue sets the stream's error, which the flush reports. */
	(void)!stream_put(&s->backend, text, len);
}

void
session_backend_printf(struct session *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)!session_vput(&s->backend, fmt, ap);
	va_end(ap);
}

void
session_logged_in(struct session *s)
{
	session_login_free(s);
	TAILQ_INSERT_TAIL(&s->process->relayed, s, entry);
	s->process->nrelayed++;
}
