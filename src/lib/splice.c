/*
 * splice: bytes from one socket to another inside the kernel.
 * Runs in: login processes.
 * Hostile input: carries it, does not look at it.
 * Never: blocks; lets one pair's bytes reach another.
 */
#include "lib/splice.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

void
splice_init(struct splice *sp)
{
	sp->in = sp->out = -1;
	sp->is_off = false;
}

bool
splice_open(struct splice *sp)
{
	int fds[2];

	if (sp->out != -1)
		return true;
	if (sp->is_off || pipe2(fds, O_CLOEXEC | O_NONBLOCK) == -1)
		return false;
	sp->out = fds[0];
	sp->in = fds[1];
	/* A small one costs more calls than it saves copying. */
	if (fcntl(sp->in, F_SETPIPE_SZ, (int)SPLICE_MAX) < (int)SPLICE_MAX) {
		splice_drop(sp);
		sp->is_off = true;
		return false;
	}
	return true;
}

void
splice_drop(struct splice *sp)
{
	if (sp->out == -1)
		return;
	(void)close(sp->out);
	(void)close(sp->in);
	sp->in = sp->out = -1;
}

/* The kernel, or a filter of system calls, has no splice(2) for this. */
static bool
splice_is_refused(int error)
{
	return error == EINVAL || error == ENOSYS || error == EPERM;
}

ssize_t
splice_fill(struct splice *sp, int fd, size_t max)
{
	ssize_t n;

	do {
		n = splice(fd, NULL, sp->in, NULL, max,
		    SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
	} while (n == -1 && errno == EINTR);
	if (n == -1 && splice_is_refused(errno)) {
		splice_drop(sp);
		sp->is_off = true;
		errno = EAGAIN;
	}
	return n;
}

size_t
splice_empty(struct splice *sp, int fd, size_t n)
{
	size_t done = 0;
	ssize_t went;

	while (done < n) {
		went = splice(sp->out, NULL, fd, NULL, n - done,
		    SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
		if (went > 0)
			done += (size_t)went;
		else if (went == 0)
			errno = EPIPE;
		if (went == 0 || (went == -1 && errno != EINTR))
			break;
	}
	/* EPERM would be a packet filter's word about this one connection. */
	if (done < n && errno == EINVAL) {
		sp->is_off = true;
		errno = EAGAIN;
	}
	return done;
}

int
splice_take(struct splice *sp, void *dst, size_t n)
{
	size_t done = 0;
	ssize_t got;

	while (done < n) {
		got = read(sp->out, (char *)dst + done, n - done);
		if (got > 0)
			done += (size_t)got;
		else if (got == 0 || errno != EINTR)
			return -1;
	}
	return 0;
}
