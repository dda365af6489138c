/*
 * Which of a route's mail hosts comes first, or that there is none.
 * Runs in: auth.
 * Hostile input: none; the addresses are from the row and were checked.
 * Never: lets a user wait for hosts that are known to be down.
 */
#include "auth/auth_hosts.h"

#include "auth/auth_lookup.h"
#include "auth/auth_request.h"
#include "lib/clock.h"

/* All of the user's hosts are down: is it still his row? */
static void
auth_hosts_doubt(struct auth_request *r, uint64_t since_ms)
{
	uint64_t age_ms = auth_lookup_age_ms(&r->lookup);

	if (age_ms > AUTH_HOSTS_DOUBT_MS ||
	    (age_ms > 0 && age_ms > clock_ms() - since_ms))
		auth_lookups_distrust(&r->env->lookups, r->lookup.marks);
}

void
auth_hosts_allow(struct auth_request *r, struct login_auth_route *route)
{
	bool is_watched = r->map->watch != NULL;
	uint64_t since_ms;

	/* Who only asks what would happen goes nowhere. */
	if (mail_hosts_sort(&r->env->hosts, route, !is_watched,
	    r->fields.down_ms, &since_ms)) {
		auth_request_allow(r, route);
		return;
	}
	auth_hosts_doubt(r, since_ms);
	auth_request_say(r, "all mail hosts are down");
	auth_request_fail(r, LOGIN_AUTH_CODE_HOST);
}
