/*
 * tls_sign: how a TLS handshake asks for a signature by a key that this
 * process does not hold.
 */
#ifndef LIB_TLS_SIGN_H
#define LIB_TLS_SIGN_H

#include <stddef.h>
#include <stdint.h>

/*
 * What is signed, at most: TLS 1.3 signs 146 bytes, TLS 1.2 the randoms and
 * the parameters of a curve, 200 bytes.
 */
#define TLS_SIGN_TBS_MAX	8192
/* The longest signature: RSA with 8192 bits. */
#define TLS_SIGN_MAX		1024

/* The numbers are those of the wire, see ipc/login_signer.h. */
enum tls_sign_alg {
	TLS_SIGN_ECDSA_SHA256 = 1,
	TLS_SIGN_ECDSA_SHA384 = 2,
	TLS_SIGN_ECDSA_SHA512 = 3,
	TLS_SIGN_RSA_PKCS1_SHA256 = 4,
	TLS_SIGN_RSA_PKCS1_SHA384 = 5,
	TLS_SIGN_RSA_PKCS1_SHA512 = 6,
	TLS_SIGN_RSA_PSS_SHA256 = 7,	/* salt as long as the hash */
	TLS_SIGN_RSA_PSS_SHA384 = 8,
	TLS_SIGN_RSA_PSS_SHA512 = 9,
	TLS_SIGN_ED25519 = 10,
};

#define TLS_SIGN_ALG_MAX	TLS_SIGN_ED25519

struct tls_sign_request {
	uint16_t		 key;	/* the number that the caller gave */
	enum tls_sign_alg	 alg;
	const uint8_t		*tbs;	/* not hashed yet */
	size_t			 tbs_len;
};

/*
 * Signs: up to sig_max bytes to sig, *sig_len says how many; ECDSA as DER.
 * -1 when there is no signature: the handshake fails with internal_error.
 * Returns within a time that a client can wait.
 */
typedef int (*tls_sign_fn)(void *arg, const struct tls_sign_request *,
    uint8_t *sig, size_t sig_max, size_t *sig_len);

#endif
