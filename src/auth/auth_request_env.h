/*
 * auth_request_env: what all requests share, and the map of those of one
 * login process.  The functions stand in auth_request.c.
 */
#ifndef AUTH_AUTH_REQUEST_ENV_H
#define AUTH_AUTH_REQUEST_ENV_H

#include <bsd/sys/tree.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/auth_gate.h"
#include "auth/auth_local.h"
#include "auth/auth_lookup.h"
#include "auth/grant.h"
#include "auth/mail_host.h"
#include "auth/name_memo.h"
#include "auth/passdb.h"
#include "auth/username.h"
#include "auth/worker_pool.h"
#include "ipc/login_auth.h"
#include "ipc/master_child.h"
#include "lib/loop.h"

struct auth_request;
struct auth_watch;
struct settings;

/* Open requests of all login processes together; each has about 8 kB. */
#define AUTH_REQUESTS_MAX	24576
/* Above this, only login processes with few of them may open more. */
#define AUTH_REQUESTS_CROWD	18432
#define AUTH_REQUESTS_FEW	256
/*
 * For a proof after its challenge.  The client keeps a turn so long for which
 * others may wait, who give up after auth_penalty_max.
 */
#define AUTH_REQUEST_PROOF_MS	10000
/* At most one line in this time says that there is too much to do. */
#define AUTH_REQUEST_OVERLOAD_MS	1000

/* An answer to the login process; one is set, by type. */
struct auth_reply {
	uint16_t			 type;	/* enum login_auth_type */
	const struct login_auth_route	*route;
	const struct login_auth_local	*local;
	const struct login_auth_fail	*fail;
	const struct login_auth_bytes	*challenge;
};

/* peer: of the map.  Must not free the map. */
typedef void (*auth_request_reply_fn)(void *peer, uint32_t id,
    const struct auth_reply *);

/* What all requests share. */
struct auth_request_env {
	const struct settings	*settings;	/* borrowed */
	struct username_rules	 names;
	struct passdb_chain	 chain;
	struct name_memo	 memo;
	struct mail_hosts	 hosts;
	struct grants		 grants;
	struct auth_local	 local;
	struct auth_gate	 gate;
	struct worker_pool	*pool;
	struct auth_lookups	 lookups;
	struct loop_timers	 timeouts, proofs;
	struct loop_timers	 delays, ticks;	/* a second */
	auth_request_reply_fn	 reply;
	uint32_t		 pid;	/* %p */
	/* Makes nobody's salts; the master's, or random. */
	uint8_t			 pretence[MASTER_SECRET_BYTES];
	size_t			 nopen;
	uint64_t		 overload_ms;	/* of the last such line */
};

/* The key of a request's place in its map. */
struct auth_request_node {
	RB_ENTRY(auth_request_node)	 entry;
	uint32_t			 id;
	struct auth_request		*request;
};

RB_HEAD(auth_request_tree, auth_request_node);

/* The requests of one login process. */
struct auth_request_map {
	struct auth_request_tree	 tree;
	struct auth_request_env		*env;
	void				*peer;
	auth_request_reply_fn		 reply;		/* NULL: of env */
	const struct auth_watch		*watch;		/* wicketctl; or NULL */
	struct worker_lane		 lane;
	struct grant_map		 grants;
	uint32_t			 pid;	/* of the peer; 0: none */
	size_t				 nopen;
};

/* -1 with a text in why (PASSDB_WHY_MAX) when the settings do not do. */
int	auth_request_env_init(struct auth_request_env *,
	    const struct settings *, struct loop *, struct worker_pool *,
	    char *why) __attribute__((warn_unused_result));
/* After all maps are empty. */
void	auth_request_env_clear(struct auth_request_env *);

void	auth_request_map_init(struct auth_request_map *,
	    struct auth_request_env *, void *peer);

#endif
