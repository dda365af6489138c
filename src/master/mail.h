/*
 * mail: the processes that serve users whose mail is on this machine, and the
 * tickets for them (ipc/master_mail.h).
 */
#ifndef MASTER_MAIL_H
#define MASTER_MAIL_H

#include <bsd/sys/queue.h>
#include <stddef.h>
#include <stdint.h>

struct child;
struct child_mail_ask;
struct child_mail_start;
struct loop;
struct mail;
struct master;
struct service;

/* A ticket that was not shown by then is worth nothing. */
#define MAIL_TICKET_MS		10000
/* Tickets that wait, beside max_mail_processes. */
#define MAIL_TICKETS_MAX	1024

TAILQ_HEAD(mail_head, mail);

struct mails {
	struct master		*master;	/* its only one */
	struct mail_head	 tickets;	/* by age */
	struct mail_head	 running;
	uint32_t		 ntickets, nrunning;
	uint32_t		 last_id;	/* for places that are told */
	uint64_t		 warned_ms;	/* that there are too many */
	uint64_t		 bad_ms;	/* a line about a bad ticket */
	unsigned int		 nbad;		/* such lines that were held */
};

void	mail_init(struct mails *, struct master *);
/* How many run, by enum service_id; adds to what is there. */
void	mail_count(const struct mails *, uint32_t *counts);
/* Once a second: tickets age. */
void	mail_tick(struct mails *);
/* The suite ends, and sessions with it. */
void	mail_end_all(struct mails *);
/* Frees what it has; processes are left to themselves. */
void	mail_clear(struct mails *);

/*
 * Hooks of a service: what auth asks for, and what a login process shows; -1
 * when it has broken the rules.  The fd is taken.
 */
int	mail_on_ask(struct service *, struct child *auth, uint32_t id,
	    const struct child_mail_ask *) __attribute__((warn_unused_result));
int	mail_on_start(struct service *, struct child *login, uint32_t id,
	    const struct child_mail_start *, int fd)
	    __attribute__((warn_unused_result));
/*
 * An auth process serves: places that were given by one that is gone, or on
 * its way out, become its own if the users are.
 */
void	mail_tell(struct mails *);

#endif
