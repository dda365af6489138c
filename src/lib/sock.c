/*
 * sock: the few socket calls of the suite, all non-blocking, close-on-exec.
 * Runs in: every process.
 * Hostile input: none; addresses were checked before.
 * Never: blocks.
 */
#include "lib/sock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/netaddr.h"

/* A dead peer is found within ten minutes: 300 + 5 * 60 s. */
#define SOCK_KEEPIDLE_S		300
#define SOCK_KEEPINTVL_S	60
#define SOCK_KEEPCNT		5

static int
sock_int_option(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value));
}

static int
sock_new(const struct netaddr *a)
{
	return socket(a->family == NETADDR_V6 ? AF_INET6 : AF_INET,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

/* Closes without losing errno; always -1. */
static int
sock_fail(int fd)
{
	int saved_errno = errno;

	(void)close(fd);
	errno = saved_errno;
	return -1;
}

int
sock_listen(const struct netaddr *a, int backlog)
{
	struct sockaddr_storage ss;
	socklen_t len = netaddr_to_sockaddr(a, &ss);
	int fd = sock_new(a);

	if (fd == -1)
		return -1;
	if (sock_int_option(fd, SOL_SOCKET, SO_REUSEADDR, 1) == -1)
		return sock_fail(fd);
	if (a->family == NETADDR_V6 &&
	    sock_int_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) == -1)
		return sock_fail(fd);
	/* Accepted sockets inherit both. */
	sock_nodelay(fd);
	sock_keepalive(fd);
	if (bind(fd, (const struct sockaddr *)&ss, len) == -1 ||
	    listen(fd, backlog) == -1)
		return sock_fail(fd);
	return fd;
}

int
sock_accept(int lfd, struct netaddr *peer)
{
	struct sockaddr_storage ss;
	socklen_t len;
	int fd;

	do {
		len = sizeof(ss);
		fd = accept4(lfd, (struct sockaddr *)&ss, &len,
		    SOCK_NONBLOCK | SOCK_CLOEXEC);
	} while (fd == -1 && (errno == EINTR || errno == ECONNABORTED));
	if (fd == -1)
		return -1;
	if (netaddr_from_sockaddr(peer, (const struct sockaddr *)&ss) == -1) {
		errno = EAFNOSUPPORT;
		return sock_fail(fd);
	}
	return fd;
}

int
sock_local(int fd, struct netaddr *a)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	if (getsockname(fd, (struct sockaddr *)&ss, &len) == -1)
		return -1;
	if (netaddr_from_sockaddr(a, (const struct sockaddr *)&ss) == -1) {
		errno = EAFNOSUPPORT;
		return -1;
	}
	return 0;
}

int
sock_connect(const struct netaddr *to, const struct netaddr *from,
    bool *is_pending)
{
	struct sockaddr_storage ss;
	socklen_t len;
	int fd = sock_new(to);

	if (fd == -1)
		return -1;
	sock_nodelay(fd);
	if (from != NULL) {
		/* The port is chosen at connect: more of them are usable. */
		(void)sock_int_option(fd, IPPROTO_IP,
		    IP_BIND_ADDRESS_NO_PORT, 1);
		len = netaddr_to_sockaddr(from, &ss);
		if (bind(fd, (const struct sockaddr *)&ss, len) == -1)
			return sock_fail(fd);
	}
	len = netaddr_to_sockaddr(to, &ss);
	*is_pending = false;
	if (connect(fd, (const struct sockaddr *)&ss, len) == 0)
		return fd;
	if (errno != EINPROGRESS && errno != EINTR)
		return sock_fail(fd);
	*is_pending = true;
	return fd;
}

int
sock_connect_error(int fd)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1)
		return errno;
	return error;
}

void
sock_nodelay(int fd)
{
	(void)sock_int_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
}

void
sock_keepalive(int fd)
{
	(void)sock_int_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	(void)sock_int_option(fd, IPPROTO_TCP, TCP_KEEPIDLE,
	    SOCK_KEEPIDLE_S);
	(void)sock_int_option(fd, IPPROTO_TCP, TCP_KEEPINTVL,
	    SOCK_KEEPINTVL_S);
	(void)sock_int_option(fd, IPPROTO_TCP, TCP_KEEPCNT, SOCK_KEEPCNT);
}

size_t
sock_room(int fd)
{
	uint32_t info[SK_MEMINFO_VARS];
	socklen_t len = sizeof(info);

	if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len) == -1 ||
	    len != sizeof(info) ||
	    info[SK_MEMINFO_SNDBUF] <= info[SK_MEMINFO_WMEM_QUEUED])
		return 0;
	return info[SK_MEMINFO_SNDBUF] - info[SK_MEMINFO_WMEM_QUEUED];
}

int
sock_nonblock(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags == -1)
		return -1;
	if ((flags & O_NONBLOCK) != 0)
		return 0;
	return fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

int
sock_cloexec(int fd, bool on)
{
	return fcntl(fd, F_SETFD, on ? FD_CLOEXEC : 0);
}

int
sock_pair(int type, int fds[2])
{
	return socketpair(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
	    fds);
}
