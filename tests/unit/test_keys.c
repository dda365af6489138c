/*
 * The keys of tls-signer: which can be used, and signatures.
 * Runs in: make check.
 * Hostile input: made here.
 * Never: ships in a program.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/rsa.h>

#include "ipc/key_set.h"
#include "ipc/login_signer.h"
#include "signer_fixture.h"
#include "tls-signer/keys.h"

#define KEYS_MANY	16
#define PEM_MAX		16384

static uint8_t bytes[PEM_MAX * KEYS_MANY];
static char told[KEYS_MANY][KEYS_ERROR_MAX];
static uint16_t told_keys[KEYS_MANY];
static size_t ntold;

static void
on_fault(void *arg, uint16_t key, const char *text)
{
	(void)arg;
	told_keys[ntold] = key;
	(void)snprintf(told[ntold++], KEYS_ERROR_MAX, "%s", text);
}

/* The keys of these PEM texts, numbered from 1; the last one is a client's. */
static struct keys *
make_keys(const char *const *pem, uint16_t n, const char *password)
{
	struct wire_writer w;

	ntold = 0;
	wire_writer_init(&w, bytes, sizeof(bytes));
	key_set_begin(&w, n);
	for (uint16_t i = 0; i < n; i++) {
		key_set_put(&w, (uint16_t)(i + 1), false, strlen(pem[i]));
		signer_put_raw(&w, pem[i]);
	}
	return keys_new(bytes, w.len, password, on_fault, NULL);
}

static bool
is_verified(EVP_PKEY *key, uint8_t alg, const uint8_t *sig, size_t sig_len,
    const uint8_t *tbs, size_t tbs_len)
{
	static const EVP_MD *(*const mds[])(void) = { EVP_sha256, EVP_sha384,
	    EVP_sha512 };
	const EVP_MD *md = alg == LOGIN_SIGNER_ED25519 ? NULL :
	    mds[(alg - 1) % 3]();
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pctx;
	bool is_ok;

	assert_int_equal(EVP_DigestVerifyInit(ctx, &pctx, md, NULL, key), 1);
	if (alg >= LOGIN_SIGNER_RSA_PSS_SHA256 &&
	    alg <= LOGIN_SIGNER_RSA_PSS_SHA512) {
		assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(pctx,
		    RSA_PKCS1_PSS_PADDING), 1);
		assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx,
		    RSA_PSS_SALTLEN_DIGEST), 1);
	}
	is_ok = EVP_DigestVerify(ctx, sig, sig_len, tbs, tbs_len) == 1;
	EVP_MD_CTX_free(ctx);
	return is_ok;
}

/* The ServerKeyExchange of TLS 1.2, which every algorithm signs. */
static size_t
make_tbs(uint8_t dst[256])
{
	memset(dst, 'r', 64);
	memcpy(dst + 64, "\x03\x00\x1d\x20", 4);
	memset(dst + 68, 'p', 32);
	return 100;
}

/* Each algorithm with each kind of key: a good signature, or a refusal. */
static void
test_sign(void **state)
{
	static char pem[5][PEM_MAX];
	static const char *const texts[] = { pem[0], pem[1], pem[2], pem[3] };
	EVP_PKEY *keys[] = { signer_key_ec("P-256"), signer_key_ec("P-384"),
	    signer_key_rsa(2048), signer_key_ed() };
	static const uint8_t first[] = { 1, 1, 4, 10 };
	static const uint8_t last[] = { 3, 3, 9, 10 };
	uint8_t tbs[256], sig[LOGIN_SIGNER_SIG_MAX], code;
	struct login_signer_sign m = { .tbs = tbs };
	struct keys *set;
	size_t len;

	(void)state;
	for (size_t i = 0; i < 4; i++)
		signer_pem_key(pem[i], PEM_MAX, keys[i], NULL);
	set = make_keys(texts, 4, "");
	assert_non_null(set);
	assert_int_equal(keys_count(set), 4);
	assert_int_equal(ntold, 0);
	assert_int_equal(keys_kind(keys[2], told[0], KEYS_ERROR_MAX), 0);
	assert_string_equal(told[0], "RSA 2048");
	m.tbs_len = make_tbs(tbs);
	for (size_t i = 0; i < 4; i++)
		for (uint8_t alg = 1; alg <= LOGIN_SIGNER_ALG_LAST; alg++) {
			m.key = (uint16_t)(i + 1);
			m.alg = alg;
			/* Twice: the second time nothing is set up anew. */
			for (int k = 0; k < 2; k++) {
				if (keys_sign(set, &m, sig, &len,
				    &code) == 0) {
					assert_true(alg >= first[i] &&
					    alg <= last[i]);
					assert_true(is_verified(keys[i], alg,
					    sig, len, tbs, m.tbs_len));
				} else {
					assert_true(alg < first[i] ||
					    alg > last[i]);
					assert_int_equal(code,
					    LOGIN_SIGNER_CODE_ALG);
				}
			}
		}
	keys_free(set);
	for (size_t i = 0; i < 4; i++)
		EVP_PKEY_free(keys[i]);
}

