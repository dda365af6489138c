/*
 * pop3_reply: what a POP3 client is told.
 * Runs in: pop3-login.
 * Hostile input: the mail host's text, filtered before.
 * Never: says whether a user exists.
 */
#include "pop3-login/pop3_reply.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "login-common/client_tls.h"
#include "login-common/login_process.h"
#include "login-common/sasl_mech.h"
#include "login-common/session.h"
#include "login-common/session_login.h"
#include "pop3-login/pop3_state.h"

/*
 * RFC 2449, 3206: what any mail host of today does; the administrator's list
 * (pop3_capability) takes its place.
 */
#define POP3_CAPABILITIES \
	"TOP UIDL RESP-CODES PIPELINING AUTH-RESP-CODE"

struct pop3_answer {
	const char	*code;
	const char	*text;	/* NULL: the caller's */
};

static const struct pop3_answer answers[] = {
	[LOGIN_ANSWER_CREDENTIALS] = { "[AUTH] ", "Authentication failed." },
	[LOGIN_ANSWER_AUTHZ] = { "[AUTH] ", "Authorization failed." },
	[LOGIN_ANSWER_TEMP] =
	    { "[SYS/TEMP] ", "Temporary failure, try again later." },
	[LOGIN_ANSWER_DISABLED] = { "[SYS/PERM] ", NULL },
	[LOGIN_ANSWER_BAD] = { "", "Invalid authentication data." },
	[LOGIN_ANSWER_CANCELLED] = { "", "Authentication cancelled." },
	[LOGIN_ANSWER_MECH] = { "", "Unsupported authentication mechanism." },
	[LOGIN_ANSWER_PRIVACY] = { "",
	    "Plaintext authentication is disabled on this connection." },
	[LOGIN_ANSWER_LIMIT] = { "[IN-USE] ",
	    "Maximum number of connections from user+IP exceeded." },
	[LOGIN_ANSWER_HOST] = { NULL, "Login failed." },
	[LOGIN_ANSWER_REFERRAL] = { NULL, NULL },
};

_Static_assert(sizeof(answers) / sizeof(answers[0]) == LOGIN_ANSWER_LAST + 1,
    "an answer of each kind");

void
pop3_reply_ok(struct session *s, const char *text)
{
	session_printf(s, "+OK%s%s\r\n", text[0] == '\0' ? "" : " ", text);
}

void
pop3_reply_err(struct session *s, const char *text)
{
	session_printf(s, "-ERR %s\r\n", text);
}

static bool
pop3_is_in(const char *list, const char *word, size_t len)
{
	for (size_t n; *list != '\0'; list += n + (list[n] == ' ')) {
		n = strcspn(list, " ");
		if (n == len && strncasecmp(list, word, n) == 0)
			return true;
	}
	return false;
}

/*
 * Words of a list of capabilities, a line each, but those of another, and
 * those that depend on the connection, which are ours to say.
 */
static void
pop3_put_words(struct session *s, const char *list, const char *others)
{
	size_t len;

	for (; *list != '\0'; list += len) {
		list += strspn(list, " ");
		len = strcspn(list, " ");
		if (len > 0 && !pop3_is_in(others, list, len) &&
		    !pop3_is_in("CAPA STLS USER SASL", list, len))
			session_printf(s, "%.*s\r\n", (int)len, list);
	}
}

/* "SASL" and the mechanisms that there are here, if any. */
static void
pop3_put_sasl(struct session *s)
{
	const struct settings_list *mechs = &s->process->set->auth_mechanisms;
	bool has_any = false;

	for (size_t i = 0; i < mechs->n; i++) {
		if (!sasl_mech_is_offered(s, mechs->items[i]))
			continue;
		session_printf(s, "%s %s", has_any ? "" : "SASL",
		    mechs->items[i]);
		has_any = true;
	}
	if (has_any)
		session_put(s, "\r\n", 2);
}

void
pop3_reply_capabilities(struct session *s)
{
	static const char capa[] = "CAPA\r\n", stls[] = "STLS\r\n",
	    user[] = "USER\r\n";
	const char *own = s->process->service->capability, *usual = "";

	pop3_reply_ok(s, "");
	session_put(s, capa, sizeof(capa) - 1);
	if (own[0] == '\0' || own[0] == '+')
		usual = POP3_CAPABILITIES;
	pop3_put_words(s, usual, "");
	pop3_put_words(s, own + (own[0] == '+'), usual);
	if (client_tls_is_offered(s))
		session_put(s, stls, sizeof(stls) - 1);
	if (session_login_is_offered(s))
		session_put(s, user, sizeof(user) - 1);
	pop3_put_sasl(s);
	session_put(s, ".\r\n", 3);
}

void
pop3_reply_mechanisms(struct session *s)
{
	const struct settings_list *mechs = &s->process->set->auth_mechanisms;
	size_t i;

	pop3_reply_ok(s, "");
	for (i = 0; i < mechs->n; i++)
		if (sasl_mech_is_offered(s, mechs->items[i]))
			session_printf(s, "%s\r\n", mechs->items[i]);
	session_put(s, ".\r\n", 3);
}

void
pop3_reply_challenge(struct session *s, const char *b64)
{
	session_put(s, "+ ", 2);
	session_put(s, b64, strlen(b64));
	session_put(s, "\r\n", 2);
}

void
pop3_reply_answer(struct session *s, enum login_answer answer,
    const char *text)
{
	const struct pop3_answer *row = &answers[answer];

	if (answer == LOGIN_ANSWER_HOST) {
		session_printf(s, "-ERR [%s] %s\r\n", text, row->text);
		return;
	}
	if (answer == LOGIN_ANSWER_REFERRAL) {
		size_t len = strcspn(text, " ");

		session_printf(s, "-ERR [REFERRAL/%.*s]%s\r\n", (int)len,
		    text, text + len);
		return;
	}
	if (row->text != NULL)
		text = row->text;
	else if (text[0] == '\0')
		text = "Login is not permitted.";
	session_printf(s, "-ERR %s%s\r\n", row->code, text);
}

void
pop3_reply_bye(struct session *s, enum session_reason reason)
{
	const char *text = session_reason_text(reason);

	/* QUIT was answered by its command. */
	if (text[0] == '\0' || reason == SESSION_REASON_LOGOUT)
		return;
	session_printf(s, "-ERR %s%s\r\n", session_reason_pop3_code(reason),
	    text);
}

void
pop3_reply_logged_in(struct session *s)
{
	const struct pop3_state *st = session_protocol(s);

	pop3_reply_ok(s, st->text[0] == '\0' ? "Logged in." : st->text);
}
