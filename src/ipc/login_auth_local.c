/*
 * LOCAL of login_auth, as bytes and back.
 * Runs in: imap-login, pop3-login, auth.
 * Hostile input: none; login processes trust auth.
 * Never: keeps anything, allocates, logs.
 */
#include "ipc/login_auth_local.h"

#include "lib/wire.h"

void
login_auth_local_put(struct wire_writer *w, const struct login_auth_local *m)
{
	wire_put_text(w, m->user);
	mail_ticket_put(w, &m->ticket);
}

int
login_auth_local_get(struct wire_reader *r, struct login_auth_local *m)
{
	wire_get_text(r, m->user, sizeof(m->user));
	mail_ticket_get(r, &m->ticket);
	return wire_end(r);
}
