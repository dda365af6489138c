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

/* This login may wait for the host from now on. */
static void
grant_try_begin(struct grant_try *try, struct mail_host *h,
    struct grant_map *map)
{
	try->host = h;
	if (h == NULL)
		return;
	h->nlogins++;
	try->wait.map = map;
	LIST_INSERT_HEAD(&h->waits, &try->wait, entry);
}

/* And no more. */
static void
grant_try_over(struct grant_try *try)
{
	if (try->host != NULL && !try->is_tried)
		LIST_REMOVE(&try->wait, entry);
	try->is_tried = true;
}

struct grant_tries *
grant_tries_new(struct grant_map *map, const struct login_auth_route *route,
    const struct grant_who *who)
{
	const struct netaddr source = netaddr_source(who->rip);
	const struct settings *s = map->all->settings;
	const uint8_t *key = map->all->key;
	struct grant_tries *t = xcalloc(1, sizeof(*t) +
	    route->naddrs * sizeof(t->tries[0]));

	/*
	 * Nobody can keep others from connecting to a host, so each user who
	 * cannot is a witness.  What came after the login was sent he may
	 * have brought about, with as many names as he likes; but behind a
	 * trusted address there are many users.
	 */
	t->who.witness = grant_client_number(key, &source, who->user);
	t->who.suspect = grant_is_trusted(s, who->rip) ? t->who.witness :
	    grant_client_number(key, &source, "");
	t->n = route->naddrs;
	for (unsigned int i = 0; i < t->n; i++)
		grant_try_begin(&t->tries[i], mail_hosts_get(map->all->hosts,
		    &route->addrs[i]), map);
	return t;
}

void
grant_tries_free(struct grant_tries *t)
{
	for (unsigned int i = 0; t != NULL && i < t->n; i++) {
		grant_try_over(&t->tries[i]);
		if (t->tries[i].host != NULL)
			t->tries[i].host->nlogins--;
	}
	free(t);
}

/* Tells each process once that has a login which may wait for the host. */
static void
grant_host_tell(struct grants *all, const struct mail_host *h,
    bool is_ordered)
{
	const struct login_auth_host_down m = { .addr = h->addr,
	    .is_ordered = is_ordered };
	const struct mail_host_wait *w;

	all->ntold++;
	LIST_FOREACH(w, &h->waits, entry) {
		if (w->map->peer == NULL || w->map->told == all->ntold)
			continue;
		w->map->told = all->ntold;
		all->host_down(w->map->peer, &m);
	}
}

int
grant_tries_failed(struct grants *all, struct grant_tries *t,
    const struct login_auth_tried *m)
{
	struct mail_host *h;

	if (m->addr >= t->n || t->tries[m->addr].is_tried)
		return -1;
	grant_try_over(&t->tries[m->addr]);
	h = t->tries[m->addr].host;
	t->who.has_login = m->has_login;
	if (h == NULL || !mail_host_failed(h,
	    (enum login_auth_trouble)m->trouble, &t->who))
		return 0;
	/* One that is ordered up is used all the same. */
	if (host_orders_find(&all->hosts->orders, &h->addr) != HOST_UP)
		grant_host_tell(all, h, false);
	return 0;
}

void
grant_hosts_order(struct grants *all, const struct host_order *order)
{
	struct mail_host *h = NULL;

	if (order->mode != HOST_DOWN)
		return;
	while ((h = mail_hosts_next(all->hosts, h)) != NULL)
		if (netaddr_same_ip(&h->addr, &order->addr) &&
		    host_orders_find(&all->hosts->orders, &h->addr) ==
		    HOST_DOWN)
			grant_host_tell(all, h, true);
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
	*host = t->tries[addr].host;
	if (*host != NULL)
		mail_host_answered(*host);
	return 0;
}
