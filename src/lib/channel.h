/*
 * channel: messages between two processes of the suite over an AF_UNIX
 * stream socket that the master made.  Described in doc/IPC.md.
 *
 * Frame: length u32 (of the body), type u16, flags u16, id u32, then the
 * body; little endian.  The first frame each way is HELLO {magic, kind,
 * version, role}.  A frame may carry one fd if its row says so.  A message
 * is checked against the receiver's table before its handler runs; what the
 * table does not permit is a violation, handled by the channel's policy.
 */
#ifndef LIB_CHANNEL_H
#define LIB_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/wire.h"

struct channel;
struct loop;

/* Largest body of any contract: a login with long name and password. */
#define CHANNEL_BODY_MAX	16384
/* Above it the peer is not read until it takes what waits for it. */
#define CHANNEL_QUEUE_HIGH	(256u * 1024)
/* A peer that lets this much pile up is cut off. */
#define CHANNEL_QUEUE_LIMIT	(4096u * 1024)

/* What a violation or a dead peer means, by trust. */
enum channel_policy {
	CHANNEL_PEER_HIGHER,	/* violation: fatal(EX_PROTOCOL) */
	CHANNEL_PEER_LOWER,	/* violation: close, report by closed_fn */
};

/* A pair of processes' agreement. */
struct channel_contract {
	const char	*name;
	uint16_t	 kind;		/* enum channel_kind of ipc/roles.h */
	uint16_t	 version;
	uint32_t	 body_max;	/* <= CHANNEL_BODY_MAX */
};

/*
 * Gets the sender's endpoint, the id, the body and the fd (-1: none; the
 * handler owns it).  Returns -1 when the body does not decode: a violation.
 * May free the channel's owner only through the deferred way of the loop.
 */
typedef int (*channel_handler_fn)(void *endpoint, uint32_t id,
    struct wire_reader *, int fd);

/* One row for each message that this end may receive. */
struct channel_row {
	uint16_t		 type;
	const char		*name;
	uint32_t		 when;	/* bits of channel_set_state */
	uint32_t		 min, max;	/* body length */
	bool			 takes_fd;
	bool			 is_once;
	channel_handler_fn	 handler;
};

enum channel_end {
	CHANNEL_EOF,		/* the peer closed, or is gone */
	CHANNEL_VIOLATION,	/* it broke the rules (CHANNEL_PEER_LOWER) */
};

/*
 * Called once, at the end of the loop's turn, when the peer is gone or was
 * cut off; the owner calls channel_free() in it or later.
 */
typedef void (*channel_closed_fn)(void *endpoint, enum channel_end);

struct channel_config {
	struct loop			*loop;	/* NULL: blocking use */
	int				 fd;	/* taken */
	const struct channel_contract	*contract;
	const struct channel_row	*rows;	/* borrowed, const */
	size_t				 nrows;
	enum channel_policy		 policy;
	uint16_t			 role;	/* ours, for HELLO */
	const char			*peer;	/* for log lines; copied */
	void				*endpoint;
	channel_closed_fn		 closed_fn;	/* may be NULL */
};

/* Sends HELLO and begins to read.  Never NULL. */
struct channel	*channel_new(const struct channel_config *);
/* Closes; queued output is tried once more, then wiped. NULL is allowed. */
void	channel_free(struct channel *);
/* Which rows are legal now: bits as in channel_row.when.  Starts at 1. */
void	channel_set_state(struct channel *, uint32_t bit);
/*
 * Queues one message made with a writer over a body of the caller's, wipes
 * that body; it leaves at the end of the loop's turn (at once in blocking
 * use).  fd is duplicated by the kernel and stays the caller's, -1 for none.
 * A writer that has failed is a bug of ours: fatal().
 */
void	channel_send(struct channel *, uint16_t type, uint32_t id,
	    struct wire_writer *, int fd);
/* A message without a body. */
void	channel_send_empty(struct channel *, uint16_t type, uint32_t id);
/* Writes out what is queued, as far as the kernel takes it. */
void	channel_flush(struct channel *);
/* Bytes waiting to be sent. */
size_t	channel_queued(const struct channel *);
/* Blocking use: waits for one message and runs its handler; -1 at the end. */
int	channel_step(struct channel *) __attribute__((warn_unused_result));
/* Blocking use: handles what is there without waiting; -1 at the end. */
int	channel_turn(struct channel *) __attribute__((warn_unused_result));
int	channel_fd(const struct channel *);
/* From blocking use to use in a loop (a child after START). */
void	channel_attach(struct channel *, struct loop *);

#endif
