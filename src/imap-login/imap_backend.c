/*
 * imap_backend: the mail host's side of an IMAP session until login.
 * Runs in: imap-login.
 * Hostile input: lines of mail hosts, parsed by imap_reply_parse.
 * Never: sends a literal before the host has asked for it; believes a reply
 * to what was not sent yet.
 */
#include "imap-login/imap_backend.h"

#include <bsd/string.h>
#include <stdio.h>
#include <string.h>

#include "imap-login/imap_capability.h"
#include "imap-login/imap_identity.h"
#include "imap-login/imap_quote.h"
#include "imap-login/imap_reply.h"
#include "imap-login/imap_reply_parse.h"
#include "imap-login/imap_state.h"
#include "lib/rnd.h"
#include "lib/strutil.h"
#include "login-common/backend_sasl.h"
#include "login-common/backend_tls.h"
#include "login-common/session.h"
#include "login-common/session_identity.h"

/* Untagged lines and bytes of a host before its reply. */
#define IMAP_BACKEND_LINES_MAX	100
#define IMAP_BACKEND_BYTES_MAX	65536

static const char imap_no_token[] = "credential is not a token";

void
imap_backend_start(struct session *s)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";
	struct imap_state *st = session_protocol(s);
	unsigned char random[IMAP_BACKEND_TAG_LEN];
	size_t i;

	rnd_bytes(random, sizeof(random));
	for (i = 0; i < sizeof(random); i++)
		st->backend_tag[i] = digits[random[i] % 32];
	st->backend_tag[i] = '\0';
	(void)snprintf(st->id_tag, sizeof(st->id_tag), "%sI",
	    st->backend_tag);
	st->step = IMAP_BACKEND_BANNER;
	st->has_literal_plus = st->has_sasl_ir = false;
	st->has_list = st->has_mech = st->has_id = st->has_error = false;
	st->has_ours = false;
	st->nlines = 0;
	st->nbytes = 0;
	st->capabilities[0] = st->text[0] = '\0';
}

const char *
imap_backend_local(struct session *s, bool *is_relayed)
{
	struct imap_state *st = session_protocol(s);

	if (st->has_asked_capability)
		*is_relayed = true;
	if (!*is_relayed)
		return st->tag;
	imap_backend_start(s);
	st->step = IMAP_BACKEND_RESULT;
	return st->backend_tag;
}

static enum backend_result
imap_broken(struct session *s, const char *what)
{
	(void)strlcpy(s->login->detail, what, sizeof(s->login->detail));
	return BACKEND_BROKEN;
}

/* Nothing is wrong with the host, but this login cannot be made there. */
static enum backend_result
imap_unfit(struct session *s, const char *what)
{
	s->login->is_unfit = true;
	return imap_broken(s, what);
}

/* A credential in the form it needs; the step that waits for "+", if any. */
static enum backend_result
imap_put_credential(struct session *s, const char *text,
    enum imap_backend_step wait)
{
	struct imap_state *st = session_protocol(s);
	char quoted[IMAP_QUOTE_SIZE(LOGIN_AUTH_PASS_MAX)];
	size_t len = strlen(text);
	ssize_t n = -1;

	switch (imap_quote_kind(text, len)) {
	case IMAP_QUOTE_STRING:
		n = imap_quote_put(quoted, sizeof(quoted), text, len);
		if (n > 0)
			session_backend_put(s, quoted, (size_t)n);
		explicit_bzero(quoted, sizeof(quoted));
		break;
	case IMAP_QUOTE_LITERAL:
		n = imap_quote_literal_put(quoted, sizeof(quoted), len,
		    st->has_literal_plus);
		if (n > 0)
			session_backend_put(s, quoted, (size_t)n);
		if (st->has_literal_plus)
			session_backend_put(s, text, len);
		else
			st->step = wait;
		break;
	case IMAP_QUOTE_REFUSED:
		break;
	}
	return n > 0 ? BACKEND_MORE :
	    imap_unfit(s, "credential cannot be sent");
}

