/* sock: TCP over IPv4 and IPv6 on this machine, and what sockets inherit. */
#include "unit.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include "lib/netaddr.h"
#include "lib/sock.h"

static const char *const loopbacks[] = { "127.0.0.1", "::1" };

static struct netaddr
address(const char *text)
{
	struct netaddr a;

	assert_int_equal(netaddr_parse(&a, text, strlen(text)), 0);
	return a;
}

/* A listener on a port of the kernel's choice; skips what is not there. */
static int
listen_on(const char *text, struct netaddr *at)
{
	int lfd;

	*at = address(text);
	lfd = sock_listen(at, 16);
	if (lfd == -1 && at->family == NETADDR_V6 &&
	    (errno == EADDRNOTAVAIL || errno == EAFNOSUPPORT))
		skip();
	assert_true(lfd >= 0);
	assert_int_equal(sock_local(lfd, at), 0);
	assert_int_not_equal(at->port, 0);
	return lfd;
}

static void
wait_for(int fd, short events)
{
	struct pollfd pfd = { .fd = fd, .events = events };

	assert_int_equal(poll(&pfd, 1, 10000), 1);
}

static int
connect_to(const struct netaddr *to, const struct netaddr *from)
{
	bool is_pending;
	int fd = sock_connect(to, from, &is_pending);

	assert_true(fd >= 0);
	if (is_pending)
		wait_for(fd, POLLOUT);
	assert_int_equal(sock_connect_error(fd), 0);
	return fd;
}

static int
option(int fd, int level, int name)
{
	socklen_t len;
	int value = -1;

	len = sizeof(value);
	assert_int_equal(getsockopt(fd, level, name, &value, &len), 0);
	return value;
}

