/*
 * The chain of password databases.
 * Runs in: auth.
 * Hostile input: rows of databases.
 * Never: takes a fault of the data for a wrong password, or for a right one.
 */
#include "auth/passdb.h"

#include <bsd/string.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/query.h"
#include "config/var.h"
#include "lib/xmem.h"

static bool
passdb_has_good_variables(const char *text)
{
	struct var_piece piece;
	char err[128];

	while ((text = strchr(text, '%')) != NULL) {
		text++;
		if (var_parse(&text, &piece, err, sizeof(err)) == -1)
			return false;
	}
	return true;
}

/* Adds "k=v" or "k", which means "k=yes". */
static int
passdb_static_add(struct passdb *db, const char *p, size_t len, char *why)
{
	struct passdb_static *s = &db->columns;
	const char *eq = memchr(p, '=', len);
	size_t nlen = eq == NULL ? len : (size_t)(eq - p);

	if (s->ncolumns == AUTH_WORKER_COLUMNS_MAX || nlen == 0 ||
	    nlen > AUTH_WORKER_NAME_MAX) {
		(void)snprintf(why, PASSDB_WHY_MAX,
		    "passdb static: too many fields, or a bad name");
		return -1;
	}
	s->names[s->ncolumns] = xstrndup(p, nlen);
	s->values[s->ncolumns] = eq == NULL ? xstrdup("yes") :
	    xstrndup(eq + 1, len - nlen - 1);
	s->ncolumns++;
	if (!passdb_has_good_variables(s->values[s->ncolumns - 1])) {
		(void)snprintf(why, PASSDB_WHY_MAX, "passdb static: unknown "
		    "variable in the value of %s", s->names[s->ncolumns - 1]);
		return -1;
	}
	return 0;
}

static int
passdb_static_init(struct passdb *db, char *why)
{
	const char *p = db->settings->args;
	size_t len;

	for (;;) {
		p += strspn(p, " \t");
		len = strcspn(p, " \t");
		if (len == 0)
			return 0;
		if (passdb_static_add(db, p, len, why) == -1)
			return -1;
		p += len;
	}
}

/*
 * Auth asks no database; it wants to know what an answer depends on.  The
 * master has tried this already.
 */
static int
passdb_sql_init(struct passdb *db, char *why)
{
	const struct settings_passdb *s = db->settings;
	enum query_dialect dialect;
	char err[PASSDB_WHY_MAX / 2];

	if (query_dialect_get(s->sql_driver, &dialect) == -1) {
		(void)snprintf(why, PASSDB_WHY_MAX, "passdb sql: driver = %s",
		    s->sql_driver);
		return -1;
	}
	db->query = query_compile(s->sql_password_query, dialect, err,
	    sizeof(err));
	if (db->query != NULL)
		return 0;
	(void)snprintf(why, PASSDB_WHY_MAX, "passdb sql: password_query: %s",
	    err);
	return -1;
}

static int
passdb_init(struct passdb *db, char *why)
{
	switch (db->settings->driver) {
	case PASSDB_SQL:
		return passdb_sql_init(db, why);
	case PASSDB_STATIC:
		return passdb_static_init(db, why);
	case PASSDB_PASSWD_FILE:
	case PASSDB_NGINX_HTTP:
	case USERDB_PASSWD:
	case USERDB_PREFETCH:
		break;
	}
	return 0;
}

int
passdb_chain_init(struct passdb_chain *chain, const struct settings *s,
    char *why)
{
	memset(chain, 0, sizeof(*chain));
	chain->n = s->npassdbs;
	chain->nuserdbs = s->nuserdbs;
	for (size_t i = 0; i < chain->n + chain->nuserdbs; i++) {
		struct passdb *db = &chain->dbs[i];

		db->index = (uint8_t)i;
		db->settings = &s->passdbs[i];
		if (passdb_init(db, why) == -1)
			return -1;
	}
	return 0;
}

void
passdb_chain_clear(struct passdb_chain *chain)
{
	for (size_t i = 0; i < chain->n + chain->nuserdbs; i++) {
		struct passdb_static *s = &chain->dbs[i].columns;

		for (size_t k = 0; k < s->ncolumns; k++) {
			free(s->names[k]);
			xfree_secret(s->values[k]);
		}
		query_free(chain->dbs[i].query);
	}
	explicit_bzero(chain, sizeof(*chain));
}

int
passdb_chain_find(const struct passdb_chain *chain, size_t from,
    bool is_master)
{
	for (size_t i = from; i < chain->n; i++)
		if (chain->dbs[i].settings->master == is_master)
			return (int)i;
	return -1;
}

