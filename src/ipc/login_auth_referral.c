/*
 * The server that a client is sent to, as bytes and back.
 * Runs in: imap-login, pop3-login, auth.
 * Hostile input: none; login processes trust auth.
 * Never: keeps anything, allocates, logs.
 */
#include "ipc/login_auth_referral.h"

#include "lib/wire.h"

void
login_auth_referral_put(struct wire_writer *w,
    const struct login_auth_referral *m)
{
	wire_put_text(w, m->user);
	wire_put_text(w, m->host);
	wire_put_u16(w, m->port);
}

void
login_auth_referral_get(struct wire_reader *r, struct login_auth_referral *m)
{
	wire_get_text(r, m->user, sizeof(m->user));
	wire_get_text(r, m->host, sizeof(m->host));
	m->port = wire_get_u16(r);
}
