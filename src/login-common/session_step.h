/*
 * session_step: what a session does in the states that wait for the client
 * or for time; the rows of session_state.c.
 */
#ifndef LOGIN_COMMON_SESSION_STEP_H
#define LOGIN_COMMON_SESSION_STEP_H

#include <stdbool.h>

struct loop_timers;
struct session;

/* COMMAND: takes the client's commands one by one. */
void	session_step_command(struct session *);
/* AUTH_WAIT, DELAY: only looks whether the client is still there. */
void	session_step_wait(struct session *);
/* CLOSING: waits until the client has read the last line. */
void	session_step_closing(struct session *);
/*
 * Reads what the client sends.  false when it is gone and the session was
 * closed: it hung up with nothing left to do, or its connection broke.
 */
bool	session_read_client(struct session *);

struct loop_timers	*session_auth_timers(struct session *);
struct loop_timers	*session_delay_timers(struct session *);
struct loop_timers	*session_closing_timers(struct session *);
void	session_auth_timeout(void *);
void	session_delay_timeout(void *);
void	session_closing_timeout(void *);

#endif
