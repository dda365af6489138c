/* digest: hashes and comparisons in constant time; with OpenSSL's libcrypto. */
#ifndef LIB_DIGEST_H
#define LIB_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DIGEST_BYTES_MAX	64

enum digest_kind {
	DIGEST_MD5,
	DIGEST_SHA1,
	DIGEST_SHA256,
	DIGEST_SHA512,
};

/* Length of a digest of this kind in bytes. */
size_t	digest_length(enum digest_kind);
/*
 * Digest of two runs of bytes, one behind the other (b may be NULL, 0), into
 * dst of DIGEST_BYTES_MAX.  -1 when the library refuses the kind.
 */
int	digest_two(enum digest_kind, const void *a, size_t alen,
	    const void *b, size_t blen, uint8_t *dst)
	    __attribute__((warn_unused_result));
/* HMAC (RFC 2104) into dst of DIGEST_BYTES_MAX. */
int	digest_hmac(enum digest_kind, const void *key, size_t klen,
	    const void *data, size_t len, uint8_t *dst)
	    __attribute__((warn_unused_result));
/* PBKDF2 (RFC 8018) over HMAC, as long as a digest; into dst as above. */
int	digest_pbkdf2(enum digest_kind, const char *pass, const void *salt,
	    size_t slen, uint32_t rounds, uint8_t *dst)
	    __attribute__((warn_unused_result));
/* Equal, in a time that depends on n alone. */
bool	digest_equal(const void *, const void *, size_t n);

#endif
