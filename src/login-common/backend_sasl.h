/*
 * backend_sasl: a session's route as SASL responses to its mail host: PLAIN
 * (RFC 4616), where a master may act for the user, and LOGIN.
 */
#ifndef LOGIN_COMMON_BACKEND_SASL_H
#define LOGIN_COMMON_BACKEND_SASL_H

#include "ipc/login_auth.h"

struct session;

/* The way this route is logged in with: a master has no other than PLAIN. */
enum login_auth_way	backend_sasl_way(const struct login_auth_route *);
/* The mechanism's name for a command; "" for none. */
const char	*backend_sasl_name(enum login_auth_way);

/*
 * Queue base64 to the mail host, without the end of the line: the whole of
 * PLAIN, the name or the password of LOGIN.
 */
void	backend_sasl_put_plain(struct session *);
void	backend_sasl_put_user(struct session *);
void	backend_sasl_put_pass(struct session *);

#endif
