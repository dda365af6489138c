/* stream: bytes in and out of a socket, its bounds and its ends. */
#include "unit.h"

#include <errno.h>
#include <sys/socket.h>

#include "lib/sock.h"
#include "lib/stream.h"

#define IN_MAX	5000
#define OUT_MAX	100000

struct fixture {
	struct loop	*loop;
	struct stream	 st;
	int		 peer;
	int		 ncalls;
};

static void
on_ready(void *arg, unsigned int what)
{
	struct fixture *f = arg;

	f->ncalls++;
	stream_note(&f->st, what);
}

static void
open_stream(struct fixture *f)
{
	int fds[2];

	assert_int_equal(sock_pair(SOCK_STREAM, fds), 0);
	f->peer = fds[1];
	stream_open(&f->st, f->loop, fds[0], on_ready, f);
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return -1;
	f->loop = loop_new();
	stream_init(&f->st, IN_MAX, OUT_MAX);
	assert_int_equal(f->st.fd, -1);
	open_stream(f);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	stream_close(&f->st);
	if (f->peer != -1)
		(void)close(f->peer);
	loop_free(f->loop);
	free(f);
	return 0;
}

static void
turn(struct fixture *f)
{
	int i;

	for (i = 0; i < 3; i++)
		loop_turn(f->loop, false);
}

static void
peer_says(struct fixture *f, const char *text)
{
	size_t len = strlen(text);

	assert_int_equal(write(f->peer, text, len), len);
}

static void
test_read(void **state)
{
	struct fixture *f = *state;
	char bytes[16];

	/* Nothing was told: the kernel is not asked. */
	peer_says(f, "hello");
	assert_int_equal(stream_read(&f->st, bytes, sizeof(bytes)), 0);
	turn(f);
	assert_true(f->st.can_read);
	assert_int_equal(stream_read(&f->st, bytes, 3), 3);
	assert_memory_equal(bytes, "hel", 3);
	assert_int_equal(stream_read(&f->st, bytes, sizeof(bytes)), 2);
	assert_memory_equal(bytes, "lo", 2);
	/* A short read was the last for now. */
	assert_false(f->st.can_read);
	assert_int_equal(stream_read(&f->st, bytes, sizeof(bytes)), 0);
	assert_false(stream_is_over(&f->st));
	peer_says(f, "more");
	turn(f);
	assert_int_equal(stream_read(&f->st, bytes, sizeof(bytes)), 4);
	/* Asked although nothing was told. */
	stream_recheck(&f->st);
	assert_int_equal(stream_read(&f->st, bytes, sizeof(bytes)), 0);
	assert_false(stream_is_over(&f->st));
	assert_null(f->st.in.data);
}

static void
test_end_behind_bytes(void **state)
{
	struct fixture *f = *state;
	char bytes[16];

	peer_says(f, "bye");
	(void)shutdown(f->peer, SHUT_WR);
	turn(f);
	assert_int_equal(stream_read(&f->st, bytes, sizeof(bytes)), 3);
	assert_int_equal(stream_read(&f->st, bytes, sizeof(bytes)), 0);
	assert_true(f->st.has_eof);
	assert_true(stream_is_over(&f->st));
	assert_int_equal(f->st.error, 0);
	/* Half of it: ours still works. */
	assert_int_equal(stream_write(&f->st, "answer", 6), 0);
	assert_int_equal(read(f->peer, bytes, sizeof(bytes)), 6);
}

static void
test_end_after_bytes(void **state)
{
	struct fixture *f = *state;
	char bytes[16];

	peer_says(f, "bye");
	turn(f);
	assert_int_equal(stream_read(&f->st, bytes, sizeof(bytes)), 3);
	(void)shutdown(f->peer, SHUT_WR);
	turn(f);
	assert_int_equal(stream_read(&f->st, bytes, sizeof(bytes)), 0);
	assert_true(f->st.has_eof);
}

static void
test_fill_and_its_bound(void **state)
{
	struct fixture *f = *state;
	uint8_t bytes[IN_MAX + 100];
	size_t i, all = 0;

	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 13);
	assert_int_equal(write(f->peer, bytes, sizeof(bytes)),
	    sizeof(bytes));
	turn(f);
	while ((i = stream_fill(&f->st)) > 0)
		all += i;
	assert_int_equal(all, IN_MAX);
	assert_int_equal(buf_used(&f->st.in), IN_MAX);
	assert_memory_equal(buf_head(&f->st.in), bytes, IN_MAX);
	/* There is more, and it is known without another event. */
	assert_true(f->st.can_read);
	buf_drop(&f->st.in, IN_MAX);
	assert_int_equal(stream_fill(&f->st), 100);
	assert_memory_equal(buf_head(&f->st.in), bytes + IN_MAX, 100);
	buf_drop(&f->st.in, 100);
	assert_int_equal(stream_fill(&f->st), 0);
	/* No memory is held for nothing. */
	assert_null(f->st.in.data);
}

