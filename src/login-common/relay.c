/*
 * relay: bytes from client to mail host and back until both have ended.
 * Runs in: login processes.
 * Hostile input: carries it, does not look at it.
 * Never: holds more than one read's worth a direction; loses or repeats a
 * byte.
 */
#include "login-common/relay.h"

#include "lib/sock.h"
#include "login-common/auth_client.h"
#include "login-common/login_log.h"
#include "login-common/login_process.h"
#include "login-common/parting.h"
#include "login-common/session.h"

/* One read; all of it is kept when the other side takes nothing. */
#define RELAY_READ	65536u
/*
 * A read while the other side has room for all of it: each wakes the other
 * side's process once, which costs more than the copying.
 */
#define RELAY_READ_BULK	(4u * RELAY_READ)
/*
 * A direction carries bulk while one of its last so many reads was of
 * RELAY_READ at least: a message may end with a small one.
 */
#define RELAY_BULK	2
/* Last words: up to so many bytes wait for the end that follows them. */
#define RELAY_LAST_MAX	4096u
/*
 * What one direction moves before others have their turn; a move in bulk is
 * one turn.
 */
#define RELAY_TURN_MAX	SPLICE_MAX
/*
 * On top of the queue's bound: what one move may leave over.  Only a kernel
 * that is short of memory does that, or a TLS connection's overhead, since
 * bulk is moved where the other side has said that there is room.
 */
#define RELAY_LEFT_MAX	SPLICE_MAX

/* All sessions read into this; none owns a buffer while it is idle. */
static uint8_t relay_scratch[RELAY_READ_BULK];

/*
 * What was read before the relay began goes on behind what is queued; the
 * buffer's memory is given back, empty or not.
 */
static void
relay_hand_over(struct stream *from, struct stream *to, uint64_t *bytes)
{
	size_t n = buf_used(&from->in);

	*bytes += n;
	/* Cannot be over the bound: it is larger than that of from->in. */
	(void)!stream_put(to, buf_head(&from->in), n);
	buf_clear(&from->in);
}

static void
relay_bulk(struct stream *st)
{
	stream_bulk(st);
	st->out.max += RELAY_LEFT_MAX;
}

static void	relay_check(void *);

void
relay_start(struct session *s)
{
	struct login_process *process = s->process;

	process->protocol->logged_in(s);
	if (s->state == SESSION_CLOSING)
		return;
	login_log_login(s);
	relay_hand_over(&s->client, &s->backend, &s->bytes_in);
	relay_hand_over(&s->backend, &s->client, &s->bytes_out);
	parting_init(s);
	session_logged_in(s);
	session_to(s, SESSION_RELAY);
	relay_bulk(&s->client);
	relay_bulk(&s->backend);
	loop_timer_start(&process->check_timers, &s->timer, relay_check, s);
	/* Bytes may be there that no edge will tell of again. */
	s->client.can_write = s->backend.can_write = true;
	auth_client_outcome(process->auth, s, LOGIN_AUTH_LOGGED_IN, true);
	login_process_changed(process);
}

/*
 * Bulk from one plain connection to another stays in the kernel; 0 when it is
 * not that, or when nothing is there.  Last words are few, and are to leave
 * with the end that follows them.
 */
static size_t
relay_splice(struct splice *pipe, struct stream *from, struct stream *to,
    size_t room)
{
	if (room < RELAY_READ || from->tls != NULL || to->tls != NULL ||
	    from->is_ending || !splice_open(pipe))
		return 0;
	return stream_splice(from, to, pipe,
	    room < SPLICE_MAX ? room : SPLICE_MAX);
}

/*
 * n bytes of the scratch.  What is kept is within the bound of `out`: last
 * words and one read.
 */
static void
relay_pass(const struct stream *from, struct stream *to, size_t n)
{
	if (from->is_ending && buf_used(&to->out) + n <= RELAY_LAST_MAX)
		(void)!stream_put(to, relay_scratch, n);
	else if (stream_flush(to) == 0)
		(void)!stream_write(to, relay_scratch, n);
}

/* It is broken, or takes no more now. */
static bool
relay_is_stuck(const struct stream *from, const struct stream *to)
{
	return to->error != 0 ||
	    buf_used(&to->out) > (from->is_ending ? RELAY_LAST_MAX : 0);
}

/* A large one, or the tail of what was. */
static void
relay_note_size(size_t n, uint8_t *bulk)
{
	if (n >= RELAY_READ)
		*bulk = RELAY_BULK;
	else if (*bulk > 0)
		(*bulk)--;
}

/*
 * Moves what comes with one read: so many bytes, or 0 when nothing is there.
 */
