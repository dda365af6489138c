/*
 * The signer and its channels: answers, limits, turns, broken peers.
 * Runs in: make check.
 * Hostile input: what a login process that was taken over could send.
 * Never: ships in a program.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "ipc/key_set.h"
#include "ipc/login_signer.h"
#include "ipc/roles.h"
#include "lib/channel.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/sock.h"
#include "signer_fixture.h"
#include "tls-signer/keys.h"
#include "tls-signer/signer.h"

/* A login process. */
struct asker {
	struct channel	*channel;
	uint32_t	 nsigned, nrefused, last_id;
	uint8_t		 code;
	bool		 is_closed;
};

static struct loop *loop;
static struct signer signer;
static struct keys *keys;
static uint64_t now_ms;

static void
pass(uint64_t ms)
{
	now_ms += ms;
	clock_set_for_test(now_ms);
}

static int
on_signed(void *arg, uint32_t id, struct wire_reader *r, int fd)
{
	struct login_signer_signed m;
	struct asker *a = arg;

	(void)fd;
	assert_int_equal(login_signer_signed_get(r, &m), 0);
	assert_true(m.sig_len > 60 && m.sig_len < 80);
	a->nsigned++;
	a->last_id = id;
	return 0;
}

static int
on_refused(void *arg, uint32_t id, struct wire_reader *r, int fd)
{
	struct login_signer_refused m;
	struct asker *a = arg;

	(void)fd;
	assert_int_equal(login_signer_refused_get(r, &m), 0);
	a->nrefused++;
	a->code = m.code;
	a->last_id = id;
	return 0;
}

static void
on_closed(void *arg, enum channel_end end)
{
	struct asker *a = arg;

	(void)end;
	a->is_closed = true;
}

static const struct channel_row rows[] = {
	{ LOGIN_SIGNER_SIGNED, "SIGNED", 1, 2, 2 + LOGIN_SIGNER_SIG_MAX,
	    false, false, on_signed },
	{ LOGIN_SIGNER_REFUSED, "REFUSED", 1, 1, 1, false, false,
	    on_refused },
};

static int
join(void)
{
	static uint32_t pid = 100;
	int fds[2];

	assert_int_equal(sock_pair(SOCK_STREAM, fds), 0);
	signer_add(&signer, fds[1], pid++);
	return fds[0];
}

static void
asker_open(struct asker *a)
{
	memset(a, 0, sizeof(*a));
	a->channel = channel_new(&(struct channel_config){
		.loop = loop, .fd = join(),
		.contract = &login_signer_contract, .rows = rows, .nrows = 2,
		.policy = CHANNEL_PEER_LOWER, .role = ROLE_ID_IMAP_LOGIN,
		.peer = "signer", .endpoint = a, .closed_fn = on_closed,
	});
}

static void
ask(struct asker *a, uint32_t id, uint16_t key, uint8_t alg)
{
	uint8_t body[300], tbs[256];
	struct login_signer_sign m = { .key = key, .alg = alg, .tbs = tbs };
	struct wire_writer w;

	m.tbs_len = signer_tbs(tbs);
	wire_writer_init(&w, body, sizeof(body));
	login_signer_sign_put(&w, &m);
	channel_send(a->channel, LOGIN_SIGNER_SIGN, id, &w, -1);
	channel_flush(a->channel);
}

static void
turn(int n)
{
	while (n-- > 0) {
		loop_turn(loop, false);
		signer_round(&signer);
	}
}

