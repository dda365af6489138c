/*
 * Which address a connection to a mail host begins from.
 * Runs in: login processes.
 * Hostile input: none; auth and the master have checked the addresses.
 * Never: takes another address when the user's row names one.
 */
#include "login-common/source.h"

#include <bsd/stdlib.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/sock.h"

void
sources_init(struct sources *s, const struct settings *set)
{
	const struct settings_list *list = &set->login_source_ips;

	memset(s, 0, sizeof(*s));
	for (size_t i = 0; i < list->n; i++) {
		const char *text = list->items[i];
		struct source_ring *ring;
		struct netaddr a;

		if (*text == '?') {
			s->is_optional = true;
			text++;
		}
		if (netaddr_parse(&a, text, strlen(text)) == -1)
			continue;
		ring = a.family == NETADDR_V4 ? &s->v4 : &s->v6;
		if (ring->n < SETTINGS_SOURCES_MAX)
			ring->addrs[ring->n++] = a;
	}
	/* Processes that start together shall not all begin with the first. */
	if (s->v4.n > 0)
		s->v4.next = arc4random_uniform((uint32_t)s->v4.n);
	if (s->v6.n > 0)
		s->v6.next = arc4random_uniform((uint32_t)s->v6.n);
}

/* Nothing is wrong with the mail host: another address may do. */
static bool
source_is_at_fault(int error)
{
	return error == EADDRNOTAVAIL || error == EADDRINUSE;
}

static void
source_say(char *why, size_t size, const char *what,
    const struct netaddr *from, int error)
{
	char text[NETADDR_TEXT_MAX];

	(void)snprintf(why, size, "%s %s: %s", what, netaddr_text(from, text),
	    strerror(error));
	errno = error;
}

/* In plain words of errno, which is kept. */
static int
source_fail(char *why, size_t size)
{
	int error = errno;

	(void)snprintf(why, size, "%s", strerror(error));
	errno = error;
	return -1;
}

/* One that is not here, or whose ports are used up, is passed over. */
static int
source_connect_ring(struct source_ring *ring, const struct netaddr *to,
    bool *is_pending, char *why, size_t size)
{
	int fd = -1;

	for (size_t i = 0; i < ring->n; i++) {
		const struct netaddr *from = &ring->addrs[ring->next];

		ring->next = (ring->next + 1) % ring->n;
		fd = sock_connect(to, from, is_pending);
		if (fd != -1)
			return fd;
		if (!source_is_at_fault(errno))
			return source_fail(why, size);
		source_say(why, size, "login_source_ips", from, errno);
	}
	return fd;
}

int
source_connect(struct sources *s, const struct netaddr *to,
    const struct netaddr *of_route, bool *is_pending, char *why, size_t size)
{
	struct source_ring *ring = to->family == NETADDR_V4 ? &s->v4 : &s->v6;
	int fd;

	if (of_route->family != NETADDR_NONE) {
		fd = sock_connect(to, of_route, is_pending);
		if (fd == -1 && source_is_at_fault(errno))
			source_say(why, size, "source_ip", of_route, errno);
		else if (fd == -1)
			return source_fail(why, size);
		return fd;
	}
	if (ring->n > 0) {
		fd = source_connect_ring(ring, to, is_pending, why, size);
		if (fd != -1 || !source_is_at_fault(errno) ||
		    !s->is_optional)
			return fd;
	}
	fd = sock_connect(to, NULL, is_pending);
	return fd == -1 ? source_fail(why, size) : fd;
}
