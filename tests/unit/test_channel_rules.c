/* channel: what a table does not permit, from a peer that does as it likes. */
#include "channel_raw.h"

struct fixture {
	struct loop	*loop;
	struct end	 e;
	int		 peer;
	int		 fds_before;
	int		 nlogged;	/* warnings and errors */
};

static void
count_lines(void *arg, enum log_level level, const char *line)
{
	struct fixture *f = arg;

	(void)line;
	f->nlogged += level >= LOG_LEVEL_WARN;
}

static void
open_end(struct fixture *f, enum channel_policy policy)
{
	int fds[2];

	assert_int_equal(sock_pair(SOCK_STREAM, fds), 0);
	f->peer = fds[1];
	f->nlogged = 0;
	end_open(&f->e, f->loop, fds[0], policy);
	end_settle(f->loop);
}

static void
close_end(struct fixture *f)
{
	channel_free(f->e.ch);
	(void)close(f->peer);
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return -1;
	log_init_sink("test", count_lines, f);
	f->loop = loop_new();
	f->fds_before = unit_count_fds();
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;
	int left = unit_count_fds() - f->fds_before;

	loop_free(f->loop);
	free(f);
	log_init_stderr("test");
	return left == 0 ? 0 : -1;
}

/* One thing that is sent, and what comes of it. */
struct rule {
	const char	*what;
	uint16_t	 type, flags;
	size_t		 len;		/* of the body, all 1 */
	uint32_t	 state;		/* channel_set_state, 0: untouched */
	size_t		 nfds;		/* sent along */
	int		 times;
	size_t		 nmsgs;		/* handled before the violation */
	bool		 is_permitted;
};

#define FD_FLAG	1

static const struct rule rules[] = {
	{ "plain", END_PLAIN, 0, 0, 0, 0, 1, 1, true },
	{ "longest", END_PLAIN, 0, END_BODY_MAX, 0, 0, 1, 1, true },
	{ "longer", END_PLAIN, 0, END_BODY_MAX + 1, 0, 0, 1, 0, false },
	{ "unknown", END_UNKNOWN, 0, 0, 0, 0, 1, 0, false },
	{ "second HELLO", 0, 0, 10, 0, 0, 1, 0, false },
	{ "largest type", UINT16_MAX, 0, 0, 0, 0, 1, 0, false },
	{ "shortest", END_SMALL, 0, 2, 0, 0, 1, 1, true },
	{ "too short", END_SMALL, 0, 1, 0, 0, 1, 0, false },
	{ "empty", END_SMALL, 0, 0, 0, 0, 1, 0, false },
	{ "at its longest", END_SMALL, 0, 4, 0, 0, 1, 1, true },
	{ "too long", END_SMALL, 0, 5, 0, 0, 1, 0, false },
	{ "early", END_LATER, 0, 0, 0, 0, 1, 0, false },
	{ "in its state", END_LATER, 0, 0, 2, 0, 1, 1, true },
	{ "in another state", END_LATER, 0, 0, 4, 0, 1, 0, false },
	{ "any but this state", END_PLAIN, 0, 0, 4, 0, 1, 0, false },
	{ "with its fd", END_FD, FD_FLAG, 0, 0, 1, 1, 1, true },
	{ "two with fds", END_FD, FD_FLAG, 0, 0, 1, 2, 2, true },
	{ "fd forgotten", END_FD, 0, 0, 0, 0, 1, 0, false },
	{ "fd promised", END_FD, FD_FLAG, 0, 0, 0, 1, 0, false },
	{ "fd not said", END_FD, 0, 0, 0, 1, 1, 0, false },
	{ "fd not wanted", END_PLAIN, FD_FLAG, 0, 0, 1, 1, 0, false },
	{ "fd slipped in", END_PLAIN, 0, 0, 0, 1, 1, 1, false },
	{ "two fds for one", END_FD, FD_FLAG, 0, 0, 2, 1, 1, false },
	{ "too many fds", END_FD, FD_FLAG, 0, 0, 32, 1, 0, false },
	{ "once", END_ONCE, 0, 3, 0, 0, 1, 1, true },
	{ "twice", END_ONCE, 0, 3, 0, 0, 2, 1, false },
	{ "decodes", END_NUMBER, 0, 4, 0, 0, 3, 3, true },
	{ "cut", END_NUMBER, 0, 3, 0, 0, 1, 0, false },
	{ "left over", END_NUMBER, 0, 5, 0, 0, 1, 0, false },
	{ "unknown flag", END_PLAIN, 2, 0, 0, 0, 1, 0, false },
	{ "all flags", END_PLAIN, UINT16_MAX, 0, 0, 0, 1, 0, false },
};

