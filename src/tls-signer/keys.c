/*
 * The private keys.
 * Runs in: tls-signer.
 * Hostile input: what is to be signed; numbers of keys.
 * Never: lets a key out; decrypts; signs what is no TLS handshake's.
 */
#include "tls-signer/keys.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ipc/key_set.h"
#include "ipc/login_signer.h"
#include "lib/log.h"
#include "lib/xmem.h"
#include "tls-signer/transcript.h"

#define KEYS_RSA_BITS_MIN	2048
#define KEYS_RSA_BITS_MAX	8192
/* What a key takes of the locked memory, as PEM, as DER and as numbers. */
#define KEYS_SECURE_MIN		(UINT32_C(1) << 18)
#define KEYS_SECURE_MAX		(UINT32_C(1) << 28)
#define KEYS_SECURE_BLOCK	32

/* One private key. */
struct key {
	uint16_t	 number;
	bool		 is_client;
	EVP_PKEY	*pkey;
	/* Made when first needed, kept since that costs as much as ECDSA. */
	EVP_PKEY_CTX	*ctx[LOGIN_SIGNER_ALG_LAST + 1];
};

struct keys {
	struct key	*items;		/* by rising number */
	size_t		 n;
};

/* How an algorithm of the contract signs. */
static const struct keys_alg {
	int		 type;
	const EVP_MD	*(*md)(void);
	int		 padding;
} keys_algs[LOGIN_SIGNER_ALG_LAST + 1] = {
	[LOGIN_SIGNER_ECDSA_SHA256] = { EVP_PKEY_EC, EVP_sha256, 0 },
	[LOGIN_SIGNER_ECDSA_SHA384] = { EVP_PKEY_EC, EVP_sha384, 0 },
	[LOGIN_SIGNER_ECDSA_SHA512] = { EVP_PKEY_EC, EVP_sha512, 0 },
	[LOGIN_SIGNER_RSA_PKCS1_SHA256] =
	    { EVP_PKEY_RSA, EVP_sha256, RSA_PKCS1_PADDING },
	[LOGIN_SIGNER_RSA_PKCS1_SHA384] =
	    { EVP_PKEY_RSA, EVP_sha384, RSA_PKCS1_PADDING },
	[LOGIN_SIGNER_RSA_PKCS1_SHA512] =
	    { EVP_PKEY_RSA, EVP_sha512, RSA_PKCS1_PADDING },
	[LOGIN_SIGNER_RSA_PSS_SHA256] =
	    { EVP_PKEY_RSA, EVP_sha256, RSA_PKCS1_PSS_PADDING },
	[LOGIN_SIGNER_RSA_PSS_SHA384] =
	    { EVP_PKEY_RSA, EVP_sha384, RSA_PKCS1_PSS_PADDING },
	[LOGIN_SIGNER_RSA_PSS_SHA512] =
	    { EVP_PKEY_RSA, EVP_sha512, RSA_PKCS1_PSS_PADDING },
	[LOGIN_SIGNER_ED25519] = { EVP_PKEY_ED25519, NULL, 0 },
};

/* Curves that TLS signs with: OpenSSL's name and everybody's. */
static const char *const keys_curves[][2] = {
	{ "prime256v1", "P-256" },
	{ "secp384r1", "P-384" },
	{ "secp521r1", "P-521" },
};

void
keys_init(size_t set_bytes)
{
	size_t size = KEYS_SECURE_MIN;

	if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1)
		fatal(EXIT_FAILURE, "OpenSSL does not start");
	/* PEM is a third longer than what it says. */
	while (size < KEYS_SECURE_MAX && size < 4 * set_bytes)
		size *= 2;
	if (CRYPTO_secure_malloc_init(size, KEYS_SECURE_BLOCK) != 1)
		log_warn("no locked memory for keys");
}

static const char *
keys_curve(const EVP_PKEY *pkey)
{
	char name[64];
	size_t i;

	if (EVP_PKEY_get_group_name(pkey, name, sizeof(name), NULL) != 1)
		return NULL;
	for (i = 0; i < sizeof(keys_curves) / sizeof(keys_curves[0]); i++)
		if (strcmp(keys_curves[i][0], name) == 0)
			return keys_curves[i][1];
	return NULL;
}

