/*
 * imap_client: the client's side of an IMAP session before login.
 */
#ifndef IMAP_LOGIN_IMAP_CLIENT_H
#define IMAP_LOGIN_IMAP_CLIENT_H

#include "login-common/protocol.h"

struct session;

/* The untagged OK with our capabilities. */
void	imap_client_greet(struct session *);
/* The answer to STARTTLS; nothing is remembered of before. */
void	imap_client_begin_tls(struct session *);
/* One command, looked up in the table and answered or begun. */
enum cmd_result	imap_client_command(struct session *);

#endif
