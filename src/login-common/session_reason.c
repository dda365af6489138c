/*
 * session_reason: why a session ended, in words.
 * Runs in: login processes.
 * Hostile input: none.
 * Never: says anything about the user or the mail host to a client.
 */
#include "login-common/session_reason.h"

struct reason_row {
	const char	*word;
	const char	*imap_code, *pop3_code;
	const char	*text;
	bool		 lingers;
};

static const struct reason_row reasons[] = {
	[SESSION_REASON_NONE] = { "none", "", "", "", false },
	[SESSION_REASON_LOGOUT] =
	    { "logout", "", "", "Logging out", true },
	[SESSION_REASON_CLIENT_GONE] =
	    { "client-gone", "", "", "", false },
	[SESSION_REASON_TIMEOUT] =
	    { "timeout", "", "", "Disconnected: no login in time", false },
	[SESSION_REASON_BAD_COMMANDS] =
	    { "bad-commands", "", "", "Too many invalid commands", true },
	[SESSION_REASON_TOO_BIG] =
	    { "too-big", "[TOOBIG] ", "", "Input is too long", true },
	[SESSION_REASON_FOREIGN] =
	    { "foreign-protocol", "", "", "", false },
	[SESSION_REASON_EVICTED] =
	    { "evicted", "[UNAVAILABLE] ", "[SYS/TEMP] ",
	      "Too many clients are logging in, try again", false },
	[SESSION_REASON_FULL] =
	    { "full", "[UNAVAILABLE] ", "[SYS/TEMP] ",
	      "Too many sessions, try again later", false },
	[SESSION_REASON_SHUTDOWN] =
	    { "shutdown", "[UNAVAILABLE] ", "[SYS/TEMP] ",
	      "Server is shutting down", false },
	[SESSION_REASON_HAPROXY_UNTRUSTED] =
	    { "haproxy-untrusted", "", "", "", false },
	[SESSION_REASON_HAPROXY_HEADER] =
	    { "haproxy-header", "", "", "", false },
	[SESSION_REASON_HAPROXY_TIMEOUT] =
	    { "haproxy-timeout", "", "", "", false },
	[SESSION_REASON_TLS_FAILED] =
	    { "tls-failed", "", "", "", false },
	[SESSION_REASON_TLS_TIMEOUT] =
	    { "tls-timeout", "", "", "", false },
	[SESSION_REASON_TLS_INPUT] =
	    { "input-behind-starttls", "", "",
	      "Nothing may follow before TLS has begun", true },
	[SESSION_REASON_OUTPUT] =
	    { "client-not-reading", "", "", "", false },
	[SESSION_REASON_CLIENT_CLOSED] =
	    { "client-closed", "", "", "", false },
	[SESSION_REASON_BACKEND_CLOSED] =
	    { "host-closed", "", "", "", false },
	[SESSION_REASON_CLIENT_LOST] =
	    { "client-lost", "", "", "", false },
	[SESSION_REASON_BACKEND_LOST] =
	    { "host-lost", "", "", "", false },
	[SESSION_REASON_LINGER] =
	    { "half-closed", "", "", "", false },
};

_Static_assert(sizeof(reasons) / sizeof(reasons[0]) ==
    SESSION_REASON_LAST + 1, "a row for each reason");

const char *
session_reason_word(enum session_reason r)
{
	return reasons[r].word;
}

const char *
session_reason_text(enum session_reason r)
{
	return reasons[r].text;
}

const char *
session_reason_imap_code(enum session_reason r)
{
	return reasons[r].imap_code;
}

const char *
session_reason_pop3_code(enum session_reason r)
{
	return reasons[r].pop3_code;
}

bool
session_reason_lingers(enum session_reason r)
{
	return reasons[r].lingers;
}
