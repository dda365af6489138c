/*
 * SASL LOGIN: two prompts (draft-murchison-sasl-login).
 * Runs in: auth.
 * Hostile input: the responses.
 * Never: tells by its prompts whether a name was good.
 */
#include "auth/mech.h"

static const char mech_login_prompts[][10] = { "Username:", "Password:" };

/* What is awaited: a name, then a password, whatever the name was. */
enum mech_login_step {
	MECH_LOGIN_USER,
	MECH_LOGIN_PASS,
	MECH_LOGIN_BAD_USER,
};

static enum mech_result
mech_login_ask(struct mech_exchange *x, enum mech_login_step step)
{
	x->step = step;
	x->challenge.data = (const uint8_t *)
	    mech_login_prompts[step != MECH_LOGIN_USER];
	x->challenge.len = sizeof(mech_login_prompts[0]) - 1;
	return MECH_CHALLENGE;
}

enum mech_result
mech_login_start(struct mech_exchange *x,
    const struct login_auth_bytes *response)
{
	if (response != NULL)
		return mech_login_next(x, response);
	return mech_login_ask(x, MECH_LOGIN_USER);
}

enum mech_result
mech_login_next(struct mech_exchange *x,
    const struct login_auth_bytes *response)
{
	if (x->step == MECH_LOGIN_USER)
		return mech_login_ask(x, mech_take_user(x, response->data,
		    response->len) ? MECH_LOGIN_PASS : MECH_LOGIN_BAD_USER);
	if (x->step == MECH_LOGIN_BAD_USER ||
	    !mech_take_pass(x, response->data, response->len))
		return MECH_REFUSED;
	return MECH_CREDENTIALS;
}
