/*
 * channel: messages between two processes of the suite.
 * Runs in: every process.
 * Hostile input: everything read from a less trusted peer.
 * Never: calls a handler for a message that its table does not permit;
 * prints a body.
 */
#include "lib/channel.h"

#include <bsd/sys/queue.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/proc.h"
#include "lib/sock.h"
#include "lib/sockmsg.h"
#include "lib/xmem.h"

#define CHANNEL_MAGIC		0x4d574b31u	/* "MWK1" */
#define CHANNEL_HELLO		0	/* type, in every contract */
#define CHANNEL_HEAD		12
#define CHANNEL_FLAG_FD		0x1u
#define CHANNEL_FLAGS_KNOWN	CHANNEL_FLAG_FD
#define CHANNEL_HELLO_BODY	10
/* Fds that came but whose frame is not complete; a sender sends them singly. */
#define CHANNEL_FDS_MAX		16
#define CHANNEL_ROWS_MAX	64	/* bits of seen */
/* What one read takes; then others have their turn. */
#define CHANNEL_READ		65536

/* A frame in the queue that carries an fd. */
struct channel_fd {
	STAILQ_ENTRY(channel_fd) entry;
	uint64_t		 at;	/* position in the stream */
	uint32_t		 len;	/* of its frame */
	int			 fd;
};

struct channel {
	struct channel_config	 config;
	char			*peer;
	struct loop_io		 reader, writer;
	struct loop_deferred	 work;	/* flush, parse, closed_fn */
	struct buf		 in, out;
	uint64_t		 sent;	/* stream position of out's head */
	STAILQ_HEAD(, channel_fd) out_fds;
	int			 fds[CHANNEL_FDS_MAX];
	size_t			 nfds;
	size_t			 nlost;	/* fds that found no place here */
	uint32_t		 state;
	uint64_t		 seen;	/* rows that came, by index */
	bool			 has_hello;
	bool			 is_dead;
	bool			 is_reported;
	enum channel_end	 end;
};

/*
 * One read of any channel lands here, so that an idle channel owns no
 * memory; wiped after use.
 */
static uint8_t channel_scratch[CHANNEL_READ];

static void	channel_work(void *);

static void
channel_put_head(struct buf *out, size_t len, uint16_t type, uint16_t flags,
    uint32_t id)
{
	uint8_t head[CHANNEL_HEAD];
	struct wire_writer w;

	wire_writer_init(&w, head, sizeof(head));
	wire_put_u32(&w, (uint32_t)len);
	wire_put_u16(&w, type);
	wire_put_u16(&w, flags);
	wire_put_u32(&w, id);
	if (buf_add(out, head, sizeof(head)) == -1)
		fatal(EX_SOFTWARE, "channel: queue bound");
}

static void
channel_schedule(struct channel *ch)
{
	if (ch->config.loop != NULL)
		loop_defer(ch->config.loop, &ch->work, channel_work, ch);
}

static void
channel_stop(struct channel *ch)
{
	loop_io_stop(&ch->reader);
	loop_io_stop(&ch->writer);
}

/* Nobody will take it: neither bytes nor fds wait on. */
static void
channel_drop_output(struct channel *ch)
{
	struct channel_fd *cf;

	while ((cf = STAILQ_FIRST(&ch->out_fds)) != NULL) {
		STAILQ_REMOVE_HEAD(&ch->out_fds, entry);
		(void)close(cf->fd);
		free(cf);
	}
	ch->sent += buf_used(&ch->out);
	buf_clear(&ch->out);
}

/* The channel is of no use any more; its owner hears of it in this turn. */
static void
channel_die(struct channel *ch, enum channel_end end)
{
	if (ch->is_dead)
		return;
	ch->is_dead = true;
	ch->end = end;
	channel_stop(ch);
	channel_drop_output(ch);
	channel_schedule(ch);
}

static void
channel_violation(struct channel *ch, const char *what, unsigned int type)
{
	if (ch->is_dead)
		return;
	if (ch->config.policy == CHANNEL_PEER_HIGHER)
		fatal(PROC_EXIT_PROTOCOL, "%s: violation by %s: %s (type %u)",
		    ch->config.contract->name, ch->peer, what, type);
	log_warn("%s: violation by %s: %s (type %u)",
	    ch->config.contract->name, ch->peer, what, type);
	channel_die(ch, CHANNEL_VIOLATION);
}

