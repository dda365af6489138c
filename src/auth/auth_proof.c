/*
 * Clients that show a token, a certificate or the knowledge of a key.
 * Runs in: auth.
 * Hostile input: none: mechanisms have checked what came from clients.
 * Never: lets a token pass for a password; sends a user to a host that asks
 * for nothing unless he was verified here.
 */
#include "auth/auth_proof.h"

#include <bsd/string.h>
#include <string.h>

#include "auth/auth_master.h"
#include "auth/auth_request.h"
#include "auth/auth_watch.h"
#include "auth/scram.h"
#include "lib/digest.h"
#include "lib/password_scram.h"

enum mech_proof
auth_proof(const struct auth_request *r)
{
	return r->exchange.mech->proof;
}

bool
auth_proof_is_verified(const struct auth_request *r)
{
	return r->is_match || r->is_proven;
}

/* The mail host looks at a token, and so it must be asked. */
static enum passdb_password
auth_proof_token_rule(const struct passdb_fields *f, const char **reason)
{
	if (!f->has_password || f->has_nopassword)
		return passdb_password_rule(f, reason);
	*reason = "a token, and the row has a password to be verified here";
	return PASSDB_PASSWORD_REFUSE;
}

static enum passdb_password
auth_proof_key_rule(const struct passdb_fields *f, const char **reason)
{
	if (f->has_password && !f->has_nopassword)
		return PASSDB_PASSWORD_VERIFY;
	*reason = "SCRAM, and the row has no key";
	return PASSDB_PASSWORD_REFUSE;
}

enum passdb_password
auth_proof_rule(const struct auth_request *r, const char **reason)
{
	enum mech_proof proof = auth_proof(r);

	if (proof == MECH_PROOF_KEY)
		return auth_proof_key_rule(&r->fields, reason);
	if (r->is_master_asked) {
		*reason = "a master user without a password";
		return PASSDB_PASSWORD_REFUSE;
	}
	return proof == MECH_PROOF_TOKEN ?
	    auth_proof_token_rule(&r->fields, reason) :
	    PASSDB_PASSWORD_ACCEPT;
}

/* The client's turn. */
static void
auth_proof_challenge(struct auth_request *r)
{
	struct auth_reply challenge = { .type = LOGIN_AUTH_CHALLENGE,
	    .challenge = &r->exchange.challenge };

	/* Its turn is kept for it, and others wait. */
	auth_request_hurry(r);
	(void)mech_scram_ask(&r->exchange);
	auth_request_to(r, AUTH_REQUEST_EXCHANGE);
	auth_request_reply(r, &challenge);
}

bool
auth_proof_ask(struct auth_request *r)
{
	struct scram *s = r->exchange.scram;

	if (s->is_asked)
		return false;
	if (password_scram_get(&s->keys, s->digest, r->fields.hash) == -1 ||
	    !s->keys.has_keys) {
		auth_request_log(r, LOG_LEVEL_INFO, "the row has no key of %s",
		    r->exchange.mech->name);
		return false;
	}
	passdb_learn_cost(&r->env->chain.dbs[r->passdb], r->fields.hash);
	auth_proof_challenge(r);
	return true;
}

/* Rounds and length of salt as other users of this mechanism have them. */
static void
auth_proof_costs(const struct auth_request *r, struct password_scram *keys)
{
	const struct passdb_chain *chain = &r->env->chain;

	for (size_t i = 0; i < chain->n; i++)
		if (password_scram_get(keys, r->exchange.mech->digest,
		    chain->dbs[i].dummy) == 0)
			return;
	keys->rounds = AUTH_PROOF_ROUNDS;
	keys->slen = AUTH_PROOF_SALT;
}

/*
 * A salt that stays the same for a name, as a true one does: for the name by
 * which a row would be looked up, since all spellings of it share the row.
 */
static int
auth_proof_salt(const struct auth_request *r, struct password_scram *keys)
{
	char text[LOGIN_AUTH_MECH_MAX + LOGIN_AUTH_USER_MAX + 2];
	const char *asked = auth_master_asked(r);

	(void)strlcpy(text, r->exchange.mech->name, sizeof(text));
	(void)strlcat(text, " ", sizeof(text));
	(void)strlcat(text, asked[0] != '\0' ? asked : r->exchange.user,
	    sizeof(text));
	return digest_hmac(DIGEST_SHA512, r->env->pretence,
	    sizeof(r->env->pretence), text, strlen(text), keys->salt);
}

_Static_assert(PASSWORD_SALT_MAX == DIGEST_BYTES_MAX,
    "a salt is as long as a digest of SHA-512 at most");

bool
auth_proof_pretend(struct auth_request *r)
{
	struct scram *s = r->exchange.scram;

	if (auth_proof(r) != MECH_PROOF_KEY || s == NULL || s->is_asked ||
	    r->exchange.user[0] == '\0')
		return false;
	memset(&s->keys, 0, sizeof(s->keys));
	auth_proof_costs(r, &s->keys);
	if (auth_proof_salt(r, &s->keys) == -1)
		return false;
	s->is_fake = true;
	auth_proof_challenge(r);
	return true;
}

static const char *
auth_proof_token_way(const struct auth_request *r,
    struct login_auth_route *route)
{
	if (route->pass[0] != '\0' || route->master[0] != '\0')
		return "a token, and the row logs in with pass or master";
	switch ((enum login_auth_way)route->way) {
	case LOGIN_AUTH_WAY_COMMAND:
		route->way = (uint8_t)r->exchange.mech->way;
		return NULL;
	case LOGIN_AUTH_WAY_OAUTHBEARER:
	case LOGIN_AUTH_WAY_XOAUTH2:
		return NULL;
	case LOGIN_AUTH_WAY_PLAIN:
	case LOGIN_AUTH_WAY_LOGIN:
	case LOGIN_AUTH_WAY_EXTERNAL:
		break;
	}
	return "a token, and the row's proxy_mech takes none";
}

/* Our certificate is all that the host wants to see. */
static const char *
auth_proof_external_way(const struct auth_request *r,
    struct login_auth_route *route)
{
	explicit_bzero(route->pass, sizeof(route->pass));
	if (route->tls.kind == LOGIN_AUTH_TLS_NONE)
		return "proxy_mech = external without TLS to the host";
	if (!auth_proof_is_verified(r))
		return "proxy_mech = external, and nobody has verified the "
		    "user";
	return NULL;
}

const char *
auth_proof_way(const struct auth_request *r, struct login_auth_route *route)
{
	if (auth_watch_is_explain(r))
		return NULL;
	if (auth_proof(r) == MECH_PROOF_TOKEN)
		return auth_proof_token_way(r, route);
	if (route->way == LOGIN_AUTH_WAY_EXTERNAL)
		return auth_proof_external_way(r, route);
	return route->pass[0] != '\0' ? NULL : "no password for the mail "
	    "host: the client has shown none, and the row has no pass";
}
