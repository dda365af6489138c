/* splice: bytes from one socket to another through a pipe. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "lib/netaddr.h"
#include "lib/sock.h"
#include "lib/splice.h"
#include "lib/stream.h"

#define OUT_MAX	(256u * 1024)
/* More than a socket whose buffer is as small as can be takes. */
#define PLENTY	(128u * 1024)

struct end {
	struct stream	 st;
	int		 peer;
};

struct fixture {
	struct loop	*loop;
	struct splice	 pipe;
	struct end	 from, to;
};

static uint8_t sent[PLENTY], got[PLENTY];

static void
on_ready(void *arg, unsigned int what)
{
	struct end *end = arg;

	stream_note(&end->st, what);
}

static void
open_with(struct fixture *f, struct end *end, const int fds[2])
{
	end->peer = fds[1];
	stream_init(&end->st, OUT_MAX, OUT_MAX);
	stream_open(&end->st, f->loop, fds[0], on_ready, end);
}

static void
open_end(struct fixture *f, struct end *end)
{
	int fds[2];

	assert_int_equal(sock_pair(SOCK_STREAM, fds), 0);
	open_with(f, end, fds);
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	size_t i;

	if (f == NULL)
		return -1;
	for (i = 0; i < sizeof(sent); i++)
		sent[i] = (uint8_t)(i ^ (i >> 8));
	f->loop = loop_new();
	splice_init(&f->pipe);
	open_end(f, &f->from);
	open_end(f, &f->to);
	*state = f;
	return 0;
}

static void
hang_up(struct end *end)
{
	if (end->peer != -1)
		(void)close(end->peer);
	end->peer = -1;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	splice_drop(&f->pipe);
	stream_close(&f->from.st);
	stream_close(&f->to.st);
	hang_up(&f->from);
	hang_up(&f->to);
	loop_free(f->loop);
	free(f);
	return 0;
}

static void
says(struct fixture *f, struct end *end, const void *bytes, size_t n)
{
	int i;

	assert_int_equal(write(end->peer, bytes, n), n);
	for (i = 0; i < 3; i++)
		loop_turn(f->loop, false);
}

static size_t
move(struct fixture *f)
{
	return stream_splice(&f->from.st, &f->to.st, &f->pipe, SPLICE_MAX);
}

/* What has reached the peer of `to`, up to n bytes, goes to got + at. */
static size_t
reached(const struct fixture *f, size_t at, size_t n)
{
	size_t all = 0;
	ssize_t k;

	while (all < n &&
	    (k = read(f->to.peer, got + at + all, n - all)) > 0)
		all += (size_t)k;
	return all;
}

static void
test_no_pipe_until_asked(void **state)
{
	struct fixture *f = *state;
	int out;

	assert_int_equal(f->pipe.out, -1);
	splice_drop(&f->pipe);
	assert_true(splice_open(&f->pipe));
	assert_true(fcntl(f->pipe.in, F_GETPIPE_SZ) >= (int)SPLICE_MAX);
	assert_true((fcntl(f->pipe.in, F_GETFD) & FD_CLOEXEC) != 0);
	assert_true((fcntl(f->pipe.out, F_GETFD) & FD_CLOEXEC) != 0);
	out = f->pipe.out;
	assert_true(splice_open(&f->pipe));
	assert_int_equal(f->pipe.out, out);
	splice_drop(&f->pipe);
	assert_int_equal(f->pipe.out, -1);
	assert_int_equal(fcntl(out, F_GETFD), -1);
}

/* No descriptor now; later there may be one. */
static void
test_no_descriptor(void **state)
{
	struct fixture *f = *state;
	struct rlimit old, none;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	none = old;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_false(splice_open(&f->pipe));
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_true(splice_open(&f->pipe));
}

