/* tls: handshakes of all kinds of keys, by a holder who is elsewhere. */
#include "unit.h"

#include <errno.h>
#include <sys/socket.h>

#include "tls_fixture.h"

static struct tls_fixture_cert certs[FIXTURE_KINDS];
static const struct tls_target target = {
	.name = "mail.example.net", .where = "192.0.2.1",
};

static int
group_setup(void **state)
{
	struct tls_fixture_wish wish = {
		.san = "DNS:mail.example.net,DNS:*.example.org,IP:192.0.2.1",
	};
	int kind;

	(void)state;
	for (kind = 0; kind < FIXTURE_KINDS; kind++) {
		wish.kind = (enum tls_fixture_kind)kind;
		tls_fixture_cert_make(&certs[kind], &wish);
	}
	return 0;
}

static int
group_teardown(void **state)
{
	int kind;

	(void)state;
	for (kind = 0; kind < FIXTURE_KINDS; kind++)
		tls_fixture_cert_free(&certs[kind]);
	return 0;
}

static void
talk(struct tls *from, int from_fd, struct tls *to, const char *text)
{
	size_t len = strlen(text);
	char bytes[64];

	assert_int_equal(tls_write(from, text, len), len);
	tls_fixture_send(from_fd);
	tls_note(to, false);
	assert_int_equal(tls_read(to, bytes, sizeof(bytes)), len);
	assert_memory_equal(bytes, text, len);
	assert_int_equal(tls_read(to, bytes, sizeof(bytes)), -1);
	assert_int_equal(errno, EAGAIN);
}

static void
check_kind(enum tls_fixture_kind kind, const char *version)
{
	struct tls_fixture_holder holder = { .ncalls = 0 };
	struct tls_server_config sc = tls_fixture_server(&holder, &certs[kind]);
	struct tls_client_config cc = tls_fixture_client(&certs[kind]);
	struct tls_fixture_pair pair;
	struct tls_server *server;
	struct tls_client *client;
	struct tls_facts facts;
	struct tls_error error;

	if (strcmp(version, "TLSv1.3") == 0)
		cc.policy.min = TLS_VERSION_1_3;
	else
		cc.policy.max = TLS_VERSION_1_2;
	assert_non_null(server = tls_server_new(&sc, &error));
	assert_non_null(client = tls_client_new(&cc, &error));
	tls_fixture_pair_open(&pair, server, client, &target);
	tls_fixture_shake(&pair);
	assert_string_equal(tls_error_text(pair.client), "");
	assert_string_equal(tls_error_text(pair.server), "");
	assert_int_equal(pair.client_step, TLS_STEP_DONE);
	assert_int_equal(pair.server_step, TLS_STEP_DONE);
	assert_int_equal(holder.ncalls, 1);
	tls_facts_get(pair.client, &facts);
	assert_string_equal(facts.version, version);
	assert_true(facts.is_verified);
	assert_false(facts.is_resumed);
	tls_facts_get(pair.server, &facts);
	assert_string_equal(facts.version, version);
	assert_string_equal(facts.sni, "mail.example.net");
	assert_false(facts.is_verified);
	assert_null(facts.alpn);
	talk(pair.client, pair.fds[1], pair.server, "hello");
	talk(pair.server, pair.fds[0], pair.client, "* OK");
	tls_fixture_pair_close(&pair);
	tls_client_free(client);
	tls_server_free(server);
}

static void
test_kinds(void **state)
{
	int kind;

	(void)state;
	for (kind = 0; kind < FIXTURE_KINDS; kind++) {
		check_kind((enum tls_fixture_kind)kind, "TLSv1.2");
		check_kind((enum tls_fixture_kind)kind, "TLSv1.3");
	}
}

