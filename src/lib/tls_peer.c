/*
 * What the peer's certificate says.
 * Runs in: login processes.
 * Hostile input: certificates that peers have shown; names in them.
 * Never: tells a name that nobody has vouched for.
 */
#include "lib/tls_peer.h"

#include <openssl/x509v3.h>

#include <string.h>

#include "lib/strutil.h"
#include "lib/tls_internal.h"

X509 *
tls_peer_verified(const struct tls *t)
{
	if (SSL_get_verify_mode(t->ssl) == SSL_VERIFY_NONE ||
	    SSL_get_verify_result(t->ssl) != X509_V_OK)
		return NULL;
	return SSL_get0_peer_certificate(t->ssl);
}

void
tls_peer_subject(const struct tls *t, char *dst, size_t size)
{
	X509 *peer = tls_peer_verified(t);
	BIO *bio = peer == NULL ? NULL : BIO_new(BIO_s_mem());
	char *text;
	long len;

	dst[0] = '\0';
	if (bio == NULL)
		return;
	if (X509_NAME_print_ex(bio, X509_get_subject_name(peer), 0,
	    XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB) >= 0 &&
	    (len = BIO_get_mem_data(bio, &text)) > 0 &&
	    str_is_utf8(text, (size_t)len) &&
	    !str_has_control(text, (size_t)len))
		(void)!str_copy(dst, size, text, (size_t)len);
	BIO_free(bio);
}

void
tls_peer_name(const struct tls *t, const char *field, char *dst, size_t size)
{
	X509 *peer = tls_peer_verified(t);
	int at, len, nid = OBJ_txt2nid(field);
	const X509_NAME *name;
	unsigned char *text = NULL;

	dst[0] = '\0';
	if (peer == NULL || nid == NID_undef)
		return;
	name = X509_get_subject_name(peer);
	at = X509_NAME_get_index_by_NID(name, nid, -1);
	/* With two of them nobody can say which one is meant. */
	if (at < 0 || X509_NAME_get_index_by_NID(name, nid, at) >= 0)
		return;
	len = ASN1_STRING_to_UTF8(&text,
	    X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
	if (len > 0 && str_is_utf8((char *)text, (size_t)len) &&
	    !str_has_control((char *)text, (size_t)len))
		(void)!str_copy(dst, size, (char *)text, (size_t)len);
	OPENSSL_free(text);
}

static const EVP_MD *
tls_peer_hash(const char *name)
{
	static const struct {
		const char	*name;
		const EVP_MD	*(*get)(void);
	} rows[] = {
		{ "sha256", EVP_sha256 },
		{ "sha384", EVP_sha384 },
		{ "sha512", EVP_sha512 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(name, rows[i].name) == 0)
			return rows[i].get();
	return NULL;
}

/* The key as it stands in the certificate: SubjectPublicKeyInfo, in DER. */
static int
tls_peer_key_print(const X509 *peer, const EVP_MD *md, uint8_t *dst,
    unsigned int *len)
{
	unsigned char *der = NULL;
	int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(peer), &der);
	int result;

	result = n > 0 && EVP_Digest(der, (size_t)n, dst, len, md, NULL) == 1 ?
	    0 : -1;
	OPENSSL_free(der);
	return result;
}

size_t
tls_peer_prints(const struct tls *t, const char *hash,
    uint8_t cert[TLS_PRINT_MAX], uint8_t key[TLS_PRINT_MAX])
{
	const EVP_MD *md = tls_peer_hash(hash);
	X509 *peer;
	unsigned int len, key_len;

	/* Before that, nobody has proven to have the key. */
	if (!t->is_done || md == NULL ||
	    (peer = SSL_get0_peer_certificate(t->ssl)) == NULL ||
	    X509_digest(peer, md, cert, &len) != 1 ||
	    tls_peer_key_print(peer, md, key, &key_len) == -1)
		return 0;
	return len;
}