static void
check_flags(int fd)
{
	assert_true((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
	assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
}

static void
meet(const char *text)
{
	struct netaddr at, peer, mine;
	int lfd, cfd, fd;
	char byte = 0;

	lfd = listen_on(text, &at);
	check_flags(lfd);
	errno = 0;
	assert_int_equal(sock_accept(lfd, &peer), -1);
	assert_int_equal(errno, EAGAIN);

	cfd = connect_to(&at, NULL);
	wait_for(lfd, POLLIN);
	fd = sock_accept(lfd, &peer);
	assert_true(fd >= 0);
	check_flags(cfd);
	check_flags(fd);
	assert_int_equal(sock_local(cfd, &mine), 0);
	assert_true(netaddr_same_ip(&mine, &peer));
	assert_int_equal(mine.port, peer.port);
	assert_int_equal(sock_local(fd, &mine), 0);
	assert_true(netaddr_same_ip(&mine, &at));
	assert_int_equal(mine.port, at.port);

	/* Inherited from the listener. */
	assert_int_equal(option(fd, IPPROTO_TCP, TCP_NODELAY), 1);
	assert_int_equal(option(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
	assert_int_equal(option(fd, IPPROTO_TCP, TCP_KEEPIDLE), 300);
	assert_int_equal(option(cfd, IPPROTO_TCP, TCP_NODELAY), 1);
	sock_keepalive(cfd);
	assert_int_equal(option(cfd, SOL_SOCKET, SO_KEEPALIVE), 1);

	assert_int_equal(read(fd, &byte, 1), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(write(cfd, "x", 1), 1);
	wait_for(fd, POLLIN);
	assert_int_equal(read(fd, &byte, 1), 1);
	assert_int_equal(byte, 'x');
	(void)close(fd);
	(void)close(cfd);
	(void)close(lfd);
}

static void
test_meet_v4(void **state)
{
	(void)state;
	meet(loopbacks[0]);
}

static void
test_meet_v6(void **state)
{
	(void)state;
	meet(loopbacks[1]);
}

/* [::] leaves 0.0.0.0 on the same port to another listener. */
static void
test_v6_only(void **state)
{
	struct netaddr six, four;
	int sfd, ffd;

	(void)state;
	sfd = listen_on("::", &six);
	assert_int_equal(option(sfd, IPPROTO_IPV6, IPV6_V6ONLY), 1);
	four = address("127.0.0.1");
	four.port = six.port;
	ffd = sock_listen(&four, 1);
	assert_true(ffd >= 0 || errno == EADDRINUSE);
	if (ffd >= 0)
		(void)close(ffd);
	(void)close(sfd);
}

static void
test_listen_twice(void **state)
{
	struct netaddr at, peer;
	int lfd, cfd, fd;

	(void)state;
	lfd = listen_on("127.0.0.1", &at);
	errno = 0;
	assert_int_equal(sock_listen(&at, 1), -1);
	assert_int_equal(errno, EADDRINUSE);
	/* A connection that is left over does not hinder the next start. */
	cfd = connect_to(&at, NULL);
	wait_for(lfd, POLLIN);
	fd = sock_accept(lfd, &peer);
	assert_true(fd >= 0);
	(void)close(fd);
	(void)close(lfd);
	lfd = sock_listen(&at, 1);
	assert_true(lfd >= 0);
	(void)close(lfd);
	(void)close(cfd);
}

static void
test_connect_refused(void **state)
{
	struct netaddr at;
	bool is_pending;
	int lfd, fd;

	(void)state;
	lfd = listen_on("127.0.0.1", &at);
	(void)close(lfd);
	fd = sock_connect(&at, NULL, &is_pending);
	if (fd == -1) {
		assert_int_equal(errno, ECONNREFUSED);
		return;
	}
	assert_true(is_pending);
	wait_for(fd, POLLOUT);
	assert_int_equal(sock_connect_error(fd), ECONNREFUSED);
	(void)close(fd);
	assert_int_equal(sock_connect_error(fd), EBADF);
}

static void
test_connect_from(void **state)
{
	struct netaddr from = address("127.0.0.9");
	struct netaddr foreign = address("192.0.2.1"), six = address("::1");
	struct netaddr at, peer;
	bool is_pending;
	int lfd, cfd, fd, before;

	(void)state;
	lfd = listen_on("127.0.0.1", &at);
	cfd = connect_to(&at, &from);
	wait_for(lfd, POLLIN);
	fd = sock_accept(lfd, &peer);
	assert_true(fd >= 0);
	assert_true(netaddr_same_ip(&peer, &from));
	(void)close(fd);
	(void)close(cfd);

	/* An address that is not ours, and one of the other family. */
	before = unit_count_fds();
	errno = 0;
	assert_int_equal(sock_connect(&at, &foreign, &is_pending), -1);
	assert_int_equal(errno, EADDRNOTAVAIL);
	assert_int_equal(sock_connect(&at, &six, &is_pending), -1);
	assert_int_equal(unit_count_fds(), before);
	(void)close(lfd);
}

static void
test_many_clients(void **state)
{
	struct netaddr at, peer, mine;
	int cfd[10], lfd, fd;
	size_t i;

	(void)state;
	lfd = listen_on("127.0.0.1", &at);
	for (i = 0; i < UNIT_LENGTH(cfd); i++)
		cfd[i] = connect_to(&at, NULL);
	for (i = 0; i < UNIT_LENGTH(cfd); i++) {
		wait_for(lfd, POLLIN);
		fd = sock_accept(lfd, &peer);
		assert_true(fd >= 0);
		assert_int_equal(sock_local(cfd[i], &mine), 0);
		assert_int_equal(mine.port, peer.port);
		(void)close(fd);
	}
	assert_int_equal(sock_accept(lfd, &peer), -1);
	assert_int_equal(errno, EAGAIN);
	for (i = 0; i < UNIT_LENGTH(cfd); i++)
		(void)close(cfd[i]);
	(void)close(lfd);
	assert_int_equal(sock_accept(lfd, &peer), -1);
	assert_int_equal(errno, EBADF);
}

static void
test_pair_and_flags(void **state)
{
	static const int types[] = { SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM };
	struct netaddr a;
	int fds[2], plain[2];
	size_t i;

	(void)state;
	for (i = 0; i < UNIT_LENGTH(types); i++) {
		assert_int_equal(sock_pair(types[i], fds), 0);
		check_flags(fds[0]);
		check_flags(fds[1]);
		assert_int_equal(option(fds[0], SOL_SOCKET, SO_TYPE),
		    types[i]);
		/* Not a TCP socket: no address of ours. */
		assert_int_equal(sock_local(fds[0], &a), -1);
		assert_int_equal(errno, EAFNOSUPPORT);
		(void)close(fds[0]);
		(void)close(fds[1]);
	}
	assert_int_equal(pipe(plain), 0);
	assert_int_equal(sock_nonblock(plain[0]), 0);
	assert_int_equal(sock_nonblock(plain[0]), 0);
	assert_int_equal(sock_cloexec(plain[0], true), 0);
	check_flags(plain[0]);
	assert_int_equal(sock_cloexec(plain[0], false), 0);
	assert_int_equal(fcntl(plain[0], F_GETFD) & FD_CLOEXEC, 0);
	assert_true((fcntl(plain[1], F_GETFL) & O_NONBLOCK) == 0);
	(void)close(plain[0]);
	(void)close(plain[1]);
	assert_int_equal(sock_nonblock(plain[0]), -1);
	assert_int_equal(errno, EBADF);
}

/* Room shrinks to nothing while the other side does not read. */
static void
test_room(void **state)
{
	static const char bytes[65536];
	struct netaddr at, peer;
	int lfd, fd, afd;
	size_t before;

	(void)state;
	lfd = listen_on(loopbacks[0], &at);
	fd = connect_to(&at, NULL);
	wait_for(lfd, POLLIN);
	afd = sock_accept(lfd, &peer);
	assert_true(afd >= 0);
	before = sock_room(fd);
	assert_true(before > 0);
	while (send(fd, bytes, sizeof(bytes), MSG_NOSIGNAL) > 0)
		continue;
	assert_int_equal(errno, EAGAIN);
	assert_true(sock_room(fd) < sizeof(bytes));
	assert_int_equal(sock_room(-1), 0);
	(void)close(afd);
	(void)close(fd);
	(void)close(lfd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_meet_v4),
		cmocka_unit_test(test_meet_v6),
		cmocka_unit_test(test_v6_only),
		cmocka_unit_test(test_listen_twice),
		cmocka_unit_test(test_connect_refused),
		cmocka_unit_test(test_connect_from),
		cmocka_unit_test(test_many_clients),
		cmocka_unit_test(test_pair_and_flags),
		cmocka_unit_test(test_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
