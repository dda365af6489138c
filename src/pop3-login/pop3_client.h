/*
 * pop3_client: the client's side of a POP3 session before login.
 */
#ifndef POP3_LOGIN_POP3_CLIENT_H
#define POP3_LOGIN_POP3_CLIENT_H

#include "login-common/protocol.h"

struct session;

/* The +OK line; without a timestamp, since there is no APOP. */
void	pop3_client_greet(struct session *);
/* The answer to STLS; nothing is remembered of before. */
void	pop3_client_begin_tls(struct session *);
/* One command, looked up in the table and answered or begun. */
enum cmd_result	pop3_client_command(struct session *);

#endif
