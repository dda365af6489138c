/*
 * login_auth_referral: the part of FAIL that names the server where a user
 * can log in, when he is not forwarded there (RFC 2221).
 */
#ifndef IPC_LOGIN_AUTH_REFERRAL_H
#define IPC_LOGIN_AUTH_REFERRAL_H

#include <stdint.h>

#include "ipc/login_auth_limits.h"

struct wire_reader;
struct wire_writer;

/* All of it is "" and 0 unless the code is that of a referral. */
struct login_auth_referral {
	char	 user[LOGIN_AUTH_USER_MAX + 1];
	char	 host[LOGIN_AUTH_HOST_MAX + 1];	/* a name, or IPv4 */
	uint16_t port;		/* 0: the usual one */
};

void	login_auth_referral_put(struct wire_writer *,
	    const struct login_auth_referral *);
void	login_auth_referral_get(struct wire_reader *,
	    struct login_auth_referral *);

#endif
