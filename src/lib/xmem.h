/* xmem: heap memory that cannot fail: running out of it ends the process. */
#ifndef LIB_XMEM_H
#define LIB_XMEM_H

#include <stddef.h>

/* Zeroed memory for n objects; overflow or exhaustion is fatal(). */
void	*xcalloc(size_t n, size_t size) __attribute__((malloc));
/* Grows an array of n objects; old contents kept, the rest undefined. */
void	*xreallocarray(void *, size_t n, size_t size);
char	*xstrdup(const char *) __attribute__((malloc));
char	*xstrndup(const char *, size_t) __attribute__((malloc));
int	 xasprintf(char **, const char *, ...)
	    __attribute__((format(printf, 2, 3)));
/* Frees a string after wiping it; NULL is allowed. */
void	 xfree_secret(char *);

#endif
