/*
 * tasks: what auth has done by a worker: ask a passdb, verify a password,
 * resolve a name.  Each call waits until it is done or its time is over.
 */
#ifndef AUTH_WORKER_TASKS_H
#define AUTH_WORKER_TASKS_H

#include <stddef.h>
#include <stdint.h>

#include "ipc/auth_worker.h"

struct settings;
struct sql_row;
struct tasks;

/*
 * Compiles the queries; nothing is opened.  The settings are borrowed and
 * must outlive it.  Never NULL.
 */
struct tasks	*tasks_new(const struct settings *);
/* Closes all connections; NULL is allowed. */
void		 tasks_free(struct tasks *);
/*
 * The row of a user, with the faults on the way to it, valid until the next
 * call.  NULL when there is no such passdb.
 */
const struct auth_worker_row	*tasks_lookup(struct tasks *,
				    const struct auth_worker_lookup *);
/*
 * Is a host back?  A database is asked the query, for a user without a name,
 * of an HTTP service a connection has to do.  -1 when there is no such passdb.
 */
int	tasks_probe(struct tasks *, const struct auth_worker_probe *,
	    struct auth_worker_probed *) __attribute__((warn_unused_result));
/* Forgets that row. */
void	tasks_forget(struct tasks *);
void	tasks_verify(const struct auth_worker_verify *,
	    struct auth_worker_verified *);
void	tasks_resolve(const struct tasks *, const struct auth_worker_resolve *,
	    struct auth_worker_resolved *);

#endif