static void
test_answers(void **state)
{
	struct asker a, b;

	(void)state;
	asker_open(&a);
	asker_open(&b);
	ask(&a, 7, 1, LOGIN_SIGNER_ECDSA_SHA256);
	ask(&b, 8, 1, LOGIN_SIGNER_RSA_PSS_SHA256);
	turn(4);
	assert_int_equal(a.nsigned, 1);
	assert_int_equal(a.last_id, 7);
	assert_int_equal(b.nrefused, 1);
	assert_int_equal(b.code, LOGIN_SIGNER_CODE_ALG);
	ask(&b, 9, 500, LOGIN_SIGNER_ECDSA_SHA256);
	turn(4);
	assert_int_equal(b.nrefused, 2);
	assert_int_equal(b.code, LOGIN_SIGNER_CODE_KEY);
	assert_int_equal(b.last_id, 9);
	/* A refusal ends nothing. */
	ask(&b, 10, 1, LOGIN_SIGNER_ECDSA_SHA256);
	turn(4);
	assert_int_equal(b.nsigned, 1);
	channel_free(a.channel);
	channel_free(b.channel);
	turn(4);
	assert_int_equal(signer.npeers, 0);
}

/* T-K1: who asks 3,000 times a second gets no more than 2,000 answers. */
static void
test_rate(void **state)
{
	struct asker a;

	(void)state;
	asker_open(&a);
	pass(5000);
	for (uint32_t i = 0; i < 3000; i++) {
		ask(&a, i, 1, LOGIN_SIGNER_ECDSA_SHA256);
		turn(2);
	}
	turn(4);
	assert_int_equal(a.nsigned, LOGIN_SIGNER_RATE);
	assert_int_equal(a.nrefused, 1000);
	assert_int_equal(a.code, LOGIN_SIGNER_CODE_RATE);
	/* The next second is a new one. */
	pass(1000);
	ask(&a, 1, 1, LOGIN_SIGNER_ECDSA_SHA256);
	turn(4);
	assert_int_equal(a.nsigned, LOGIN_SIGNER_RATE + 1);
	channel_free(a.channel);
	turn(4);
}

/* Many requests at once: a few wait, and others do not wait behind them. */
static void
test_turns(void **state)
{
	struct asker greedy, modest;

	(void)state;
	pass(5000);
	asker_open(&greedy);
	asker_open(&modest);
	turn(2);
	for (uint32_t i = 0; i < 100; i++)
		ask(&greedy, i, 1, LOGIN_SIGNER_ECDSA_SHA256);
	ask(&modest, 1, 1, LOGIN_SIGNER_ECDSA_SHA256);
	turn(2);
	assert_int_equal(modest.nsigned, 1);
	assert_true(greedy.nsigned <= 2);
	turn(8);
	assert_int_equal(greedy.nsigned, LOGIN_SIGNER_OPEN_MAX);
	assert_int_equal(greedy.nrefused, 100 - LOGIN_SIGNER_OPEN_MAX);
	channel_free(greedy.channel);
	channel_free(modest.channel);
	turn(4);
	assert_int_equal(signer.nwaiting, 0);
}

/* HELLO of our contract, as bytes. */
static size_t
hello(uint8_t *dst)
{
	struct wire_writer w;

	wire_writer_init(&w, dst, 64);
	wire_put_u32(&w, 10);
	wire_put_u16(&w, 0);
	wire_put_u16(&w, 0);
	wire_put_u32(&w, 0);
	wire_put_u32(&w, 0x4d574b31u);
	wire_put_u16(&w, CHANNEL_KIND_LOGIN_SIGNER);
	wire_put_u16(&w, LOGIN_SIGNER_VERSION);
	wire_put_u16(&w, ROLE_ID_IMAP_LOGIN);
	return w.len;
}

