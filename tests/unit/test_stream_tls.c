/* stream over TLS: as plain ones, whatever the pieces in which bytes come. */
#include "unit.h"

#include <errno.h>
#include <sys/socket.h>

#include "lib/sock.h"
#include "lib/stream.h"
#include "tls_fixture.h"

#define IN_MAX		5000
#define OUT_MAX		300000
#define BULK		200000
#define TURNS_MAX	100000

static const struct tls_target target = { .name = "mx.test", .where = "" };

/*
 * Two streams with a wire between them: what one sends is handed to the other
 * in pieces, by the loop's turns.
 */
struct fixture {
	struct tls_fixture_holder	 holder;
	struct tls_server		*server;
	struct tls_client		*client;
	struct loop			*loop;
	struct stream			 st[2];		/* server, client */
	int				 wire[2];	/* their peers */
	uint8_t				 kept[2][4096];	/* on the wire */
	size_t				 nkept[2];
	bool				 has_fin[2];
	size_t				 piece;		/* 0: random */
	uint32_t			 seed;
};

static void
on_ready(void *arg, unsigned int what)
{
	stream_note(arg, what);
}

static void
open_streams(struct fixture *f, const struct tls_policy *policy)
{
	struct tls_server_config sc = tls_fixture_server(&f->holder,
	    &tls_fixture_mx);
	struct tls_client_config cc = tls_fixture_client(&tls_fixture_mx);
	struct tls_ticket_key key;
	struct tls_error error;
	int i, fds[2];

	memset(&key, 1, sizeof(key));
	cc.policy = *policy;
	f->server = tls_server_new(&sc, &error);
	f->client = tls_client_new(&cc, &error);
	assert_non_null(f->server);
	assert_non_null(f->client);
	tls_server_tickets(f->server, &key, 1);
	for (i = 0; i < 2; i++) {
		stream_init(&f->st[i], IN_MAX, OUT_MAX);
		assert_int_equal(sock_pair(SOCK_STREAM, fds), 0);
		stream_open(&f->st[i], f->loop, fds[0], on_ready, &f->st[i]);
		f->wire[i] = fds[1];
		f->nkept[i] = 0;
		f->has_fin[i] = false;
	}
	assert_int_equal(stream_tls_accept(&f->st[0], f->server, &error), 0);
	assert_int_equal(stream_tls_connect(&f->st[1], f->client, &target,
	    &error), 0);
}

static void
close_streams(struct fixture *f)
{
	int i;

	for (i = 0; i < 2; i++) {
		stream_close(&f->st[i]);
		assert_null(f->st[i].tls);
		assert_int_equal(f->st[i].out.max, OUT_MAX);
		(void)close(f->wire[i]);
	}
	tls_server_free(f->server);
	tls_client_free(f->client);
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return -1;
	f->loop = loop_new();
	f->piece = sizeof(f->kept[0]);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	loop_free(f->loop);
	free(f);
	return 0;
}

/* Takes what side i has sent, hands a piece of it to the other. */
static bool
carry(struct fixture *f, int i)
{
	size_t n = f->piece == 0 ? 1 + unit_random_below(&f->seed, 700) :
	    f->piece;
	bool has_moved = false;
	ssize_t got;

	if (f->nkept[i] == 0 && !f->has_fin[i]) {
		got = read(f->wire[i], f->kept[i], sizeof(f->kept[i]));
		if (got > 0)
			f->nkept[i] = (size_t)got;
		if (got == 0) {
			f->has_fin[i] = true;
			(void)shutdown(f->wire[1 - i], SHUT_WR);
		}
		has_moved = got >= 0;
	}
	if (n > f->nkept[i])
		n = f->nkept[i];
	if (n == 0)
		return has_moved;
	got = send(f->wire[1 - i], f->kept[i], n, MSG_NOSIGNAL);
	if (got <= 0)
		return has_moved;
	f->nkept[i] -= (size_t)got;
	memmove(f->kept[i], f->kept[i] + got, f->nkept[i]);
	return true;
}

/* One turn of everything; false when nothing has moved. */
static bool
turn(struct fixture *f)
{
	bool has_moved = carry(f, 0);

	has_moved |= carry(f, 1);
	loop_turn(f->loop, false);
	return has_moved;
}

