/* arena: memory for many small things that live and die together. */
#ifndef CONFIG_ARENA_H
#define CONFIG_ARENA_H

#include <stddef.h>

struct arena;

/* The first chunk has this many bytes; more are added as needed. */
struct arena	*arena_new(size_t first_bytes);
/* Wipes and frees all of it; NULL is allowed. */
void		 arena_free(struct arena *);
/* Zeroed, aligned for any object; never NULL. */
void		*arena_alloc(struct arena *, size_t);
/* An array of n zeroed objects; NULL for n = 0. */
void		*arena_array(struct arena *, size_t n, size_t size);
/* A span as text, terminated. */
char		*arena_strndup(struct arena *, const char *, size_t);
char		*arena_strdup(struct arena *, const char *);

#endif
