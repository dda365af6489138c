/*
 * auth_gate: the way from credentials to a passdb: requests of those who have
 * failed before are held back for a while.  What counts is penalty's affair.
 */
#ifndef AUTH_AUTH_GATE_H
#define AUTH_AUTH_GATE_H

#include "auth/penalty.h"
#include "lib/loop.h"

struct auth_request;
struct settings;

/* How often those who are held are looked at. */
#define AUTH_GATE_TICK_MS	100

struct auth_gate {
	struct penalty		 penalty;
	struct loop		*loop;
	struct loop_timers	 ticks;
	struct loop_timer	 tick;
	struct loop_deferred	 work;
};

void	auth_gate_init(struct auth_gate *, const struct settings *,
	    struct loop *);
/* After all requests and grants are gone. */
void	auth_gate_clear(struct auth_gate *);
/*
 * The credentials are there: goes on with the chain, now or later, or fails.
 * The request may be gone then.
 */
void	auth_gate_enter(struct auth_request *);

#endif
