/*
 * SASL EXTERNAL (RFC 4422, appendix A): the user is whom the client's
 * certificate names.
 * Runs in: auth.
 * Hostile input: the response; the name, as a login process says it.
 * Never: lets anybody act for somebody else.
 */
#include <string.h>

#include "auth/mech.h"

enum mech_result
mech_external_start(struct mech_exchange *x,
    const struct login_auth_bytes *response)
{
	if (x->cert_user[0] == '\0')
		return MECH_ABSENT;
	if (response != NULL)
		return mech_external_next(x, response);
	x->challenge = (struct login_auth_bytes){ NULL, 0 };
	return MECH_CHALLENGE;
}

enum mech_result
mech_external_next(struct mech_exchange *x,
    const struct login_auth_bytes *response)
{
	size_t len = strlen(x->cert_user);

	if (!mech_take_user(x, x->cert_user, len))
		return MECH_REFUSED;
	if (response->len != 0 && (response->len != len ||
	    memcmp(response->data, x->cert_user, len) != 0))
		return MECH_AUTHZ;
	return MECH_CREDENTIALS;
}
