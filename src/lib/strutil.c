/*
 * strutil: spans of text, numbers, and tests on bytes from outside.
 * Runs in: every process.
 * Hostile input: all of it may be.
 * Never: allocates; reads beyond the given length.
 */
#include "lib/strutil.h"

#include <string.h>
#include <strings.h>

/* Length of the sequence a first byte begins, 0 if it cannot be one. */
static size_t
utf8_length(uint8_t c)
{
	if (c < 0x80)
		return 1;
	if (c >= 0xc2 && c <= 0xdf)
		return 2;
	if (c >= 0xe0 && c <= 0xef)
		return 3;
	if (c >= 0xf0 && c <= 0xf4)
		return 4;
	return 0;
}

/* RFC 3629, 4: the second byte's range depends on the first. */
static bool
utf8_second_ok(uint8_t first, uint8_t second)
{
	switch (first) {
	case 0xe0:
		return second >= 0xa0;
	case 0xed:
		return second <= 0x9f;
	case 0xf0:
		return second >= 0x90;
	case 0xf4:
		return second <= 0x8f;
	default:
		return true;
	}
}

bool
str_is_utf8(const char *s, size_t len)
{
	const uint8_t *p = (const uint8_t *)s;
	size_t i, k, n;

	for (i = 0; i < len; i += n) {
		n = utf8_length(p[i]);
		if (n == 0 || n > len - i)
			return false;
		for (k = 1; k < n; k++) {
			if ((p[i + k] & 0xc0) != 0x80)
				return false;
		}
		if (n > 1 && !utf8_second_ok(p[i], p[i + 1]))
			return false;
	}
	return true;
}

bool
str_has_control(const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if ((uint8_t)s[i] < 0x20 || s[i] == 0x7f)
			return true;
	}
	return false;
}

bool
str_span_is(const char *s, size_t len, const char *word)
{
	return strlen(word) == len && strncasecmp(s, word, len) == 0;
}

int
str_number(const char *s, size_t len, uint64_t min, uint64_t max,
    uint64_t *out)
{
	uint64_t digit, n = 0;
	size_t i;

	if (len == 0)
		return -1;
	for (i = 0; i < len; i++) {
		if (s[i] < '0' || s[i] > '9')
			return -1;
		digit = (uint64_t)(s[i] - '0');
		if (digit > max || n > (max - digit) / 10)
			return -1;
		n = n * 10 + digit;
	}
	if (n < min)
		return -1;
	*out = n;
	return 0;
}

void
str_lower(char *s)
{
	for (; *s != '\0'; s++) {
		if (*s >= 'A' && *s <= 'Z')
			*s = (char)(*s - 'A' + 'a');
	}
}

void
str_upper(char *s)
{
	for (; *s != '\0'; s++) {
		if (*s >= 'a' && *s <= 'z')
			*s = (char)(*s - 'a' + 'A');
	}
}

int
str_copy(char *dst, size_t size, const char *src, size_t len)
{
	if (len >= size) {
		if (size > 0)
			dst[0] = '\0';
		return -1;
	}
	memcpy(dst, src, len);
	dst[len] = '\0';
	return 0;
}

void
str_copy_clean(char *dst, size_t size, const char *src, size_t len)
{
	size_t i, n = 0;

	for (i = 0; i < len && n + 1 < size; i++) {
		if ((uint8_t)src[i] >= 0x20 && src[i] != 0x7f)
			dst[n++] = src[i];
	}
	if (size > 0)
		dst[n] = '\0';
}

const char *
str_hex(char *dst, const void *src, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *p = src;

	for (size_t i = 0; i < len; i++) {
		dst[2 * i] = digits[p[i] >> 4];
		dst[2 * i + 1] = digits[p[i] & 15];
	}
	dst[2 * len] = '\0';
	return dst;
}

const char *
str_escape(char *dst, size_t size, const char *src, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	/* Room for the longest form of a byte, for "..." and the end. */
	const size_t reserve = 4 + 3 + 1;
	uint8_t byte;
	size_t i, n = 0;

	for (i = 0; i < len && n + reserve <= size; i++) {
		byte = (uint8_t)src[i];
		if (byte >= 0x20 && byte <= 0x7e && byte != '\\') {
			dst[n++] = src[i];
			continue;
		}
		dst[n++] = '\\';
		dst[n++] = 'x';
		dst[n++] = digits[byte >> 4];
		dst[n++] = digits[byte & 0xf];
	}
	dst[n] = '\0';
	if (i < len)
		memcpy(dst + n, "...", sizeof("..."));
	return dst;
}
