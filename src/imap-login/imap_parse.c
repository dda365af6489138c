/*
 * Parser of the commands that an IMAP client sends before login.
 * Runs in: imap-login.
 * Hostile input: every byte that a client sends before login.
 * Never: allocates; looks at a byte twice; reads beyond what it was given.
 */

/*
 * A state per place in the grammar, a function per state. Each function takes
 * as many bytes as it can and is only called when there is one. After an
 * error the state is SKIP until the end of the command, where BAD is said.
 */
#include "imap-login/imap_parse.h"

#include <string.h>

#include "login-common/foreign.h"

enum state {
	STATE_TAG,
	STATE_TLS,		/* behind the first byte of a TLS record */
	STATE_VERB,
	STATE_ARG,		/* behind a blank */
	STATE_ATOM,
	STATE_QUOTED,
	STATE_ESCAPE,		/* behind a backslash */
	STATE_HEAD,		/* in the size of a literal: enum head */
	STATE_ITEM,		/* where a string of the list may begin */
	STATE_NIL,		/* in an atom of the list */
	STATE_AFTER,		/* behind a quoted string, literal or list */
	STATE_CR,
	STATE_SKIP,
	/* States of bytes that do not count as text follow. */
	STATE_DATA,		/* in a literal */
	STATE_SKIP_DATA,
};

/* How much of a literal's size stands before this byte. */
enum head {
	HEAD_NONE,
	HEAD_NUMBER,		/* { */
	HEAD_PLUS,		/* {n+ */
	HEAD_BRACE,		/* {n} or {n+} */
	HEAD_CR,
};

enum kind {
	KIND_OTHER,
	KIND_LOGIN,
	KIND_ID,
	KIND_AUTHENTICATE,
};

/* True: go on with the next byte. False: parser->result is the answer. */
typedef bool (*step_fn)(struct imap_parser *, const char *buf, size_t len);

/* Sets of characters. */
#define IN_QUOTED	0x01	/* unescaped in a quoted string */
#define IN_ATOM		0x02	/* in an argument that is an atom */
#define IN_TAG		0x04
#define IN_VERB		0x08

/* Columns of the table below, each a set of sets. */
#define Q	IN_QUOTED
#define B	IN_ATOM
#define A	(IN_QUOTED | IN_ATOM)
#define T	(IN_QUOTED | IN_ATOM | IN_TAG)
#define V	(IN_QUOTED | IN_ATOM | IN_TAG | IN_VERB)

/*
 * RFC 3501's sets, with two departures: < and > are not for tags (a tag is
 * echoed, and a browser must not see markup in it), and % * \ are taken in
 * atoms, since clients send such passwords unquoted. 8-bit bytes are in none.
 */
static const uint8_t sets[256] = {
	0, Q, Q, Q, Q, Q, Q, Q, Q, Q, 0, Q, Q, 0, Q, Q,
	Q, Q, Q, Q, Q, Q, Q, Q, Q, Q, Q, Q, Q, Q, Q, Q,
	/* SP ! " # $ % & ' ( ) * + , - . / */
	Q, T, 0, T, T, A, T, T, Q, Q, A, A, T, V, V, T,
	/* 0 1 2 3 4 5 6 7 8 9 : ; < = > ? */
	V, V, V, V, V, V, V, V, V, V, T, T, A, T, A, T,
	/* @ A-O */
	T, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
	/* P-Z [ \ ] ^ _ */
	V, V, V, V, V, V, V, V, V, V, V, T, B, T, T, V,
	/* ` a-o */
	T, V, V, V, V, V, V, V, V, V, V, V, V, V, V, V,
	/* p-z { | } ~ DEL */
	V, V, V, V, V, V, V, V, V, V, V, Q, T, T, T, Q,
};

#undef Q
#undef B
#undef A
#undef T
#undef V

static const struct {
	const char	*verb;
	enum kind	 kind;
} kinds[] = {
	{ "LOGIN", KIND_LOGIN },
	{ "ID", KIND_ID },
	{ "AUTHENTICATE", KIND_AUTHENTICATE },
};

void
imap_parser_init(struct imap_parser *p)
{
	memset(p, 0, sizeof(*p));
	p->text_end = IMAP_LINE_MAX;
}

static bool
finish(struct imap_parser *p, enum imap_parse_result result)
{
	p->result = result;
	return false;
}

