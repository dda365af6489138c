/*
 * What tls-signer finds in certificates.
 * Runs in: make check.
 * Hostile input: none.
 * Never: ships in a program.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ipc/cert_set.h"
#include "ipc/key_set.h"
#include "ipc/master_tls.h"
#include "signer_fixture.h"
#include "tls-signer/check.h"
#include "tls-signer/keys.h"

#define PEM_MAX	65536
#define FOUND_MAX	16

static uint8_t bytes[PEM_MAX * 2], key_bytes[PEM_MAX];
static EVP_PKEY *ec, *other, *rsa, *ca;
static struct child_tls_fault faults[FOUND_MAX];
static struct child_tls_cert certs[FOUND_MAX];
static size_t nfaults, ncerts;

static void
on_key_fault(void *arg, uint16_t key, const char *text)
{
	(void)arg;
	(void)key;
	fail_msg("%s", text);
}

static void
on_fault(void *arg, const struct child_tls_fault *m)
{
	(void)arg;
	assert_true(nfaults < FOUND_MAX);
	faults[nfaults++] = *m;
}

static void
on_cert(void *arg, const struct child_tls_cert *m)
{
	(void)arg;
	assert_true(ncerts < FOUND_MAX);
	certs[ncerts++] = *m;
}

static struct keys *
make_keys(EVP_PKEY *key)
{
	static char pem[PEM_MAX];
	struct wire_writer w;

	pem[0] = '\0';
	signer_pem_key(pem, sizeof(pem), key, NULL);
	wire_writer_init(&w, key_bytes, sizeof(key_bytes));
	key_set_begin(&w, 1);
	key_set_put(&w, 1, false, strlen(pem));
	signer_put_raw(&w, pem);
	return keys_new(key_bytes, w.len, "", on_key_fault, NULL);
}

static void
put_chain(struct wire_writer *w, uint16_t key, const char *pem)
{
	cert_set_put_key(w, key);
	cert_set_put_blob(w, strlen(pem));
	signer_put_raw(w, pem);
}

/* Looks at one chain with one key; at a bundle of authorities too. */
static void
look(const char *pem, EVP_PKEY *key, bool is_client, const char *authorities)
{
	const struct check_tell tell = { on_cert, on_fault, NULL };
	struct keys *keys = make_keys(key);
	struct wire_writer w;

	nfaults = ncerts = 0;
	wire_writer_init(&w, bytes, sizeof(bytes));
	cert_set_begin(&w);
	cert_set_put_blob(&w, strlen(authorities));
	signer_put_raw(&w, authorities);
	cert_set_put_blob(&w, 0);
	put_chain(&w, is_client ? 1 : 0, is_client ? pem : "");
	cert_set_put_count(&w, is_client ? 0 : 1);
	if (!is_client) {
		put_chain(&w, 1, pem);
		put_chain(&w, 0, "");
		cert_set_put_names(&w, 0);
	}
	assert_false(w.has_failed);
	assert_int_equal(check_certs(bytes, w.len, keys, &tell), 0);
	keys_free(keys);
}

/* PEM of one certificate behind what is in text. */
static void
add(char *text, const struct signer_cert *how)
{
	X509 *x = signer_cert(how);

	signer_pem_cert(text, PEM_MAX, x);
	X509_free(x);
}

static void
expect(const char *fault, bool is_date)
{
	if (nfaults != 1 || strstr(faults[0].text, fault) == NULL)
		fail_msg("%zu faults, the first is \"%s\", expected \"%s\"",
		    nfaults, faults[0].text, fault);
	assert_int_equal(faults[0].is_date, is_date);
	assert_int_equal(faults[0].key, 1);
	assert_int_equal(faults[0].file, CHILD_TLS_FILE_CERT);
}

