/*
 * What the lists of addresses to listen on must not say.
 * Runs in: master.
 * Hostile input: none.
 * Never: listens.
 */
#include "config/settings_listen.h"

#include <stddef.h>
#include <string.h>

#include "config/faults.h"
#include "config/settings.h"
#include "config/settings_reader.h"

/* The lists of addresses of a service, by the names of their settings. */
static const struct {
	const char	*name;
	size_t		 offset;
} listen_lists[] = {
	{ "listen", offsetof(struct settings_service, listen) },
	{ "ssl_listen", offsetof(struct settings_service, ssl_listen) },
	{ "haproxy_listen",
	  offsetof(struct settings_service, haproxy_listen) },
	{ "haproxy_ssl_listen",
	  offsetof(struct settings_service, haproxy_ssl_listen) },
};
#define LISTEN_LISTS	(sizeof(listen_lists) / sizeof(listen_lists[0]))

static const struct settings_addrs *
listen_list(const struct settings *set, size_t service, size_t list)
{
	return (const void *)((const char *)&set->services[service] +
	    listen_lists[list].offset);
}

/* The address in one of the services; counts how often it is there. */
static size_t
listen_count(const struct settings *set, const struct netaddr *addr)
{
	size_t n = 0;

	for (size_t i = 0; i < SETTINGS_SERVICES * LISTEN_LISTS; i++) {
		const struct settings_addrs *l = listen_list(set,
		    i / LISTEN_LISTS, i % LISTEN_LISTS);

		for (size_t k = 0; k < l->n; k++)
			n += netaddr_same(&l->items[k], addr);
	}
	return n;
}

/* All addresses of the family, with the same port, when it is one of them. */
static struct netaddr
listen_all_of(const struct netaddr *addr)
{
	struct netaddr all = { .family = addr->family, .port = addr->port };

	return all;
}

static void
listen_check_addrs(struct reader *r, const char *name, int service,
    const struct settings_addrs *l)
{
	struct config_place place = reader_place(r, name, service);
	char text[NETADDR_PORT_TEXT_MAX], more[NETADDR_PORT_TEXT_MAX];

	for (size_t k = 0; k < l->n; k++) {
		const struct netaddr *addr = &l->items[k];
		const struct netaddr all = listen_all_of(addr);

		if (addr->port == 0)
			continue;
		if (listen_count(r->settings, addr) > 1)
			faults_add(r->faults, &place,
			    "%s: %s is listened on twice", name,
			    netaddr_port_text(addr, text));
		else if (!netaddr_same_ip(addr, &all) &&
		    listen_count(r->settings, &all) > 0)
			faults_add(r->faults, &place, "%s: %s is one of %s, "
			    "which is listened on, too", name,
			    netaddr_port_text(addr, text),
			    netaddr_port_text(&all, more));
	}
}

static void
listen_check_differ(struct reader *r)
{
	for (size_t i = 0; i < SETTINGS_SERVICES * LISTEN_LISTS; i++)
		listen_check_addrs(r, listen_lists[i % LISTEN_LISTS].name,
		    (int)(i / LISTEN_LISTS), listen_list(r->settings,
		    i / LISTEN_LISTS, i % LISTEN_LISTS));
}

/* Nobody could use these addresses. */
static void
listen_check_haproxy(struct reader *r)
{
	for (size_t i = 0; i < SETTINGS_SERVICES * LISTEN_LISTS; i++) {
		const char *name = listen_lists[i % LISTEN_LISTS].name;
		struct config_place place = reader_place(r, name,
		    (int)(i / LISTEN_LISTS));

		if (strncmp(name, "haproxy", 7) == 0 &&
		    r->settings->haproxy_trusted_networks.n == 0 &&
		    listen_list(r->settings, i / LISTEN_LISTS,
		    i % LISTEN_LISTS)->n > 0)
			faults_add(r->faults, &place, "%s: no proxy may "
			    "use it: haproxy_trusted_networks is empty", name);
	}
}

void
settings_listen_check(struct reader *r)
{
	listen_check_differ(r);
	listen_check_haproxy(r);
}
