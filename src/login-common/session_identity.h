/*
 * session_identity: who a session's client is: what a trusted proxy says of
 * it, and what its mail host is told.
 */
#ifndef LOGIN_COMMON_SESSION_IDENTITY_H
#define LOGIN_COMMON_SESSION_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/netaddr.h"

struct identity;
struct login_auth_forward;
struct session;

/*
 * So many connections may follow one another from proxy to proxy until a mail
 * host is reached: more of them is a loop.
 */
#define SESSION_TTL	5

/*
 * The connection's addresses are known, and so whether its other end may say
 * who the client is.
 */
void	session_identity_begin(struct session *);
/* Forgets what was said in clear: TLS begins. */
void	session_identity_reset(struct session *);
/*
 * Takes what one command said.  From who is not trusted only the TTL counts,
 * since it can do no more than end his own session.  -1: a trusted proxy says
 * what cannot be; nothing was taken.
 */
int	session_identity_take(struct session *, const struct identity *)
	    __attribute__((warn_unused_result));
/* This session came through too many proxies: it may not be sent on. */
bool	session_identity_is_loop(const struct session *);

/* Is the mail host of the route told who the client is? */
bool	session_identity_is_told(const struct session *);
/* The rest of what it is told, beside the session's addresses and id. */
uint8_t	session_identity_next_ttl(const struct session *);
const char	*session_identity_transport(const struct session *);

#endif
