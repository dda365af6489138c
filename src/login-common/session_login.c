/*
 * session_login: a session's way through auth: asking, answers, refusals.
 * Runs in: login processes.
 * Hostile input: names and passwords, which it only checks and hands on.
 * Never: decides who a user is.
 */
#include "login-common/session_login.h"

#include <bsd/string.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "lib/xmem.h"
#include "login-common/auth_client.h"
#include "login-common/backend.h"
#include "login-common/local.h"
#include "login-common/login_log.h"
#include "login-common/login_process.h"
#include "login-common/referral.h"
#include "login-common/session.h"
#include "login-common/session_token.h"

bool
session_plaintext_ok(const struct session *s)
{
	const struct login_process *process = s->process;

	if (process->set->auth_ssl_require_client_cert)
		return s->client.tls != NULL;
	return s->login->is_secured ||
	    (!process->service->disable_plaintext_auth &&
	    strcmp(process->set->ssl, "required") != 0);
}

bool
session_login_is_offered(const struct session *s)
{
	const struct settings_list *mechs = &s->process->set->auth_mechanisms;

	for (size_t i = 0; i < mechs->n; i++)
		if (strcmp(mechs->items[i], "PLAIN") == 0)
			return session_plaintext_ok(s);
	return false;
}

enum cmd_result
session_bad_command(struct session *s)
{
	if (++s->login->nbad < s->process->set->login_bad_commands_max)
		return CMD_DONE;
	session_close(s, SESSION_REASON_BAD_COMMANDS);
	return CMD_CLOSE;
}

enum cmd_result
session_refuse_plaintext(struct session *s)
{
	login_log_refused(s, "unprotected");
	session_refuse(s, LOGIN_ANSWER_PRIVACY, "", false);
	return session_bad_command(s);
}

/* Remembers the name for the log, whatever becomes of it. */
static void
session_set_user(struct session *s, const char *user, size_t len)
{
	free(s->user);
	s->user = xstrndup(user, len);
}

enum cmd_result
session_login_plain(struct session *s, const char *user, size_t ulen,
    const char *pass, size_t plen, const char *method)
{
	char initial[SASL_USER_MAX + SASL_PASS_MAX + 2];

	s->login->ntries++;
	(void)strlcpy(s->mech, method, sizeof(s->mech));
	session_set_user(s, user, ulen);
	if (ulen == 0 || ulen > SASL_USER_MAX || plen == 0 ||
	    plen > SASL_PASS_MAX || !sasl_text_ok(user, ulen) ||
	    !sasl_text_ok(pass, plen)) {
		session_refuse(s, LOGIN_ANSWER_CREDENTIALS, "syntax", true);
		return CMD_LATER;
	}
	initial[0] = '\0';
	memcpy(initial + 1, user, ulen);
	initial[1 + ulen] = '\0';
	memcpy(initial + 2 + ulen, pass, plen);
	(void)strlcpy(s->login->mech, "PLAIN", sizeof(s->login->mech));
	session_to(s, SESSION_AUTH_WAIT);
	auth_client_submit(s->process->auth, s, true, initial,
	    2 + ulen + plen);
	explicit_bzero(initial, 2 + ulen + plen);
	return CMD_LATER;
}

void
session_say(struct session *s, enum login_answer answer, const char *text)
{
	if (session_token_tell(s, answer))
		return;
	session_token_forget(s);
	s->process->protocol->answer(s, answer, text);
	if (s->state != SESSION_COMMAND && s->state != SESSION_CLOSING)
		session_to(s, SESSION_COMMAND);
}

void
session_refuse(struct session *s, enum login_answer answer, const char *text,
    bool has_delay)
{
	explicit_bzero(s->login->route.pass, sizeof(s->login->route.pass));
	stream_close(&s->backend);
	s->is_local = false;
	s->host = (struct netaddr){ .family = NETADDR_NONE };
	if (answer == LOGIN_ANSWER_HOST)
		text = s->login->backend_code;
	else
		(void)strlcpy(s->login->backend_code, "",
		    sizeof(s->login->backend_code));
	if (has_delay && s->process->set->auth_failure_delay_ms > 0) {
		s->login->delayed = answer;
		session_to(s, SESSION_DELAY);
		return;
	}
	session_say(s, answer, text);
}

/* What auth's code means for the client. */
static const enum login_answer auth_answers[] = {
	[LOGIN_AUTH_CODE_CREDENTIALS] = LOGIN_ANSWER_CREDENTIALS,
	[LOGIN_AUTH_CODE_TEMP] = LOGIN_ANSWER_TEMP,
	[LOGIN_AUTH_CODE_AUTHZ] = LOGIN_ANSWER_AUTHZ,
	[LOGIN_AUTH_CODE_DISABLED] = LOGIN_ANSWER_DISABLED,
	[LOGIN_AUTH_CODE_BAD] = LOGIN_ANSWER_BAD,
	[LOGIN_AUTH_CODE_MECH] = LOGIN_ANSWER_MECH,
	[LOGIN_AUTH_CODE_LIMIT] = LOGIN_ANSWER_LIMIT,
	[LOGIN_AUTH_CODE_PENALTY] = LOGIN_ANSWER_TEMP,
	[LOGIN_AUTH_CODE_HOST] = LOGIN_ANSWER_TEMP,
	[LOGIN_AUTH_CODE_REFERRAL] = LOGIN_ANSWER_REFERRAL,
};

void
session_auth_ok(struct session *s)
{
	const char *user = s->login->route.user;

	s->login->next_addr = 0;
	session_set_user(s, user, strlen(user));
	backend_start(s);
	session_run(s);
}

static void
session_refer(struct session *s, const struct login_auth_fail *fail)
{
	char to[REFERRAL_TEXT_MAX];
	char text[REFERRAL_TEXT_MAX + LOGIN_AUTH_REASON_MAX + 1];

	(void)snprintf(text, sizeof(text), "%s %s",
	    referral_text(&fail->referral, to), fail->reason[0] != '\0' ?
	    fail->reason : "Log in there instead.");
	session_refuse(s, LOGIN_ANSWER_REFERRAL, text, false);
}

void
session_auth_local(struct session *s, const struct login_auth_local *m)
{
	session_set_user(s, m->user, strlen(m->user));
	local_start(s, m);
	session_run(s);
}

void
session_auth_fail(struct session *s, const struct login_auth_fail *fail)
{
	bool is_bad = fail->code == LOGIN_AUTH_CODE_BAD ||
	    fail->code == LOGIN_AUTH_CODE_MECH;

	if (fail->user[0] != '\0')
		session_set_user(s, fail->user, strlen(fail->user));
	login_log_refused(s, login_auth_code_word(fail->code));
	/* Auth has held the answer back as long as it must. */
	if (fail->code == LOGIN_AUTH_CODE_REFERRAL)
		session_refer(s, fail);
	else
		session_refuse(s, auth_answers[fail->code], fail->reason,
		    false);
	if (is_bad && s->state == SESSION_COMMAND)
		(void)session_bad_command(s);
	/* Not at once: a client's next command may fail here in turn. */
	session_run_later(s);
}
