/*
 * connect_pgsql: what the words of "connect" must say together for
 * PostgreSQL, so that no password goes to a server that is not the right one.
 *
 * libpq gives a password in clear to whoever asks for it so.  Over TLS with a
 * certificate that is verified, or with channel binding, which fails unless
 * the server knows the password already, it does not; over a socket or the
 * loopback there is nobody in between.
 */
#ifndef CONFIG_CONNECT_PGSQL_H
#define CONFIG_CONNECT_PGSQL_H

#include <stdbool.h>
#include <stddef.h>

struct connect_text;

/* Does this host or address lead to this machine, with nobody in between? */
bool	connect_pgsql_is_here(const char *host);

/* -1 with a reason in err, which shows no value that may be secret. */
int	connect_pgsql_check(const struct connect_text *, char *err,
	    size_t err_size) __attribute__((warn_unused_result));

#endif
