/*
 * sockmsg: bytes with fds over AF_UNIX sockets.
 * Runs in: every process.
 * Hostile input: fds from less trusted processes.
 * Never: loses sight of an fd that the kernel gave it.
 */
#include "lib/sockmsg.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

ssize_t
sockmsg_send(int sock, const void *data, size_t len, int fd)
{
	union {
		struct cmsghdr	align;
		char		space[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = { .iov_len = len };
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *c;
	ssize_t n;

	/* iovec serves reading too and lacks the const. */
	memcpy(&iov.iov_base, &data, sizeof(data));
	memset(&control, 0, sizeof(control));
	if (fd != -1) {
		mh.msg_control = control.space;
		mh.msg_controllen = sizeof(control.space);
		c = CMSG_FIRSTHDR(&mh);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	}
	do {
		n = sendmsg(sock, &mh, MSG_NOSIGNAL);
	} while (n == -1 && errno == EINTR);
	return n;
}

static void
sockmsg_take(struct msghdr *mh, struct sockmsg_fds *fds)
{
	struct cmsghdr *c;
	size_t n;

	for (c = CMSG_FIRSTHDR(mh); c != NULL; c = CMSG_NXTHDR(mh, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		/* The control buffer holds no more than SOCKMSG_FDS_MAX. */
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(fds->fds, CMSG_DATA(c), n * sizeof(int));
		fds->n = n;
	}
	if ((mh->msg_flags & MSG_CTRUNC) == 0)
		return;
	fds->has_too_many = fds->n == SOCKMSG_FDS_MAX;
	fds->has_lost = !fds->has_too_many;
}

ssize_t
sockmsg_recv(int sock, void *dst, size_t size, struct sockmsg_fds *fds)
{
	union {
		struct cmsghdr	align;
		char	space[CMSG_SPACE(SOCKMSG_FDS_MAX * sizeof(int))];
	} control;
	struct iovec iov = { .iov_base = dst, .iov_len = size };
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1,
	    .msg_control = control.space,
	    .msg_controllen = sizeof(control.space) };
	ssize_t n;

	memset(fds, 0, sizeof(*fds));
	do {
		n = recvmsg(sock, &mh, MSG_CMSG_CLOEXEC);
	} while (n == -1 && errno == EINTR);
	if (n >= 0)
		sockmsg_take(&mh, fds);
	return n;
}