/* Ends the parse for good; a tag must not be echoed to a foreign client. */
static bool
finish_fatal(struct imap_parser *p, enum imap_error error)
{
	p->cmd.error = error;
	p->cmd.has_tag = false;
	return finish(p, IMAP_PARSE_FATAL);
}

/* Text beyond the limit. A NUL there is a NUL all the same. */
static bool
finish_too_long(struct imap_parser *p, char c)
{
	if (c == '\0')
		return finish_fatal(p, IMAP_ERROR_NUL);
	p->cmd.error = IMAP_ERROR_SIZE;
	return finish(p, IMAP_PARSE_TOO_BIG);
}

/* Remembers the first error and skips from this byte on. */
static bool
fail(struct imap_parser *p, enum imap_error error)
{
	if (p->cmd.error == IMAP_ERROR_NONE)
		p->cmd.error = error;
	p->state = STATE_SKIP;
	p->head = HEAD_NONE;
	return true;
}

/*
 * Moves behind the bytes of a set. False when none that may be looked at is
 * left: the input has ended, or the text must and the byte does not end it.
 */
static bool
pass_set(struct imap_parser *p, const char *buf, size_t len, uint8_t set)
{
	size_t end = len < p->text_end ? len : p->text_end;
	size_t i = p->pos;

	while (i < end && (sets[(unsigned char)buf[i]] & set) != 0)
		i++;
	p->pos = (uint32_t)i;
	return i < end || (i < len && (buf[i] == '\r' || buf[i] == '\n'));
}

static struct imap_token
token_from(const struct imap_parser *p, enum imap_token_kind kind)
{
	return (struct imap_token){ kind, p->token, p->pos - p->token };
}

static bool
step_tag(struct imap_parser *p, const char *buf, size_t len)
{
	size_t end = len <= IMAP_TAG_MAX ? len : IMAP_TAG_MAX + 1;
	unsigned char c;

	/* Passes one byte more than allowed, to see that it is too long. */
	if (!pass_set(p, buf, end, IN_TAG) && p->pos <= IMAP_TAG_MAX)
		return true;
	if (p->pos > IMAP_TAG_MAX) {
		if (foreign_is_word(buf, p->pos, ' '))
			return finish_fatal(p, IMAP_ERROR_FOREIGN);
		return fail(p, IMAP_ERROR_TAG);
	}
	c = (unsigned char)buf[p->pos];
	if (foreign_is_word(buf, p->pos, c))
		return finish_fatal(p, IMAP_ERROR_FOREIGN);
	if (c == FOREIGN_TLS_FIRST && p->pos == 0) {
		p->pos++;
		p->state = STATE_TLS;
		return true;
	}
	if (c != ' ' || p->pos == 0)
		return fail(p, IMAP_ERROR_TAG);
	p->cmd.tag = token_from(p, IMAP_ATOM);
	p->cmd.has_tag = true;
	p->token = ++p->pos;
	p->state = STATE_VERB;
	return true;
}

static bool
step_tls(struct imap_parser *p, const char *buf, size_t len)
{
	(void)len;
	if (buf[p->pos] == FOREIGN_TLS_SECOND)
		return finish_fatal(p, IMAP_ERROR_FOREIGN);
	return fail(p, IMAP_ERROR_TAG);
}

/* The command's last line has ended. */
static bool
finish_line(struct imap_parser *p)
{
	struct imap_command *cmd = &p->cmd;

	p->pos++;
	if (p->in_list)
		cmd->error = IMAP_ERROR_LIST;
	else if (p->kind == KIND_ID && cmd->nargs != 1)
		cmd->error = IMAP_ERROR_ARGS;
	return finish(p, cmd->error == IMAP_ERROR_NONE ? IMAP_PARSE_COMMAND :
	    IMAP_PARSE_BAD);
}

static bool
close_list(struct imap_parser *p)
{
	if (p->nstrings % 2 != 0)
		return fail(p, IMAP_ERROR_LIST);
	p->pos++;
	p->in_list = false;
	/* The list was begun with its own offset kept in the argument. */
	p->cmd.args[0].len = p->pos - p->cmd.args[0].off;
	p->cmd.nargs = 1;
	p->state = STATE_AFTER;
	return true;
}

/* What may follow a token: a blank, a line end, or the end of the list. */
static bool
pass_separator(struct imap_parser *p, const char *buf, enum imap_error error)
{
	switch (buf[p->pos]) {
	case ' ':
		p->pos++;
		p->state = p->in_list ? STATE_ITEM : STATE_ARG;
		return true;
	case '\r':
		p->pos++;
		p->state = STATE_CR;
		return true;
	case '\n':
		return finish_line(p);
	case ')':
		if (p->in_list)
			return close_list(p);
		return fail(p, error);
	default:
		return fail(p, error);
	}
}

