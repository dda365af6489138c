/*
 * The words of passdb drivers.
 * Runs in: master, all children.
 * Hostile input: none.
 * Never: knows what a driver does.
 */
#include "config/settings_passdb.h"

#include <string.h>

static const struct {
	const char	*word;
	bool		 is_passdb, is_userdb;
} passdb_rows[] = {
	[PASSDB_SQL] = { "sql", true, true },
	[PASSDB_STATIC] = { "static", true, true },
	[PASSDB_PASSWD_FILE] = { "passwd-file", true, false },
	[PASSDB_NGINX_HTTP] = { "nginx-http", true, false },
	[USERDB_PASSWD] = { "passwd", false, true },
	[USERDB_PREFETCH] = { "prefetch", false, true },
};

_Static_assert(sizeof(passdb_rows) / sizeof(passdb_rows[0]) ==
    SETTINGS_PASSDB_DRIVER_LAST + 1, "a row for each driver");

const char *
settings_passdb_word(enum settings_passdb_driver driver)
{
	return passdb_rows[driver].word;
}

int
settings_passdb_driver(const char *word, bool is_userdb,
    enum settings_passdb_driver *driver)
{
	for (int i = 0; i <= SETTINGS_PASSDB_DRIVER_LAST; i++) {
		if ((is_userdb ? passdb_rows[i].is_userdb :
		    passdb_rows[i].is_passdb) &&
		    strcmp(passdb_rows[i].word, word) == 0) {
			*driver = (enum settings_passdb_driver)i;
			return 0;
		}
	}
	return -1;
}

bool
settings_passdb_has_worker_args(enum settings_passdb_driver driver)
{
	return driver == PASSDB_PASSWD_FILE || driver == PASSDB_NGINX_HTTP;
}
