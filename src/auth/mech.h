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
#include "lib/digest.h"

struct mech;
struct scram;

enum mech_result {
	MECH_CHALLENGE,		/* ask the client for more */
	MECH_CREDENTIALS,	/* user is there, and what the proof needs */
	MECH_BAD,		/* not the mechanism's syntax */
	MECH_AUTHZ,		/* wants to act for somebody else */
	MECH_REFUSED,		/* nobody has such a name or password */
	MECH_PROVEN,		/* he knows the password of his row */
	MECH_DISPROVEN,		/* he does not */
	MECH_ABSENT,		/* not for this connection */
};

/* By what a client shows who he is. */
enum mech_proof {
	MECH_PROOF_PASSWORD,	/* a password, to be looked at here or later */
	MECH_PROOF_TOKEN,	/* which the mail host alone can look at */
	MECH_PROOF_CERT,	/* his certificate, verified before */
	MECH_PROOF_KEY,		/* that he knows the key in his row */
};

/* One exchange; part of a request. */
struct mech_exchange {
	const struct mech	*mech;
	struct login_auth_bytes	 challenge;	/* static bytes */
	const char		*reason;	/* of a refusal, for logs */
	const char		*cert_user;	/* borrowed; "": no such */
	struct scram		*scram;		/* owned; NULL: not begun */
	char			 user[LOGIN_AUTH_USER_MAX + 1];
	/* The password; of other proofs, what tells this try from others. */
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
	enum mech_proof	 proof;
	enum login_auth_way way;	/* of a token: how it goes on */
	enum digest_kind digest;	/* of SCRAM */
};

/* The row of a name (in any case), or NULL. */
const struct mech	*mech_find(const char *name);
/* Forgets name and password, and ends SCRAM. */
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
enum mech_result	mech_token_start(struct mech_exchange *,
			    const struct login_auth_bytes *);
enum mech_result	mech_token_next(struct mech_exchange *,
			    const struct login_auth_bytes *);
enum mech_result	mech_external_start(struct mech_exchange *,
			    const struct login_auth_bytes *);
enum mech_result	mech_external_next(struct mech_exchange *,
			    const struct login_auth_bytes *);
enum mech_result	mech_scram_start(struct mech_exchange *,
			    const struct login_auth_bytes *);
enum mech_result	mech_scram_next(struct mech_exchange *,
			    const struct login_auth_bytes *);
/* SCRAM's keys are there (scram->keys): its challenge. */
enum mech_result	mech_scram_ask(struct mech_exchange *);

#endif
