/*
 * stream: non-blocking bytes over a connected socket.
 * Runs in: login processes.
 * Hostile input: carries it, does not look at it.
 * Never: blocks; holds more than its bounds; sends in clear behind the start
 * of TLS.
 */
#include "lib/stream.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* What stream_fill() asks for at a time: longer than most lines. */
#define STREAM_FILL	2048
/* What stream_skip() takes at a time. */
#define STREAM_SKIP	256

void
stream_init(struct stream *st, size_t in_max, size_t out_max)
{
	memset(st, 0, sizeof(*st));
	st->fd = -1;
	buf_init(&st->in, in_max);
	buf_init(&st->out, out_max);
}

void
stream_open(struct stream *st, struct loop *loop, int fd, loop_io_fn fn,
    void *arg)
{
	st->fd = fd;
	st->loop = loop;
	st->error = 0;
	st->has_eof = st->is_shut = st->has_blocked = false;
	st->can_read = st->can_write = st->is_ending = false;
	loop_io_start(loop, &st->io, fd, LOOP_READ | LOOP_END | LOOP_EDGE, fn,
	    arg);
}

static int	stream_drain(struct stream *, int flags);
static int	stream_keep(struct stream *, const void *, size_t);
static void	stream_tls_bye(struct stream *);
static ssize_t	stream_tls_recv(struct stream *, void *, size_t);
static int	stream_tls_put(struct stream *, const uint8_t *, size_t, bool);

void
stream_close(struct stream *st)
{
	if (st->tls != NULL) {
		stream_tls_bye(st);
		(void)!stream_drain(st, 0);
		tls_delete(st->tls);
		st->tls = NULL;
		st->out.max -= TLS_OUTPUT_EXTRA;
	}
	if (st->fd != -1) {
		loop_io_stop(&st->io);
		(void)close(st->fd);
		st->fd = -1;
	}
	buf_clear(&st->in);
	buf_clear(&st->out);
}

void
stream_note(struct stream *st, unsigned int what)
{
	if ((what & (LOOP_READ | LOOP_END)) != 0)
		st->can_read = true;
	if ((what & LOOP_END) != 0)
		st->is_ending = true;
	if ((what & LOOP_WRITE) != 0)
		st->can_write = true;
	if (st->tls != NULL && (what & (LOOP_READ | LOOP_END)) != 0)
		tls_note(st->tls, st->is_ending);
}

/* recv() gave nothing: there is nothing now, or never again. */
static void
stream_dry(struct stream *st, ssize_t n)
{
	st->can_read = false;
	if (n == 0)
		st->has_eof = true;
	else if (errno != EAGAIN)
		st->error = errno;
}

size_t
stream_read(struct stream *st, void *dst, size_t size)
{
	ssize_t n;

	if (!st->can_read || stream_is_over(st))
		return 0;
	if (st->tls != NULL)
		n = stream_tls_recv(st, dst, size);
	else do {
		n = recv(st->fd, dst, size, 0);
	} while (n == -1 && errno == EINTR);
	if (n > 0) {
		/* TLS knows by itself, and may have more than the kernel. */
		if ((size_t)n < size && !st->is_ending && st->tls == NULL)
			st->can_read = false;
		return (size_t)n;
	}
	stream_dry(st, n);
	return 0;
}

size_t
stream_peek(struct stream *st, void *dst, size_t size)
{
	ssize_t n;

	if (!st->can_read || stream_is_over(st))
		return 0;
	do {
		n = recv(st->fd, dst, size, MSG_PEEK);
	} while (n == -1 && errno == EINTR);
	if (n > 0)
		return (size_t)n;
	stream_dry(st, n);
	return 0;
}

void
stream_skip(struct stream *st, size_t size)
{
	uint8_t gone[STREAM_SKIP];
	ssize_t n;

	while (size > 0) {
		n = recv(st->fd, gone, size < sizeof(gone) ? size :
		    sizeof(gone), 0);
		if (n == -1 && errno == EINTR)
			continue;
		/* They were there; what has become of them is told later. */
		if (n <= 0)
			return;
		size -= (size_t)n;
	}
}

