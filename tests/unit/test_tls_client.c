/* tls_client: which hosts are believed, and which sessions are resumed. */
#include "unit.h"

#include <errno.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "tls_fixture.h"

enum {
	CERT_CA, CERT_GOOD, CERT_OLD, CERT_CN_ONLY, CERT_SELF, CERT_STARS,
	CERT_PARTIAL, CERT_NOT_CA, CERT_BY_NOT_CA, CERTS
};

static struct tls_fixture_cert certs[CERTS];

static const struct tls_fixture_row rows[CERTS] = {
	[CERT_CA] = { FIXTURE_P256, NULL, "ca", -1, true, false },
	[CERT_GOOD] = { FIXTURE_P256,
	    "DNS:mx.test,DNS:*.w.test,IP:192.0.2.1,IP:2001:db8::1",
	    "other.test", CERT_CA, false, false },
	[CERT_OLD] = { FIXTURE_P256, "DNS:mx.test", "mx.test", CERT_CA,
	    false, true },
	[CERT_CN_ONLY] = { FIXTURE_P256, NULL, "mx.test", CERT_CA,
	    false, false },
	[CERT_SELF] = { FIXTURE_P256, "DNS:mx.test", "mx.test", -1,
	    false, false },
	[CERT_STARS] = { FIXTURE_P256, "DNS:*.*.test,DNS:*", "mx.test",
	    CERT_CA, false, false },
	[CERT_PARTIAL] = { FIXTURE_P256, "DNS:m*.test", "mx.test", CERT_CA,
	    false, false },
	[CERT_NOT_CA] = { FIXTURE_P256, "DNS:no.test", "no", CERT_CA,
	    false, false },
	[CERT_BY_NOT_CA] = { FIXTURE_P256, "DNS:mx.test", "mx.test",
	    CERT_NOT_CA, false, false },
};

static int
group_setup(void **state)
{
	(void)state;
	tls_fixture_certs_make(certs, rows, CERTS);
	return 0;
}

static int
group_teardown(void **state)
{
	(void)state;
	tls_fixture_certs_free(certs, CERTS);
	return 0;
}

/* What became of one connection. */
struct outcome {
	bool	is_done, is_resumed, is_verified;
	char	text[TLS_ERROR_MAX];
};

static struct outcome
connect_to(struct tls_server *server, struct tls_client *client,
    const struct tls_target *target)
{
	struct outcome result = { .is_done = false };
	struct tls_fixture_pair pair;
	struct tls_facts facts;
	char bytes[8];

	tls_fixture_pair_open(&pair, server, client, target);
	tls_fixture_shake(&pair);
	if (pair.client == NULL) {
		memcpy(result.text, pair.error.text, sizeof(result.text));
		tls_fixture_pair_close(&pair);
		return result;
	}
	(void)snprintf(result.text, sizeof(result.text), "%s",
	    tls_error_text(pair.client));
	result.is_done = pair.client_step == TLS_STEP_DONE;
	if (result.is_done) {
		tls_note(pair.client, false);
		assert_int_equal(tls_read(pair.client, bytes, sizeof(bytes)),
		    -1);
		tls_facts_get(pair.client, &facts);
		result.is_resumed = facts.is_resumed;
		result.is_verified = facts.is_verified;
	}
	tls_fixture_pair_close(&pair);
	return result;
}

static struct tls_server *
host(struct tls_fixture_holder *holder, int cert)
{
	struct tls_server_config sc = tls_fixture_server(holder, &certs[cert]);
	struct tls_ticket_key key;
	struct tls_error error;
	struct tls_server *server = tls_server_new(&sc, &error);

	assert_non_null(server);
	memset(&key, 7, sizeof(key));
	tls_server_tickets(server, &key, 1);
	return server;
}

