/*
 * tls_context: policies, certificates and authorities, as both sides use them.
 * Runs in: login processes.
 * Hostile input: none; certificates come from the master.
 * Never: opens a file.
 */
#include "lib/tls_internal.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "lib/strutil.h"

/* Forward secrecy and authenticated encryption, nothing else. */
#define TLS_CIPHERS	"ECDHE+AESGCM:ECDHE+CHACHA20"
#define TLS_GROUPS	"X25519:P-256:P-384"
/* No SHA-1; these are what tls_sign.h can ask for. */
#define TLS_SIGALGS							\
	"ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:ed25519:"		\
	"RSA-PSS+SHA256:RSA-PSS+SHA384:RSA-PSS+SHA512:"			\
	"RSA+SHA256:RSA+SHA384:RSA+SHA512"

void
tls_fault(struct tls_error *error, const char *what)
{
	unsigned long code = ERR_peek_error();
	const char *why = code == 0 ? NULL : ERR_reason_error_string(code);
	char text[TLS_ERROR_MAX];

	(void)snprintf(text, sizeof(text), "%s%s%s", what,
	    why == NULL ? "" : ": ", why == NULL ? "" : why);
	str_copy_clean(error->text, sizeof(error->text), text, strlen(text));
	ERR_clear_error();
}

static int
context_policy(SSL_CTX *ctx, const struct tls_policy *p,
    struct tls_error *error)
{
	const char *ciphers = p->ciphers == NULL ? TLS_CIPHERS : p->ciphers;
	const char *groups = p->groups == NULL ? TLS_GROUPS : p->groups;
	int min = p->min == TLS_VERSION_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION;
	int max = p->max == TLS_VERSION_1_2 ? TLS1_2_VERSION : TLS1_3_VERSION;

	if (SSL_CTX_set_min_proto_version(ctx, min) != 1 ||
	    SSL_CTX_set_max_proto_version(ctx, max) != 1) {
		tls_fault(error, "protocol versions");
		return -1;
	}
	if (SSL_CTX_set_cipher_list(ctx, ciphers) != 1) {
		tls_fault(error, "ciphers of TLS 1.2");
		return -1;
	}
	if (p->suites != NULL &&
	    SSL_CTX_set_ciphersuites(ctx, p->suites) != 1) {
		tls_fault(error, "cipher suites of TLS 1.3");
		return -1;
	}
	if (SSL_CTX_set1_groups_list(ctx, groups) != 1) {
		tls_fault(error, "curves");
		return -1;
	}
	if (p->prefers_server)
		SSL_CTX_set_options(ctx, SSL_OP_CIPHER_SERVER_PREFERENCE |
		    SSL_OP_PRIORITIZE_CHACHA);
	return 0;
}

SSL_CTX *
tls_context_new(const SSL_METHOD *method, const struct tls_policy *policy,
    struct tls_error *error)
{
	SSL_CTX *ctx = SSL_CTX_new(method);

	if (ctx == NULL) {
		tls_fault(error, "OpenSSL");
		return NULL;
	}
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION |
	    SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_read_ahead(ctx, 1);
	SSL_CTX_set_info_callback(ctx, tls_on_event);
	if (SSL_CTX_set1_sigalgs_list(ctx, TLS_SIGALGS) != 1) {
		tls_fault(error, "signatures");
		goto bad;
	}
	if (context_policy(ctx, policy, error) == -1)
		goto bad;
	return ctx;
bad:
	SSL_CTX_free(ctx);
	return NULL;
}

/* Borrowed bytes as something to read; NULL when there are too many. */
static BIO *
context_bytes(const char *pem, size_t len)
{
	return len > INT_MAX ? NULL : BIO_new_mem_buf(pem, (int)len);
}

/* The end of a PEM file looks like an error. */
static bool
context_is_end(void)
{
	unsigned long code = ERR_peek_last_error();

	return code == 0 || (ERR_GET_LIB(code) == ERR_LIB_PEM &&
	    ERR_GET_REASON(code) == PEM_R_NO_START_LINE);
}

