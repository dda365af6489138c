/*
 * Keys and certificates for the tests of tls-signer.
 * Runs in: make check.
 * Hostile input: none.
 * Never: ships in a program.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "lib/wire.h"
#include "signer_fixture.h"

EVP_PKEY *
signer_key_ec(const char *curve)
{
	EVP_PKEY *key = EVP_EC_gen(curve);

	assert_non_null(key);
	return key;
}

EVP_PKEY *
signer_key_rsa(unsigned int bits)
{
	EVP_PKEY *key = EVP_RSA_gen(bits);

	assert_non_null(key);
	return key;
}

EVP_PKEY *
signer_key_ed(void)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");

	assert_non_null(key);
	return key;
}

static void
set_name(X509_NAME *name, const char *text)
{
	assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
	    (const unsigned char *)text, -1, -1, 0), 1);
}

static void
add_extension(X509 *x, int nid, const char *value)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	assert_non_null(e);
	assert_int_equal(X509_add_ext(x, e, -1), 1);
	X509_EXTENSION_free(e);
}

X509 *
signer_cert(const struct signer_cert *how)
{
	EVP_PKEY *by = how->issuer_key != NULL ? how->issuer_key : how->key;
	const EVP_MD *md = how->is_sha1 ? EVP_sha1() : EVP_sha256();
	static long serial;
	X509 *x = X509_new();

	assert_non_null(x);
	assert_int_equal(X509_set_version(x, X509_VERSION_3), 1);
	assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(x),
	    ++serial), 1);
	set_name(X509_get_subject_name(x), how->subject);
	set_name(X509_get_issuer_name(x), how->issuer != NULL ?
	    how->issuer : how->subject);
	assert_non_null(X509_gmtime_adj(X509_getm_notBefore(x), how->from_s));
	assert_non_null(X509_gmtime_adj(X509_getm_notAfter(x), how->to_s));
	assert_int_equal(X509_set_pubkey(x, how->key), 1);
	if (how->names != NULL)
		add_extension(x, NID_subject_alt_name, how->names);
	if (how->usage != NULL)
		add_extension(x, NID_ext_key_usage, how->usage);
	if (how->is_ca)
		add_extension(x, NID_basic_constraints, "critical,CA:TRUE");
	if (EVP_PKEY_get_base_id(by) == EVP_PKEY_ED25519)
		md = NULL;
	assert_true(X509_sign(x, by, md) > 0);
	return x;
}

static void
append(char *text, size_t size, BIO *bio)
{
	size_t used = strlen(text);
	char *data;
	long n = BIO_get_mem_data(bio, &data);

	assert_true(n > 0 && used + (size_t)n < size);
	memcpy(text + used, data, (size_t)n);
	text[used + (size_t)n] = '\0';
	BIO_free(bio);
}

void
signer_pem_key(char *text, size_t size, EVP_PKEY *key, const char *password)
{
	BIO *bio = BIO_new(BIO_s_mem());

	assert_int_equal(PEM_write_bio_PrivateKey(bio, key,
	    password == NULL ? NULL : EVP_aes_256_cbc(),
	    (const unsigned char *)password,
	    password == NULL ? 0 : (int)strlen(password), NULL, NULL), 1);
	append(text, size, bio);
}

void
signer_pem_cert(char *text, size_t size, X509 *x)
{
	BIO *bio = BIO_new(BIO_s_mem());

	assert_int_equal(PEM_write_bio_X509(bio, x), 1);
	append(text, size, bio);
}

void
signer_put_raw(struct wire_writer *w, const char *text)
{
	assert_true(w->len + strlen(text) <= w->size);
	memcpy(w->data + w->len, text, strlen(text));
	w->len += strlen(text);
}

size_t
signer_tbs(uint8_t dst[256])
{
	static const char context[] = "TLS 1.3, server CertificateVerify";

	memset(dst, ' ', 64);
	memcpy(dst + 64, context, sizeof(context));
	memset(dst + 64 + sizeof(context), 'h', 32);
	return 64 + sizeof(context) + 32;
}
