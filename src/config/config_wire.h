/* config_wire: settings as bytes for one role, and back. */
#ifndef CONFIG_CONFIG_WIRE_H
#define CONFIG_CONFIG_WIRE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"

struct settings;

/*
 * Writes those settings that the role may see (roles column of the table;
 * role is an enum role_id of the caller), and as jail_uid and jail_gid those
 * of the role's account.  What it may not see is "" or 0 at the other end.
 * -1 when over the buf's bound.
 */
int	config_wire_put(struct buf *, const struct settings *,
	    unsigned int role) __attribute__((warn_unused_result));
/*
 * Settings of a child from those bytes; NULL when they are malformed or were
 * written by a master with another table.
 */
struct settings	*config_wire_get(const uint8_t *, size_t);

#endif
