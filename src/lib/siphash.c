/*
 * SipHash-2-4 with 128 bits.
 * Runs in: auth.
 * Hostile input: all that is hashed.
 * Never: takes a time that depends on more than the length.
 */
#include "lib/siphash.h"

#include <string.h>

static uint64_t
siphash_word(const uint8_t p[8])
{
	uint64_t word = 0;

	for (int i = 7; i >= 0; i--)
		word = word << 8 | p[i];
	return word;
}

static uint64_t
siphash_turn(uint64_t word, int bits)
{
	return word << bits | word >> (64 - bits);
}

static void
siphash_rounds(uint64_t v[4], int n)
{
	while (n-- > 0) {
		v[0] += v[1];
		v[1] = siphash_turn(v[1], 13) ^ v[0];
		v[0] = siphash_turn(v[0], 32);
		v[2] += v[3];
		v[3] = siphash_turn(v[3], 16) ^ v[2];
		v[0] += v[3];
		v[3] = siphash_turn(v[3], 21) ^ v[0];
		v[2] += v[1];
		v[1] = siphash_turn(v[1], 17) ^ v[2];
		v[2] = siphash_turn(v[2], 32);
	}
}

static void
siphash_take(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	siphash_rounds(v, 2);
	v[0] ^= word;
}

void
siphash_init(struct siphash *s, const uint8_t key[SIPHASH_KEY_BYTES])
{
	const uint64_t low = siphash_word(key), high = siphash_word(key + 8);

	memset(s, 0, sizeof(*s));
	/* "somepseudorandomlygeneratedbytes", and 0xee for 128 bits. */
	s->v[0] = low ^ UINT64_C(0x736f6d6570736575);
	s->v[1] = high ^ UINT64_C(0x646f72616e646f6d) ^ 0xee;
	s->v[2] = low ^ UINT64_C(0x6c7967656e657261);
	s->v[3] = high ^ UINT64_C(0x7465646279746573);
}

void
siphash_add(struct siphash *s, const void *data, size_t len)
{
	const uint8_t *p = data;
	size_t have = s->len % sizeof(s->rest);

	s->len += len;
	for (; len > 0; p++, len--) {
		s->rest[have++] = *p;
		if (have == sizeof(s->rest)) {
			siphash_take(s->v, siphash_word(s->rest));
			have = 0;
		}
	}
}

void
siphash_add_text(struct siphash *s, const char *text)
{
	siphash_add(s, text, strlen(text) + 1);
}

void
siphash_end(struct siphash *s, uint8_t dst[SIPHASH_BYTES])
{
	const size_t have = s->len % sizeof(s->rest);
	uint64_t word;

	memset(s->rest + have, 0, sizeof(s->rest) - have);
	siphash_take(s->v, siphash_word(s->rest) | (uint64_t)s->len << 56);
	s->v[2] ^= 0xee;
	for (size_t half = 0; half < 2; half++) {
		siphash_rounds(s->v, 4);
		word = s->v[0] ^ s->v[1] ^ s->v[2] ^ s->v[3];
		for (size_t i = 0; i < 8; i++)
			dst[8 * half + i] = (uint8_t)(word >> 8 * i);
		s->v[1] ^= 0xdd;
	}
	explicit_bzero(s, sizeof(*s));
}
