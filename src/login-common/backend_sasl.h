/*
 * backend_sasl: a session's route as SASL responses to its mail host: PLAIN
 * (RFC 4616), where a master may act for the user, LOGIN, EXTERNAL (RFC 4422),
 * OAUTHBEARER (RFC 7628) and XOAUTH2.
 */
#ifndef LOGIN_COMMON_BACKEND_SASL_H
#define LOGIN_COMMON_BACKEND_SASL_H

#include <stdbool.h>
#include <stddef.h>

#include "ipc/login_auth.h"

struct session;

/* The way this route is logged in with: a master has no other than PLAIN. */
enum login_auth_way	backend_sasl_way(const struct login_auth_route *);
/* The mechanism's name for a command; "" for none. */
const char	*backend_sasl_name(enum login_auth_way);
/* Does a host that refuses it say why, and wait for an answer? */
bool		 backend_sasl_is_token(enum login_auth_way);
/* May the response go along with the command, where the host takes it? */
bool		 backend_sasl_is_short(const struct session *);

/*
 * Queue base64 to the mail host, without the end of the line: the one response
 * of all mechanisms but LOGIN (-1: what should be a token is none), the name or
 * the password of LOGIN.
 */
int		 backend_sasl_put_response(struct session *)
		    __attribute__((warn_unused_result));
void		 backend_sasl_put_user(struct session *);
void		 backend_sasl_put_pass(struct session *);
/* Keeps the host's error (base64) for the client, and queues our answer. */
void		 backend_sasl_put_sorry(struct session *, const char *error,
		    size_t);

#endif
