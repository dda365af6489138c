/*
 * Hashes, and comparisons in constant time.
 * Runs in: auth, auth-worker.
 * Hostile input: passwords of clients.
 * Never: reads OpenSSL's configuration file: the jail has no files.
 */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <limits.h>
#include <string.h>

#include "lib/digest.h"

struct digest_row {
	size_t		 length;
	const EVP_MD	*(*md)(void);
};

static const struct digest_row digest_table[] = {
	[DIGEST_MD5] = { 16, EVP_md5 },
	[DIGEST_SHA1] = { 20, EVP_sha1 },
	[DIGEST_SHA256] = { 32, EVP_sha256 },
	[DIGEST_SHA512] = { 64, EVP_sha512 },
};

size_t
digest_length(enum digest_kind kind)
{
	return digest_table[kind].length;
}

int
digest_two(enum digest_kind kind, const void *a, size_t alen, const void *b,
    size_t blen, uint8_t *dst)
{
	EVP_MD_CTX *ctx;
	int result = -1;

	if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1)
		return -1;
	ctx = EVP_MD_CTX_new();
	if (ctx == NULL)
		return -1;
	if (EVP_DigestInit_ex(ctx, digest_table[kind].md(), NULL) != 1)
		goto out;
	if (alen != 0 && EVP_DigestUpdate(ctx, a, alen) != 1)
		goto out;
	if (blen != 0 && EVP_DigestUpdate(ctx, b, blen) != 1)
		goto out;
	if (EVP_DigestFinal_ex(ctx, dst, NULL) != 1)
		goto out;
	result = 0;
out:
	EVP_MD_CTX_free(ctx);
	return result;
}

int
digest_hmac(enum digest_kind kind, const void *key, size_t klen,
    const void *data, size_t len, uint8_t *dst)
{
	unsigned int n;

	if (klen > INT_MAX ||
	    OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1 ||
	    HMAC(digest_table[kind].md(), key, (int)klen, data, len, dst,
	    &n) == NULL)
		return -1;
	return 0;
}

int
digest_pbkdf2(enum digest_kind kind, const char *pass, const void *salt,
    size_t slen, uint32_t rounds, uint8_t *dst)
{
	size_t plen = strlen(pass);

	if (plen > INT_MAX || slen > INT_MAX || rounds > INT_MAX ||
	    OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1 ||
	    PKCS5_PBKDF2_HMAC(pass, (int)plen, salt, (int)slen, (int)rounds,
	    digest_table[kind].md(), (int)digest_length(kind), dst) != 1)
		return -1;
	return 0;
}

bool
digest_equal(const void *a, const void *b, size_t n)
{
	return CRYPTO_memcmp(a, b, n) == 0;
}
