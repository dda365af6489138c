/*
 * imap_client: the client's side of an IMAP session before login.
 * Runs in: imap-login.
 * Hostile input: commands of Internet clients, parsed by imap_parse.
 * Never: echoes what a client sent but a well-formed tag.
 */
#include "imap-login/imap_client.h"

#include <stdio.h>
#include <string.h>

#include "imap-login/imap_identity.h"
#include "imap-login/imap_reply.h"
#include "imap-login/imap_state.h"
#include "login-common/client_tls.h"
#include "login-common/login_process.h"
#include "login-common/sasl.h"
#include "login-common/session.h"
#include "login-common/session_login.h"

void
imap_client_greet(struct session *s)
{
	struct imap_state *st = session_protocol(s);
	char capabilities[IMAP_OWN_CAPABILITIES_MAX];

	imap_parser_init(&st->parser);
	imap_reply_capabilities(s, capabilities, sizeof(capabilities));
	session_printf(s, "* OK [CAPABILITY %s] %s\r\n", capabilities,
	    s->process->service->login_greeting);
}

static enum cmd_result
imap_cmd_capability(struct session *s, const struct imap_command *cmd,
    const char *buf)
{
	struct imap_state *st = session_protocol(s);
	char capabilities[IMAP_OWN_CAPABILITIES_MAX];

	(void)cmd;
	(void)buf;
	st->has_asked_capability = true;
	imap_reply_capabilities(s, capabilities, sizeof(capabilities));
	session_printf(s, "* CAPABILITY %s\r\n", capabilities);
	imap_reply_tagged(s, "OK Capability completed.");
	return CMD_DONE;
}

static enum cmd_result
imap_cmd_noop(struct session *s, const struct imap_command *cmd,
    const char *buf)
{
	(void)cmd;
	(void)buf;
	imap_reply_tagged(s, "OK NOOP completed.");
	return CMD_DONE;
}

static enum cmd_result
imap_cmd_logout(struct session *s, const struct imap_command *cmd,
    const char *buf)
{
	static const char bye[] = "* BYE Logging out\r\n";

	(void)cmd;
	(void)buf;
	session_put(s, bye, sizeof(bye) - 1);
	imap_reply_tagged(s, "OK Logout completed.");
	session_close(s, SESSION_REASON_LOGOUT);
	return CMD_CLOSE;
}

/* RFC 2971: the name is no secret, the version is. */
static enum cmd_result
imap_cmd_id(struct session *s, const struct imap_command *cmd,
    const char *buf)
{
	static const char id[] = "* ID (\"name\" \"Mailwicket\")\r\n";

	if (imap_identity_take(s, &cmd->args[0], buf) == -1) {
		imap_reply_tagged(s, "BAD This cannot be whom you forward.");
		return session_bad_command(s);
	}
	session_put(s, id, sizeof(id) - 1);
	imap_reply_tagged(s, "OK ID completed.");
	return CMD_DONE;
}

/* RFC 5161: nothing can be enabled before login. */
static enum cmd_result
imap_cmd_enable(struct session *s, const struct imap_command *cmd,
    const char *buf)
{
	static const char enabled[] = "* ENABLED\r\n";

	(void)cmd;
	(void)buf;
	session_put(s, enabled, sizeof(enabled) - 1);
	imap_reply_tagged(s, "OK ENABLE completed.");
	return CMD_DONE;
}

static enum cmd_result
imap_cmd_starttls(struct session *s, const struct imap_command *cmd,
    const char *buf)
{
	(void)cmd;
	(void)buf;
	if (client_tls_is_offered(s))
		return CMD_TLS;
	imap_reply_tagged(s, s->client.tls != NULL ?
	    "BAD TLS is active already." : "BAD TLS is not available.");
	return session_bad_command(s);
}

void
imap_client_begin_tls(struct session *s)
{
	struct imap_state *st = session_protocol(s);

	imap_reply_tagged(s, "OK Begin TLS negotiation now.");
	memset(st, 0, sizeof(*st));
	imap_parser_init(&st->parser);
}

static enum cmd_result
imap_cmd_login(struct session *s, const struct imap_command *cmd,
    const char *buf)
{
	char user[SASL_USER_MAX + 1], pass[SASL_PASS_MAX + 1];
	size_t ulen, plen;
	enum cmd_result result;

	if (!session_plaintext_ok(s))
		return session_refuse_plaintext(s);
	ulen = imap_token_text(&cmd->args[0], buf, user, sizeof(user));
	plen = imap_token_text(&cmd->args[1], buf, pass, sizeof(pass));
	/* Too long for anybody's: as a wrong one, nothing is cut. */
	if (ulen == (size_t)-1 || plen == (size_t)-1)
		ulen = plen = 0;
	result = session_login_plain(s, user, ulen, pass, plen, "LOGIN");
	explicit_bzero(pass, sizeof(pass));
	return result;
}