/* The password, then the end of the command. */
static enum backend_result
imap_send_pass(struct session *s)
{
	struct imap_state *st = session_protocol(s);

	st->step = IMAP_BACKEND_RESULT;
	session_backend_put(s, " ", 1);
	if (imap_put_credential(s, s->login->route.pass,
	    IMAP_BACKEND_PASS) == BACKEND_BROKEN)
		return BACKEND_BROKEN;
	if (st->step == IMAP_BACKEND_RESULT)
		session_backend_put(s, "\r\n", 2);
	return BACKEND_MORE;
}

/* Asks for the mechanism; its response goes along if the host allows. */
static enum backend_result
imap_send_authenticate(struct session *s, enum login_auth_way way)
{
	struct imap_state *st = session_protocol(s);
	const char *mech = backend_sasl_name(way);

	if (!st->has_mech) {
		(void)snprintf(s->login->detail, sizeof(s->login->detail),
		    "host does not offer AUTH=%s", mech);
		s->login->is_unfit = true;
		return BACKEND_BROKEN;
	}
	session_backend_printf(s, "%s AUTHENTICATE %s", st->backend_tag, mech);
	st->step = way == LOGIN_AUTH_WAY_LOGIN ? IMAP_BACKEND_SASL_USER :
	    IMAP_BACKEND_SASL;
	if (st->has_sasl_ir && way != LOGIN_AUTH_WAY_LOGIN &&
	    backend_sasl_is_short(s)) {
		st->step = IMAP_BACKEND_RESULT;
		session_backend_put(s, " ", 1);
		if (backend_sasl_put_response(s) == -1)
			return imap_broken(s, imap_no_token);
	}
	session_backend_put(s, "\r\n", 2);
	return BACKEND_MORE;
}

static enum backend_result
imap_send_login(struct session *s)
{
	struct imap_state *st = session_protocol(s);

	st->step = IMAP_BACKEND_RESULT;
	session_backend_printf(s, "%s LOGIN ", st->backend_tag);
	if (imap_put_credential(s, s->login->route.destuser,
	    IMAP_BACKEND_USER) == BACKEND_BROKEN)
		return BACKEND_BROKEN;
	if (st->step == IMAP_BACKEND_USER)
		return BACKEND_MORE;
	return imap_send_pass(s);
}

/* The login in the way that the route asks for. */
static enum backend_result
imap_send_way(struct session *s)
{
	enum login_auth_way way = backend_sasl_way(&s->login->route);

	return way == LOGIN_AUTH_WAY_COMMAND ? imap_send_login(s) :
	    imap_send_authenticate(s, way);
}

/* Who the client is; the login follows at once, where the host can that. */
static enum backend_result
imap_send_id(struct session *s)
{
	struct imap_state *st = session_protocol(s);

	imap_identity_put(s, st->id_tag);
	st->step = IMAP_BACKEND_ID;
	if (!s->login->route.how.has_nopipelining &&
	    imap_send_way(s) == BACKEND_BROKEN)
		return BACKEND_BROKEN;
	st->after_id = st->step;
	st->step = IMAP_BACKEND_ID;
	return BACKEND_MORE;
}

/* What a host can do may have to be asked; then the login. */
static enum backend_result
imap_send(struct session *s)
{
	struct imap_state *st = session_protocol(s);

	s->login->has_sent_login = true;
	if (!st->has_list && backend_sasl_way(&s->login->route) !=
	    LOGIN_AUTH_WAY_COMMAND) {
		st->step = IMAP_BACKEND_ASK;
		session_backend_printf(s, "%s CAPABILITY\r\n",
		    st->backend_tag);
		return BACKEND_MORE;
	}
	if (st->has_id && session_identity_is_told(s))
		return imap_send_id(s);
	return imap_send_way(s);
}

