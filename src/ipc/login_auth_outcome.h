/*
 * login_auth_outcome: what a login process tells auth of a login that it has
 * allowed: which of the route's addresses were of no use, what became of it,
 * and which sessions live; and what it hears of others meanwhile.
 */
#ifndef IPC_LOGIN_AUTH_OUTCOME_H
#define IPC_LOGIN_AUTH_OUTCOME_H

#include <stdbool.h>
#include <stdint.h>

#include "ipc/login_auth_limits.h"
#include "lib/netaddr.h"

struct wire_reader;
struct wire_writer;

/* No address of the route. */
#define LOGIN_AUTH_ADDR_NONE	LOGIN_AUTH_ADDRS_MAX

enum login_auth_result {
	LOGIN_AUTH_LOGGED_IN,
	LOGIN_AUTH_REFUSED,	/* the mail host refused the credentials */
	LOGIN_AUTH_HOST_FAILED,	/* no host, or none that worked */
	LOGIN_AUTH_GONE,	/* the client left before */
};
#define LOGIN_AUTH_RESULT_LAST	LOGIN_AUTH_GONE

struct login_auth_outcome {
	uint8_t	 result;	/* enum login_auth_result */
	/* The one of the route that has answered the login, or none. */
	uint8_t	 addr;
};

/* Why an address was of no use. */
enum login_auth_trouble {
	LOGIN_AUTH_UNREACHABLE,	/* nobody listens, or there is no way */
	LOGIN_AUTH_SILENT,	/* no connection, or no word, in time */
	LOGIN_AUTH_NO_TLS,	/* handshake or certificate are bad */
	LOGIN_AUTH_UNFIT,	/* it lacks what the route asks for */
	LOGIN_AUTH_SAID_BYE,	/* it takes nobody now */
	LOGIN_AUTH_BROKEN,	/* hung up, or said what makes no sense */
};
#define LOGIN_AUTH_TROUBLE_LAST	LOGIN_AUTH_BROKEN
const char	*login_auth_trouble_word(uint8_t trouble);

/* TRIED: each address of a route once at most, before OUTCOME. */
struct login_auth_tried {
	uint8_t	 addr;		/* of the route */
	uint8_t	 trouble;	/* enum login_auth_trouble */
	bool	 has_login;	/* it had our login: that may be the reason */
};

/* A session that is relayed; it was allowed by an auth that is gone. */
struct login_auth_session {
	uint8_t		 service;	/* enum service_id */
	char		 user[LOGIN_AUTH_USER_MAX + 1];	/* of the route */
	struct netaddr	 rip, host;
};

/*
 * HOST_DOWN: not to be used by those whose OK came before this, as far as the
 * host has not answered them yet.  Once for each end of a host at most.
 */
struct login_auth_host_down {
	struct netaddr	 addr;		/* with port */
	bool		 is_ordered;	/* patience is of no use */
};

void	login_auth_outcome_put(struct wire_writer *,
	    const struct login_auth_outcome *);
int	login_auth_outcome_get(struct wire_reader *,
	    struct login_auth_outcome *);
void	login_auth_tried_put(struct wire_writer *,
	    const struct login_auth_tried *);
int	login_auth_tried_get(struct wire_reader *,
	    struct login_auth_tried *);
void	login_auth_session_put(struct wire_writer *,
	    const struct login_auth_session *);
int	login_auth_session_get(struct wire_reader *,
	    struct login_auth_session *);
void	login_auth_host_down_put(struct wire_writer *,
	    const struct login_auth_host_down *);
int	login_auth_host_down_get(struct wire_reader *,
	    struct login_auth_host_down *);

#endif
