/*
 * Tickets for mail processes, as bytes and back.
 * Runs in: master, auth, imap-login, pop3-login.
 * Hostile input: what a login process shows.
 * Never: says whether a ticket is a good one.
 */
#include "ipc/mail_ticket.h"

#include "lib/wire.h"

void
mail_ticket_put(struct wire_writer *w, const struct mail_ticket *t)
{
	wire_put_u64(w, t->high);
	wire_put_u64(w, t->low);
}

void
mail_ticket_get(struct wire_reader *r, struct mail_ticket *t)
{
	t->high = wire_get_u64(r);
	t->low = wire_get_u64(r);
}
