/*
 * settings_passdb: one passdb section, a part of struct settings; or a userdb
 * section, which is looked up in the same way.
 */
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
	USERDB_PASSWD,		/* accounts of the system */
	USERDB_PREFETCH,	/* the passdb's row has it all */
};
#define SETTINGS_PASSDB_DRIVER_LAST	USERDB_PREFETCH

/* One block, with the SQL file it names already read. */
struct settings_passdb {
	enum settings_passdb_driver	 driver;
	char	*args;			/* as written */
	bool	 deny, pass;		/* "deny = yes", "pass = yes" */
	bool	 master;		/* for master users only */
	bool	 is_userdb;		/* no setting */
	/* from the SQL file; sql_connect is for auth-worker alone */
	char	*sql_driver;		/* "sqlite", "mysql", "pgsql" */
	char	*sql_connect;
	char	*sql_password_query;	/* of a userdb: user_query */
	char	*sql_user_query;
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
int	settings_passdb_driver(const char *word, bool is_userdb,
	    enum settings_passdb_driver *) __attribute__((warn_unused_result));
/* Do workers read the args of such passdbs? */
bool	settings_passdb_has_worker_args(enum settings_passdb_driver);

#endif
