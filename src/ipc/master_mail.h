/*
 * master_mail: the part of the contract master_child that is about mail
 * processes, which serve users whose mail is on this machine.
 *
 * Auth says MAIL_ASK for a user who may log in, and gets MAIL_TICKET with the
 * same id; from then on the user has a place, until MAIL_ENDED with that id.
 * The login process that the user has come to gets the ticket from auth and
 * shows it with the connection: MAIL_START, answered by MAIL_STARTED.  An auth
 * that begins to serve is told by MAIL_SESSION of places that were given by
 * one that is gone; their ids have the highest bit set, which auth's have not.
 */
#ifndef IPC_MASTER_MAIL_H
#define IPC_MASTER_MAIL_H

#include <stdbool.h>
#include <stdint.h>

#include "ipc/login_auth_limits.h"
#include "ipc/mail_ticket.h"
#include "lib/netaddr.h"

struct wire_reader;
struct wire_writer;

#define MASTER_MAIL_ADOPTED	UINT32_C(0x80000000)	/* bit of such ids */
#define MASTER_MAIL_HOME_MAX	1023	/* a directory */
#define MASTER_MAIL_PLACE_MAX	1023	/* where the mail is */
#define MASTER_MAIL_TAG_MAX	64	/* of IMAP, as imap-login takes it */

/* Auth to master: somebody may log in here. */
struct child_mail_ask {
	uint32_t	 login;		/* pid of the login process */
	uint8_t		 service;	/* enum service_id */
	bool		 is_secured;
	uint32_t	 uid, gid;
	char		 user[LOGIN_AUTH_USER_MAX + 1];
	char		 home[MASTER_MAIL_HOME_MAX + 1];   /* "": none */
	char		 mail[MASTER_MAIL_PLACE_MAX + 1];  /* "": unsaid */
	char		 session[LOGIN_AUTH_SESSION_MAX + 1];
	struct netaddr	 rip, lip;	/* with ports */
};

enum master_mail_result {
	MASTER_MAIL_OK,
	MASTER_MAIL_FULL,	/* max_mail_processes */
	MASTER_MAIL_REFUSED,	/* not these ids; not this ticket */
	MASTER_MAIL_FAILED,	/* the system did not start the program */
};
#define MASTER_MAIL_RESULT_LAST	MASTER_MAIL_FAILED

/* Master to auth, answer to ASK. */
struct master_mail_ticket {
	uint8_t			 result;	/* enum master_mail_result */
	struct mail_ticket	 ticket;	/* OK: else 0 */
};

/*
 * Login to master, fd: the client's connection, or (is_relayed) an end of a
 * socket pair whose other end the login process has.
 */
struct child_mail_start {
	struct mail_ticket	 ticket;
	bool			 is_relayed;
	char			 tag[MASTER_MAIL_TAG_MAX + 1];	/* "": POP3 */
};

/* Master to login, answer to START. */
struct master_mail_started {
	uint8_t		 result;	/* enum master_mail_result */
	uint32_t	 pid;		/* OK: else 0 */
};

/* Master to a new auth: a session that lives. */
struct master_mail_session {
	uint8_t		 service;	/* enum service_id */
	char		 user[LOGIN_AUTH_USER_MAX + 1];
	struct netaddr	 rip;
};

void	child_mail_ask_put(struct wire_writer *,
	    const struct child_mail_ask *);
int	child_mail_ask_get(struct wire_reader *, struct child_mail_ask *);
void	master_mail_ticket_put(struct wire_writer *,
	    const struct master_mail_ticket *);
int	master_mail_ticket_get(struct wire_reader *,
	    struct master_mail_ticket *);
void	child_mail_start_put(struct wire_writer *,
	    const struct child_mail_start *);
int	child_mail_start_get(struct wire_reader *, struct child_mail_start *);
void	master_mail_started_put(struct wire_writer *,
	    const struct master_mail_started *);
int	master_mail_started_get(struct wire_reader *,
	    struct master_mail_started *);
void	master_mail_session_put(struct wire_writer *,
	    const struct master_mail_session *);
int	master_mail_session_get(struct wire_reader *,
	    struct master_mail_session *);

#endif
