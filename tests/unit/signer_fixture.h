/* signer_fixture: keys and certificates made for a test, as sets. */
#ifndef TESTS_UNIT_SIGNER_FIXTURE_H
#define TESTS_UNIT_SIGNER_FIXTURE_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wire_writer;

#define SIGNER_DAY_S	86400L

/* How a certificate is made. */
struct signer_cert {
	const char	*subject;	/* common name */
	const char	*names;		/* subjectAltName, or NULL */
	const char	*issuer;	/* NULL: itself */
	EVP_PKEY	*key, *issuer_key;	/* issuer_key NULL: key */
	long		 from_s, to_s;	/* from now */
	const char	*usage;		/* extendedKeyUsage, or NULL */
	bool		 is_sha1, is_ca;
};

EVP_PKEY	*signer_key_ec(const char *curve);
EVP_PKEY	*signer_key_rsa(unsigned int bits);
EVP_PKEY	*signer_key_ed(void);
X509		*signer_cert(const struct signer_cert *);
/* PEM appended to text of size bytes; password NULL: not encrypted. */
void	signer_pem_key(char *text, size_t size, EVP_PKEY *,
	    const char *password);
void	signer_pem_cert(char *text, size_t size, X509 *);
/* Appends a text to what a writer has written. */
void	signer_put_raw(struct wire_writer *, const char *);
/* What a server of TLS 1.3 signs; 130 bytes. */
size_t	signer_tbs(uint8_t dst[256]);

#endif
