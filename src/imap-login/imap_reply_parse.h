/*
 * imap_reply_parse: one line from an IMAP mail host, before its session is
 * relayed (RFC 3501 section 7, RFC 5530). The host is not trusted: what is
 * not exactly a reply is IMAP_REPLY_INVALID.
 */
#ifndef IMAP_LOGIN_IMAP_REPLY_PARSE_H
#define IMAP_LOGIN_IMAP_REPLY_PARSE_H

#include <stdbool.h>
#include <stddef.h>

enum imap_reply_kind {
	IMAP_REPLY_INVALID,
	IMAP_REPLY_UNTAGGED,
	IMAP_REPLY_CONTINUATION,
	IMAP_REPLY_TAGGED,	/* compare the tag with imap_reply_has_tag() */
};

enum imap_status {
	IMAP_STATUS_NONE,	/* a continuation */
	IMAP_STATUS_OK,
	IMAP_STATUS_NO,
	IMAP_STATUS_BAD,
	IMAP_STATUS_PREAUTH,	/* this and the following untagged only */
	IMAP_STATUS_BYE,
	IMAP_STATUS_CAPABILITY,
	IMAP_STATUS_OTHER,	/* data of any other sort */
};

/* Response codes; imap_code_name() spells them. */
enum imap_code {
	IMAP_CODE_NONE,
	IMAP_CODE_OTHER,	/* one that is not in this list */
	IMAP_CODE_ALERT,
	IMAP_CODE_AUTHENTICATIONFAILED,
	IMAP_CODE_AUTHORIZATIONFAILED,
	IMAP_CODE_CANNOT,
	IMAP_CODE_CAPABILITY,
	IMAP_CODE_CLIENTBUG,
	IMAP_CODE_CONTACTADMIN,
	IMAP_CODE_CORRUPTION,
	IMAP_CODE_EXPIRED,
	IMAP_CODE_INUSE,
	IMAP_CODE_LIMIT,
	IMAP_CODE_NOPERM,
	IMAP_CODE_OVERQUOTA,
	IMAP_CODE_PRIVACYREQUIRED,
	IMAP_CODE_REFERRAL,
	IMAP_CODE_SERVERBUG,
	IMAP_CODE_UNAVAILABLE,
};
#define IMAP_CODE_LAST	IMAP_CODE_UNAVAILABLE

/* A run of text inside the caller's line; len 0 if there is none. */
struct imap_span {
	const char	*text;
	size_t		 len;
};

struct imap_reply {
	enum imap_reply_kind	kind;
	enum imap_status	status;
	enum imap_code		code;
	struct imap_span	tag;
	struct imap_span	code_text;	/* between the brackets */
	struct imap_span	text;	/* behind status and code */
	/* Words of CAPABILITY, as data or as code, blanks between them. */
	struct imap_span	capabilities;
	/* {n} at the end: its bytes would follow, and come from nowhere good */
	bool			ends_in_literal;
};

/*
 * Takes a line without its line end apart. Spans point into the line. Status
 * words are case-blind and must be followed by a blank or the end; a line
 * with a NUL is INVALID, and so is a tagged line without OK, NO or BAD.
 * Other control characters stay in text and code_text: strip before use.
 */
void	imap_reply_parse(struct imap_reply *, const char *line, size_t len);

/* Is this the tag, byte by byte, that we chose? */
bool	imap_reply_has_tag(const struct imap_reply *, const char *tag);

/* Is the capability in the list, as a whole word, case-blind? */
bool	imap_capability_has(struct imap_span, const char *name);

/*
 * The next word of a list, which is taken off it; false at the end. Words
 * with bytes outside of 0x21-0x7e, or with "]", are passed over.
 */
bool	imap_capability_next(struct imap_span *list, struct imap_span *word);

/* Upper-case name without brackets, "" for NONE and OTHER. */
const char	*imap_code_name(enum imap_code);

/*
 * May a refusal with this code be told to the client under the same code
 * (with text of our own)? Codes that reveal whether a user exists, tell the
 * client to go elsewhere, or show text of the host are not.
 */
bool	imap_code_is_kept(enum imap_code);

#endif