static size_t
relay_step(struct splice *pipe, struct stream *from, struct stream *to,
    uint8_t *bulk)
{
	size_t room, size, n;

	/* Half of it: the kernel counts its own overhead as well. */
	room = *bulk > 0 ? sock_room(to->fd) / 2 : 0;
	n = relay_splice(pipe, from, to, room);
	if (n == 0) {
		size = room >= RELAY_READ_BULK ? RELAY_READ_BULK : RELAY_READ;
		n = stream_read(from, relay_scratch, size);
		if (n == 0)
			return 0;
		relay_pass(from, to, n);
	}
	relay_note_size(n, bulk);
	return n;
}

/* Moves bytes one way.  true when the turn was used up: there may be more. */
static bool
relay_move(struct splice *pipe, struct stream *from, struct stream *to,
    uint64_t *bytes, uint8_t *bulk)
{
	size_t n, moved = 0;

	if (buf_used(&to->out) > 0) {
		if (!to->can_write || stream_flush(to) == -1)
			return false;
		if (buf_used(&to->out) > 0)
			return false;
	}
	while (moved < RELAY_TURN_MAX) {
		n = relay_step(pipe, from, to, bulk);
		if (n == 0)
			break;
		moved += n;
		*bytes += n;
		if (relay_is_stuck(from, to))
			return false;
	}
	if (!from->has_eof && stream_flush(to) == -1)
		return false;
	return moved >= RELAY_TURN_MAX;
}

/* Why it ends, by the end that came first; NONE while both are there. */
static enum session_reason
relay_reason(const struct session *s)
{
	if (s->reason != SESSION_REASON_NONE)
		return s->reason;
	if (s->client.has_eof)
		return SESSION_REASON_CLIENT_CLOSED;
	if (s->backend.has_eof)
		return SESSION_REASON_BACKEND_CLOSED;
	if (s->client.error != 0)
		return SESSION_REASON_CLIENT_LOST;
	if (s->backend.error != 0)
		return SESSION_REASON_BACKEND_LOST;
	return SESSION_REASON_NONE;
}

/*
 * After a pause: an error that came together with bytes was not told, see
 * stream.h.  A session that has lasted so long is also worth the calls that
 * find a host which is gone without a word.
 */
static void
relay_check(void *arg)
{
	struct session *s = arg;

	if (!s->has_keepalive) {
		sock_keepalive(s->backend.fd);
		s->has_keepalive = true;
	}
	stream_recheck(&s->client);
	stream_recheck(&s->backend);
	session_run(s);
}

/*
 * When one half has ended the other has a bounded time; while both live,
 * each activity is followed by a check.
 */
static void
relay_note(struct session *s, bool has_moved)
{
	bool was_half = s->reason != SESSION_REASON_NONE;

	s->reason = relay_reason(s);
	if (s->reason == SESSION_REASON_NONE) {
		if (has_moved && s->timer.on == NULL)
			loop_timer_start(&s->process->check_timers, &s->timer,
			    relay_check, s);
		return;
	}
	if (has_moved || !was_half)
		loop_timer_start(&s->process->linger_timers, &s->timer,
		    relay_timeout, s);
}

/* A host that is lost does not take away what it has sent. */
static bool
relay_is_over(const struct session *s)
{
	if (s->client.error != 0)
		return true;
	if (s->backend.error != 0)
		return buf_used(&s->client.out) == 0;
	return s->client.is_shut && s->backend.is_shut;
}

/* One side's end is told to the other, behind all that was said before it. */
static void
relay_pass_end(const struct stream *from, struct stream *to)
{
	if (from->has_eof)
		stream_shut(to);
}

void
relay_pump(struct session *s)
{
	uint64_t before = s->bytes_in + s->bytes_out, asked = s->bytes_in;
	struct splice *pipe = &s->process->pipe;
	bool has_more;

	has_more = relay_move(pipe, &s->client, &s->backend, &s->bytes_in,
	    &s->bulk_in);
	has_more |= relay_move(pipe, &s->backend, &s->client, &s->bytes_out,
	    &s->bulk_out);
	if (s->bytes_in != asked)
		parting_note(s);
	relay_pass_end(&s->client, &s->backend);
	/* Where the end may have to wait, the host's last words do not. */
	if (s->leave_ms > 0)
		(void)!stream_flush(&s->client);
	if (parting_is_due(s)) {
		parting_start(s, relay_reason(s));
		return;
	}
	relay_pass_end(&s->backend, &s->client);
	relay_note(s, s->bytes_in + s->bytes_out != before);
	if (relay_is_over(s)) {
		session_close(s, s->reason);
		return;
	}
	if (has_more)
		session_run_later(s);
}

void
relay_timeout(void *arg)
{
	session_close(arg, SESSION_REASON_LINGER);
}
