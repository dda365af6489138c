/*
 * Reads the SQL files: driver, connection and query of a passdb.
 * Runs in: master.
 * Hostile input: none that counts: the files are root's.
 * Never: connects to a database.
 */
#include "config/settings_sql.h"

#include <string.h>

#include "config/arena.h"
#include "config/config_parse.h"
#include "config/connect_keys.h"
#include "config/connect_text.h"
#include "config/hints.h"
#include "config/query.h"
#include "config/setting_value.h"
#include "config/settings_reader.h"
#include "config/settings_table.h"

#define SQL_ERROR_MAX	256

/* What the build can speak to. */
static const struct {
	const char	*name;
	bool		 is_built;
} sql_drivers[] = {
#ifdef WITH_SQLITE
	{ "sqlite", true },
#else
	{ "sqlite", false },
#endif
#ifdef WITH_MYSQL
	{ "mysql", true },
#else
	{ "mysql", false },
#endif
#ifdef WITH_PGSQL
	{ "pgsql", true },
#else
	{ "pgsql", false },
#endif
};

const char *
settings_sql_drivers(void)
{
	return ""
#ifdef WITH_SQLITE
	    " sqlite"
#endif
#ifdef WITH_MYSQL
	    " mysql"
#endif
#ifdef WITH_PGSQL
	    " pgsql"
#endif
	    ;
}

static bool
driver_is_built(const char *name)
{
	const size_t n = sizeof(sql_drivers) / sizeof(sql_drivers[0]);

	for (size_t i = 0; i < n; i++) {
		if (strcmp(sql_drivers[i].name, name) == 0)
			return sql_drivers[i].is_built;
	}
	return false;
}

static void
sql_check_driver(struct reader *r, const struct settings_passdb *passdb,
    const struct config_place *place)
{
	/* Another word than those of drivers was a fault of its line. */
	if (passdb->sql_driver[0] == '\0' && place->line > 0)
		return;
	if (passdb->sql_driver[0] == '\0')
		faults_add(r->faults, place, "driver is missing");
	else if (!driver_is_built(passdb->sql_driver))
		faults_add(r->faults, place, "driver = %s: this build of "
		    "mailwicket has no %s driver", passdb->sql_driver,
		    passdb->sql_driver);
}

/* Files of databases are for the driver to understand. */
static void
sql_check_connect(struct reader *r, const struct settings_passdb *passdb,
    const struct config_place *place)
{
	struct connect_text text;
	char err[SQL_ERROR_MAX];

	if (passdb->sql_connect[0] == '\0') {
		faults_add(r->faults, place, "connect is missing");
		return;
	}
	if (!connect_text_is_for(passdb->sql_driver))
		return;
	if (connect_text_parse(&text, passdb->sql_driver,
	    passdb->sql_connect, err, sizeof(err)) == -1) {
		faults_add(r->faults, place, "connect: %s", err);
		return;
	}
	if (connect_keys_check(&text, passdb->sql_driver, err,
	    sizeof(err)) == -1)
		faults_add(r->faults, place, "connect: %s", err);
	connect_text_clear(&text);
}

void
settings_sql_scheme(struct reader *r, const char *setting, const char *scheme,
    const struct config_place *place)
{
	const struct setting *row = settings_table_find("default_pass_scheme",
	    SETTING_SQL);
	size_t len = strcspn(scheme, ".");

	if (setting_value_is_word(row->words, scheme, len) &&
	    (scheme[len] == '\0' || setting_value_is_word(
	    ".b64 .base64 .hex", scheme + len, strlen(scheme + len))))
		return;
	faults_add(r->faults, place, "%s: %s is none of: %s", setting, scheme,
	    row->words);
}

static void
sql_check_scheme(struct reader *r, const struct settings_passdb *passdb,
    const struct config_place *place)
{
	settings_sql_scheme(r, "default_pass_scheme",
	    passdb->sql_default_pass_scheme, place);
}

