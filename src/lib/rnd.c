/*
 * rnd: random bytes from the kernel.
 * Runs in: every process.
 * Hostile input: none.
 * Never: returns with dst not filled.
 */
#include "lib/rnd.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <sysexits.h>

#include "lib/log.h"

/* Small requests share one system call; a byte is given out once. */
#define RND_POOL	256
#define RND_SMALL	32

static void
rnd_kernel(unsigned char *p, size_t n)
{
	ssize_t got;

	while (n > 0) {
		got = getrandom(p, n, 0);
		if (got < 0) {
			if (errno == EINTR)
				continue;
			fatal(EX_OSERR, "getrandom: %m");
		}
		p += got;
		n -= (size_t)got;
	}
}

void
rnd_bytes(void *dst, size_t n)
{
	static unsigned char pool[RND_POOL];
	static size_t left;

	if (n > RND_SMALL) {
		rnd_kernel(dst, n);
		return;
	}
	if (left < n) {
		rnd_kernel(pool, sizeof(pool));
		left = sizeof(pool);
	}
	left -= n;
	memcpy(dst, pool + left, n);
	explicit_bzero(pool + left, n);
}
