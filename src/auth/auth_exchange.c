/*
 * From a client's responses to a name and a password.
 * Runs in: auth.
 * Hostile input: messages of login processes.
 * Never: goes on with a request that asked for nothing.
 */
#include "auth/auth_exchange.h"

#include <bsd/string.h>
#include <string.h>
#include <strings.h>

#include "auth/auth_chain.h"
#include "auth/auth_gate.h"
#include "auth/auth_request.h"
#include "config/settings.h"

/* The certificate names the user, whatever was typed. */
static void
auth_exchange_use_cert(struct auth_request *r)
{
	if (!r->env->settings->auth_ssl_username_from_cert ||
	    r->cert_user[0] == '\0')
		return;
	if (strcmp(r->exchange.user, r->cert_user) != 0)
		auth_request_say(r, "the certificate's name counts");
	(void)strlcpy(r->exchange.user, r->cert_user,
	    sizeof(r->exchange.user));
}

/* What a step of the mechanism has led to. */
static void
auth_exchange_step(struct auth_request *r, enum mech_result result)
{
	struct auth_reply challenge = { .type = LOGIN_AUTH_CHALLENGE,
	    .challenge = &r->exchange.challenge };

	switch (result) {
	case MECH_CHALLENGE:
		auth_request_reply(r, &challenge);
		break;
	case MECH_CREDENTIALS:
		auth_exchange_use_cert(r);
		auth_gate_enter(r);
		break;
	case MECH_REFUSED:
		auth_gate_enter(r);
		break;
	case MECH_BAD:
		auth_request_fail(r, LOGIN_AUTH_CODE_BAD);
		break;
	case MECH_PROVEN:
		auth_chain_proven(r);
		break;
	case MECH_DISPROVEN:
		/* The name was there before, and the client has waited. */
		r->is_delay_over = false;
		auth_request_start_delay(r);
		auth_chain_disproven(r);
		break;
	case MECH_ABSENT:
		auth_request_fail(r, LOGIN_AUTH_CODE_MECH);
		break;
	case MECH_AUTHZ:
		auth_request_start_delay(r);
		auth_request_say(r, "authzid differs from authcid");
		auth_request_fail(r, LOGIN_AUTH_CODE_AUTHZ);
		break;
	}
}

static bool
auth_exchange_has_mech(const struct settings *s, const char *name)
{
	for (size_t i = 0; i < s->auth_mechanisms.n; i++)
		if (strcasecmp(s->auth_mechanisms.items[i], name) == 0)
			return true;
	return false;
}

/* No login process may take all the room there is. */
static bool
auth_exchange_is_full(const struct auth_request_map *map)
{
	if (map->env->nopen > AUTH_REQUESTS_MAX)
		return true;
	return map->env->nopen > AUTH_REQUESTS_CROWD &&
	    map->nopen > AUTH_REQUESTS_FEW;
}

int
auth_exchange_open(struct auth_request_map *map, uint32_t id,
    const struct login_auth_request *m)
{
	struct auth_request *r;

	if (map->nopen >= LOGIN_AUTH_OPEN_MAX ||
	    auth_request_find(map, id) != NULL ||
	    grant_has(&map->grants, id))
		return -1;
	r = auth_request_new(map, id, m);
	r->exchange.mech = mech_find(m->mech);
	if (auth_exchange_is_full(map))
		auth_request_overload(r, "too many requests are open");
	else if (r->exchange.mech == NULL ||
	    (map->watch == NULL &&
	    !auth_exchange_has_mech(map->env->settings, m->mech)))
		auth_request_fail(r, LOGIN_AUTH_CODE_MECH);
	else
		auth_exchange_step(r, r->exchange.mech->start(&r->exchange,
		    m->has_initial ? &m->initial : NULL));
	return 0;
}

int
auth_exchange_continue(struct auth_request_map *map, uint32_t id,
    const struct login_auth_bytes *response)
{
	struct auth_request *r = auth_request_find(map, id);

	if (r == NULL || r->state != AUTH_REQUEST_EXCHANGE)
		return -1;
	auth_exchange_step(r, r->exchange.mech->next(&r->exchange, response));
	return 0;
}

int
auth_exchange_explain(struct auth_request_map *map,
    const struct login_auth_request *m, const char *user)
{
	struct auth_request *r;

	if (auth_request_find(map, 0) != NULL)
		return -1;
	r = auth_request_new(map, 0, m);
	r->exchange.mech = mech_find(m->mech);
	auth_exchange_step(r, mech_take_user(&r->exchange, user,
	    strlen(user)) ? MECH_CREDENTIALS : MECH_REFUSED);
	return 0;
}
