/*
 * sql: databases as passdbs: what a driver does, and one source of rows,
 * which is a driver, a connection to its database and one statement.
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

#include "config/connect_text.h"
#include "lib/channel.h"
#include "ipc/auth_worker.h"

/* A database's message is cut here. */
#define SQL_FAULT_TEXT_MAX	256

enum sql_fault_kind {
	SQL_FAULT_CONNECT,	/* no connection, no such file */
	SQL_FAULT_QUERY,	/* the database refused the statement */
	SQL_FAULT_DEADLINE,	/* it took too long */
	SQL_FAULT_ROW,		/* an answer beyond the limits */
};
#define SQL_FAULT_LAST	SQL_FAULT_ROW

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

/* A database with one statement; the connection is made when needed. */
struct sql_source {
	const struct sql_driver	*driver;
	const char		*connect;	/* borrowed */
	struct connect_text	 words;		/* none when it is no server */
	const char		*statement;	/* borrowed */
	void			*conn;		/* NULL: not connected */
};

/* NULL when this build has no such driver. */
const struct sql_driver	*sql_driver_find(const char *name);

/* -1 with a reason in err when the driver cannot read the connect text. */
int	sql_source_init(struct sql_source *, const struct sql_driver *,
	    const char *connect, const char *statement, char *err,
	    size_t err_size) __attribute__((warn_unused_result));
void	sql_source_clear(struct sql_source *);
/*
 * Asks the database, after connecting if there is no connection or the
 * database is another one by now.  After a fault the connection is closed,
 * so that the next call begins anew.
 */
enum auth_worker_found	sql_source_query(struct sql_source *,
			    const struct sql_query *, struct sql_row *,
			    struct sql_fault *);

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
