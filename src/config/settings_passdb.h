/* settings_passdb: one passdb section, a part of struct settings. */
#ifndef CONFIG_SETTINGS_PASSDB_H
#define CONFIG_SETTINGS_PASSDB_H

#include <stdbool.h>
#include <stddef.h>

#include "config/connect_text.h"

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
	bool	 master;		/* for master users only */
	/* from the SQL file; sql_connect is for auth-worker alone */
	char	*sql_driver;		/* "sqlite", "mysql", "pgsql" */
	char	*sql_connect;
	char	*sql_password_query;
	char	*sql_default_pass_scheme;
	/*
	 * The hosts in sql_connect, for logs; "" is the library's default.
	 * Or the services of nginx-http.
	 */
	size_t	 sql_nhosts;
	char	*sql_hosts[CONNECT_HOSTS_MAX];
};

/* A driver's word, and the driver of a word; -1 when there is none. */
const char	*settings_passdb_word(enum settings_passdb_driver);
int	settings_passdb_driver(const char *word,
	    enum settings_passdb_driver *) __attribute__((warn_unused_result));
/* Do workers read the args of such passdbs? */
bool	settings_passdb_has_worker_args(enum settings_passdb_driver);

#endif
