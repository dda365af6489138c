/* What the fuzz targets share: a check that aborts, chunks, and a digest. */
#ifndef TESTS_FUZZ_CHECK_H
#define TESTS_FUZZ_CHECK_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define CHECK(condition) do {						\
	if (!(condition)) {						\
		fprintf(stderr, "%s:%d: broken: %s\n", __FILE__,	\
		    __LINE__, #condition);				\
		abort();						\
	}								\
} while (0)

/* Length of the chunk at an offset: from the input's own bytes. */
static inline size_t
check_chunk(const uint8_t *data, size_t len, size_t at)
{
	return 1 + data[(at * 7 + 3) % len] % 29u;
}

/* FNV-1a over numbers: two runs with one digest saw the same events. */
static inline uint64_t
check_digest(uint64_t digest, uint64_t number)
{
	for (int i = 0; i < 64; i += 8)
		digest = (digest ^ (number >> i & 0xff)) * 0x100000001b3u;
	return digest;
}

#endif