static void
test_verification(void **state)
{
	static const struct {
		int		 cert;
		const char	*name, *fault;	/* NULL: good */
	} cases[] = {
		{ CERT_GOOD, "mx.test", NULL },
		{ CERT_GOOD, "MX.test", NULL },
		{ CERT_GOOD, "a.w.test", NULL },
		{ CERT_GOOD, "192.0.2.1", NULL },
		{ CERT_GOOD, "2001:db8::1", NULL },
		{ CERT_GOOD, "w.test", "hostname mismatch" },
		{ CERT_GOOD, "b.a.w.test", "hostname mismatch" },
		{ CERT_GOOD, "other.test", "hostname mismatch" },
		{ CERT_GOOD, "192.0.2.2", "IP address mismatch" },
		{ CERT_OLD, "mx.test", "certificate has expired" },
		{ CERT_CN_ONLY, "mx.test", "hostname mismatch" },
		{ CERT_SELF, "mx.test", "self-signed certificate" },
		{ CERT_STARS, "mx.test", "hostname mismatch" },
		{ CERT_STARS, "a.mx.test", "hostname mismatch" },
		{ CERT_PARTIAL, "mx.test", "hostname mismatch" },
		{ CERT_BY_NOT_CA, "mx.test",
		    "unable to get local issuer certificate" },
	};
	struct tls_client_config cc = tls_fixture_client(&certs[CERT_CA]);
	size_t i;

	(void)state;
	for (i = 0; i < UNIT_LENGTH(cases); i++) {
		struct tls_target target = { .name = cases[i].name,
		    .where = "192.0.2.1" };
		struct tls_fixture_holder holder = { .ncalls = 0 };
		struct tls_server *server = host(&holder, cases[i].cert);
		struct tls_error error;
		struct tls_client *client = tls_client_new(&cc, &error);
		char expected[TLS_ERROR_MAX] = "";
		struct outcome o;

		assert_non_null(client);
		if (cases[i].fault != NULL)
			(void)snprintf(expected, sizeof(expected),
			    "the peer's certificate: %s", cases[i].fault);
		o = connect_to(server, client, &target);
		assert_string_equal(o.text, expected);
		assert_int_equal(o.is_done, cases[i].fault == NULL);
		assert_int_equal(o.is_verified, cases[i].fault == NULL);
		/* Whoever answers is believed only if that is asked for. */
		target.is_any_cert = true;
		o = connect_to(server, client, &target);
		assert_true(o.is_done);
		assert_false(o.is_verified);
		assert_false(o.is_resumed);
		tls_client_free(client);
		tls_server_free(server);
	}
}

static void
test_targets(void **state)
{
	struct tls_fixture_holder holder = { .ncalls = 0 };
	struct tls_server *server = host(&holder, CERT_GOOD);
	struct tls_client_config cc = tls_fixture_client(&certs[CERT_CA]);
	struct tls_target target = { .name = "mx..test", .where = "" };
	struct tls_client *client;
	struct tls_error error;
	struct outcome o;

	(void)state;
	assert_non_null(client = tls_client_new(&cc, &error));
	o = connect_to(server, client, &target);
	assert_string_equal(o.text, "host: neither a name nor an address");
	tls_client_free(client);
	cc.ca = NULL;
	assert_non_null(client = tls_client_new(&cc, &error));
	target.name = "mx.test";
	o = connect_to(server, client, &target);
	assert_string_equal(o.text, "no certificates of authorities");
	tls_client_free(client);
	cc.ca = "rubbish";
	cc.ca_len = 7;
	assert_non_null(client = tls_client_new(&cc, &error));
	o = connect_to(server, client, &target);
	assert_false(o.is_done);
	assert_non_null(strstr(o.text, "certificates of authorities"));
	target.is_any_cert = true;
	target.name = "mx..test";
	o = connect_to(server, client, &target);
	assert_true(o.is_done);
	tls_client_free(client);
	tls_server_free(server);
}

