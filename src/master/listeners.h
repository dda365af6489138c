/* listeners: the sockets on which clients arrive. */
#ifndef MASTER_LISTENERS_H
#define MASTER_LISTENERS_H

#include <stdbool.h>
#include <stddef.h>

#include "ipc/master_child.h"
#include "ipc/roles.h"
#include "lib/netaddr.h"

struct settings_service;

struct listener {
	struct netaddr		 wanted;	/* as configured */
	struct master_listener	 is;		/* as bound */
	int			 fd;
};

/* Of one service. */
struct listeners {
	struct listener	 items[MASTER_LISTENERS_MAX];
	size_t		 n;
};

struct listeners_fault {
	char	text[256];
};

/*
 * Opens the sockets that the service wants; those that `old` has already are
 * taken over from there.  An address in use is tried again until wait_ms are
 * over: children of a master that died may still be letting go.  -1 with a
 * text naming address and reason; `old` is as it was then.
 */
int	listeners_open(struct listeners *, enum service_id,
	    const struct settings_service *, const struct listeners *old,
	    unsigned int wait_ms, struct listeners_fault *);
/* Logs one line for each socket that `old` does not have. */
void	listeners_log(const struct listeners *, enum service_id,
	    const struct listeners *old);
/*
 * Closes those that `keep` (may be NULL) does not have, for all processes
 * that have them: they stop listening at once.
 */
void	listeners_close(struct listeners *, const struct listeners *keep);

#endif
