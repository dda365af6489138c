/* transcript: which bytes a TLS handshake signs, and nothing else. */
#ifndef TLS_SIGNER_TRANSCRIPT_H
#define TLS_SIGNER_TRANSCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * May these bytes be signed?  For a server: the CertificateVerify of TLS 1.3
 * (RFC 8446, 4.4.3) or the ServerKeyExchange of TLS 1.2 with a named curve
 * (RFC 8422, 5.4).  For a client: the CertificateVerify of TLS 1.3, or of
 * TLS 1.2, which is over all messages before it (RFC 5246, 7.4.8).
 * alg: enum login_signer_alg; TLS 1.3 does not know all of them.
 */
bool	transcript_is_signable(uint8_t alg, bool is_client,
	    const uint8_t *, size_t);

#endif
