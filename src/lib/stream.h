/*
 * stream: non-blocking bytes over a connected socket.
 *
 * The socket is registered with the loop once, edge-triggered, for reading;
 * for writing too from the first time that the kernel does not take all.  The
 * stream remembers what it may do (can_read, can_write) and the owner acts on
 * that.
 * Both buffers take memory only while they hold bytes.
 *
 * The same over TLS (lib/tls), which may start when the stream is open; `in`
 * then holds what was decrypted, `out` what is encrypted already.
 */
#ifndef LIB_STREAM_H
#define LIB_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/buf.h"
#include "lib/loop.h"
#include "lib/splice.h"
#include "lib/tls.h"

struct stream {
	int		 fd;		/* -1: not open */
	int		 error;		/* errno that ended it, 0 if none */
	bool		 can_read;	/* bytes, end or error may be there */
	bool		 can_write;
	bool		 has_eof;	/* the peer will send no more */
	bool		 is_shut;	/* we said that we send no more */
	bool		 has_blocked;	/* watched for writing */
	bool		 is_ending;	/* the end was told: read up to it */
	struct loop	*loop;
	struct loop_io	 io;
	struct buf	 in, out;
	struct tls	*tls;		/* NULL: plain */
};

/* Not open yet; the bounds are those of the two buffers. */
void	stream_init(struct stream *, size_t in_max, size_t out_max);
/* Takes fd; fn(arg, what) is called when something may have changed. */
void	stream_open(struct stream *, struct loop *, int fd, loop_io_fn,
	    void *arg);
/* Closes the fd, wipes the buffers; can be opened again. */
void	stream_close(struct stream *);
/*
 * TLS from the next byte on, as the side that accepts or that connects; -1
 * with the fault.  `in` and `out` are empty: a caller that finds bytes behind
 * the command that started TLS drops the connection.
 */
int	stream_tls_accept(struct stream *, struct tls_server *,
	    struct tls_error *) __attribute__((warn_unused_result));
int	stream_tls_connect(struct stream *, struct tls_client *,
	    const struct tls_target *, struct tls_error *)
	    __attribute__((warn_unused_result));
/*
 * Goes on with the handshake; now, and whenever the owner was called.  After
 * DONE bytes may have come already: read at once; and what ends the handshake
 * (a ticket) waits for what is said next: flush.  FAILED: stream_tls_error
 * says why, an alert is on its way, and there is only stream_close() left.
 */
enum tls_step	stream_tls_step(struct stream *);
/* Why TLS, or the connection under it, failed; "" if it did not. */
const char	*stream_tls_error(const struct stream *);
/* Only carries bytes from now on, none of which is secret to us: tls_bulk. */
static inline void
stream_bulk(struct stream *st)
{
	if (st->tls != NULL)
		tls_bulk(st->tls);
}
/* The peer's FIN came without TLS's own: something may be missing. */
static inline bool
stream_is_truncated(const struct stream *st)
{
	return st->tls != NULL && tls_is_truncated(st->tls);
}
/* The next read asks the kernel, whatever was told. */
static inline void
stream_recheck(struct stream *st)
{
	st->can_read = true;
	if (st->tls != NULL)
		tls_note(st->tls, st->is_ending);
}
/* First thing in the owner's callback: notes what the loop reported. */
void	stream_note(struct stream *, unsigned int what);

/*
 * Reads up to size bytes: > 0, or 0 when nothing is there now, the peer has
 * ended (has_eof) or the connection is broken (error).
 */
size_t	stream_read(struct stream *, void *, size_t);
/*
 * Reads into `in` until nothing is there or the bound is met.  Returns the
 * bytes added; see stream_read for the end.
 */
size_t	stream_fill(struct stream *);
/*
 * Moves up to max bytes, which is at most SPLICE_MAX, from one plain
 * connection to another whose `out` is empty, through the open pipe.  Returns
 * as stream_read does for `from`; but at 0, with can_read left as it was, a
 * read may still get something.  What `to` does not take is kept in its `out`,
 * whose bound must allow for that; error of `to` says that it broke.
 */
size_t	stream_splice(struct stream *from, struct stream *to, struct splice *,
	    size_t max);
/*
 * Looks at up to size bytes that wait in a plain connection, before anything
 * was read: they stay there, for TLS or whoever reads them.  As stream_read
 * otherwise.
 */
size_t	stream_peek(struct stream *, void *, size_t);
/* Takes so many of the bytes that stream_peek has shown away. */
void	stream_skip(struct stream *, size_t);
/*
 * Sends what the kernel takes at once, keeps the rest in `out`.  -1 when the
 * connection is broken or the bound of `out` is met; error says why.
 */
int	stream_write(struct stream *, const void *, size_t)
	    __attribute__((warn_unused_result));
/* Queues without sending: several pieces leave in one stream_flush(). */
int	stream_put(struct stream *, const void *, size_t)
	    __attribute__((warn_unused_result));
/* Sends what is queued, as far as the kernel takes it. */
int	stream_flush(struct stream *) __attribute__((warn_unused_result));
/*
 * Sends what is queued, and tells the peer that no more comes (close_notify,
 * FIN).  is_shut stays false while bytes wait in `out`: to be called again.
 */
void	stream_shut(struct stream *);
/* Has ended, or broke: nothing will come any more. */
static inline bool
stream_is_over(const struct stream *st)
{
	return st->has_eof || st->error != 0;
}

#endif
