/*
 * auth_access: what a row says beside where to and with which password: that
 * it lets nobody in, that others decide, that it is too early, or that the
 * client should go elsewhere by itself.
 */
#ifndef AUTH_AUTH_ACCESS_H
#define AUTH_AUTH_ACCESS_H

#include <stdbool.h>

#include "auth/passdb_fields.h"

struct auth_request;

/* Whom a row is for, and how it is to be read. */
struct passdb_asker	auth_access_asker(struct auth_request *,
			    const char *default_scheme);
/* Room for a reason: two fingerprints, and what they are compared with. */
#define AUTH_ACCESS_WHY_MAX	400
/*
 * NULL, or why the row does not let a client in that has shown who it is;
 * room is for the text.
 */
const char	*auth_access_refusal(const struct auth_request *,
		    char room[AUTH_ACCESS_WHY_MAX]);
/*
 * Has the client shown the certificate that all must show?  One that nobody
 * vouches for will do if a row has named its fingerprint.
 */
bool		 auth_access_has_cert(const struct auth_request *);
/*
 * Has the login to wait for its time?  Then it is in state WAIT, and then(r)
 * is called when that has come.  -1 when it is too far away.
 */
int	auth_access_wait(struct auth_request *,
	    void (*then)(struct auth_request *))
	    __attribute__((warn_unused_result));
/* The session does not go to a mail host: to a mail process, or nowhere. */
void	auth_access_stay(struct auth_request *);
/* Ends in FAIL that names a server; NULL, or why that cannot be. */
const char	*auth_access_refer(struct auth_request *);

#endif
