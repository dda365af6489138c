/*
 * host_order: what an administrator has ordered about a mail host, on its
 * way from wicketctl by the master, who remembers it, to each auth process.
 */
#ifndef IPC_HOST_ORDER_H
#define IPC_HOST_ORDER_H

#include <stdint.h>

#include "lib/netaddr.h"

struct wire_reader;
struct wire_writer;

/* Orders that are in force at once; AUTO takes one back. */
#define HOST_ORDERS_MAX		256

enum host_mode {
	HOST_AUTO,	/* as it is found to be */
	HOST_UP,	/* used, whatever became of logins there */
	HOST_DOWN,	/* not used; sessions there go on */
	HOST_DRAIN,	/* only for those who have no other */
};
#define HOST_MODE_LAST	HOST_DRAIN
const char	*host_mode_word(uint8_t mode);

struct host_order {
	struct netaddr	 addr;		/* port 0: all of its ports */
	uint8_t		 mode;		/* enum host_mode */
};

void	host_order_put(struct wire_writer *, const struct host_order *);
int	host_order_get(struct wire_reader *, struct host_order *);

/* All that are in force. */
struct host_orders {
	struct host_order	 items[HOST_ORDERS_MAX];
	unsigned int		 n;
};

/* One more, or one less (AUTO); -1: there is no room. */
int	host_orders_set(struct host_orders *, const struct host_order *)
	    __attribute__((warn_unused_result));
/* The mode of this address: its port's own, else that of all ports. */
enum host_mode	host_orders_find(const struct host_orders *,
		    const struct netaddr *);

#endif