static bool
step_verb(struct imap_parser *p, const char *buf, size_t len)
{
	size_t i;

	if (!pass_set(p, buf, len, IN_VERB))
		return true;
	p->cmd.verb = token_from(p, IMAP_ATOM);
	if (p->cmd.verb.len == 0)
		return fail(p, IMAP_ERROR_VERB);
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (imap_token_is(&p->cmd.verb, buf, kinds[i].verb))
			p->kind = (uint8_t)kinds[i].kind;
	}
	if (p->kind == KIND_AUTHENTICATE)
		p->text_end = IMAP_LONG_LINE_MAX;
	else if (p->kind == KIND_ID)
		p->text_end = IMAP_ID_LINE_MAX;
	return pass_separator(p, buf, IMAP_ERROR_VERB);
}

static void
begin_literal(struct imap_parser *p)
{
	p->literal = 0;
	p->has_digit = p->has_plus = p->has_zero = false;
	p->head = HEAD_NUMBER;
}

static bool
step_arg(struct imap_parser *p, const char *buf, size_t len)
{
	char c = buf[p->pos];

	(void)len;
	if (p->cmd.nargs == IMAP_ARGS_MAX)
		return fail(p, IMAP_ERROR_ARGS);
	if ((sets[(unsigned char)c] & IN_ATOM) != 0) {
		p->token = p->pos;
		p->state = STATE_ATOM;
		return true;
	}
	/* RFC 4959: an initial response is an atom; so is a mechanism. */
	if (c == '"' && p->kind != KIND_AUTHENTICATE && p->kind != KIND_ID) {
		p->token = ++p->pos;
		p->state = STATE_QUOTED;
		return true;
	}
	if (c == '{' && p->kind == KIND_LOGIN) {
		p->pos++;
		begin_literal(p);
		p->state = STATE_HEAD;
		return true;
	}
	if (c == '(' && p->kind == KIND_ID && p->cmd.nargs == 0) {
		p->cmd.args[0] = (struct imap_token){ IMAP_LIST, p->pos, 0 };
		p->pos++;
		p->in_list = true;
		p->state = STATE_ITEM;
		return true;
	}
	if (c == '"' || c == '{' || c == '(')
		return fail(p, IMAP_ERROR_ARGS);
	return fail(p, IMAP_ERROR_BLANK);
}

static bool
step_atom(struct imap_parser *p, const char *buf, size_t len)
{
	struct imap_token *arg = &p->cmd.args[p->cmd.nargs];

	if (!pass_set(p, buf, len, IN_ATOM))
		return true;
	*arg = token_from(p, IMAP_ATOM);
	if (p->kind == KIND_ID && !imap_token_is(arg, buf, "NIL"))
		return fail(p, IMAP_ERROR_ARGS);
	p->cmd.nargs++;
	return pass_separator(p, buf, IMAP_ERROR_ATOM);
}

/* A quoted string or literal ends before pos. */
static bool
add_string(struct imap_parser *p, enum imap_token_kind kind)
{
	p->state = STATE_AFTER;
	if (!p->in_list)
		p->cmd.args[p->cmd.nargs++] = token_from(p, kind);
	else if (p->pos - p->token > IMAP_ID_STRING_MAX)
		return fail(p, IMAP_ERROR_LIST);
	else
		p->nstrings++;
	return true;
}

static bool
step_quoted(struct imap_parser *p, const char *buf, size_t len)
{
	if (!pass_set(p, buf, len, IN_QUOTED))
		return true;
	switch (buf[p->pos]) {
	case '\\':
		p->pos++;
		p->state = STATE_ESCAPE;
		return true;
	case '"':
		add_string(p, IMAP_QUOTED);
		p->pos++;
		return true;
	default:
		return fail(p, IMAP_ERROR_QUOTED);
	}
}

static bool
step_escape(struct imap_parser *p, const char *buf, size_t len)
{
	(void)len;
	if (buf[p->pos] != '"' && buf[p->pos] != '\\')
		return fail(p, IMAP_ERROR_QUOTED);
	p->pos++;
	p->state = STATE_QUOTED;
	return true;
}

