/*
 * mail_ticket: what a login process must show the master to have a mail
 * process started.  Made by the master, for one login process, one user and
 * one use, of short life; it goes by way of auth.
 */
#ifndef IPC_MAIL_TICKET_H
#define IPC_MAIL_TICKET_H

#include <stdint.h>

struct wire_reader;
struct wire_writer;

/* 128 random bits. */
struct mail_ticket {
	uint64_t	 high, low;
};

void	mail_ticket_put(struct wire_writer *, const struct mail_ticket *);
void	mail_ticket_get(struct wire_reader *, struct mail_ticket *);

#endif