/* Each algorithm that can be asked for is, and makes a good signature. */
static void
test_algorithms(void **state)
{
	static const struct {
		enum tls_fixture_kind	 kind;
		int			 version;
		const char		*sigalgs;
		enum tls_sign_alg	 alg;
	} cases[] = {
		{ FIXTURE_P256, TLS1_2_VERSION, "ECDSA+SHA256",
		    TLS_SIGN_ECDSA_SHA256 },
		{ FIXTURE_P256, TLS1_2_VERSION, "ECDSA+SHA384",
		    TLS_SIGN_ECDSA_SHA384 },
		{ FIXTURE_P256, TLS1_2_VERSION, "ECDSA+SHA512",
		    TLS_SIGN_ECDSA_SHA512 },
		{ FIXTURE_P384, TLS1_3_VERSION, "ECDSA+SHA384",
		    TLS_SIGN_ECDSA_SHA384 },
		{ FIXTURE_RSA, TLS1_2_VERSION, "RSA+SHA256",
		    TLS_SIGN_RSA_PKCS1_SHA256 },
		{ FIXTURE_RSA, TLS1_2_VERSION, "RSA+SHA384",
		    TLS_SIGN_RSA_PKCS1_SHA384 },
		{ FIXTURE_RSA, TLS1_2_VERSION, "RSA+SHA512",
		    TLS_SIGN_RSA_PKCS1_SHA512 },
		{ FIXTURE_RSA, TLS1_2_VERSION, "RSA-PSS+SHA256",
		    TLS_SIGN_RSA_PSS_SHA256 },
		{ FIXTURE_RSA, TLS1_3_VERSION, "RSA-PSS+SHA384",
		    TLS_SIGN_RSA_PSS_SHA384 },
		{ FIXTURE_RSA, TLS1_3_VERSION, "RSA-PSS+SHA512",
		    TLS_SIGN_RSA_PSS_SHA512 },
		{ FIXTURE_ED25519, TLS1_2_VERSION, "ed25519",
		    TLS_SIGN_ED25519 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < UNIT_LENGTH(cases); i++) {
		struct tls_fixture_holder holder = { .ncalls = 0 };
		struct tls_server_config sc =
		    tls_fixture_server(&holder, &certs[cases[i].kind]);
		struct tls_fixture_pair pair;
		struct tls_error error;
		struct tls_server *server = tls_server_new(&sc, &error);
		SSL *raw;

		assert_non_null(server);
		tls_fixture_pair_open(&pair, server, NULL, NULL);
		raw = tls_fixture_raw(&pair);
		assert_int_equal(SSL_set1_sigalgs_list(raw, cases[i].sigalgs),
		    1);
		assert_int_equal(SSL_set_max_proto_version(raw,
		    cases[i].version), 1);
		tls_fixture_raw_shake(&pair, raw);
		assert_string_equal(tls_error_text(pair.server), "");
		assert_int_equal(pair.server_step, TLS_STEP_DONE);
		assert_int_equal(SSL_is_init_finished(raw), 1);
		assert_int_equal(SSL_version(raw), cases[i].version);
		assert_int_equal(holder.last.alg, cases[i].alg);
		SSL_free(raw);
		tls_fixture_pair_close(&pair);
		tls_server_free(server);
	}
}

/* The holder is down: an alert, a text, and no connection. */
static void
test_no_signature(void **state)
{
	struct tls_fixture_holder holder = { .is_down = true };
	struct tls_server_config sc =
	    tls_fixture_server(&holder, &certs[FIXTURE_P256]);
	struct tls_client_config cc =
	    tls_fixture_client(&certs[FIXTURE_P256]);
	struct tls_fixture_pair pair;
	struct tls_server *server;
	struct tls_client *client;
	struct tls_error error;

	(void)state;
	assert_non_null(server = tls_server_new(&sc, &error));
	assert_non_null(client = tls_client_new(&cc, &error));
	assert_int_equal(tls_server_self_test(server, 99, &error), -1);
	assert_string_equal(error.text, "the key's holder gave no signature");
	tls_fixture_pair_open(&pair, server, client, &target);
	tls_fixture_shake(&pair);
	assert_int_equal(pair.server_step, TLS_STEP_FAILED);
	assert_string_equal(tls_error_text(pair.server),
	    "the key's holder gave no signature");
	assert_int_equal(pair.client_step, TLS_STEP_FAILED);
	assert_string_equal(tls_error_text(pair.client),
	    "tlsv1 alert internal error");
	tls_fixture_pair_close(&pair);

	holder.is_down = false;
	assert_int_equal(tls_server_self_test(server, 99, &error), 0);
	tls_client_free(client);
	tls_server_free(server);
}

/* Another key's signature, or a bad one, is found out at the start. */
static void
test_self_test(void **state)
{
	int kind;

	(void)state;
	for (kind = 0; kind < FIXTURE_KINDS; kind++) {
		struct tls_fixture_holder holder = { .ncalls = 0 };
		struct tls_server_config sc =
		    tls_fixture_server(&holder, &certs[kind]);
		struct tls_fixture_cert other;
		struct tls_fixture_wish wish = {
			.kind = (enum tls_fixture_kind)kind,
		};
		struct tls_server *server;
		struct tls_error error;

		/* Whatever clients may use: the key is what is tested. */
		sc.policy.min = TLS_VERSION_1_3;
		sc.policy.ciphers = "ECDHE-RSA-CHACHA20-POLY1305";
		assert_non_null(server = tls_server_new(&sc, &error));
		assert_int_equal(tls_server_self_test(server, 99, &error), 0);
		assert_int_equal(holder.ncalls, 2);
		holder.is_wrong = true;
		assert_int_equal(tls_server_self_test(server, 99, &error), -1);
		assert_non_null(strstr(error.text, "handshake in memory"));
		holder.is_wrong = false;
		tls_fixture_cert_make(&other, &wish);
		holder.certs[0] = &other;
		assert_int_equal(tls_server_self_test(server, 99, &error), -1);
		tls_fixture_cert_free(&other);
		tls_server_free(server);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_algorithms),
		cmocka_unit_test(test_no_signature),
		cmocka_unit_test(test_self_test),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
