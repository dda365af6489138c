/*
 * The sockets on which clients arrive.
 * Runs in: master.
 * Hostile input: none; it never accepts.
 * Never: reads from the network.
 */
#include "master/listeners.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "config/settings.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/sock.h"

/* As many as may wait while processes start; the kernel caps it. */
#define LISTENERS_BACKLOG	4096
#define LISTENERS_RETRY_NS	(20L * 1000 * 1000)

/* In the order in which a service's are opened. */
static const struct listeners_kind {
	bool	is_tls, is_haproxy;
} listeners_kinds[] = {
	{ false, false }, { true, false }, { false, true }, { true, true },
};
#define LISTENERS_KINDS	(sizeof(listeners_kinds) / sizeof(listeners_kinds[0]))

static const struct listener *
listeners_find(const struct listeners *all, const struct netaddr *wanted,
    const struct listeners_kind *kind)
{
	size_t i;

	for (i = 0; all != NULL && i < all->n; i++)
		if (netaddr_same(&all->items[i].wanted, wanted) &&
		    all->items[i].is.is_tls == kind->is_tls &&
		    all->items[i].is.is_haproxy == kind->is_haproxy)
			return &all->items[i];
	return NULL;
}

static bool
listeners_has_fd(const struct listeners *all, int fd)
{
	size_t i;

	for (i = 0; all != NULL && i < all->n; i++)
		if (all->items[i].fd == fd)
			return true;
	return false;
}

static int
listeners_bind(const struct netaddr *wanted, uint64_t until_ms)
{
	const struct timespec pause = { 0, LISTENERS_RETRY_NS };
	int fd;

	while ((fd = sock_listen(wanted, LISTENERS_BACKLOG)) == -1) {
		if (errno != EADDRINUSE || clock_ms() >= until_ms)
			return -1;
		(void)nanosleep(&pause, NULL);
		errno = EADDRINUSE;
	}
	return fd;
}

/* Nothing is closed that came from `old`. */
static void
listeners_undo(struct listeners *l, const struct listeners *old)
{
	while (l->n > 0) {
		l->n--;
		if (!listeners_has_fd(old, l->items[l->n].fd))
			(void)close(l->items[l->n].fd);
	}
}

static int
listeners_add(struct listeners *l, const struct netaddr *wanted,
    const struct listeners_kind *kind, const struct listeners *old,
    uint64_t until_ms)
{
	const struct listener *had = listeners_find(old, wanted, kind);
	struct listener *to = &l->items[l->n];

	if (listeners_find(l, wanted, kind) != NULL)
		return 0;
	if (l->n == MASTER_LISTENERS_MAX) {
		errno = E2BIG;
		return -1;
	}
	if (had != NULL) {
		*to = *had;
		l->n++;
		return 0;
	}
	to->wanted = *wanted;
	to->is.is_tls = kind->is_tls;
	to->is.is_haproxy = kind->is_haproxy;
	to->fd = listeners_bind(wanted, until_ms);
	if (to->fd == -1)
		return -1;
	l->n++;
	return sock_local(to->fd, &to->is.addr);
}

int
listeners_open(struct listeners *l, enum service_id service,
    const struct settings_service *set, const struct listeners *old,
    unsigned int wait_ms, struct listeners_fault *fault)
{
	uint64_t until_ms = clock_ms() + wait_ms;
	char text[NETADDR_PORT_TEXT_MAX];
	const struct settings_addrs *all[] = { &set->listen,
	    &set->ssl_listen, &set->haproxy_listen,
	    &set->haproxy_ssl_listen };
	size_t i, k;

	l->n = 0;
	for (k = 0; k < LISTENERS_KINDS; k++)
		for (i = 0; i < all[k]->n; i++) {
			if (listeners_add(l, &all[k]->items[i],
			    &listeners_kinds[k], old, until_ms) == 0)
				continue;
			(void)snprintf(fault->text, sizeof(fault->text),
			    "%s: cannot listen on %s: %s",
			    service_name(service),
			    netaddr_port_text(&all[k]->items[i], text),
			    strerror(errno));
			listeners_undo(l, old);
			return -1;
		}
	return 0;
}

void
listeners_log(const struct listeners *l, enum service_id service,
    const struct listeners *old)
{
	char text[NETADDR_PORT_TEXT_MAX];
	size_t i;

	for (i = 0; i < l->n; i++)
		if (!listeners_has_fd(old, l->items[i].fd))
			log_info("listening: service=%s%s%s addr=%s",
			    service_name(service),
			    l->items[i].is.is_tls ? "s" : "",
			    l->items[i].is.is_haproxy ? " haproxy=yes" : "",
			    netaddr_port_text(&l->items[i].is.addr, text));
}

void
listeners_close(struct listeners *l, const struct listeners *keep)
{
	size_t i;

	for (i = 0; i < l->n; i++) {
		if (listeners_has_fd(keep, l->items[i].fd))
			continue;
		(void)shutdown(l->items[i].fd, SHUT_RDWR);
		(void)close(l->items[i].fd);
	}
	l->n = 0;
}
