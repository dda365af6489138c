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

/* RFC 9325, 4.3 wants them changed regularly, and within a week. */
#define TICKETS_ROTATE_MS	(UINT64_C(12) * 3600 * 1000)

struct tickets {
	struct master_tickets	services[SERVICE_LAST + 1];
	uint64_t		made_ms;	/* 0: none yet */
};

/* New keys if it is time, those of before are kept; true if there are some. */
bool	tickets_turn(struct tickets *, uint64_t now_ms);
/* Wipes all. */
void	tickets_clear(struct tickets *);

#endif
