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
 * The row of a user, valid until the next call.  Faults are logged here, one
 * line of a kind in 10 seconds.  NULL when there is no such passdb.
 */
const struct auth_worker_row	*tasks_lookup(struct tasks *,
				    const struct auth_worker_lookup *);
/* Forgets that row. */
void	tasks_forget(struct tasks *);
void	tasks_verify(const struct auth_worker_verify *,
	    struct auth_worker_verified *);
void	tasks_resolve(const struct tasks *, const struct auth_worker_resolve *,
	    struct auth_worker_resolved *);

#endif
