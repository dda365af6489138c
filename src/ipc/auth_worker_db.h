/*
 * auth_worker_db: the part of the contract auth_worker that is about the
 * hosts of databases: what is wrong with them, and whether they are back.
 *
 * Workers find out, auth remembers: what one of them learns of a dead host
 * spares the others the timeout.
 */
#ifndef IPC_AUTH_WORKER_DB_H
#define IPC_AUTH_WORKER_DB_H

#include <stdbool.h>
#include <stdint.h>

struct wire_reader;
struct wire_writer;

#define AUTH_WORKER_HOSTS_MAX	8	/* database hosts of one passdb */
#define AUTH_WORKER_HOST_NONE	255	/* no host has answered */
#define AUTH_WORKER_FAULTS_MAX	8	/* one for each host */
#define AUTH_WORKER_FAULT_MAX	255	/* a fault's text for the log */

enum auth_worker_fault_kind {
	AUTH_WORKER_FAULT_CONNECT,	/* no connection, or it broke */
	AUTH_WORKER_FAULT_QUERY,	/* the database refused the query */
	AUTH_WORKER_FAULT_DEADLINE,	/* it took too long */
	AUTH_WORKER_FAULT_ROW,		/* an answer beyond the limits */
};
#define AUTH_WORKER_FAULT_LAST	AUTH_WORKER_FAULT_ROW

/* What went wrong with one host on the way to the answer. */
struct auth_worker_fault {
	uint8_t	 host;
	uint8_t	 kind;		/* enum auth_worker_fault_kind */
	char	 text[AUTH_WORKER_FAULT_MAX + 1];
};

/* Is this host of a passdb's database back? */
struct auth_worker_probe {
	uint8_t	 passdb;	/* index in the settings */
	uint8_t	 host;		/* index in "connect" */
};

struct auth_worker_probed {
	bool	 is_ok;
	char	 text[AUTH_WORKER_FAULT_MAX + 1];	/* why not */
};

void	auth_worker_fault_put(struct wire_writer *,
	    const struct auth_worker_fault *);
void	auth_worker_fault_get(struct wire_reader *,
	    struct auth_worker_fault *);
void	auth_worker_probe_put(struct wire_writer *,
	    const struct auth_worker_probe *);
int	auth_worker_probe_get(struct wire_reader *,
	    struct auth_worker_probe *);
void	auth_worker_probed_put(struct wire_writer *,
	    const struct auth_worker_probed *);
int	auth_worker_probed_get(struct wire_reader *,
	    struct auth_worker_probed *);

#endif
