/*
 * pop3_backend: the mail host's side of a POP3 session until it has accepted
 * the user (RFC 1939, 7).
 */
#ifndef POP3_LOGIN_POP3_BACKEND_H
#define POP3_LOGIN_POP3_BACKEND_H

#include <stddef.h>

#include "login-common/protocol.h"

struct session;

/* Connected: waits for the greeting. */
void	pop3_backend_start(struct session *);
/* TLS has begun behind STLS: logs in. */
enum backend_result	pop3_backend_secured(struct session *);
/* The host is a mail process, which is logged in and says so: "". */
const char	*pop3_backend_local(struct session *, bool *is_relayed);
/* One line of the host. */
enum backend_result	pop3_backend_line(struct session *, const char *,
			    size_t);

#endif
