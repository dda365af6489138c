/*
 * cache_slab: the memory of the cache, cut into chunks of one size.  An entry
 * is a chain of them, so that any entry fits as soon as enough chunks are
 * free, wherever they are, and nothing is lost between them.
 *
 * Chunks are known by number; 0 is no chunk.  The first one of a chain begins
 * with the entry's head; the bytes of the entry follow.
 */
#ifndef AUTH_CACHE_SLAB_H
#define AUTH_CACHE_SLAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A typical row needs two; a link of 4 bytes in each is bearable. */
#define CACHE_CHUNK_BYTES	64

struct cache_head {
	uint32_t	next;		/* chunk of this entry */
	uint32_t	chain;		/* entry of the same bucket */
	uint32_t	older, newer;	/* entries, by their last use */
	uint32_t	used;		/* when that was, as a count of uses */
	uint32_t	hash;		/* of the key */
	uint64_t	born_ms;
	uint16_t	key_len, value_len;
	uint8_t		flags;
};

union cache_chunk {
	struct cache_head	head;
	struct {
		uint32_t	next;
		uint8_t		data[CACHE_CHUNK_BYTES - sizeof(uint32_t)];
	}			body;
	uint8_t			all[CACHE_CHUNK_BYTES];
};

struct cache_slab {
	union cache_chunk	*chunks;
	uint32_t		 n;		/* with number 0, not used */
	uint32_t		 nused, ntouched;
	uint32_t		 free;		/* given back */
};

/* n chunks in zeroed memory, which is the caller's. */
void	cache_slab_init(struct cache_slab *, union cache_chunk *, uint32_t n);
/* Wipes all that was ever used. */
void	cache_slab_wipe(struct cache_slab *);
/* How many chunks an entry of so many bytes takes. */
uint32_t	cache_slab_need(size_t len);
uint32_t	cache_slab_left(const struct cache_slab *);
/* Chunks for len bytes, the head zeroed; so many must be left. */
uint32_t	cache_slab_take(struct cache_slab *, size_t len);
/* Gives a chain back, wiped; how many chunks it had. */
uint32_t	cache_slab_give(struct cache_slab *, uint32_t first);
struct cache_head	*cache_slab_head(const struct cache_slab *,
			    uint32_t first);
/* Bytes of an entry: written, read, compared.  Must lie in the chain. */
void	cache_slab_put(struct cache_slab *, uint32_t first, size_t off,
	    const void *, size_t len);
void	cache_slab_get(const struct cache_slab *, uint32_t first, size_t off,
	    void *, size_t len);
bool	cache_slab_is(const struct cache_slab *, uint32_t first,
	    const void *, size_t len);

#endif
