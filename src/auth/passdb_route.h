/*
 * passdb_route: from the fields of a row to the route of a session.  The
 * addresses must be in proxy_allowed_nets, or, when that is empty, not be
 * unspecified, link-local or multicast; our own listeners are never allowed.
 */
#ifndef AUTH_PASSDB_ROUTE_H
#define AUTH_PASSDB_ROUTE_H

#include "ipc/login_auth.h"

struct passdb_fields;
struct settings;

/* The login that a route is made for. */
struct passdb_route_login {
	const struct settings	*settings;
	uint8_t			 service;	/* enum service_id */
	const struct netaddr	*lip;	/* of the connection itself */
	const char		*user, *pass;	/* as logged in with */
	const char		*master;	/* "", or whose pass it is */
	const struct login_auth_forward *forward;	/* or NULL */
};

/*
 * All of the route but its addresses; naddrs is 0 then.  -1 when there is no
 * room for what is to be told to the host.
 */
int	passdb_route_begin(struct login_auth_route *,
	    const struct passdb_fields *, const struct passdb_route_login *)
	    __attribute__((warn_unused_result));
/* NULL, or why no session may be sent there; the port counts too. */
const char	*passdb_route_refusal(const struct netaddr *,
		    const struct passdb_route_login *);
/*
 * Adds one address, of the row's host with this number (or of none, when that
 * is beyond), with the port of the row or the service.  NULL, or why it was
 * not added.  One more than the route can hold is left out in silence.
 */
const char	*passdb_route_add(struct login_auth_route *,
		    const struct passdb_fields *, const struct netaddr *,
		    size_t host, const struct passdb_route_login *);

#endif
