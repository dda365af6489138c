/*
 * The words of passdb drivers.
 * Runs in: master, all children.
 * Hostile input: none.
 * Never: knows what a driver does.
 */
#include "config/settings_passdb.h"

#include <string.h>

static const char *const passdb_words[] = {
	[PASSDB_SQL] = "sql",
	[PASSDB_STATIC] = "static",
	[PASSDB_PASSWD_FILE] = "passwd-file",
	[PASSDB_NGINX_HTTP] = "nginx-http",
};

const char *
settings_passdb_word(enum settings_passdb_driver driver)
{
	return passdb_words[driver];
}

int
settings_passdb_driver(const char *word, enum settings_passdb_driver *driver)
{
	for (int i = 0; i <= SETTINGS_PASSDB_DRIVER_LAST; i++) {
		if (strcmp(passdb_words[i], word) == 0) {
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