static void
test_refused(void **state)
{
	static char pem[PEM_MAX];
	const char *const texts[] = { pem };
	uint8_t tbs[256], sig[LOGIN_SIGNER_SIG_MAX], code;
	struct login_signer_sign m = { .tbs = tbs, .key = 1, .alg = 1 };
	EVP_PKEY *key = signer_key_ec("P-256");
	struct keys *set;
	size_t len;

	(void)state;
	pem[0] = '\0';
	signer_pem_key(pem, sizeof(pem), key, NULL);
	set = make_keys(texts, 1, "");
	m.tbs_len = signer_tbs(tbs);
	assert_int_equal(keys_sign(set, &m, sig, &len, &code), 0);
	m.key = 2;
	assert_int_equal(keys_sign(set, &m, sig, &len, &code), -1);
	assert_int_equal(code, LOGIN_SIGNER_CODE_KEY);
	m.key = 0;
	assert_int_equal(keys_sign(set, &m, sig, &len, &code), -1);
	assert_int_equal(code, LOGIN_SIGNER_CODE_KEY);
	m.key = 1;
	m.alg = LOGIN_SIGNER_ALG_LAST + 1;
	assert_int_equal(keys_sign(set, &m, sig, &len, &code), -1);
	assert_int_equal(code, LOGIN_SIGNER_CODE_ALG);
	m.alg = 1;
	tbs[0] = 'x';
	assert_int_equal(keys_sign(set, &m, sig, &len, &code), -1);
	assert_int_equal(code, LOGIN_SIGNER_CODE_BYTES);
	assert_non_null(keys_get(set, 1));
	assert_null(keys_get(set, 2));
	keys_free(set);
	EVP_PKEY_free(key);
}

/* Keys that cannot be used are told, and the others can be. */
static void
test_faults(void **state)
{
	static char pem[4][PEM_MAX];
	static const char *const texts[] = { "no PEM", pem[0], pem[1], pem[2],
	    pem[3], "" };
	EVP_PKEY *small = signer_key_rsa(1024), *curve, *good;
	struct keys *set;

	(void)state;
	curve = signer_key_ec("secp256k1");
	good = signer_key_ec("P-256");
	signer_pem_key(pem[0], PEM_MAX, small, NULL);
	signer_pem_key(pem[1], PEM_MAX, curve, NULL);
	signer_pem_key(pem[2], PEM_MAX, good, "hush");
	signer_pem_key(pem[3], PEM_MAX, good, NULL);
	set = make_keys(texts, 6, "");
	assert_non_null(set);
	assert_int_equal(keys_count(set), 1);
	assert_non_null(keys_get(set, 5));
	assert_int_equal(ntold, 5);
	assert_non_null(strstr(told[0], "no private key in PEM"));
	assert_non_null(strstr(told[1], "RSA with 1024 bits"));
	assert_non_null(strstr(told[2], "curve"));
	assert_string_equal(told[3],
	    "is encrypted, and ssl_key_password is not set");
	assert_int_equal(told_keys[3], 4);
	assert_int_equal(told_keys[4], 6);
	keys_free(set);

	set = make_keys(texts, 6, "hush");
	assert_int_equal(keys_count(set), 2);
	assert_non_null(keys_get(set, 4));
	keys_free(set);
	set = make_keys(texts, 6, "wrong");
	assert_int_equal(keys_count(set), 1);
	assert_string_equal(told[3],
	    "cannot be decrypted with ssl_key_password");
	keys_free(set);
	EVP_PKEY_free(small);
	EVP_PKEY_free(curve);
	EVP_PKEY_free(good);
}

static void
test_malformed(void **state)
{
	(void)state;
	memset(bytes, 0, sizeof(bytes));
	assert_null(keys_new(bytes, 100, "", on_fault, NULL));
	assert_null(keys_new(bytes, 0, "", on_fault, NULL));
}

static void
test_kinds(void **state)
{
	EVP_PKEY *key;
	char text[KEYS_ERROR_MAX];

	(void)state;
	key = signer_key_ec("P-384");
	assert_int_equal(keys_kind(key, text, sizeof(text)), 0);
	assert_string_equal(text, "ECDSA P-384");
	EVP_PKEY_free(key);
	key = signer_key_ed();
	assert_int_equal(keys_kind(key, text, sizeof(text)), 0);
	assert_string_equal(text, "Ed25519");
	EVP_PKEY_free(key);
	key = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
	assert_int_equal(keys_kind(key, text, sizeof(text)), -1);
	EVP_PKEY_free(key);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sign),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_kinds),
	};

	keys_init(100000);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
