/*
 * backend: connects to the user's mail host and logs in there, address by
 * address, within one deadline.
 */
#ifndef LOGIN_COMMON_BACKEND_H
#define LOGIN_COMMON_BACKEND_H

#include <stdbool.h>

#include "ipc/login_auth_outcome.h"

struct session;

/* A connection that is there already, to what stands for a mail host. */
void	backend_open(struct session *, int fd);
/* login->route is set: tries its first address. */
void	backend_start(struct session *);
/* Steps of the states BACKEND_CONNECT and BACKEND_LOGIN. */
void	backend_step_connect(struct session *);
void	backend_step_login(struct session *);
/* This address is of no use (what: for the log): the next, or the refusal. */
void	backend_failed(struct session *, enum login_auth_trouble,
	    const char *what);
/* Auth says that one of the route's hosts is down: who waits for it goes on. */
void	backend_host_down(struct session *,
	    const struct login_auth_host_down *);
/* The client leaves: has it waited in vain for the host to speak? */
void	backend_left(struct session *);
/* What an error of a connection's socket says about the host. */
enum login_auth_trouble	backend_trouble(int error);
/* Their timeouts. */
void	backend_timeout(void *session);
struct loop_timers	*backend_timers(struct session *);
/*
 * First thing in a timeout that backend_timers() has begun: true when the
 * time is not over yet, and the session's timer runs on.
 */
bool	backend_has_time(struct session *);

#endif