size_t
stream_fill(struct stream *st)
{
	size_t all = 0, room, n;
	uint8_t *dst;

	while ((room = st->in.max - buf_used(&st->in)) > 0) {
		if (room > STREAM_FILL)
			room = STREAM_FILL;
		if ((dst = buf_reserve(&st->in, room)) == NULL)
			break;
		n = stream_read(st, dst, room);
		if (n == 0)
			break;
		buf_commit(&st->in, n);
		all += n;
	}
	if (buf_used(&st->in) == 0)
		buf_clear(&st->in);
	return all;
}

/* Nobody wants to hear of room that he did not miss: watched from now on. */
static void
stream_blocked(struct stream *st)
{
	st->can_write = false;
	if (st->has_blocked)
		return;
	st->has_blocked = true;
	loop_io_stop(&st->io);
	loop_io_start(st->loop, &st->io, st->fd,
	    LOOP_READ | LOOP_WRITE | LOOP_END | LOOP_EDGE, st->io.fn,
	    st->io.arg);
}

/* One send(): bytes taken, or 0 when it would block or is broken. */
static size_t
stream_send(struct stream *st, const void *p, size_t n, int flags)
{
	ssize_t sent;

	do {
		sent = send(st->fd, p, n, MSG_NOSIGNAL | flags);
	} while (sent == -1 && errno == EINTR);
	if (sent == -1 && errno != EAGAIN) {
		st->error = errno;
		return 0;
	}
	if (sent < 0)
		sent = 0;
	if ((size_t)sent < n)
		stream_blocked(st);
	return (size_t)sent;
}

int
stream_write(struct stream *st, const void *p, size_t n)
{
	size_t done = 0;

	if (st->tls != NULL)
		return stream_tls_put(st, p, n, true);
	if (buf_used(&st->out) == 0 && st->error == 0)
		done = stream_send(st, p, n, 0);
	if (st->error != 0)
		return -1;
	return stream_keep(st, (const uint8_t *)p + done, n - done);
}

int
stream_put(struct stream *st, const void *p, size_t n)
{
	return st->tls != NULL ? stream_tls_put(st, p, n, false) :
	    stream_keep(st, p, n);
}

/* Puts bytes as they will leave into the queue. */
static int
stream_keep(struct stream *st, const void *p, size_t n)
{
	if (buf_add(&st->out, p, n) == -1) {
		st->error = ENOBUFS;
		return -1;
	}
	return 0;
}

/* What is left in the pipe, which the kernel did not take for `to`. */
static void
stream_splice_rest(struct stream *to, struct splice *sp, size_t n)
{
	uint8_t *dst;

	if (errno != EAGAIN) {
		to->error = errno;
	} else if ((dst = buf_reserve(&to->out, n)) == NULL) {
		to->error = ENOBUFS;
	} else if (splice_take(sp, dst, n) == -1) {
		to->error = EPIPE;
	} else {
		buf_commit(&to->out, n);
		stream_blocked(to);
		if (sp->is_off)
			splice_drop(sp);
		return;
	}
	/* Whoever uses the pipe next must not meet it. */
	splice_drop(sp);
}

size_t
stream_splice(struct stream *from, struct stream *to, struct splice *sp,
    size_t max)
{
	ssize_t n;
	size_t went;

	if (!from->can_read || stream_is_over(from))
		return 0;
	n = splice_fill(sp, from->fd, max);
	/* It stops for good before urgent data, which a read passes by. */
	if (n == -1 && errno == EAGAIN)
		return 0;
	if (n <= 0) {
		stream_dry(from, n);
		return 0;
	}
	went = splice_empty(sp, to->fd, (size_t)n);
	if (went < (size_t)n)
		stream_splice_rest(to, sp, (size_t)n - went);
	return (size_t)n;
}

int
stream_flush(struct stream *st)
{
	return stream_drain(st, 0);
}