static void
test_all_goes(void **state)
{
	struct fixture *f = *state;
	const size_t n = 50000;

	assert_true(splice_open(&f->pipe));
	/* Nothing was told: the kernel is not asked. */
	assert_int_equal(write(f->from.peer, sent, n), n);
	assert_int_equal(move(f), 0);
	says(f, &f->from, sent, 0);
	assert_int_equal(move(f), n);
	assert_int_equal(buf_used(&f->to.st.out), 0);
	assert_true(f->from.st.can_read);
	assert_int_equal(move(f), 0);
	/* That nothing is left is for a read to find out. */
	assert_true(f->from.st.can_read);
	assert_int_equal(stream_read(&f->from.st, got, sizeof(got)), 0);
	assert_false(f->from.st.can_read);
	assert_false(stream_is_over(&f->from.st));
	assert_int_equal(reached(f, 0, sizeof(got)), n);
	assert_memory_equal(got, sent, n);
}

static void
test_its_bound(void **state)
{
	struct fixture *f = *state;

	assert_true(splice_open(&f->pipe));
	says(f, &f->from, "hello", 5);
	assert_int_equal(stream_splice(&f->from.st, &f->to.st, &f->pipe, 3),
	    3);
	assert_int_equal(reached(f, 0, sizeof(got)), 3);
	assert_memory_equal(got, "hel", 3);
	assert_int_equal(move(f), 2);
	assert_int_equal(reached(f, 0, sizeof(got)), 2);
	assert_memory_equal(got, "lo", 2);
}

static void
test_end(void **state)
{
	struct fixture *f = *state;

	assert_true(splice_open(&f->pipe));
	says(f, &f->from, "bye", 3);
	hang_up(&f->from);
	loop_turn(f->loop, false);
	assert_int_equal(move(f), 3);
	assert_int_equal(move(f), 0);
	assert_true(f->from.st.has_eof);
	assert_int_equal(f->from.st.error, 0);
	assert_int_equal(move(f), 0);
}

/* The same over TCP. */
static void
open_tcp(struct fixture *f, struct end *end)
{
	struct netaddr a = { .family = NETADDR_V4, .ip = { 127, 0, 0, 1 } };
	int lfd = sock_listen(&a, 1), fds[2];
	struct pollfd pfd = { .fd = lfd, .events = POLLIN };
	bool is_pending;

	assert_int_not_equal(lfd, -1);
	assert_int_equal(sock_local(lfd, &a), 0);
	fds[1] = sock_connect(&a, NULL, &is_pending);
	assert_int_not_equal(fds[1], -1);
	assert_int_equal(poll(&pfd, 1, 5000), 1);
	fds[0] = sock_accept(lfd, &a);
	assert_int_not_equal(fds[0], -1);
	(void)close(lfd);
	open_with(f, end, fds);
}

/* The kernel does not splice beyond urgent data; nothing waits behind it. */
static void
test_urgent_data(void **state)
{
	struct fixture *f = *state;
	int i;

	stream_close(&f->from.st);
	hang_up(&f->from);
	open_tcp(f, &f->from);
	assert_true(splice_open(&f->pipe));
	says(f, &f->from, "before", 6);
	assert_int_equal(send(f->from.peer, "!", 1, MSG_OOB), 1);
	says(f, &f->from, "behind", 6);
	for (i = 0; i < 1000 && !f->from.st.can_read; i++)
		loop_turn(f->loop, true);
	assert_int_equal(move(f), 6);
	assert_int_equal(move(f), 0);
	assert_int_equal(stream_read(&f->from.st, got, sizeof(got)), 6);
	assert_memory_equal(got, "behind", 6);
	says(f, &f->from, "more", 4);
	for (i = 0; i < 1000 && !f->from.st.can_read; i++)
		loop_turn(f->loop, true);
	assert_int_equal(move(f), 4);
	assert_false(stream_is_over(&f->from.st));
}

/* Where the kernel has no splice(2) for a side, reads and writes do. */
static void
test_no_splice(void **state)
{
	struct fixture *f = *state;
	int fd = f->from.st.fd;

	assert_true(splice_open(&f->pipe));
	says(f, &f->from, "hello", 5);
	f->from.st.fd = eventfd(1, EFD_NONBLOCK);
	assert_int_equal(move(f), 0);
	(void)close(f->from.st.fd);
	f->from.st.fd = fd;
	assert_false(stream_is_over(&f->from.st));
	assert_false(splice_open(&f->pipe));
	assert_int_equal(f->pipe.out, -1);
	assert_int_equal(stream_read(&f->from.st, got, sizeof(got)), 5);
}

