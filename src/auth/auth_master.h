/*
 * auth_master: a master user logs in as another: "joe*boss" where
 * auth_master_user_separator is "*".  The passdbs with "master = yes" are
 * asked about boss, then the others about joe, whose password nobody needs.
 */
#ifndef AUTH_AUTH_MASTER_H
#define AUTH_AUTH_MASTER_H

#include <stdbool.h>

#include "auth/username.h"

struct auth_request;

/*
 * From the name of the exchange to user and, if there is one, master, by the
 * rules for names.  One who names himself is no master.
 */
enum username_verdict	auth_master_names(struct auth_request *);
/* Whose row is looked for now. */
const char	*auth_master_asked(const struct auth_request *);
/* Whose password it is: the master's, or the user's own. */
const char	*auth_master_auth(const struct auth_request *);
/*
 * Goes to the first passdb, or to the next one, of those that are asked now;
 * false when there is none.
 */
bool	auth_master_first(struct auth_request *);
bool	auth_master_next(struct auth_request *);
/* Is there no other behind the one at hand? */
bool	auth_master_is_last(const struct auth_request *);
/*
 * The master has shown his password in the passdb at hand.  True when his
 * own row says where to; otherwise joe's is to be looked for from now on.
 */
bool	auth_master_accept(struct auth_request *);

#endif
