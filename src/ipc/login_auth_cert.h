/*
 * login_auth_cert: the part of a request that says which certificate the
 * client has shown: by its fingerprints, as nobody need vouch for it.
 */
#ifndef IPC_LOGIN_AUTH_CERT_H
#define IPC_LOGIN_AUTH_CERT_H

#include <stdbool.h>
#include <stdint.h>

struct wire_reader;
struct wire_writer;

#define LOGIN_AUTH_PRINT_MAX	64	/* SHA-512; also SHA-256, SHA-384 */

struct login_auth_cert {
	bool	 is_verified;	/* somebody whom we trust has signed it */
	uint8_t	 len;		/* of a fingerprint; 0: no certificate */
	uint8_t	 print[LOGIN_AUTH_PRINT_MAX];	/* of the certificate */
	uint8_t	 key_print[LOGIN_AUTH_PRINT_MAX];	/* of its key */
};

void	login_auth_cert_put(struct wire_writer *,
	    const struct login_auth_cert *);
/* Fails on other lengths than those hashes have. */
void	login_auth_cert_get(struct wire_reader *, struct login_auth_cert *);

#endif
