/*
 * Master users: whose row is asked for, and of which passdbs.
 * Runs in: auth.
 * Hostile input: names that clients gave.
 * Never: asks a passdb of the one kind about somebody of the other.
 */
#include "auth/auth_master.h"

#include <bsd/string.h>
#include <string.h>

#include "auth/auth_local.h"
#include "auth/auth_request.h"
#include "config/settings.h"
#include "ipc/roles.h"

enum username_verdict
auth_master_names(struct auth_request *r)
{
	const struct username_rules *rules = &r->env->names;
	const char *separator = r->env->settings->auth_master_user_separator;
	const char *name = r->exchange.user, *master = NULL;
	const char *service = service_name(r->service);
	enum username_verdict verdict;

	r->master[0] = '\0';
	if (separator[0] != '\0')
		master = strchr(name, separator[0]);
	if (master == NULL)
		return username_apply(rules, service, name, strlen(name),
		    r->user);
	r->is_master_asked = true;
	verdict = username_apply(rules, service, name,
	    (size_t)(master - name), r->user);
	if (verdict == USERNAME_OK)
		verdict = username_apply(rules, service, master + 1,
		    strlen(master + 1), r->master);
	if (verdict != USERNAME_OK) {
		/* The log shall have both halves, as they came. */
		r->user[0] = r->master[0] = '\0';
	} else if (strcmp(r->user, r->master) == 0) {
		r->master[0] = '\0';
		r->is_master_asked = false;
	}
	return verdict;
}

const char *
auth_master_asked(const struct auth_request *r)
{
	return r->is_master_asked ? r->master : r->user;
}

const char *
auth_master_auth(const struct auth_request *r)
{
	return r->master[0] != '\0' ? r->master : r->user;
}

/* Takes the first of these passdbs from an index on. */
static bool
auth_master_take(struct auth_request *r, size_t from)
{
	int found = passdb_chain_find(&r->env->chain, from,
	    r->is_master_asked);

	if (found == -1)
		return false;
	r->passdb = (uint8_t)found;
	return true;
}

bool
auth_master_first(struct auth_request *r)
{
	if (!auth_master_take(r, 0))
		return false;
	r->passdb_first = r->passdb;
	return true;
}

bool
auth_master_next(struct auth_request *r)
{
	return auth_master_take(r, r->passdb + 1u);
}

bool
auth_master_is_last(const struct auth_request *r)
{
	return passdb_chain_find(&r->env->chain, r->passdb + 1u,
	    r->is_master_asked) == -1;
}

bool
auth_master_accept(struct auth_request *r)
{
	struct passdb_fields *f = &r->fields;
	const struct passdb *db = &r->env->chain.dbs[r->passdb];

	/* The passdb may know him by another name. */
	if (f->user[0] != '\0')
		(void)strlcpy(r->master, f->user, sizeof(r->master));
	f->user[0] = '\0';
	auth_request_say(r, "a master user logs in");
	r->is_proven = true;
	if (passdb_master_is_final(db, f))
		return true;
	r->is_master_asked = false;
	/* What other masters' passdbs did not answer is of no account now. */
	r->is_match = r->has_fault = false;
	/* Nor whose uid and home the master has. */
	auth_local_forget(r);
	return false;
}
