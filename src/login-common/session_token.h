/*
 * session_token: the token of a client that logs in by OAUTHBEARER or
 * XOAUTH2, until the mail host has seen it, and the error that such a client
 * is told before its login fails (RFC 7628, 3.2.2).
 */
#ifndef LOGIN_COMMON_SESSION_TOKEN_H
#define LOGIN_COMMON_SESSION_TOKEN_H

#include <stdbool.h>
#include <stddef.h>

#include "login-common/protocol.h"

struct session;

/* What a host says of its refusal, decoded: some lines of JSON. */
#define SESSION_TOKEN_ERROR_MAX	1024

/*
 * The client's first response: if the mechanism in login->mech has tokens,
 * and this is a message with one, keeps it; else there is none.
 */
void	session_token_keep(struct session *, const void *response, size_t);
/* Wipes the token and the host's error; harmless when there is none. */
void	session_token_forget(struct session *);
/* The host's error, base64; what is not JSON by its looks is forgotten. */
void	session_token_note(struct session *, const char *b64, size_t);
/*
 * Tells the client the error if one is due before this answer, which is said
 * when it has replied, and moves to SASL_REPLY; else false.
 */
bool	session_token_tell(struct session *, enum login_answer);
/* The client's reply, whatever it is; false when none was awaited. */
bool	session_token_told(struct session *);

#endif
