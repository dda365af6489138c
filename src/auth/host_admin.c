/*
 * What wicketctl is told of the mail hosts, and what it orders.
 * Runs in: auth.
 * Hostile input: none.
 * Never: changes what logins have found out.
 */
#include "auth/host_admin.h"

#include "auth/grant.h"
#include "auth/grant_host.h"
#include "auth/mail_host.h"
#include "ipc/ctl_auth.h"
#include "lib/clock.h"

static void
host_admin_tell_host(const struct mail_hosts *all, const struct mail_host *h,
    host_admin_fn tell, void *arg)
{
	uint64_t now = clock_ms(), due_ms = mail_host_due_ms(h, false);
	struct ctl_auth_host m = {
		.addr = h->addr,
		.mode = (uint8_t)host_orders_find(&all->orders, &h->addr),
		.trouble = h->trouble,
		.is_down = h->is_down,
		.sessions = h->nsessions,
		.failures = h->nfailures > UINT32_MAX ? UINT32_MAX :
		    (uint32_t)h->nfailures,
	};

	if (h->since_ms != 0)
		m.since_s = (uint32_t)((now - h->since_ms) / 1000);
	if (h->is_down && due_ms > now)
		m.next_ms = (uint32_t)(due_ms - now);
	tell(arg, &m);
}

void
host_admin_tell(struct mail_hosts *all, host_admin_fn tell, void *arg)
{
	struct mail_host *h = NULL;

	while ((h = mail_hosts_next(all, h)) != NULL)
		host_admin_tell_host(all, h, tell, arg);
	for (unsigned int i = 0; i < all->orders.n; i++) {
		const struct host_order *o = &all->orders.items[i];

		if (!mail_hosts_has(all, &o->addr))
			tell(arg, &(struct ctl_auth_host){
			    .addr = o->addr, .mode = o->mode });
	}
}

int
host_admin_order(struct grants *grants, const struct host_order *order)
{
	if (host_orders_set(&grants->hosts->orders, order) == -1)
		return -1;
	grant_hosts_order(grants, order);
	return 0;
}
