/*
 * Strict base64, both ways.
 * Runs in: imap-login, pop3-login, auth.
 * Hostile input: the text of SASL responses from clients.
 * Never: allocates; skips or repairs a character.
 */
#include "lib/base64.h"

#include <stdint.h>

/* Value of each character plus one, so that the rows left out mean "none". */
static const uint8_t value_plus_one[256] = {
	['A'] = 1, ['B'] = 2, ['C'] = 3, ['D'] = 4, ['E'] = 5, ['F'] = 6,
	['G'] = 7, ['H'] = 8, ['I'] = 9, ['J'] = 10, ['K'] = 11, ['L'] = 12,
	['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16, ['Q'] = 17, ['R'] = 18,
	['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24,
	['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30,
	['e'] = 31, ['f'] = 32, ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36,
	['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40, ['o'] = 41, ['p'] = 42,
	['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48,
	['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54,
	['2'] = 55, ['3'] = 56, ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60,
	['8'] = 61, ['9'] = 62, ['+'] = 63, ['/'] = 64,
};

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

ssize_t
base64_encode(char *dst, size_t size, const void *src, size_t n)
{
	const uint8_t *in = src;
	char *out = dst;
	uint32_t bits;

	/* The first test keeps the size macro from wrapping. */
	if (n > SIZE_MAX / 2 || BASE64_ENCODED_SIZE(n) > size)
		return -1;
	for (; n >= 3; n -= 3, in += 3) {
		bits = (uint32_t)in[0] << 16 | (uint32_t)in[1] << 8 | in[2];
		*out++ = alphabet[bits >> 18];
		*out++ = alphabet[bits >> 12 & 63];
		*out++ = alphabet[bits >> 6 & 63];
		*out++ = alphabet[bits & 63];
	}
	if (n > 0) {
		bits = (uint32_t)in[0] << 16;
		if (n == 2)
			bits |= (uint32_t)in[1] << 8;
		*out++ = alphabet[bits >> 18];
		*out++ = alphabet[bits >> 12 & 63];
		*out++ = n == 2 ? alphabet[bits >> 6 & 63] : '=';
		*out++ = '=';
	}
	*out = '\0';
	return out - dst;
}

/* Number of bytes of the last group of four, 0 when it is not one. */
static unsigned int
last_group(const uint8_t *in)
{
	uint8_t b = value_plus_one[in[1]], c = value_plus_one[in[2]];

	if (value_plus_one[in[0]] == 0 || b == 0)
		return 0;
	if (in[3] != '=')
		return c != 0 && value_plus_one[in[3]] != 0 ? 3 : 0;
	/* Spare bits must be zero, else two texts would mean the same. */
	if (in[2] != '=')
		return c != 0 && (unsigned int)(c - 1) % 4 == 0 ? 2 : 0;
	return (unsigned int)(b - 1) % 16 == 0 ? 1 : 0;
}

/* Three bytes of a group without padding, or a value with the top bit set. */
static uint32_t
group_bits(const uint8_t *in)
{
	uint8_t a = value_plus_one[in[0]], b = value_plus_one[in[1]];
	uint8_t c = value_plus_one[in[2]], d = value_plus_one[in[3]];

	if (a == 0 || b == 0 || c == 0 || d == 0)
		return UINT32_MAX;
	return (uint32_t)(a - 1) << 18 | (uint32_t)(b - 1) << 12 |
	    (uint32_t)(c - 1) << 6 | (uint32_t)(d - 1);
}

ssize_t
base64_decode(void *dst, size_t size, const char *src, size_t n)
{
	const uint8_t *in = (const uint8_t *)src;
	uint8_t tail[4] = { 'A', 'A', 'A', 'A' };
	uint8_t *out = dst;
	unsigned int last, i;
	uint32_t bits;

	if (n == 0)
		return 0;
	if (n % 4 != 0)
		return -1;
	last = last_group(in + n - 4);
	if (last == 0 || n / 4 * 3 - 3 + last > size)
		return -1;
	for (; n > 4; n -= 4, in += 4) {
		bits = group_bits(in);
		if (bits == UINT32_MAX)
			return -1;
		*out++ = (uint8_t)(bits >> 16);
		*out++ = (uint8_t)(bits >> 8);
		*out++ = (uint8_t)bits;
	}
	/* The padding counts as zero bits. */
	for (i = 0; i <= last; i++)
		tail[i] = in[i];
	bits = group_bits(tail);
	for (i = 0; i < last; i++)
		*out++ = (uint8_t)(bits >> (16 - 8 * i));
	return out - (uint8_t *)dst;
}

bool
base64_is_valid(const char *src, size_t n)
{
	const uint8_t *in = (const uint8_t *)src;

	if (n == 0)
		return true;
	if (n % 4 != 0 || last_group(in + n - 4) == 0)
		return false;
	for (; n > 4; n -= 4, in += 4) {
		if (group_bits(in) == UINT32_MAX)
			return false;
	}
	return true;
}
