/*
 * grant_host: what becomes of an allowed login at the mail hosts of its
 * route, and which of them its session is on.
 */
#ifndef AUTH_GRANT_HOST_H
#define AUTH_GRANT_HOST_H

#include <stdint.h>

#include "auth/mail_host.h"
#include "ipc/login_auth.h"

struct grant_who;
struct settings;

/* The hosts of a login that is under way. */
struct grant_tries {
	unsigned int		 n;
	unsigned int		 tried;	/* bits 1 << number */
	/* Numbers of the client, for what he may be to blame for or not. */
	uint64_t		 suspect, witness;
	struct mail_host	*hosts[LOGIN_AUTH_ADDRS_MAX];	/* or NULL */
};

/* key: SIPHASH_KEY_BYTES.  Each host is held until grant_tries_free. */
struct grant_tries	*grant_tries_new(struct mail_hosts *,
			    const struct login_auth_route *,
			    const struct grant_who *, const struct settings *,
			    const uint8_t *key);
void	grant_tries_free(struct grant_tries *);
/* TRIED; -1: there is no such address, or it was told of before. */
int	grant_tries_failed(struct grant_tries *,
	    const struct login_auth_tried *)
	    __attribute__((warn_unused_result));
/*
 * OUTCOME: the host that has answered, NULL if none has.  -1: there is no
 * such address.
 */
int	grant_tries_answered(const struct grant_tries *, uint8_t addr,
	    struct mail_host **) __attribute__((warn_unused_result));

#endif
