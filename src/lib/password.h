/*
 * password: does a password match a stored hash?  Schemes are those of
 * Dovecot: "{SCHEME}data" or data of a default scheme, with .b64, .base64 or
 * .hex behind the scheme for another encoding of the data.
 */
#ifndef LIB_PASSWORD_H
#define LIB_PASSWORD_H

#include <stdbool.h>
#include <stddef.h>

/* Longest "{SCHEME}data", without NUL. */
#define PASSWORD_HASH_MAX	512

enum password_verdict {
	PASSWORD_MATCH,
	PASSWORD_MISMATCH,
	PASSWORD_BAD_HASH,	/* unknown scheme, malformed, or too costly */
};

/* Is this a scheme we know (with or without an encoding suffix)? */
bool	password_is_scheme(const char *name);
/*
 * Writes "{SCHEME}data" of a stored hash into dst; the default scheme is
 * taken when the hash names none.  -1 when it does not fit or holds control
 * characters.
 */
int	password_full_hash(char *dst, size_t size, const char *hash,
	    size_t len, const char *default_scheme)
	    __attribute__((warn_unused_result));
/* Does its verification burn time by design?  Full hashes only. */
bool	password_is_slow(const char *full_hash);
/*
 * Compares in a time that does not tell where they differ.  Full hashes
 * only.  An empty password or an empty hash never matches.
 */
enum password_verdict	password_verify(const char *full_hash,
			    const char *pass);
/*
 * Writes a hash into dst that costs the same to verify as this one, holds
 * none of its secret and matches nothing.  For slow schemes only; -1 when
 * there is none, as for a hash that would cost too much.
 */
int	password_dummy_hash(char *dst, size_t size, const char *full_hash)
	    __attribute__((warn_unused_result));

#endif
