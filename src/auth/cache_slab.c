/*
 * Chunks of one size, and chains of them.
 * Runs in: auth.
 * Hostile input: none: bytes are not looked at.
 * Never: allocates, leaves bytes in a chunk that was given back.
 */
#include "auth/cache_slab.h"

#include <string.h>

/* Where a chunk's bytes begin: behind the head, or behind the link. */
#define CACHE_FIRST_ROOM	(CACHE_CHUNK_BYTES - sizeof(struct cache_head))
#define CACHE_NEXT_ROOM		(CACHE_CHUNK_BYTES - sizeof(uint32_t))

/* A place in the bytes of an entry. */
struct cache_cursor {
	uint32_t	chunk;
	size_t		start, at;	/* in the chunk */
};

void
cache_slab_init(struct cache_slab *s, union cache_chunk *chunks, uint32_t n)
{
	memset(s, 0, sizeof(*s));
	s->chunks = chunks;
	s->n = n;
	s->ntouched = 1;
}

void
cache_slab_wipe(struct cache_slab *s)
{
	explicit_bzero(s->chunks, s->ntouched * sizeof(*s->chunks));
	cache_slab_init(s, s->chunks, s->n);
}

uint32_t
cache_slab_need(size_t len)
{
	if (len <= CACHE_FIRST_ROOM)
		return 1;
	len -= CACHE_FIRST_ROOM;
	return (uint32_t)(1 + (len + CACHE_NEXT_ROOM - 1) / CACHE_NEXT_ROOM);
}

uint32_t
cache_slab_left(const struct cache_slab *s)
{
	return s->n - 1 - s->nused;
}

static uint32_t
cache_slab_take_one(struct cache_slab *s)
{
	uint32_t chunk = s->free;

	s->nused++;
	if (chunk == 0)
		return s->ntouched++;
	s->free = s->chunks[chunk].body.next;
	s->chunks[chunk].body.next = 0;
	return chunk;
}

uint32_t
cache_slab_take(struct cache_slab *s, size_t len)
{
	uint32_t n = cache_slab_need(len), first = 0, chunk;

	for (; n > 0; n--) {
		chunk = cache_slab_take_one(s);
		s->chunks[chunk].body.next = first;
		first = chunk;
	}
	return first;
}

uint32_t
cache_slab_give(struct cache_slab *s, uint32_t first)
{
	uint32_t next, n = 0;

	for (; first != 0; first = next, n++) {
		next = s->chunks[first].body.next;
		explicit_bzero(&s->chunks[first], sizeof(s->chunks[first]));
		s->chunks[first].body.next = s->free;
		s->free = first;
	}
	s->nused -= n;
	return n;
}

struct cache_head *
cache_slab_head(const struct cache_slab *s, uint32_t first)
{
	return &s->chunks[first].head;
}

static struct cache_cursor
cache_slab_seek(const struct cache_slab *s, uint32_t first, size_t off)
{
	struct cache_cursor c = { first, sizeof(struct cache_head), off };

	while (c.at >= CACHE_CHUNK_BYTES - c.start) {
		c.at -= CACHE_CHUNK_BYTES - c.start;
		c.start = sizeof(uint32_t);
		c.chunk = s->chunks[c.chunk].body.next;
	}
	c.at += c.start;
	return c;
}

/* The next run of bytes, of up to *len, in one chunk. */
static uint8_t *
cache_slab_run(const struct cache_slab *s, struct cache_cursor *c,
    size_t *len)
{
	uint8_t *run;

	if (c->at == CACHE_CHUNK_BYTES) {
		c->chunk = s->chunks[c->chunk].body.next;
		c->at = sizeof(uint32_t);
	}
	run = s->chunks[c->chunk].all + c->at;
	if (*len > CACHE_CHUNK_BYTES - c->at)
		*len = CACHE_CHUNK_BYTES - c->at;
	c->at += *len;
	return run;
}

void
cache_slab_put(struct cache_slab *s, uint32_t first, size_t off,
    const void *bytes, size_t len)
{
	struct cache_cursor c = cache_slab_seek(s, first, off);
	const uint8_t *p = bytes;

	for (size_t n = len; len > 0; len -= n, p += n, n = len) {
		uint8_t *run = cache_slab_run(s, &c, &n);

		memcpy(run, p, n);
	}
}

void
cache_slab_get(const struct cache_slab *s, uint32_t first, size_t off,
    void *bytes, size_t len)
{
	struct cache_cursor c = cache_slab_seek(s, first, off);
	uint8_t *p = bytes;

	for (size_t n = len; len > 0; len -= n, p += n, n = len) {
		const uint8_t *run = cache_slab_run(s, &c, &n);

		memcpy(p, run, n);
	}
}

bool
cache_slab_is(const struct cache_slab *s, uint32_t first, const void *bytes,
    size_t len)
{
	struct cache_cursor c = cache_slab_seek(s, first, 0);
	const uint8_t *p = bytes;

	for (size_t n = len; len > 0; len -= n, p += n, n = len) {
		const uint8_t *run = cache_slab_run(s, &c, &n);

		if (memcmp(run, p, n) != 0)
			return false;
	}
	return true;
}