static void
channel_queue_fd(struct channel *ch, size_t len, int fd)
{
	struct channel_fd *cf = xcalloc(1, sizeof(*cf));

	cf->at = ch->sent + buf_used(&ch->out);
	cf->len = (uint32_t)len;
	if ((cf->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0)) == -1) {
		/* One peer goes without; the others must not suffer. */
		log_error("%s: an fd for %s: %m", ch->config.contract->name,
		    ch->peer);
		free(cf);
		channel_die(ch, CHANNEL_EOF);
		return;
	}
	STAILQ_INSERT_TAIL(&ch->out_fds, cf, entry);
}

void
channel_send(struct channel *ch, uint16_t type, uint32_t id,
    struct wire_writer *w, int fd)
{
	size_t len = CHANNEL_HEAD + w->len;

	if (w->has_failed || w->len > ch->config.contract->body_max)
		fatal(EX_SOFTWARE, "%s: message %u does not fit",
		    ch->config.contract->name, type);
	if (!ch->is_dead &&
	    buf_used(&ch->out) + len > CHANNEL_QUEUE_LIMIT)
		channel_violation(ch, "it does not read", type);
	if (!ch->is_dead) {
		if (fd != -1)
			channel_queue_fd(ch, len, fd);
		channel_put_head(&ch->out, w->len, type,
		    fd != -1 ? CHANNEL_FLAG_FD : 0, id);
		if (buf_add(&ch->out, w->data, w->len) == -1)
			fatal(EX_SOFTWARE, "channel: queue bound");
		if (ch->config.loop == NULL)
			channel_flush(ch);
		else
			channel_schedule(ch);
	}
	explicit_bzero(w->data, w->len);
}

void
channel_send_empty(struct channel *ch, uint16_t type, uint32_t id)
{
	struct wire_writer w;
	uint8_t none[1];

	wire_writer_init(&w, none, 0);
	channel_send(ch, type, id, &w, -1);
}

static void
channel_send_hello(struct channel *ch)
{
	uint8_t body[CHANNEL_HELLO_BODY];
	struct wire_writer w;

	wire_writer_init(&w, body, sizeof(body));
	wire_put_u32(&w, CHANNEL_MAGIC);
	wire_put_u16(&w, ch->config.contract->kind);
	wire_put_u16(&w, ch->config.contract->version);
	wire_put_u16(&w, ch->config.role);
	channel_send(ch, CHANNEL_HELLO, 0, &w, -1);
}

/* The first frame must be HELLO of the same contract and version. */
static void
channel_hello(struct channel *ch, struct wire_reader *r)
{
	uint32_t magic = wire_get_u32(r);
	unsigned int kind = wire_get_u16(r);
	unsigned int version = wire_get_u16(r);

	(void)wire_get_u16(r);
	if (wire_end(r) == -1 || magic != CHANNEL_MAGIC ||
	    kind != ch->config.contract->kind) {
		channel_violation(ch, "bad HELLO", CHANNEL_HELLO);
		return;
	}
	if (version != ch->config.contract->version) {
		if (ch->config.policy == CHANNEL_PEER_HIGHER)
			fatal(PROC_EXIT_VERSION, "%s: %s speaks version %u, "
			    "this program %u: restart the whole suite",
			    ch->config.contract->name, ch->peer, version,
			    (unsigned int)ch->config.contract->version);
		log_error("%s: %s speaks version %u, this program %u: "
		    "restart the whole suite", ch->config.contract->name,
		    ch->peer, version,
		    (unsigned int)ch->config.contract->version);
		channel_die(ch, CHANNEL_VIOLATION);
		return;
	}
	ch->has_hello = true;
}

static const struct channel_row *
channel_row_of(const struct channel *ch, uint16_t type)
{
	size_t i;

	for (i = 0; i < ch->config.nrows; i++) {
		if (ch->config.rows[i].type == type)
			return &ch->config.rows[i];
	}
	return NULL;
}

