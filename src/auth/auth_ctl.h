/*
 * auth_ctl: auth's channels to wicketctl: what would happen to a login, what
 * the cache and the workers do.  Who has such a channel was let in by the
 * master.  Few are open at once, none for long, each with one command at a
 * time.
 */
#ifndef AUTH_AUTH_CTL_H
#define AUTH_AUTH_CTL_H

#include <bsd/sys/queue.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/loop.h"

struct auth_ctl_peer;
struct auth_request_env;

/* As many as the master has connections; one more is closed. */
#define AUTH_CTL_PEERS_MAX	16
/* For the first command and between two. */
#define AUTH_CTL_IDLE_MS	5000

LIST_HEAD(auth_ctl_head, auth_ctl_peer);

struct auth_ctl {
	struct loop			*loop;
	struct auth_request_env		*env;		/* borrowed */
	struct auth_ctl_head		 peers;
	size_t				 npeers;
	struct loop_timers		 idle;
};

void	auth_ctl_init(struct auth_ctl *, struct loop *,
	    struct auth_request_env *);
/* Cancels what is asked and closes all channels. */
void	auth_ctl_clear(struct auth_ctl *);
/* The channel of a wicketctl; the fd is taken. */
void	auth_ctl_add(struct auth_ctl *, int fd, uint32_t pid);

#endif