static int
stream_drain(struct stream *st, int flags)
{
	size_t n;

	while (buf_used(&st->out) > 0 && st->error == 0) {
		n = stream_send(st, buf_head(&st->out), buf_used(&st->out),
		    flags);
		if (n == 0)
			break;
		buf_drop(&st->out, n);
	}
	if (buf_used(&st->out) == 0)
		buf_clear(&st->out);
	return st->error != 0 ? -1 : 0;
}

void
stream_shut(struct stream *st)
{
	if (st->fd == -1 || st->is_shut)
		return;
	if (st->tls != NULL)
		stream_tls_bye(st);
	/* The last bytes and the FIN leave in one packet. */
	(void)!stream_drain(st, MSG_MORE);
	if (buf_used(&st->out) > 0 && st->error == 0)
		return;
	st->is_shut = true;
	(void)shutdown(st->fd, SHUT_WR);
}

/* TLS ------------------------------------------------------------------- */

static void
stream_tls_start(struct stream *st, struct tls *tls)
{
	st->tls = tls;
	st->out.max += TLS_OUTPUT_EXTRA;
	if (st->can_read)
		tls_note(tls, st->is_ending);
}

int
stream_tls_accept(struct stream *st, struct tls_server *server,
    struct tls_error *error)
{
	struct tls *tls = tls_accept(server, st->fd, error);

	if (tls == NULL)
		return -1;
	stream_tls_start(st, tls);
	return 0;
}

int
stream_tls_connect(struct stream *st, struct tls_client *client,
    const struct tls_target *target, struct tls_error *error)
{
	struct tls *tls = tls_connect(client, st->fd, target, error);

	if (tls == NULL)
		return -1;
	stream_tls_start(st, tls);
	return 0;
}

/* What TLS has to send goes out, or behind what waits already. */
static int
stream_tls_output(struct stream *st, bool may_send)
{
	const uint8_t *p;
	size_t len, done = 0;

	p = tls_output(&len);
	if (len == 0)
		return 0;
	if (may_send && buf_used(&st->out) == 0 && st->error == 0)
		done = stream_send(st, p, len, 0);
	return st->error != 0 ? -1 : stream_keep(st, p + done, len - done);
}

enum tls_step
stream_tls_step(struct stream *st)
{
	enum tls_step step;

	if (st->error != 0)
		return TLS_STEP_FAILED;
	step = tls_handshake(st->tls);
	if (stream_tls_output(st, step != TLS_STEP_DONE) == -1)
		return TLS_STEP_FAILED;
	st->can_read = step == TLS_STEP_DONE;
	if (step == TLS_STEP_FAILED)
		st->error = EPROTO;
	return step;
}

const char *
stream_tls_error(const struct stream *st)
{
	const char *text = st->tls == NULL ? "" : tls_error_text(st->tls);

	return *text == '\0' && st->error != 0 ? strerror(st->error) : text;
}

/* As recv(); what TLS answers by itself leaves at once. */
static ssize_t
stream_tls_recv(struct stream *st, void *dst, size_t size)
{
	ssize_t n = tls_read(st->tls, dst, size);
	int error = errno;

	if (stream_tls_output(st, true) == -1 && n <= 0)
		error = st->error;
	errno = error;
	return n;
}

static int
stream_tls_put(struct stream *st, const uint8_t *p, size_t n, bool may_send)
{
	ssize_t done;

	for (; n > 0 && st->error == 0; p += done, n -= (size_t)done) {
		done = tls_write(st->tls, p, n);
		if (done == -1) {
			st->error = errno;
			break;
		}
		if (stream_tls_output(st, may_send) == -1)
			break;
	}
	return st->error != 0 ? -1 : 0;
}

/* A close_notify, once, behind what is queued. */
static void
stream_tls_bye(struct stream *st)
{
	if (st->fd == -1 || st->error != 0)
		return;
	tls_shutdown(st->tls);
	(void)stream_tls_output(st, false);
}
