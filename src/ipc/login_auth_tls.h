/*
 * login_auth_tls: the part of a route that says how the connection to the
 * mail host is protected, and whom its certificate must name.
 */
#ifndef IPC_LOGIN_AUTH_TLS_H
#define IPC_LOGIN_AUTH_TLS_H

#include <stdbool.h>
#include <stdint.h>

#include "ipc/login_auth_limits.h"

struct wire_reader;
struct wire_writer;

#define LOGIN_AUTH_NAME_MAX	255	/* RFC 1035, 2.3.4 */
/* All names, blanks between them: the field "host" is no longer. */
#define LOGIN_AUTH_NAMES_MAX	1023

enum login_auth_tls_kind {
	LOGIN_AUTH_TLS_NONE,
	LOGIN_AUTH_TLS_STARTTLS,	/* STLS in POP3 */
	LOGIN_AUTH_TLS_IMPLICIT,	/* from the first byte on */
};
#define LOGIN_AUTH_TLS_LAST	LOGIN_AUTH_TLS_IMPLICIT

struct login_auth_tls {
	uint8_t	 kind;		/* enum login_auth_tls_kind */
	bool	 is_any_cert;	/* whoever answers is believed */
	uint8_t	 word[LOGIN_AUTH_ADDRS_MAX];	/* of names, by address */
	char	 names[LOGIN_AUTH_NAMES_MAX + 1];
};

/*
 * The next address, number i, is to be that of the host with this name (or
 * IP address); -1 when there is no room for it.
 */
int	login_auth_tls_add(struct login_auth_tls *, unsigned int i,
	    const char *name) __attribute__((warn_unused_result));
/* The name for address i, "" if there is none; returns dst. */
const char	*login_auth_tls_name(const struct login_auth_tls *,
		    unsigned int i, char dst[LOGIN_AUTH_NAME_MAX + 1]);

/* naddrs: of the route that it is a part of. */
void	login_auth_tls_put(struct wire_writer *,
	    const struct login_auth_tls *, unsigned int naddrs);
void	login_auth_tls_get(struct wire_reader *, struct login_auth_tls *,
	    unsigned int naddrs);

#endif
