/*
 * Keys of TLS tickets.
 * Runs in: master.
 * Hostile input: none.
 * Never: writes them anywhere.
 */
#include "master/tickets.h"

#include <string.h>

#include "lib/rnd.h"

static void
tickets_make(struct master_tickets *t)
{
	memmove(&t->keys[1], &t->keys[0],
	    (MASTER_TICKETS_MAX - 1) * sizeof(t->keys[0]));
	rnd_bytes(&t->keys[0], sizeof(t->keys[0]));
	if (t->n < MASTER_TICKETS_MAX)
		t->n++;
}

bool
tickets_turn(struct tickets *t, uint64_t now_ms, uint64_t rotate_ms)
{
	unsigned int i;

	if (t->made_ms != 0 && now_ms - t->made_ms < rotate_ms)
		return false;
	for (i = 0; i <= SERVICE_LAST; i++)
		tickets_make(&t->services[i]);
	t->made_ms = now_ms;
	return true;
}

void
tickets_clear(struct tickets *t)
{
	explicit_bzero(t, sizeof(*t));
}