/* T-K1: garbage on a channel ends that channel and nothing else. */
static void
test_garbage(void **state)
{
	static const struct {
		bool		has_hello;
		uint32_t	len;
		uint16_t	type;
		size_t		sent;
	} rows_of[] = {
		{ false, 10, 1, 40 },		/* no HELLO */
		{ true, 9000 + 5, 1, 9012 },	/* 9 kB */
		{ true, 5, 2, 17 },		/* unknown message */
		{ true, 4, 1, 16 },		/* too short */
		{ true, 6, 1, 18 },		/* a byte left over */
		{ true, UINT32_MAX, 1, 100 },
	};
	static uint8_t bytes[16384];
	struct asker good;
	struct wire_writer w;
	char end;
	size_t n;
	int fd;

	(void)state;
	asker_open(&good);
	for (size_t i = 0; i < sizeof(rows_of) / sizeof(rows_of[0]); i++) {
		memset(bytes, 0, sizeof(bytes));
		n = rows_of[i].has_hello ? hello(bytes) : 0;
		wire_writer_init(&w, bytes + n, 12);
		wire_put_u32(&w, rows_of[i].len);
		wire_put_u16(&w, rows_of[i].type);
		fd = join();
		n += rows_of[i].sent;
		assert_int_equal(send(fd, bytes, n, MSG_NOSIGNAL), n);
		turn(8);
		/* What it said to us, and then the end. */
		while ((n = (size_t)recv(fd, bytes, sizeof(bytes), 0)) > 0 &&
		    n != SIZE_MAX)
			continue;
		if (n != 0)
			fail_msg("garbage %zu is not cut off", i);
		assert_int_equal(recv(fd, &end, 1, 0), 0);
		close(fd);
		ask(&good, (uint32_t)i, 1, LOGIN_SIGNER_ECDSA_SHA256);
		turn(4);
		assert_int_equal(good.nsigned, i + 1);
		assert_false(good.is_closed);
	}
	channel_free(good.channel);
	turn(4);
	assert_int_equal(signer.npeers, 0);
}

/* A peer that reads nothing is held back, and costs the others nothing. */
static void
test_deaf(void **state)
{
	static uint8_t bytes[65536];
	struct asker good;
	ssize_t n;
	int fd;

	(void)state;
	pass(5000);
	asker_open(&good);
	fd = join();
	assert_true(send(fd, bytes, hello(bytes), 0) > 0);
	/* Requests for a key that there is none: each has an answer. */
	for (int i = 0; i < 60000; i++) {
		memset(bytes, 0, 18);
		bytes[0] = 6;
		bytes[4] = 1;
		bytes[14] = 1;
		bytes[15] = 1;
		bytes[17] = 'x';
		n = send(fd, bytes, 18, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n == -1)
			break;
		turn(1);
	}
	ask(&good, 1, 1, LOGIN_SIGNER_ECDSA_SHA256);
	turn(8);
	assert_int_equal(good.nsigned, 1);
	close(fd);
	channel_free(good.channel);
	turn(8);
	assert_int_equal(signer.npeers, 0);
	assert_int_equal(signer.nwaiting, 0);
}

static void
test_drain(void **state)
{
	struct asker a;

	(void)state;
	pass(5000);
	asker_open(&a);
	signer_drain(&signer);
	assert_false(signer_is_over(&signer));
	ask(&a, 1, 1, LOGIN_SIGNER_ECDSA_SHA256);
	turn(4);
	assert_int_equal(a.nsigned, 1);
	channel_free(a.channel);
	turn(4);
	assert_true(signer_is_over(&signer));
}

static void
on_fault(void *arg, uint16_t key, const char *text)
{
	(void)arg;
	(void)key;
	fail_msg("%s", text);
}

static void
drop_line(void *arg, enum log_level level, const char *line)
{
	(void)arg;
	(void)level;
	(void)line;
}

static int
setup(void **state)
{
	static uint8_t bytes[16384];
	static char pem[8192];
	EVP_PKEY *key = signer_key_ec("P-256");
	struct wire_writer w;

	(void)state;
	log_init_sink("test", drop_line, NULL);
	pass(100000);
	signer_pem_key(pem, sizeof(pem), key, NULL);
	EVP_PKEY_free(key);
	wire_writer_init(&w, bytes, sizeof(bytes));
	key_set_begin(&w, 1);
	key_set_put(&w, 1, false, strlen(pem));
	signer_put_raw(&w, pem);
	keys = keys_new(bytes, w.len, "", on_fault, NULL);
	loop = loop_new();
	signer_init(&signer, loop, keys);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	signer_clear(&signer);
	keys_free(keys);
	loop_free(loop);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_rate),
		cmocka_unit_test(test_turns),
		cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_deaf),
		cmocka_unit_test(test_drain),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
