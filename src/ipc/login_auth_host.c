/*
 * How to speak with the mail host, as bytes and back.
 * Runs in: imap-login, pop3-login, auth.
 * Hostile input: none; login processes trust auth.
 * Never: keeps anything, allocates, logs.
 */
#include "ipc/login_auth_host.h"

#include <string.h>

#include "lib/wire.h"

void
login_auth_host_init(struct login_auth_host *h)
{
	memset(h, 0, sizeof(*h));
	h->leave_ms = LOGIN_AUTH_LEAVE_SETTING;
}

void
login_auth_host_put(struct wire_writer *w, const struct login_auth_host *h)
{
	wire_put_addr(w, &h->source);
	wire_put_bool(w, h->is_untrusted);
	wire_put_bool(w, h->has_nopipelining);
	wire_put_u8(w, h->haproxy);
	wire_put_u32(w, h->leave_ms);
}

void
login_auth_host_get(struct wire_reader *r, struct login_auth_host *h)
{
	wire_get_addr(r, &h->source);
	h->is_untrusted = wire_get_bool(r);
	h->has_nopipelining = wire_get_bool(r);
	h->haproxy = (uint8_t)wire_get_enum(r, LOGIN_AUTH_HAPROXY_LAST);
	h->leave_ms = wire_get_u32(r);
}
