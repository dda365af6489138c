/*
 * login_auth_local: LOCAL of login_auth: the user may log in, and his mail is
 * here.  The login process shows the ticket to the master, together with the
 * connection (ipc/master_mail.h).  The id names no grant: what the session
 * counts against lives and ends with its mail process.
 */
#ifndef IPC_LOGIN_AUTH_LOCAL_H
#define IPC_LOGIN_AUTH_LOCAL_H

#include "ipc/login_auth_limits.h"
#include "ipc/mail_ticket.h"

struct wire_reader;
struct wire_writer;

struct login_auth_local {
	char			 user[LOGIN_AUTH_USER_MAX + 1];	/* for logs */
	struct mail_ticket	 ticket;
};

void	login_auth_local_put(struct wire_writer *,
	    const struct login_auth_local *);
int	login_auth_local_get(struct wire_reader *, struct login_auth_local *);

#endif
