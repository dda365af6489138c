/*
 * backend: connects to the user's mail host and logs in there.
 * Runs in: login processes.
 * Hostile input: lines of mail hosts, bounded here, read by the protocol.
 * Never: sends the password to a host that auth did not name.
 */
#include "login-common/backend.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/clock.h"
#include "login-common/auth_client.h"
#include "login-common/backend_tls.h"
#include "login-common/haproxy.h"
#include "login-common/login_log.h"
#include "login-common/login_process.h"
#include "login-common/relay.h"
#include "login-common/session.h"
#include "login-common/session_identity.h"
#include "login-common/session_login.h"
#include "login-common/session_step.h"
#include "login-common/source.h"

static const char backend_no_host[] = "host-unavailable";
/* A client who leaves after so long has seen that the host is silent. */
#define BACKEND_PATIENCE_MS	5000

static void
backend_ready(void *arg, unsigned int what)
{
	struct session *s = arg;

	stream_note(&s->backend, what);
	if (s->login != NULL && (what & (LOOP_READ | LOOP_END)) != 0)
		s->login->has_heard = true;
	session_run(s);
}

void
backend_open(struct session *s, int fd)
{
	stream_open(&s->backend, s->process->loop, fd, backend_ready, s);
	s->login->backend_scanned = 0;
}

/* The time this address gets: a fair share of what is left for all. */
struct loop_timers *
backend_timers(struct session *s)
{
	struct session_login *login = s->login;
	uint64_t now = clock_ms(), left = 0;
	unsigned int tries = login->route.naddrs - login->next_addr + 1;

	if (login->backend_until_ms > now)
		left = login->backend_until_ms - now;
	if (tries > 1)
		left /= tries;
	/* One that may be down is asked, not waited for. */
	if (tries > 1 && login->next_addr == 1 && login->route.probe_ms > 0 &&
	    left > login->route.probe_ms)
		left = login->route.probe_ms;
	login->try_until_ms = now + left;
	return login_process_timers(s->process, left);
}

bool
backend_has_time(struct session *s)
{
	uint64_t now = clock_ms(), until = s->login->try_until_ms;

	if (now >= until)
		return false;
	loop_timer_start(login_process_timers(s->process, until - now),
	    &s->timer, s->timer.fn, s);
	return true;
}

/* Is it the host's fault that a connection cannot be begun? */
static bool
backend_is_unreachable(int error)
{
	return error == ECONNREFUSED || error == EHOSTUNREACH ||
	    error == ENETUNREACH || error == EHOSTDOWN || error == ENETDOWN;
}

enum login_auth_trouble
backend_trouble(int error)
{
	if (error == ETIMEDOUT)
		return LOGIN_AUTH_SILENT;
	return backend_is_unreachable(error) ? LOGIN_AUTH_UNREACHABLE :
	    LOGIN_AUTH_BROKEN;
}

/* Tries addresses until one connects or may still connect. */
static int
backend_connect(struct session *s)
{
	struct session_login *login = s->login;
	bool is_pending;
	int fd;

	while (login->next_addr < login->route.naddrs) {
		s->addr = (uint8_t)login->next_addr;
		s->host = login->route.addrs[login->next_addr++];
		login->has_heard = login->has_sent_login = false;
		login->is_unfit = false;
		login->backend_since_ms = clock_ms();
		fd = source_connect(&s->process->sources, &s->host,
		    &login->route.how.source, &is_pending, login->detail,
		    sizeof(login->detail));
		if (fd == -1) {
			if (backend_is_unreachable(errno))
				auth_client_tried(s->process->auth, s,
				    LOGIN_AUTH_UNREACHABLE, false);
			login_log_backend(s, login->detail);
			continue;
		}
		backend_open(s, fd);
		session_to(s, SESSION_BACKEND_CONNECT);
		/* The first bytes wait until there is a connection. */
		haproxy_put(s);
		if (login->route.tls.kind != LOGIN_AUTH_TLS_IMPLICIT ||
		    backend_tls_start(s) == 0)
			return 0;
		login_log_backend(s, login->detail);
		stream_close(&s->backend);
	}
	return -1;
}

/* No host of the user works, or none may be asked. */
static void
backend_give_up(struct session *s, const char *reason)
{
	auth_client_outcome(s->process->auth, s, LOGIN_AUTH_HOST_FAILED,
	    false);
	login_log_refused(s, reason);
	session_refuse(s, LOGIN_ANSWER_TEMP, "", false);
}

void
backend_start(struct session *s)
{
	uint32_t ms = s->login->route.timeout_ms;

	if (session_identity_is_loop(s)) {
		backend_give_up(s, "proxy-loop");
		return;
	}
	if (ms == 0)
		ms = s->process->set->login_proxy_timeout_ms;
	s->login->backend_until_ms = clock_ms() + ms;
	/* Also when no address could be tried: the refusal comes from here. */
	session_to(s, SESSION_BACKEND_CONNECT);
	if (backend_connect(s) == -1)
		backend_give_up(s, backend_no_host);
}

void
backend_failed(struct session *s, enum login_auth_trouble trouble,
    const char *what)
{
	auth_client_tried(s->process->auth, s, trouble,
	    s->login->has_sent_login);
	login_log_backend(s, what);
	stream_close(&s->backend);
	if (clock_ms() < s->login->backend_until_ms &&
	    backend_connect(s) == 0)
		return;
	backend_give_up(s, backend_no_host);
}

/* Has the host said anything, or its end? */
static bool
backend_has_spoken(struct session *s)
{
	uint8_t byte;

	if (s->login->has_heard)
		return true;
	/* The loop may be about to tell. */
	stream_recheck(&s->backend);
	return stream_peek(&s->backend, &byte, sizeof(byte)) > 0;
}

