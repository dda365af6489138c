/*
 * session_state: the states of a session and which may follow which.
 */
#ifndef LOGIN_COMMON_SESSION_STATE_H
#define LOGIN_COMMON_SESSION_STATE_H

#include <stdbool.h>

struct loop_timers;
struct session;

enum session_state {
	SESSION_GREETING,	/* just accepted */
	SESSION_PROXY_HEADER,	/* a proxy says who the client is */
	SESSION_TLS_HANDSHAKE,	/* with the client */
	SESSION_COMMAND,	/* the client's turn */
	SESSION_SASL_REPLY,	/* the client's turn, amid an exchange */
	SESSION_AUTH_WAIT,	/* auth's turn */
	SESSION_DELAY,		/* a refusal is held back */
	SESSION_BACKEND_CONNECT,
	SESSION_BACKEND_TLS,	/* handshake with the mail host */
	SESSION_BACKEND_LOGIN,	/* the mail host's turn */
	SESSION_LOCAL,		/* the master starts a mail process */
	SESSION_RELAY,
	SESSION_PARTING,	/* the mail host is gone; soon the client */
	SESSION_CLOSING,	/* last words are on their way */
};
#define SESSION_STATE_LAST	SESSION_CLOSING

struct session_state_row {
	const char		*name;
	/* What can be done now; runs again while the state changes. */
	void			(*step)(struct session *);
	/* Timers of this state; NULL: none, or they go on as they are. */
	struct loop_timers	*(*timers)(struct session *);
	void			(*timeout)(void *session);
	bool			 keeps_timer;	/* of the state before */
	bool			 can_evict;
};

const struct session_state_row	*session_state_row(enum session_state);
const char	*session_state_name(enum session_state);
bool	session_state_may(enum session_state from, enum session_state to);

#endif
