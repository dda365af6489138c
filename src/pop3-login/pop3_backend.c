/*
 * pop3_backend: the mail host's side of a POP3 session until login.
 * Runs in: pop3-login.
 * Hostile input: lines of mail hosts, parsed by pop3_reply_parse.
 * Never: sends the password before the host has taken the name.
 */
#include "pop3-login/pop3_backend.h"

#include <bsd/string.h>
#include <string.h>

#include "lib/strutil.h"
#include "login-common/backend_sasl.h"
#include "login-common/backend_tls.h"
#include "login-common/session.h"
#include "login-common/session_identity.h"
#include "pop3-login/pop3_identity.h"
#include "pop3-login/pop3_reply_parse.h"
#include "pop3-login/pop3_state.h"

void
pop3_backend_start(struct session *s)
{
	struct pop3_state *st = session_protocol(s);

	st->step = POP3_BACKEND_BANNER;
	st->has_error = st->has_xclient = false;
	st->text[0] = '\0';
}

const char *
pop3_backend_local(struct session *s, bool *is_relayed)
{
	struct pop3_state *st = session_protocol(s);

	(void)is_relayed;
	pop3_backend_start(s);
	st->step = POP3_BACKEND_RESULT;
	return "";
}

static enum backend_result
pop3_broken(struct session *s, const char *what)
{
	(void)strlcpy(s->login->detail, what, sizeof(s->login->detail));
	return BACKEND_BROKEN;
}

/* Nothing is wrong with the host, but this login cannot be made there. */
static enum backend_result
pop3_unfit(struct session *s, const char *what)
{
	s->login->is_unfit = true;
	return pop3_broken(s, what);
}

/* A credential goes as it is: auth has refused control characters. */
static void
pop3_send(struct session *s, const char *verb, const char *text)
{
	session_backend_put(s, verb, strlen(verb));
	session_backend_put(s, text, strlen(text));
	session_backend_put(s, "\r\n", 2);
}

static enum backend_result
pop3_refused(struct session *s, const struct pop3_reply *r)
{
	struct session_login *login = s->login;

	login->backend_code[0] = '\0';
	if (pop3_code_is_kept(r->code))
		(void)strlcpy(login->backend_code, pop3_code_name(r->code),
		    sizeof(login->backend_code));
	return BACKEND_REFUSED;
}

/*
 * Without a response: that RFC 5034 allows one cannot be seen from here, and
 * one in a command of more than 255 bytes is never allowed.
 */
static enum backend_result
pop3_send_auth(struct session *s, enum login_auth_way way)
{
	struct pop3_state *st = session_protocol(s);

	st->step = way == LOGIN_AUTH_WAY_LOGIN ? POP3_BACKEND_SASL_USER :
	    POP3_BACKEND_SASL;
	session_backend_printf(s, "AUTH %s\r\n", backend_sasl_name(way));
	return BACKEND_MORE;
}

/* The login in the way that the route asks for. */
static enum backend_result
pop3_send_way(struct session *s)
{
	struct pop3_state *st = session_protocol(s);
	enum login_auth_way way = backend_sasl_way(&s->login->route);

	s->login->has_sent_login = true;
	if (way != LOGIN_AUTH_WAY_COMMAND)
		return pop3_send_auth(s, way);
	st->step = POP3_BACKEND_USER;
	pop3_send(s, "USER ", s->login->route.destuser);
	return BACKEND_MORE;
}

/* Who the client is, if the host takes that, and the login behind it. */
static enum backend_result
pop3_send_login(struct session *s)
{
	struct pop3_state *st = session_protocol(s);

	if (!st->has_xclient || !session_identity_is_told(s))
		return pop3_send_way(s);
	pop3_identity_put(s);
	st->step = POP3_BACKEND_XCLIENT;
	if (!s->login->route.how.has_nopipelining)
		(void)pop3_send_way(s);
	st->after_xclient = st->step;
	st->step = POP3_BACKEND_XCLIENT;
	return BACKEND_MORE;
}

enum backend_result
pop3_backend_secured(struct session *s)
{
	return pop3_send_login(s);
}

static enum backend_result
pop3_on_banner(struct session *s, const struct pop3_reply *r)
{
	struct pop3_state *st = session_protocol(s);

	if (r->kind != POP3_REPLY_OK)
		return pop3_broken(s, "greeting is not +OK");
	st->has_xclient = str_span_is(r->code_text.text, r->code_text.len,
	    POP3_XCLIENT);
	if (!backend_tls_is_due(s))
		return pop3_send_login(s);
	st->step = POP3_BACKEND_TLS;
	session_backend_put(s, "STLS\r\n", 6);
	return BACKEND_MORE;
}

static enum backend_result
pop3_on_tls(struct session *s, const struct pop3_reply *r)
{
	return r->kind == POP3_REPLY_OK ? BACKEND_TLS :
	    pop3_unfit(s, "host refuses STLS");
}

