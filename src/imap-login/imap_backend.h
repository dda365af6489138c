/*
 * imap_backend: the mail host's side of an IMAP session until it has
 * accepted the user (RFC 3501, 6.2.3).
 */
#ifndef IMAP_LOGIN_IMAP_BACKEND_H
#define IMAP_LOGIN_IMAP_BACKEND_H

#include <stddef.h>

#include "login-common/protocol.h"

struct session;

/* Connected: waits for the greeting. */
void	imap_backend_start(struct session *);
/* TLS has begun behind STARTTLS: logs in. */
enum backend_result	imap_backend_secured(struct session *);
/*
 * The host is a mail process, which is logged in: the tag that it is to answer
 * with.  Without is_relayed it answers the client itself, which does not do
 * for one that wants the capabilities in a line of their own.
 */
const char	*imap_backend_local(struct session *, bool *is_relayed);
/* One line of the host. */
enum backend_result	imap_backend_line(struct session *, const char *,
			    size_t);

#endif
