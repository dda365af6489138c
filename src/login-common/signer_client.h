/*
 * signer_client: the login process's side of its channel to tls-signer.
 *
 * Synchronous: the process stands still until the signature is there, for
 * LOGIN_SIGNER_WAIT_MS at most.  A tls-signer that was too slow is not waited
 * for again before it has answered: a stuck one costs one such pause.
 */
#ifndef LOGIN_COMMON_SIGNER_CLIENT_H
#define LOGIN_COMMON_SIGNER_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/tls_sign.h"

struct signer_client;

/* Without a channel at first: then nothing is signed. */
struct signer_client	*signer_client_new(uint16_t role);
void	signer_client_free(struct signer_client *);
/* Takes a channel (its fd) in place of the one of before. */
void	signer_client_open(struct signer_client *, int fd);
/* Lets go of its channel, if it has one. */
void	signer_client_close(struct signer_client *);
/* There is a tls-signer, as far as is known. */
bool	signer_client_is_open(const struct signer_client *);
/* It has not answered in time, and is not asked before it does. */
bool	signer_client_is_late(const struct signer_client *);
/* A tls_sign_fn; arg is a struct signer_client. */
int	signer_client_sign(void *arg, const struct tls_sign_request *,
	    uint8_t *sig, size_t sig_max, size_t *sig_len);

#endif
