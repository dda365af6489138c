/*
 * loop: readiness of fds, timeouts, signals.  The only file with libevent.
 * Runs in: master, login processes, auth.
 * Hostile input: none.
 * Never: lets a callback run inside another.
 */
#include "lib/loop.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/xmem.h"

_Static_assert(sizeof(struct event) <= sizeof(((struct loop_io *)0)->event),
    "loop_io.event is too small for libevent's struct event");

/* Signals that a process may watch at once. */
#define LOOP_SIGNALS_MAX	8

struct loop_watched {
	struct event	 event;
	loop_fn		 fn;
	void		*arg;
};

struct loop {
	struct event_base			*base;
	/* What is to be done now, and (the other one) in the next turn. */
	STAILQ_HEAD(, loop_deferred)		 deferred[2];
	unsigned int				 now;
	uint32_t				 round;	/* new in each */
	STAILQ_HEAD(, loop_hook)		 hooks;
	struct loop_watched			 watched[LOOP_SIGNALS_MAX];
	size_t					 nwatched;
	bool					 is_stopped;
};

struct loop *
loop_new(void)
{
	struct event_config *config = event_config_new();
	struct loop *loop = xcalloc(1, sizeof(*loop));

	STAILQ_INIT(&loop->deferred[0]);
	STAILQ_INIT(&loop->deferred[1]);
	/* Nothing has been done in the first. */
	loop->round = 1;
	STAILQ_INIT(&loop->hooks);
	if (config == NULL ||
	    event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK) == -1 ||
	    event_config_set_flag(config, EVENT_BASE_FLAG_IGNORE_ENV) == -1 ||
	    event_config_require_features(config, EV_FEATURE_ET |
	    EV_FEATURE_EARLY_CLOSE) == -1 ||
	    (loop->base = event_base_new_with_config(config)) == NULL)
		fatal(EX_OSERR, "no event loop: %m");
	event_config_free(config);
	return loop;
}

void
loop_free(struct loop *loop)
{
	size_t i;

	for (i = 0; i < loop->nwatched; i++)
		(void)event_del(&loop->watched[i].event);
	event_base_free(loop->base);
	free(loop);
}

/*
 * End of a turn: what callbacks left for later, then the hooks.  Nobody has
 * two goes: whoever has always more to do would keep all others waiting.
 */
static void
loop_settle(struct loop *loop)
{
	struct loop_deferred *d;
	struct loop_hook *hook, *next;

	loop->round++;
	while ((d = STAILQ_FIRST(&loop->deferred[loop->now])) != NULL) {
		STAILQ_REMOVE_HEAD(&loop->deferred[loop->now], entry);
		d->is_queued = false;
		d->round = loop->round;
		d->fn(d->arg);
	}
	loop->round++;
	loop->now ^= 1;
	STAILQ_FOREACH_SAFE(hook, &loop->hooks, entry, next)
		hook->fn(hook->arg);
}

void
loop_turn(struct loop *loop, bool may_wait)
{
	loop_settle(loop);
	if (loop->is_stopped)
		return;
	if (!STAILQ_EMPTY(&loop->deferred[loop->now]))
		may_wait = false;
	if (event_base_loop(loop->base, EVLOOP_ONCE |
	    (may_wait ? 0 : EVLOOP_NONBLOCK)) == -1)
		fatal(EX_OSERR, "event loop: %m");
	loop_settle(loop);
}

void
loop_run(struct loop *loop)
{
	loop->is_stopped = false;
	while (!loop->is_stopped)
		loop_turn(loop, true);
}

void
loop_stop(struct loop *loop)
{
	loop->is_stopped = true;
}

static void
loop_io_ready(evutil_socket_t fd, short what, void *arg)
{
	struct loop_io *io = arg;
	unsigned int bits = 0;

	(void)fd;
	if ((what & EV_READ) != 0)
		bits |= LOOP_READ;
	if ((what & EV_WRITE) != 0)
		bits |= LOOP_WRITE;
	if ((what & EV_CLOSED) != 0)
		bits |= LOOP_END;
	io->fn(io->arg, bits);
}

void
loop_io_start(struct loop *loop, struct loop_io *io, int fd,
    unsigned int what, loop_io_fn fn, void *arg)
{
	struct event *ev = (struct event *)io->event;
	short bits = EV_PERSIST;

	if ((what & LOOP_READ) != 0)
		bits |= EV_READ;
	if ((what & LOOP_WRITE) != 0)
		bits |= EV_WRITE;
	if ((what & LOOP_EDGE) != 0)
		bits |= EV_ET;
	if ((what & LOOP_END) != 0)
		bits |= EV_CLOSED;
	io->fn = fn;
	io->arg = arg;
	if (event_assign(ev, loop->base, fd, bits, loop_io_ready, io) == -1 ||
	    event_add(ev, NULL) == -1)
		fatal(EX_OSERR, "cannot watch fd %d: %m", fd);
	io->is_on = true;
}

