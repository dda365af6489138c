/*
 * The table of SASL mechanisms.
 * Runs in: auth.
 * Hostile input: responses of clients.
 * Never: repairs a name or a password.
 */
#include "auth/mech.h"

#include <bsd/stdlib.h>
#include <string.h>
#include <strings.h>

#include "auth/scram.h"
#include "lib/strutil.h"

static const struct mech mech_table[] = {
	{ "PLAIN", mech_plain_start, mech_plain_next,
	  .proof = MECH_PROOF_PASSWORD },
	{ "LOGIN", mech_login_start, mech_login_next,
	  .proof = MECH_PROOF_PASSWORD },
	{ "OAUTHBEARER", mech_token_start, mech_token_next,
	  .proof = MECH_PROOF_TOKEN, .way = LOGIN_AUTH_WAY_OAUTHBEARER },
	{ "XOAUTH2", mech_token_start, mech_token_next,
	  .proof = MECH_PROOF_TOKEN, .way = LOGIN_AUTH_WAY_XOAUTH2 },
	{ "EXTERNAL", mech_external_start, mech_external_next,
	  .proof = MECH_PROOF_CERT },
	{ "SCRAM-SHA-1", mech_scram_start, mech_scram_next,
	  .proof = MECH_PROOF_KEY, .digest = DIGEST_SHA1 },
	{ "SCRAM-SHA-256", mech_scram_start, mech_scram_next,
	  .proof = MECH_PROOF_KEY, .digest = DIGEST_SHA256 },
};

const struct mech *
mech_find(const char *name)
{
	for (size_t i = 0; i < sizeof(mech_table) / sizeof(mech_table[0]); i++)
		if (strcasecmp(mech_table[i].name, name) == 0)
			return &mech_table[i];
	return NULL;
}

void
mech_exchange_clear(struct mech_exchange *x)
{
	explicit_bzero(x->user, sizeof(x->user));
	explicit_bzero(x->pass, sizeof(x->pass));
	if (x->scram != NULL)
		freezero(x->scram, sizeof(*x->scram));
	x->scram = NULL;
}

/* What is wrong with one half of the credentials, or NULL. */
static const char *
mech_fault(const char *p, size_t len, size_t max)
{
	if (len == 0)
		return "empty";
	if (len > max)
		return "too long";
	if (str_has_control(p, len))
		return "control character";
	if (!str_is_utf8(p, len))
		return "not UTF-8";
	return NULL;
}

bool
mech_take_user(struct mech_exchange *x, const void *p, size_t len)
{
	const char *fault = mech_fault(p, len, sizeof(x->user) - 1);

	if (fault != NULL) {
		x->reason = fault;
		return false;
	}
	memcpy(x->user, p, len);
	x->user[len] = '\0';
	return true;
}

bool
mech_take_pass(struct mech_exchange *x, const void *p, size_t len)
{
	const char *fault = mech_fault(p, len, sizeof(x->pass) - 1);

	if (fault != NULL) {
		x->reason = fault;
		return false;
	}
	memcpy(x->pass, p, len);
	x->pass[len] = '\0';
	return true;
}