static enum cmd_result
imap_cmd_authenticate(struct session *s, const struct imap_command *cmd,
    const char *buf)
{
	const struct imap_token *mech = &cmd->args[0], *initial = NULL;

	if (cmd->nargs > 1)
		initial = &cmd->args[1];
	return sasl_start(s, buf + mech->off, mech->len,
	    initial == NULL ? NULL : buf + initial->off,
	    initial == NULL ? 0 : initial->len);
}

struct imap_cmd {
	const char	*verb;
	unsigned int	 args_min, args_max;
	enum cmd_result	(*fn)(struct session *, const struct imap_command *,
			    const char *buf);
};

static const struct imap_cmd imap_cmds[] = {
	{ "LOGIN", 2, 2, imap_cmd_login },
	{ "AUTHENTICATE", 1, 2, imap_cmd_authenticate },
	{ "CAPABILITY", 0, 0, imap_cmd_capability },
	{ "NOOP", 0, 0, imap_cmd_noop },
	{ "LOGOUT", 0, 0, imap_cmd_logout },
	{ "ID", 1, 1, imap_cmd_id },
	{ "ENABLE", 1, IMAP_ARGS_MAX, imap_cmd_enable },
	{ "STARTTLS", 0, 0, imap_cmd_starttls },
};

static const struct imap_cmd *
imap_cmd_of(const struct imap_command *cmd, const char *buf)
{
	size_t i;

	for (i = 0; i < sizeof(imap_cmds) / sizeof(imap_cmds[0]); i++) {
		if (imap_token_is(&cmd->verb, buf, imap_cmds[i].verb))
			return &imap_cmds[i];
	}
	return NULL;
}

/* Keeps the tag for the answer; "*" stands for one that is not fit. */
static void
imap_keep_tag(struct imap_state *st, const struct imap_command *cmd,
    const char *buf)
{
	size_t len = cmd->has_tag ? cmd->tag.len : 1;

	memcpy(st->tag, cmd->has_tag ? buf + cmd->tag.off : "*", len);
	st->tag[len] = '\0';
}

static enum cmd_result
imap_bad(struct session *s, const char *text)
{
	char line[128];

	(void)snprintf(line, sizeof(line), "BAD %s", text);
	imap_reply_tagged(s, line);
	return session_bad_command(s);
}

static enum cmd_result
imap_dispatch(struct session *s, const struct imap_command *cmd,
    const char *buf)
{
	const struct imap_cmd *row = imap_cmd_of(cmd, buf);

	if (row == NULL)
		return imap_bad(s, "Unknown command before login.");
	if (cmd->nargs < row->args_min || cmd->nargs > row->args_max)
		return imap_bad(s, "Wrong number of arguments.");
	return row->fn(s, cmd, buf);
}

/*
 * The client waits for our word before it sends a literal.  A password is
 * not asked for where it would travel in clear.
 */
static enum cmd_result
imap_literal(struct session *s, const struct imap_command *cmd,
    const char *buf, size_t used)
{
	static const char go_on[] = "+ OK\r\n";
	struct imap_state *st = session_protocol(s);
	enum cmd_result result;

	if (!imap_token_is(&cmd->verb, buf, "LOGIN") ||
	    session_plaintext_ok(s)) {
		session_put(s, go_on, sizeof(go_on) - 1);
		return CMD_MORE;
	}
	imap_keep_tag(st, cmd, buf);
	result = session_refuse_plaintext(s);
	imap_parser_init(&st->parser);
	buf_drop(&s->client.in, used);
	return result;
}

/* Not a mail client, or one that cannot be followed any more. */
static enum cmd_result
imap_fatal(struct session *s, enum imap_error error)
{
	if (error == IMAP_ERROR_NUL)
		session_printf(s, "* BAD %s\r\n", imap_error_text(error));
	session_close(s, SESSION_REASON_FOREIGN);
	return CMD_CLOSE;
}

enum cmd_result
imap_client_command(struct session *s)
{
	struct imap_state *st = session_protocol(s);
	const char *buf = (const char *)buf_head(&s->client.in);
	enum cmd_result result = CMD_DONE;
	struct imap_command cmd;
	size_t used = 0;

	switch (imap_parse(&st->parser, buf, buf_used(&s->client.in), &cmd,
	    &used)) {
	case IMAP_PARSE_MORE:
		return CMD_MORE;
	case IMAP_PARSE_LITERAL:
		return imap_literal(s, &cmd, buf, used);
	case IMAP_PARSE_COMMAND:
		imap_keep_tag(st, &cmd, buf);
		result = imap_dispatch(s, &cmd, buf);
		break;
	case IMAP_PARSE_BAD:
		imap_keep_tag(st, &cmd, buf);
		result = imap_bad(s, imap_error_text(cmd.error));
		break;
	case IMAP_PARSE_TOO_BIG:
		session_close(s, SESSION_REASON_TOO_BIG);
		return CMD_CLOSE;
	case IMAP_PARSE_FATAL:
		return imap_fatal(s, cmd.error);
	}
	buf_drop(&s->client.in, used);
	return result;
}