static void
shake(struct fixture *f)
{
	enum tls_step steps[2] = { TLS_STEP_MORE, TLS_STEP_MORE };
	int i, k;

	for (k = 0; k < TURNS_MAX; k++) {
		for (i = 0; i < 2; i++) {
			if (steps[i] == TLS_STEP_MORE)
				steps[i] = stream_tls_step(&f->st[i]);
			if (f->st[i].can_write || steps[i] == TLS_STEP_DONE)
				assert_int_equal(stream_flush(&f->st[i]), 0);
		}
		if (steps[0] != TLS_STEP_MORE && steps[1] != TLS_STEP_MORE)
			break;
		turn(f);
	}
	assert_string_equal(stream_tls_error(&f->st[0]), "");
	assert_string_equal(stream_tls_error(&f->st[1]), "");
	assert_int_equal(steps[0], TLS_STEP_DONE);
	assert_int_equal(steps[1], TLS_STEP_DONE);
}

static uint8_t
byte_of(size_t at, int side)
{
	return (uint8_t)(at * 31 + at / 251 + (size_t)side);
}

/* Reads what side i has got and compares: how far it is then. */
static size_t
receive(struct fixture *f, int i, size_t at, size_t size)
{
	static uint8_t bytes[65536];
	size_t k, n;

	while ((n = stream_read(&f->st[i], bytes, size)) > 0) {
		for (k = 0; k < n; k++)
			if (bytes[k] != byte_of(at + k, 1 - i))
				fail_msg("byte %zu is wrong", at + k);
		at += n;
	}
	return at;
}

/* Bytes both ways at once; then each says that it is done. */
static void
exchange(struct fixture *f, size_t bytes)
{
	static uint8_t all[2][BULK];
	size_t at[2] = { 0, 0 }, k;
	int i, t;

	assert_true(bytes <= BULK);
	for (i = 0; i < 2; i++) {
		for (k = 0; k < bytes; k++)
			all[i][k] = byte_of(k, i);
		assert_int_equal(stream_write(&f->st[i], all[i], bytes), 0);
	}
	for (t = 0; t < TURNS_MAX; t++) {
		for (i = 0; i < 2; i++) {
			at[i] = receive(f, i, at[i], 1 + (size_t)t % 65536);
			assert_int_equal(f->st[i].error, 0);
			if (f->st[i].can_write)
				assert_int_equal(stream_flush(&f->st[i]), 0);
			if (buf_used(&f->st[i].out) == 0)
				stream_shut(&f->st[i]);
		}
		if (f->st[0].has_eof && f->st[1].has_eof)
			break;
		turn(f);
	}
	for (i = 0; i < 2; i++) {
		assert_int_equal(at[i], bytes);
		assert_true(f->st[i].is_shut);
		assert_true(f->st[i].has_eof);
		assert_false(stream_is_truncated(&f->st[i]));
		assert_null(f->st[i].out.data);
	}
}

static void
small_windows(struct fixture *f)
{
	int i, size = 4608;

	for (i = 0; i < 2; i++) {
		(void)setsockopt(f->st[i].fd, SOL_SOCKET, SO_SNDBUF, &size,
		    sizeof(size));
		(void)setsockopt(f->wire[i], SOL_SOCKET, SO_SNDBUF, &size,
		    sizeof(size));
	}
}

/* Whole, by single bytes, and in random pieces. */
static void
test_pieces(void **state)
{
	static const struct tls_policy policies[] = {
		{ .max = TLS_VERSION_1_2 }, { .min = TLS_VERSION_1_3 },
	};
	struct fixture *f = *state;
	size_t i;
	int k;

	for (i = 0; i < UNIT_LENGTH(policies); i++) {
		f->piece = sizeof(f->kept[0]);
		open_streams(f, &policies[i]);
		shake(f);
		stream_bulk(&f->st[0]);
		exchange(f, BULK);
		close_streams(f);
		f->piece = 1;
		open_streams(f, &policies[i]);
		shake(f);
		exchange(f, 5000);
		close_streams(f);
		f->piece = 0;
		for (k = 0; k < 10; k++) {
			open_streams(f, &policies[i]);
			small_windows(f);
			shake(f);
			exchange(f, 50000);
			close_streams(f);
		}
	}
}

static void
settle(struct fixture *f)
{
	int idle = 0;

	while (idle < 3)
		idle = turn(f) ? 0 : idle + 1;
}