bool
passdb_chain_needs_workers(const struct passdb_chain *chain)
{
	for (size_t i = 0; i < chain->n; i++)
		if (passdb_is_asked(&chain->dbs[i]))
			return true;
	return false;
}

bool
passdb_is_asked(const struct passdb *db)
{
	return db->settings->driver != PASSDB_STATIC;
}

bool
passdb_checks_passwords(const struct passdb *db)
{
	return db->settings->driver == PASSDB_NGINX_HTTP;
}

const char *
passdb_driver_name(const struct passdb *db)
{
	return settings_passdb_word(db->settings->driver);
}

const char *
passdb_default_scheme(const struct passdb *db)
{
	const char *scheme = db->settings->sql_default_pass_scheme;

	return db->settings->driver == PASSDB_SQL ||
	    db->settings->driver == PASSDB_PASSWD_FILE ? scheme : "PLAIN";
}

int
passdb_static_row(const struct passdb *db, const struct var_values *v,
    struct auth_worker_row *row, char *room)
{
	const struct passdb_static *s = &db->columns;
	size_t used = 0;

	row->found = AUTH_WORKER_ONE;
	row->ncolumns = (uint16_t)s->ncolumns;
	for (size_t i = 0; i < s->ncolumns; i++) {
		struct auth_worker_column *c = &row->columns[i];

		(void)strlcpy(c->name, s->names[i], sizeof(c->name));
		c->is_null = false;
		if (var_expand(s->values[i], v, room + used,
		    PASSDB_STATIC_ROW_MAX - used) == -1)
			return -1;
		c->value = (const uint8_t *)room + used;
		c->len = strlen(room + used);
		used += c->len;
	}
	return 0;
}

bool
passdb_is_forwarded(const struct passdb_fields *f)
{
	return f->is_proxy || f->is_proxy_maybe;
}

bool
passdb_is_referred(const struct passdb_fields *f)
{
	/* "proxy" that says no means: not forwarded, but served here. */
	return !passdb_is_forwarded(f) && !f->is_proxy_off && f->nhosts > 0;
}

int
passdb_check(const struct passdb_fields *f, char *why)
{
	const char *text = NULL;

	if (passdb_is_forwarded(f) && f->nhosts == 0)
		text = "proxy without host";
	else if (f->hostip.family != NETADDR_NONE && f->nhosts > 1)
		text = "hostip with several hosts";
	else if (f->hostip.family != NETADDR_NONE && f->nhosts == 1 &&
	    f->hosts[0].addr.family != NETADDR_NONE &&
	    !netaddr_same_ip(&f->hostip, &f->hosts[0].addr))
		text = "hostip differs from the address in host";
	else if (f->has_nopassword && f->has_password &&
	    !f->is_password_empty)
		text = "nopassword with a password";
	else if (f->master[0] != '\0' && f->way != LOGIN_AUTH_WAY_COMMAND &&
	    f->way != LOGIN_AUTH_WAY_PLAIN)
		text = "master with a proxy_mech that has no place for it";
	if (text == NULL)
		return 0;
	(void)strlcpy(why, text, PASSDB_WHY_MAX);
	return -1;
}

enum passdb_password
passdb_password_rule(const struct passdb_fields *f, const char **reason)
{
	if (f->has_nopassword)
		return PASSDB_PASSWORD_ACCEPT;
	if (f->has_password)
		return PASSDB_PASSWORD_VERIFY;
	/* The seed's function: the mail host gets and checks the client's. */
	if (passdb_is_forwarded(f) && f->nhosts > 0 && f->pass[0] == '\0' &&
	    f->master[0] == '\0')
		return PASSDB_PASSWORD_ACCEPT;
	*reason = "NULL password without nopassword";
	return PASSDB_PASSWORD_REFUSE;
}

enum passdb_password
passdb_master_rule(const struct passdb *db, const struct passdb_fields *f,
    const char **reason)
{
	if (passdb_checks_passwords(db))
		return PASSDB_PASSWORD_ACCEPT;
	if (f->has_password && !f->has_nopassword)
		return PASSDB_PASSWORD_VERIFY;
	*reason = "a master user without a password";
	return PASSDB_PASSWORD_REFUSE;
}

bool
passdb_master_is_final(const struct passdb *db, const struct passdb_fields *f)
{
	return !db->settings->pass && (passdb_is_forwarded(f) ||
	    f->is_nologin);
}

void
passdb_learn_cost(struct passdb *db, const char *full_hash)
{
	char dummy[PASSWORD_HASH_MAX + 1];

	if (password_dummy_hash(dummy, sizeof(dummy), full_hash) == 0)
		(void)strlcpy(db->dummy, dummy, sizeof(db->dummy));
}
