/*
 * sasl_message: what login processes and auth both must find in the first
 * message of a mechanism: whose it is, and the token.  A name in it is 1 to
 * LOGIN_AUTH_USER_MAX bytes without NUL; else it is for its taker to judge.
 */
#ifndef IPC_SASL_MESSAGE_H
#define IPC_SASL_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "ipc/login_auth_limits.h"

/*
 * A token that is passed through.  With a name of 255 bytes, and all of them
 * escaped, it makes a message of less than LOGIN_AUTH_RESPONSE_MAX.
 */
#define SASL_TOKEN_MAX		8192
/* What a name is before it is decoded: each byte may be "=2C". */
#define SASL_NAME_TEXT_MAX	(3 * LOGIN_AUTH_USER_MAX)
/* A message with a token of SASL_TOKEN_MAX. */
#define SASL_TOKEN_MESSAGE_MAX	(SASL_TOKEN_MAX + SASL_NAME_TEXT_MAX + 32)
/* Pairs of key and value in a message: RFC 7628 knows of seven. */
#define SASL_PAIRS_MAX		16

/* The header of RFC 5801, section 4: flag, authzid. */
struct sasl_gs2 {
	size_t	len;		/* with both commas */
	bool	has_authzid;
	char	authzid[LOGIN_AUTH_USER_MAX + 1];
};

/* A message of OAUTHBEARER or XOAUTH2; the token is borrowed from it. */
struct sasl_token {
	char		 user[LOGIN_AUTH_USER_MAX + 1];	/* "": not named */
	const char	*token;
	size_t		 len;
};

/*
 * A name in which "," and "=" are written "=2C" and "=3D" (RFC 5802, 5.1).
 * -1 when it is not that, is empty or too long.
 */
int	sasl_name_get(char dst[LOGIN_AUTH_USER_MAX + 1], const char *, size_t)
	    __attribute__((warn_unused_result));
/* The same the other way: its length, in dst of SASL_NAME_TEXT_MAX + 1. */
size_t	sasl_name_put(char *dst, const char *name);
/* -1: not a header, or one that demands channel binding ("p="). */
int	sasl_gs2_get(struct sasl_gs2 *, const char *, size_t)
	    __attribute__((warn_unused_result));
/*
 * RFC 7628, section 3.1, or XOAUTH2: "user=name", then "auth=Bearer token".
 * Other keys are passed over, none may come twice, and no control character
 * but the separators may be anywhere.  -1: not that.
 */
int	sasl_token_get(struct sasl_token *, bool is_xoauth2, const char *,
	    size_t) __attribute__((warn_unused_result));
/*
 * Makes the message for another user: its length, in dst of
 * SASL_TOKEN_MESSAGE_MAX; 0 when the token cannot be one.
 */
size_t	sasl_token_put(char *dst, bool is_xoauth2, const char *user,
	    const char *token, size_t len);
/*
 * The name in the first message of a mechanism (upper-case), as it stands
 * there and whatever the rest is; "" when it has none.
 */
void	sasl_message_name(const char *mech, const char *, size_t,
	    char dst[LOGIN_AUTH_USER_MAX + 1]);

#endif
