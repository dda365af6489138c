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
#include "ipc/master_tls.h"
#include "lib/wire.h"

struct login_process;
struct signer_client;
struct tls_client;
struct tls_error;
struct tls_server;

struct login_tls {
	struct cert_set_head	 head;		/* authorities, our own */
	struct signer_client	*signer;
	struct tls_server	*server;	/* NULL: not needed yet */
	struct tls_client	*hosts;		/* NULL: not needed yet */
	/* For the context of clients, as long as there is none. */
	struct wire_reader	 entries;
	struct master_tickets	 tickets;
	bool			 is_left;	/* no handshake to come */
};

/*
 * Maps the certificates, in the jail; a fault is the master's and ends the
 * process.  signer_fd may be -1; both fds are taken.
 */
struct login_tls	*login_tls_new(const struct login_process *,
			    int certs_fd, int signer_fd);
/* Clients can have TLS. */
static inline bool
login_tls_has_certs(const struct login_tls *tls)
{
	return tls != NULL && tls->head.nentries > 0;
}
/*
 * The context of clients, made at the first call; only with certificates.
 * Most of the time that such a process lives goes into it (OpenSSL counts
 * all that it can do), so one for a single client waits until that wants TLS.
 */
struct tls_server	*login_tls_clients(const struct login_process *);
/*
 * Proves by handshakes in memory that tls-signer signs for the certificate
 * that most clients see.  Ends the process when it does not; if there is no
 * tls-signer just now, or a slow one, TLS will come with it.
 */
void	login_tls_self_test(const struct login_process *);
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