/* Why the message is not permitted, or NULL. */
static const char *
channel_refuse(const struct channel *ch, const struct channel_row *row,
    size_t len, unsigned int flags)
{
	uint64_t bit;

	if (row == NULL)
		return "unknown message";
	bit = UINT64_C(1) << (row - ch->config.rows);
	if ((row->when & ch->state) == 0)
		return "message at the wrong time";
	if (len < row->min || len > row->max)
		return "message of a wrong length";
	if (row->takes_fd != ((flags & CHANNEL_FLAG_FD) != 0))
		return row->takes_fd ? "fd is missing" : "unexpected fd";
	if (row->is_once && (ch->seen & bit) != 0)
		return "message came twice";
	return NULL;
}

/* The fd that belongs to the frame at hand; -1 when there is none. */
static int
channel_take_fd(struct channel *ch)
{
	int fd;

	if (ch->nfds == 0)
		return -1;
	fd = ch->fds[0];
	ch->nfds--;
	memmove(ch->fds, ch->fds + 1, ch->nfds * sizeof(ch->fds[0]));
	return fd;
}

static void
channel_message(struct channel *ch, uint16_t type, unsigned int flags,
    uint32_t id, struct wire_reader *r)
{
	const struct channel_row *row = channel_row_of(ch, type);
	const char *why = channel_refuse(ch, row, r->left, flags);
	int fd = -1;

	if (why != NULL) {
		channel_violation(ch, why, type);
		return;
	}
	if (row->takes_fd && (fd = channel_take_fd(ch)) == -1) {
		if (ch->nlost == 0) {
			channel_violation(ch, "fd is missing", type);
			return;
		}
		ch->nlost--;
		log_error("%s: no fd left for %s from %s",
		    ch->config.contract->name, row->name, ch->peer);
		return;
	}
	ch->seen |= UINT64_C(1) << (row - ch->config.rows);
	log_debug("%s: %s from %s id=%u length=%zu",
	    ch->config.contract->name, row->name, ch->peer, id, r->left);
	if (row->handler(ch->config.endpoint, id, r, fd) == -1)
		channel_violation(ch, "malformed message", type);
}

/* Handles up to max whole frames; returns the bytes used. */
static size_t
channel_parse(struct channel *ch, const uint8_t *p, size_t len, size_t max)
{
	struct wire_reader head, body;
	size_t used = 0, blen;
	unsigned int flags;
	uint16_t type;
	uint32_t id;

	while (!ch->is_dead && max > 0 && len - used >= CHANNEL_HEAD) {
		wire_reader_init(&head, p + used, CHANNEL_HEAD);
		blen = wire_get_u32(&head);
		type = wire_get_u16(&head);
		flags = wire_get_u16(&head);
		id = wire_get_u32(&head);
		if (blen > ch->config.contract->body_max ||
		    (flags & ~CHANNEL_FLAGS_KNOWN) != 0) {
			channel_violation(ch, "bad frame", type);
			break;
		}
		if (len - used - CHANNEL_HEAD < blen)
			break;
		wire_reader_init(&body, p + used + CHANNEL_HEAD, blen);
		used += CHANNEL_HEAD + blen;
		if (!ch->has_hello) {
			if (type != CHANNEL_HELLO || flags != 0)
				channel_violation(ch, "no HELLO", type);
			else
				channel_hello(ch, &body);
			continue;
		}
		max--;
		channel_message(ch, type, flags, id, &body);
	}
	return used;
}

/* Keeps the fds of one read; false if they break the rules. */
static bool
channel_keep_fds(struct channel *ch, const struct sockmsg_fds *came)
{
	bool is_ok = !came->has_too_many;
	size_t i;

	for (i = 0; i < came->n; i++) {
		if (ch->nfds < CHANNEL_FDS_MAX) {
			ch->fds[ch->nfds++] = came->fds[i];
			continue;
		}
		(void)close(came->fds[i]);
		is_ok = false;
	}
	if (came->has_lost)
		ch->nlost++;
	return is_ok;
}

/* One read into dst: bytes, 0 when nothing is there or the peer is gone. */
static size_t
channel_recv(struct channel *ch, uint8_t *dst, size_t size)
{
	struct sockmsg_fds came;
	ssize_t n = sockmsg_recv(ch->config.fd, dst, size, &came);

	if (n == -1 && errno == EAGAIN)
		return 0;
	if (n <= 0) {
		channel_die(ch, CHANNEL_EOF);
		return 0;
	}
	if (!channel_keep_fds(ch, &came)) {
		channel_violation(ch, "too many fds", 0);
		return 0;
	}
	return (size_t)n;
}

