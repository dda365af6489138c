/* strutil: spans of text, numbers, and tests on bytes from outside. */
#ifndef LIB_STRUTIL_H
#define LIB_STRUTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Valid UTF-8 by RFC 3629 (no surrogates, no overlong forms). */
bool	str_is_utf8(const char *, size_t);
/* Any byte of 0x00..0x1f or 0x7f. */
bool	str_has_control(const char *, size_t);
/* Case-blind (ASCII) comparison of a span with a NUL-terminated word. */
bool	str_span_is(const char *, size_t, const char *word);
/*
 * Decimal digits only: no sign, no blanks, no empty text; -1 outside of
 * [min, max] or on other text.
 */
int	str_number(const char *, size_t, uint64_t min, uint64_t max,
	    uint64_t *) __attribute__((warn_unused_result));
/* ASCII lower and upper case in place. */
void	str_lower(char *);
void	str_upper(char *);
/* Copies a span and terminates it; -1 (and an empty dst) if it won't fit. */
int	str_copy(char *dst, size_t size, const char *src, size_t len)
	    __attribute__((warn_unused_result));

/*
 * Copies what is no control character (0x00-0x1f, 0x7f), cut to fit, and
 * terminates it: foreign text for somebody who reads lines.
 */
void	str_copy_clean(char *dst, size_t size, const char *src, size_t len);

/* Bytes as lower-case hexadecimal, 2 * len + 1 bytes; returns dst. */
const char	*str_hex(char *dst, const void *src, size_t len);

/*
 * Copies foreign text for a terminal: what is not printable ASCII, and the
 * backslash, becomes \xHH; cut with "..." when dst, of at least 8 bytes, is
 * full.  Returns dst.
 */
const char	*str_escape(char *dst, size_t size, const char *src,
		    size_t len);

#endif
