/*
 * SASL SCRAM-SHA-256 (RFC 7677) and SCRAM-SHA-1 (RFC 5802).
 * Runs in: auth.
 * Hostile input: the responses.
 * Never: lets a client choose the whole nonce.
 */
#include <bsd/string.h>
#include <string.h>

#include "auth/mech.h"
#include "auth/scram.h"
#include "lib/base64.h"
#include "lib/rnd.h"
#include "lib/xmem.h"

/* Random bytes that are SCRAM_OWN_NONCE_LEN characters. */
#define MECH_SCRAM_RANDOM	(SCRAM_OWN_NONCE_LEN / 4 * 3)

static enum mech_result
mech_scram_first(struct mech_exchange *x, const struct login_auth_bytes *m)
{
	struct scram_names names = { .user = "" };

	x->scram = xcalloc(1, sizeof(*x->scram));
	x->scram->digest = x->mech->digest;
	if (scram_begin(x->scram, m->data, m->len, &names) != SCRAM_OK)
		return MECH_BAD;
	if (!mech_take_user(x, names.user, strlen(names.user)))
		return MECH_REFUSED;
	if (names.authzid[0] != '\0' && strcmp(names.authzid, x->user) != 0)
		return MECH_AUTHZ;
	return MECH_CREDENTIALS;
}

enum mech_result
mech_scram_start(struct mech_exchange *x,
    const struct login_auth_bytes *response)
{
	uint8_t random[MECH_SCRAM_RANDOM];

	/*
	 * Our part of the nonce: made now, since no two tries are the same to
	 * those who count wrong passwords.
	 */
	rnd_bytes(random, sizeof(random));
	if (base64_encode(x->pass, sizeof(x->pass), random,
	    sizeof(random)) == -1)
		x->pass[0] = '\0';
	if (response != NULL)
		return mech_scram_first(x, response);
	x->challenge = (struct login_auth_bytes){ NULL, 0 };
	return MECH_CHALLENGE;
}

static enum mech_result
mech_scram_say(struct mech_exchange *x)
{
	x->challenge.data = (const uint8_t *)x->scram->text;
	x->challenge.len = x->scram->text_len;
	return MECH_CHALLENGE;
}

enum mech_result
mech_scram_ask(struct mech_exchange *x)
{
	scram_challenge(x->scram, x->pass);
	return mech_scram_say(x);
}

enum mech_result
mech_scram_next(struct mech_exchange *x,
    const struct login_auth_bytes *response)
{
	if (x->scram == NULL)
		return mech_scram_first(x, response);
	/* Our proof was taken: RFC 5802, 5, and RFC 4422, 3.6. */
	if (x->scram->is_over)
		return response->len == 0 ? MECH_PROVEN : MECH_BAD;
	switch (scram_end(x->scram, response->data, response->len)) {
	case SCRAM_OK:
		return mech_scram_say(x);
	case SCRAM_WRONG:
		return MECH_DISPROVEN;
	case SCRAM_FAULT:
	case SCRAM_BAD:
		break;
	}
	return MECH_BAD;
}
