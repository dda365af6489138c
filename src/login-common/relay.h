/*
 * relay: bytes from client to mail host and back until both have ended.
 */
#ifndef LOGIN_COMMON_RELAY_H
#define LOGIN_COMMON_RELAY_H

struct session;

/*
 * The mail host has accepted the user: what either side has sent already
 * goes on its way, then all that comes.
 */
void	relay_start(struct session *);
/* Step of the state RELAY: moves what can be moved, in both directions. */
void	relay_pump(struct session *);
/* Half closed and silent for too long. */
void	relay_timeout(void *session);

#endif
