/*
 * A client's token, and the error that it is told.
 * Runs in: login processes.
 * Hostile input: first responses of clients, errors of mail hosts.
 * Never: looks at what a token means.
 */
#include "login-common/session_token.h"

#include <stdlib.h>
#include <string.h>

#include "ipc/sasl_message.h"
#include "lib/base64.h"
#include "lib/strutil.h"
#include "lib/xmem.h"
#include "login-common/login_process.h"
#include "login-common/session.h"

/* The mechanisms, and what we say ourselves: base64 of JSON. */
static const struct {
	const char	*mech;
	bool		 is_xoauth2;
	const char	*error;
} session_token_mechs[] = {
	/* {"status":"invalid_token"} (RFC 6750, 3.1) */
	{ "OAUTHBEARER", false, "eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIn0=" },
	/* {"status":"401","schemes":"bearer"} */
	{ "XOAUTH2", true,
	  "eyJzdGF0dXMiOiI0MDEiLCJzY2hlbWVzIjoiYmVhcmVyIn0=" },
};

#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))

/* The row's number; NELEM for a mechanism without tokens. */
static size_t
session_token_row(const struct session *s)
{
	size_t i = 0;

	while (i < NELEM(session_token_mechs) &&
	    strcmp(session_token_mechs[i].mech, s->login->mech) != 0)
		i++;
	return i;
}

void
session_token_forget(struct session *s)
{
	xfree_secret(s->login->token);
	free(s->login->token_error);
	s->login->token = s->login->token_error = NULL;
}

void
session_token_keep(struct session *s, const void *response, size_t len)
{
	size_t row = session_token_row(s);
	struct sasl_token t;

	session_token_forget(s);
	if (row < NELEM(session_token_mechs) && len > 0 &&
	    sasl_token_get(&t, session_token_mechs[row].is_xoauth2, response,
	    len) == 0)
		s->login->token = xstrndup(t.token, t.len);
}

/* JSON may have line ends and tabs between its words. */
static bool
session_token_is_json(const char *text, size_t len)
{
	size_t n = 0;

	while (n < len && strchr(" \t\r\n", text[n]) != NULL)
		n++;
	if (n == len || text[n] != '{' || !str_is_utf8(text, len))
		return false;
	for (; n < len; n++)
		if (str_has_control(text + n, 1) &&
		    (text[n] == '\0' || strchr("\t\r\n", text[n]) == NULL))
			return false;
	return true;
}

void
session_token_note(struct session *s, const char *b64, size_t len)
{
	char text[SESSION_TOKEN_ERROR_MAX];
	ssize_t n = base64_decode(text, sizeof(text), b64, len);

	free(s->login->token_error);
	s->login->token_error = NULL;
	if (n > 0 && session_token_is_json(text, (size_t)n))
		s->login->token_error = xstrndup(b64, len);
}

bool
session_token_tell(struct session *s, enum login_answer answer)
{
	size_t row = session_token_row(s);
	const char *error = s->login->token_error;

	if (s->login->token == NULL || row == NELEM(session_token_mechs))
		return false;
	if (error == NULL && answer == LOGIN_ANSWER_CREDENTIALS)
		error = session_token_mechs[row].error;
	if (error == NULL || (answer != LOGIN_ANSWER_CREDENTIALS &&
	    answer != LOGIN_ANSWER_HOST))
		return false;
	s->process->protocol->challenge(s, error);
	session_token_forget(s);
	s->login->delayed = answer;
	s->login->has_told_error = true;
	memset(&s->login->sasl_line, 0, sizeof(s->login->sasl_line));
	session_to(s, SESSION_SASL_REPLY);
	return true;
}

bool
session_token_told(struct session *s)
{
	if (!s->login->has_told_error)
		return false;
	s->login->has_told_error = false;
	s->process->protocol->answer(s, s->login->delayed,
	    s->login->backend_code);
	if (s->state != SESSION_CLOSING)
		session_to(s, SESSION_COMMAND);
	return true;
}
