/* channel: messages, fds, back-pressure and the end, between two ends. */
#include "channel_raw.h"

#include <sys/stat.h>

struct fixture {
	struct loop	*loop;
	struct end	 a, b;
	int		 fds_before;
};

static void
quiet(void *arg, enum log_level level, const char *line)
{
	(void)arg;
	(void)level;
	(void)line;
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	int fds[2];

	if (f == NULL)
		return -1;
	log_init_sink("test", quiet, NULL);
	f->fds_before = unit_count_fds();
	f->loop = loop_new();
	assert_int_equal(sock_pair(SOCK_STREAM, fds), 0);
	end_open(&f->a, f->loop, fds[0], CHANNEL_PEER_LOWER);
	end_open(&f->b, f->loop, fds[1], CHANNEL_PEER_HIGHER);
	*state = f;
	return 0;
}

/* Nothing is left open, whatever the test did. */
static int
teardown(void **state)
{
	struct fixture *f = *state;
	int left;

	channel_free(f->a.ch);
	channel_free(f->b.ch);
	loop_free(f->loop);
	left = unit_count_fds() - f->fds_before;
	free(f);
	return left == 0 ? 0 : -1;
}

static void
expect_msg(const struct end *e, size_t i, uint16_t type, uint32_t id)
{
	assert_true(i < e->nmsgs);
	assert_int_equal(e->msgs[i].type, type);
	assert_int_equal(e->msgs[i].id, id);
}

static void
test_hello_on_the_wire(void **state)
{
	static const uint8_t expected[END_HELLO] = {
		10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		0x31, 0x4b, 0x57, 0x4d, END_KIND, 0, END_VERSION, 0,
		END_ROLE, 0,
	};
	struct fixture *f = *state;
	uint8_t bytes[64];
	struct end e;
	int fds[2];

	assert_int_equal(sock_pair(SOCK_STREAM, fds), 0);
	end_open(&e, f->loop, fds[0], CHANNEL_PEER_LOWER);
	end_settle(f->loop);
	assert_int_equal(read(fds[1], bytes, sizeof(bytes)), END_HELLO);
	assert_memory_equal(bytes, expected, END_HELLO);
	channel_free(e.ch);
	(void)close(fds[1]);
}

static void
test_both_ways(void **state)
{
	struct fixture *f = *state;

	/* Sent at once, before the HELLO of the peer was seen. */
	end_send(&f->a, END_PLAIN, 1, "hello", 5);
	channel_send_empty(f->b.ch, END_PLAIN, UINT32_MAX);
	assert_int_equal(channel_queued(f->a.ch), END_HELLO + END_HEAD + 5);
	end_settle(f->loop);
	assert_int_equal(channel_queued(f->a.ch), 0);
	assert_int_equal(f->b.nmsgs, 1);
	expect_msg(&f->b, 0, END_PLAIN, 1);
	assert_int_equal(f->b.msgs[0].len, 5);
	assert_int_equal(f->b.msgs[0].sum,
	    end_sum((const uint8_t *)"hello", 5));
	assert_int_equal(f->b.msgs[0].fd, -1);
	assert_int_equal(f->a.nmsgs, 1);
	expect_msg(&f->a, 0, END_PLAIN, UINT32_MAX);
	assert_int_equal(f->a.msgs[0].len, 0);
	assert_int_equal(f->a.nclosed + f->b.nclosed, 0);
}

static void
test_send_wipes_the_body(void **state)
{
	static const uint8_t zero[8];
	struct fixture *f = *state;
	uint8_t body[8];
	struct wire_writer w;

	wire_writer_init(&w, body, sizeof(body));
	wire_put_text(&w, "secret");
	channel_send(f->a.ch, END_PLAIN, 1, &w, -1);
	assert_memory_equal(body, zero, sizeof(body));
	/* Also when there is nobody to send it to. */
	end_settle(f->loop);
	channel_free(f->b.ch);
	f->b.ch = NULL;
	end_settle(f->loop);
	assert_int_equal(f->a.nclosed, 1);
	wire_writer_init(&w, body, sizeof(body));
	wire_put_text(&w, "secret");
	channel_send(f->a.ch, END_PLAIN, 1, &w, -1);
	assert_memory_equal(body, zero, sizeof(body));
}

/* All sizes, many at a time, through a socket that takes little. */
static void
test_many_sizes(void **state)
{
	static uint8_t body[END_BODY_MAX];
	struct fixture *f = *state;
	uint32_t sums[600];
	int size = 4096;
	size_t i, len;

	for (i = 0; i < sizeof(body); i++)
		body[i] = (uint8_t)(i * 7);
	assert_int_equal(setsockopt(channel_fd(f->a.ch), SOL_SOCKET,
	    SO_SNDBUF, &size, sizeof(size)), 0);
	for (i = 0; i < UNIT_LENGTH(sums); i++) {
		len = i * i % (END_BODY_MAX + 1);
		body[0] = (uint8_t)i;
		sums[i] = end_sum(body, len);
		end_send(&f->a, END_PLAIN, (uint32_t)i, body, len);
	}
	for (i = 0; i < 5000 && f->b.nmsgs < UNIT_LENGTH(sums); i++)
		loop_turn(f->loop, false);
	assert_int_equal(f->b.nmsgs, UNIT_LENGTH(sums));
	for (i = 0; i < UNIT_LENGTH(sums); i++) {
		expect_msg(&f->b, i, END_PLAIN, (uint32_t)i);
		assert_int_equal(f->b.msgs[i].len, i * i % (END_BODY_MAX + 1));
		assert_int_equal(f->b.msgs[i].sum, sums[i]);
	}
}

