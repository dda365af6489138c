/*
 * tickets: the keys that TLS tickets are made with.  Each service has its
 * own; they outlive reloads and children, never the master.
 */
#ifndef MASTER_TICKETS_H
#define MASTER_TICKETS_H

#include <stdbool.h>
#include <stdint.h>

#include "ipc/master_tls.h"
#include "ipc/roles.h"

struct tickets {
	struct master_tickets	services[SERVICE_LAST + 1];
	uint64_t		made_ms;	/* 0: none yet */
};

/*
 * New keys if those that there are have been used for so long; two of before
 * are kept.  True if there are new ones.
 */
bool	tickets_turn(struct tickets *, uint64_t now_ms, uint64_t rotate_ms);
/* Wipes all. */
void	tickets_clear(struct tickets *);

#endif
