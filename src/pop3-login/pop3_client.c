/*
 * pop3_client: the client's side of a POP3 session before login.
 * Runs in: pop3-login.
 * Hostile input: commands of Internet clients, parsed by pop3_parse.
 * Never: echoes what a client sent.
 */
#include "pop3-login/pop3_client.h"

#include <bsd/string.h>
#include <string.h>

#include "lib/strutil.h"
#include "login-common/client_tls.h"
#include "login-common/login_process.h"
#include "login-common/sasl.h"
#include "login-common/session.h"
#include "login-common/session_login.h"
#include "pop3-login/pop3_identity.h"
#include "pop3-login/pop3_reply.h"
#include "pop3-login/pop3_state.h"

void
pop3_client_greet(struct session *s)
{
	struct pop3_state *st = session_protocol(s);

	pop3_parser_init(&st->parser);
	/* To all: a proxy that is not believed may be part of a loop, too. */
	session_printf(s, "+OK [" POP3_XCLIENT "] %s\r\n",
	    s->process->service->login_greeting);
}

static enum cmd_result
pop3_bad(struct session *s, const char *text)
{
	pop3_reply_err(s, text);
	return session_bad_command(s);
}

static enum cmd_result
pop3_cmd_capa(struct session *s, const struct pop3_command *cmd,
    const char *buf)
{
	(void)cmd;
	(void)buf;
	pop3_reply_capabilities(s);
	return CMD_DONE;
}

static enum cmd_result
pop3_cmd_noop(struct session *s, const struct pop3_command *cmd,
    const char *buf)
{
	(void)cmd;
	(void)buf;
	pop3_reply_ok(s, "");
	return CMD_DONE;
}

static enum cmd_result
pop3_cmd_quit(struct session *s, const struct pop3_command *cmd,
    const char *buf)
{
	(void)cmd;
	(void)buf;
	pop3_reply_ok(s, "Logging out");
	session_close(s, SESSION_REASON_LOGOUT);
	return CMD_CLOSE;
}

/* Dovecot's; who is not believed may say how many proxies may follow. */
static enum cmd_result
pop3_cmd_xclient(struct session *s, const struct pop3_command *cmd,
    const char *buf)
{
	if (pop3_identity_take(s, buf + cmd->arg_off, cmd->arg_len) == -1)
		return pop3_bad(s, "This cannot be whom you forward.");
	pop3_reply_ok(s, "");
	return CMD_DONE;
}

static enum cmd_result
pop3_cmd_stls(struct session *s, const struct pop3_command *cmd,
    const char *buf)
{
	(void)cmd;
	(void)buf;
	if (client_tls_is_offered(s))
		return CMD_TLS;
	return pop3_bad(s, s->client.tls != NULL ?
	    "TLS is active already." : "TLS is not available.");
}

void
pop3_client_begin_tls(struct session *s)
{
	struct pop3_state *st = session_protocol(s);

	pop3_reply_ok(s, "Begin TLS negotiation now.");
	explicit_bzero(st, sizeof(*st));
	pop3_parser_init(&st->parser);
}

/* RFC 1939, 7: the name is only remembered; it says nothing about users. */
static enum cmd_result
pop3_cmd_user(struct session *s, const struct pop3_command *cmd,
    const char *buf)
{
	struct pop3_state *st = session_protocol(s);

	st->user[0] = '\0';
	if (!session_plaintext_ok(s))
		return session_refuse_plaintext(s);
	if (cmd->arg_len == 0 || cmd->has_leading_blank ||
	    cmd->has_trailing_blank)
		return pop3_bad(s, "Invalid user name.");
	/* Too long for anybody's: PASS will fail like a wrong password. */
	if (str_copy(st->user, sizeof(st->user), buf + cmd->arg_off,
	    cmd->arg_len) == -1)
		(void)strlcpy(st->user, " ", sizeof(st->user));
	pop3_reply_ok(s, "");
	return CMD_DONE;
}

