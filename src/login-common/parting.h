/*
 * parting: the mail host of a session is gone, and many others' with it.  So
 * that they do not all come back in the same moment, each client is let go at
 * a random moment of login_proxy_max_disconnect_delay.  Who has just said
 * something, such as LOGOUT, or says something meanwhile, goes at once.
 */
#ifndef LOGIN_COMMON_PARTING_H
#define LOGIN_COMMON_PARTING_H

#include <stdbool.h>

#include "login-common/session_reason.h"

struct loop_timers;
struct session;

/* How exactly the moment is met. */
#define PARTING_TICK_MS		100
/* A host that ends so soon after its client spoke was asked to. */
#define PARTING_ASKED_MS	2000

/* The relay begins: how long may it take?  login->route is still there. */
void	parting_init(struct session *);
/* The client has said something. */
void	parting_note(struct session *);
/* The host has ended, and nobody has asked it to. */
bool	parting_is_due(const struct session *);
void	parting_start(struct session *, enum session_reason);
/* State PARTING. */
void	parting_step(struct session *);
struct loop_timers	*parting_timers(struct session *);
void	parting_timeout(void *session);

#endif
