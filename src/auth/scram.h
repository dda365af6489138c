/*
 * scram: the server's side of one SCRAM exchange (RFC 5802, RFC 7677),
 * without channel binding.  Order: scram_begin, scram_challenge when the
 * user's keys are there, scram_end, and the client's empty last word.
 */
#ifndef AUTH_SCRAM_H
#define AUTH_SCRAM_H

#include <stdbool.h>
#include <stddef.h>

#include "ipc/login_auth_limits.h"
#include "lib/digest.h"
#include "lib/password_scram.h"

/* A client's nonce; those in use have 16 to 64 characters. */
#define SCRAM_NONCE_MAX		256
/* Ours, in base64: 18 random bytes. */
#define SCRAM_OWN_NONCE_LEN	24
/* n=name,r=nonce and extensions that nobody has; and the header before it. */
#define SCRAM_FIRST_MAX		2048
/* r=nonce,s=salt,i=rounds */
#define SCRAM_CHALLENGE_MAX	(SCRAM_NONCE_MAX + SCRAM_OWN_NONCE_LEN + 128)
/* c=header,r=nonce,p=proof */
#define SCRAM_FINAL_MAX		SCRAM_FIRST_MAX

struct scram {
	enum digest_kind	 digest;
	struct password_scram	 keys;
	bool			 is_fake;	/* nobody's keys */
	bool			 is_asked;	/* the challenge was made */
	bool			 is_over;	/* the proof was right */
	/* What is signed: the client's first message, ours, its last. */
	size_t			 header_len;	/* of gs2, in first */
	char			 first[SCRAM_FIRST_MAX + 1];
	char			 nonce[SCRAM_NONCE_MAX +
				    SCRAM_OWN_NONCE_LEN + 1];	/* both */
	size_t			 nonce_len;	/* the client's; then all */
	char			 text[SCRAM_CHALLENGE_MAX];	/* to send */
	size_t			 text_len;
};

enum scram_result {
	SCRAM_OK,
	SCRAM_BAD,	/* not the mechanism's syntax, or not supported */
	SCRAM_WRONG,	/* the client does not know the password */
	SCRAM_FAULT,	/* the library failed */
};

struct scram_names {
	char	user[LOGIN_AUTH_USER_MAX + 1];
	char	authzid[LOGIN_AUTH_USER_MAX + 1];	/* "": none */
};

/* The client's first message; digest is set, all else zero. */
enum scram_result	scram_begin(struct scram *, const void *, size_t,
			    struct scram_names *);
/*
 * Makes our challenge, text, from keys and the given nonce, base64 without
 * commas of SCRAM_OWN_NONCE_LEN at most.
 */
void			scram_challenge(struct scram *, const char *nonce);
/*
 * The client's last message: SCRAM_OK when it proves the password; text is
 * then our own proof.  Fake keys are never OK.
 */
enum scram_result	scram_end(struct scram *, const void *, size_t);

#endif
