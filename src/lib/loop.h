/*
 * loop: readiness of fds, timeouts, signals.  The only module that knows
 * libevent.  One loop a process; callbacks run one after another; what they
 * queue with loop_defer() runs when the turn is over, then the turn hooks.
 * What such work queues runs as well, but for the work itself: that has its
 * next go after fds and timers have had theirs.
 */
#ifndef LIB_LOOP_H
#define LIB_LOOP_H

#include <bsd/sys/queue.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOOP_READ	0x1u
#define LOOP_WRITE	0x2u
#define LOOP_EDGE	0x4u	/* tell each change once */
#define LOOP_END	0x8u	/* tell that the peer has ended (FIN) */

struct loop;

/*
 * what: LOOP_READ, LOOP_WRITE and LOOP_END bits that came; an error is told
 * as if the fd were ready.
 */
typedef void (*loop_io_fn)(void *arg, unsigned int what);
typedef void (*loop_fn)(void *arg);

/* Interest in one fd; embedded in its owner, which must outlive it. */
struct loop_io {
	uint64_t	 event[16];	/* struct event, see loop.c */
	loop_io_fn	 fn;
	void		*arg;
	bool		 is_on;
};

/* One timeout length; timers on it expire in the order they were started. */
struct loop_timer {
	TAILQ_ENTRY(loop_timer)	 entry;
	struct loop_timers	*on;	/* NULL: not running */
	uint64_t		 due_ms;
	loop_fn			 fn;
	void			*arg;
};

TAILQ_HEAD(loop_timer_head, loop_timer);

struct loop_timers {
	struct loop_timer_head	 head;
	struct loop		*loop;
	uint64_t		 length_ms;
	uint64_t		 event[16];
	bool			 is_armed;
};

/* Work for the end of this turn; embedded in its owner. */
struct loop_deferred {
	STAILQ_ENTRY(loop_deferred)	 entry;
	loop_fn				 fn;
	void				*arg;
	bool				 is_queued;
	uint8_t				 list;	/* that it is queued in */
	uint32_t			 round;	/* that it was done in last */
};

/* A function that runs at the end of every turn (flushing, mostly). */
struct loop_hook {
	STAILQ_ENTRY(loop_hook)	 entry;
	loop_fn			 fn;
	void			*arg;
};

struct loop	*loop_new(void);
void		 loop_free(struct loop *);
/* Turns until loop_stop(). */
void		 loop_run(struct loop *);
/* One turn; waits for something to happen if may_wait. */
void		 loop_turn(struct loop *, bool may_wait);
void		 loop_stop(struct loop *);

/* Registers fd once for its life; what = LOOP_ bits.  Fails only by fatal(). */
void	loop_io_start(struct loop *, struct loop_io *, int fd,
	    unsigned int what, loop_io_fn, void *arg);
/* Before close(fd).  Harmless when not started. */
void	loop_io_stop(struct loop_io *);

/* A list for timeouts of length_ms; lives as long as the loop. */
void	loop_timers_init(struct loop *, struct loop_timers *,
	    uint64_t length_ms);
void	loop_timers_clear(struct loop_timers *);
/* (Re)starts: expires length_ms from now.  fn and arg are the caller's. */
void	loop_timer_start(struct loop_timers *, struct loop_timer *,
	    loop_fn, void *arg);
void	loop_timer_stop(struct loop_timer *);

void	loop_defer(struct loop *, struct loop_deferred *, loop_fn, void *arg);
void	loop_undefer(struct loop *, struct loop_deferred *);
void	loop_hook_add(struct loop *, struct loop_hook *, loop_fn, void *arg);
void	loop_hook_del(struct loop *, struct loop_hook *);
/* Runs fn in the loop (not in signal context) when signo comes. */
void	loop_signal(struct loop *, int signo, loop_fn, void *arg);

#endif
