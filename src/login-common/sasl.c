/*
 * sasl: the AUTHENTICATE and AUTH exchange with a client.
 * Runs in: login processes.
 * Hostile input: base64 lines of clients.
 * Never: looks into a response; the mechanism runs in auth.
 */
#include "login-common/sasl.h"

#include <bsd/string.h>
#include <ctype.h>
#include <string.h>

#include "lib/base64.h"
#include "lib/strutil.h"
#include "login-common/auth_client.h"
#include "login-common/login_log.h"
#include "login-common/login_process.h"
#include "login-common/sasl_mech.h"
#include "login-common/session.h"
#include "login-common/session_login.h"
#include "login-common/session_step.h"
#include "login-common/session_token.h"

/* The exchange is over before it came to credentials. */
static void
sasl_end(struct session *s, enum login_answer answer)
{
	auth_client_cancel(s->process->auth, s);
	session_refuse(s, answer, "", false);
	if (s->state == SESSION_COMMAND)
		(void)session_bad_command(s);
}

/* A response that cannot be right: auth hears of no wrong base64. */
static void
sasl_refuse(struct session *s, enum sasl_result result)
{
	if (result == SASL_BAD) {
		sasl_end(s, LOGIN_ANSWER_BAD);
		return;
	}
	auth_client_cancel(s->process->auth, s);
	login_log_refused(s, "sasl-too-long");
	session_refuse(s, LOGIN_ANSWER_CREDENTIALS, "", true);
}

/* RFC 4422, 3.1: what auth knows of is at most this. */
static bool
sasl_is_mech(const char *mech, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (!isalnum((unsigned char)mech[i]) && mech[i] != '-' &&
		    mech[i] != '_')
			return false;
	}
	return len > 0 && len <= LOGIN_AUTH_MECH_MAX;
}

enum cmd_result
sasl_start(struct session *s, const char *mech, size_t mlen,
    const char *initial, size_t ilen)
{
	uint8_t bytes[SASL_RESPONSE_MAX];
	enum sasl_result result = SASL_OK;
	const char *prompt;
	size_t n = 0;

	if (!sasl_is_mech(mech, mlen)) {
		session_refuse(s, LOGIN_ANSWER_MECH, "", false);
		return session_bad_command(s);
	}
	memcpy(s->login->mech, mech, mlen);
	s->login->mech[mlen] = '\0';
	str_upper(s->login->mech);
	if (sasl_mech_needs_tls(s, s->login->mech))
		return session_refuse_plaintext(s);
	(void)strlcpy(s->mech, s->login->mech, sizeof(s->mech));
	s->login->ntries++;
	if (initial != NULL)
		result = sasl_decode_line(initial, ilen, true, bytes,
		    sizeof(bytes), &n);
	if (result != SASL_OK) {
		sasl_refuse(s, result);
		return s->state == SESSION_COMMAND ? CMD_DONE : CMD_LATER;
	}
	memset(&s->login->sasl_line, 0, sizeof(s->login->sasl_line));
	session_to(s, SESSION_AUTH_WAIT);
	prompt = sasl_mech_prompt(s, s->login->mech);
	if (initial == NULL && auth_client_needs_name(s->process->auth) &&
	    prompt != NULL) {
		s->login->has_asked_name = true;
		s->process->protocol->challenge(s, prompt);
		session_to(s, SESSION_SASL_REPLY);
		return CMD_LATER;
	}
	s->login->has_asked_name = false;
	session_token_keep(s, bytes, n);
	auth_client_submit(s->process->auth, s, initial != NULL, bytes, n);
	explicit_bzero(bytes, n);
	return CMD_LATER;
}

void
sasl_challenge(struct session *s, const uint8_t *data, size_t len)
{
	char text[BASE64_ENCODED_SIZE(LOGIN_AUTH_RESPONSE_MAX)];

	if (base64_encode(text, sizeof(text), data, len) == -1) {
		sasl_end(s, LOGIN_ANSWER_TEMP);
		return;
	}
	s->process->protocol->challenge(s, text);
	session_to(s, SESSION_SASL_REPLY);
	session_run(s);
}

/* One line of the client, without its end. */
static void
sasl_line(struct session *s, const char *line, size_t len)
{
	uint8_t bytes[SASL_RESPONSE_MAX];
	enum sasl_result result;
	size_t n;

	if (session_token_told(s))
		return;
	if (sasl_is_cancel(line, len)) {
		auth_client_cancel(s->process->auth, s);
		session_refuse(s, LOGIN_ANSWER_CANCELLED, "", false);
		return;
	}
	result = sasl_decode_line(line, len, false, bytes, sizeof(bytes), &n);
	if (result != SASL_OK) {
		sasl_refuse(s, result);
		return;
	}
	session_to(s, SESSION_AUTH_WAIT);
	if (s->login->token == NULL)
		session_token_keep(s, bytes, n);
	if (s->login->has_asked_name) {
		s->login->has_asked_name = false;
		auth_client_submit(s->process->auth, s, true, bytes, n);
	} else {
		auth_client_continue(s->process->auth, s, bytes, n);
	}
	explicit_bzero(bytes, n);
}

void
sasl_step(struct session *s)
{
	size_t len = 0, used = 0;

	if (s->login->is_overdue) {
		session_close(s, SESSION_REASON_TIMEOUT);
		return;
	}
	if (!session_read_client(s))
		return;
	if (buf_used(&s->client.in) == 0)
		return;
	switch (sasl_line_find(&s->login->sasl_line,
	    (const char *)buf_head(&s->client.in), buf_used(&s->client.in),
	    &len, &used)) {
	case SASL_LINE_MORE:
		if (stream_is_over(&s->client))
			session_close(s, SESSION_REASON_CLIENT_GONE);
		break;
	case SASL_LINE_DONE:
		sasl_line(s, (const char *)buf_head(&s->client.in), len);
		buf_drop(&s->client.in, used);
		break;
	case SASL_LINE_TOO_LONG:
		session_close(s, SESSION_REASON_TOO_BIG);
		break;
	case SASL_LINE_FATAL:
		session_close(s, SESSION_REASON_FOREIGN);
		break;
	}
}