/* Whether the host wants to know who the client is is its affair. */
static enum backend_result
pop3_on_xclient(struct session *s, const struct pop3_reply *r)
{
	struct pop3_state *st = session_protocol(s);

	(void)r;
	if (st->after_xclient == POP3_BACKEND_XCLIENT)
		return pop3_send_way(s);
	st->step = st->after_xclient;
	return BACKEND_MORE;
}

static enum backend_result
pop3_on_user(struct session *s, const struct pop3_reply *r)
{
	struct pop3_state *st = session_protocol(s);

	if (r->kind != POP3_REPLY_OK)
		return pop3_refused(s, r);
	st->step = POP3_BACKEND_RESULT;
	pop3_send(s, "PASS ", s->login->route.pass);
	return BACKEND_MORE;
}

/* Without "+" nothing was sent yet that could be refused. */
static enum backend_result
pop3_no_mech(struct session *s)
{
	return pop3_unfit(s, "host does not take AUTH");
}

static enum backend_result
pop3_on_sasl(struct session *s, const struct pop3_reply *r)
{
	struct pop3_state *st = session_protocol(s);

	if (r->kind != POP3_REPLY_CONTINUATION)
		return pop3_no_mech(s);
	st->step = POP3_BACKEND_RESULT;
	if (backend_sasl_put_response(s) == -1)
		return pop3_broken(s, "credential is not a token");
	session_backend_put(s, "\r\n", 2);
	return BACKEND_MORE;
}

static enum backend_result
pop3_on_sasl_user(struct session *s, const struct pop3_reply *r)
{
	struct pop3_state *st = session_protocol(s);

	if (r->kind != POP3_REPLY_CONTINUATION)
		return pop3_no_mech(s);
	st->step = POP3_BACKEND_SASL_PASS;
	backend_sasl_put_user(s);
	session_backend_put(s, "\r\n", 2);
	return BACKEND_MORE;
}

static enum backend_result
pop3_on_sasl_pass(struct session *s, const struct pop3_reply *r)
{
	struct pop3_state *st = session_protocol(s);

	if (r->kind != POP3_REPLY_CONTINUATION)
		return pop3_no_mech(s);
	st->step = POP3_BACKEND_RESULT;
	backend_sasl_put_pass(s);
	session_backend_put(s, "\r\n", 2);
	return BACKEND_MORE;
}

/* The host says why it will refuse a token, and waits for a word. */
static enum backend_result
pop3_on_error(struct session *s, const struct pop3_reply *r)
{
	struct pop3_state *st = session_protocol(s);

	if (st->has_error ||
	    !backend_sasl_is_token(backend_sasl_way(&s->login->route)))
		return pop3_broken(s, "unexpected continuation");
	st->has_error = true;
	backend_sasl_put_sorry(s, r->text.text, r->text.len);
	session_backend_put(s, "\r\n", 2);
	return BACKEND_MORE;
}

static enum backend_result
pop3_on_result(struct session *s, const struct pop3_reply *r)
{
	struct pop3_state *st = session_protocol(s);

	if (r->kind == POP3_REPLY_CONTINUATION)
		return pop3_on_error(s, r);
	if (r->kind != POP3_REPLY_OK)
		return pop3_refused(s, r);
	if (st->has_error)
		return pop3_broken(s, "host takes what it has refused");
	str_copy_clean(st->text, sizeof(st->text), r->text.text, r->text.len);
	return BACKEND_READY;
}

static enum backend_result	(*const steps[])(struct session *,
				    const struct pop3_reply *) = {
	[POP3_BACKEND_BANNER] = pop3_on_banner,
	[POP3_BACKEND_TLS] = pop3_on_tls,
	[POP3_BACKEND_XCLIENT] = pop3_on_xclient,
	[POP3_BACKEND_USER] = pop3_on_user,
	[POP3_BACKEND_SASL] = pop3_on_sasl,
	[POP3_BACKEND_SASL_USER] = pop3_on_sasl_user,
	[POP3_BACKEND_SASL_PASS] = pop3_on_sasl_pass,
	[POP3_BACKEND_RESULT] = pop3_on_result,
};

_Static_assert(sizeof(steps) / sizeof(steps[0]) ==
    POP3_BACKEND_STEP_LAST + 1, "a function for each step");

enum backend_result
pop3_backend_line(struct session *s, const char *line, size_t len)
{
	struct pop3_state *st = session_protocol(s);
	struct pop3_reply r;

	pop3_reply_parse(&r, line, len);
	/* "+" is for an exchange, which does not begin with USER. */
	if (r.kind == POP3_REPLY_INVALID || (r.kind ==
	    POP3_REPLY_CONTINUATION && st->step <= POP3_BACKEND_USER))
		return pop3_broken(s, "not a POP3 reply");
	if (buf_used(&s->backend.out) > 0)
		return pop3_broken(s, "reply without a command");
	return steps[st->step](s, &r);
}