int
keys_kind(const EVP_PKEY *pkey, char *text, size_t size)
{
	int bits = EVP_PKEY_get_bits(pkey);
	const char *curve;

	switch (EVP_PKEY_get_base_id(pkey)) {
	case EVP_PKEY_RSA:
		if (bits < KEYS_RSA_BITS_MIN || bits > KEYS_RSA_BITS_MAX) {
			(void)snprintf(text, size, "RSA with %d bits: %d to "
			    "%d are supported", bits, KEYS_RSA_BITS_MIN,
			    KEYS_RSA_BITS_MAX);
			return -1;
		}
		(void)snprintf(text, size, "RSA %d", bits);
		return 0;
	case EVP_PKEY_EC:
		if ((curve = keys_curve(pkey)) == NULL) {
			(void)snprintf(text, size, "a curve that TLS does "
			    "not sign with");
			return -1;
		}
		(void)snprintf(text, size, "ECDSA %s", curve);
		return 0;
	case EVP_PKEY_ED25519:
		(void)snprintf(text, size, "Ed25519");
		return 0;
	default:
		(void)snprintf(text, size, "a key that is neither RSA nor "
		    "ECDSA nor Ed25519");
		return -1;
	}
}

/* What OpenSSL asks when a key turns out to be encrypted. */
struct keys_password {
	const char	*text;
	bool		 was_asked;
};

static int
keys_on_password(char *dst, int size, int is_writing, void *arg)
{
	struct keys_password *p = arg;
	size_t len = strlen(p->text);

	(void)is_writing;
	p->was_asked = true;
	if (len == 0 || len > (size_t)size)
		return -1;
	memcpy(dst, p->text, len);
	return (int)len;
}

/* NULL with the reason in text. */
static EVP_PKEY *
keys_read(const struct key_set_key *from, const char *password, char *text,
    size_t size)
{
	struct keys_password asked = { .text = password };
	EVP_PKEY *pkey = NULL;
	BIO *bio;

	bio = BIO_new_mem_buf(from->pem, (int)from->pem_len);
	if (bio != NULL)
		pkey = PEM_read_bio_PrivateKey(bio, NULL, keys_on_password,
		    &asked);
	BIO_free(bio);
	ERR_clear_error();
	if (pkey == NULL) {
		(void)snprintf(text, size, "%s", !asked.was_asked ?
		    "holds no private key in PEM that can be read" :
		    password[0] == '\0' ?
		    "is encrypted, and ssl_key_password is not set" :
		    "cannot be decrypted with ssl_key_password");
		return NULL;
	}
	if (keys_kind(pkey, text, size) == -1) {
		EVP_PKEY_free(pkey);
		return NULL;
	}
	return pkey;
}

struct keys *
keys_new(const void *data, size_t len, const char *password, keys_fault_fn fn,
    void *arg)
{
	struct keys *keys = xcalloc(1, sizeof(*keys));
	char text[KEYS_ERROR_MAX];
	struct key_set_key from;
	struct wire_reader r;
	size_t i, n;

	n = key_set_open(&r, data, len);
	keys->items = xcalloc(n + 1, sizeof(*keys->items));
	for (i = 0; i < n && !r.has_failed; i++) {
		struct key *key = &keys->items[keys->n];

		key_set_next(&r, &from);
		if (r.has_failed)
			break;
		key->pkey = keys_read(&from, password, text, sizeof(text));
		key->number = from.key;
		key->is_client = from.is_client;
		if (keys->n > 0 && key->number <= key[-1].number)
			r.has_failed = true;
		if (key->pkey != NULL)
			keys->n++;
		else
			fn(arg, from.key, text);
	}
	if (wire_end(&r) == 0)
		return keys;
	keys_free(keys);
	return NULL;
}