static void
test_no_splice_out(void **state)
{
	struct fixture *f = *state;
	int fd = f->to.st.fd, other = eventfd(1, EFD_NONBLOCK);

	assert_true(splice_open(&f->pipe));
	says(f, &f->from, "hello", 5);
	loop_io_stop(&f->to.st.io);
	f->to.st.has_blocked = true;
	f->to.st.fd = other;
	assert_int_equal(move(f), 5);
	(void)close(other);
	f->to.st.fd = fd;
	assert_int_equal(f->to.st.error, 0);
	assert_false(splice_open(&f->pipe));
	assert_int_equal(f->pipe.out, -1);
	assert_int_equal(stream_flush(&f->to.st), 0);
	assert_int_equal(reached(f, 0, sizeof(got)), 5);
	assert_memory_equal(got, "hello", 5);
}

static void
fill_slowly(struct fixture *f, size_t n)
{
	int size = 1;

	assert_true(splice_open(&f->pipe));
	assert_int_equal(setsockopt(f->to.st.fd, SOL_SOCKET, SO_SNDBUF, &size,
	    sizeof(size)), 0);
	says(f, &f->from, sent, n);
}

/* What the kernel does not take waits in the queue; nothing in the pipe. */
static void
test_some_is_kept(void **state)
{
	struct fixture *f = *state;
	size_t n, n_read, kept, all = 0;
	int i;

	fill_slowly(f, PLENTY);
	n = move(f);
	assert_in_range(n, 1, PLENTY);
	kept = buf_used(&f->to.st.out);
	assert_in_range(kept, 1, n - 1);
	assert_false(f->to.st.can_write);
	assert_int_equal(f->to.st.error, 0);
	assert_int_equal(read(f->pipe.out, got, 1), -1);
	assert_int_equal(errno, EAGAIN);
	for (i = 0; i < 1000 && all < n; i++) {
		n_read = n - all < 1000 ? n - all : 1000;
		all += reached(f, all, n_read);
		loop_turn(f->loop, false);
		assert_int_equal(stream_flush(&f->to.st), 0);
	}
	assert_int_equal(all, n);
	assert_memory_equal(got, sent, n);
}

/* Over the bound the connection is broken; the next one meets nothing. */
static void
test_more_than_may_be_kept(void **state)
{
	struct fixture *f = *state;

	fill_slowly(f, PLENTY);
	f->to.st.out.max = 10;
	assert_in_range(move(f), 1, PLENTY);
	assert_int_equal(f->to.st.error, ENOBUFS);
	assert_int_equal(f->pipe.out, -1);
}

static void
test_peer_gone(void **state)
{
	struct fixture *f = *state;

	assert_true(splice_open(&f->pipe));
	says(f, &f->from, "secret of one", 13);
	hang_up(&f->to);
	assert_int_equal(move(f), 13);
	assert_int_equal(f->to.st.error, EPIPE);
	assert_int_equal(f->pipe.out, -1);

	/* Another pair: none of it. */
	stream_close(&f->to.st);
	open_end(f, &f->to);
	assert_true(splice_open(&f->pipe));
	says(f, &f->from, "other", 5);
	assert_int_equal(move(f), 5);
	assert_int_equal(reached(f, 0, sizeof(got)), 5);
	assert_memory_equal(got, "other", 5);
}

#define TEST(fn)	cmocka_unit_test_setup_teardown(fn, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_no_pipe_until_asked),
		TEST(test_no_descriptor),
		TEST(test_all_goes),
		TEST(test_its_bound),
		TEST(test_end),
		TEST(test_urgent_data),
		TEST(test_no_splice),
		TEST(test_no_splice_out),
		TEST(test_some_is_kept),
		TEST(test_more_than_may_be_kept),
		TEST(test_peer_gone),
	};
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	/* As in the processes that use it. */
	(void)sigaction(SIGPIPE, &ignore, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
