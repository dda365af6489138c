/* rnd: random bytes from the kernel. */
#ifndef LIB_RND_H
#define LIB_RND_H

#include <stddef.h>

/* Fills dst; fatal() when the kernel has none (getrandom(2)). */
void	rnd_bytes(void *dst, size_t n);

#endif
