/*
 * What the words of "connect" must say together for PostgreSQL.
 * Runs in: master.
 * Hostile input: none that counts: the text is root's.
 * Never: shows a password in its reasons.
 */
#include "config/connect_pgsql.h"

#include <stdio.h>
#include <string.h>

#include "config/connect_text.h"
#include "lib/netaddr.h"

static const struct netaddr_net loopback[] = {
	{ { NETADDR_V4, 0, { 127 } }, 8 },
	{ { NETADDR_V6, 0, { [15] = 1 } }, 128 },
};

/* A socket, or an address that leads nowhere else. */
bool
connect_pgsql_is_here(const char *host)
{
	struct netaddr addr;

	if (host[0] == '/' || host[0] == '@' || strcmp(host, "localhost") == 0)
		return true;
	return netaddr_parse(&addr, host, strlen(host)) == 0 &&
	    (netaddr_net_has(&loopback[0], &addr) ||
	    netaddr_net_has(&loopback[1], &addr));
}

static bool
is_word(const struct connect_text *text, const char *key, const char *value)
{
	const char *is = connect_text_get(text, key);

	return is != NULL && strcmp(is, value) == 0;
}

static bool
is_verified(const struct connect_text *text)
{
	return is_word(text, "sslmode", "verify-full") ||
	    is_word(text, "sslmode", "verify-ca");
}

/* The first host that is beyond a network, or NULL. */
static const char *
far_host(const struct connect_text *text)
{
	const char *addr = connect_text_get(text, "hostaddr");

	if (addr != NULL)
		return connect_pgsql_is_here(addr) ? NULL : addr;
	for (size_t i = 0; i < text->nhosts; i++)
		if (!connect_pgsql_is_here(text->hosts[i]))
			return text->hosts[i];
	return NULL;
}

int
connect_pgsql_check(const struct connect_text *text, char *err,
    size_t err_size)
{
	const char *password = connect_text_get(text, "password");
	const char *host;

	if (connect_text_get(text, "hostaddr") != NULL && text->nhosts > 1) {
		(void)snprintf(err, err_size,
		    "hostaddr: does not go with several hosts");
		return -1;
	}
	/* The library's default is a file in a home that nobody has. */
	if (is_verified(text) && connect_text_get(text, "sslrootcert") ==
	    NULL) {
		(void)snprintf(err, err_size,
		    "sslmode=verify-...: needs sslrootcert=FILE");
		return -1;
	}
	host = far_host(text);
	if (password == NULL || password[0] == '\0' || host == NULL ||
	    is_verified(text) || is_word(text, "channel_binding", "require") ||
	    is_word(text, "password_without_tls", "yes"))
		return 0;
	(void)snprintf(err, err_size, "password: any server in the place of "
	    "%s could ask for it; say channel_binding=require or "
	    "sslmode=verify-full, or password_without_tls=yes", host);
	return -1;
}
