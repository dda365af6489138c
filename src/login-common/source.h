/*
 * source: which address of this machine a connection to a mail host begins
 * from.  With several of them, ports that are used up at one do not matter.
 */
#ifndef LOGIN_COMMON_SOURCE_H
#define LOGIN_COMMON_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "config/settings.h"
#include "lib/netaddr.h"

/* Addresses of one family, taken in turn. */
struct source_ring {
	struct netaddr	 addrs[SETTINGS_SOURCES_MAX];
	size_t		 n, next;
};

struct sources {
	struct source_ring	 v4, v6;
	bool			 is_optional;	/* "?": those that exist here */
};

/* From login_source_ips, which was checked; each ring begins by chance. */
void	sources_init(struct sources *, const struct settings *);
/*
 * Begins a connection to a mail host from the route's address, or from the
 * next of its family, or from any.  -1 with the reason in why: of the last
 * address that was tried.
 */
int	source_connect(struct sources *, const struct netaddr *to,
	    const struct netaddr *of_route, bool *is_pending, char *why,
	    size_t why_size) __attribute__((warn_unused_result));

#endif