/* Takes a digit of a literal's size; stays far above the limits when over. */
static void
add_digit(struct imap_parser *p, char c)
{
	/* {03} is no number here, though what follows has that length. */
	if (p->has_digit && p->literal == 0)
		p->has_zero = true;
	p->has_digit = true;
	if (p->literal <= IMAP_LITERAL_MAX)
		p->literal = p->literal * 10 + (uint32_t)(c - '0');
}

/* A line has ended in a literal's size, in good syntax or skipped. */
static bool
finish_literal_line(struct imap_parser *p)
{
	struct imap_command *cmd = &p->cmd;

	p->pos++;
	if (cmd->error == IMAP_ERROR_NONE && (p->has_zero ||
	    (p->in_list && p->literal > IMAP_ID_STRING_MAX &&
	    p->literal <= IMAP_LITERAL_MAX)))
		cmd->error = IMAP_ERROR_LITERAL;
	/* The client waits; after a BAD it will not send the literal. */
	if (cmd->error != IMAP_ERROR_NONE && !p->has_plus)
		return finish(p, IMAP_PARSE_BAD);
	if (p->literal > IMAP_LITERAL_MAX ||
	    p->nliterals == IMAP_LITERALS_MAX) {
		cmd->error = IMAP_ERROR_SIZE;
		return finish(p, IMAP_PARSE_TOO_BIG);
	}
	p->nliterals++;
	p->text_end += (p->head == HEAD_CR ? 2 : 1) + p->literal;
	p->token = p->pos;
	if (cmd->error != IMAP_ERROR_NONE) {
		p->state = STATE_SKIP_DATA;
		return true;
	}
	p->state = STATE_DATA;
	cmd->literal_bytes = p->literal;
	return p->has_plus ? true : finish(p, IMAP_PARSE_LITERAL);
}

/* The next byte behind "{": where it leads, HEAD_NONE if astray. */
static enum head
next_head(struct imap_parser *p, char c)
{
	switch ((enum head)p->head) {
	case HEAD_NUMBER:
		if (c >= '0' && c <= '9') {
			add_digit(p, c);
			return HEAD_NUMBER;
		}
		if (c == '+' && p->has_digit) {
			p->has_plus = true;
			return HEAD_PLUS;
		}
		return c == '}' && p->has_digit ? HEAD_BRACE : HEAD_NONE;
	case HEAD_PLUS:
		return c == '}' ? HEAD_BRACE : HEAD_NONE;
	case HEAD_BRACE:
		return c == '\r' ? HEAD_CR : HEAD_NONE;
	case HEAD_CR:
	case HEAD_NONE:
	default:
		return HEAD_NONE;
	}
}

static bool
step_head(struct imap_parser *p, const char *buf, size_t len)
{
	enum head next;
	char c = buf[p->pos];

	(void)len;
	if (c == '\n' && p->head >= HEAD_BRACE)
		return finish_literal_line(p);
	next = next_head(p, c);
	if (next == HEAD_NONE)
		return fail(p, IMAP_ERROR_LITERAL);
	p->head = (uint8_t)next;
	p->pos++;
	return true;
}

/* Moves on in a literal; false when it holds a NUL (RFC 3501: CHAR8). */
static bool
pass_data(struct imap_parser *p, const char *buf, size_t len)
{
	size_t n = len - p->pos < p->literal ? len - p->pos : p->literal;
	const char *nul = n == 0 ? NULL : memchr(buf + p->pos, '\0', n);

	if (nul != NULL) {
		p->pos = (uint32_t)(nul - buf);
		return false;
	}
	p->pos += (uint32_t)n;
	p->literal -= (uint32_t)n;
	return true;
}

static bool
step_data(struct imap_parser *p, const char *buf, size_t len)
{
	if (!pass_data(p, buf, len))
		return finish_fatal(p, IMAP_ERROR_NUL);
	if (p->literal > 0)
		return true;
	return add_string(p, IMAP_LITERAL);
}

static bool
step_skip_data(struct imap_parser *p, const char *buf, size_t len)
{
	if (!pass_data(p, buf, len))
		return finish_fatal(p, IMAP_ERROR_NUL);
	if (p->literal == 0)
		return fail(p, p->cmd.error);
	return true;
}

static bool
step_item(struct imap_parser *p, const char *buf, size_t len)
{
	char c = buf[p->pos];

	(void)len;
	if (c == ')' && p->nstrings == 0)
		return close_list(p);
	if (p->nstrings == 2 * IMAP_ID_PAIRS_MAX)
		return fail(p, IMAP_ERROR_LIST);
	if (c == '"') {
		p->token = ++p->pos;
		p->state = STATE_QUOTED;
	} else if (c == '{') {
		p->pos++;
		begin_literal(p);
		p->state = STATE_HEAD;
	} else if ((c == 'N' || c == 'n') && p->nstrings % 2 != 0) {
		p->token = p->pos;
		p->state = STATE_NIL;
	} else
		return fail(p, IMAP_ERROR_LIST);
	return true;
}