static int
identity_parse(struct tls_identity *id, BIO *bio)
{
	X509 *next;

	id->leaf = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	id->rest = sk_X509_new_null();
	if (id->leaf == NULL || id->rest == NULL)
		return -1;
	while ((next = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
		if (sk_X509_push(id->rest, next) <= 0) {
			X509_free(next);
			return -1;
		}
	}
	if (!context_is_end())
		return -1;
	ERR_clear_error();
	return 0;
}

int
tls_identity_load(struct tls_identity *id, const struct tls_chain *chain,
    const struct tls_signer *signer, struct tls_error *error)
{
	BIO *bio;

	ERR_clear_error();
	memset(id, 0, sizeof(*id));
	bio = context_bytes(chain->pem, chain->pem_len);
	if (bio == NULL || identity_parse(id, bio) == -1)
		tls_fault(error, "certificate");
	else {
		id->key = tls_provider_key(X509_get0_pubkey(id->leaf),
		    chain->key, signer);
		if (id->key == NULL)
			tls_fault(error, "certificate: not a kind of key that "
			    "is used here");
	}
	BIO_free(bio);
	if (id->key != NULL)
		return 0;
	tls_identity_clear(id);
	return -1;
}

void
tls_identity_clear(struct tls_identity *id)
{
	X509_free(id->leaf);
	sk_X509_pop_free(id->rest, X509_free);
	EVP_PKEY_free(id->key);
	memset(id, 0, sizeof(*id));
}

int
tls_identity_use(const struct tls_identity *id, SSL_CTX *ctx, SSL *ssl)
{
	int result = ctx != NULL ?
	    SSL_CTX_use_cert_and_key(ctx, id->leaf, id->key, id->rest, 1) :
	    SSL_use_cert_and_key(ssl, id->leaf, id->key, id->rest, 1);

	return result == 1 ? 0 : -1;
}

static int
store_add_name(STACK_OF(X509_NAME) *names, const X509 *x509)
{
	X509_NAME *name = X509_NAME_dup(X509_get_subject_name(x509));

	if (name != NULL && sk_X509_NAME_push(names, name) > 0)
		return 0;
	X509_NAME_free(name);
	return -1;
}

/* A certificate, a CRL, or both. */
static int
store_add(X509_STORE *store, const X509_INFO *info,
    STACK_OF(X509_NAME) *names, bool *has_crl)
{
	if (info->x509 != NULL) {
		if (X509_STORE_add_cert(store, info->x509) != 1)
			return -1;
		if (names != NULL && store_add_name(names, info->x509) == -1)
			return -1;
	}
	if (info->crl != NULL) {
		*has_crl = true;
		if (X509_STORE_add_crl(store, info->crl) != 1)
			return -1;
	}
	return 0;
}

int
tls_store_fill(X509_STORE *store, const char *pem, size_t len,
    STACK_OF(X509_NAME) *names, struct tls_error *error)
{
	BIO *bio = context_bytes(pem, len);
	STACK_OF(X509_INFO) *list = NULL;
	bool has_crl = false;
	int i, result = -1;

	ERR_clear_error();
	if (bio != NULL)
		list = PEM_X509_INFO_read_bio(bio, NULL, NULL, NULL);
	if (list == NULL || sk_X509_INFO_num(list) == 0)
		goto out;
	for (i = 0; i < sk_X509_INFO_num(list); i++)
		if (store_add(store, sk_X509_INFO_value(list, i), names,
		    &has_crl) == -1)
			goto out;
	if (has_crl)
		X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK);
	result = 0;
out:
	if (result == -1)
		tls_fault(error, "certificates of authorities");
	sk_X509_INFO_pop_free(list, X509_INFO_free);
	BIO_free(bio);
	return result;
}
