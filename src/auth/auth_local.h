/*
 * auth_local: logins of users whose mail is on this machine.  The userdbs say
 * as whom a mail process is to run; the master gives a ticket for it, and
 * tells when the process is gone.  Until then the user has a place, which is
 * counted as that of a session which is forwarded.
 */
#ifndef AUTH_AUTH_LOCAL_H
#define AUTH_AUTH_LOCAL_H

#include <bsd/sys/tree.h>
#include <stdbool.h>
#include <stdint.h>

#include "auth/grant.h"

struct auth_request;
struct auth_worker_row;
struct channel;
struct master_mail_session;
struct master_mail_ticket;

/* A request that waits for its ticket; by the id of the question. */
struct auth_local_ask {
	RB_ENTRY(auth_local_ask)	 entry;
	uint32_t			 id;		/* 0: none is open */
	struct auth_request		*request;
};

RB_HEAD(auth_local_tree, auth_local_ask);

/* One a process. */
struct auth_local {
	struct channel		*master;	/* borrowed; NULL: none */
	struct auth_local_tree	 asks;
	struct grant_map	 places;	/* by the same ids */
	uint32_t		 last_id;
};

void	auth_local_init(struct auth_local *, struct grants *,
	    struct channel *master);
/*
 * Keeps the columns for userdb prefetch of a passdb's row; -1 with a reason
 * in why (PASSDB_WHY_MAX) when they cannot be used.
 */
int	auth_local_prefetch(struct auth_request *,
	    const struct auth_worker_row *, char *why)
	    __attribute__((warn_unused_result));
/* Forgets them: another row will count. */
void	auth_local_forget(struct auth_request *);
/* Are the found addresses of a row with proxy_maybe those of this machine? */
bool	auth_local_is_here(const struct auth_request *);
/*
 * The user is to log in here.  Ends the request, now or later.
 */
void	auth_local_start(struct auth_request *);
/* The request ends without a ticket; harmless when it waits for none. */
void	auth_local_cancel(struct auth_request *);

/*
 * MAIL_TICKET, MAIL_SESSION, MAIL_ENDED of the master; -1: it has broken the
 * rules.
 */
int	auth_local_ticket(struct auth_local *, uint32_t id,
	    const struct master_mail_ticket *)
	    __attribute__((warn_unused_result));
int	auth_local_session(struct auth_local *, uint32_t id,
	    const struct master_mail_session *)
	    __attribute__((warn_unused_result));
int	auth_local_ended(struct auth_local *, uint32_t id)
	    __attribute__((warn_unused_result));

#endif