/* After whole frames were handled no fd may be left without its frame. */
static void
channel_check_fds(struct channel *ch)
{
	if (ch->nfds > 0 && buf_used(&ch->in) == 0)
		channel_violation(ch, "unexpected fd", 0);
}

/* Bytes are there: frames are handled where they lie, a rest is kept. */
static void
channel_readable(void *arg, unsigned int what)
{
	struct channel *ch = arg;
	size_t n, used;

	(void)what;
	n = channel_recv(ch, channel_scratch, sizeof(channel_scratch));
	if (n == 0)
		return;
	if (buf_used(&ch->in) == 0) {
		used = channel_parse(ch, channel_scratch, n, SIZE_MAX);
		if (!ch->is_dead && buf_add(&ch->in, channel_scratch + used,
		    n - used) == -1)
			channel_violation(ch, "frame bound", 0);
	} else if (buf_add(&ch->in, channel_scratch, n) == -1) {
		channel_violation(ch, "frame bound", 0);
	} else {
		buf_drop(&ch->in, channel_parse(ch, buf_head(&ch->in),
		    buf_used(&ch->in), SIZE_MAX));
	}
	explicit_bzero(channel_scratch, n);
	if (!ch->is_dead)
		channel_check_fds(ch);
	if (buf_used(&ch->in) == 0)
		buf_clear(&ch->in);
}

/* Sends up to the next frame with an fd, or that frame; -1 when stuck. */
static int
channel_send_some(struct channel *ch)
{
	struct channel_fd *cf = STAILQ_FIRST(&ch->out_fds);
	size_t len = buf_used(&ch->out);
	bool has_fd = cf != NULL && cf->at == ch->sent;
	ssize_t n;

	if (has_fd)
		len = cf->len;
	else if (cf != NULL)
		len = (size_t)(cf->at - ch->sent);
	n = sockmsg_send(ch->config.fd, buf_head(&ch->out), len,
	    has_fd ? cf->fd : -1);
	if (n == -1) {
		/*
		 * The reader hears of a dead peer, with what it said last;
		 * with the queue gone it reads even if it was held back.
		 */
		if (errno == EPIPE || errno == ECONNRESET)
			channel_drop_output(ch);
		else if (errno != EAGAIN)
			channel_die(ch, CHANNEL_EOF);
		return -1;
	}
	if (has_fd) {
		STAILQ_REMOVE_HEAD(&ch->out_fds, entry);
		(void)close(cf->fd);
		free(cf);
	}
	ch->sent += (uint64_t)n;
	buf_drop(&ch->out, (size_t)n);
	return 0;
}

static void
channel_writable(void *arg, unsigned int what)
{
	(void)what;
	channel_flush(arg);
}

/* Watches what there is to wait for, now that the queue has changed. */
static void
channel_watch(struct channel *ch)
{
	size_t queued = buf_used(&ch->out);

	if (ch->config.loop == NULL || ch->is_dead)
		return;
	if (queued > 0 && !ch->writer.is_on)
		loop_io_start(ch->config.loop, &ch->writer, ch->config.fd,
		    LOOP_WRITE, channel_writable, ch);
	else if (queued == 0)
		loop_io_stop(&ch->writer);
	if (queued > CHANNEL_QUEUE_HIGH)
		loop_io_stop(&ch->reader);
	else if (!ch->reader.is_on)
		loop_io_start(ch->config.loop, &ch->reader, ch->config.fd,
		    LOOP_READ, channel_readable, ch);
}

/* Blocking use: waits until fd is ready. */
static void
channel_wait(const struct channel *ch, short events)
{
	struct pollfd pfd = { .fd = ch->config.fd, .events = events };

	while (poll(&pfd, 1, -1) == -1 && errno == EINTR)
		continue;
}

