/*
 * sql: databases as passdbs: what a driver does, and rows with limits.
 *
 * Values reach the database as bound parameters only; the statement's text
 * never varies.  Nothing here logs: faults come back as text.
 */
#ifndef AUTH_WORKER_SQL_H
#define AUTH_WORKER_SQL_H

#ifndef ROLE_AUTH_WORKER
#error "databases are the business of auth-worker alone"
#endif

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/channel.h"
#include "ipc/auth_worker.h"

struct connect_text;		/* config/connect_text.h */

/* A database's message is cut here. */
#define SQL_FAULT_TEXT_MAX	256

enum sql_fault_kind {
	/* no connection, no such file; this host does not serve now */
	SQL_FAULT_CONNECT = AUTH_WORKER_FAULT_CONNECT,
	/* the database refused the statement, as any host of it would */
	SQL_FAULT_QUERY = AUTH_WORKER_FAULT_QUERY,
	/* it took too long */
	SQL_FAULT_DEADLINE = AUTH_WORKER_FAULT_DEADLINE,
	/* an answer beyond the limits */
	SQL_FAULT_ROW = AUTH_WORKER_FAULT_ROW,
};

/* Why there is no row.  The text may hold any bytes of the database. */
struct sql_fault {
	enum sql_fault_kind	 kind;
	char			 text[SQL_FAULT_TEXT_MAX];
};

/* The value of one placeholder; any bytes, and a NUL that len omits. */
struct sql_param {
	const char	*data;
	size_t		 len;
};

/* One execution: parameters in the order of the placeholders. */
struct sql_query {
	const struct sql_param	*params;
	size_t			 nparams;
	uint64_t		 due_ms;	/* clock_ms() when to give up */
};

/* A row with the bytes that it borrows; holds secrets. */
struct sql_row {
	struct auth_worker_row	 row;
	size_t			 body_bytes;	/* as a message, at most */
	size_t			 used;
	uint8_t			 bytes[CHANNEL_BODY_MAX];
};

/* What to connect to; borrowed. */
struct sql_target {
	const char			*connect;	/* the whole text */
	const struct connect_text	*words;		/* of it, or NULL */
	const char			*host;		/* one of them; "" is
							   the default, with
							   '/' a socket */
	/* An answer over this connection is not waited for any longer. */
	uint32_t			 answer_ms;
};

/* One kind of database. */
struct sql_driver {
	const char	*name;		/* "driver" of the SQL file */
	/*
	 * Connects and prepares the statement.  NULL with a fault when that
	 * is not possible until due_ms.
	 */
	void		*(*connect)(const struct sql_target *,
			    const char *statement, uint64_t due_ms,
			    struct sql_fault *);
	/* Does the connection still lead to the same database? */
	bool		 (*is_current)(void *conn);
	/*
	 * Executes; fills the row when there is exactly one.  A second row
	 * is noticed, further ones are not read.
	 */
	enum auth_worker_found	 (*query)(void *conn,
			    const struct sql_query *, struct sql_row *,
			    struct sql_fault *);
	void		 (*close)(void *conn);
};

extern const struct sql_driver sql_pgsql_driver;
extern const struct sql_driver sql_sqlite_driver;
extern const struct sql_driver sql_mysql_driver;

/* NULL when this build has no such driver. */
const struct sql_driver	*sql_driver_find(const char *name);

/* For drivers.  An empty row. */
void	sql_row_init(struct sql_row *);
/* Wipes what it holds. */
void	sql_row_clear(struct sql_row *);
/*
 * Copies one column into the row; value NULL is SQL's NULL.  -1 with a fault
 * when it goes beyond a limit of ipc/auth_worker.h.
 */
int	sql_row_add(struct sql_row *, const char *name, const void *value,
	    size_t len, struct sql_fault *)
	    __attribute__((warn_unused_result));
void	sql_fault_set(struct sql_fault *, enum sql_fault_kind,
	    const char *, ...) __attribute__((format(printf, 3, 4)));

#endif
