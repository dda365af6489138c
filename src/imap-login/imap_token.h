/*
 * imap_token: the pieces of an IMAP command, as offsets into the buffer that
 * holds it, and their meaning.
 */
#ifndef IMAP_LOGIN_IMAP_TOKEN_H
#define IMAP_LOGIN_IMAP_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum imap_token_kind {
	IMAP_ATOM,
	IMAP_QUOTED,	/* what stands between the quotes, still escaped */
	IMAP_LITERAL,	/* its bytes */
	IMAP_LIST,	/* from "(" to ")", of ID only: imap_id_next() */
	IMAP_NIL,	/* a value of ID's list; elsewhere NIL is an atom */
};

struct imap_token {
	enum imap_token_kind	kind;
	uint32_t		off, len;	/* in the caller's buffer */
};

/*
 * The meaning of an atom, quoted string or literal: copies it into dst with
 * the escapes of this one token resolved, and a NUL behind (it holds none).
 * Returns its length, or (size_t)-1 for a list or NIL, or if size is too
 * small.
 */
size_t	imap_token_text(const struct imap_token *, const char *buf, char *dst,
	    size_t size);

/* Is it this word? Case-blind, for atoms such as verbs and mechanisms. */
bool	imap_token_is(const struct imap_token *, const char *buf,
	    const char *word);

/*
 * The next field of the list of an ID command that was parsed well: *pos is 0
 * at first. The key is QUOTED or LITERAL, the value one of these or NIL.
 * False at the end.
 */
bool	imap_id_next(const struct imap_token *list, const char *buf,
	    uint32_t *pos, struct imap_token *key, struct imap_token *value);

#endif
