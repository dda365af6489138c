/*
 * rnd: random bytes from the kernel.
 * Runs in: every process.
 * Hostile input: none.
 * Never: returns with dst not filled.
 */
#include "lib/rnd.h"

#include <errno.h>
#include <sys/random.h>
#include <sysexits.h>

#include "lib/log.h"

void
rnd_bytes(void *dst, size_t n)
{
	unsigned char *p = dst;
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
