/*
 * auth_proof: what a row means for a client that shows no password: one with
 * a token, which the mail host looks at, with a certificate, or one that
 * proves by SCRAM that it knows the key in its row.
 */
#ifndef AUTH_AUTH_PROOF_H
#define AUTH_AUTH_PROOF_H

#include <stdbool.h>

#include "auth/mech.h"
#include "auth/passdb.h"

struct auth_request;
struct login_auth_route;

/* Rounds and bytes of salt of nobody's key where no other was seen. */
#define AUTH_PROOF_ROUNDS	4096	/* RFC 7677, section 4 */
#define AUTH_PROOF_SALT		16

enum mech_proof	auth_proof(const struct auth_request *);
/* The rule for the password of the row at hand; a reason for REFUSE. */
enum passdb_password	auth_proof_rule(const struct auth_request *,
			    const char **reason);
/*
 * Asks the client to prove that it knows the key in the row at hand.  false:
 * the row has none of this kind.
 */
bool		auth_proof_ask(struct auth_request *);
/*
 * Asks in the same way where there is no key, so that it cannot be seen.
 * false: it has been asked, or is not one that is.
 */
bool		auth_proof_pretend(struct auth_request *);
/*
 * How the route's host is logged in to: NULL, and the route's way and
 * password are what they must be, or why it cannot be done.
 */
const char	*auth_proof_way(const struct auth_request *,
		    struct login_auth_route *);
/* Has somebody here made sure of the user, so that no host has to? */
bool		auth_proof_is_verified(const struct auth_request *);

#endif
