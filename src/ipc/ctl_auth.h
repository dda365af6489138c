/*
 * ctl_auth: wicketctl asks auth, over a channel that the master made.
 *
 * Trust: only whom the master has let in gets such a channel; auth still
 * closes it on a violation, and nothing else happens.  wicketctl is run by
 * root and ends on a violation by auth.  One command after the other; each is
 * answered by any number of LINE and HOST and then one DONE.  A line is a
 * key, words joined by dots such as "passdb.1.query", and a value; values that
 * came from outside are escaped by auth, and secrets are never among them.
 */
#ifndef IPC_CTL_AUTH_H
#define IPC_CTL_AUTH_H

#include <stdbool.h>
#include <stdint.h>

#include "ipc/host_order.h"
#include "ipc/login_auth.h"
#include "lib/channel.h"
#include "lib/netaddr.h"

#define CTL_AUTH_VERSION	2

extern const struct channel_contract ctl_auth_contract;

enum ctl_auth_type {
	/* wicketctl to auth */
	CTL_AUTH_TEST = 1,		/* log in, as a client would */
	CTL_AUTH_EXPLAIN = 2,		/* the same without a password */
	CTL_AUTH_STATUS = 3,		/* no body */
	CTL_AUTH_CACHE_STATUS = 4,	/* no body */
	CTL_AUTH_CACHE_FLUSH = 5,	/* of a user, or all */
	CTL_AUTH_HOSTS = 6,		/* no body */
	/* auth to wicketctl */
	CTL_AUTH_LINE = 101,
	CTL_AUTH_DONE = 102,
	CTL_AUTH_HOST = 103,		/* answer to HOSTS */
};

#define CTL_AUTH_KEY_MAX	63
#define CTL_AUTH_VALUE_MAX	8191	/* a query, escaped */

/* TEST and EXPLAIN; in EXPLAIN the password is empty. */
struct ctl_auth_ask {
	uint8_t		 service;	/* enum service_id */
	char		 user[LOGIN_AUTH_USER_MAX + 1];
	char		 pass[LOGIN_AUTH_PASS_MAX + 1];
	struct netaddr	 rip, lip;	/* with ports */
};

struct ctl_auth_flush {
	char		 user[LOGIN_AUTH_USER_MAX + 1];	/* "": all */
};

struct ctl_auth_line {
	char		 key[CTL_AUTH_KEY_MAX + 1];
	char		 value[CTL_AUTH_VALUE_MAX + 1];
};

/* A mail host, or an order about one that is not known. */
struct ctl_auth_host {
	struct netaddr	 addr;		/* port 0: an order for all ports */
	uint8_t		 mode;		/* enum host_mode: the order */
	uint8_t		 trouble;	/* enum login_auth_trouble: the last */
	bool		 is_down;
	uint32_t	 sessions;
	uint32_t	 failures;
	uint32_t	 since_s;	/* in this state; 0 also: not known */
	uint32_t	 next_ms;	/* is_down: until the next probe */
};

enum ctl_auth_result {
	CTL_AUTH_OK,		/* the user may log in; it was done */
	CTL_AUTH_REFUSED,
	CTL_AUTH_TEMP,		/* our trouble: a database, a worker */
};
#define CTL_AUTH_RESULT_LAST	CTL_AUTH_TEMP

struct ctl_auth_done {
	uint8_t		 result;	/* enum ctl_auth_result */
};

void	ctl_auth_ask_put(struct wire_writer *, const struct ctl_auth_ask *);
int	ctl_auth_ask_get(struct wire_reader *, struct ctl_auth_ask *);
void	ctl_auth_flush_put(struct wire_writer *,
	    const struct ctl_auth_flush *);
int	ctl_auth_flush_get(struct wire_reader *, struct ctl_auth_flush *);
void	ctl_auth_line_put(struct wire_writer *, const struct ctl_auth_line *);
int	ctl_auth_line_get(struct wire_reader *, struct ctl_auth_line *);
void	ctl_auth_host_put(struct wire_writer *, const struct ctl_auth_host *);
int	ctl_auth_host_get(struct wire_reader *, struct ctl_auth_host *);
void	ctl_auth_done_put(struct wire_writer *, const struct ctl_auth_done *);
int	ctl_auth_done_get(struct wire_reader *, struct ctl_auth_done *);

#endif
