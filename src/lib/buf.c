/*
 * buf: a growing run of bytes with an upper bound, wiped when freed.
 * Runs in: every process.
 * Hostile input: holds it, does not look at it.
 * Never: grows beyond its bound; leaves bytes behind in freed memory.
 */
#include "lib/buf.h"

#include <stdlib.h>
#include <string.h>

#include "lib/xmem.h"

/* Smallest allocation: most lines and messages fit. */
#define BUF_SIZE_MIN	512

void
buf_init(struct buf *b, size_t max)
{
	memset(b, 0, sizeof(*b));
	b->max = max <= BUF_MAX ? (uint32_t)max : BUF_MAX;
}

void
buf_clear(struct buf *b)
{
	if (b->data != NULL) {
		explicit_bzero(b->data, b->len);
		free(b->data);
	}
	b->data = NULL;
	b->off = b->len = b->size = 0;
}

/* Moves the unread bytes to the front and wipes what they left. */
static void
buf_compact(struct buf *b)
{
	uint32_t used = b->len - b->off;

	if (b->off == 0)
		return;
	memmove(b->data, b->data + b->off, used);
	explicit_bzero(b->data + used, b->len - used);
	b->off = 0;
	b->len = used;
}

static void
buf_grow(struct buf *b, size_t want)
{
	uint32_t size = b->size == 0 ? BUF_SIZE_MIN : b->size;
	uint8_t *data;

	while (size < want)
		size *= 2;
	if (size > b->max && want <= b->max)
		size = b->max;
	/* No realloc: it could leave a copy of a secret behind. */
	data = xreallocarray(NULL, size, 1);
	if (b->data != NULL) {
		memcpy(data, b->data, b->len);
		explicit_bzero(b->data, b->len);
		free(b->data);
	}
	b->data = data;
	b->size = size;
}

uint8_t *
buf_reserve(struct buf *b, size_t n)
{
	if (n > b->max - buf_used(b))
		return NULL;
	if (b->data == NULL || n > b->size - b->len) {
		if (b->data != NULL)
			buf_compact(b);
		if (b->data == NULL || n > b->size - b->len)
			buf_grow(b, b->len + n);
	}
	return b->data + b->len;
}

void
buf_commit(struct buf *b, size_t n)
{
	b->len += (uint32_t)n;
}

int
buf_add(struct buf *b, const void *p, size_t n)
{
	uint8_t *dst;

	if (n == 0)
		return 0;
	if ((dst = buf_reserve(b, n)) == NULL)
		return -1;
	memcpy(dst, p, n);
	buf_commit(b, n);
	return 0;
}

void
buf_drop(struct buf *b, size_t n)
{
	b->off += (uint32_t)n;
	if (b->off < b->len || b->len == 0)
		return;
	explicit_bzero(b->data, b->len);
	b->off = b->len = 0;
}