static char *
with_crl(const struct tls_fixture_cert *revoked, size_t *len)
{
	X509_CRL *crl = X509_CRL_new();
	ASN1_TIME *now = X509_gmtime_adj(NULL, -10);
	ASN1_TIME *later = X509_gmtime_adj(NULL, 1000);
	BIO *bio = BIO_new(BIO_s_mem());
	char *text, *result;

	X509_CRL_set_version(crl, X509_CRL_VERSION_2);
	X509_CRL_set_issuer_name(crl,
	    X509_get_subject_name(certs[CERT_CA].x509));
	X509_CRL_set1_lastUpdate(crl, now);
	X509_CRL_set1_nextUpdate(crl, later);
	if (revoked != NULL) {
		X509_REVOKED *entry = X509_REVOKED_new();

		X509_REVOKED_set_serialNumber(entry,
		    X509_get_serialNumber(revoked->x509));
		X509_REVOKED_set_revocationDate(entry, now);
		X509_CRL_add0_revoked(crl, entry);
	}
	assert_true(X509_CRL_sign(crl, certs[CERT_CA].key, EVP_sha256()) > 0);
	assert_int_equal(PEM_write_bio_X509(bio, certs[CERT_CA].x509), 1);
	assert_int_equal(PEM_write_bio_X509_CRL(bio, crl), 1);
	*len = (size_t)BIO_get_mem_data(bio, &text);
	result = calloc(1, *len);
	assert_non_null(result);
	memcpy(result, text, *len);
	BIO_free(bio);
	ASN1_TIME_free(now);
	ASN1_TIME_free(later);
	X509_CRL_free(crl);
	return result;
}

static void
test_revoked(void **state)
{
	struct tls_fixture_holder holder = { .ncalls = 0 };
	struct tls_server *server = host(&holder, CERT_GOOD);
	struct tls_target target = { .name = "mx.test", .where = "" };
	struct tls_client_config cc = { .ca = NULL };
	int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		char *pem = with_crl(i == 0 ? NULL : &certs[CERT_GOOD],
		    &cc.ca_len);
		struct tls_client *client;
		struct tls_error error;
		struct outcome o;

		cc.ca = pem;
		assert_non_null(client = tls_client_new(&cc, &error));
		o = connect_to(server, client, &target);
		assert_string_equal(o.text, i == 0 ? "" :
		    "the peer's certificate: certificate revoked");
		tls_client_free(client);
		free(pem);
	}
	tls_server_free(server);
}

static void
check_resumption(enum tls_version version)
{
	struct tls_fixture_holder holder = { .ncalls = 0 };
	struct tls_server *server = host(&holder, CERT_GOOD);
	struct tls_client_config cc = tls_fixture_client(&certs[CERT_CA]);
	struct tls_target target = { .name = "mx.test", .where = "here" };
	struct tls_client *client;
	struct tls_error error;
	struct outcome o;
	char where[16];
	int i;

	cc.policy.max = version;
	assert_non_null(client = tls_client_new(&cc, &error));
	for (i = 0; i < 4; i++) {
		o = connect_to(server, client, &target);
		assert_true(o.is_done);
		assert_int_equal(o.is_resumed, i > 0);
		assert_true(o.is_verified);
	}
	assert_int_equal(holder.ncalls, 1);
	/* Each of the three counts. */
	target.where = "there";
	assert_false(connect_to(server, client, &target).is_resumed);
	target.where = "here";
	target.name = "a.w.test";
	assert_false(connect_to(server, client, &target).is_resumed);
	target.name = "mx.test";
	target.is_any_cert = true;
	assert_false(connect_to(server, client, &target).is_resumed);
	o = connect_to(server, client, &target);
	assert_true(o.is_resumed);
	assert_false(o.is_verified);
	target.is_any_cert = false;
	o = connect_to(server, client, &target);
	assert_true(o.is_resumed);
	assert_true(o.is_verified);
	/* Bounded: the one used least recently goes. */
	for (i = 0; i < TLS_CLIENT_SESSIONS_MAX - 1; i++) {
		(void)snprintf(where, sizeof(where), "%d", i);
		target.where = where;
		assert_false(connect_to(server, client, &target).is_resumed);
	}
	target.where = "here";
	assert_true(connect_to(server, client, &target).is_resumed);
	target.where = "more";
	assert_false(connect_to(server, client, &target).is_resumed);
	target.where = "0";
	assert_false(connect_to(server, client, &target).is_resumed);
	target.where = "2";
	assert_true(connect_to(server, client, &target).is_resumed);
	tls_client_free(client);
	tls_server_free(server);
}

static void
test_resumption(void **state)
{
	(void)state;
	check_resumption(TLS_VERSION_1_2);
	check_resumption(TLS_VERSION_1_3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verification),
		cmocka_unit_test(test_targets),
		cmocka_unit_test(test_revoked),
		cmocka_unit_test(test_resumption),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
