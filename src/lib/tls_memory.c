/*
 * tls_memory: buffers of records are kept for the next connection.
 * Runs in: login processes.
 * Hostile input: none.
 * Never: gives a buffer to two at a time.
 *
 * An idle connection has no buffers; each record that comes or goes takes one
 * of 16 KiB and gives it back.  In a heap that has been in use for long,
 * finding and merging such pieces costs more than decrypting a line.
 */
#include "lib/tls_internal.h"

#include <malloc.h>
#include <stdlib.h>

/* A record with what goes around it; all of these are made equally long. */
#define MEMORY_RECORD_MIN	16384u
#define MEMORY_RECORD_MAX	17408u
/* One to read, one to write, for two sides. */
#define MEMORY_KEPT_MAX		4

static struct {
	void	*kept[MEMORY_KEPT_MAX];
	size_t	 n;
	size_t	 usable;	/* what malloc() makes of the length */
} memory;

static void *
memory_malloc(size_t n, const char *file, int line)
{
	void *p;

	(void)file;
	(void)line;
	if (n <= MEMORY_RECORD_MIN || n > MEMORY_RECORD_MAX)
		return n == 0 ? NULL : malloc(n);
	if (memory.n > 0)
		return memory.kept[--memory.n];
	p = malloc(MEMORY_RECORD_MAX);
	if (p != NULL)
		memory.usable = malloc_usable_size(p);
	return p;
}

static void *
memory_realloc(void *p, size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	return realloc(p, n);
}

static void
memory_free(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	if (p != NULL && memory.n < MEMORY_KEPT_MAX &&
	    malloc_usable_size(p) == memory.usable)
		memory.kept[memory.n++] = p;
	else
		free(p);
}

void
tls_memory_start(void)
{
	/* Too late if OpenSSL has taken memory already: then without. */
	(void)CRYPTO_set_mem_functions(memory_malloc, memory_realloc,
	    memory_free);
}
