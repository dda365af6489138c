/*
 * Reads the SQL files: driver, connection and query of a passdb.
 * Runs in: master.
 * Hostile input: none that counts: the files are root's.
 * Never: connects to a database.
 */
#include "config/settings_sql.h"

#include <string.h>

#include "config/config_parse.h"
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
	{ "mysql", false },
	{ "pgsql", false },
};

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
	if (passdb->sql_driver[0] == '\0')
		faults_add(r->faults, place, "driver is missing");
	else if (!driver_is_built(passdb->sql_driver))
		faults_add(r->faults, place, "driver = %s: this build of "
		    "mailwicket has no %s driver", passdb->sql_driver,
		    passdb->sql_driver);
}

static void
sql_check_scheme(struct reader *r, const struct settings_passdb *passdb,
    const struct config_place *place)
{
	const struct setting *row = settings_table_find("default_pass_scheme",
	    SETTING_SQL);
	const char *scheme = passdb->sql_default_pass_scheme;
	size_t len = strcspn(scheme, ".");

	if (setting_value_is_word(row->words, scheme, len) &&
	    (scheme[len] == '\0' || setting_value_is_word(
	    ".b64 .base64 .hex", scheme + len, strlen(scheme + len))))
		return;
	faults_add(r->faults, place, "default_pass_scheme: %s is none of: %s",
	    scheme, row->words);
}

static void
sql_check_query(struct reader *r, const struct settings_passdb *passdb,
    const struct config_place *place)
{
	char err[SQL_ERROR_MAX];
	enum query_dialect dialect;
	struct query *query;

	if (passdb->sql_password_query[0] == '\0') {
		faults_add(r->faults, place, "password_query is missing");
		return;
	}
	if (query_dialect_get(passdb->sql_driver, &dialect) == -1)
		return;
	query = query_compile(passdb->sql_password_query, dialect, err,
	    sizeof(err));
	if (query == NULL)
		faults_add(r->faults, place, "password_query: %s", err);
	query_free(query);
}

static void
sql_read(struct reader *r, struct settings_passdb *passdb,
    const struct config_place *args_place)
{
	struct config_place driver_place = { .file = passdb->args };
	struct config_place query_place = driver_place;
	struct config_place scheme_place = driver_place;
	const struct config_node *node;
	const struct setting *row;
	size_t before = r->faults->n;

	node = config_parse_secret(passdb->args, args_place, r->arena,
	    r->faults);
	if (node == NULL) {
		if (r->faults->n == before)
			faults_add(r->faults, args_place, "%s is empty",
			    passdb->args);
		return;
	}
	for (; node != NULL; node = node->next) {
		row = settings_table_find(node->name, SETTING_SQL);
		if (row != NULL && !node->is_section) {
			reader_set(r, row, passdb, node, 0);
			if (strcmp(row->name, "driver") == 0)
				driver_place = node->place;
			if (strcmp(row->name, "password_query") == 0)
				query_place = node->place;
			if (strcmp(row->name, "default_pass_scheme") == 0)
				scheme_place = node->place;
		} else if (settings_table_is_unused(node->name))
			reader_notice(r, &node->place, node->name,
			    "a proxy has no use for this");
		else
			faults_add(r->faults, &node->place,
			    "unknown setting %s", node->name);
	}
	sql_check_driver(r, passdb, &driver_place);
	if (passdb->sql_connect[0] == '\0')
		faults_add(r->faults, &driver_place, "connect is missing");
	sql_check_scheme(r, passdb, &scheme_place);
	sql_check_query(r, passdb, &query_place);
}

void
settings_sql_read(struct reader *r)
{
	for (size_t i = 0; i < r->settings->npassdbs; i++) {
		struct settings_passdb *passdb = &r->settings->passdbs[i];

		if (passdb->driver == PASSDB_SQL && passdb->args[0] == '/')
			sql_read(r, passdb, &r->passdb_places[i]);
	}
}