static size_t
drain_peer(struct fixture *f, uint32_t *sum)
{
	uint8_t bytes[4096];
	size_t n = 0;
	ssize_t got, i;

	while ((got = read(f->peer, bytes, sizeof(bytes))) > 0) {
		for (i = 0; i < got; i++)
			*sum = *sum * 31 + bytes[i];
		n += (size_t)got;
	}
	return n;
}

/* What the kernel does not take is kept, in order, and leaves later. */
static void
test_write_more_than_fits(void **state)
{
	struct fixture *f = *state;
	static uint8_t bytes[60000];
	uint32_t sum = 0, expected = 0;
	int size = 4096, i;
	size_t k, n = 0;

	assert_int_equal(setsockopt(f->st.fd, SOL_SOCKET, SO_SNDBUF, &size,
	    sizeof(size)), 0);
	for (k = 0; k < sizeof(bytes); k++) {
		bytes[k] = (uint8_t)(k * 7);
		expected = expected * 31 + bytes[k];
	}
	assert_int_equal(stream_write(&f->st, bytes, 30000), 0);
	assert_true(buf_used(&f->st.out) > 0);
	assert_false(f->st.can_write);
	assert_int_equal(stream_write(&f->st, bytes + 30000, 30000), 0);
	for (i = 0; i < 1000 && n < sizeof(bytes); i++) {
		n += drain_peer(f, &sum);
		turn(f);
		if (f->st.can_write)
			assert_int_equal(stream_flush(&f->st), 0);
	}
	assert_int_equal(n, sizeof(bytes));
	assert_int_equal(sum, expected);
	assert_null(f->st.out.data);
}

static void
test_out_bound(void **state)
{
	static const uint8_t bytes[OUT_MAX];
	struct fixture *f = *state;

	assert_int_equal(stream_put(&f->st, bytes, OUT_MAX), 0);
	assert_int_equal(stream_put(&f->st, bytes, 1), -1);
	assert_int_equal(f->st.error, ENOBUFS);
	assert_true(stream_is_over(&f->st));
	assert_int_equal(stream_write(&f->st, bytes, 1), -1);
	assert_int_equal(stream_flush(&f->st), -1);
}

static void
test_several_pieces(void **state)
{
	struct fixture *f = *state;
	char bytes[16];

	assert_int_equal(stream_put(&f->st, "one ", 4), 0);
	assert_int_equal(stream_put(&f->st, "two", 3), 0);
	assert_int_equal(read(f->peer, bytes, sizeof(bytes)), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(stream_flush(&f->st), 0);
	assert_int_equal(read(f->peer, bytes, sizeof(bytes)), 7);
	assert_memory_equal(bytes, "one two", 7);
	assert_int_equal(stream_flush(&f->st), 0);
}

static void
test_peer_gone(void **state)
{
	struct fixture *f = *state;
	char bytes[16];

	(void)close(f->peer);
	f->peer = -1;
	assert_int_equal(stream_write(&f->st, "x", 1), -1);
	assert_int_equal(f->st.error, EPIPE);
	assert_int_equal(stream_put(&f->st, "x", 1), 0);
	assert_int_equal(stream_flush(&f->st), -1);
	turn(f);
	assert_int_equal(stream_read(&f->st, bytes, sizeof(bytes)), 0);
}

static void
test_shut_and_reopen(void **state)
{
	struct fixture *f = *state;
	char bytes[16];

	assert_int_equal(stream_put(&f->st, "last words", 10), 0);
	stream_shut(&f->st);
	stream_shut(&f->st);
	assert_true(f->st.is_shut);
	assert_int_equal(read(f->peer, bytes, sizeof(bytes)), 10);
	assert_int_equal(read(f->peer, bytes, sizeof(bytes)), 0);
	peer_says(f, "still heard");
	turn(f);
	assert_int_equal(stream_fill(&f->st), 11);
	assert_int_equal(stream_put(&f->st, "unsent", 6), 0);
	stream_close(&f->st);
	stream_close(&f->st);
	assert_int_equal(f->st.fd, -1);
	assert_null(f->st.in.data);
	assert_null(f->st.out.data);
	stream_shut(&f->st);
	(void)close(f->peer);

	open_stream(f);
	assert_false(f->st.is_shut);
	assert_int_equal(stream_write(&f->st, "new", 3), 0);
	assert_int_equal(read(f->peer, bytes, sizeof(bytes)), 3);
}

#define TEST(fn)	cmocka_unit_test_setup_teardown(fn, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_read),
		TEST(test_end_behind_bytes),
		TEST(test_end_after_bytes),
		TEST(test_fill_and_its_bound),
		TEST(test_write_more_than_fits),
		TEST(test_out_bound),
		TEST(test_several_pieces),
		TEST(test_peer_gone),
		TEST(test_shut_and_reopen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