static void
sql_check_query(struct reader *r, const struct settings_passdb *passdb,
    const struct config_place *place)
{
	char err[SQL_ERROR_MAX];
	enum query_dialect dialect;
	struct query *query;

	const char *name = passdb->is_userdb ? "user_query" :
	    "password_query";

	if (passdb->sql_password_query[0] == '\0') {
		faults_add(r->faults, place, "%s is missing", name);
		return;
	}
	if (query_dialect_get(passdb->sql_driver, &dialect) == -1)
		return;
	query = query_compile(passdb->sql_password_query, dialect, err,
	    sizeof(err));
	if (query == NULL)
		faults_add(r->faults, place, "%s: %s", name, err);
	else if (r->settings->auth_cache_size_bytes > 0 &&
	    !query_is_cacheable(query))
		faults_notice(r->faults, place, "%s: its rows are "
		    "not cached: %s", name, query_has_variables(query) ?
		    "they depend on %p" : "it has no variables");
	query_free(query);
}

/* What is looked at when the whole file has been read, in this order. */
static const struct sql_check {
	const char	*name;		/* of the setting */
	void		(*check)(struct reader *,
			    const struct settings_passdb *,
			    const struct config_place *);
} sql_checks[] = {
	{ "driver", sql_check_driver },
	{ "connect", sql_check_connect },
	{ "default_pass_scheme", sql_check_scheme },
	{ "password_query", sql_check_query },
};

#define SQL_CHECKS	(sizeof(sql_checks) / sizeof(sql_checks[0]))

/* The names of the hosts, for auth, which does not see the connect text. */
static void
sql_take_hosts(struct reader *r, struct settings_passdb *passdb)
{
	struct arena *arena = r->settings->arena;
	struct connect_text text;
	char err[SQL_ERROR_MAX];

	passdb->sql_nhosts = 1;
	passdb->sql_hosts[0] = arena_strdup(arena, "");
	if (!connect_text_is_for(passdb->sql_driver) ||
	    connect_text_parse(&text, passdb->sql_driver, passdb->sql_connect,
	    err, sizeof(err)) == -1)
		return;
	for (size_t i = 0; i < text.nhosts; i++)
		passdb->sql_hosts[i] = arena_strdup(arena, text.hosts[i]);
	if (text.nhosts > 1)
		passdb->sql_nhosts = text.nhosts;
	connect_text_clear(&text);
}

/* One line of an SQL file; where it was is remembered for the checks. */
static void
sql_read_node(struct reader *r, struct settings_passdb *passdb,
    const struct config_node *node, struct config_place *places)
{
	const struct setting *row;
	char hint[HINTS_TEXT_MAX];

	row = settings_table_find(node->name, SETTING_SQL);
	if (row != NULL && !node->is_section) {
		reader_set(r, row, passdb, node, 0);
		for (size_t i = 0; i < SQL_CHECKS; i++)
			if (strcmp(row->name, sql_checks[i].name) == 0)
				places[i] = node->place;
	} else if (settings_table_is_unused(node->name))
		reader_notice(r, &node->place, node->name,
		    "a proxy has no use for this");
	else
		faults_add(r->faults, &node->place, "unknown setting %s%s",
		    node->name, hints_setting(node->name, SETTING_SQL, hint));
}

static void
sql_read(struct reader *r, struct settings_passdb *passdb,
    const struct config_place *args_place)
{
	struct config_place places[SQL_CHECKS];
	const struct config_node *node;
	size_t before = r->faults->n;

	for (size_t i = 0; i < SQL_CHECKS; i++)
		places[i] = (struct config_place){ .file = passdb->args };
	node = config_parse_secret(passdb->args, args_place, r->arena,
	    r->faults);
	if (node == NULL) {
		if (r->faults->n == before)
			faults_add(r->faults, args_place, "%s is empty",
			    passdb->args);
		return;
	}
	for (; node != NULL; node = node->next)
		sql_read_node(r, passdb, node, places);
	if (passdb->is_userdb)
		passdb->sql_password_query = passdb->sql_user_query;
	for (size_t i = 0; i < SQL_CHECKS; i++)
		sql_checks[i].check(r, passdb, &places[i]);
	sql_take_hosts(r, passdb);
}

void
settings_sql_read(struct reader *r)
{
	for (size_t i = 0; i < r->settings->npassdbs + r->settings->nuserdbs;
	    i++) {
		struct settings_passdb *passdb = &r->settings->passdbs[i];

		if (passdb->driver == PASSDB_SQL && passdb->args[0] == '/')
			sql_read(r, passdb, &r->passdb_places[i]);
	}
}
