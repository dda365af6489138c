/*
 * login_signer: a login process asks tls-signer to sign a TLS handshake.
 *
 * Trust: the signer treats the login process as hostile (a violation closes
 * that channel only); the login process trusts the signer, but waits for it
 * no longer than LOGIN_SIGNER_WAIT_MS.  The id is chosen by the login process
 * and comes back in the answer, so that a late one is known as such.
 * Each SIGN has one answer.  What is not a TLS handshake's to sign is refused,
 * as are unknown keys and more than LOGIN_SIGNER_RATE requests a second.
 * There is no other request: nothing decrypts, nothing hands out a key.
 */
#ifndef IPC_LOGIN_SIGNER_H
#define IPC_LOGIN_SIGNER_H

#include <stddef.h>
#include <stdint.h>

#include "lib/channel.h"

#define LOGIN_SIGNER_VERSION	1

extern const struct channel_contract login_signer_contract;

enum login_signer_type {
	/* login to signer */
	LOGIN_SIGNER_SIGN = 1,
	/* signer to login */
	LOGIN_SIGNER_SIGNED = 101,
	LOGIN_SIGNER_REFUSED = 102,
};

#define LOGIN_SIGNER_TBS_MAX	8192
#define LOGIN_SIGNER_SIG_MAX	1024	/* RSA with 8192 bits */
/* Open requests of a channel; more are refused.  A handshake has one. */
#define LOGIN_SIGNER_OPEN_MAX	4
/* Requests of a channel in a second. */
#define LOGIN_SIGNER_RATE	2000
/* Then the handshake has failed. */
#define LOGIN_SIGNER_WAIT_MS	500

/* The numbers of lib/tls_sign.h, which the master's code must not see. */
enum login_signer_alg {
	LOGIN_SIGNER_ECDSA_SHA256 = 1,
	LOGIN_SIGNER_ECDSA_SHA384 = 2,
	LOGIN_SIGNER_ECDSA_SHA512 = 3,
	LOGIN_SIGNER_RSA_PKCS1_SHA256 = 4,
	LOGIN_SIGNER_RSA_PKCS1_SHA384 = 5,
	LOGIN_SIGNER_RSA_PKCS1_SHA512 = 6,
	LOGIN_SIGNER_RSA_PSS_SHA256 = 7,	/* salt as long as the hash */
	LOGIN_SIGNER_RSA_PSS_SHA384 = 8,
	LOGIN_SIGNER_RSA_PSS_SHA512 = 9,
	LOGIN_SIGNER_ED25519 = 10,
};
#define LOGIN_SIGNER_ALG_LAST	LOGIN_SIGNER_ED25519

/* A run of bytes, borrowed: from the body after _get, the caller's on _put. */
struct login_signer_sign {
	uint16_t	 key;		/* as in the certificates (cert_set) */
	uint8_t		 alg;		/* enum login_signer_alg, not 0 */
	const uint8_t	*tbs;		/* to be signed, not hashed yet */
	size_t		 tbs_len;
};

struct login_signer_signed {
	const uint8_t	*sig;		/* ECDSA: DER */
	size_t		 sig_len;
};

enum login_signer_code {
	LOGIN_SIGNER_CODE_KEY,		/* no such key */
	LOGIN_SIGNER_CODE_ALG,		/* not with this key */
	LOGIN_SIGNER_CODE_BYTES,	/* not a TLS handshake's */
	LOGIN_SIGNER_CODE_RATE,		/* too many */
	LOGIN_SIGNER_CODE_FAULT,	/* ours */
};
#define LOGIN_SIGNER_CODE_LAST	LOGIN_SIGNER_CODE_FAULT

struct login_signer_refused {
	uint8_t	 code;			/* enum login_signer_code */
};

void	login_signer_sign_put(struct wire_writer *,
	    const struct login_signer_sign *);
int	login_signer_sign_get(struct wire_reader *,
	    struct login_signer_sign *);
void	login_signer_signed_put(struct wire_writer *,
	    const struct login_signer_signed *);
int	login_signer_signed_get(struct wire_reader *,
	    struct login_signer_signed *);
void	login_signer_refused_put(struct wire_writer *,
	    const struct login_signer_refused *);
int	login_signer_refused_get(struct wire_reader *,
	    struct login_signer_refused *);

#endif
