/*
 * Bytes and fds from a hostile peer into a channel: no handler sees what its
 * table does not permit, no fd is lost.
 * Runs in: make check, fuzzing.
 * Hostile input: one byte of options, then pieces {length, how} and bytes.
 * Never: ships in a program.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fuzz.h"
#include "lib/channel.h"
#include "lib/log.h"
#include "lib/sock.h"
#include "lib/wire.h"

/* Options of an input. */
#define WITH_HELLO	0x1u
/* How a piece is sent. */
#define WITH_FD		0x1u
#define THEN_TURN	0x2u

#define BEFORE	0x1u
#define BEHIND	0x2u

/* A lost fd would have one of the lowest numbers. */
#define FDS_LOOKED_AT	48

#define KIND	9
#define ROWS	6

struct peer {
	struct channel	*channel;
	uint32_t	 state;
	unsigned int	 counts[ROWS];
	bool		 is_over;
};

static int	peer_message(struct peer *, size_t, uint32_t,
		    struct wire_reader *, int);

#define HANDLER(i)							\
static int								\
peer_message_##i(void *endpoint, uint32_t id, struct wire_reader *r,	\
    int fd)								\
{									\
	return peer_message(endpoint, i, id, r, fd);			\
}

HANDLER(0)
HANDLER(1)
HANDLER(2)
HANDLER(3)
HANDLER(4)
HANDLER(5)

static const struct channel_row rows[ROWS] = {
	{ 1, "PART", BEFORE, 2, 64, false, false, peer_message_0 },
	{ 2, "FD", BEFORE | BEHIND, 0, 4, true, false, peer_message_1 },
	{ 3, "ONCE", BEFORE | BEHIND, 1, 1, false, true, peer_message_2 },
	{ 4, "START", BEFORE, 0, 0, false, true, peer_message_3 },
	{ 5, "LATER", BEHIND, 0, 200, false, false, peer_message_4 },
	{ 101, "ONE_FD", BEHIND, 3, 3, true, true, peer_message_5 },
};

static const struct channel_contract contract = {
	.name = "fuzz",
	.kind = KIND,
	.version = 1,
	.body_max = 200,
};

/* The table's rules, once more and simpler. */
static int
peer_message(struct peer *p, size_t i, uint32_t id, struct wire_reader *r,
    int fd)
{
	const struct channel_row *row = &rows[i];
	unsigned int sum = 0;

	if (p->is_over || (row->when & p->state) == 0 ||
	    r->left < row->min || r->left > row->max ||
	    row->takes_fd != (fd != -1) ||
	    (row->is_once && p->counts[i] > 0))
		abort();
	p->counts[i]++;
	if (fd != -1 && close(fd) == -1)
		abort();
	while (r->left > 0)
		sum += wire_get_u8(r);
	if (row->type == 4) {
		p->state = BEHIND;
		channel_set_state(p->channel, BEHIND);
	}
	/* Some bodies do not decode. */
	p->is_over = (id ^ sum) % 16 == 15;
	return p->is_over ? -1 : 0;
}

static void
write_piece(int to, const uint8_t *data, size_t len, int fd)
{
	union {
		struct cmsghdr	align;
		char		space[CMSG_SPACE(sizeof(int))];
	} control = { .space = { 0 } };
	struct iovec iov = { .iov_base = (void *)(uintptr_t)data,
	    .iov_len = len };
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *c;

	if (fd != -1) {
		mh.msg_control = control.space;
		mh.msg_controllen = sizeof(control.space);
		c = CMSG_FIRSTHDR(&mh);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	}
	/* A peer that was cut off takes nothing: that is no fault. */
	(void)sendmsg(to, &mh, MSG_NOSIGNAL);
}

static void
write_hello(int to)
{
	uint8_t frame[22];
	struct wire_writer w;

	wire_writer_init(&w, frame, sizeof(frame));
	wire_put_u32(&w, 10);
	wire_put_u16(&w, 0);
	wire_put_u16(&w, 0);
	wire_put_u32(&w, 0);
	wire_put_u32(&w, 0x4d574b31u);
	wire_put_u16(&w, KIND);
	wire_put_u16(&w, 1);
	wire_put_u16(&w, 3);
	write_piece(to, frame, w.len, -1);
}

static int
run_pieces(struct peer *p, int to, int fd, const uint8_t *data, size_t left)
{
	size_t len;
	uint8_t how;
	int rc = 0;

	while (left > 2 && rc == 0) {
		len = data[0];
		how = data[1];
		data += 2;
		left -= 2;
		len = len > left ? left : len;
		if (len > 0)
			write_piece(to, data, len,
			    (how & WITH_FD) != 0 ? fd : -1);
		data += len;
		left -= len;
		if ((how & THEN_TURN) != 0)
			rc = channel_turn(p->channel);
	}
	return rc;
}

static unsigned int
count_fds(void)
{
	unsigned int n = 0;

	for (int fd = 0; fd < FDS_LOOKED_AT; fd++)
		n += fcntl(fd, F_GETFD) != -1;
	return n;
}

static void
sink(void *arg, enum log_level level, const char *line)
{
	(void)arg;
	(void)level;
	(void)line;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes)
{
	struct peer peer = { .state = BEFORE };
	struct channel_config config = {
		.contract = &contract,
		.rows = rows,
		.nrows = ROWS,
		.policy = CHANNEL_PEER_LOWER,
		.role = 1,
		.peer = "peer",
		.endpoint = &peer,
	};
	int fds[2], fd, turns = 0;
	unsigned int before;

	log_init_sink("fuzz", sink, NULL);
	if (data_bytes == 0 || data_bytes > 65536)
		return 0;
	before = count_fds();
	if ((fd = open("/dev/null", O_RDONLY | O_CLOEXEC)) == -1 ||
	    sock_pair(SOCK_STREAM, fds) == -1)
		abort();
	config.fd = fds[0];
	peer.channel = channel_new(&config);
	if ((data[0] & WITH_HELLO) != 0)
		write_hello(fds[1]);
	(void)run_pieces(&peer, fds[1], fd, data + 1, data_bytes - 1);
	/* The end comes, however much is there. */
	(void)close(fds[1]);
	while (channel_turn(peer.channel) == 0)
		if (turns++ > 65536)
			abort();
	channel_free(peer.channel);
	(void)close(fd);
	if (count_fds() != before)
		abort();
	return 0;
}
