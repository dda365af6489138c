/*
 * settings_passdb: one passdb section.  Part of struct settings.
 */
#ifndef CONFIG_SETTINGS_PASSDB_H
#define CONFIG_SETTINGS_PASSDB_H

#include <stdbool.h>

enum settings_passdb_driver {
	PASSDB_SQL,
	PASSDB_STATIC,
	PASSDB_PASSWD_FILE,
	PASSDB_NGINX_HTTP,
};
#define SETTINGS_PASSDB_DRIVER_LAST	PASSDB_NGINX_HTTP

/* One passdb block, with the SQL file it names already read. */
struct settings_passdb {
	enum settings_passdb_driver	 driver;
	char	*args;			/* as written */
	bool	 deny, pass;		/* "deny = yes", "pass = yes" */
	bool	 master;		/* refused in this version */
	/* from the SQL file; sql_connect is for auth-worker alone */
	char	*sql_driver;		/* "sqlite", "mysql", "pgsql" */
	char	*sql_connect;
	char	*sql_password_query;
	char	*sql_default_pass_scheme;
};

#endif
