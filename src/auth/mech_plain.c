/*
 * SASL PLAIN, RFC 4616: [authzid] NUL authcid NUL password.
 * Runs in: auth.
 * Hostile input: the response.
 * Never: lets a password end at a NUL.
 */
#include <string.h>

#include "auth/mech.h"

enum mech_result
mech_plain_start(struct mech_exchange *x,
    const struct login_auth_bytes *response)
{
	if (response != NULL)
		return mech_plain_next(x, response);
	x->challenge = (struct login_auth_bytes){ NULL, 0 };
	return MECH_CHALLENGE;
}

enum mech_result
mech_plain_next(struct mech_exchange *x,
    const struct login_auth_bytes *response)
{
	const uint8_t *authzid = response->data, *authcid, *pass, *end;
	size_t zlen, clen;

	if (response->len == 0)
		return MECH_BAD;
	end = response->data + response->len;
	authcid = memchr(authzid, '\0', response->len);
	if (authcid == NULL)
		return MECH_BAD;
	authcid++;
	pass = memchr(authcid, '\0', (size_t)(end - authcid));
	if (pass == NULL)
		return MECH_BAD;
	pass++;
	zlen = (size_t)(authcid - authzid) - 1;
	clen = (size_t)(pass - authcid) - 1;
	/* A third NUL is a control character of the password. */
	if (!mech_take_user(x, authcid, clen) ||
	    !mech_take_pass(x, pass, (size_t)(end - pass)))
		return MECH_REFUSED;
	if (zlen != 0 && (zlen != clen || memcmp(authzid, authcid, clen) != 0))
		return MECH_AUTHZ;
	return MECH_CREDENTIALS;
}
