/* channel_unit: a contract, an endpoint that remembers, and a raw peer. */
#ifndef TESTS_UNIT_CHANNEL_UNIT_H
#define TESTS_UNIT_CHANNEL_UNIT_H

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

/* A frame by hand; dst has room. Returns its length. */
static inline size_t
raw_frame(uint8_t *dst, uint16_t type, uint16_t flags, const void *body,
    size_t len)
{
	struct wire_writer w;

	wire_writer_init(&w, dst, END_HEAD);
	wire_put_u32(&w, (uint32_t)len);
	wire_put_u16(&w, type);
	wire_put_u16(&w, flags);
	wire_put_u32(&w, 7);
	if (len > 0)
		memcpy(dst + END_HEAD, body, len);
	return END_HEAD + len;
}

struct raw_hello {
	uint32_t	magic;
	uint16_t	kind, version;
};

#define RAW_MAGIC	0x4d574b31u
#define RAW_HELLO_GOOD	{ RAW_MAGIC, END_KIND, END_VERSION }

static inline size_t
raw_hello(uint8_t *dst, const struct raw_hello *hello)
{
	uint8_t body[END_HELLO - END_HEAD];
	struct wire_writer w;

	wire_writer_init(&w, body, sizeof(body));
	wire_put_u32(&w, hello->magic);
	wire_put_u16(&w, hello->kind);
	wire_put_u16(&w, hello->version);
	wire_put_u16(&w, END_ROLE);
	return raw_frame(dst, 0, 0, body, sizeof(body));
}

/* Sends bytes, with n fds if n > 0; false when not all went. */
static inline bool
raw_send(int to, const uint8_t *bytes, size_t len, const int *fds, size_t n)
{
	union {
		struct cmsghdr	align;
		char		space[CMSG_SPACE(32 * sizeof(int))];
	} control;
	struct iovec iov = { .iov_base = (void *)(uintptr_t)bytes,
	    .iov_len = len };
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *c;

	memset(&control, 0, sizeof(control));
	if (n > 0) {
		mh.msg_control = control.space;
		mh.msg_controllen = CMSG_SPACE(n * sizeof(int));
		c = CMSG_FIRSTHDR(&mh);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(n * sizeof(int));
		memcpy(CMSG_DATA(c), fds, n * sizeof(int));
	}
	return sendmsg(to, &mh, MSG_NOSIGNAL) == (ssize_t)len;
}

#endif
