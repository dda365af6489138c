/*
 * session_step: what a session does while it waits for the client or time.
 * Runs in: login processes.
 * Hostile input: reads it for the protocol, does not look at it.
 * Never: frees a session.
 */
#include "login-common/session_step.h"

#include "login-common/auth_client.h"
#include "login-common/client_tls.h"
#include "login-common/login_process.h"
#include "login-common/session.h"
#include "login-common/session_login.h"

bool
session_read_client(struct session *s)
{
	(void)stream_fill(&s->client);
	if (s->client.error != 0) {
		session_close(s, client_tls_has_failed(s) ?
		    SESSION_REASON_TLS_FAILED : SESSION_REASON_CLIENT_GONE);
		return false;
	}
	/* Commands sent ahead of a half close are still served. */
	if (s->client.has_eof && buf_used(&s->client.in) == 0) {
		session_close(s, SESSION_REASON_CLIENT_GONE);
		return false;
	}
	return true;
}

void
session_step_command(struct session *s)
{
	enum cmd_result result = CMD_DONE;

	if (s->login->is_overdue) {
		session_close(s, SESSION_REASON_TIMEOUT);
		return;
	}
	while (s->state == SESSION_COMMAND && result == CMD_DONE) {
		if (buf_used(&s->client.in) == 0 && !session_read_client(s))
			return;
		if (buf_used(&s->client.in) == 0)
			return;
		result = s->process->protocol->command(s);
		if (result == CMD_TLS)
			client_tls_upgrade(s);
		if (result != CMD_MORE)
			continue;
		/* With half a command may have come that there is no rest. */
		stream_recheck(&s->client);
		if (stream_fill(&s->client) > 0)
			result = CMD_DONE;
		else if (stream_is_over(&s->client))
			session_close(s, SESSION_REASON_CLIENT_GONE);
	}
}

void
session_step_wait(struct session *s)
{
	(void)session_read_client(s);
}

struct loop_timers *
session_auth_timers(struct session *s)
{
	return &s->process->auth_timers;
}

struct loop_timers *
session_delay_timers(struct session *s)
{
	return &s->process->delay_timers;
}

struct loop_timers *
session_closing_timers(struct session *s)
{
	return &s->process->closing_timers;
}

/* Auth has deadlines of its own and answers before; this is the net. */
void
session_auth_timeout(void *arg)
{
	struct session *s = arg;

	auth_client_cancel(s->process->auth, s);
	session_refuse(s, LOGIN_ANSWER_TEMP, "auth-timeout", false);
	session_run(s);
}

void
session_delay_timeout(void *arg)
{
	struct session *s = arg;

	session_say(s, s->login->delayed, s->login->backend_code);
	session_run(s);
}

/* What a client still sends after our last line is read and forgotten. */
void
session_step_closing(struct session *s)
{
	size_t n;

	stream_shut(&s->client);
	do {
		n = stream_fill(&s->client);
		buf_drop(&s->client.in, buf_used(&s->client.in));
	} while (n > 0);
	if (stream_is_over(&s->client))
		session_die(s);
}

void
session_closing_timeout(void *arg)
{
	session_die(arg);
}