static enum cmd_result
pop3_cmd_pass(struct session *s, const struct pop3_command *cmd,
    const char *buf)
{
	struct pop3_state *st = session_protocol(s);
	enum cmd_result result;
	size_t ulen = strlen(st->user);

	if (!session_plaintext_ok(s))
		return session_refuse_plaintext(s);
	if (ulen == 0)
		return pop3_bad(s, "No username given.");
	result = session_login_plain(s, st->user, st->user[0] == ' ' ? 0 :
	    ulen, buf + cmd->arg_off, cmd->arg_len, "USER");
	/* A further try needs USER again. */
	st->user[0] = '\0';
	return result;
}

/* RFC 5034: AUTH alone lists mechanisms, as clients of old expect it. */
static enum cmd_result
pop3_cmd_auth(struct session *s, const struct pop3_command *cmd,
    const char *buf)
{
	const char *mech = buf + cmd->arg_off, *initial;
	size_t mlen = cmd->arg_len;

	if (cmd->arg_len == 0) {
		pop3_reply_mechanisms(s);
		return CMD_DONE;
	}
	initial = memchr(mech, ' ', cmd->arg_len);
	if (initial == NULL)
		return sasl_start(s, mech, mlen, NULL, 0);
	mlen = (size_t)(initial - mech);
	initial++;
	return sasl_start(s, mech, mlen, initial, cmd->arg_len - mlen - 1);
}

enum pop3_args { POP3_ARGS_NONE, POP3_ARGS_MAY, POP3_ARGS_MUST };

struct pop3_cmd {
	const char	*verb;
	enum pop3_args	 args;
	enum cmd_result	(*fn)(struct session *, const struct pop3_command *,
			    const char *buf);
};

static const struct pop3_cmd pop3_cmds[] = {
	{ "USER", POP3_ARGS_MUST, pop3_cmd_user },
	{ "PASS", POP3_ARGS_MUST, pop3_cmd_pass },
	{ "AUTH", POP3_ARGS_MAY, pop3_cmd_auth },
	{ "CAPA", POP3_ARGS_NONE, pop3_cmd_capa },
	{ "NOOP", POP3_ARGS_NONE, pop3_cmd_noop },
	{ "QUIT", POP3_ARGS_NONE, pop3_cmd_quit },
	{ "STLS", POP3_ARGS_NONE, pop3_cmd_stls },
	{ POP3_XCLIENT, POP3_ARGS_MAY, pop3_cmd_xclient },
};

static enum cmd_result
pop3_dispatch(struct session *s, const struct pop3_command *cmd,
    const char *buf)
{
	const struct pop3_cmd *row;
	size_t i;

	for (i = 0; i < sizeof(pop3_cmds) / sizeof(pop3_cmds[0]); i++) {
		row = &pop3_cmds[i];
		if (!pop3_verb_is(cmd, buf, row->verb))
			continue;
		if (row->args == POP3_ARGS_NONE && cmd->has_arg)
			return pop3_bad(s, "No argument is allowed.");
		if (row->args == POP3_ARGS_MUST && !cmd->has_arg)
			return pop3_bad(s, "An argument is missing.");
		return row->fn(s, cmd, buf);
	}
	return pop3_bad(s, "Unknown command before login.");
}

enum cmd_result
pop3_client_command(struct session *s)
{
	struct pop3_state *st = session_protocol(s);
	const char *buf = (const char *)buf_head(&s->client.in);
	enum cmd_result result = CMD_DONE;
	struct pop3_command cmd;
	size_t used = 0;

	switch (pop3_parse(&st->parser, buf, buf_used(&s->client.in), &cmd,
	    &used)) {
	case POP3_PARSE_MORE:
		return CMD_MORE;
	case POP3_PARSE_COMMAND:
		result = pop3_dispatch(s, &cmd, buf);
		break;
	case POP3_PARSE_BAD:
		result = pop3_bad(s, pop3_error_text(cmd.error));
		break;
	case POP3_PARSE_TOO_LONG:
		session_close(s, SESSION_REASON_TOO_BIG);
		return CMD_CLOSE;
	case POP3_PARSE_FATAL:
		if (cmd.error == POP3_ERROR_NUL)
			pop3_reply_err(s, pop3_error_text(cmd.error));
		session_close(s, SESSION_REASON_FOREIGN);
		return CMD_CLOSE;
	}
	buf_drop(&s->client.in, used);
	return result;
}
