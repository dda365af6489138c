/*
 * Parser of the commands that a POP3 client sends before login.
 * Runs in: pop3-login.
 * Hostile input: every byte that a client sends before login.
 * Never: allocates; looks at a byte twice; trims an argument.
 */
#include "pop3-login/pop3_parse.h"

#include <string.h>

#include "lib/strutil.h"
#include "login-common/foreign.h"
#include "login-common/sasl_decode.h"

#define VERB_MIN	3
#define VERB_MAX	4
#define VERB_LONG	"XCLIENT"	/* no RFC's: a proxy's */
/* The longest word that foreign_is_word() knows, and one letter. */
#define WORD_MAX	8

enum state {
	STATE_VERB,
	STATE_TLS,	/* behind the first byte of a TLS record */
	STATE_ARG,
	STATE_CR,
	STATE_SKIP,	/* after an error, to the end of the line */
};

/* True: go on with the next byte. False: parser->result is the answer. */
typedef bool (*step_fn)(struct pop3_parser *, const char *buf, size_t len);

void
pop3_parser_init(struct pop3_parser *p)
{
	memset(p, 0, sizeof(*p));
	p->text_end = POP3_LINE_MAX;
}

static bool
finish(struct pop3_parser *p, enum pop3_parse_result result,
    enum pop3_error error)
{
	if (error != POP3_ERROR_NONE)
		p->cmd.error = error;
	p->result = result;
	return false;
}

/* Remembers the first error and skips from this byte on. */
static bool
fail(struct pop3_parser *p, enum pop3_error error)
{
	p->cmd.error = error;
	p->state = STATE_SKIP;
	p->text_end = POP3_LONG_LINE_MAX;
	return true;
}

