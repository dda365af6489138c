/*
 * auth_worker: auth hands slow work to a worker, one task at a time.
 *
 * Trust: auth treats the worker as hostile (it talks to databases and
 * resolvers); a violation closes the channel and costs the worker its life.
 * The worker trusts auth.  Each task has an id and gets one answer with it:
 * LOOKUP -> ROW, VERIFY -> VERIFIED, RESOLVE -> RESOLVED, PROBE -> PROBED.
 */
#ifndef IPC_AUTH_WORKER_H
#define IPC_AUTH_WORKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/channel.h"
#include "lib/netaddr.h"
#include "ipc/auth_worker_db.h"
#include "ipc/login_auth.h"

#define AUTH_WORKER_VERSION	6

extern const struct channel_contract auth_worker_contract;

enum auth_worker_type {
	/* auth to worker */
	AUTH_WORKER_LOOKUP = 1,
	AUTH_WORKER_VERIFY = 2,
	AUTH_WORKER_RESOLVE = 3,
	AUTH_WORKER_PROBE = 4,
	/* worker to auth */
	AUTH_WORKER_ROW = 101,
	AUTH_WORKER_VERIFIED = 102,
	AUTH_WORKER_RESOLVED = 103,
	AUTH_WORKER_PROBED = 104,
};

#define AUTH_WORKER_COLUMNS_MAX	64	/* more is a mistake in the query */
#define AUTH_WORKER_NAME_MAX	64	/* of a column */
#define AUTH_WORKER_VALUE_MAX	4096	/* of a column's value, bytes */
#define AUTH_WORKER_HASH_MAX	512	/* "{SCHEME}hash" */

/* One passdb query; the values of its variables.  Holds a secret. */
struct auth_worker_lookup {
	uint8_t		 passdb;	/* index in the settings */
	uint8_t		 service;	/* enum service_id */
	bool		 is_secured;
	uint32_t	 skip_hosts;	/* bit i: host i is known to be down */
	char		 user[LOGIN_AUTH_USER_MAX + 1];	/* whose row */
	char		 login_user[LOGIN_AUTH_USER_MAX + 1];
	char		 auth_user[LOGIN_AUTH_USER_MAX + 1];
	char		 mech[LOGIN_AUTH_MECH_MAX + 1];
	char		 session[LOGIN_AUTH_SESSION_MAX + 1];
	struct netaddr	 rip, lip, real_rip, real_lip;
	struct login_auth_cert cert;
	uint16_t	 attempt;	/* tries of this client, from 1 */
	struct login_auth_forward forward;	/* told by his proxy */
	char		 pass[LOGIN_AUTH_PASS_MAX + 1];	/* where the passdb
							   checks it; or "" */
};

/* Does this password match this stored one? */
struct auth_worker_verify {
	char	 hash[AUTH_WORKER_HASH_MAX + 1];	/* with {SCHEME} */
	char	 pass[LOGIN_AUTH_PASS_MAX + 1];
};

struct auth_worker_resolve {
	char	 name[LOGIN_AUTH_HOST_MAX + 1];
};

enum auth_worker_found {
	AUTH_WORKER_NONE,	/* zero rows: unknown user */
	AUTH_WORKER_ONE,	/* one row */
	AUTH_WORKER_MANY,	/* several rows: a fault of the data */
	AUTH_WORKER_FAULT,	/* the database failed */
	AUTH_WORKER_UNUSABLE,	/* a row beyond the limits above */
	AUTH_WORKER_REFUSED,	/* the passdb itself has checked and says no;
				   columns may say why */
};
#define AUTH_WORKER_FOUND_LAST	AUTH_WORKER_REFUSED

struct auth_worker_column {
	char		 name[AUTH_WORKER_NAME_MAX + 1];
	bool		 is_null;
	const uint8_t	*value;		/* borrowed; any bytes */
	size_t		 len;
};

struct auth_worker_row {
	uint8_t				 found;	/* enum auth_worker_found */
	uint8_t				 host;	/* that answered */
	uint8_t				 nfaults;
	struct auth_worker_fault	 faults[AUTH_WORKER_FAULTS_MAX];
	uint16_t			 ncolumns;
	struct auth_worker_column	 columns[AUTH_WORKER_COLUMNS_MAX];
};

enum auth_worker_match {
	AUTH_WORKER_MATCH,
	AUTH_WORKER_MISMATCH,
	AUTH_WORKER_BAD_HASH,	/* unknown scheme or malformed hash */
};
#define AUTH_WORKER_MATCH_LAST	AUTH_WORKER_BAD_HASH

struct auth_worker_verified {
	uint8_t	 match;		/* enum auth_worker_match */
};

struct auth_worker_resolved {
	bool		 is_temporary;	/* with naddrs 0: ask again later */
	uint8_t		 naddrs;	/* 0: no such name */
	struct netaddr	 addrs[LOGIN_AUTH_ADDRS_MAX];
};

void	auth_worker_lookup_put(struct wire_writer *,
	    const struct auth_worker_lookup *);
int	auth_worker_lookup_get(struct wire_reader *,
	    struct auth_worker_lookup *);
void	auth_worker_verify_put(struct wire_writer *,
	    const struct auth_worker_verify *);
int	auth_worker_verify_get(struct wire_reader *,
	    struct auth_worker_verify *);
void	auth_worker_resolve_put(struct wire_writer *,
	    const struct auth_worker_resolve *);
int	auth_worker_resolve_get(struct wire_reader *,
	    struct auth_worker_resolve *);
void	auth_worker_row_put(struct wire_writer *,
	    const struct auth_worker_row *);
int	auth_worker_row_get(struct wire_reader *, struct auth_worker_row *);
void	auth_worker_verified_put(struct wire_writer *,
	    const struct auth_worker_verified *);
int	auth_worker_verified_get(struct wire_reader *,
	    struct auth_worker_verified *);
void	auth_worker_resolved_put(struct wire_writer *,
	    const struct auth_worker_resolved *);
int	auth_worker_resolved_get(struct wire_reader *,
	    struct auth_worker_resolved *);

#endif
