/*
 * sql_hosts: one database on several hosts, with one statement.  The first
 * host that is not known to be down is asked; the next one when it fails,
 * within the same deadline.
 *
 * There is one connection, made when it is needed.  What went wrong with which
 * host goes to auth with the row, and auth says which to skip next time.
 */
#ifndef AUTH_WORKER_SQL_HOSTS_H
#define AUTH_WORKER_SQL_HOSTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth-worker/sql.h"
#include "config/connect_text.h"
#include "ipc/auth_worker.h"

/*
 * A host has this long while another one may be asked: a healthy database
 * needs a hundredth.  A little more than the whole seconds that a library may
 * count in.
 */
#define SQL_HOSTS_SHARE_MS	2100
/*
 * Connecting may take this long, all hosts together, if "connect" names no
 * connect_timeout: after five seconds clients ask themselves what is wrong.
 */
#define SQL_HOSTS_CONNECT_MS	4500

struct sql_hosts {
	const struct sql_driver	*driver;
	const char		*connect;	/* borrowed */
	const char		*statement;	/* borrowed */
	struct connect_text	 words;		/* none when it is no server */
	void			*conn;		/* NULL: not connected */
	size_t			 host;		/* of the connection */
	bool			 is_last;	/* made as the last resort: its
						   answers have more time */
};

/* -1 with a reason in err when the driver cannot read the connect text. */
int	sql_hosts_init(struct sql_hosts *, const struct sql_driver *,
	    const char *connect, const char *statement, char *err,
	    size_t err_size) __attribute__((warn_unused_result));
void	sql_hosts_clear(struct sql_hosts *);
/*
 * Asks a host whose bit is not set in skip, after connecting if there is no
 * connection to it or it leads elsewhere by now.  After a fault the connection
 * is closed, so that the next call begins anew.  The faults stand in the row.
 */
enum auth_worker_found	sql_hosts_query(struct sql_hosts *,
			    const struct sql_query *, uint32_t skip,
			    struct sql_row *);
/*
 * Connects to one host and asks it, until query->due_ms at most, besides the
 * connection that there is.  -1 with a fault when it does not answer.
 */
int	sql_hosts_probe(const struct sql_hosts *, size_t host,
	    const struct sql_query *, struct sql_fault *)
	    __attribute__((warn_unused_result));

#endif