/* HELLO, then the rule's message as often as it says. */
static bool
play(int peer, const struct rule *rule)
{
	static uint8_t bytes[END_HEAD + END_BODY_MAX + 1];
	static uint8_t body[END_BODY_MAX + 1];
	struct raw_hello hello = RAW_HELLO_GOOD;
	int i, fds[32];
	size_t n;

	memset(body, 1, sizeof(body));
	for (n = 0; n < UNIT_LENGTH(fds); n++)
		fds[n] = peer;
	n = raw_hello(bytes, &hello);
	if (!raw_send(peer, bytes, n, NULL, 0))
		return false;
	n = raw_frame(bytes, rule->type, rule->flags, body, rule->len);
	for (i = 0; i < rule->times; i++)
		if (!raw_send(peer, bytes, n, fds, rule->nfds))
			return false;
	return true;
}

static void
check_lower(struct fixture *f, const struct rule *rule)
{
	uint8_t bytes[END_HEAD];
	size_t i;

	open_end(f, CHANNEL_PEER_LOWER);
	if (rule->state != 0)
		channel_set_state(f->e.ch, rule->state);
	assert_true(play(f->peer, rule));
	if (!rule->is_permitted) {
		/* What follows is not heard any more. */
		channel_set_state(f->e.ch, rule->state != 0 ? rule->state : 1);
		(void)raw_send(f->peer, bytes, raw_frame(bytes, END_PLAIN, 0,
		    NULL, 0), NULL, 0);
	}
	end_settle(f->loop);
	if (f->e.nmsgs != rule->nmsgs ||
	    f->e.nclosed != (rule->is_permitted ? 0 : 1) ||
	    f->nlogged != f->e.nclosed)
		fail_msg("%s: %zu messages, closed %d, logged %d", rule->what,
		    f->e.nmsgs, f->e.nclosed, f->nlogged);
	if (!rule->is_permitted)
		assert_int_equal(f->e.how, CHANNEL_VIOLATION);
	for (i = 0; i < f->e.nmsgs; i++) {
		assert_int_equal(f->e.msgs[i].type, rule->type);
		assert_int_equal(f->e.msgs[i].fd >= 0,
		    rule->type == END_FD);
		if (f->e.msgs[i].fd >= 0)
			(void)close(f->e.msgs[i].fd);
	}
	close_end(f);
}

static void
test_peer_lower(void **state)
{
	size_t i;

	for (i = 0; i < UNIT_LENGTH(rules); i++)
		check_lower(*state, &rules[i]);
}

/* In a process of its own: a violation ends it. */
static void
be_higher(void *arg)
{
	const struct rule *rule = arg;
	struct loop *loop = loop_new();
	struct end e;
	int fds[2];

	if (sock_pair(SOCK_STREAM, fds) == -1)
		_exit(1);
	end_open(&e, loop, fds[0], CHANNEL_PEER_HIGHER);
	if (rule->state != 0)
		channel_set_state(e.ch, rule->state);
	if (!play(fds[1], rule))
		_exit(2);
	end_settle(loop);
	_exit(e.nmsgs == rule->nmsgs && e.nclosed == 0 ? 0 : 3);
}

static void
test_peer_higher(void **state)
{
	struct rule rule;
	size_t i;
	int status;

	(void)state;
	for (i = 0; i < UNIT_LENGTH(rules); i++) {
		rule = rules[i];
		status = unit_status_of(be_higher, &rule);
		if (status != (rule.is_permitted ? 0 : PROC_EXIT_PROTOCOL))
			fail_msg("%s: status %d", rule.what, status);
	}
}

/* How a peer begins. */
struct beginning {
	const char		*what;
	struct raw_hello	 hello;
	uint16_t		 type, flags;
	int			 more;	/* bytes added to the body */
	bool			 is_version;
};

