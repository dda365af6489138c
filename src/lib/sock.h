/* sock: the few socket calls of the suite, all non-blocking, close-on-exec. */
#ifndef LIB_SOCK_H
#define LIB_SOCK_H

#include <stdbool.h>
#include <stddef.h>

struct netaddr;

/* A TCP listener, SO_REUSEADDR, IPV6_V6ONLY; -1 with errno. */
int	sock_listen(const struct netaddr *, int backlog);
/*
 * Accepts one connection; fills peer.  -1 with errno (EAGAIN when there is
 * none).  Retries EINTR and ECONNABORTED.
 */
int	sock_accept(int lfd, struct netaddr *peer);
/* Local address of a connected socket; -1 with errno. */
int	sock_local(int fd, struct netaddr *);
/*
 * Begins a TCP connection from `from` (may be NULL); *is_pending says that
 * the outcome comes later (writable).  -1 with errno.
 */
int	sock_connect(const struct netaddr *to, const struct netaddr *from,
	    bool *is_pending);
/* Outcome of a pending connect: 0, or the errno. */
int	sock_connect_error(int fd);
/* No waiting for more to send (Nagle); listeners hand it on. */
void	sock_nodelay(int fd);
/*
 * Finds a dead peer within ten minutes.  On a listener: handed on to what it
 * accepts, which saves four calls a client.
 */
void	sock_keepalive(int fd);
/*
 * Bytes that a connected socket takes before it has to block, roughly; 0
 * when that is not known.
 */
size_t	sock_room(int fd);
int	sock_nonblock(int fd);
int	sock_cloexec(int fd, bool on);
/* A pair of AF_UNIX sockets of the type, close-on-exec, non-blocking. */
int	sock_pair(int type, int fds[2]);

#endif
