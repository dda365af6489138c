/*
 * The mail hosts, from all auth processes, and which addresses are meant.
 * Runs in: wicketctl.
 * Hostile input: none; names are the caller's, and so is his resolver.
 * Never: looks into a configuration.
 */
#include "ctl/hosts.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "ctl/output.h"
#include "ipc/ctl_auth.h"
#include "lib/strutil.h"
#include "lib/xmem.h"

#define HOSTS_NAME_MAX		255	/* RFC 1035, 2.3.4 */
#define HOSTS_TEXT_MAX		64

struct hosts {
	struct ctl_auth_host	*items;
	size_t			 n, room;
};

struct hosts *
hosts_new(void)
{
	return xcalloc(1, sizeof(struct hosts));
}

void
hosts_free(struct hosts *all)
{
	free(all->items);
	free(all);
}

void
hosts_add(struct hosts *all, const struct ctl_auth_host *m)
{
	if (all->n == HOSTS_MAX)
		return;
	if (all->n == all->room) {
		all->room = all->room == 0 ? 64 : 2 * all->room;
		all->items = xreallocarray(all->items, all->room,
		    sizeof(*all->items));
	}
	all->items[all->n++] = *m;
}

/* Families, then addresses, then ports. */
static int
hosts_compare(const void *left, const void *right)
{
	const struct netaddr *a = &((const struct ctl_auth_host *)left)->addr;
	const struct netaddr *b = &((const struct ctl_auth_host *)right)->addr;
	int order = memcmp(a->ip, b->ip, sizeof(a->ip));

	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	if (order != 0)
		return order;
	return a->port < b->port ? -1 : a->port > b->port;
}

/* What one auth process says, beside what others said of the same host. */
static void
hosts_merge(struct ctl_auth_host *m, const struct ctl_auth_host *other)
{
	m->sessions += other->sessions;
	m->failures += other->failures;
	if (other->is_down && !m->is_down) {
		m->is_down = true;
		m->since_s = other->since_s;
		m->next_ms = other->next_ms;
		m->trouble = other->trouble;
	}
}

static const char *
hosts_state(const struct ctl_auth_host *m)
{
	switch ((enum host_mode)m->mode) {
	case HOST_UP:
	case HOST_DOWN:
		return host_mode_word(m->mode);
	case HOST_DRAIN:
		return "drained";
	case HOST_AUTO:
		break;
	}
	return m->is_down ? "down" : "up";
}

static void
hosts_pair(size_t number, const char *name, const char *value)
{
	char key[HOSTS_TEXT_MAX];

	(void)snprintf(key, sizeof(key), "host.%zu.%s", number, name);
	output_pair(key, value);
}

static void
hosts_number(size_t number, const char *name, uint32_t value)
{
	char text[HOSTS_TEXT_MAX];

	(void)snprintf(text, sizeof(text), "%u", value);
	hosts_pair(number, name, text);
}

static void
hosts_print_keys(size_t number, const struct ctl_auth_host *m,
    const char *addr)
{
	hosts_pair(number, "address", addr);
	hosts_pair(number, "state", hosts_state(m));
	hosts_pair(number, "order", host_mode_word(m->mode));
	hosts_pair(number, "found", m->is_down ? "down" : "up");
	hosts_number(number, "sessions", m->sessions);
	hosts_number(number, "failures", m->failures);
	hosts_number(number, "since", m->since_s);
	if (m->failures > 0)
		hosts_pair(number, "trouble",
		    login_auth_trouble_word(m->trouble));
	if (m->is_down)
		hosts_number(number, "next_probe_ms", m->next_ms);
}

static void
hosts_print_one(size_t number, const struct ctl_auth_host *m)
{
	char addr[NETADDR_PORT_TEXT_MAX], next[HOSTS_TEXT_MAX] = "-";

	(void)(m->addr.port == 0 ? netaddr_text(&m->addr, addr) :
	    netaddr_port_text(&m->addr, addr));
	if (output_has_keys()) {
		hosts_print_keys(number, m, addr);
		return;
	}
	if (m->is_down)
		(void)snprintf(next, sizeof(next), "%.1f s",
		    m->next_ms / 1000.0);
	output_note("%-24s %-8s %-6s %9u %9u %8u s %7s  %s", addr,
	    hosts_state(m), host_mode_word(m->mode), m->sessions, m->failures,
	    m->since_s, next, m->failures > 0 ?
	    login_auth_trouble_word(m->trouble) : "");
}

void
hosts_print(struct hosts *all)
{
	size_t i = 0, number = 0;

	if (all->n > 0)
		qsort(all->items, all->n, sizeof(*all->items), hosts_compare);
	output_note("%-24s %-8s %-6s %9s %9s %10s %7s  %s", "host", "state",
	    "order", "sessions", "failures", "since", "probe",
	    "last trouble");
	while (i < all->n) {
		struct ctl_auth_host m = all->items[i++];

		while (i < all->n &&
		    hosts_compare(&m, &all->items[i]) == 0)
			hosts_merge(&m, &all->items[i++]);
		hosts_print_one(++number, &m);
	}
}

/* Which host. */

/* Cuts ":PORT" off a text with one colon, or behind a bracket; -1: bad. */
static int
hosts_cut_port(char *name, uint16_t *port)
{
	char *colon = strrchr(name, ':'), *bracket = strchr(name, ']');
	uint64_t number;

	*port = 0;
	if (bracket != NULL && name[0] != '[')
		return -1;
	if (colon != NULL && (bracket != NULL ? colon == bracket + 1 :
	    strchr(name, ':') == colon)) {
		if (str_number(colon + 1, strlen(colon + 1), 1, UINT16_MAX,
		    &number) == -1)
			return -1;
		*port = (uint16_t)number;
		*colon = '\0';
	}
	if (bracket == NULL)
		return 0;
	if (bracket[1] != '\0')
		return -1;
	*bracket = '\0';
	memmove(name, name + 1, strlen(name));
	return 0;
}

static size_t
hosts_resolve(const char *name, struct netaddr addrs[HOSTS_ADDRS_MAX])
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found, *ai;
	int error = getaddrinfo(name, NULL, &hints, &found);
	size_t n = 0;

	if (error != 0) {
		output_fault("%s: %s", name, gai_strerror(error));
		return 0;
	}
	for (ai = found; ai != NULL && n < HOSTS_ADDRS_MAX; ai = ai->ai_next)
		if (netaddr_from_sockaddr(&addrs[n], ai->ai_addr) == 0)
			n++;
	freeaddrinfo(found);
	return n;
}

size_t
hosts_find(const char *text, struct netaddr addrs[HOSTS_ADDRS_MAX])
{
	char name[HOSTS_NAME_MAX + 16];
	uint16_t port;
	size_t i, n;

	if (str_copy(name, sizeof(name), text, strlen(text)) == -1 ||
	    hosts_cut_port(name, &port) == -1 || name[0] == '\0') {
		output_fault("%s: expected HOST or HOST:PORT", text);
		return 0;
	}
	n = netaddr_parse(&addrs[0], name, strlen(name)) == 0 ? 1 :
	    hosts_resolve(name, addrs);
	for (i = 0; i < n; i++)
		addrs[i].port = port;
	return n;
}
