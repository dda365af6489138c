/*
 * imap_reply: what an IMAP client is told.
 */
#ifndef IMAP_LOGIN_IMAP_REPLY_H
#define IMAP_LOGIN_IMAP_REPLY_H

#include <stddef.h>

#include "login-common/protocol.h"

struct session;

/* Room for our own capabilities, with what the administrator adds. */
#define IMAP_OWN_CAPABILITIES_MAX	1024

/* "<tag> <text>" and a line end. */
void	imap_reply_tagged(struct session *, const char *text);
/* What we can do before login, for this connection. */
void	imap_reply_capabilities(const struct session *, char *dst, size_t);
/* "+ " and the base64 text. */
void	imap_reply_challenge(struct session *, const char *b64);
/* The tagged reply that ends a try to log in. */
void	imap_reply_answer(struct session *, enum login_answer,
	    const char *text);
/* The untagged BYE. */
void	imap_reply_bye(struct session *, enum session_reason);
/* The tagged OK with the mail host's capabilities (RFC 3501, 7.1). */
void	imap_reply_logged_in(struct session *);

#endif
