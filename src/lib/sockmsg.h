/* sockmsg: bytes with fds over AF_UNIX sockets (unix(7), SCM_RIGHTS). */
#ifndef LIB_SOCKMSG_H
#define LIB_SOCKMSG_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Room for fds in one read; the kernel hands over one message's at a time. */
#define SOCKMSG_FDS_MAX	4

struct sockmsg_fds {
	int	fds[SOCKMSG_FDS_MAX];	/* close-on-exec; the receiver's */
	size_t	n;
	bool	has_lost;	/* one more came, but we are at our limit */
	bool	has_too_many;	/* the peer sent more than there is room for */
};

/* One sendmsg(): as send(2), with an fd on the first byte (-1: none). */
ssize_t	sockmsg_send(int sock, const void *, size_t, int fd);
/* One recvmsg(): as recv(2); what fds came stands in *fds. */
ssize_t	sockmsg_recv(int sock, void *, size_t, struct sockmsg_fds *fds);

#endif