static void
test_half_close(void **state)
{
	static uint8_t bytes[100000];
	const struct tls_policy policy = { .min = TLS_VERSION_ANY };
	struct fixture *f = *state;
	size_t k, at = 0;
	int t;

	open_streams(f, &policy);
	shake(f);
	assert_int_equal(stream_write(&f->st[1], "bye", 3), 0);
	stream_shut(&f->st[1]);
	stream_shut(&f->st[1]);
	assert_true(f->st[1].is_shut);
	settle(f);
	assert_int_equal(stream_fill(&f->st[0]), 3);
	assert_true(f->st[0].has_eof);
	assert_int_equal(stream_read(&f->st[0], bytes, 10), 0);
	/* The other direction lives on. */
	for (k = 0; k < sizeof(bytes); k++)
		bytes[k] = byte_of(k, 0);
	assert_int_equal(stream_write(&f->st[0], bytes, sizeof(bytes)), 0);
	for (t = 0; t < 1000 && at < sizeof(bytes); t++) {
		settle(f);
		at = receive(f, 1, at, 7000);
		assert_int_equal(stream_flush(&f->st[0]), 0);
	}
	assert_int_equal(at, sizeof(bytes));
	stream_shut(&f->st[0]);
	settle(f);
	assert_int_equal(stream_read(&f->st[1], bytes, 10), 0);
	assert_true(f->st[1].has_eof);
	assert_false(stream_is_truncated(&f->st[1]));
	/* Nothing more can be written. */
	assert_int_equal(stream_write(&f->st[0], "x", 1), -1);
	close_streams(f);
}

/* A FIN without close_notify: an end, but a suspicious one. */
static void
test_truncated(void **state)
{
	const struct tls_policy policy = { .min = TLS_VERSION_ANY };
	struct fixture *f = *state;
	char bytes[16];

	open_streams(f, &policy);
	shake(f);
	assert_int_equal(stream_write(&f->st[1], "last", 4), 0);
	settle(f);
	(void)shutdown(f->wire[0], SHUT_WR);
	settle(f);
	assert_int_equal(stream_read(&f->st[0], bytes, sizeof(bytes)), 4);
	assert_false(f->st[0].has_eof);
	assert_int_equal(stream_read(&f->st[0], bytes, sizeof(bytes)), 0);
	assert_true(f->st[0].has_eof);
	assert_true(stream_is_truncated(&f->st[0]));
	assert_int_equal(f->st[0].error, 0);
	/* What we owe him can still be sent. */
	assert_int_equal(stream_write(&f->st[0], "answer", 6), 0);
	settle(f);
	assert_int_equal(stream_read(&f->st[1], bytes, sizeof(bytes)), 6);
	close_streams(f);
}

/* T-S7: an end in the middle, and then a byte in clear. */
static void
test_clear_behind_the_end(void **state)
{
	const struct tls_policy policy = { .min = TLS_VERSION_ANY };
	struct fixture *f = *state;
	const char *text;
	char bytes[16];

	open_streams(f, &policy);
	shake(f);
	settle(f);
	(void)stream_read(&f->st[1], bytes, sizeof(bytes));
	stream_shut(&f->st[1]);
	assert_true(carry(f, 1));
	assert_int_equal(write(f->wire[0], "A NOOP\r\n", 8), 8);
	settle(f);
	assert_int_equal(stream_fill(&f->st[0]), 0);
	assert_true(f->st[0].has_eof);
	assert_int_equal(stream_put(&f->st[0], "more", 4), 0);
	assert_int_equal(stream_flush(&f->st[0]), 0);
	stream_recheck(&f->st[0]);
	assert_int_equal(stream_fill(&f->st[0]), 0);
	close_streams(f);

	/* The byte takes the place of the end. */
	open_streams(f, &policy);
	shake(f);
	assert_int_equal(write(f->wire[0], "A NOOP\r\n", 8), 8);
	settle(f);
	assert_int_equal(stream_fill(&f->st[0]), 0);
	assert_int_equal(f->st[0].error, EPROTO);
	/* OpenSSL 3.0 looks at the version first, 3.5 at the type. */
	text = stream_tls_error(&f->st[0]);
	if (strcmp(text, "bad record type") != 0)
		assert_string_equal(text, "wrong version number");
	assert_int_equal(stream_write(&f->st[0], "x", 1), -1);
	close_streams(f);
}

