/*
 * The mechanisms, as far as login processes know them.
 * Runs in: login processes.
 * Hostile input: names of mechanisms.
 * Never: decides what the settings do not allow.
 */
#include "login-common/sasl_mech.h"

#include <string.h>

#include "config/settings.h"
#include "ipc/login_auth_limits.h"
#include "login-common/client_tls.h"
#include "login-common/login_process.h"
#include "login-common/session.h"
#include "login-common/session_login.h"

/*
 * With several auth processes the name decides whom to ask, so that the
 * client is asked for it, by what auth would say first, before one of them
 * is.
 */
static const struct sasl_mech {
	const char	*name;
	const char	*prompt;	/* base64 */
	bool		 is_safe;	/* shows no secret */
	bool		 needs_cert;
} sasl_mechs[] = {
	{ "PLAIN", "", false, false },
	{ "LOGIN", "VXNlcm5hbWU6", false, false },	/* Username: */
	{ "OAUTHBEARER", "", false, false },
	{ "XOAUTH2", "", false, false },
	{ "EXTERNAL", "", false, true },
	{ "SCRAM-SHA-1", "", true, false },
	{ "SCRAM-SHA-256", "", true, false },
};

static const struct sasl_mech *
sasl_mech_find(const char *name)
{
	for (size_t i = 0; i < sizeof(sasl_mechs) / sizeof(sasl_mechs[0]); i++)
		if (strcmp(sasl_mechs[i].name, name) == 0)
			return &sasl_mechs[i];
	return NULL;
}

static bool
sasl_mech_is_set(const struct session *s, const char *mech)
{
	const struct settings_list *mechs = &s->process->set->auth_mechanisms;

	for (size_t i = 0; i < mechs->n; i++)
		if (strcmp(mechs->items[i], mech) == 0)
			return true;
	return false;
}

bool
sasl_mech_needs_tls(const struct session *s, const char *mech)
{
	const struct settings *set = s->process->set;
	const struct sasl_mech *row = sasl_mech_find(mech);

	if (session_plaintext_ok(s))
		return false;
	return row == NULL || !row->is_safe ||
	    set->auth_ssl_require_client_cert ||
	    strcmp(set->ssl, "required") == 0;
}

bool
sasl_mech_is_offered(const struct session *s, const char *mech)
{
	const struct sasl_mech *row = sasl_mech_find(mech);
	char user[LOGIN_AUTH_USER_MAX + 1];

	if (row == NULL || sasl_mech_needs_tls(s, mech))
		return false;
	if (!row->needs_cert)
		return true;
	client_tls_user(s, user, sizeof(user));
	return user[0] != '\0';
}

const char *
sasl_mech_prompt(const struct session *s, const char *mech)
{
	const struct sasl_mech *row = sasl_mech_find(mech);

	return row != NULL && sasl_mech_is_set(s, mech) &&
	    sasl_mech_is_offered(s, mech) ? row->prompt : NULL;
}