static void
test_good(void **state)
{
	static char pem[PEM_MAX];

	(void)state;
	pem[0] = '\0';
	add(pem, &(struct signer_cert){ .subject = "x", .key = ec,
	    .names = "DNS:mail.example, DNS:*.mail.example, IP:192.0.2.1",
	    .from_s = -10, .to_s = 10 * SIGNER_DAY_S, .issuer = "CA",
	    .issuer_key = ca, .usage = "serverAuth" });
	add(pem, &(struct signer_cert){ .subject = "CA", .key = ca,
	    .from_s = -10, .to_s = 10 * SIGNER_DAY_S, .is_ca = true });
	look(pem, ec, false, pem);
	assert_int_equal(nfaults, 0);
	assert_int_equal(ncerts, 1);
	assert_int_equal(certs[0].key, 1);
	assert_string_equal(certs[0].kind, "ECDSA P-256");
	assert_string_equal(certs[0].names,
	    "mail.example, *.mail.example, 192.0.2.1");
	assert_in_range(certs[0].not_after_s - certs[0].not_before_s,
	    10 * SIGNER_DAY_S + 9, 10 * SIGNER_DAY_S + 11);

	/* No names but the subject's; RSA; signed by itself. */
	pem[0] = '\0';
	add(pem, &(struct signer_cert){ .subject = "rsa.example", .key = rsa,
	    .to_s = SIGNER_DAY_S });
	look(pem, rsa, false, "");
	assert_int_equal(nfaults, 0);
	assert_string_equal(certs[0].kind, "RSA 2048");
	assert_string_equal(certs[0].names, "rsa.example");
}

static void
test_key(void **state)
{
	static char pem[PEM_MAX];

	(void)state;
	pem[0] = '\0';
	add(pem, &(struct signer_cert){ .subject = "x", .key = ec,
	    .to_s = SIGNER_DAY_S });
	look(pem, other, false, "");
	expect("the private key does not belong to this certificate", false);
}

static void
test_dates(void **state)
{
	static char pem[PEM_MAX];

	(void)state;
	pem[0] = '\0';
	add(pem, &(struct signer_cert){ .subject = "x", .key = ec,
	    .from_s = -10 * SIGNER_DAY_S, .to_s = -SIGNER_DAY_S });
	look(pem, ec, false, "");
	expect("expired on ", true);
	assert_int_equal(ncerts, 1);

	pem[0] = '\0';
	add(pem, &(struct signer_cert){ .subject = "x", .key = ec,
	    .from_s = SIGNER_DAY_S, .to_s = 2 * SIGNER_DAY_S });
	look(pem, ec, false, "");
	expect("is valid from ", true);

	pem[0] = '\0';
	add(pem, &(struct signer_cert){ .subject = "x", .key = ec,
	    .issuer = "CA", .issuer_key = ca, .to_s = SIGNER_DAY_S });
	add(pem, &(struct signer_cert){ .subject = "CA", .key = ca,
	    .from_s = -10, .to_s = -1, .is_ca = true });
	look(pem, ec, false, "");
	expect("a certificate of its chain expired on", true);
}

static void
test_order(void **state)
{
	static char pem[PEM_MAX];
	const struct signer_cert leaf = { .subject = "x", .key = ec,
	    .issuer = "CA", .issuer_key = ca, .to_s = SIGNER_DAY_S };
	const struct signer_cert root = { .subject = "CA", .key = ca,
	    .to_s = SIGNER_DAY_S, .is_ca = true };
	const struct signer_cert stranger = { .subject = "CA", .key = other,
	    .to_s = SIGNER_DAY_S, .is_ca = true };

	(void)state;
	pem[0] = '\0';
	add(pem, &root);
	add(pem, &leaf);
	look(pem, ca, false, "");
	expect("certificate 2 of the file has not issued the one", false);
	/* The right name, but another key. */
	pem[0] = '\0';
	add(pem, &leaf);
	add(pem, &stranger);
	look(pem, ec, false, "");
	expect("certificate 2 of the file has not issued the one", false);
}