/* The next address that is not known to be down; naddrs: there is none. */
static unsigned int
backend_next_up(const struct session_login *login)
{
	unsigned int i = login->next_addr;

	while (i < login->route.naddrs && (login->route.down & 1u << i) != 0)
		i++;
	return i;
}

/* Others have found that the host is down: not waited for any longer. */
static void
backend_leave(struct session *s, bool may_wait)
{
	struct session_login *login = s->login;
	unsigned int next = backend_next_up(login);
	bool has_other = next < login->route.naddrs;

	if (!has_other && may_wait)
		return;
	if (has_other)
		login_log_backend(s, "host is down");
	stream_close(&s->backend);
	login->next_addr = next;
	if (backend_connect(s) == -1)
		backend_give_up(s, has_other ? backend_no_host :
		    login_auth_code_word(LOGIN_AUTH_CODE_HOST));
	session_run_later(s);
}

void
backend_host_down(struct session *s, const struct login_auth_host_down *m)
{
	struct login_auth_route *route = &s->login->route;

	for (unsigned int i = 0; i < route->naddrs; i++)
		if (netaddr_same(&route->addrs[i], &m->addr))
			route->down |= (uint8_t)(1u << i);
	if ((s->state == SESSION_BACKEND_CONNECT ||
	    s->state == SESSION_BACKEND_TLS) &&
	    netaddr_same(&s->host, &m->addr) && !backend_has_spoken(s))
		backend_leave(s, route->is_patient && !m->is_ordered);
}

void
backend_left(struct session *s)
{
	if (s->state == SESSION_BACKEND_CONNECT && clock_ms() -
	    s->login->backend_since_ms >= BACKEND_PATIENCE_MS)
		auth_client_tried(s->process->auth, s, LOGIN_AUTH_SILENT,
		    false);
}

void
backend_timeout(void *arg)
{
	struct session *s = arg;
	const char *what = "no login in time";

	if (backend_has_time(s))
		return;
	if (s->state == SESSION_BACKEND_CONNECT)
		what = "no greeting in time";
	else if (s->state == SESSION_BACKEND_TLS)
		what = "no TLS handshake in time";
	backend_failed(s, LOGIN_AUTH_SILENT, what);
	session_run_later(s);
}

void
backend_step_connect(struct session *s)
{
	if (!session_read_client(s))
		return;
	/*
	 * A mail host speaks first: that it is connected is of no interest
	 * before.  A failed connect is readable too, told by the first read.
	 */
	if (!s->backend.can_read)
		return;
	s->process->protocol->backend_start(s);
	session_to(s, SESSION_BACKEND_LOGIN);
}

/* Is it the credentials that the host does not like? */
static bool
backend_is_credentials(const char *code)
{
	static const char *const codes[] = {
		"", "AUTHENTICATIONFAILED", "AUTHORIZATIONFAILED", "AUTH",
	};

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (strcmp(code, codes[i]) == 0)
			return true;
	return false;
}

/* The host has answered our login with a refusal. */
static void
backend_refused(struct session *s)
{
	struct session_login *login = s->login;
	bool has_code = login->backend_code[0] != '\0';

	auth_client_outcome(s->process->auth, s,
	    backend_is_credentials(login->backend_code) ?
	    LOGIN_AUTH_REFUSED : LOGIN_AUTH_HOST_FAILED, true);
	login_log_refused(s, has_code ? login->backend_code : "host-refused");
	session_refuse(s, has_code ? LOGIN_ANSWER_HOST :
	    LOGIN_ANSWER_CREDENTIALS, "", !login->route.has_nodelay);
}

/* Handles one line, whose end is at lf, and takes it out of the buffer. */
static enum backend_result
backend_line(struct session *s, const uint8_t *line, const uint8_t *lf)
{
	size_t len = (size_t)(lf - line), drop = len + 1;
	enum backend_result result;

	if (len > 0 && line[len - 1] == '\r')
		len--;
	result = s->process->protocol->backend_line(s, (const char *)line,
	    len);
	/* A client whose line could not be queued is gone, and all with it. */
	if (s->backend.fd == -1 || s->state != SESSION_BACKEND_LOGIN)
		return result;
	buf_drop(&s->backend.in, drop);
	switch (result) {
	case BACKEND_MORE:
		break;
	case BACKEND_READY:
		relay_start(s);
		break;
	case BACKEND_TLS:
		backend_tls_upgrade(s);
		break;
	case BACKEND_REFUSED:
		backend_refused(s);
		break;
	case BACKEND_BROKEN:
		backend_failed(s, s->login->is_unfit ? LOGIN_AUTH_UNFIT :
		    LOGIN_AUTH_BROKEN, s->login->detail);
		break;
	}
	return result;
}

void
backend_step_login(struct session *s)
{
	struct stream *st = &s->backend;
	struct session_login *login = s->login;
	const uint8_t *head, *lf;

	if (!session_read_client(s))
		return;
	(void)stream_fill(st);
	while ((head = buf_head(&st->in)) != NULL &&
	    (lf = memchr(head + login->backend_scanned, '\n',
	    buf_used(&st->in) - login->backend_scanned)) != NULL) {
		login->backend_scanned = 0;
		if (backend_line(s, head, lf) != BACKEND_MORE ||
		    s->state != SESSION_BACKEND_LOGIN)
			return;
	}
	login->backend_scanned = buf_used(&st->in);
	if (login->backend_scanned >= SESSION_BACKEND_LINE_MAX)
		backend_failed(s, LOGIN_AUTH_BROKEN, "line too long");
	else if (st->error != 0)
		backend_failed(s, backend_trouble(st->error),
		    backend_tls_error(s));
	else if (st->has_eof)
		backend_failed(s, LOGIN_AUTH_BROKEN, "connection closed");
}
