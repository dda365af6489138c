/*
 * siphash: SipHash-2-4 with 128 bits (Aumasson and Bernstein, 2012): a hash
 * with a key, so that nobody who does not know the key can choose values that
 * collide.  No password hash: it is fast.
 */
#ifndef LIB_SIPHASH_H
#define LIB_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

#define SIPHASH_KEY_BYTES	16
#define SIPHASH_BYTES		16

struct siphash {
	uint64_t	v[4];
	uint8_t		rest[8];	/* of a word that is not complete */
	size_t		len;		/* of all so far */
};

void	siphash_init(struct siphash *, const uint8_t key[SIPHASH_KEY_BYTES]);
void	siphash_add(struct siphash *, const void *, size_t);
/* A text and its end, so that two of them cannot be cut elsewhere. */
void	siphash_add_text(struct siphash *, const char *);
/* The hash; the struct is wiped. */
void	siphash_end(struct siphash *, uint8_t dst[SIPHASH_BYTES]);

#endif
