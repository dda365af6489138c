/*
 * SASL OAUTHBEARER (RFC 7628) and XOAUTH2: a name, and a token for the mail
 * host.
 * Runs in: auth.
 * Hostile input: the response.
 * Never: keeps the token: the login process that has it passes it on.
 */
#include <string.h>

#include "auth/mech.h"
#include "ipc/sasl_message.h"
#include "lib/digest.h"
#include "lib/strutil.h"

enum mech_result
mech_token_start(struct mech_exchange *x,
    const struct login_auth_bytes *response)
{
	if (response != NULL)
		return mech_token_next(x, response);
	x->challenge = (struct login_auth_bytes){ NULL, 0 };
	return MECH_CHALLENGE;
}

/* A digest tells one wrong token from another as well as the token would. */
static void
mech_token_print(struct mech_exchange *x, const struct sasl_token *t)
{
	uint8_t print[DIGEST_BYTES_MAX] = { 0 };
	size_t len = digest_length(DIGEST_SHA256);

	if (digest_two(DIGEST_SHA256, t->token, t->len, NULL, 0, print) == -1)
		len = 0;
	(void)str_hex(x->pass, print, len);
}

enum mech_result
mech_token_next(struct mech_exchange *x,
    const struct login_auth_bytes *response)
{
	struct sasl_token t;

	if (response->len == 0 || sasl_token_get(&t,
	    x->mech->way == LOGIN_AUTH_WAY_XOAUTH2,
	    (const char *)response->data, response->len) == -1)
		return MECH_BAD;
	/* RFC 7628 allows none, but then nobody can tell his mail host. */
	if (!mech_take_user(x, t.user, strlen(t.user)))
		return MECH_REFUSED;
	mech_token_print(x, &t);
	return MECH_CREDENTIALS;
}
