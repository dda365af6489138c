/*
 * wire: typed values in and out of message bodies, little endian.
 *
 * Both sides latch the first failure: after it every get yields zero and
 * every put does nothing, so that callers write straight-line code and test
 * once.  Texts and byte runs are preceded by a u16 length.
 */
#ifndef LIB_WIRE_H
#define LIB_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct netaddr;

struct wire_writer {
	uint8_t	*data;
	size_t	 len;
	size_t	 size;
	bool	 has_failed;
};

struct wire_reader {
	const uint8_t	*data;
	size_t		 left;
	bool		 has_failed;
};

void	wire_writer_init(struct wire_writer *, void *, size_t size);
void	wire_put_u8(struct wire_writer *, uint8_t);
void	wire_put_u16(struct wire_writer *, uint16_t);
void	wire_put_u32(struct wire_writer *, uint32_t);
void	wire_put_u64(struct wire_writer *, uint64_t);
void	wire_put_bool(struct wire_writer *, bool);
/* NUL-terminated; control characters make it fail (see wire_get_text). */
void	wire_put_text(struct wire_writer *, const char *);
void	wire_put_bytes(struct wire_writer *, const void *, size_t);
void	wire_put_addr(struct wire_writer *, const struct netaddr *);

void	wire_reader_init(struct wire_reader *, const void *, size_t);
uint8_t		wire_get_u8(struct wire_reader *);
uint16_t	wire_get_u16(struct wire_reader *);
uint32_t	wire_get_u32(struct wire_reader *);
uint64_t	wire_get_u64(struct wire_reader *);
/* Anything but 0 and 1 fails. */
bool		wire_get_bool(struct wire_reader *);
/* A u8 of 0..max; more fails. */
unsigned int	wire_get_enum(struct wire_reader *, unsigned int max);
/*
 * Text into dst of size bytes, terminated; fails when it does not fit or
 * holds NUL or another control character (0x00-0x1f, 0x7f).
 */
void	wire_get_text(struct wire_reader *, char *dst, size_t size);
/* Any bytes, at most size; returns how many. */
size_t	wire_get_bytes(struct wire_reader *, void *dst, size_t size);
/* Borrows a byte run from the body; valid as long as the body. */
const uint8_t	*wire_get_span(struct wire_reader *, size_t *len);
/* The same of a longer run: preceded by a u32 length. */
const uint8_t	*wire_get_blob(struct wire_reader *, size_t *len);
void	wire_get_addr(struct wire_reader *, struct netaddr *);
/* 0 when all went well and nothing is left over, else -1. */
int	wire_end(const struct wire_reader *)
	    __attribute__((warn_unused_result));

#endif
