/*
 * local: a session whose user has his mail on this machine.  The master starts
 * a mail process for the ticket that auth has given.  The process gets the
 * client's connection, and the session is over for us; or it gets an end of
 * a socket pair, and is what a mail host is to other sessions.
 */
#ifndef LOGIN_COMMON_LOCAL_H
#define LOGIN_COMMON_LOCAL_H

#include <stdint.h>

struct login_auth_local;
struct login_process;
struct master_mail_started;
struct session;

/* Auth has said LOCAL: shows its ticket to the master. */
void	local_start(struct session *, const struct login_auth_local *);
/* Step and timeout of the state LOCAL: the master's answer is awaited. */
void	local_step(struct session *);
void	local_timeout(void *session);
/* It has come, for the session with this number, if that is still there. */
void	local_started(struct login_process *, uint32_t id,
	    const struct master_mail_started *);

#endif
