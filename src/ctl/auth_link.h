/* auth_link: wicketctl asks an auth process. */
#ifndef CTL_AUTH_LINK_H
#define CTL_AUTH_LINK_H

#include "ipc/ctl_auth.h"

struct hosts;

/*
 * Asks over the channel fd (taken) and prints the lines that come, their
 * keys behind prefix and a dot unless it is "".  ask belongs to TEST and
 * EXPLAIN, flush to CACHE_FLUSH.  The result; -1 when auth does not answer.
 */
int	auth_link_ask(int fd, enum ctl_auth_type, const struct ctl_auth_ask *,
	    const struct ctl_auth_flush *, const char *prefix)
	    __attribute__((warn_unused_result));

/* HOSTS: adds what comes to the table. */
int	auth_link_hosts(int fd, struct hosts *)
	    __attribute__((warn_unused_result));

#endif
