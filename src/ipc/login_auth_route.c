/*
 * A route, as bytes and back.
 * Runs in: imap-login, pop3-login, auth.
 * Hostile input: none; login processes trust auth.
 * Never: keeps anything, allocates, logs.
 */
#include "ipc/login_auth_route.h"

#include "lib/wire.h"

void
login_auth_route_put(struct wire_writer *w, const struct login_auth_route *m)
{
	wire_put_text(w, m->user);
	wire_put_text(w, m->destuser);
	wire_put_text(w, m->master);
	wire_put_text(w, m->pass);
	wire_put_u8(w, m->way);
	wire_put_text(w, m->host);
	wire_put_u32(w, m->timeout_ms);
	wire_put_bool(w, m->has_nodelay);
	login_auth_host_put(w, &m->how);
	wire_put_u32(w, m->probe_ms);
	wire_put_bool(w, m->is_patient);
	wire_put_u8(w, m->down);
	wire_put_u8(w, m->naddrs);
	if (m->naddrs == 0 || m->naddrs > LOGIN_AUTH_ADDRS_MAX ||
	    m->down >> m->naddrs != 0)
		w->has_failed = true;
	for (unsigned int i = 0; i < m->naddrs && !w->has_failed; i++)
		wire_put_addr(w, &m->addrs[i]);
	login_auth_tls_put(w, &m->tls, m->naddrs);
	login_auth_forward_put(w, &m->forward);
}

int
login_auth_route_get(struct wire_reader *r, struct login_auth_route *m)
{
	wire_get_text(r, m->user, sizeof(m->user));
	wire_get_text(r, m->destuser, sizeof(m->destuser));
	wire_get_text(r, m->master, sizeof(m->master));
	wire_get_text(r, m->pass, sizeof(m->pass));
	m->way = (uint8_t)wire_get_enum(r, LOGIN_AUTH_WAY_LAST);
	wire_get_text(r, m->host, sizeof(m->host));
	m->timeout_ms = wire_get_u32(r);
	m->has_nodelay = wire_get_bool(r);
	login_auth_host_get(r, &m->how);
	m->probe_ms = wire_get_u32(r);
	m->is_patient = wire_get_bool(r);
	m->down = wire_get_u8(r);
	m->naddrs = (uint8_t)wire_get_enum(r, LOGIN_AUTH_ADDRS_MAX);
	if (m->naddrs == 0 || m->down >> m->naddrs != 0)
		r->has_failed = true;
	for (unsigned int i = 0; i < m->naddrs; i++)
		wire_get_addr(r, &m->addrs[i]);
	login_auth_tls_get(r, &m->tls, m->naddrs);
	login_auth_forward_get(r, &m->forward);
	return wire_end(r);
}
