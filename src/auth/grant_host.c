/*
 * What becomes of an allowed login at the mail hosts of its route.
 * Runs in: auth.
 * Hostile input: what login processes say of hosts.
 * Never: takes word of a host that the route did not name.
 */
#include "auth/grant_host.h"

#include <stdlib.h>
#include <string.h>

#include "auth/grant.h"
#include "config/settings.h"
#include "lib/siphash.h"
#include "lib/xmem.h"

static uint64_t
grant_client_number(const uint8_t *key, const struct netaddr *source,
    const char *user)
{
	uint8_t bytes[SIPHASH_BYTES];
	struct siphash hash;
	uint64_t number;

	siphash_init(&hash, key);
	siphash_add(&hash, &source->family, sizeof(source->family));
	siphash_add(&hash, source->ip, sizeof(source->ip));
	siphash_add_text(&hash, user);
	siphash_end(&hash, bytes);
	memcpy(&number, bytes, sizeof(number));
	return number;
}

static bool
grant_is_trusted(const struct settings *s, const struct netaddr *rip)
{
	for (size_t i = 0; i < s->login_trusted_networks.n; i++)
		if (netaddr_net_has(&s->login_trusted_networks.items[i], rip))
			return true;
	return false;
}

struct grant_tries *
grant_tries_new(struct mail_hosts *all, const struct login_auth_route *route,
    const struct grant_who *who, const struct settings *s, const uint8_t *key)
{
	const struct netaddr source = netaddr_source(who->rip);
	struct grant_tries *t = xcalloc(1, sizeof(*t));

	/*
	 * Nobody can keep others from connecting to a host, so each user who
	 * cannot is a witness.  What came after the login was sent he may
	 * have brought about, with as many names as he likes; but behind a
	 * trusted address there are many users.
	 */
	t->witness = grant_client_number(key, &source, who->user);
	t->suspect = grant_is_trusted(s, who->rip) ? t->witness :
	    grant_client_number(key, &source, "");
	t->n = route->naddrs;
	for (unsigned int i = 0; i < t->n; i++) {
		t->hosts[i] = mail_hosts_get(all, &route->addrs[i]);
		if (t->hosts[i] != NULL)
			t->hosts[i]->nlogins++;
	}
	return t;
}

void
grant_tries_free(struct grant_tries *t)
{
	for (unsigned int i = 0; t != NULL && i < t->n; i++)
		if (t->hosts[i] != NULL)
			t->hosts[i]->nlogins--;
	free(t);
}

int
grant_tries_failed(struct grant_tries *t, const struct login_auth_tried *m)
{
	unsigned int bit = 1u << m->addr;

	if (m->addr >= t->n || (t->tried & bit) != 0)
		return -1;
	t->tried |= bit;
	if (t->hosts[m->addr] != NULL)
		mail_host_failed(t->hosts[m->addr],
		    (enum login_auth_trouble)m->trouble,
		    m->has_login ? t->suspect : t->witness);
	return 0;
}

int
grant_tries_answered(const struct grant_tries *t, uint8_t addr,
    struct mail_host **host)
{
	*host = NULL;
	if (addr == LOGIN_AUTH_ADDR_NONE)
		return 0;
	if (addr >= t->n)
		return -1;
	*host = t->hosts[addr];
	if (*host != NULL)
		mail_host_answered(*host);
	return 0;
}
