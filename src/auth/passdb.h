/*
 * passdb: the databases that are asked about a user, in order, and what their
 * rows mean for a login.  SQL rows come through the workers, static ones are
 * made here.
 */
#ifndef AUTH_PASSDB_H
#define AUTH_PASSDB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/passdb_fields.h"
#include "config/settings.h"
#include "ipc/auth_worker.h"

struct query;
struct var_values;

/* All values of one static row after expansion. */
#define PASSDB_STATIC_ROW_MAX	4096

/* "k=v ..." of a static passdb. */
struct passdb_static {
	size_t	 ncolumns;
	char	*names[AUTH_WORKER_COLUMNS_MAX];
	char	*values[AUTH_WORKER_COLUMNS_MAX];	/* templates */
};

struct passdb {
	uint8_t				 index;
	const struct settings_passdb	*settings;	/* borrowed */
	struct passdb_static		 columns;
	struct query			*query;		/* of an SQL passdb */
	/*
	 * Costs as much to verify as the last slow hash that was seen here,
	 * spent for unknown users; "" when there was none.
	 */
	char				 dummy[PASSWORD_HASH_MAX + 1];
};

/* The userdbs stand behind the passdbs. */
struct passdb_chain {
	size_t		 n, nuserdbs;
	struct passdb	 dbs[SETTINGS_DBS_MAX];
};

/* What has to be done about the password of a row. */
enum passdb_password {
	PASSDB_PASSWORD_ACCEPT,	/* the mail host checks it */
	PASSDB_PASSWORD_VERIFY,
	PASSDB_PASSWORD_REFUSE,
};

/* Settings must outlive the chain.  -1 with a text in why (PASSDB_WHY_MAX). */
int	passdb_chain_init(struct passdb_chain *, const struct settings *,
	    char *why) __attribute__((warn_unused_result));
void	passdb_chain_clear(struct passdb_chain *);
/* The first from an index on that is for masters, or is not; -1: none. */
int	passdb_chain_find(const struct passdb_chain *, size_t from,
	    bool is_master);
/* Does any of them need workers? */
bool	passdb_chain_needs_workers(const struct passdb_chain *);
/* Does a worker look users up in it? */
bool	passdb_is_asked(const struct passdb *);
/* Does it check passwords itself, so that it has to be told them? */
bool	passdb_checks_passwords(const struct passdb *);
const char	*passdb_driver_name(const struct passdb *);
/* Of a password that names no scheme. */
const char	*passdb_default_scheme(const struct passdb *);
/*
 * The row of a static passdb for this user, values in room of
 * PASSDB_STATIC_ROW_MAX.  -1 when they do not fit.
 */
int	passdb_static_row(const struct passdb *, const struct var_values *,
	    struct auth_worker_row *, char *room)
	    __attribute__((warn_unused_result));
/* Does the session go to a mail host? */
bool	passdb_is_forwarded(const struct passdb_fields *);
/* Is the client told to go to a mail host itself? */
bool	passdb_is_referred(const struct passdb_fields *);
/*
 * Do the fields that a login ends with make sense together?  -1 with a
 * reason in why: a temporary failure.
 */
int	passdb_check(const struct passdb_fields *, char *why)
	    __attribute__((warn_unused_result));
/* The rule for the password column; a reason for REFUSE in *reason. */
enum passdb_password	passdb_password_rule(const struct passdb_fields *,
			    const char **reason);
/* The same for a master, who must show his here. */
enum passdb_password	passdb_master_rule(const struct passdb *,
			    const struct passdb_fields *, const char **reason);
/* Does a master's own row say where to, so that no other is asked? */
bool	passdb_master_is_final(const struct passdb *,
	    const struct passdb_fields *);
/* Remembers what a slow hash costs. */
void	passdb_learn_cost(struct passdb *, const char *full_hash);

#endif
