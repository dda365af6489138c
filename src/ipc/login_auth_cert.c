/*
 * The certificate that a client has shown, as bytes and back.
 * Runs in: imap-login, pop3-login, auth.
 * Hostile input: requests of a login process that was taken over.
 * Never: keeps anything, allocates, logs.
 */
#include "ipc/login_auth_cert.h"

#include <string.h>

#include "lib/wire.h"

/* SHA-256, SHA-384, SHA-512, or no certificate. */
static bool
cert_is_length(size_t len)
{
	return len == 0 || len == 32 || len == 48 || len == 64;
}

void
login_auth_cert_put(struct wire_writer *w, const struct login_auth_cert *m)
{
	if (!cert_is_length(m->len) || (m->is_verified && m->len == 0))
		w->has_failed = true;
	wire_put_bool(w, m->is_verified);
	wire_put_bytes(w, m->print, m->len);
	wire_put_bytes(w, m->key_print, m->len);
}

void
login_auth_cert_get(struct wire_reader *r, struct login_auth_cert *m)
{
	size_t len;

	memset(m, 0, sizeof(*m));
	m->is_verified = wire_get_bool(r);
	len = wire_get_bytes(r, m->print, sizeof(m->print));
	if (wire_get_bytes(r, m->key_print, sizeof(m->key_print)) != len ||
	    !cert_is_length(len) || (m->is_verified && len == 0))
		r->has_failed = true;
	m->len = (uint8_t)len;
}
