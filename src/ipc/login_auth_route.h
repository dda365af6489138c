/*
 * login_auth_route: OK of login_auth: the user may log in, and here is where
 * the session goes.  A master is whose password it is: he acts for destuser.
 */
#ifndef IPC_LOGIN_AUTH_ROUTE_H
#define IPC_LOGIN_AUTH_ROUTE_H

#include <stdbool.h>
#include <stdint.h>

#include "ipc/login_auth_forward.h"
#include "ipc/login_auth_host.h"
#include "ipc/login_auth_limits.h"
#include "ipc/login_auth_tls.h"
#include "lib/netaddr.h"

struct wire_reader;
struct wire_writer;

enum login_auth_way {	/* to log in at the mail host */
	LOGIN_AUTH_WAY_COMMAND,	/* LOGIN; USER and PASS */
	LOGIN_AUTH_WAY_PLAIN,	/* SASL PLAIN; the only one for a master */
	LOGIN_AUTH_WAY_LOGIN,	/* SASL LOGIN */
	LOGIN_AUTH_WAY_EXTERNAL,	/* our certificate is to do */
	LOGIN_AUTH_WAY_OAUTHBEARER,	/* pass, or if "" the client's token */
	LOGIN_AUTH_WAY_XOAUTH2,
};
#define LOGIN_AUTH_WAY_LAST	LOGIN_AUTH_WAY_XOAUTH2

struct login_auth_route {
	char		 user[LOGIN_AUTH_USER_MAX + 1];	/* for log lines */
	char		 destuser[LOGIN_AUTH_USER_MAX + 1];
	char		 master[LOGIN_AUTH_USER_MAX + 1];	/* "": none */
	char		 pass[LOGIN_AUTH_PASS_MAX + 1];
	uint8_t		 way;		/* enum login_auth_way */
	char		 host[LOGIN_AUTH_HOST_MAX + 1];	/* as configured */
	uint32_t	 timeout_ms;	/* covers all addresses; 0 = setting */
	bool		 has_nodelay;	/* no delay after a host's refusal */
	struct login_auth_host how;	/* to speak with the host */
	struct login_auth_tls tls;
	struct login_auth_forward forward;	/* to be told to the host */
	/*
	 * The first address is thought to be down: it gets no more than this
	 * before the others.  0: it is not.
	 */
	uint32_t	 probe_ms;
	bool		 is_patient;	/* rather waits than is refused */
	uint8_t		 down;		/* addresses that are; 1 << number */
	uint8_t		 naddrs;	/* at least 1 */
	struct netaddr	 addrs[LOGIN_AUTH_ADDRS_MAX];	/* with ports */
};

void	login_auth_route_put(struct wire_writer *,
	    const struct login_auth_route *);
int	login_auth_route_get(struct wire_reader *, struct login_auth_route *);

#endif
