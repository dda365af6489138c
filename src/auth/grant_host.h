/*
 * grant_host: what becomes of an allowed login at the mail hosts of its
 * route, and which of them its session is on.
 *
 * A host that goes down has logins that wait for it.  It is known here which
 * process each of them is in, so that no other is woken: of thousands that
 * serve a client each, few have one that waits.
 */
#ifndef AUTH_GRANT_HOST_H
#define AUTH_GRANT_HOST_H

#include <stdint.h>

#include "auth/mail_host.h"
#include "ipc/login_auth.h"

struct grant_map;
struct grant_who;
struct grants;

/* One address of a route. */
struct grant_try {
	struct mail_host	*host;	/* NULL: there is no room for it */
	struct mail_host_wait	 wait;	/* until it was tried */
	bool			 is_tried;
};

/* The hosts of a login that is under way. */
struct grant_tries {
	struct mail_host_failure who;	/* if it fails */
	unsigned int		 n;
	struct grant_try	 tries[];
};

/* Each host is held until grant_tries_free. */
struct grant_tries	*grant_tries_new(struct grant_map *,
			    const struct login_auth_route *,
			    const struct grant_who *);
void	grant_tries_free(struct grant_tries *);
/*
 * TRIED; who waits for a host that goes down is told.  -1: there is no such
 * address, or it was told of before.
 */
int	grant_tries_failed(struct grants *, struct grant_tries *,
	    const struct login_auth_tried *)
	    __attribute__((warn_unused_result));
/*
 * OUTCOME: the host that has answered, NULL if none has.  -1: there is no
 * such address.
 */
int	grant_tries_answered(const struct grant_tries *, uint8_t addr,
	    struct mail_host **) __attribute__((warn_unused_result));
/* An administrator takes hosts out: who waits for them is told. */
void	grant_hosts_order(struct grants *, const struct host_order *);

#endif
