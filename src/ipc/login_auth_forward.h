/*
 * login_auth_forward: what proxies tell one another of a client beside its
 * addresses, name by name.  A trusted peer of ours says it (ID's
 * x-forward-NAME, XCLIENT's FORWARD), columns forward_NAME of a row say it,
 * and the mail host is told.
 */
#ifndef IPC_LOGIN_AUTH_FORWARD_H
#define IPC_LOGIN_AUTH_FORWARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wire_reader;
struct wire_writer;

/* All pairs, each "name=value" and a NUL. */
#define LOGIN_AUTH_FORWARD_MAX		1024
#define LOGIN_AUTH_FORWARD_PAIRS_MAX	16
#define LOGIN_AUTH_FORWARD_NAME_MAX	20	/* Dovecot takes no longer */

struct login_auth_forward {
	uint16_t len;
	char	 pairs[LOGIN_AUTH_FORWARD_MAX];
};

/*
 * Adds a pair, or gives the name another value.  Names are a-z, 0-9, "_" and
 * "-", and upper case is made lower; values are UTF-8 without control
 * characters, or empty.  -1, and nothing has changed, when that is not so or
 * there is no room.
 */
int	login_auth_forward_set(struct login_auth_forward *, const char *name,
	    size_t nlen, const char *value, size_t vlen)
	    __attribute__((warn_unused_result));
/*
 * The pair at *pos, which is 0 at first: name is *nlen bytes long, value ends
 * in a NUL.  false at the end.
 */
bool	login_auth_forward_next(const struct login_auth_forward *, size_t *pos,
	    const char **name, size_t *nlen, const char **value);

/* _get fails on what login_auth_forward_set() would not have made. */
void	login_auth_forward_put(struct wire_writer *,
	    const struct login_auth_forward *);
void	login_auth_forward_get(struct wire_reader *,
	    struct login_auth_forward *);

#endif
