/*
 * grant: a login that auth has allowed, until its session ends.
 *
 * Each login process has a map of its grants by the ids that it chose; what
 * they count against, the places of one user from one address at one service,
 * is shared by all processes.  A place lives as long as somebody holds it, so
 * there are never more than grants.
 */
#ifndef AUTH_GRANT_H
#define AUTH_GRANT_H

#include <bsd/sys/tree.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/settings.h"
#include "ipc/login_auth.h"
#include "lib/netaddr.h"
#include "lib/siphash.h"

struct auth_lookups;
struct grant;
struct grant_place;
struct login_auth_route;
struct mail_hosts;
struct penalty;
struct penalty_mark;

/*
 * Beside the sessions that there may be: logins on their way to the mail
 * host, as many as there may be requests.
 */
#define GRANTS_OPEN_MAX		24576
/*
 * login_max_sessions is one process's; several share one protocol, and there
 * are two.  A grant has about 100 bytes.
 */
#define GRANTS_SHARES		4
/* At most one line in this time says that there are too many. */
#define GRANTS_WARN_MS		10000

RB_HEAD(grant_tree, grant);
RB_HEAD(grant_place_tree, grant_place);

/* peer: of a map.  HOST_DOWN is for its login process; frees no map. */
typedef void (*grant_host_down_fn)(void *peer,
    const struct login_auth_host_down *);

/* What all maps share. */
struct grants {
	const struct settings	*settings;	/* borrowed */
	struct penalty		*penalty;	/* borrowed */
	struct auth_lookups	*lookups;	/* borrowed */
	struct mail_hosts	*hosts;		/* borrowed */
	struct grant_place_tree	 places;
	size_t			 n, max;
	size_t			 map_max;	/* of one process */
	uint64_t		 warned_ms;
	uint64_t		 ntold;		/* hosts that went down */
	grant_host_down_fn	 host_down;	/* where maps have peers */
	uint8_t			 key[SIPHASH_KEY_BYTES];
};

/* The grants of one login process. */
struct grant_map {
	struct grant_tree	 tree;
	struct grants		*all;
	size_t			 n;
	void			*peer;	/* NULL: its logins wait for nothing */
	uint64_t		 told;	/* ntold, when it was told last */
};

/* Whose session it is. */
struct grant_who {
	const char		*user;
	uint8_t			 service;	/* enum service_id */
	const struct netaddr	*rip;
};

/* Settings outlive it. */
void	grants_init(struct grants *, const struct settings *,
	    struct penalty *, struct auth_lookups *, struct mail_hosts *);
void	grant_map_init(struct grant_map *, struct grants *);
/* The login process is gone: all its places are free. */
void	grant_map_clear(struct grant_map *);

/*
 * Takes a place for a login that is to be allowed; the id must be free.
 * false: the user has all the places that mail_max_userip_connections gives.
 * If there are too many grants the login goes on without being counted.  The
 * mark is taken, and told of the outcome at the mail host.
 */
bool	grant_open(struct grant_map *, uint32_t id, const struct grant_who *,
	    struct penalty_mark *) __attribute__((warn_unused_result));
/* The password was right: the login does not hold back others. */
void	grant_verified(struct grant_map *, uint32_t id);
/* The login's rows in the cache (auth_lookup.h), to be doubted if it fails. */
void	grant_rows(struct grant_map *, uint32_t id,
	    const uint32_t marks[SETTINGS_DBS_MAX]);
/* Where the login is sent: what becomes of it there is learned from. */
void	grant_route(struct grant_map *, uint32_t id,
	    const struct login_auth_route *, const struct grant_who *);
/* SESSION: it lives already, so that it is counted whatever the limit. */
void	grant_adopt(struct grant_map *, uint32_t id,
	    const struct grant_who *, const struct netaddr *host);
bool	grant_has(const struct grant_map *, uint32_t id);
/*
 * TRIED, OUTCOME, END, CANCEL.  -1: the grant is not in the state for it: a
 * violation.  An id without a grant is fine: it may not have been counted.
 */
int	grant_tried(struct grant_map *, uint32_t id,
	    const struct login_auth_tried *)
	    __attribute__((warn_unused_result));
int	grant_outcome(struct grant_map *, uint32_t id,
	    const struct login_auth_outcome *)
	    __attribute__((warn_unused_result));
int	grant_end(struct grant_map *, uint32_t id)
	    __attribute__((warn_unused_result));
int	grant_cancel(struct grant_map *, uint32_t id)
	    __attribute__((warn_unused_result));

#endif
