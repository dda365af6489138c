/*
 * Requests of those who have failed before are held back for a while.
 * Runs in: auth.
 * Hostile input: names and passwords of clients.
 * Never: has a worker or a database wait with them.
 */
#include "auth/auth_gate.h"

#include <string.h>

#include "auth/auth_chain.h"
#include "auth/auth_master.h"
#include "auth/auth_request.h"
#include "config/settings.h"

static void	auth_gate_work(void *);

/* Its turn: the delay of a refusal counts from here. */
static void
auth_gate_pass(struct auth_request *r)
{
	auth_request_start_delay(r);
	if (r->exchange.reason == NULL) {
		auth_chain_start(r);
	} else {
		/* Nobody can have such a name or password. */
		auth_request_say(r, r->exchange.reason);
		auth_chain_refuse(r);
	}
}

static void
auth_gate_go(void *arg, bool may_begin)
{
	struct auth_request *r = arg;

	if (may_begin) {
		auth_gate_pass(r);
		return;
	}
	auth_request_say(r, "too many failed logins before this one");
	/* It has waited for longer than the delay of a failure. */
	r->is_delay_over = true;
	auth_request_fail(r, LOGIN_AUTH_CODE_PENALTY);
}

static void
auth_gate_wake(void *arg)
{
	struct auth_gate *gate = arg;

	loop_defer(gate->loop, &gate->work, auth_gate_work, gate);
}

static void
auth_gate_tick(struct auth_gate *gate)
{
	if (gate->penalty.nwaiting > 0 && gate->tick.on == NULL)
		loop_timer_start(&gate->ticks, &gate->tick, auth_gate_work,
		    gate);
}

static void
auth_gate_work(void *arg)
{
	struct auth_gate *gate = arg;

	penalty_run(&gate->penalty);
	auth_gate_tick(gate);
}

void
auth_gate_init(struct auth_gate *gate, const struct settings *s,
    struct loop *loop)
{
	memset(gate, 0, sizeof(*gate));
	gate->loop = loop;
	loop_timers_init(loop, &gate->ticks, AUTH_GATE_TICK_MS);
	penalty_init(&gate->penalty, s->auth_penalty_max_ms);
	gate->penalty.go = auth_gate_go;
	gate->penalty.wake = auth_gate_wake;
	gate->penalty.arg = gate;
}

void
auth_gate_clear(struct auth_gate *gate)
{
	loop_undefer(gate->loop, &gate->work);
	loop_timers_clear(&gate->ticks);
	penalty_clear(&gate->penalty);
}

static bool
auth_gate_is_trusted(const struct auth_request *r)
{
	const struct settings_nets *nets =
	    &r->env->settings->login_trusted_networks;

	for (size_t i = 0; i < nets->n; i++)
		if (netaddr_net_has(&nets->items[i], &r->rip))
			return true;
	return false;
}

/* Whose password it is, or the name as it came if nobody can have it. */
static const char *
auth_gate_user(struct auth_request *r)
{
	if (r->exchange.user[0] == '\0')
		return NULL;
	if (auth_master_names(r) == USERNAME_OK)
		return auth_master_auth(r);
	return r->exchange.user;
}

void
auth_gate_enter(struct auth_request *r)
{
	struct auth_gate *gate = &r->env->gate;

	/* An administrator who asks is nobody who guesses. */
	if (r->map->watch != NULL) {
		auth_gate_pass(r);
		return;
	}
	r->turn.arg = r;
	switch (penalty_begin(&gate->penalty, &r->turn,
	    auth_gate_is_trusted(r) ? NULL : &r->rip,
	    auth_gate_user(r), r->exchange.pass)) {
	case PENALTY_GO:
		auth_gate_pass(r);
		break;
	case PENALTY_WAIT:
		auth_request_to(r, AUTH_REQUEST_HELD);
		auth_gate_tick(gate);
		break;
	case PENALTY_REFUSE:
		auth_request_start_delay(r);
		auth_request_say(r, "too many wait after failed logins");
		auth_request_fail(r, LOGIN_AUTH_CODE_PENALTY);
		break;
	}
}
