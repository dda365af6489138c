/*
 * pop3_reply_parse: one line from a POP3 mail host, before its session is
 * relayed (RFC 1939 section 3, RFC 2449 section 8, RFC 3206). The host is
 * not trusted: what is not exactly a reply is POP3_REPLY_INVALID.
 */
#ifndef POP3_LOGIN_POP3_REPLY_PARSE_H
#define POP3_LOGIN_POP3_REPLY_PARSE_H

#include <stdbool.h>
#include <stddef.h>

enum pop3_reply_kind {
	POP3_REPLY_INVALID,
	POP3_REPLY_OK,			/* "+OK" */
	POP3_REPLY_ERR,			/* "-ERR" */
	POP3_REPLY_CONTINUATION,	/* "+": in an AUTH exchange only */
};

/* Response codes; pop3_code_name() spells them. */
enum pop3_code {
	POP3_CODE_NONE,
	POP3_CODE_OTHER,	/* one that is not in this list */
	POP3_CODE_AUTH,
	POP3_CODE_IN_USE,
	POP3_CODE_LOGIN_DELAY,
	POP3_CODE_SYS_PERM,
	POP3_CODE_SYS_TEMP,
};
#define POP3_CODE_LAST	POP3_CODE_SYS_TEMP

/* A run of text inside the caller's line; len 0 if there is none. */
struct pop3_span {
	const char	*text;
	size_t		 len;
};

struct pop3_reply {
	enum pop3_reply_kind	kind;
	enum pop3_code		code;
	struct pop3_span	code_text;	/* between the brackets */
	struct pop3_span	text;	/* behind status and code */
};

/*
 * Takes a line without its line end apart. Spans point into the line. The
 * status is upper-case (RFC 1939) and followed by a blank or the end; a line
 * with a NUL is INVALID. Other control characters stay in text and
 * code_text: strip before use.
 */
void	pop3_reply_parse(struct pop3_reply *, const char *line, size_t len);

/* Upper-case name without brackets, "" for NONE and OTHER. */
const char	*pop3_code_name(enum pop3_code);

/* May a refusal with this code be told to the client under the same code? */
bool	pop3_code_is_kept(enum pop3_code);

#endif
