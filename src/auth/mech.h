/*
 * mech: SASL mechanisms, from a client's responses to a name and a password.
 * Rules of RFC 4616: reject, never repair.
 */
#ifndef AUTH_MECH_H
#define AUTH_MECH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc/login_auth.h"

struct mech;

enum mech_result {
	MECH_CHALLENGE,		/* ask the client for more */
	MECH_CREDENTIALS,	/* user and pass are there */
	MECH_BAD,		/* not the mechanism's syntax */
	MECH_AUTHZ,		/* wants to act for somebody else */
	MECH_REFUSED,		/* nobody has such a name or password */
};

/* One exchange; part of a request. */
struct mech_exchange {
	const struct mech	*mech;
	struct login_auth_bytes	 challenge;	/* static bytes */
	const char		*reason;	/* of a refusal, for logs */
	char			 user[LOGIN_AUTH_USER_MAX + 1];
	char			 pass[LOGIN_AUTH_PASS_MAX + 1];
	unsigned int		 step;
};

/* response is NULL when there was no initial one. */
typedef enum mech_result (*mech_step_fn)(struct mech_exchange *,
    const struct login_auth_bytes *response);

struct mech {
	const char	*name;
	mech_step_fn	 start;
	mech_step_fn	 next;
};

/* The row of a name (in any case), or NULL. */
const struct mech	*mech_find(const char *name);
/* Forgets name and password. */
void			 mech_exchange_clear(struct mech_exchange *);
/*
 * Takes one half of the credentials; false, with a reason, when nobody can
 * have it: 1 to max bytes of UTF-8 without control characters.
 */
bool			 mech_take_user(struct mech_exchange *, const void *,
			    size_t);
bool			 mech_take_pass(struct mech_exchange *, const void *,
			    size_t);

/* The steps of each mechanism. */
enum mech_result	mech_plain_start(struct mech_exchange *,
			    const struct login_auth_bytes *);
enum mech_result	mech_plain_next(struct mech_exchange *,
			    const struct login_auth_bytes *);
enum mech_result	mech_login_start(struct mech_exchange *,
			    const struct login_auth_bytes *);
enum mech_result	mech_login_next(struct mech_exchange *,
			    const struct login_auth_bytes *);

#endif
