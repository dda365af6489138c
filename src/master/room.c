/*
 * Makes room for a waiting client when login_max_processes_count is reached.
 * Runs in: master.
 * Hostile input: none.
 * Never: accepts; chooses a client that has logged in or is about to.
 */
#include "master/room.h"

#include <stddef.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "master/child.h"
#include "master/service.h"

/* One that kept its client is not asked again for so long. */
#define ROOM_KEPT_MS	10000
/* One that does not answer so long is passed over. */
#define ROOM_ANSWER_MS	1000
#define ROOM_WARN_MS	60000

static void
room_warn(struct service *s)
{
	uint64_t now = clock_ms();

	if (s->warned_ms != 0 && now - s->warned_ms < ROOM_WARN_MS)
		return;
	s->warned_ms = now;
	log_warn("%s: all %u processes have a client "
	    "(login_max_processes_count, else login_max_sessions); the oldest "
	    "that has not logged in makes room", role_name(s->role),
	    s->policy.max);
}

/* The list is in the order in which clients came. */
static struct child *
room_oldest(const struct service *s)
{
	uint64_t now = clock_ms();
	struct child *c;

	TAILQ_FOREACH(c, &s->children, entry) {
		if (c->state != CHILD_IS_BUSY || c->status.sessions > 0 ||
		    c->asked_ms != 0)
			continue;
		if (c->kept_ms == 0 || now - c->kept_ms >= ROOM_KEPT_MS)
			return c;
	}
	return NULL;
}

static void
room_ask(struct service *s)
{
	struct child *c = room_oldest(s);

	s->asked = c;
	/* Nobody to ask: the next second may bring one. */
	s->is_out_of_room = c == NULL;
	if (c == NULL)
		return;
	c->asked_ms = clock_ms();
	child_send(c, MASTER_EVICT);
}

static void
room_on_client(void *arg, unsigned int what)
{
	struct service *s = arg;

	(void)what;
	if (!s->is_watching)
		return;
	room_unwatch(s);
	room_warn(s);
	room_ask(s);
}

static void
room_watch(struct service *s)
{
	size_t i;

	if (s->is_watching || s->listeners == NULL)
		return;
	s->is_watching = true;
	for (i = 0; i < s->listeners->n; i++)
		loop_io_start(s->loop, &s->watches[i],
		    s->listeners->items[i].fd, LOOP_READ, room_on_client, s);
}

void
room_unwatch(struct service *s)
{
	size_t i;

	s->is_watching = false;
	for (i = 0; i < MASTER_LISTENERS_MAX; i++)
		loop_io_stop(&s->watches[i]);
}

/* Only while nobody else listens, and nobody is on his way to do so or out. */
static bool
room_is_tight(const struct service *s)
{
	return s->is_on && service_total(s) >= s->policy.max &&
	    s->n[CHILD_IS_SERVING] == 0 && s->n[CHILD_IS_STARTING] == 0 &&
	    s->n[CHILD_IS_ENDING] == 0;
}

void
room_check(struct service *s)
{
	if (!room_is_tight(s)) {
		room_unwatch(s);
		return;
	}
	if (s->asked == NULL && !s->is_out_of_room)
		room_watch(s);
}

void
room_kept(struct service *s, struct child *c)
{
	if (s->asked != c)
		return;
	s->asked = NULL;
	if (room_is_tight(s))
		room_ask(s);
}

void
room_forget(struct service *s, const struct child *c)
{
	if (s->asked == c)
		s->asked = NULL;
	s->is_out_of_room = false;
}

void
room_tick(struct service *s)
{
	struct child *c = s->asked;

	s->is_out_of_room = false;
	if (c == NULL || clock_ms() - c->asked_ms < ROOM_ANSWER_MS)
		return;
	c->kept_ms = clock_ms();
	s->asked = NULL;
}