void
channel_flush(struct channel *ch)
{
	while (!ch->is_dead && buf_used(&ch->out) > 0) {
		if (channel_send_some(ch) == 0)
			continue;
		if (ch->config.loop != NULL || ch->is_dead || errno != EAGAIN)
			break;
		channel_wait(ch, POLLOUT);
	}
	if (buf_used(&ch->out) == 0)
		buf_clear(&ch->out);
	channel_watch(ch);
}

/* End of a turn: output leaves, or the owner hears that it is over. */
static void
channel_work(void *arg)
{
	struct channel *ch = arg;

	if (!ch->is_dead && buf_used(&ch->in) > 0)
		buf_drop(&ch->in, channel_parse(ch, buf_head(&ch->in),
		    buf_used(&ch->in), SIZE_MAX));
	if (!ch->is_dead)
		channel_flush(ch);
	if (!ch->is_dead || ch->is_reported)
		return;
	ch->is_reported = true;
	if (ch->config.closed_fn != NULL)
		ch->config.closed_fn(ch->config.endpoint, ch->end);
}

struct channel *
channel_new(const struct channel_config *config)
{
	struct channel *ch = xcalloc(1, sizeof(*ch));

	if (config->nrows > CHANNEL_ROWS_MAX ||
	    config->contract->body_max > CHANNEL_BODY_MAX)
		fatal(EX_SOFTWARE, "%s: table bounds", config->contract->name);
	ch->config = *config;
	ch->peer = xstrdup(config->peer);
	ch->config.peer = ch->peer;
	ch->state = 1;
	STAILQ_INIT(&ch->out_fds);
	/* A whole read may come behind a part of a frame. */
	buf_init(&ch->in, CHANNEL_READ + CHANNEL_HEAD + CHANNEL_BODY_MAX);
	buf_init(&ch->out, CHANNEL_QUEUE_LIMIT);
	if (sock_nonblock(config->fd) == -1)
		fatal(EX_OSERR, "%s: fcntl: %m", config->contract->name);
	channel_send_hello(ch);
	channel_watch(ch);
	return ch;
}

void
channel_attach(struct channel *ch, struct loop *loop)
{
	ch->config.loop = loop;
	channel_watch(ch);
	channel_schedule(ch);
}

void
channel_free(struct channel *ch)
{
	int fd;

	if (ch == NULL)
		return;
	if (!ch->is_dead && buf_used(&ch->out) > 0 && ch->config.loop != NULL)
		channel_flush(ch);
	channel_stop(ch);
	if (ch->config.loop != NULL)
		loop_undefer(ch->config.loop, &ch->work);
	channel_drop_output(ch);
	while ((fd = channel_take_fd(ch)) != -1)
		(void)close(fd);
	(void)close(ch->config.fd);
	buf_clear(&ch->in);
	free(ch->peer);
	free(ch);
}

void
channel_set_state(struct channel *ch, uint32_t bit)
{
	ch->state = bit;
}

size_t
channel_queued(const struct channel *ch)
{
	return buf_used(&ch->out);
}

int
channel_fd(const struct channel *ch)
{
	return ch->config.fd;
}

int
channel_step(struct channel *ch)
{
	uint8_t *dst;
	size_t n, used;

	for (;;) {
		used = channel_parse(ch, buf_head(&ch->in),
		    buf_used(&ch->in), 1);
		buf_drop(&ch->in, used);
		if (ch->is_dead)
			return -1;
		/* HELLO alone is no message. */
		if (used > CHANNEL_HEAD + CHANNEL_HELLO_BODY ||
		    (used > 0 && ch->seen != 0))
			return 0;
		channel_wait(ch, POLLIN);
		dst = buf_reserve(&ch->in, CHANNEL_BODY_MAX);
		if (dst == NULL)
			return -1;
		n = channel_recv(ch, dst, CHANNEL_BODY_MAX);
		buf_commit(&ch->in, n);
		if (ch->is_dead && buf_used(&ch->in) == 0)
			return -1;
	}
}

int
channel_turn(struct channel *ch)
{
	if (!ch->is_dead && buf_used(&ch->in) > 0)
		buf_drop(&ch->in, channel_parse(ch, buf_head(&ch->in),
		    buf_used(&ch->in), SIZE_MAX));
	if (!ch->is_dead)
		channel_readable(ch, LOOP_READ);
	return ch->is_dead ? -1 : 0;
}
