/*
 * Host names to addresses.
 * Runs in: auth-worker.
 * Hostile input: names from rows of the database, answers of name servers.
 * Never: takes an odd number for an address.
 */
#include "auth-worker/resolver.h"

#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <stddef.h>
#include <string.h>

#include "lib/netaddr.h"

/* Each server may be asked for more than one name (search list). */
#define RESOLVER_SHARES	3

static const char resolver_bytes[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";

bool
resolver_is_name(const char *name)
{
	size_t len = strlen(name), last;

	if (len > 0 && name[len - 1] == '.')
		len--;
	if (len == 0 || name[strspn(name, resolver_bytes)] != '\0')
		return false;
	for (last = len; last > 0 && name[last - 1] != '.'; last--)
		continue;
	if (last == len)
		return false;
	if (name[last] == '0' && (name[last + 1] | 0x20) == 'x')
		return false;
	return last + strspn(name + last, "0123456789") < len;
}

/*
 * Reads the list of servers anew, since it may have changed, and shortens the
 * time that each is given.
 */
static void
resolver_hurry(uint32_t timeout_ms)
{
	uint32_t share_s;
	int nservers;

	if (res_init() == -1)
		return;
	nservers = _res.nscount > 0 ? _res.nscount : 1;
	share_s = timeout_ms / 1000 / (uint32_t)nservers / RESOLVER_SHARES;
	if (share_s < 1)
		share_s = 1;
	if (_res.retrans > (int)share_s)
		_res.retrans = (int)share_s;
}

static bool
resolver_has(const struct auth_worker_resolved *to, const struct netaddr *addr)
{
	for (unsigned int i = 0; i < to->naddrs; i++)
		if (netaddr_same_ip(&to->addrs[i], addr))
			return true;
	return false;
}

static void
resolver_take(struct auth_worker_resolved *to, const struct addrinfo *list)
{
	struct netaddr addr;

	for (; list != NULL && to->naddrs < LOGIN_AUTH_ADDRS_MAX;
	    list = list->ai_next) {
		if (netaddr_from_sockaddr(&addr, list->ai_addr) == -1)
			continue;
		addr.port = 0;
		if (!resolver_has(to, &addr))
			to->addrs[to->naddrs++] = addr;
	}
}

void
resolver_ask(const char *name, uint32_t timeout_ms,
    struct auth_worker_resolved *to)
{
	const struct addrinfo hints = {
		.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
	};
	struct addrinfo *list = NULL;
	int rc;

	memset(to, 0, sizeof(*to));
	if (!resolver_is_name(name))
		return;
	resolver_hurry(timeout_ms);
	rc = getaddrinfo(name, NULL, &hints, &list);
	if (rc == 0) {
		resolver_take(to, list);
		freeaddrinfo(list);
		return;
	}
	to->is_temporary = rc != EAI_NONAME && rc != EAI_NODATA;
}