static void
test_purpose(void **state)
{
	static char pem[PEM_MAX];
	struct signer_cert how = { .subject = "x", .key = ec,
	    .to_s = SIGNER_DAY_S, .usage = "clientAuth" };

	(void)state;
	pem[0] = '\0';
	add(pem, &how);
	look(pem, ec, false, "");
	expect("is not made out to a TLS server", false);
	look(pem, ec, true, "");
	assert_int_equal(nfaults, 0);
	assert_int_equal(ncerts, 1);
	pem[0] = '\0';
	how.usage = "serverAuth";
	add(pem, &how);
	look(pem, ec, true, "");
	expect("is not made out to a TLS client", false);
}

static void
test_weak(void **state)
{
	static char pem[PEM_MAX];
	EVP_PKEY *small = signer_key_rsa(1024);

	(void)state;
	pem[0] = '\0';
	add(pem, &(struct signer_cert){ .subject = "x", .key = ec,
	    .issuer = "CA", .issuer_key = rsa, .to_s = SIGNER_DAY_S,
	    .is_sha1 = true });
	look(pem, ec, false, "");
	expect("is signed in a way that clients do not accept", false);
	pem[0] = '\0';
	add(pem, &(struct signer_cert){ .subject = "x", .key = small,
	    .to_s = SIGNER_DAY_S });
	look(pem, ec, false, "");
	expect("RSA with 1024 bits", false);
	assert_int_equal(ncerts, 0);
	EVP_PKEY_free(small);
}

static void
test_no_certificate(void **state)
{
	static char pem[PEM_MAX];

	(void)state;
	look("nothing", ec, false, "");
	expect("holds no certificate in PEM", false);
	pem[0] = '\0';
	for (int i = 0; i < 17; i++)
		add(pem, &(struct signer_cert){ .subject = "x", .key = ec,
		    .to_s = SIGNER_DAY_S });
	look(pem, ec, false, "");
	expect("more than 16 certificates", false);

	pem[0] = '\0';
	add(pem, &(struct signer_cert){ .subject = "x", .key = ec,
	    .to_s = SIGNER_DAY_S });
	look(pem, ec, false, "nothing");
	assert_int_equal(nfaults, 1);
	assert_int_equal(faults[0].file, CHILD_TLS_FILE_CA);
	assert_non_null(strstr(faults[0].text, "holds no certificate"));
}

/* More names than a line has room for, and names made to break it. */
static void
test_names(void **state)
{
	static char pem[PEM_MAX], names[4096];
	size_t n = 0;

	(void)state;
	for (int i = 0; i < 60; i++)
		n += (size_t)snprintf(names + n, sizeof(names) - n,
		    "%sDNS:host%d.example", i == 0 ? "" : ",", i);
	pem[0] = '\0';
	add(pem, &(struct signer_cert){ .subject = "x", .key = ec,
	    .names = names, .to_s = SIGNER_DAY_S });
	look(pem, ec, false, "");
	assert_int_equal(nfaults, 0);
	n = strlen(certs[0].names);
	assert_true(n > 200 && n <= CHILD_TLS_TEXT_MAX);
	assert_string_equal(certs[0].names + n - 4, " ...");
	pem[0] = '\0';
	add(pem, &(struct signer_cert){ .subject = "a\nb\tc", .key = ec,
	    .to_s = SIGNER_DAY_S });
	look(pem, ec, false, "");
	assert_string_equal(certs[0].names, "abc");
}

static void
test_malformed(void **state)
{
	const struct check_tell tell = { on_cert, on_fault, NULL };
	struct keys *keys = make_keys(ec);

	(void)state;
	memset(bytes, 0, sizeof(bytes));
	assert_int_equal(check_certs(bytes, 100, keys, &tell), -1);
	keys_free(keys);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_key),
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_purpose),
		cmocka_unit_test(test_weak),
		cmocka_unit_test(test_no_certificate),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_malformed),
	};

	keys_init(100000);
	ec = signer_key_ec("P-256");
	other = signer_key_ec("P-256");
	ca = signer_key_ec("P-384");
	rsa = signer_key_rsa(2048);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
