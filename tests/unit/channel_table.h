/* channel_table: a contract, and handlers that remember what came. */
#ifndef TESTS_UNIT_CHANNEL_TABLE_H
#define TESTS_UNIT_CHANNEL_TABLE_H

#include "unit.h"

#include <sys/socket.h>

#include "lib/channel.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/proc.h"
#include "lib/sock.h"

#define END_KIND	77
#define END_VERSION	3
#define END_ROLE	5
#define END_HELLO	22	/* bytes of the whole frame */
#define END_HEAD	12
#define END_BODY_MAX	8192
#define END_MSGS_MAX	4096

enum end_type {
	END_PLAIN = 1,		/* any length, any state */
	END_SMALL = 2,		/* 2 to 4 bytes */
	END_LATER = 3,		/* state 2 only */
	END_FD = 4,		/* with an fd */
	END_ONCE = 5,
	END_NUMBER = 6,		/* a u32, or it does not decode */
	END_UNKNOWN = 99,
};

struct end_msg {
	uint16_t	type;
	uint32_t	id;
	uint32_t	len;
	uint32_t	sum;	/* of the body's bytes, weighted */
	int		fd;
};

/* One end: what came to it. */
struct end {
	struct loop	*loop;
	struct channel	*ch;
	struct end_msg	 msgs[END_MSGS_MAX];
	size_t		 nmsgs;
	int		 nclosed;
	enum channel_end how;
};

static const struct channel_contract end_contract = {
	.name = "test", .kind = END_KIND, .version = END_VERSION,
	.body_max = END_BODY_MAX,
};

static inline uint32_t
end_sum(const uint8_t *p, size_t n)
{
	uint32_t sum = 0;
	size_t i;

	for (i = 0; i < n; i++)
		sum = sum * 31 + p[i];
	return sum;
}

static inline int
end_keep(void *endpoint, uint16_t type, uint32_t id, struct wire_reader *r,
    int fd)
{
	struct end *e = endpoint;
	struct end_msg *m = &e->msgs[e->nmsgs];

	if (e->nmsgs++ == END_MSGS_MAX)
		abort();
	m->type = type;
	m->id = id;
	m->len = (uint32_t)r->left;
	m->sum = end_sum(r->data, r->left);
	m->fd = fd;
	return 0;
}

#define END_HANDLER(name, type)						\
static inline int							\
name(void *endpoint, uint32_t id, struct wire_reader *r, int fd)	\
{									\
	return end_keep(endpoint, type, id, r, fd);			\
}

END_HANDLER(end_plain, END_PLAIN)
END_HANDLER(end_small, END_SMALL)
END_HANDLER(end_later, END_LATER)
END_HANDLER(end_fd, END_FD)
END_HANDLER(end_once, END_ONCE)

static inline int
end_number(void *endpoint, uint32_t id, struct wire_reader *r, int fd)
{
	(void)wire_get_u32(r);
	if (wire_end(r) == -1)
		return -1;
	return end_keep(endpoint, END_NUMBER, id, r, fd);
}

static const struct channel_row end_rows[] = {
	{ END_PLAIN, "PLAIN", 3, 0, END_BODY_MAX, false, false, end_plain },
	{ END_SMALL, "SMALL", 3, 2, 4, false, false, end_small },
	{ END_LATER, "LATER", 2, 0, 16, false, false, end_later },
	{ END_FD, "FD", 3, 0, 16, true, false, end_fd },
	{ END_ONCE, "ONCE", 3, 0, 16, false, true, end_once },
	{ END_NUMBER, "NUMBER", 3, 0, 16, false, false, end_number },
};

#endif