static ino_t
inode(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return st.st_ino;
}

/* Fds among messages without, some of them behind a full socket. */
static void
pass_fds(struct fixture *f, size_t n, size_t filler)
{
	static uint8_t body[END_BODY_MAX];
	ino_t inodes[64];
	size_t i, k = 0, turns;
	int fds[2];

	for (i = 0; i < n; i++) {
		assert_int_equal(pipe(fds), 0);
		inodes[i] = inode(fds[0]);
		if (i % 3 != 1 && filler > 0)
			end_send(&f->a, END_PLAIN, 1000, body, filler);
		end_send_fd(&f->a, (uint32_t)i, fds[0]);
		/* The sender's own is still open, and its to close. */
		assert_int_equal(close(fds[0]), 0);
		assert_int_equal(close(fds[1]), 0);
	}
	end_send(&f->a, END_PLAIN, 1001, body, filler);
	for (turns = 0; turns < 5000; turns++) {
		loop_turn(f->loop, false);
		if (f->b.nmsgs > 0 && f->b.msgs[f->b.nmsgs - 1].id == 1001)
			break;
	}
	for (i = 0; i < f->b.nmsgs; i++) {
		if (f->b.msgs[i].type != END_FD)
			continue;
		assert_int_equal(f->b.msgs[i].id, k);
		assert_true(f->b.msgs[i].fd >= 0);
		assert_true(fcntl(f->b.msgs[i].fd, F_GETFD) & FD_CLOEXEC);
		assert_true(inode(f->b.msgs[i].fd) == inodes[k]);
		assert_int_equal(close(f->b.msgs[i].fd), 0);
		k++;
	}
	assert_int_equal(k, n);
}

static void
test_fds_in_a_row(void **state)
{
	pass_fds(*state, 12, 0);
}

static void
test_fds_among_messages(void **state)
{
	pass_fds(*state, 60, 100);
}

static void
test_fds_with_partial_writes(void **state)
{
	struct fixture *f = *state;
	int size = 4096;

	assert_int_equal(setsockopt(channel_fd(f->a.ch), SOL_SOCKET,
	    SO_SNDBUF, &size, sizeof(size)), 0);
	pass_fds(f, 30, END_BODY_MAX - 1);
}

/* An fd that nobody took is closed with the channel (see teardown). */
static void
test_fds_are_not_left(void **state)
{
	struct fixture *f = *state;
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	end_send_fd(&f->a, 1, fds[0]);
	assert_int_equal(close(fds[0]), 0);
	assert_int_equal(close(fds[1]), 0);
}

/* Bytes until the queue is over the high mark; b must not be reading. */
static void
fill_queue(struct fixture *f)
{
	static uint8_t body[END_BODY_MAX];

	while (channel_queued(f->a.ch) <= CHANNEL_QUEUE_HIGH + END_BODY_MAX) {
		end_send(&f->a, END_PLAIN, 5, body, sizeof(body));
		channel_flush(f->a.ch);
	}
}

/* Takes what b's socket holds, as a peer that is slow to read. */
static size_t
take_raw(int fd)
{
	uint8_t bytes[4096];
	size_t n = 0;
	ssize_t got;

	while ((got = read(fd, bytes, sizeof(bytes))) > 0)
		n += (size_t)got;
	return n;
}

/* Opens f->a anew with a raw peer; the peer's fd. */
static int
open_raw(struct fixture *f)
{
	int fds[2];

	channel_free(f->a.ch);
	assert_int_equal(sock_pair(SOCK_STREAM, fds), 0);
	end_open(&f->a, f->loop, fds[0], CHANNEL_PEER_LOWER);
	return fds[1];
}

static void
send_hello_and_message(int fd)
{
	struct raw_hello hello = RAW_HELLO_GOOD;
	uint8_t bytes[64];
	size_t n;

	n = raw_hello(bytes, &hello);
	n += raw_frame(bytes + n, END_PLAIN, 0, "x", 1);
	assert_true(raw_send(fd, bytes, n, NULL, 0));
}

