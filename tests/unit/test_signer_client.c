/* signer_client: signatures from another process, which may fail to come. */
#include "unit.h"

#include <sys/socket.h>
#include <time.h>

#include "ipc/login_signer.h"
#include "ipc/roles.h"
#include "lib/channel.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/sock.h"
#include "login-common/signer_client.h"

/* What the first byte to be signed tells the signer of this test to do. */
enum { DO_SIGN, DO_REFUSE, DO_DIE, DO_DAWDLE, DO_STRAY, DO_NOTHING };

#define DAWDLE_MS	(LOGIN_SIGNER_WAIT_MS + 200)

static struct {
	struct signer_client	*client;
	pid_t			 pid;
	int			 nwarnings;
} rig;

static struct channel *peer;	/* in the child */

static void
count_lines(void *arg, enum log_level level, const char *line)
{
	(void)arg;
	(void)line;
	rig.nwarnings += level == LOG_LEVEL_WARN;
}

/* A signature is the algorithm and the key, 40 times over. */
static void
answer(uint32_t id, const struct login_signer_sign *m)
{
	uint8_t body[200], sig[80];
	struct login_signer_signed out = { .sig = sig,
	    .sig_len = sizeof(sig) };
	struct wire_writer w;

	for (size_t i = 0; i < sizeof(sig); i += 2) {
		sig[i] = m->alg;
		sig[i + 1] = (uint8_t)m->key;
	}
	wire_writer_init(&w, body, sizeof(body));
	login_signer_signed_put(&w, &out);
	channel_send(peer, LOGIN_SIGNER_SIGNED, id, &w, -1);
}

static void
refuse(uint32_t id)
{
	struct login_signer_refused m = { .code = LOGIN_SIGNER_CODE_RATE };
	struct wire_writer w;
	uint8_t body[8];

	wire_writer_init(&w, body, sizeof(body));
	login_signer_refused_put(&w, &m);
	channel_send(peer, LOGIN_SIGNER_REFUSED, id, &w, -1);
}

static int
on_sign(void *arg, uint32_t id, struct wire_reader *r, int fd)
{
	const struct timespec pause = { .tv_nsec = DAWDLE_MS * 1000000L };
	struct login_signer_sign m;

	(void)arg;
	(void)fd;
	if (login_signer_sign_get(r, &m) == -1)
		return -1;
	switch (m.tbs[0]) {
	case DO_REFUSE:
		refuse(id);
		return 0;
	case DO_DIE:
		_exit(0);
	case DO_DAWDLE:
		(void)nanosleep(&pause, NULL);
		break;
	case DO_STRAY:
		refuse(id + 1);
		break;
	case DO_NOTHING:
		return 0;
	default:
		break;
	}
	answer(id, &m);
	return 0;
}

static void
serve(int fd)
{
	static const struct channel_row rows[] = {
		{ .type = LOGIN_SIGNER_SIGN, .name = "SIGN", .when = 1,
		  .max = CHANNEL_BODY_MAX, .handler = on_sign },
	};
	struct channel_config config = {
		.fd = fd, .contract = &login_signer_contract, .rows = rows,
		.nrows = 1, .policy = CHANNEL_PEER_LOWER,
		.role = ROLE_ID_TLS_SIGNER, .peer = "login",
	};

	peer = channel_new(&config);
	while (channel_step(peer) == 0)
		continue;
	_exit(0);
}

/* A new signer takes the place of the one of before. */
static void
start_signer(void)
{
	int fds[2];

	assert_int_equal(sock_pair(SOCK_STREAM, fds), 0);
	rig.pid = fork();
	assert_true(rig.pid >= 0);
	if (rig.pid == 0) {
		(void)close(fds[0]);
		serve(fds[1]);
	}
	(void)close(fds[1]);
	signer_client_open(rig.client, fds[0]);
}

static int
setup(void **state)
{
	(void)state;
	log_init_sink("test", count_lines, NULL);
	rig.nwarnings = 0;
	rig.client = signer_client_new(ROLE_ID_IMAP_LOGIN);
	return 0;
}

static int
teardown(void **state)
{
	int fds[2];

	(void)state;
	/* The signer's end comes when its channel is replaced. */
	if (sock_pair(SOCK_STREAM, fds) == -1)
		return -1;
	signer_client_open(rig.client, fds[0]);
	(void)close(fds[1]);
	while (waitpid(-1, NULL, 0) > 0)
		continue;
	signer_client_free(rig.client);
	return 0;
}