static bool
is_letter(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* A line end follows: its LF is at lf, the text ends at end. */
static bool
finish_line(struct pop3_parser *p, const char *buf, uint32_t end)
{
	struct pop3_command *cmd = &p->cmd;

	p->pos++;
	if (cmd->error != POP3_ERROR_NONE)
		return finish(p, POP3_PARSE_BAD, cmd->error);
	if (cmd->has_arg) {
		cmd->arg_len = end - cmd->arg_off;
		cmd->has_leading_blank = cmd->arg_len > 0 &&
		    buf[cmd->arg_off] == ' ';
		cmd->has_trailing_blank = cmd->arg_len > 0 &&
		    buf[end - 1] == ' ';
	}
	return finish(p, POP3_PARSE_COMMAND, POP3_ERROR_NONE);
}

/* The byte behind the verb. */
static bool
finish_verb(struct pop3_parser *p, const char *buf)
{
	struct pop3_command *cmd = &p->cmd;
	char c = buf[p->pos];
	bool is_long;

	if (foreign_is_word(buf, p->pos, (unsigned char)c))
		return finish(p, POP3_PARSE_FATAL, POP3_ERROR_FOREIGN);
	if (c == FOREIGN_TLS_FIRST && p->pos == 0) {
		p->pos++;
		p->state = STATE_TLS;
		return true;
	}
	cmd->verb_len = p->pos;
	is_long = pop3_verb_is(cmd, buf, VERB_LONG);
	if (p->pos < VERB_MIN || (p->pos > VERB_MAX && !is_long))
		return fail(p, POP3_ERROR_VERB);
	switch (c) {
	case ' ':
		p->pos++;
		p->state = STATE_ARG;
		cmd->has_arg = true;
		cmd->arg_off = p->pos;
		if (is_long || pop3_verb_is(cmd, buf, "AUTH"))
			p->text_end = POP3_LONG_LINE_MAX;
		return true;
	case '\r':
		p->pos++;
		p->state = STATE_CR;
		return true;
	case '\n':
		return finish_line(p, buf, p->pos);
	default:
		return fail(p, POP3_ERROR_VERB);
	}
}

static bool
step_verb(struct pop3_parser *p, const char *buf, size_t len)
{
	while (p->pos < len && p->pos < WORD_MAX && is_letter(buf[p->pos]))
		p->pos++;
	if (p->pos == WORD_MAX)
		return fail(p, POP3_ERROR_VERB);
	return p->pos == len ? true : finish_verb(p, buf);
}

static bool
step_tls(struct pop3_parser *p, const char *buf, size_t len)
{
	(void)len;
	if (buf[p->pos] == FOREIGN_TLS_SECOND)
		return finish(p, POP3_PARSE_FATAL, POP3_ERROR_FOREIGN);
	return fail(p, POP3_ERROR_VERB);
}

static bool
step_arg(struct pop3_parser *p, const char *buf, size_t len)
{
	size_t end = len < p->text_end ? len : p->text_end;
	size_t i = p->pos;

	while (i < end && buf[i] != '\0' && buf[i] != '\r' && buf[i] != '\n')
		i++;
	p->pos = (uint32_t)i;
	if (i == len)
		return true;
	switch (buf[i]) {
	case '\r':
		p->pos++;
		p->state = STATE_CR;
		return true;
	case '\n':
		return finish_line(p, buf, p->pos);
	case '\0':
		return finish(p, POP3_PARSE_FATAL, POP3_ERROR_NUL);
	default:
		return fail(p, POP3_ERROR_SIZE);
	}
}

static bool
step_cr(struct pop3_parser *p, const char *buf, size_t len)
{
	(void)len;
	if (buf[p->pos] != '\n')
		return fail(p, POP3_ERROR_EOL);
	return finish_line(p, buf, p->pos - 1);
}

static bool
step_skip(struct pop3_parser *p, const char *buf, size_t len)
{
	size_t end = len < p->text_end ? len : p->text_end;

	for (; p->pos < end; p->pos++) {
		if (buf[p->pos] == '\0')
			return finish(p, POP3_PARSE_FATAL, POP3_ERROR_NUL);
		if (buf[p->pos] == '\n')
			return finish_line(p, buf, p->pos);
	}
	if (p->pos == len)
		return true;
	/* Behind the limit there may be a line end still. */
	switch (buf[p->pos]) {
	case '\n':
		return finish_line(p, buf, p->pos);
	case '\r':
		if (p->pos == p->text_end) {
			p->pos++;
			return true;
		}
		return finish(p, POP3_PARSE_TOO_LONG, POP3_ERROR_SIZE);
	case '\0':
		return finish(p, POP3_PARSE_FATAL, POP3_ERROR_NUL);
	default:
		return finish(p, POP3_PARSE_TOO_LONG, POP3_ERROR_SIZE);
	}
}

static const step_fn steps[] = {
	[STATE_VERB] = step_verb,
	[STATE_TLS] = step_tls,
	[STATE_ARG] = step_arg,
	[STATE_CR] = step_cr,
	[STATE_SKIP] = step_skip,
};

enum pop3_parse_result
pop3_parse(struct pop3_parser *p, const char *buf, size_t len,
    struct pop3_command *out, size_t *consumed)
{
	enum pop3_parse_result result;

	p->result = POP3_PARSE_MORE;
	while (p->pos < len && steps[p->state](p, buf, len))
		;
	result = p->result;
	if (result == POP3_PARSE_MORE)
		return result;
	*out = p->cmd;
	*consumed = p->pos;
	pop3_parser_init(p);
	return result;
}

enum pop3_parse_result
pop3_parse_line(struct pop3_parser *p, const char *buf, size_t len,
    size_t *line_len, size_t *consumed)
{
	static const enum pop3_parse_result results[] = {
		[SASL_LINE_MORE] = POP3_PARSE_MORE,
		[SASL_LINE_DONE] = POP3_PARSE_COMMAND,
		[SASL_LINE_TOO_LONG] = POP3_PARSE_TOO_LONG,
		[SASL_LINE_FATAL] = POP3_PARSE_FATAL,
	};
	struct sasl_line line = { p->pos };
	enum sasl_line_result result;

	result = sasl_line_find(&line, buf, len, line_len, consumed);
	p->pos = (uint32_t)line.pos;
	return results[result];
}

bool
pop3_verb_is(const struct pop3_command *cmd, const char *buf,
    const char *verb)
{
	return str_span_is(buf + cmd->verb_off, cmd->verb_len, verb);
}

static const char *const error_texts[] = {
	[POP3_ERROR_NONE] = "No error",
	[POP3_ERROR_NUL] = "NUL is not allowed",
	[POP3_ERROR_FOREIGN] = "This is a mail server",
	[POP3_ERROR_VERB] = "Invalid command",
	[POP3_ERROR_EOL] = "CR without LF",
	[POP3_ERROR_SIZE] = "Line too long",
};

const char *
pop3_error_text(enum pop3_error error)
{
	return error_texts[error];
}