static bool
step_nil(struct imap_parser *p, const char *buf, size_t len)
{
	struct imap_token nil;

	if (!pass_set(p, buf, len, IN_VERB))
		return true;
	nil = token_from(p, IMAP_NIL);
	if (!imap_token_is(&nil, buf, "NIL"))
		return fail(p, IMAP_ERROR_LIST);
	p->nstrings++;
	return pass_separator(p, buf, IMAP_ERROR_LIST);
}

static bool
step_after(struct imap_parser *p, const char *buf, size_t len)
{
	(void)len;
	return pass_separator(p, buf, IMAP_ERROR_BLANK);
}

static bool
step_cr(struct imap_parser *p, const char *buf, size_t len)
{
	(void)len;
	return buf[p->pos] == '\n' ? finish_line(p) : fail(p, IMAP_ERROR_EOL);
}

static bool
step_skip(struct imap_parser *p, const char *buf, size_t len)
{
	size_t end = len < p->text_end ? len : p->text_end;
	char c;

	/* The first byte may be the line end that text_end allows. */
	do {
		c = buf[p->pos];
		if (c == '\0')
			return finish_fatal(p, IMAP_ERROR_NUL);
		if (c == '\n' && p->head >= HEAD_BRACE)
			return finish_literal_line(p);
		p->pos++;
		if (c == '\n')
			return finish(p, IMAP_PARSE_BAD);
		if (c == '{')
			begin_literal(p);
		else
			p->head = (uint8_t)next_head(p, c);
	} while (p->pos < end);
	return true;
}

static const step_fn steps[] = {
	[STATE_TAG] = step_tag,
	[STATE_TLS] = step_tls,
	[STATE_VERB] = step_verb,
	[STATE_ARG] = step_arg,
	[STATE_ATOM] = step_atom,
	[STATE_QUOTED] = step_quoted,
	[STATE_ESCAPE] = step_escape,
	[STATE_HEAD] = step_head,
	[STATE_ITEM] = step_item,
	[STATE_NIL] = step_nil,
	[STATE_AFTER] = step_after,
	[STATE_CR] = step_cr,
	[STATE_SKIP] = step_skip,
	[STATE_DATA] = step_data,
	[STATE_SKIP_DATA] = step_skip_data,
};

enum imap_parse_result
imap_parse(struct imap_parser *p, const char *buf, size_t len,
    struct imap_command *out, size_t *consumed)
{
	enum imap_parse_result result;
	bool is_on = true;

	p->result = IMAP_PARSE_MORE;
	while (is_on && p->pos < len) {
		/* Behind the last byte of text only a line end may stand. */
		if (p->pos >= p->text_end && p->state < STATE_DATA &&
		    buf[p->pos] != '\r' && buf[p->pos] != '\n')
			is_on = finish_too_long(p, buf[p->pos]);
		else
			is_on = steps[p->state](p, buf, len);
	}
	result = p->result;
	if (result == IMAP_PARSE_MORE)
		return result;
	*out = p->cmd;
	*consumed = p->pos;
	if (result != IMAP_PARSE_LITERAL)
		imap_parser_init(p);
	return result;
}

static const char *const error_texts[] = {
	[IMAP_ERROR_NONE] = "No error",
	[IMAP_ERROR_NUL] = "NUL is not allowed",
	[IMAP_ERROR_FOREIGN] = "This is a mail server",
	[IMAP_ERROR_TAG] = "Invalid tag",
	[IMAP_ERROR_VERB] = "Invalid command name",
	[IMAP_ERROR_BLANK] = "Missing or invalid argument",
	[IMAP_ERROR_ATOM] = "Invalid character in atom",
	[IMAP_ERROR_QUOTED] = "Invalid quoted string",
	[IMAP_ERROR_LITERAL] = "Invalid literal",
	[IMAP_ERROR_LIST] = "Invalid list",
	[IMAP_ERROR_ARGS] = "Invalid arguments",
	[IMAP_ERROR_EOL] = "CR without LF",
	[IMAP_ERROR_SIZE] = "Command too long",
};

const char *
imap_error_text(enum imap_error error)
{
	return error_texts[error];
}