/* The length of the signature, 0 when there is none. */
static size_t
sign(uint8_t what, uint16_t key)
{
	uint8_t tbs[146] = { what }, sig[TLS_SIGN_MAX];
	struct tls_sign_request request = { .key = key,
	    .alg = TLS_SIGN_ED25519, .tbs = tbs, .tbs_len = sizeof(tbs) };
	size_t len = 0;

	if (signer_client_sign(rig.client, &request, sig, sizeof(sig),
	    &len) == -1)
		return 0;
	assert_int_equal(sig[0], TLS_SIGN_ED25519);
	assert_int_equal(sig[1], key);
	return len;
}

static void
test_signs(void **state)
{
	uint16_t i;

	(void)state;
	start_signer();
	assert_true(signer_client_is_open(rig.client));
	for (i = 1; i < 200; i++)
		assert_int_equal(sign(DO_SIGN, i & 0xff), 80);
	assert_int_equal(rig.nwarnings, 0);
}

static void
test_refusal(void **state)
{
	(void)state;
	start_signer();
	assert_int_equal(sign(DO_REFUSE, 1), 0);
	assert_int_equal(rig.nwarnings, 1);
	assert_int_equal(sign(DO_SIGN, 2), 80);
}

static void
test_no_signer(void **state)
{
	(void)state;
	assert_false(signer_client_is_open(rig.client));
	assert_int_equal(sign(DO_SIGN, 1), 0);
}

/* It dies: at once no signature, and one again with the next signer. */
static void
test_signer_dies(void **state)
{
	uint64_t start;

	(void)state;
	start_signer();
	assert_int_equal(sign(DO_SIGN, 1), 80);
	start = clock_ms();
	assert_int_equal(sign(DO_DIE, 1), 0);
	assert_false(signer_client_is_open(rig.client));
	assert_int_equal(sign(DO_SIGN, 1), 0);
	assert_true(clock_ms() - start < LOGIN_SIGNER_WAIT_MS);
	start_signer();
	assert_int_equal(sign(DO_SIGN, 1), 80);
}

/* A stuck one costs one pause; when it is back all is as before. */
static void
test_signer_is_late(void **state)
{
	uint64_t start = clock_ms();

	(void)state;
	start_signer();
	assert_int_equal(sign(DO_DAWDLE, 1), 0);
	assert_true(clock_ms() - start >= LOGIN_SIGNER_WAIT_MS);
	assert_int_equal(rig.nwarnings, 1);
	while (sign(DO_SIGN, 2) == 0)
		assert_true(clock_ms() - start < 20000);
	assert_int_equal(rig.nwarnings, 1);
	assert_true(clock_ms() - start >= DAWDLE_MS);
}

static void
test_signer_never_answers(void **state)
{
	uint64_t start;
	int i;

	(void)state;
	start_signer();
	assert_int_equal(sign(DO_NOTHING, 1), 0);
	start = clock_ms();
	for (i = 0; i < 1000; i++)
		assert_int_equal(sign(DO_SIGN, 2), 0);
	assert_true(clock_ms() - start < 10 * LOGIN_SIGNER_WAIT_MS);
	assert_int_equal(rig.nwarnings, 1);
	start_signer();
	assert_int_equal(sign(DO_SIGN, 2), 80);
}

/* What was not asked for is not taken for an answer. */
static void
test_stray_answer(void **state)
{
	(void)state;
	start_signer();
	assert_int_equal(sign(DO_STRAY, 3), 80);
	assert_int_equal(rig.nwarnings, 0);
}

static void
test_too_long(void **state)
{
	static uint8_t tbs[TLS_SIGN_TBS_MAX + 1];
	struct tls_sign_request request = { .key = 1,
	    .alg = TLS_SIGN_ED25519, .tbs = tbs, .tbs_len = sizeof(tbs) };
	uint8_t sig[TLS_SIGN_MAX];
	size_t len;

	(void)state;
	start_signer();
	assert_int_equal(signer_client_sign(rig.client, &request, sig,
	    sizeof(sig), &len), -1);
	request.tbs_len--;
	assert_int_equal(signer_client_sign(rig.client, &request, sig,
	    sizeof(sig), &len), 0);
}

#define TEST(fn)	cmocka_unit_test_setup_teardown(fn, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_signs),
		TEST(test_refusal),
		TEST(test_no_signer),
		TEST(test_signer_dies),
		TEST(test_signer_is_late),
		TEST(test_signer_never_answers),
		TEST(test_stray_answer),
		TEST(test_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
