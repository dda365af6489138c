/*
 * login_tls: what a login process has for TLS: the certificates that the
 * master sent, keys of tickets, and the way to tls-signer, which holds the
 * private keys.  A process without certificates has none of it, and nothing
 * of OpenSSL is initialised there.
 */
#ifndef LOGIN_COMMON_LOGIN_TLS_H
#define LOGIN_COMMON_LOGIN_TLS_H

#include <stdbool.h>
#include <stddef.h>

#include "ipc/cert_set.h"

struct login_process;
struct master_tickets;
struct signer_client;
struct tls_client;
struct tls_error;
struct tls_server;

struct login_tls {
	struct cert_set_head	 head;		/* authorities, our own */
	struct signer_client	*signer;
	struct tls_server	*server;	/* NULL: none for clients */
	struct tls_client	*hosts;		/* NULL: not needed yet */
	bool			 is_left;	/* no handshake to come */
};

/*
 * Maps the certificates and makes the context of clients, in the jail; a
 * fault is the master's and ends the process.  signer_fd may be -1; both fds
 * are taken.
 */
struct login_tls	*login_tls_new(const struct login_process *,
			    int certs_fd, int signer_fd);
/*
 * Proves by handshakes in memory that tls-signer signs for the certificate
 * that most clients see.  Ends the process when it does not; if there is no
 * tls-signer just now, or a slow one, TLS will come with it.
 */
void	login_tls_self_test(struct login_tls *);
/*
 * The context of mail hosts, made when the first of them wants TLS; NULL with
 * the fault.
 */
struct tls_client	*login_tls_hosts(struct login_process *,
			    struct tls_error *);
/* New keys of tickets, which are wiped here. */
void	login_tls_tickets(struct login_tls *, struct master_tickets *);
/* A new channel to tls-signer; NULL: the fd is closed. */
void	login_tls_signer(struct login_tls *, int fd);
/* There will be no handshake any more: tls-signer is not needed. */
void	login_tls_leave(struct login_tls *);

#endif