/* What a host can do, as far as the login there depends on it. */
static void
imap_note_capabilities(struct session *s, struct imap_span list)
{
	struct imap_state *st = session_protocol(s);
	char mech[LOGIN_AUTH_MECH_MAX] = "", own[IMAP_OWN_CAPABILITIES_MAX];

	imap_reply_capabilities(s, own, sizeof(own));
	st->has_ours = imap_capability_has_all(list, own);
	(void)snprintf(mech, sizeof(mech), "AUTH=%s",
	    backend_sasl_name(backend_sasl_way(&s->login->route)));
	st->has_list = list.len > 0;
	st->has_literal_plus = imap_capability_has(list, "LITERAL+");
	st->has_sasl_ir = imap_capability_has(list, "SASL-IR");
	st->has_mech = imap_capability_has(list, mech);
	st->has_id = imap_capability_has(list, "ID");
}

/* What the client will be told. */
static void
imap_keep_capabilities(struct imap_state *st, struct imap_span list)
{
	imap_capability_set(st->capabilities, sizeof(st->capabilities), list);
}

/*
 * The host's words for the client.  Behind our own response code, if any, a
 * further bracket would be taken for one more.
 */
static void
imap_keep_text(struct imap_state *st, struct imap_span text)
{
	str_copy_clean(st->text, sizeof(st->text), text.text, text.len);
	if (st->text[0] == '[')
		st->text[0] = '\0';
}

enum backend_result
imap_backend_secured(struct session *s)
{
	struct imap_state *st = session_protocol(s);
	bool has_id = st->has_id;

	/* What it can do, and our tag, may be somebody else's work. */
	imap_backend_start(s);
	/* But ID does no harm: a host that does not know it says BAD. */
	st->has_id = has_id;
	return imap_send(s);
}

/* Before all else: nothing of it is to be lost by asking in vain. */
static enum backend_result
imap_send_starttls(struct session *s, const struct imap_reply *r)
{
	struct imap_state *st = session_protocol(s);

	if (r->capabilities.len > 0 &&
	    !imap_capability_has(r->capabilities, "STARTTLS"))
		return imap_unfit(s, "host does not offer STARTTLS");
	st->has_id = imap_capability_has(r->capabilities, "ID");
	st->step = IMAP_BACKEND_TLS;
	session_backend_printf(s, "%s STARTTLS\r\n", st->backend_tag);
	return BACKEND_MORE;
}

static enum backend_result
imap_on_tls(struct session *s, const struct imap_reply *r)
{
	if (r->kind != IMAP_REPLY_TAGGED || r->status != IMAP_STATUS_OK)
		return imap_unfit(s, "host refuses STARTTLS");
	return BACKEND_TLS;
}

static enum backend_result
imap_on_banner(struct session *s, const struct imap_reply *r)
{
	if (r->kind != IMAP_REPLY_UNTAGGED || r->status != IMAP_STATUS_OK)
		return imap_broken(s, "greeting is not OK");
	if (backend_tls_is_due(s))
		return imap_send_starttls(s, r);
	if (backend_sasl_way(&s->login->route) == LOGIN_AUTH_WAY_COMMAND &&
	    imap_capability_has(r->capabilities, "LOGINDISABLED"))
		return imap_unfit(s, "host does not take LOGIN in clear");
	imap_note_capabilities(s, r->capabilities);
	return imap_send(s);
}

/* The list has come before, as an untagged line. */
static enum backend_result
imap_on_ask(struct session *s, const struct imap_reply *r)
{
	struct imap_state *st = session_protocol(s);

	if (r->kind != IMAP_REPLY_TAGGED || r->status != IMAP_STATUS_OK ||
	    !st->has_list)
		return imap_unfit(s, "host does not say what it can do");
	return imap_send(s);
}

/* Whether the host wants to know who the client is is its affair. */
static enum backend_result
imap_on_id(struct session *s, const struct imap_reply *r)
{
	struct imap_state *st = session_protocol(s);

	if (r->kind != IMAP_REPLY_TAGGED)
		return imap_broken(s, "unexpected continuation");
	if (st->after_id == IMAP_BACKEND_ID)
		return imap_send_way(s);
	st->step = st->after_id;
	return BACKEND_MORE;
}

/* Nothing was sent yet that could be refused. */
static enum backend_result
imap_no_mech(struct session *s)
{
	return imap_unfit(s, "host does not take AUTHENTICATE");
}

