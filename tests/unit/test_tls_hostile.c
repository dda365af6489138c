/* tls: clients that offer, or do, what is not wanted. */
#include "unit.h"

#include <errno.h>
#include <malloc.h>
#include <openssl/err.h>
#include <sys/socket.h>

#include "lib/clock.h"
#include "tls_fixture.h"

/* Connections one after another, to see that nothing stays behind. */
#define MANY		300
#define NAMES		300

struct fixture {
	struct tls_fixture_holder	 holder;
	struct tls_server		*server;
	struct tls_fixture_pair		 pair;
	SSL				*raw;
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct tls_server_config sc;
	struct tls_ticket_key key;
	struct tls_error error;

	if (f == NULL)
		return -1;
	sc = tls_fixture_server(&f->holder, &tls_fixture_mx);
	f->server = tls_server_new(&sc, &error);
	assert_non_null(f->server);
	memset(&key, 1, sizeof(key));
	tls_server_tickets(f->server, &key, 1);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	clock_set_for_test(0);
	tls_server_free(f->server);
	free(f);
	return 0;
}

static void
open_raw(struct fixture *f)
{
	tls_fixture_pair_open(&f->pair, f->server, NULL, NULL);
	f->raw = tls_fixture_raw(&f->pair);
}

static void
close_raw(struct fixture *f)
{
	SSL_free(f->raw);
	tls_fixture_pair_close(&f->pair);
}

/* The alert that the client was given; 0: none. */
static int
alert_of(SSL *raw)
{
	char byte;
	unsigned long code;

	ERR_clear_error();
	if (SSL_is_init_finished(raw))
		(void)SSL_read(raw, &byte, 1);
	else
		(void)SSL_do_handshake(raw);
	code = ERR_peek_error();
	ERR_clear_error();
	return ERR_GET_REASON(code) > SSL_AD_REASON_OFFSET ?
	    ERR_GET_REASON(code) - SSL_AD_REASON_OFFSET : 0;
}

/* T-T1 */
static void
test_protocols(void **state)
{
	static const struct {
		const char	*list;
		bool		 is_good;
	} cases[] = {
		{ "\4imap", true }, { "\2h2\4imap", true },
		{ "\4imap\4pop3", true }, { "\2h2", false },
		{ "\10http/1.1", false }, { "\4pop3", false },
		{ "\5imap4", false }, { "\3ima", false }, { "\4IMAP", false },
	};
	struct fixture *f = *state;
	struct tls_facts facts;
	size_t i;

	for (i = 0; i < UNIT_LENGTH(cases); i++) {
		open_raw(f);
		assert_int_equal(SSL_set_alpn_protos(f->raw,
		    (const unsigned char *)cases[i].list,
		    (unsigned int)strlen(cases[i].list)), 0);
		tls_fixture_raw_shake(&f->pair, f->raw);
		if (cases[i].is_good) {
			assert_int_equal(f->pair.server_step, TLS_STEP_DONE);
			tls_facts_get(f->pair.server, &facts);
			assert_string_equal(facts.alpn, "imap");
		} else {
			assert_int_equal(f->pair.server_step, TLS_STEP_FAILED);
			assert_string_equal(tls_error_text(f->pair.server),
			    "no application protocol");
		}
		close_raw(f);
	}
	open_raw(f);
	SSL_set_alpn_protos(f->raw, (const unsigned char *)"\2h2", 3);
	(void)SSL_do_handshake(f->raw);
	tls_note(f->pair.server, false);
	assert_int_equal(tls_handshake(f->pair.server), TLS_STEP_FAILED);
	tls_fixture_send(f->pair.fds[0]);
	assert_int_equal(alert_of(f->raw), SSL_AD_NO_APPLICATION_PROTOCOL);
	close_raw(f);
}

/* T-T2 */
static void
test_old_versions(void **state)
{
	static const struct {
		int		 version;
		const char	*ciphers, *sigalgs;
	} cases[] = {
		{ TLS1_VERSION, NULL, NULL }, { TLS1_1_VERSION, NULL, NULL },
		{ TLS1_2_VERSION, "AES128-SHA:AES256-GCM-SHA384", NULL },
		{ TLS1_2_VERSION, "ECDHE-ECDSA-AES128-SHA", NULL },
		{ TLS1_2_VERSION, "DHE-RSA-AES128-GCM-SHA256", NULL },
		{ TLS1_2_VERSION, NULL, "ECDSA+SHA1" },
		{ TLS1_3_VERSION, NULL, "RSA-PSS+SHA256" },
	};
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < UNIT_LENGTH(cases); i++) {
		open_raw(f);
		SSL_set_min_proto_version(f->raw, 0);
		SSL_set_max_proto_version(f->raw, cases[i].version);
		if (cases[i].ciphers != NULL)
			assert_int_equal(SSL_set_cipher_list(f->raw,
			    cases[i].ciphers), 1);
		if (cases[i].sigalgs != NULL)
			assert_int_equal(SSL_set1_sigalgs_list(f->raw,
			    cases[i].sigalgs), 1);
		tls_fixture_raw_shake(&f->pair, f->raw);
		assert_int_equal(f->pair.server_step, TLS_STEP_FAILED);
		assert_string_not_equal(tls_error_text(f->pair.server), "");
		close_raw(f);
	}
}

