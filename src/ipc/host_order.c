/*
 * What an administrator has ordered about mail hosts.
 * Runs in: master, auth, wicketctl.
 * Hostile input: bodies from wicketctl, should it be broken.
 * Never: allocates, logs; asks a name server.
 */
#include "ipc/host_order.h"

#include "lib/wire.h"

static const char *const host_modes[HOST_MODE_LAST + 1] = {
	[HOST_AUTO] = "auto",
	[HOST_UP] = "up",
	[HOST_DOWN] = "down",
	[HOST_DRAIN] = "drain",
};

const char *
host_mode_word(uint8_t mode)
{
	return host_modes[mode];
}

void
host_order_put(struct wire_writer *w, const struct host_order *m)
{
	wire_put_addr(w, &m->addr);
	wire_put_u8(w, m->mode);
}

int
host_order_get(struct wire_reader *r, struct host_order *m)
{
	wire_get_addr(r, &m->addr);
	m->mode = (uint8_t)wire_get_enum(r, HOST_MODE_LAST);
	if (m->addr.family == NETADDR_NONE)
		r->has_failed = true;
	return wire_end(r);
}

/* The order for exactly this; all->n when there is none. */
static unsigned int
host_orders_index(const struct host_orders *all, const struct netaddr *addr,
    uint16_t port)
{
	unsigned int i;

	for (i = 0; i < all->n; i++)
		if (all->items[i].addr.port == port &&
		    netaddr_same_ip(&all->items[i].addr, addr))
			break;
	return i;
}

int
host_orders_set(struct host_orders *all, const struct host_order *order)
{
	unsigned int i = host_orders_index(all, &order->addr,
	    order->addr.port);

	if (order->mode == HOST_AUTO) {
		if (i < all->n)
			all->items[i] = all->items[--all->n];
		return 0;
	}
	if (i == HOST_ORDERS_MAX)
		return -1;
	if (i == all->n)
		all->n++;
	all->items[i] = *order;
	return 0;
}

enum host_mode
host_orders_find(const struct host_orders *all, const struct netaddr *addr)
{
	unsigned int i = host_orders_index(all, addr, addr->port);

	if (i == all->n)
		i = host_orders_index(all, addr, 0);
	return i == all->n ? HOST_AUTO : (enum host_mode)all->items[i].mode;
}
