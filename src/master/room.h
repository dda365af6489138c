/*
 * room: with a process per connection and all of them taken, makes room for
 * the client that waits: the oldest one that has not logged in must go.
 */
#ifndef MASTER_ROOM_H
#define MASTER_ROOM_H

struct child;
struct service;

/* Counts have changed: begins or ends to watch for a waiting client. */
void	room_check(struct service *);
/* A child answered that its client stays. */
void	room_kept(struct service *, struct child *);
/* A child is gone. */
void	room_forget(struct service *, const struct child *);
/* Once a second: one that did not answer is left alone, others are asked. */
void	room_tick(struct service *);
void	room_unwatch(struct service *);

#endif