static enum backend_result
imap_on_sasl(struct session *s, const struct imap_reply *r)
{
	struct imap_state *st = session_protocol(s);

	if (r->kind != IMAP_REPLY_CONTINUATION)
		return imap_no_mech(s);
	st->step = IMAP_BACKEND_RESULT;
	if (backend_sasl_put_response(s) == -1)
		return imap_broken(s, imap_no_token);
	session_backend_put(s, "\r\n", 2);
	return BACKEND_MORE;
}

static enum backend_result
imap_on_sasl_user(struct session *s, const struct imap_reply *r)
{
	struct imap_state *st = session_protocol(s);

	if (r->kind != IMAP_REPLY_CONTINUATION)
		return imap_no_mech(s);
	st->step = IMAP_BACKEND_SASL_PASS;
	backend_sasl_put_user(s);
	session_backend_put(s, "\r\n", 2);
	return BACKEND_MORE;
}

static enum backend_result
imap_on_user(struct session *s, const struct imap_reply *r)
{
	const char *user = s->login->route.destuser;

	if (r->kind != IMAP_REPLY_CONTINUATION)
		return imap_broken(s, "host does not take a literal");
	session_backend_put(s, user, strlen(user));
	return imap_send_pass(s);
}

static enum backend_result
imap_on_pass(struct session *s, const struct imap_reply *r)
{
	struct imap_state *st = session_protocol(s);
	const char *pass = s->login->route.pass;

	if (r->kind != IMAP_REPLY_CONTINUATION)
		return imap_broken(s, "host does not take a literal");
	st->step = IMAP_BACKEND_RESULT;
	session_backend_put(s, pass, strlen(pass));
	session_backend_put(s, "\r\n", 2);
	return BACKEND_MORE;
}

static enum backend_result
imap_on_sasl_pass(struct session *s, const struct imap_reply *r)
{
	struct imap_state *st = session_protocol(s);

	if (r->kind != IMAP_REPLY_CONTINUATION)
		return imap_no_mech(s);
	st->step = IMAP_BACKEND_RESULT;
	backend_sasl_put_pass(s);
	session_backend_put(s, "\r\n", 2);
	return BACKEND_MORE;
}

static enum backend_result
imap_on_refusal(struct session *s, const struct imap_reply *r)
{
	struct session_login *login = s->login;

	if (r->status == IMAP_STATUS_BAD)
		return imap_broken(s, "host says BAD to the login");
	login->backend_code[0] = '\0';
	if (imap_code_is_kept(r->code))
		(void)strlcpy(login->backend_code, imap_code_name(r->code),
		    sizeof(login->backend_code));
	return BACKEND_REFUSED;
}

/* The host says why it will refuse a token, and waits for a word. */
static enum backend_result
imap_on_error(struct session *s, const struct imap_reply *r)
{
	struct imap_state *st = session_protocol(s);

	if (st->has_error ||
	    !backend_sasl_is_token(backend_sasl_way(&s->login->route)))
		return imap_broken(s, "unexpected continuation");
	st->has_error = true;
	backend_sasl_put_sorry(s, r->text.text, r->text.len);
	session_backend_put(s, "\r\n", 2);
	return BACKEND_MORE;
}

/* The user is logged in. */
static enum backend_result
imap_on_ready(struct session *s, const struct imap_reply *r)
{
	struct imap_state *st = session_protocol(s);

	imap_keep_text(st, r->text);
	if (r->capabilities.len > 0)
		imap_keep_capabilities(st, r->capabilities);
	if (st->capabilities[0] != '\0' ||
	    (st->has_ours && !st->has_asked_capability))
		return BACKEND_READY;
	/*
	 * The client knows our list, from the greeting at least, and need not
	 * ask again (RFC 3501, 6.2.2): of LITERAL+ and IDLE in it this host
	 * may know nothing.
	 */
	st->step = IMAP_BACKEND_CAPABILITY;
	st->nlines = 0;
	st->nbytes = 0;
	session_backend_printf(s, "%s CAPABILITY\r\n", st->backend_tag);
	return BACKEND_MORE;
}

