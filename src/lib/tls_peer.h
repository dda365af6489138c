/*
 * tls_peer: what the certificate says that the peer of a connection has
 * shown, after the handshake.  A session that was resumed has the certificate
 * of the first one.
 */
#ifndef LIB_TLS_PEER_H
#define LIB_TLS_PEER_H

#include <stddef.h>
#include <stdint.h>

struct tls;

/*
 * The verified certificate's subject (RFC 4514), and one field of it by the
 * field's name ("commonName"); foreign text.  "" when there is no verified
 * certificate, no such field or more than one, or its text is not clean or
 * does not fit.
 */
void	tls_peer_subject(const struct tls *, char *dst, size_t size);
void	tls_peer_name(const struct tls *, const char *field, char *dst,
	    size_t size);

#define TLS_PRINT_MAX	64	/* SHA-512 */

/*
 * Fingerprints of the certificate and of its key (SubjectPublicKeyInfo,
 * RFC 5280, 4.1.2.7), both in DER, whoever vouches for them or not; the peer
 * has the private key.  hash: "sha256", "sha384" or "sha512".  How long each
 * of them is, or 0 when the peer has shown no certificate.
 */
size_t	tls_peer_prints(const struct tls *, const char *hash,
	    uint8_t cert[TLS_PRINT_MAX], uint8_t key[TLS_PRINT_MAX]);

#endif