void
loop_io_stop(struct loop_io *io)
{
	if (!io->is_on)
		return;
	(void)event_del((struct event *)io->event);
	io->is_on = false;
}

static void	loop_timers_fire(evutil_socket_t, short, void *);

void
loop_timers_init(struct loop *loop, struct loop_timers *t, uint64_t length_ms)
{
	memset(t, 0, sizeof(*t));
	TAILQ_INIT(&t->head);
	t->loop = loop;
	t->length_ms = length_ms;
	if (event_assign((struct event *)t->event, loop->base, -1, 0,
	    loop_timers_fire, t) == -1)
		fatal(EX_OSERR, "timer: %m");
}

void
loop_timers_clear(struct loop_timers *t)
{
	struct loop_timer *timer;

	while ((timer = TAILQ_FIRST(&t->head)) != NULL)
		loop_timer_stop(timer);
	(void)event_del((struct event *)t->event);
	t->is_armed = false;
}

static void
loop_timers_arm(struct loop_timers *t, uint64_t now)
{
	struct loop_timer *first = TAILQ_FIRST(&t->head);
	struct timeval tv;
	uint64_t wait;

	if (first == NULL || t->is_armed)
		return;
	wait = first->due_ms > now ? first->due_ms - now : 0;
	tv.tv_sec = (time_t)(wait / 1000);
	tv.tv_usec = (suseconds_t)(wait % 1000 * 1000);
	if (event_add((struct event *)t->event, &tv) == -1)
		fatal(EX_OSERR, "timer: %m");
	t->is_armed = true;
}

/* Expires those that are due; the list is in order of their due time. */
static void
loop_timers_fire(evutil_socket_t fd, short what, void *arg)
{
	struct loop_timers *t = arg;
	struct loop_timer *timer;
	uint64_t now = clock_ms();

	(void)fd;
	(void)what;
	t->is_armed = false;
	while ((timer = TAILQ_FIRST(&t->head)) != NULL &&
	    timer->due_ms <= now) {
		loop_timer_stop(timer);
		timer->fn(timer->arg);
	}
	loop_timers_arm(t, now);
}

void
loop_timer_start(struct loop_timers *t, struct loop_timer *timer, loop_fn fn,
    void *arg)
{
	uint64_t now = clock_ms();

	loop_timer_stop(timer);
	timer->fn = fn;
	timer->arg = arg;
	timer->on = t;
	timer->due_ms = now + t->length_ms;
	TAILQ_INSERT_TAIL(&t->head, timer, entry);
	/* An armed list wakes for an older timer and arms itself again. */
	loop_timers_arm(t, now);
}

void
loop_timer_stop(struct loop_timer *timer)
{
	if (timer->on == NULL)
		return;
	TAILQ_REMOVE(&timer->on->head, timer, entry);
	timer->on = NULL;
}

void
loop_defer(struct loop *loop, struct loop_deferred *d, loop_fn fn, void *arg)
{
	if (d->is_queued)
		return;
	d->fn = fn;
	d->arg = arg;
	d->is_queued = true;
	d->list = (uint8_t)(d->round == loop->round ? loop->now ^ 1 :
	    loop->now);
	STAILQ_INSERT_TAIL(&loop->deferred[d->list], d, entry);
}

void
loop_undefer(struct loop *loop, struct loop_deferred *d)
{
	if (!d->is_queued)
		return;
	STAILQ_REMOVE(&loop->deferred[d->list], d, loop_deferred, entry);
	d->is_queued = false;
}

void
loop_hook_add(struct loop *loop, struct loop_hook *hook, loop_fn fn, void *arg)
{
	hook->fn = fn;
	hook->arg = arg;
	STAILQ_INSERT_TAIL(&loop->hooks, hook, entry);
}

void
loop_hook_del(struct loop *loop, struct loop_hook *hook)
{
	STAILQ_REMOVE(&loop->hooks, hook, loop_hook, entry);
}

static void
loop_signal_came(evutil_socket_t signo, short what, void *arg)
{
	struct loop_watched *w = arg;

	(void)signo;
	(void)what;
	w->fn(w->arg);
}

void
loop_signal(struct loop *loop, int signo, loop_fn fn, void *arg)
{
	struct loop_watched *w;

	if (loop->nwatched == LOOP_SIGNALS_MAX)
		fatal(EX_SOFTWARE, "too many signals watched");
	w = &loop->watched[loop->nwatched++];
	w->fn = fn;
	w->arg = arg;
	if (event_assign(&w->event, loop->base, signo, EV_SIGNAL | EV_PERSIST,
	    loop_signal_came, w) == -1 || event_add(&w->event, NULL) == -1)
		fatal(EX_OSERR, "signal %d: %m", signo);
}
