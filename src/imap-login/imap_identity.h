/*
 * imap_identity: ID (RFC 2971) as proxies use it, as Dovecot does: a trusted
 * proxy tells us who the client is, and we tell the mail host.
 */
#ifndef IMAP_LOGIN_IMAP_IDENTITY_H
#define IMAP_LOGIN_IMAP_IDENTITY_H

#include "imap-login/imap_parse.h"

struct session;

/*
 * Takes what an ID command says; -1 when a trusted proxy says what cannot be.
 * Fields that mean nothing here are passed over.
 */
int	imap_identity_take(struct session *, const struct imap_token *list,
	    const char *buf) __attribute__((warn_unused_result));
/*
 * Queues ID with this tag to the mail host: addresses, ports, session, TTL,
 * transport, and what is to be forwarded, but for values that are not ASCII:
 * they would need a literal, and the host to ask for it.
 */
void	imap_identity_put(struct session *, const char *tag);

#endif