static void
test_not_tls(void **state)
{
	static const struct {
		const char	*bytes, *text;
	} cases[] = {
		{ "a001 LOGIN joe secret\r\n", "wrong version number" },
		{ "GET / HTTP/1.0\r\n\r\n", "http request" },
		{ "\x80\x2e\x01\x03\x01", NULL },
		{ "\x16\x03\x01\x00\x02\x01\x01", NULL },
		{ "", "the peer closed the connection" },
	};
	const struct tls_policy policy = { .min = TLS_VERSION_ANY };
	struct fixture *f = *state;
	enum tls_step step;
	size_t i;

	for (i = 0; i < UNIT_LENGTH(cases); i++) {
		open_streams(f, &policy);
		assert_int_equal(stream_write(&f->st[0], "x", 1), -1);
		f->st[0].error = 0;
		step = stream_tls_step(&f->st[0]);
		assert_int_equal(step, TLS_STEP_MORE);
		(void)!write(f->wire[0], cases[i].bytes,
		    strlen(cases[i].bytes));
		(void)shutdown(f->wire[0], SHUT_WR);
		settle(f);
		step = stream_tls_step(&f->st[0]);
		assert_int_equal(step, TLS_STEP_FAILED);
		assert_int_equal(f->st[0].error, EPROTO);
		if (cases[i].text != NULL)
			assert_string_equal(stream_tls_error(&f->st[0]),
			    cases[i].text);
		assert_int_equal(stream_tls_step(&f->st[0]), TLS_STEP_FAILED);
		close_streams(f);
	}
}

/* More is in TLS's hands than `in` takes: no event will tell of it. */
static void
test_fill_and_its_bound(void **state)
{
	static uint8_t bytes[3 * IN_MAX];
	const struct tls_policy policy = { .min = TLS_VERSION_ANY };
	struct fixture *f = *state;
	size_t k, all = 0;

	open_streams(f, &policy);
	shake(f);
	for (k = 0; k < sizeof(bytes); k++)
		bytes[k] = byte_of(k, 1);
	assert_int_equal(stream_write(&f->st[1], bytes, sizeof(bytes)), 0);
	settle(f);
	while (all < sizeof(bytes)) {
		assert_true(f->st[0].can_read);
		assert_int_equal(stream_fill(&f->st[0]), IN_MAX);
		assert_memory_equal(buf_head(&f->st[0].in), bytes + all,
		    IN_MAX);
		buf_drop(&f->st[0].in, IN_MAX);
		all += IN_MAX;
	}
	assert_int_equal(stream_fill(&f->st[0]), 0);
	assert_false(f->st[0].can_read);
	assert_null(f->st[0].in.data);
	close_streams(f);
}

static void
test_put_and_bound(void **state)
{
	static uint8_t bytes[OUT_MAX];
	const struct tls_policy policy = { .min = TLS_VERSION_ANY };
	struct fixture *f = *state;
	char text[16];
	int i;

	open_streams(f, &policy);
	shake(f);
	settle(f);
	(void)stream_read(&f->st[1], text, sizeof(text));
	assert_int_equal(stream_put(&f->st[0], "one ", 4), 0);
	assert_int_equal(stream_put(&f->st[0], "two", 3), 0);
	assert_false(turn(f));
	assert_int_equal(stream_flush(&f->st[0]), 0);
	settle(f);
	assert_int_equal(stream_read(&f->st[1], text, sizeof(text)), 7);
	assert_memory_equal(text, "one two", 7);
	/* As much as a plain stream takes, and not without end. */
	assert_int_equal(stream_put(&f->st[0], bytes, OUT_MAX), 0);
	for (i = 0; i < 2 && f->st[0].error == 0; i++)
		(void)!stream_put(&f->st[0], bytes, OUT_MAX);
	assert_int_equal(f->st[0].error, ENOBUFS);
	close_streams(f);
}

/* Closed with nothing said before: the peer hears a proper end. */
static void
test_close_says_bye(void **state)
{
	const struct tls_policy policy = { .min = TLS_VERSION_ANY };
	struct fixture *f = *state;
	char bytes[16];

	open_streams(f, &policy);
	shake(f);
	stream_close(&f->st[0]);
	settle(f);
	assert_int_equal(stream_read(&f->st[1], bytes, sizeof(bytes)), 0);
	assert_true(f->st[1].has_eof);
	assert_false(stream_is_truncated(&f->st[1]));
	close_streams(f);
}

#define TEST(fn)	cmocka_unit_test_setup_teardown(fn, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_pieces),
		TEST(test_half_close),
		TEST(test_truncated),
		TEST(test_clear_behind_the_end),
		TEST(test_not_tls),
		TEST(test_fill_and_its_bound),
		TEST(test_put_and_bound),
		TEST(test_close_says_bye),
	};

	return cmocka_run_group_tests(tests, tls_fixture_mx_setup,
	    tls_fixture_mx_teardown);
}