/* Reads what there is at the server: bytes, or -1. */
static ssize_t
server_read(struct fixture *f, char *bytes, size_t size)
{
	ssize_t n;

	tls_note(f->pair.server, false);
	n = tls_read(f->pair.server, bytes, size);
	tls_fixture_send(f->pair.fds[0]);
	return n;
}

/* T-T3: bytes that come with the first message are not taken. */
static void
test_early_data(void **state)
{
	struct fixture *f = *state;
	SSL_SESSION *session;
	struct tls_facts facts;
	char bytes[64];
	size_t n;

	open_raw(f);
	tls_fixture_raw_shake(&f->pair, f->raw);
	(void)SSL_read(f->raw, bytes, 1);
	session = SSL_get1_session(f->raw);
	assert_int_equal(SSL_SESSION_get_max_early_data(session), 0);
	SSL_set_shutdown(f->raw, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	close_raw(f);
	assert_int_equal(SSL_SESSION_set_max_early_data(session, 1000), 1);
	open_raw(f);
	assert_int_equal(SSL_set_session(f->raw, session), 1);
	SSL_SESSION_free(session);
	assert_int_equal(SSL_write_early_data(f->raw, "a LOGOUT\r\n", 10, &n),
	    1);
	tls_fixture_raw_shake(&f->pair, f->raw);
	assert_int_equal(f->pair.server_step, TLS_STEP_DONE);
	assert_int_equal(SSL_get_early_data_status(f->raw),
	    SSL_EARLY_DATA_REJECTED);
	tls_facts_get(f->pair.server, &facts);
	assert_true(facts.is_resumed);
	assert_int_equal(server_read(f, bytes, sizeof(bytes)), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(SSL_write(f->raw, "b", 1), 1);
	assert_int_equal(server_read(f, bytes, sizeof(bytes)), 1);
	assert_int_equal(bytes[0], 'b');
	close_raw(f);
}

/* Until the server has had enough, or n times. */
static int
update_keys(struct fixture *f, int n)
{
	char bytes[64];
	int i;

	for (i = 0; i < n; i++) {
		ssize_t got;

		assert_int_equal(SSL_key_update(f->raw,
		    SSL_KEY_UPDATE_REQUESTED), 1);
		assert_int_equal(SSL_do_handshake(f->raw), 1);
		got = server_read(f, bytes, sizeof(bytes));
		if (got == -1 && errno == EPROTO)
			return i + 1;
		assert_int_equal(got, -1);
		assert_int_equal(errno, EAGAIN);
		(void)SSL_read(f->raw, bytes, 1);
	}
	return n;
}

/* T-X12 */
static void
test_key_updates(void **state)
{
	struct fixture *f = *state;
	char bytes[64];

	clock_set_for_test(1000000);
	open_raw(f);
	tls_fixture_raw_shake(&f->pair, f->raw);
	assert_int_equal(f->pair.server_step, TLS_STEP_DONE);
	assert_int_equal(update_keys(f, 100), 100);
	/* Bytes go on under the new keys, both ways. */
	assert_int_equal(SSL_write(f->raw, "x", 1), 1);
	assert_int_equal(server_read(f, bytes, sizeof(bytes)), 1);
	assert_int_equal(tls_write(f->pair.server, "y", 1), 1);
	tls_fixture_send(f->pair.fds[0]);
	assert_int_equal(SSL_read(f->raw, bytes, sizeof(bytes)), 1);
	/* Ten seconds later he may do so again; and no more. */
	clock_set_for_test(1000000 + 10001);
	assert_int_equal(update_keys(f, 100), 100);
	assert_int_equal(update_keys(f, 10000), 1);
	assert_string_equal(tls_error_text(f->pair.server),
	    "too many messages of the handshake");
	assert_int_equal(tls_write(f->pair.server, "y", 1), -1);
	close_raw(f);
}

/* Thousands in one go, as the kernel hands them over. */
static void
test_key_updates_at_once(void **state)
{
	struct fixture *f = *state;
	char bytes[64];
	int i, calls = 0;

	open_raw(f);
	tls_fixture_raw_shake(&f->pair, f->raw);
	for (i = 0; i < 3000; i++) {
		assert_int_equal(SSL_key_update(f->raw,
		    SSL_KEY_UPDATE_NOT_REQUESTED), 1);
		if (SSL_do_handshake(f->raw) != 1)
			break;
	}
	assert_true(i > 200);
	while (server_read(f, bytes, sizeof(bytes)) == -1 && errno == EAGAIN &&
	    calls < 100)
		calls++;
	assert_int_equal(errno, EPROTO);
	assert_true(calls < 100);
	close_raw(f);
}

static void
test_renegotiation(void **state)
{
	struct fixture *f = *state;
	char bytes[64];

	open_raw(f);
	SSL_set_max_proto_version(f->raw, TLS1_2_VERSION);
	tls_fixture_raw_shake(&f->pair, f->raw);
	assert_int_equal(f->pair.server_step, TLS_STEP_DONE);
	assert_int_equal(SSL_renegotiate(f->raw), 1);
	(void)SSL_do_handshake(f->raw);
	assert_int_equal(server_read(f, bytes, sizeof(bytes)), -1);
	ERR_clear_error();
	assert_true(SSL_do_handshake(f->raw) <= 0);
	assert_int_equal(ERR_GET_REASON(ERR_peek_error()),
	    SSL_R_NO_RENEGOTIATION);
	ERR_clear_error();
	close_raw(f);
}

/* A good first message of a client, as bytes. */
static size_t
first_message(struct fixture *f, uint8_t *bytes, size_t size)
{
	ssize_t n;

	open_raw(f);
	SSL_set_tlsext_host_name(f->raw, "mx.test");
	SSL_set_alpn_protos(f->raw, (const unsigned char *)"\2h2\4imap", 8);
	(void)SSL_do_handshake(f->raw);
	n = recv(f->pair.fds[0], bytes, size, 0);
	assert_true(n > 100);
	close_raw(f);
	return (size_t)n;
}

/* Feeds bytes in place of a first message; the client then goes. */
static void
feed(struct fixture *f, const uint8_t *bytes, size_t len)
{
	enum tls_step step;

	tls_fixture_pair_open(&f->pair, f->server, NULL, NULL);
	assert_int_equal(send(f->pair.fds[1], bytes, len, 0), len);
	tls_note(f->pair.server, false);
	step = tls_handshake(f->pair.server);
	tls_fixture_send(f->pair.fds[0]);
	assert_int_not_equal(step, TLS_STEP_DONE);
	if (step == TLS_STEP_MORE) {
		(void)shutdown(f->pair.fds[1], SHUT_WR);
		tls_note(f->pair.server, true);
		step = tls_handshake(f->pair.server);
		tls_fixture_send(f->pair.fds[0]);
	}
	assert_int_equal(step, TLS_STEP_FAILED);
	assert_string_not_equal(tls_error_text(f->pair.server), "");
	tls_fixture_pair_close(&f->pair);
}

/* T-X2: each byte of it wrong in some ways, and each piece of it. */
static void
test_bad_first_message(void **state)
{
	static const uint8_t wrong[] = { 0x01, 0x80, 0xff };
	struct fixture *f = *state;
	uint8_t bytes[2048];
	size_t len = first_message(f, bytes, sizeof(bytes)), i, k;

	for (i = 0; i < len; i++) {
		for (k = 0; k < UNIT_LENGTH(wrong); k++) {
			bytes[i] ^= wrong[k];
			feed(f, bytes, len);
			bytes[i] ^= wrong[k];
		}
		feed(f, bytes, i);
	}
}

static size_t
heap_used(void)
{
	return mallinfo2().uordblks;
}

/* T-T5, T-X2, T-X3 in small: handshakes, full, failed, by any name. */
static void
test_nothing_stays(void **state)
{
	static const char *const rubbish[] = {
		"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00", "\x80\x80\x01",
		"\x15\x03\x03\x00\x02\x02\x28", "nonsense\r\n",
	};
	struct fixture *f = *state;
	size_t before = 0;
	char name[32];
	int i;

	for (i = 0; i < MANY + 20; i++) {
		if (i == 20)
			before = heap_used();
		open_raw(f);
		(void)snprintf(name, sizeof(name), "n%d.test", i % NAMES);
		SSL_set_tlsext_host_name(f->raw, name);
		SSL_set_max_proto_version(f->raw,
		    i % 2 == 0 ? TLS1_2_VERSION : TLS1_3_VERSION);
		if (i % 3 == 0)
			(void)!write(f->pair.fds[1], rubbish[i % 4],
			    i % 4 == 0 ? 10 : 3);
		tls_fixture_raw_shake(&f->pair, f->raw);
		assert_int_equal(f->pair.server_step == TLS_STEP_DONE,
		    i % 3 != 0);
		close_raw(f);
		ERR_clear_error();
	}
	/* The heap's own caches fill up; a leak of ours would be more. */
	assert_true(heap_used() < before + 40000);
}

#define TEST(fn)	cmocka_unit_test_setup_teardown(fn, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_protocols),
		TEST(test_old_versions),
		TEST(test_early_data),
		TEST(test_key_updates),
		TEST(test_key_updates_at_once),
		TEST(test_renegotiation),
		TEST(test_bad_first_message),
		TEST(test_nothing_stays),
	};

	return cmocka_run_group_tests(tests, tls_fixture_mx_setup,
	    tls_fixture_mx_teardown);
}
