/*
 * session_reason: why a session ended, once, for the log, for the client and
 * for statistics.
 */
#ifndef LOGIN_COMMON_SESSION_REASON_H
#define LOGIN_COMMON_SESSION_REASON_H

#include <stdbool.h>

enum session_reason {
	SESSION_REASON_NONE,		/* it has not ended */
	SESSION_REASON_LOGOUT,		/* LOGOUT, QUIT before login */
	SESSION_REASON_CLIENT_GONE,	/* closed or lost before login */
	SESSION_REASON_TIMEOUT,		/* not logged in by the deadline */
	SESSION_REASON_BAD_COMMANDS,
	SESSION_REASON_TOO_BIG,		/* a line or literal over the limit */
	SESSION_REASON_FOREIGN,		/* not IMAP, not POP3 */
	SESSION_REASON_EVICTED,		/* made room for a newer client */
	SESSION_REASON_FULL,		/* came when there was no room */
	SESSION_REASON_SHUTDOWN,	/* the service stops */
	SESSION_REASON_HAPROXY_UNTRUSTED,	/* may not say whose it is */
	SESSION_REASON_HAPROXY_HEADER,	/* what it says is no header */
	SESSION_REASON_HAPROXY_TIMEOUT,
	SESSION_REASON_TLS_FAILED,	/* the handshake, or what came later */
	SESSION_REASON_TLS_TIMEOUT,	/* no handshake by its deadline */
	SESSION_REASON_TLS_INPUT,	/* bytes behind STARTTLS or STLS */
	SESSION_REASON_OUTPUT,		/* does not take our answers */
	SESSION_REASON_CLIENT_CLOSED,	/* relayed: the client ended it */
	SESSION_REASON_BACKEND_CLOSED,	/* relayed: the mail host ended it */
	SESSION_REASON_CLIENT_LOST,	/* relayed: error on its connection */
	SESSION_REASON_BACKEND_LOST,
	SESSION_REASON_LINGER,		/* relayed: half closed for too long */
};
#define SESSION_REASON_LAST	SESSION_REASON_LINGER

/* The word in the log line, stable for those who read it by program. */
const char	*session_reason_word(enum session_reason);
/* Text for the last line to a client, "" when there is none. */
const char	*session_reason_text(enum session_reason);
/* Response code for it: IMAP, POP3 ("" when there is none). */
const char	*session_reason_imap_code(enum session_reason);
const char	*session_reason_pop3_code(enum session_reason);
/*
 * The connection is closed only when the client has read the last line, or
 * after a while: it has sent what we did not read, and a plain close would
 * make the kernel throw the line away.
 */
bool	session_reason_lingers(enum session_reason);

#endif
