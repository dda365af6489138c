/*
 * listener: accepts clients, as many as there is room for.
 */
#ifndef LOGIN_COMMON_LISTENER_H
#define LOGIN_COMMON_LISTENER_H

#include <stdbool.h>
#include <stddef.h>

#include "ipc/master_child.h"
#include "lib/loop.h"

struct login_process;

struct listener {
	struct loop_io		 io;
	struct login_process	*process;
	int			 fd;
	struct netaddr		 addr;
	bool			 is_tls;
	bool			 is_haproxy;	/* a header comes first */
	bool			 is_any;	/* bound to 0.0.0.0 or :: */
};

struct listeners {
	struct listener		 items[MASTER_LISTENERS_MAX];
	size_t			 n;
	int			 reserve_fd;	/* given up when fds run out */
	struct loop_timers	 pause_timers;	/* fds ran out: wait */
	struct loop_timer	 pause;
};

/* Before the jail: takes a listening socket from the master. */
int	listener_add(struct login_process *, int fd,
	    const struct master_listener *);
/*
 * A process for one client waits here for it, among its spare siblings, and
 * does as the master says meanwhile.  false: it is told to end instead.
 */
bool	listeners_wait(struct login_process *);
/* Begins to accept. */
void	listeners_start(struct login_process *);
/* Gives the sockets up: another process may bind or accept there. */
void	listeners_close(struct login_process *);

#endif
