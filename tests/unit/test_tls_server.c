/* tls_server: certificates by name, protocols, tickets, clients' own. */
#include "unit.h"

#include <errno.h>

#include "lib/tls_peer.h"
#include "tls_fixture.h"

enum {
	CERT_CA, CERT_CA2, CERT_DEFAULT, CERT_RSA, CERT_A, CERT_WILD, CERT_BOB,
	CERT_OLD, CERT_STRANGER, CERTS
};

static struct tls_fixture_cert certs[CERTS];

static const struct tls_fixture_row rows[CERTS] = {
	[CERT_CA] = { FIXTURE_P256, NULL, "ca", -1, true, false },
	[CERT_CA2] = { FIXTURE_P256, NULL, "ca2", -1, true, false },
	[CERT_DEFAULT] = { FIXTURE_P256, "DNS:d.test", "d", CERT_CA,
	    false, false },
	[CERT_RSA] = { FIXTURE_RSA, "DNS:d.test", "d", CERT_CA, false, false },
	[CERT_A] = { FIXTURE_ED25519, "DNS:a.test,DNS:aa.test", "a", CERT_CA,
	    false, false },
	[CERT_WILD] = { FIXTURE_P384, "DNS:*.w.test", "w", CERT_CA,
	    false, false },
	[CERT_BOB] = { FIXTURE_P256, NULL, "bob, \xc3\xa4", CERT_CA,
	    false, false },
	[CERT_OLD] = { FIXTURE_P256, NULL, "old", CERT_CA, false, true },
	[CERT_STRANGER] = { FIXTURE_P256, NULL, "bob", CERT_CA2,
	    false, false },
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

/* What a test says of both sides; made into both for each connection. */
struct rig {
	struct tls_fixture_holder	 holder;
	struct tls_server_config	 sc;
	struct tls_client_config	 cc;
	struct tls_server		*server;
	struct tls_client		*client;
	struct tls_facts		 facts;		/* of the server */
	enum tls_step			 client_step, server_step;
	char				 text[TLS_ERROR_MAX];
	char				 subject[100], name[100], sni[100];
	size_t				 print_bytes;
	uint8_t				 print[TLS_PRINT_MAX];
	uint8_t				 key_print[TLS_PRINT_MAX];
};

static void
rig_init(struct rig *rig)
{
	memset(rig, 0, sizeof(*rig));
	rig->sc = tls_fixture_server(&rig->holder, &certs[CERT_DEFAULT]);
	rig->cc = tls_fixture_client(&certs[CERT_CA]);
	rig->cc.sign = tls_fixture_sign;
	rig->cc.sign_arg = &rig->holder;
}

static void
rig_start(struct rig *rig)
{
	struct tls_error error;

	rig->server = tls_server_new(&rig->sc, &error);
	assert_non_null(rig->server);
	rig->client = tls_client_new(&rig->cc, &error);
	assert_non_null(rig->client);
}

static void
rig_stop(struct rig *rig)
{
	tls_server_free(rig->server);
	tls_client_free(rig->client);
	rig->server = NULL;
	rig->client = NULL;
}

/* Reads what came behind the handshake: tickets, and alerts of TLS 1.3. */
static void
settle(struct tls *tls, enum tls_step *step)
{
	char bytes[16];

	if (*step != TLS_STEP_DONE)
		return;
	tls_note(tls, false);
	if (tls_read(tls, bytes, sizeof(bytes)) == -1 && errno == EPROTO)
		*step = TLS_STEP_FAILED;
}

/* One connection; where: sessions are kept by it. */
static void
rig_connect(struct rig *rig, const char *name, const char *where)
{
	struct tls_target target = { .name = name, .where = where,
	    .is_any_cert = true };
	struct tls_fixture_pair pair;

	rig->holder.ncalls = 0;
	rig->holder.last.key = 0xffff;
	memset(&rig->facts, 0, sizeof(rig->facts));
	tls_fixture_pair_open(&pair, rig->server, rig->client, &target);
	tls_fixture_shake(&pair);
	settle(pair.client, &pair.client_step);
	settle(pair.server, &pair.server_step);
	rig->server_step = pair.server_step;
	rig->client_step = pair.client_step;
	(void)snprintf(rig->text, sizeof(rig->text), "%s",
	    tls_error_text(pair.server));
	if (pair.server_step == TLS_STEP_DONE)
		tls_facts_get(pair.server, &rig->facts);
	(void)snprintf(rig->sni, sizeof(rig->sni), "%s",
	    rig->facts.sni == NULL ? "-" : rig->facts.sni);
	tls_peer_subject(pair.server, rig->subject, sizeof(rig->subject));
	tls_peer_name(pair.server, "commonName", rig->name,
	    sizeof(rig->name));
	rig->print_bytes = tls_peer_prints(pair.server, "sha256", rig->print,
	    rig->key_print);
	assert_int_equal(tls_peer_prints(pair.server, "md5", rig->print,
	    rig->key_print), 0);
	tls_fixture_pair_close(&pair);
}

static struct tls_certs
one(struct rig *rig, int cert, uint16_t key)
{
	struct tls_certs result = {
		.first = tls_fixture_chain(&rig->holder, &certs[cert], key),
	};

	return result;
}

static void
test_names(void **state)
{
	static const char *const names[] = { "A.test", "b.a.test" };
	static const char *const wild[] = { "*.w.test", "a.test" };
	static const struct {
		const char	*name;
		uint16_t	 key;
	} cases[] = {
		{ "d.test", 0 }, { "a.test", 1 }, { "b.a.test", 1 },
		{ "c.a.test", 0 }, { "x.w.test", 2 }, { "y.w.test", 2 },
		{ "x.y.w.test", 0 }, { "w.test", 0 }, { "aa.test", 3 },
		{ "A.TEST", 1 }, { "unknown", 0 },
	};
	struct rig rig;
	struct tls_certs set;
	struct tls_error error;
	size_t i;

	(void)state;
	rig_init(&rig);
	rig_start(&rig);
	set = one(&rig, CERT_A, 1);
	assert_int_equal(tls_server_add(rig.server, names, 2, &set, &error), 0);
	set = one(&rig, CERT_WILD, 2);
	assert_int_equal(tls_server_add(rig.server, wild, 2, &set, &error), 0);
	/* Its own names; a.test is another's already. */
	set = one(&rig, CERT_A, 3);
	assert_int_equal(tls_server_add(rig.server, NULL, 0, &set, &error), 0);
	assert_int_equal(tls_server_self_test(rig.server, 99, &error), 0);
	for (i = 0; i < UNIT_LENGTH(cases); i++) {
		rig_connect(&rig, cases[i].name, cases[i].name);
		assert_int_equal(rig.server_step, TLS_STEP_DONE);
		assert_int_equal(rig.holder.last.key, cases[i].key);
	}
	/* An address is no server name. */
	rig_connect(&rig, "192.0.2.1", "");
	assert_int_equal(rig.holder.last.key, 0);
	assert_string_equal(rig.sni, "-");
	rig_stop(&rig);
}

/* T-X3: nothing is parsed before it is asked for. */
static void
test_many_names(void **state)
{
	struct tls_certs set;
	struct tls_error error;
	char text[2][32], sni[32];
	const char *names[2] = { text[0], text[1] };
	struct rig rig;
	int i;

	(void)state;
	rig_init(&rig);
	rig_start(&rig);
	for (i = 0; i < 3000; i++) {
		(void)snprintf(text[0], sizeof(text[0]), "mail%d.test", i);
		(void)snprintf(text[1], sizeof(text[1]), "*.mail%d.test", i);
		set = one(&rig, CERT_A, 1 + (uint16_t)(i % 2));
		assert_int_equal(tls_server_add(rig.server, names, 2, &set,
		    &error), 0);
	}
	for (i = 0; i < 3000; i += 500) {
		(void)snprintf(sni, sizeof(sni), "x.mail%d.test", i + i / 500);
		rig_connect(&rig, sni, "");
		assert_int_equal(rig.server_step, TLS_STEP_DONE);
		assert_int_equal(rig.holder.last.key, 1 + (i / 500) % 2);
	}
	rig_stop(&rig);
}

static void
test_bad_sets(void **state)
{
	static const char *const bad[] = { "a..b" };
	static const char *const name[] = { "z.test" };
	struct rig rig;
	struct tls_certs set;
	struct tls_error error;

	(void)state;
	rig_init(&rig);
	rig_start(&rig);
	set = one(&rig, CERT_A, 1);
	assert_int_equal(tls_server_add(rig.server, bad, 1, &set, &error), -1);
	assert_string_equal(error.text, "not a host name");
	set = one(&rig, CERT_BOB, 1);
	assert_int_equal(tls_server_add(rig.server, NULL, 0, &set, &error), -1);
	assert_string_equal(error.text, "certificate: it has no host name");
	/* Two certificates of one kind of key. */
	set = one(&rig, CERT_WILD, 1);
	set.alt = rig.sc.certs.first;
	assert_int_equal(tls_server_add(rig.server, NULL, 0, &set, &error), -1);
	assert_string_equal(error.text,
	    "both certificates have one kind of key");
	/* Found to be bad when a client asks: the first one serves. */
	set = one(&rig, CERT_A, 1);
	set.first.pem_len = 100;
	assert_int_equal(tls_server_add(rig.server, name, 1, &set, &error), 0);
	rig_connect(&rig, "z.test", "");
	assert_int_equal(rig.server_step, TLS_STEP_DONE);
	assert_int_equal(rig.holder.last.key, 0);
	assert_int_equal(tls_server_self_test(rig.server, 99, &error), -1);
	rig_stop(&rig);

	rig.sc.certs.first.pem_len = 100;
	assert_null(tls_server_new(&rig.sc, &error));
	assert_non_null(strstr(error.text, "certificate"));
	rig_init(&rig);
	rig.sc.policy.ciphers = "NONE-SUCH";
	assert_null(tls_server_new(&rig.sc, &error));
	assert_non_null(strstr(error.text, "ciphers of TLS 1.2: "));
	rig_init(&rig);
	rig.sc.policy.suites = "NONE-SUCH";
	assert_null(tls_server_new(&rig.sc, &error));
	assert_non_null(strstr(error.text, "cipher suites of TLS 1.3"));
	rig_init(&rig);
	rig.sc.policy.groups = "NONE-SUCH";
	assert_null(tls_server_new(&rig.sc, &error));
	assert_non_null(strstr(error.text, "curves"));
}

/* A client of one kind gets the certificate of its kind. */
static void
test_alternative(void **state)
{
	struct rig rig;

	(void)state;
	rig_init(&rig);
	rig.sc.certs.alt = tls_fixture_chain(&rig.holder, &certs[CERT_RSA], 1);
	rig.cc.policy.max = TLS_VERSION_1_2;
	rig.cc.policy.ciphers = "ECDHE-RSA-AES128-GCM-SHA256";
	rig_start(&rig);
	rig_connect(&rig, "d.test", "");
	assert_int_equal(rig.holder.last.key, 1);
	assert_string_equal(rig.facts.cipher, "ECDHE-RSA-AES128-GCM-SHA256");
	rig_stop(&rig);
	rig.cc.policy.ciphers = "ECDHE-ECDSA-CHACHA20-POLY1305";
	rig_start(&rig);
	rig_connect(&rig, "d.test", "");
	assert_int_equal(rig.holder.last.key, 0);
	assert_int_equal(rig.server_step, TLS_STEP_DONE);
	rig_stop(&rig);
	/* Neither static RSA nor CBC. */
	rig.cc.policy.ciphers = "AES128-GCM-SHA256:ECDHE-RSA-AES128-SHA";
	rig_start(&rig);
	rig_connect(&rig, "d.test", "");
	assert_int_equal(rig.server_step, TLS_STEP_FAILED);
	assert_string_equal(rig.text, "no shared cipher");
	rig_stop(&rig);
}

static void
tickets_make(struct tls_ticket_key *keys, size_t n, int first)
{
	size_t i;

	for (i = 0; i < n; i++)
		memset(&keys[i], first + (int)i, sizeof(keys[i]));
}

static bool
resumes(struct rig *rig, const char *name)
{
	rig_connect(rig, name, "one");
	assert_int_equal(rig->server_step, TLS_STEP_DONE);
	assert_int_equal(rig->holder.ncalls, rig->facts.is_resumed ? 0 : 1);
	return rig->facts.is_resumed;
}

static void
new_server(struct rig *rig, const struct tls_ticket_key *keys, size_t n)
{
	struct tls_error error;

	tls_server_free(rig->server);
	rig->server = tls_server_new(&rig->sc, &error);
	assert_non_null(rig->server);
	tls_server_tickets(rig->server, keys, n);
}

static void
check_tickets(enum tls_version version)
{
	struct tls_ticket_key keys[TLS_TICKET_KEYS_MAX];
	struct rig rig;

	rig_init(&rig);
	rig.cc.policy.max = version;
	rig_start(&rig);
	assert_false(resumes(&rig, "d.test"));
	assert_false(resumes(&rig, "d.test"));
	tickets_make(keys, 1, 10);
	tls_server_tickets(rig.server, keys, 1);
	assert_false(resumes(&rig, "d.test"));
	assert_true(resumes(&rig, "d.test"));
	/* Another process of the service, with the same keys. */
	new_server(&rig, keys, 1);
	assert_true(resumes(&rig, "d.test"));
	/* Rotated: the old key still opens, a new ticket comes. */
	tickets_make(keys, 3, 8);
	new_server(&rig, keys, 3);
	assert_true(resumes(&rig, "d.test"));
	new_server(&rig, keys, 1);
	assert_true(resumes(&rig, "d.test"));
	/* Gone. */
	tickets_make(keys, 3, 20);
	new_server(&rig, keys, 3);
	assert_false(resumes(&rig, "d.test"));
	assert_true(resumes(&rig, "d.test"));
	/* Another service, then another certificate, then no keys. */
	rig.sc.context = "pop3";
	new_server(&rig, keys, 3);
	assert_false(resumes(&rig, "d.test"));
	rig.sc.certs.first = tls_fixture_chain(&rig.holder, &certs[CERT_RSA],
	    0);
	new_server(&rig, keys, 3);
	assert_false(resumes(&rig, "d.test"));
	assert_true(resumes(&rig, "d.test"));
	new_server(&rig, NULL, 0);
	assert_false(resumes(&rig, "d.test"));
	rig_stop(&rig);
}

static void
test_tickets(void **state)
{
	(void)state;
	check_tickets(TLS_VERSION_1_2);
	check_tickets(TLS_VERSION_1_3);
}

/* T-T6: what was agreed for one name is not resumed under another. */
static void
check_tickets_by_name(enum tls_version version)
{
	static const char *const names[] = { "a.test", "b.test" };
	struct tls_ticket_key key;
	struct rig rig;
	struct tls_certs set;
	struct tls_error error;

	rig_init(&rig);
	rig.cc.policy.max = version;
	rig_start(&rig);
	set = one(&rig, CERT_A, 1);
	assert_int_equal(tls_server_add(rig.server, names, 1, &set, &error), 0);
	set = one(&rig, CERT_WILD, 2);
	assert_int_equal(tls_server_add(rig.server, names + 1, 1, &set,
	    &error), 0);
	tickets_make(&key, 1, 1);
	tls_server_tickets(rig.server, &key, 1);
	/* The client's sessions are kept by `where` and by name. */
	rig_connect(&rig, "a.test", "x");
	assert_false(rig.facts.is_resumed);
	rig_connect(&rig, "a.test", "x");
	assert_true(rig.facts.is_resumed);
	rig_connect(&rig, "b.test", "x");
	assert_false(rig.facts.is_resumed);
	assert_int_equal(rig.holder.last.key, 2);
	rig_connect(&rig, "b.test", "x");
	assert_true(rig.facts.is_resumed);
	rig_stop(&rig);
}

static void
test_tickets_by_name(void **state)
{
	(void)state;
	check_tickets_by_name(TLS_VERSION_1_2);
	check_tickets_by_name(TLS_VERSION_1_3);
}

static void
check_client_cert(enum tls_version version)
{
	struct tls_ticket_key key;
	struct rig rig;

	rig_init(&rig);
	tickets_make(&key, 1, 1);
	rig.cc.policy.max = version;
	rig.sc.ask = TLS_ASK_WANTED;
	rig.sc.ca = certs[CERT_CA].pem;
	rig.sc.ca_len = certs[CERT_CA].len;
	rig_start(&rig);
	rig_connect(&rig, "d.test", "");
	assert_int_equal(rig.server_step, TLS_STEP_DONE);
	assert_false(rig.facts.is_verified);
	assert_string_equal(rig.subject, "");
	rig_stop(&rig);

	rig.sc.ask = TLS_ASK_REQUIRED;
	rig_start(&rig);
	rig_connect(&rig, "d.test", "");
	assert_int_equal(rig.server_step, TLS_STEP_FAILED);
	assert_int_equal(rig.client_step, TLS_STEP_FAILED);
	assert_string_equal(rig.text,
	    "peer did not return a certificate");
	rig_stop(&rig);

	rig.cc.chain = tls_fixture_chain(&rig.holder, &certs[CERT_BOB], 5);
	rig_start(&rig);
	tls_server_tickets(rig.server, &key, 1);
	rig_connect(&rig, "d.test", "");
	assert_int_equal(rig.server_step, TLS_STEP_DONE);
	assert_true(rig.facts.is_verified);
	assert_string_equal(rig.name, "bob, \xc3\xa4");
	assert_string_equal(rig.subject, "CN=bob\\, \xc3\xa4");
	assert_int_equal(rig.holder.ncalls, 2);
	rig_connect(&rig, "d.test", "");
	assert_true(rig.facts.is_resumed);
	assert_true(rig.facts.is_verified);
	assert_string_equal(rig.name, "bob, \xc3\xa4");
	/* Other authorities: the ticket is worth nothing, nor is he. */
	rig.sc.ca = certs[CERT_CA2].pem;
	rig.sc.ca_len = certs[CERT_CA2].len;
	new_server(&rig, &key, 1);
	rig_connect(&rig, "d.test", "");
	assert_int_equal(rig.server_step, TLS_STEP_FAILED);
	assert_string_equal(rig.text, "the peer's certificate: "
	    "unable to get local issuer certificate");
	rig_stop(&rig);
}

static void
test_client_cert(void **state)
{
	static const int bad[] = { CERT_OLD, CERT_STRANGER };
	struct rig rig;
	size_t i;

	(void)state;
	check_client_cert(TLS_VERSION_1_2);
	check_client_cert(TLS_VERSION_1_3);
	/* A certificate that is shown must be good even if none is needed. */
	for (i = 0; i < UNIT_LENGTH(bad); i++) {
		rig_init(&rig);
		rig.sc.ask = TLS_ASK_WANTED;
		rig.sc.ca = certs[CERT_CA].pem;
		rig.sc.ca_len = certs[CERT_CA].len;
		rig.cc.chain = tls_fixture_chain(&rig.holder, &certs[bad[i]],
		    5);
		rig_start(&rig);
		rig_connect(&rig, "d.test", "");
		assert_int_equal(rig.server_step, TLS_STEP_FAILED);
		assert_non_null(strstr(rig.text, "the peer's certificate: "));
		assert_int_equal(rig.client_step, TLS_STEP_FAILED);
		rig_stop(&rig);
	}
}

/* The fingerprints are those of the certificate with this number. */
static void
check_prints(const struct rig *rig, int cert)
{
	uint8_t want[EVP_MAX_MD_SIZE];
	unsigned char *der = NULL;
	unsigned int len;
	int n;

	assert_int_equal(rig->print_bytes, 32);
	n = i2d_X509(certs[cert].x509, &der);
	assert_true(n > 0);
	assert_int_equal(EVP_Digest(der, (size_t)n, want, &len, EVP_sha256(),
	    NULL), 1);
	assert_memory_equal(rig->print, want, 32);
	OPENSSL_free(der);
	der = NULL;
	n = i2d_PUBKEY(certs[cert].key, &der);
	assert_true(n > 0);
	assert_int_equal(EVP_Digest(der, (size_t)n, want, &len, EVP_sha256(),
	    NULL), 1);
	assert_memory_equal(rig->key_print, want, 32);
	OPENSSL_free(der);
}

/* Whatever the client shows will do, and is known by its fingerprint. */
static void
check_any_cert(enum tls_version version, int cert, bool has_ca)
{
	bool is_signed = cert == CERT_BOB || cert == CERT_RSA;
	struct tls_ticket_key key;
	struct rig rig;

	rig_init(&rig);
	tickets_make(&key, 1, 1);
	rig.cc.policy.max = version;
	rig.cc.chain = tls_fixture_chain(&rig.holder, &certs[cert], 5);
	rig.sc.ask = TLS_ASK_ANY_REQUIRED;
	if (has_ca) {
		rig.sc.ca = certs[CERT_CA].pem;
		rig.sc.ca_len = certs[CERT_CA].len;
	}
	rig_start(&rig);
	tls_server_tickets(rig.server, &key, 1);
	for (int i = 0; i < 2; i++) {
		rig_connect(&rig, "d.test", "");
		assert_int_equal(rig.server_step, TLS_STEP_DONE);
		assert_int_equal(rig.facts.is_resumed, i == 1);
		assert_int_equal(rig.facts.is_verified, has_ca && is_signed);
		check_prints(&rig, cert);
		assert_string_equal(rig.name, has_ca && is_signed ?
		    rows[cert].cn : "");
	}
	/* Where somebody must vouch for it, the ticket is worth nothing. */
	rig.sc.ask = TLS_ASK_REQUIRED;
	rig.sc.ca = certs[CERT_CA].pem;
	rig.sc.ca_len = certs[CERT_CA].len;
	new_server(&rig, &key, 1);
	rig_connect(&rig, "d.test", "");
	assert_int_equal(rig.server_step, is_signed ? TLS_STEP_DONE :
	    TLS_STEP_FAILED);
	assert_false(rig.facts.is_resumed);
	rig_stop(&rig);
}

static void
test_any_cert(void **state)
{
	static const int shown[] = { CERT_BOB, CERT_OLD, CERT_STRANGER,
	    CERT_CA2, CERT_RSA };
	struct rig rig;

	(void)state;
	for (size_t i = 0; i < UNIT_LENGTH(shown); i++) {
		check_any_cert(TLS_VERSION_1_2, shown[i], false);
		check_any_cert(TLS_VERSION_1_3, shown[i], false);
		check_any_cert(TLS_VERSION_1_3, shown[i], true);
	}
	/* One must be shown, or need not. */
	for (int i = 0; i < 2; i++) {
		rig_init(&rig);
		rig.sc.ask = i == 0 ? TLS_ASK_ANY : TLS_ASK_ANY_REQUIRED;
		rig_start(&rig);
		rig_connect(&rig, "d.test", "");
		assert_int_equal(rig.server_step, i == 0 ? TLS_STEP_DONE :
		    TLS_STEP_FAILED);
		assert_int_equal(rig.print_bytes, 0);
		rig_stop(&rig);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_many_names),
		cmocka_unit_test(test_bad_sets),
		cmocka_unit_test(test_alternative),
		cmocka_unit_test(test_tickets),
		cmocka_unit_test(test_tickets_by_name),
		cmocka_unit_test(test_client_cert),
		cmocka_unit_test(test_any_cert),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
