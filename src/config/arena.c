/*
 * Memory for the many small texts of a configuration.
 * Runs in: master, all children.
 * Hostile input: none; sizes come from checked lengths.
 * Never: frees a part, or leaves a secret behind.
 */
#include "config/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "lib/xmem.h"

#include <sysexits.h>

#define ARENA_ALIGN	16
#define ARENA_CHUNK	8192

struct arena_chunk {
	struct arena_chunk	*next;
	size_t			 used, size;
	_Alignas(ARENA_ALIGN) uint8_t data[];
};

struct arena {
	struct arena_chunk	*chunks;	/* the newest first */
};

static void
arena_grow(struct arena *arena, size_t bytes)
{
	struct arena_chunk *chunk;

	chunk = xcalloc(1, sizeof(*chunk) + bytes);
	chunk->size = bytes;
	chunk->next = arena->chunks;
	arena->chunks = chunk;
}

struct arena *
arena_new(size_t first_bytes)
{
	struct arena *arena;

	arena = xcalloc(1, sizeof(*arena));
	arena_grow(arena, first_bytes);
	return arena;
}

void
arena_free(struct arena *arena)
{
	struct arena_chunk *chunk;

	if (arena == NULL)
		return;
	while ((chunk = arena->chunks) != NULL) {
		arena->chunks = chunk->next;
		explicit_bzero(chunk->data, chunk->used);
		free(chunk);
	}
	free(arena);
}

void *
arena_alloc(struct arena *arena, size_t size)
{
	struct arena_chunk *chunk = arena->chunks;
	void *p;

	if (size > SIZE_MAX / 2)
		fatal(EX_SOFTWARE, "arena: %zu bytes wanted", size);
	size = (size + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
	if (chunk->size - chunk->used < size) {
		arena_grow(arena, size > ARENA_CHUNK ? size : ARENA_CHUNK);
		chunk = arena->chunks;
	}
	p = chunk->data + chunk->used;
	chunk->used += size;
	return p;
}

void *
arena_array(struct arena *arena, size_t n, size_t size)
{
	if (n == 0)
		return NULL;
	if (n > SIZE_MAX / 2 / size)
		fatal(EX_SOFTWARE, "arena: %zu objects wanted", n);
	return arena_alloc(arena, n * size);
}

char *
arena_strndup(struct arena *arena, const char *text, size_t len)
{
	char *copy;

	copy = arena_alloc(arena, len + 1);
	if (len > 0)
		memcpy(copy, text, len);
	return copy;
}

char *
arena_strdup(struct arena *arena, const char *text)
{
	return arena_strndup(arena, text, strlen(text));
}