void
keys_free(struct keys *keys)
{
	size_t i, k;

	if (keys == NULL)
		return;
	for (i = 0; i < keys->n; i++) {
		for (k = 0; k <= LOGIN_SIGNER_ALG_LAST; k++)
			EVP_PKEY_CTX_free(keys->items[i].ctx[k]);
		EVP_PKEY_free(keys->items[i].pkey);
	}
	free(keys->items);
	free(keys);
}

size_t
keys_count(const struct keys *keys)
{
	return keys->n;
}

static struct key *
keys_find(const struct keys *keys, uint16_t number)
{
	size_t low = 0, high = keys->n, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (keys->items[mid].number == number)
			return &keys->items[mid];
		if (keys->items[mid].number < number)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

EVP_PKEY *
keys_get(const struct keys *keys, uint16_t number)
{
	const struct key *key = keys_find(keys, number);

	return key == NULL ? NULL : key->pkey;
}

/* Ready to sign hashes; NULL when OpenSSL refuses. */
static EVP_PKEY_CTX *
keys_ctx(struct key *key, uint8_t alg)
{
	const struct keys_alg *how = &keys_algs[alg];
	EVP_PKEY_CTX *ctx;

	if (key->ctx[alg] != NULL)
		return key->ctx[alg];
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
	if (ctx != NULL && EVP_PKEY_sign_init(ctx) == 1 &&
	    (how->padding == 0 ||
	    EVP_PKEY_CTX_set_rsa_padding(ctx, how->padding) == 1) &&
	    EVP_PKEY_CTX_set_signature_md(ctx, how->md()) == 1 &&
	    (how->padding != RSA_PKCS1_PSS_PADDING ||
	    EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx,
	    RSA_PSS_SALTLEN_DIGEST) == 1)) {
		key->ctx[alg] = ctx;
		return ctx;
	}
	EVP_PKEY_CTX_free(ctx);
	return NULL;
}

static bool
keys_sign_hash(struct key *key, const struct login_signer_sign *m,
    uint8_t *sig, size_t *sig_len)
{
	EVP_PKEY_CTX *ctx = keys_ctx(key, m->alg);
	uint8_t hash[EVP_MAX_MD_SIZE];
	unsigned int hash_len;

	*sig_len = LOGIN_SIGNER_SIG_MAX;
	return ctx != NULL && EVP_Digest(m->tbs, m->tbs_len, hash, &hash_len,
	    keys_algs[m->alg].md(), NULL) == 1 &&
	    EVP_PKEY_sign(ctx, sig, sig_len, hash, hash_len) == 1;
}

/* Ed25519 wants the bytes themselves. */
static bool
keys_sign_bytes(struct key *key, const struct login_signer_sign *m,
    uint8_t *sig, size_t *sig_len)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool is_ok;

	*sig_len = LOGIN_SIGNER_SIG_MAX;
	is_ok = ctx != NULL &&
	    EVP_DigestSignInit(ctx, NULL, NULL, NULL, key->pkey) == 1 &&
	    EVP_DigestSign(ctx, sig, sig_len, m->tbs, m->tbs_len) == 1;
	EVP_MD_CTX_free(ctx);
	return is_ok;
}

int
keys_sign(struct keys *keys, const struct login_signer_sign *m, uint8_t *sig,
    size_t *sig_len, uint8_t *code)
{
	struct key *key = keys_find(keys, m->key);
	bool is_ok;

	*code = LOGIN_SIGNER_CODE_KEY;
	if (key == NULL)
		return -1;
	*code = LOGIN_SIGNER_CODE_ALG;
	if (m->alg == 0 || m->alg > LOGIN_SIGNER_ALG_LAST ||
	    EVP_PKEY_get_base_id(key->pkey) != keys_algs[m->alg].type)
		return -1;
	*code = LOGIN_SIGNER_CODE_BYTES;
	if (!transcript_is_signable(m->alg, key->is_client, m->tbs,
	    m->tbs_len))
		return -1;
	*code = LOGIN_SIGNER_CODE_FAULT;
	is_ok = keys_algs[m->alg].md == NULL ?
	    keys_sign_bytes(key, m, sig, sig_len) :
	    keys_sign_hash(key, m, sig, sig_len);
	ERR_clear_error();
	return is_ok ? 0 : -1;
}