static enum backend_result
imap_on_result(struct session *s, const struct imap_reply *r)
{
	const struct imap_state *st = session_protocol(s);

	if (r->kind != IMAP_REPLY_TAGGED)
		return imap_on_error(s, r);
	if (r->status != IMAP_STATUS_OK)
		return imap_on_refusal(s, r);
	if (st->has_error)
		return imap_broken(s, "host takes what it has refused");
	return imap_on_ready(s, r);
}

static enum backend_result
imap_on_capability(struct session *s, const struct imap_reply *r)
{
	if (r->kind != IMAP_REPLY_TAGGED)
		return imap_broken(s, "unexpected continuation");
	return BACKEND_READY;
}

/* An untagged line while a command is open: swallowed, within bounds. */
static enum backend_result
imap_on_untagged(struct session *s, const struct imap_reply *r, size_t len)
{
	struct imap_state *st = session_protocol(s);

	st->nbytes += len;
	if (++st->nlines > IMAP_BACKEND_LINES_MAX ||
	    st->nbytes > IMAP_BACKEND_BYTES_MAX)
		return imap_broken(s, "too many untagged lines");
	/* Some hosts tell it before the OK, unasked. */
	if (r->status == IMAP_STATUS_CAPABILITY &&
	    (st->step == IMAP_BACKEND_CAPABILITY ||
	    st->step == IMAP_BACKEND_RESULT))
		imap_keep_capabilities(st, r->capabilities);
	if (r->status == IMAP_STATUS_CAPABILITY &&
	    st->step == IMAP_BACKEND_ASK)
		imap_note_capabilities(s, r->capabilities);
	return BACKEND_MORE;
}

static enum backend_result	(*const steps[])(struct session *,
				    const struct imap_reply *) = {
	[IMAP_BACKEND_BANNER] = imap_on_banner,
	[IMAP_BACKEND_TLS] = imap_on_tls,
	[IMAP_BACKEND_ASK] = imap_on_ask,
	[IMAP_BACKEND_ID] = imap_on_id,
	[IMAP_BACKEND_USER] = imap_on_user,
	[IMAP_BACKEND_PASS] = imap_on_pass,
	[IMAP_BACKEND_SASL] = imap_on_sasl,
	[IMAP_BACKEND_SASL_USER] = imap_on_sasl_user,
	[IMAP_BACKEND_SASL_PASS] = imap_on_sasl_pass,
	[IMAP_BACKEND_RESULT] = imap_on_result,
	[IMAP_BACKEND_CAPABILITY] = imap_on_capability,
};

_Static_assert(sizeof(steps) / sizeof(steps[0]) ==
    IMAP_BACKEND_STEP_LAST + 1, "a function for each step");

/* What is wrong with a line, without its text: that may hold anything. */
static const char *
imap_fault(const struct imap_reply *r, const char *line, size_t len)
{
	if (r->ends_in_literal)
		return "literal before the login";
	if (len == 0)
		return "empty line";
	if (memchr(line, '\0', len) != NULL)
		return "NUL in a line";
	return "not an IMAP reply";
}

enum backend_result
imap_backend_line(struct session *s, const char *line, size_t len)
{
	struct imap_state *st = session_protocol(s);
	struct imap_reply r;

	imap_reply_parse(&r, line, len);
	if (r.kind == IMAP_REPLY_INVALID || r.ends_in_literal)
		return imap_broken(s, imap_fault(&r, line, len));
	/* A mail process that does not know of tags. */
	if (s->is_local && st->step == IMAP_BACKEND_RESULT &&
	    r.status == IMAP_STATUS_PREAUTH)
		return imap_on_ready(s, &r);
	if (st->step != IMAP_BACKEND_BANNER) {
		if (r.kind == IMAP_REPLY_UNTAGGED)
			return imap_on_untagged(s, &r, len);
		/* It answers what has not left us yet. */
		if (buf_used(&s->backend.out) > 0)
			return imap_broken(s, "reply without a command");
		if (r.kind == IMAP_REPLY_TAGGED && !imap_reply_has_tag(&r,
		    st->step == IMAP_BACKEND_ID ? st->id_tag :
		    st->backend_tag))
			return imap_broken(s, "unknown tag");
	}
	return steps[st->step](s, &r);
}
