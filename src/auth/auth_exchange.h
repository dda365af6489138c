/*
 * auth_exchange: requests begin here; their mechanism talks to the client
 * until there are credentials.
 */
#ifndef AUTH_AUTH_EXCHANGE_H
#define AUTH_AUTH_EXCHANGE_H

#include <stdint.h>

struct auth_request_map;
struct login_auth_bytes;
struct login_auth_request;

/* REQUEST.  -1: the id is in use or too many are open: a violation. */
int	auth_exchange_open(struct auth_request_map *, uint32_t id,
	    const struct login_auth_request *)
	    __attribute__((warn_unused_result));
/*
 * What a login of this user would lead to, for a map that is watched; it has
 * no password.  -1: something is asked already: a violation.
 */
int	auth_exchange_explain(struct auth_request_map *,
	    const struct login_auth_request *, const char *user)
	    __attribute__((warn_unused_result));
/* CONTINUE.  -1: nobody asked for it: a violation. */
int	auth_exchange_continue(struct auth_request_map *, uint32_t id,
	    const struct login_auth_bytes *)
	    __attribute__((warn_unused_result));

#endif
