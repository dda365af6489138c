/*
 * buf: a growing run of bytes with an upper bound, wiped when freed.
 * Reading moves `off`; the space before it is reclaimed when needed.
 */
#ifndef LIB_BUF_H
#define LIB_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Each idle session has four: 32 bits are enough for any bound. */
struct buf {
	uint8_t		*data;
	uint32_t	 off;	/* first unread byte */
	uint32_t	 len;	/* end of the bytes */
	uint32_t	 size;	/* allocated */
	uint32_t	 max;	/* never holds more than this unread */
};

/* The highest bound: twice as much is still a length. */
#define BUF_MAX	(UINT32_MAX / 4)

/*
 * No memory is taken before the first byte comes.  max is BUF_MAX at most.
 */
void	buf_init(struct buf *, size_t max);
/* Wipes and frees; the buf can be used again. */
void	buf_clear(struct buf *);
/* Unread bytes. */
static inline size_t
buf_used(const struct buf *b)
{
	return b->len - b->off;
}
/* The first of them; NULL before memory was taken. */
static inline const uint8_t *
buf_head(const struct buf *b)
{
	return b->data == NULL ? NULL : b->data + b->off;
}
/* Room for n more bytes: a pointer to them, or NULL when over the bound. */
uint8_t	*buf_reserve(struct buf *, size_t n);
/* Makes n bytes that were written behind buf_reserve() part of the buf. */
void	buf_commit(struct buf *, size_t n);
/* Appends; -1 when over the bound (nothing is appended then). */
int	buf_add(struct buf *, const void *, size_t)
	    __attribute__((warn_unused_result));
/* Forgets n unread bytes; the memory is wiped when the buf becomes empty. */
void	buf_drop(struct buf *, size_t n);

#endif