static void
test_back_pressure(void **state)
{
	struct fixture *f = *state;
	int fd = open_raw(f), i;

	fill_queue(f);
	send_hello_and_message(fd);
	/* The peer does not take what is its: it is not listened to. */
	end_settle(f->loop);
	assert_int_equal(f->a.nmsgs, 0);
	for (i = 0; i < 1000 && channel_queued(f->a.ch) > 0; i++) {
		(void)take_raw(fd);
		loop_turn(f->loop, false);
	}
	end_settle(f->loop);
	assert_int_equal(channel_queued(f->a.ch), 0);
	assert_int_equal(f->a.nmsgs, 1);
	(void)close(fd);
}

/* While it is not listened to, a peer can die: this must be noticed. */
static void
test_peer_dies_under_back_pressure(void **state)
{
	struct fixture *f = *state;
	int fd = open_raw(f);

	fill_queue(f);
	end_settle(f->loop);
	send_hello_and_message(fd);
	(void)close(fd);
	end_settle(f->loop);
	assert_int_equal(f->a.nmsgs, 1);
	assert_int_equal(f->a.nclosed, 1);
	assert_int_equal(f->a.how, CHANNEL_EOF);
}

static void
test_peer_shuts_its_reading(void **state)
{
	struct fixture *f = *state;
	int fd = open_raw(f);

	end_settle(f->loop);
	assert_int_equal(shutdown(fd, SHUT_RD), 0);
	end_send(&f->a, END_PLAIN, 1, "lost", 4);
	end_settle(f->loop);
	/* No output waits for a peer that will never take it. */
	assert_int_equal(channel_queued(f->a.ch), 0);
	send_hello_and_message(fd);
	end_settle(f->loop);
	assert_int_equal(f->a.nmsgs, 1);
	(void)close(fd);
	end_settle(f->loop);
	assert_int_equal(f->a.nclosed, 1);
}

static void
test_last_messages_are_heard(void **state)
{
	struct fixture *f = *state;
	int i;

	for (i = 0; i < 100; i++)
		end_send(&f->b, END_PLAIN, (uint32_t)i, "bye", 3);
	/* Queued output leaves with channel_free(). */
	channel_free(f->b.ch);
	f->b.ch = NULL;
	/* What a still wants to say does not hinder it from hearing. */
	end_send(&f->a, END_PLAIN, 1, "too late", 8);
	end_settle(f->loop);
	assert_int_equal(f->a.nmsgs, 100);
	expect_msg(&f->a, 99, END_PLAIN, 99);
	assert_int_equal(f->a.nclosed, 1);
	assert_int_equal(f->a.how, CHANNEL_EOF);
	end_send(&f->a, END_PLAIN, 1, "x", 1);
	end_settle(f->loop);
	assert_int_equal(f->a.nclosed, 1);
	assert_int_equal(channel_queued(f->a.ch), 0);
}

/* closed_fn may free, and the end of a channel is not called inside it. */
static void
free_at_end(void *endpoint, enum channel_end how)
{
	struct end *e = endpoint;

	end_closed(e, how);
	channel_free(e->ch);
	e->ch = NULL;
}

static void
test_free_in_closed_fn(void **state)
{
	struct fixture *f = *state;
	struct channel_config config = {
		.loop = f->loop, .contract = &end_contract, .rows = end_rows,
		.nrows = UNIT_LENGTH(end_rows), .policy = CHANNEL_PEER_LOWER,
		.peer = "peer", .endpoint = &f->a, .closed_fn = free_at_end,
	};
	int fds[2];

	channel_free(f->a.ch);
	memset(&f->a, 0, sizeof(f->a));
	assert_int_equal(sock_pair(SOCK_STREAM, fds), 0);
	config.fd = fds[0];
	f->a.ch = channel_new(&config);
	(void)close(fds[1]);
	end_settle(f->loop);
	assert_int_equal(f->a.nclosed, 1);
	assert_null(f->a.ch);
	channel_free(NULL);
}

static void
test_peer_that_does_not_read(void **state)
{
	static uint8_t body[END_BODY_MAX];
	struct fixture *f = *state;
	int fd = open_raw(f), i;

	for (i = 0; i < 2000 && f->a.nclosed == 0; i++) {
		end_send(&f->a, END_PLAIN, 1, body, sizeof(body));
		assert_true(channel_queued(f->a.ch) <= CHANNEL_QUEUE_LIMIT);
		loop_turn(f->loop, false);
	}
	end_settle(f->loop);
	assert_int_equal(f->a.nclosed, 1);
	assert_int_equal(f->a.how, CHANNEL_VIOLATION);
	(void)close(fd);
}

#define TEST(fn)	cmocka_unit_test_setup_teardown(fn, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_hello_on_the_wire),
		TEST(test_both_ways),
		TEST(test_send_wipes_the_body),
		TEST(test_many_sizes),
		TEST(test_fds_in_a_row),
		TEST(test_fds_among_messages),
		TEST(test_fds_with_partial_writes),
		TEST(test_fds_are_not_left),
		TEST(test_back_pressure),
		TEST(test_peer_dies_under_back_pressure),
		TEST(test_peer_shuts_its_reading),
		TEST(test_last_messages_are_heard),
		TEST(test_free_in_closed_fn),
		TEST(test_peer_that_does_not_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