#define HELLO(magic, kind, version)	{ magic, kind, version }

static const struct beginning beginnings[] = {
	{ "magic", HELLO(RAW_MAGIC + 1, END_KIND, END_VERSION), 0, 0, 0,
	    false },
	{ "no magic", HELLO(0, END_KIND, END_VERSION), 0, 0, 0, false },
	{ "kind", HELLO(RAW_MAGIC, END_KIND + 1, END_VERSION), 0, 0, 0,
	    false },
	{ "older", HELLO(RAW_MAGIC, END_KIND, END_VERSION - 1), 0, 0, 0,
	    true },
	{ "newer", HELLO(RAW_MAGIC, END_KIND, END_VERSION + 1), 0, 0, 0,
	    true },
	{ "kind and version", HELLO(RAW_MAGIC, 1, 1), 0, 0, 0, false },
	{ "no HELLO", RAW_HELLO_GOOD, END_PLAIN, 0, 0, false },
	{ "flag", RAW_HELLO_GOOD, 0, 1, 0, false },
	{ "short", RAW_HELLO_GOOD, 0, 0, -1, false },
	{ "empty", RAW_HELLO_GOOD, 0, 0, -10, false },
	{ "long", RAW_HELLO_GOOD, 0, 0, 1, false },
};

static bool
begin(int peer, const struct beginning *b)
{
	uint8_t hello[64] = { 0 }, bytes[64];
	size_t len;

	(void)raw_hello(hello, &b->hello);
	len = (size_t)(END_HELLO - END_HEAD + b->more);
	len = raw_frame(bytes, b->type, b->flags, hello + END_HEAD, len);
	len += raw_frame(bytes + len, END_PLAIN, 0, NULL, 0);
	return raw_send(peer, bytes, len, NULL, 0);
}

static void
test_beginnings_lower(void **state)
{
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < UNIT_LENGTH(beginnings); i++) {
		open_end(f, CHANNEL_PEER_LOWER);
		assert_true(begin(f->peer, &beginnings[i]));
		end_settle(f->loop);
		if (f->e.nmsgs != 0 || f->e.nclosed != 1 || f->nlogged != 1)
			fail_msg("%s", beginnings[i].what);
		assert_int_equal(f->e.how, CHANNEL_VIOLATION);
		close_end(f);
	}
}

static void
begin_higher(void *arg)
{
	struct loop *loop = loop_new();
	struct end e;
	int fds[2];

	if (sock_pair(SOCK_STREAM, fds) == -1)
		_exit(1);
	end_open(&e, loop, fds[0], CHANNEL_PEER_HIGHER);
	if (!begin(fds[1], arg))
		_exit(2);
	end_settle(loop);
	_exit(3);
}

static void
test_beginnings_higher(void **state)
{
	struct beginning b;
	size_t i;
	int status;

	(void)state;
	for (i = 0; i < UNIT_LENGTH(beginnings); i++) {
		b = beginnings[i];
		status = unit_status_of(begin_higher, &b);
		if (status != (b.is_version ? PROC_EXIT_VERSION :
		    PROC_EXIT_PROTOCOL))
			fail_msg("%s: status %d", b.what, status);
	}
}

/* Many fds on bytes of one frame that never ends. */
static void
test_fds_pile_up(void **state)
{
	struct raw_hello hello = RAW_HELLO_GOOD;
	struct fixture *f = *state;
	uint8_t bytes[END_HEAD + 1000] = { 0 };
	size_t i;

	open_end(f, CHANNEL_PEER_LOWER);
	assert_true(raw_send(f->peer, bytes, raw_hello(bytes, &hello), NULL,
	    0));
	(void)raw_frame(bytes, END_PLAIN, 0, NULL, 0);
	bytes[1] = 4;		/* a body of 1024 bytes */
	for (i = 0; i < 40 && f->e.nclosed == 0; i++) {
		(void)raw_send(f->peer, bytes + i, 1, &f->peer, 1);
		end_settle(f->loop);
	}
	assert_int_equal(f->e.nclosed, 1);
	assert_int_equal(f->e.how, CHANNEL_VIOLATION);
	assert_true(i < 20);
	close_end(f);
}

