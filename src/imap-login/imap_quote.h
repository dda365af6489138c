/*
 * imap_quote: credentials as arguments of a command to the mail host
 * (RFC 3501: astring). What cannot be said as it is is refused.
 */
#ifndef IMAP_LOGIN_IMAP_QUOTE_H
#define IMAP_LOGIN_IMAP_QUOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum imap_quote {
	IMAP_QUOTE_STRING,	/* imap_quote_put() */
	IMAP_QUOTE_LITERAL,	/* 8-bit: imap_quote_literal_put() */
	IMAP_QUOTE_REFUSED,	/* control characters: must not be sent */
};

/* Bytes that imap_quote_put() needs at most for n of text. */
#define IMAP_QUOTE_SIZE(n)	(2 * (n) + 2)
/* Bytes that imap_quote_literal_put() needs at most, and a NUL. */
#define IMAP_QUOTE_LITERAL_SIZE	26

/* In which form this text can go; nothing at all is an empty STRING. */
enum imap_quote	imap_quote_kind(const char *text, size_t len);

/*
 * Writes text between quotes, \ and " escaped, without a NUL behind. Returns
 * the length, or -1 when it is no STRING or does not fit into size bytes;
 * then dst holds nothing of it.
 */
ssize_t	imap_quote_put(char *dst, size_t size, const char *text, size_t len)
	    __attribute__((warn_unused_result));

/*
 * Writes "{len}" CR LF, or "{len+}" CR LF for a host with LITERAL+ (RFC
 * 7888). After the former the bytes may follow only when the host has said
 * "+". Returns the length, or -1 when it does not fit.
 */
ssize_t	imap_quote_literal_put(char *dst, size_t size, size_t len,
	    bool has_literal_plus) __attribute__((warn_unused_result));

#endif
