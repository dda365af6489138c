/*
 * imap_reply: what an IMAP client is told.
 * Runs in: imap-login.
 * Hostile input: the mail host's capabilities and text, filtered before.
 * Never: says whether a user exists.
 */
#include "imap-login/imap_reply.h"

#include <bsd/string.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "imap-login/imap_capability.h"
#include "imap-login/imap_state.h"
#include "login-common/client_tls.h"
#include "login-common/login_process.h"
#include "login-common/sasl_mech.h"
#include "login-common/session.h"
#include "login-common/session_login.h"

/* RFC 3501, 4959, 2971, 5161, 2177, 7888: what holds before login. */
#define IMAP_CAPABILITIES	"IMAP4rev1 SASL-IR ID ENABLE IDLE LITERAL+"

struct imap_answer {
	const char	*status;
	const char	*text;	/* NULL: the caller's */
};

/* RFC 5530. */
static const struct imap_answer answers[] = {
	[LOGIN_ANSWER_CREDENTIALS] =
	    { "NO [AUTHENTICATIONFAILED]", "Authentication failed." },
	[LOGIN_ANSWER_AUTHZ] =
	    { "NO [AUTHORIZATIONFAILED]", "Authorization failed." },
	[LOGIN_ANSWER_TEMP] =
	    { "NO [UNAVAILABLE]", "Temporary failure, try again later." },
	[LOGIN_ANSWER_DISABLED] = { "NO [CONTACTADMIN]", NULL },
	[LOGIN_ANSWER_BAD] = { "BAD", "Invalid authentication data." },
	[LOGIN_ANSWER_CANCELLED] = { "BAD", "Authentication cancelled." },
	[LOGIN_ANSWER_MECH] =
	    { "NO [CANNOT]", "Unsupported authentication mechanism." },
	[LOGIN_ANSWER_PRIVACY] = { "NO [PRIVACYREQUIRED]",
	    "Plaintext authentication is disabled on this connection." },
	[LOGIN_ANSWER_LIMIT] = { "NO [LIMIT]",
	    "Maximum number of connections from user+IP exceeded." },
	[LOGIN_ANSWER_HOST] = { NULL, "Login failed." },
	[LOGIN_ANSWER_REFERRAL] = { NULL, NULL },
};

_Static_assert(sizeof(answers) / sizeof(answers[0]) == LOGIN_ANSWER_LAST + 1,
    "an answer of each kind");

void
imap_reply_tagged(struct session *s, const char *text)
{
	const struct imap_state *st = session_protocol(s);

	session_printf(s, "%s %s\r\n", st->tag, text);
}

void
imap_reply_capabilities(const struct session *s, char *dst, size_t size)
{
	const struct settings *set = s->process->set;
	const char *own = s->process->service->capability;
	size_t i;

	dst[0] = '\0';
	if (own[0] == '\0' || own[0] == '+')
		(void)strlcpy(dst, IMAP_CAPABILITIES, size);
	own += own[0] == '+';
	imap_capability_add(dst, size, (struct imap_span){ own, strlen(own) });
	if (client_tls_is_offered(s))
		(void)strlcat(dst, " STARTTLS", size);
	if (!session_login_is_offered(s))
		(void)strlcat(dst, " LOGINDISABLED", size);
	for (i = 0; i < set->auth_mechanisms.n; i++) {
		if (!sasl_mech_is_offered(s, set->auth_mechanisms.items[i]))
			continue;
		(void)strlcat(dst, " AUTH=", size);
		(void)strlcat(dst, set->auth_mechanisms.items[i], size);
	}
}

void
imap_reply_challenge(struct session *s, const char *b64)
{
	session_put(s, "+ ", 2);
	session_put(s, b64, strlen(b64));
	session_put(s, "\r\n", 2);
}

/* RFC 2221, 4: any mechanism will do there. */
static void
imap_reply_referral(struct session *s, const char *text)
{
	const struct imap_state *st = session_protocol(s);
	size_t user = strcspn(text, "@"), all = strcspn(text, " ");

	session_printf(s, "%s NO [REFERRAL imap://%.*s;AUTH=*%.*s/]%s\r\n",
	    st->tag, (int)user, text, (int)(all - user), text + user,
	    text + all);
}

void
imap_reply_answer(struct session *s, enum login_answer answer,
    const char *text)
{
	const struct imap_state *st = session_protocol(s);
	const struct imap_answer *row = &answers[answer];

	if (answer == LOGIN_ANSWER_HOST) {
		session_printf(s, "%s NO [%s] %s\r\n", st->tag, text,
		    row->text);
		return;
	}
	if (answer == LOGIN_ANSWER_REFERRAL) {
		imap_reply_referral(s, text);
		return;
	}
	if (row->text != NULL)
		text = row->text;
	else if (text[0] == '\0')
		text = "Login is not permitted.";
	session_printf(s, "%s %s %s\r\n", st->tag, row->status, text);
}

void
imap_reply_bye(struct session *s, enum session_reason reason)
{
	const char *text = session_reason_text(reason);

	/* LOGOUT was answered by its command. */
	if (text[0] == '\0' || reason == SESSION_REASON_LOGOUT)
		return;
	session_printf(s, "* BYE %s%s\r\n", session_reason_imap_code(reason),
	    text);
}

/*
 * A client that asked for capabilities before may not look at response
 * codes: it gets the host's list as a line of its own.
 */
void
imap_reply_logged_in(struct session *s)
{
	const struct imap_state *st = session_protocol(s);
	const char *text = st->text[0] == '\0' ? "Logged in" : st->text;

	if (st->capabilities[0] == '\0') {
		session_printf(s, "%s OK %s\r\n", st->tag, text);
	} else if (st->has_asked_capability) {
		session_printf(s, "* CAPABILITY %s\r\n%s OK %s\r\n",
		    st->capabilities, st->tag, text);
	} else {
		session_printf(s, "%s OK [CAPABILITY %s] %s\r\n", st->tag,
		    st->capabilities, text);
	}
}
