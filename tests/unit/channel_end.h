/* channel_end: one end of a channel, and its loop. */
#ifndef TESTS_UNIT_CHANNEL_END_H
#define TESTS_UNIT_CHANNEL_END_H

#include "channel_table.h"

static inline void
end_closed(void *endpoint, enum channel_end how)
{
	struct end *e = endpoint;

	e->nclosed++;
	e->how = how;
}

/* loop NULL: blocking use. fd is taken. */
static inline void
end_open(struct end *e, struct loop *loop, int fd, enum channel_policy policy)
{
	struct channel_config config = {
		.loop = loop, .fd = fd, .contract = &end_contract,
		.rows = end_rows, .nrows = UNIT_LENGTH(end_rows),
		.policy = policy, .role = END_ROLE, .peer = "peer",
		.endpoint = e, .closed_fn = end_closed,
	};

	memset(e, 0, sizeof(*e));
	e->loop = loop;
	e->ch = channel_new(&config);
}

/* Turns until nothing more happens. */
static inline void
end_settle(struct loop *loop)
{
	int i;

	for (i = 0; i < 40; i++)
		loop_turn(loop, false);
}

static inline void
end_send(struct end *e, uint16_t type, uint32_t id, const void *body,
    size_t len)
{
	uint8_t copy[END_BODY_MAX];
	struct wire_writer w;

	wire_writer_init(&w, copy, sizeof(copy));
	if (len > 0)
		memcpy(copy, body, len);
	w.len = len;
	channel_send(e->ch, type, id, &w, -1);
}

static inline void
end_send_fd(struct end *e, uint32_t id, int fd)
{
	struct wire_writer w;
	uint8_t body[4];

	wire_writer_init(&w, body, sizeof(body));
	wire_put_u32(&w, id);
	channel_send(e->ch, END_FD, id, &w, fd);
}

#endif
