/*
 * pop3_parse: the commands of a POP3 client before login (RFC 1939, 2449,
 * 5034, made strict). Incremental over a buffer of the caller, allocates
 * nothing; the same bytes give the same events however they were split.
 */
#ifndef POP3_LOGIN_POP3_PARSE_H
#define POP3_LOGIN_POP3_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define POP3_LINE_MAX		255	/* RFC 2449 section 4, without CR LF */
/*
 * AUTH with an initial response, XCLIENT, and the lines of a SASL exchange. A
 * longer line than its command allows is skipped up to here.
 */
#define POP3_LONG_LINE_MAX	12288
/* A buffer of so many bytes holds every line. */
#define POP3_COMMAND_MAX	(POP3_LONG_LINE_MAX + 2)

enum pop3_parse_result {
	POP3_PARSE_MORE,	/* no whole line yet */
	POP3_PARSE_COMMAND,
	POP3_PARSE_BAD,		/* bad syntax, and where the next one begins */
	POP3_PARSE_TOO_LONG,	/* beyond POP3_LONG_LINE_MAX: close */
	POP3_PARSE_FATAL,	/* not a mail client: close, echo nothing */
};

enum pop3_error {
	POP3_ERROR_NONE,
	POP3_ERROR_NUL,		/* FATAL */
	POP3_ERROR_FOREIGN,	/* FATAL: HTTP, TLS or SSH */
	POP3_ERROR_VERB,
	POP3_ERROR_EOL,		/* a CR without LF */
	POP3_ERROR_SIZE,	/* TOO_LONG, or BAD for a long line skipped */
};

/* Offsets into the caller's buffer. */
struct pop3_command {
	uint32_t	verb_off, verb_len;
	/*
	 * All behind the one blank after the verb: a password begins and ends
	 * with whatever it has.
	 */
	uint32_t	arg_off, arg_len;
	bool		has_arg;	/* a blank; arg may be empty */
	/* A name with these must be refused, not trimmed. */
	bool		has_leading_blank, has_trailing_blank;
	enum pop3_error	error;
};

/* Private but for its size. */
struct pop3_parser {
	struct pop3_command	cmd;
	enum pop3_parse_result	result;
	uint32_t		pos;	/* next byte to look at */
	uint32_t		text_end;
	uint8_t			state;
};

void	pop3_parser_init(struct pop3_parser *);

/*
 * Looks at the command that begins at buf; called again with the same start
 * and more bytes until it says something else than MORE. COMMAND and BAD:
 * *out is filled in, *consumed bytes were used, the parser is fresh. Verbs
 * have 3 or 4 letters and are not looked up. CR LF and LF end a line.
 */
enum pop3_parse_result	pop3_parse(struct pop3_parser *, const char *buf,
			    size_t len, struct pop3_command *out,
			    size_t *consumed);

/*
 * The same for a line of a SASL exchange: COMMAND is a line of *line_len
 * bytes without its line end; never BAD. Uses the same parser, freshly
 * initialised or as pop3_parse() left it behind a command.
 */
enum pop3_parse_result	pop3_parse_line(struct pop3_parser *, const char *buf,
			    size_t len, size_t *line_len, size_t *consumed);

/* Is it this verb? Case-blind. */
bool	pop3_verb_is(const struct pop3_command *, const char *buf,
	    const char *verb);

/* A few words for the client, without line end or anything that it sent. */
const char	*pop3_error_text(enum pop3_error);

#endif