/* A frame is refused by its head: its body is not waited for. */
static void
test_huge_length_is_refused_at_once(void **state)
{
	struct raw_hello hello = RAW_HELLO_GOOD;
	struct fixture *f = *state;
	uint8_t bytes[64];
	size_t n;

	open_end(f, CHANNEL_PEER_LOWER);
	n = raw_hello(bytes, &hello);
	(void)raw_frame(bytes + n, END_PLAIN, 0, NULL, 0);
	memset(bytes + n, 0xff, 4);
	assert_true(raw_send(f->peer, bytes, n + END_HEAD, NULL, 0));
	end_settle(f->loop);
	assert_int_equal(f->e.nclosed, 1);
	close_end(f);
}

#define STREAM_MSGS	40

/* HELLO and messages with and without fds; where fds go along. */
struct stream {
	uint8_t	bytes[32768];
	size_t	len;
	size_t	fd_at[STREAM_MSGS];
	size_t	nfds;
};

static void
make_stream(struct stream *s, uint32_t *seed)
{
	struct raw_hello hello = RAW_HELLO_GOOD;
	static uint8_t body[1000];
	size_t i;

	memset(s, 0, sizeof(*s));
	for (i = 0; i < sizeof(body); i++)
		body[i] = (uint8_t)unit_random(seed);
	s->len = raw_hello(s->bytes, &hello);
	for (i = 0; i < STREAM_MSGS; i++) {
		if (i % 4 == 3) {
			s->fd_at[s->nfds++] = s->len;
			s->len += raw_frame(s->bytes + s->len, END_FD,
			    FD_FLAG, body, unit_random_below(seed, 17));
		} else {
			s->len += raw_frame(s->bytes + s->len, END_PLAIN, 0,
			    body, unit_random_below(seed, 700));
		}
	}
}

/* Feeds it in pieces of at most max bytes; a piece ends before an fd. */
static void
feed(struct fixture *f, const struct stream *s, size_t max, uint32_t *seed)
{
	size_t at = 0, k = 0, n, nfds;

	while (at < s->len) {
		nfds = k < s->nfds && s->fd_at[k] == at ? 1 : 0;
		k += nfds;
		n = max == 1 ? 1 : 1 + unit_random_below(seed, max);
		n = n < s->len - at ? n : s->len - at;
		if (k < s->nfds && n > s->fd_at[k] - at)
			n = s->fd_at[k] - at;
		assert_true(raw_send(f->peer, s->bytes + at, n, &f->peer,
		    nfds));
		at += n;
		loop_turn(f->loop, false);
	}
	end_settle(f->loop);
}

/* The same messages come of a stream, however it is cut. */
static void
test_split_invariance(void **state)
{
	static struct end_msg whole[STREAM_MSGS];
	static const size_t cuts[] = { 32768, 1, 2, 7, 13, 100, 1000, 3000 };
	struct fixture *f = *state;
	static struct stream s;
	uint32_t seed = 11;
	size_t i, k;

	make_stream(&s, &seed);
	for (i = 0; i < UNIT_LENGTH(cuts); i++) {
		open_end(f, CHANNEL_PEER_LOWER);
		feed(f, &s, cuts[i], &seed);
		assert_int_equal(f->e.nclosed, 0);
		assert_int_equal(f->e.nmsgs, STREAM_MSGS);
		for (k = 0; k < STREAM_MSGS; k++) {
			assert_int_equal(f->e.msgs[k].fd >= 0, k % 4 == 3);
			if (f->e.msgs[k].fd >= 0)
				(void)close(f->e.msgs[k].fd);
			f->e.msgs[k].fd = 0;
		}
		if (i == 0)
			memcpy(whole, f->e.msgs, sizeof(whole));
		assert_memory_equal(whole, f->e.msgs, sizeof(whole));
		close_end(f);
	}
}

#define TEST(fn)	cmocka_unit_test_setup_teardown(fn, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_peer_lower),
		TEST(test_peer_higher),
		TEST(test_beginnings_lower),
		TEST(test_beginnings_higher),
		TEST(test_fds_pile_up),
		TEST(test_huge_length_is_refused_at_once),
		TEST(test_split_invariance),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
