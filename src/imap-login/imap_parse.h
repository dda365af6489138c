/*
 * imap_parse: the commands of an IMAP client before login (RFC 3501 section
 * 9, made strict). Incremental over a buffer of the caller: tokens are
 * offsets into it, nothing is allocated or copied, each byte is looked at
 * once. The same bytes give the same events however they were split.
 */
#ifndef IMAP_LOGIN_IMAP_PARSE_H
#define IMAP_LOGIN_IMAP_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "imap-login/imap_token.h"

#define IMAP_TAG_MAX		64
/* Text of a command: all but literals and line ends (RFC 7162, 4). */
#define IMAP_LINE_MAX		8192
/* The same for AUTHENTICATE, with an initial response. */
#define IMAP_LONG_LINE_MAX	12288
/* The same for ID: 30 pairs of 30 and 1024 bytes take 31,817. */
#define IMAP_ID_LINE_MAX	32768
#define IMAP_LITERAL_MAX	2048	/* bytes in one literal */
#define IMAP_LITERALS_MAX	2	/* in one command */
#define IMAP_ARGS_MAX		8
#define IMAP_ID_PAIRS_MAX	30	/* RFC 2971, 3.3 */
#define IMAP_ID_STRING_MAX	1024	/* as sent, escapes included */
/*
 * A buffer of so many bytes holds every command: imap_parse() never asks for
 * more when it has them.
 */
#define IMAP_COMMAND_MAX \
	(IMAP_ID_LINE_MAX + IMAP_LITERALS_MAX * IMAP_LITERAL_MAX + \
	2 * (IMAP_LITERALS_MAX + 1))

enum imap_parse_result {
	IMAP_PARSE_MORE,	/* no whole command yet */
	IMAP_PARSE_LITERAL,	/* the client waits for "+" */
	IMAP_PARSE_COMMAND,
	IMAP_PARSE_BAD,		/* bad syntax, and where the next one begins */
	IMAP_PARSE_TOO_BIG,	/* over a limit: BYE [TOOBIG] and close */
	IMAP_PARSE_FATAL,	/* not a mail client: close, echo nothing */
};

/* The first thing wrong with a command; imap_error_text() words it. */
enum imap_error {
	IMAP_ERROR_NONE,
	IMAP_ERROR_NUL,		/* FATAL; the others of FATAL get no answer */
	IMAP_ERROR_FOREIGN,	/* FATAL: HTTP, TLS or SSH */
	IMAP_ERROR_TAG,
	IMAP_ERROR_VERB,
	IMAP_ERROR_BLANK,	/* where an argument should begin */
	IMAP_ERROR_ATOM,
	IMAP_ERROR_QUOTED,
	IMAP_ERROR_LITERAL,
	IMAP_ERROR_LIST,
	IMAP_ERROR_ARGS,	/* too many, or of the wrong kind */
	IMAP_ERROR_EOL,		/* a CR without LF */
	IMAP_ERROR_SIZE,	/* TOO_BIG */
};

struct imap_command {
	struct imap_token	tag, verb;
	struct imap_token	args[IMAP_ARGS_MAX];
	unsigned int		nargs;
	/* The tag is well-formed and may be echoed; else say "*". */
	bool			has_tag;
	enum imap_error		error;
	uint32_t		literal_bytes;	/* announced, for LITERAL */
};

/* Private but for its size. */
struct imap_parser {
	struct imap_command	cmd;
	enum imap_parse_result	result;
	uint32_t		pos;		/* next byte to look at */
	uint32_t		text_end;	/* the text must end before */
	uint32_t		token;		/* where this token began */
	uint32_t		literal;	/* bytes announced, or left */
	uint8_t			state;
	uint8_t			head;
	uint8_t			kind;
	uint8_t			nliterals, nstrings;
	bool			has_plus, has_digit, has_zero, in_list;
};

void	imap_parser_init(struct imap_parser *);

/*
 * Looks at the command that begins at buf. Called again with the same bytes
 * and more behind them until it says something else than MORE:
 *
 * COMMAND	*out is the command; *consumed bytes were used. The parser is
 *		fresh; tokens point into buf until the caller moves it.
 * BAD		as above; *consumed includes the bytes of non-synchronising
 *		literals, so that they are not taken for commands. out->has_tag
 *		and ->error are valid, and what was parsed until then.
 * LITERAL	the line up to *consumed announced a synchronising literal of
 *		out->literal_bytes; *out has the tokens before it. Either send
 *		one "+" and call again with more bytes and the same start, or
 *		refuse with a tagged answer, drop *consumed bytes and
 *		imap_parser_init(). Said for LOGIN and ID only.
 * TOO_BIG,	no way to find the next command. Send the last words and close.
 * FATAL
 *
 * Verbs are not looked up: an unknown one with good syntax is a COMMAND.
 * LF alone ends a line, CR alone never does.
 */
enum imap_parse_result	imap_parse(struct imap_parser *, const char *buf,
			    size_t len, struct imap_command *out,
			    size_t *consumed);

/* A few words for the client, without line end or anything that it sent. */
const char	*imap_error_text(enum imap_error);

#endif
