/* fake_worker: the far end of a worker's channel, played by a test. */
#ifndef TESTS_UNIT_FAKE_WORKER_H
#define TESTS_UNIT_FAKE_WORKER_H

#include "unit.h"

#include "ipc/auth_worker.h"
#include "ipc/roles.h"
#include "lib/channel.h"
#include "lib/sock.h"

struct fake_worker {
	struct channel			*channel;
	int				 fd;	/* of auth's end, to be taken */
	/* The task that came last; type 0: none since fake_worker_take(). */
	uint16_t			 type;
	uint32_t			 id;
	unsigned int			 ntasks;
	struct auth_worker_lookup	 lookup;
	struct auth_worker_verify	 verify;
	struct auth_worker_resolve	 resolve;
	struct auth_worker_probe	 probe;
};

#define FAKE_WORKER_TASK(task, number)					\
static inline int							\
fake_worker_##task(void *endpoint, uint32_t id, struct wire_reader *r,	\
    int fd)								\
{									\
	struct fake_worker *w = endpoint;				\
									\
	(void)fd;							\
	w->type = (number);						\
	w->id = id;							\
	w->ntasks++;							\
	return auth_worker_##task##_get(r, &w->task);			\
}

FAKE_WORKER_TASK(lookup, AUTH_WORKER_LOOKUP)
FAKE_WORKER_TASK(verify, AUTH_WORKER_VERIFY)
FAKE_WORKER_TASK(resolve, AUTH_WORKER_RESOLVE)
FAKE_WORKER_TASK(probe, AUTH_WORKER_PROBE)

static const struct channel_row fake_worker_rows[] = {
	{ AUTH_WORKER_LOOKUP, "LOOKUP", 1, 1, CHANNEL_BODY_MAX, false, false,
	    fake_worker_lookup },
	{ AUTH_WORKER_VERIFY, "VERIFY", 1, 1, CHANNEL_BODY_MAX, false, false,
	    fake_worker_verify },
	{ AUTH_WORKER_RESOLVE, "RESOLVE", 1, 1, CHANNEL_BODY_MAX, false,
	    false, fake_worker_resolve },
	{ AUTH_WORKER_PROBE, "PROBE", 1, 1, CHANNEL_BODY_MAX, false, false,
	    fake_worker_probe },
};

static inline void
fake_worker_open(struct fake_worker *w)
{
	int fds[2];

	memset(w, 0, sizeof(*w));
	assert_int_equal(sock_pair(SOCK_STREAM, fds), 0);
	w->fd = fds[0];
	w->channel = channel_new(&(struct channel_config){
		.fd = fds[1], .contract = &auth_worker_contract,
		.rows = fake_worker_rows,
		.nrows = UNIT_LENGTH(fake_worker_rows),
		.policy = CHANNEL_PEER_LOWER, .role = ROLE_ID_AUTH_WORKER,
		.peer = "auth", .endpoint = w });
}

static inline void
fake_worker_close(struct fake_worker *w)
{
	channel_free(w->channel);
	w->channel = NULL;
}

/* Reads what has come; false when auth has closed. */
static inline bool
fake_worker_look(struct fake_worker *w)
{
	return channel_turn(w->channel) == 0;
}

static inline void
fake_worker_say_row(struct fake_worker *w, const struct auth_worker_row *row)
{
	static uint8_t body[CHANNEL_BODY_MAX];
	struct wire_writer writer;

	w->type = 0;
	wire_writer_init(&writer, body, sizeof(body));
	auth_worker_row_put(&writer, row);
	channel_send(w->channel, AUTH_WORKER_ROW, w->id, &writer, -1);
}

/* A row without columns. */
static inline void
fake_worker_say_found(struct fake_worker *w, enum auth_worker_found found)
{
	struct auth_worker_row row = { .found = (uint8_t)found };

	fake_worker_say_row(w, &row);
}

static inline void
fake_worker_say_verified(struct fake_worker *w, enum auth_worker_match match)
{
	struct auth_worker_verified m = { .match = (uint8_t)match };
	struct wire_writer writer;
	uint8_t body[8];

	w->type = 0;
	wire_writer_init(&writer, body, sizeof(body));
	auth_worker_verified_put(&writer, &m);
	channel_send(w->channel, AUTH_WORKER_VERIFIED, w->id, &writer, -1);
}

static inline void
fake_worker_say_resolved(struct fake_worker *w,
    const struct auth_worker_resolved *m)
{
	struct wire_writer writer;
	uint8_t body[512];

	w->type = 0;
	wire_writer_init(&writer, body, sizeof(body));
	auth_worker_resolved_put(&writer, m);
	channel_send(w->channel, AUTH_WORKER_RESOLVED, w->id, &writer, -1);
}

static inline void
fake_worker_say_probed(struct fake_worker *w,
    const struct auth_worker_probed *m)
{
	struct wire_writer writer;
	uint8_t body[512];

	w->type = 0;
	wire_writer_init(&writer, body, sizeof(body));
	auth_worker_probed_put(&writer, m);
	channel_send(w->channel, AUTH_WORKER_PROBED, w->id, &writer, -1);
}

#endif
