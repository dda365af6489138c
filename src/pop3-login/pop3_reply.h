/*
 * pop3_reply: what a POP3 client is told.
 */
#ifndef POP3_LOGIN_POP3_REPLY_H
#define POP3_LOGIN_POP3_REPLY_H

#include <stddef.h>

#include "login-common/protocol.h"

struct session;

/* "+OK text" and "-ERR text" with line end. */
void	pop3_reply_ok(struct session *, const char *text);
void	pop3_reply_err(struct session *, const char *text);
/* The answer to CAPA (RFC 2449). */
void	pop3_reply_capabilities(struct session *);
/* The answer to AUTH alone: mechanisms, a line each. */
void	pop3_reply_mechanisms(struct session *);
/* "+ " and the base64 text. */
void	pop3_reply_challenge(struct session *, const char *b64);
/* The reply that ends a try to log in. */
void	pop3_reply_answer(struct session *, enum login_answer,
	    const char *text);
/* The last words. */
void	pop3_reply_bye(struct session *, enum session_reason);
/* The +OK of the mail host. */
void	pop3_reply_logged_in(struct session *);

#endif
