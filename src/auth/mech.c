/*
 * The table of SASL mechanisms.
 * Runs in: auth.
 * Hostile input: responses of clients.
 * Never: repairs a name or a password.
 */
#include "auth/mech.h"

#include <string.h>
#include <strings.h>

#include "lib/strutil.h"

static const struct mech mech_table[] = {
	{ "PLAIN", mech_plain_start, mech_plain_next },
	{ "LOGIN", mech_login_start, mech_login_next },
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
