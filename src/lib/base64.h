/* Strict base64 (RFC 4648 section 4), as SASL needs it. */
#ifndef LIB_BASE64_H
#define LIB_BASE64_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Room for n encoded bytes and the NUL; upper bound of n decoded ones. */
#define BASE64_ENCODED_SIZE(n)	(((n) + 2) / 3 * 4 + 1)
#define BASE64_DECODED_MAX(n)	((n) / 4 * 3)

/*
 * Writes the encoding of n bytes and a NUL. Returns its length without the
 * NUL, or -1 when it would not fit into size bytes (nothing is written).
 */
ssize_t	base64_encode(char *dst, size_t size, const void *src, size_t n)
	    __attribute__((warn_unused_result));

/*
 * Decodes n characters. Strict: the length is a multiple of 4, padding stands
 * at the end only, the spare bits before it are zero, no blanks. Returns the
 * number of bytes (0 for no characters), or -1 when the text is not base64 or
 * does not fit into size bytes; then dst may hold the bytes before the fault.
 */
ssize_t	base64_decode(void *dst, size_t size, const char *src, size_t n)
	    __attribute__((warn_unused_result));

/* Is it text that base64_decode() would take, had it the room? */
bool	base64_is_valid(const char *src, size_t n);

#endif
