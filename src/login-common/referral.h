/* referral: where else a user can log in, as a client can be told. */
#ifndef LOGIN_COMMON_REFERRAL_H
#define LOGIN_COMMON_REFERRAL_H

#include "ipc/login_auth_referral.h"

/* The longest text, with NUL: each byte of a name may take three. */
#define REFERRAL_TEXT_MAX \
	(3 * LOGIN_AUTH_USER_MAX + LOGIN_AUTH_HOST_MAX + 8)

/*
 * "user@host", or "user@host:port".  All bytes of the user but letters,
 * digits and -._~ are percent-encoded (RFC 5092, 11), so that the one "@" is
 * the end of it.  Returns dst.
 */
const char	*referral_text(const struct login_auth_referral *,
		    char dst[REFERRAL_TEXT_MAX]);

#endif
