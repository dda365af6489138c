/*
 * session_login: a session's way through auth: asking, answers, refusals.
 */
#ifndef LOGIN_COMMON_SESSION_LOGIN_H
#define LOGIN_COMMON_SESSION_LOGIN_H

#include <stdbool.h>
#include <stddef.h>

#include "ipc/login_auth.h"
#include "login-common/protocol.h"

struct session;

/* May a password be sent over this connection? */
bool	session_plaintext_ok(const struct session *);
/* May LOGIN, or USER and PASS, be used here?  They are as good as PLAIN. */
bool	session_login_is_offered(const struct session *);
/* Counts a bad command; closes the session at the limit. */
enum cmd_result	session_bad_command(struct session *);
/* A password must not come in clear: said before it is asked for. */
enum cmd_result	session_refuse_plaintext(struct session *);
/*
 * A whole login by name and password (LOGIN, USER and PASS): checked, then
 * asked of auth as mechanism PLAIN.
 */
enum cmd_result	session_login_plain(struct session *, const char *user,
		    size_t ulen, const char *pass, size_t plen,
		    const char *method);
/* Says after the failure delay, or at once, that the login failed. */
void	session_refuse(struct session *, enum login_answer,
	    const char *text, bool has_delay);
/* Says it now; a client with a token may hear first what was wrong with it. */
void	session_say(struct session *, enum login_answer, const char *text);

/* Answers of auth. */
void	session_auth_ok(struct session *);	/* login->route is set */
void	session_auth_local(struct session *, const struct login_auth_local *);
void	session_auth_fail(struct session *, const struct login_auth_fail *);

#endif
