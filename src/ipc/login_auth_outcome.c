/*
 * What becomes of a login that auth has allowed, as bytes and back.
 * Runs in: imap-login, pop3-login, auth.
 * Hostile input: bodies from a login process that was taken over.
 * Never: keeps anything, allocates, logs.
 */
#include "ipc/login_auth_outcome.h"

#include "ipc/roles.h"
#include "lib/wire.h"

static const char *const login_auth_troubles[LOGIN_AUTH_TROUBLE_LAST + 1] = {
	[LOGIN_AUTH_UNREACHABLE] = "cannot be reached",
	[LOGIN_AUTH_SILENT] = "does not answer",
	[LOGIN_AUTH_NO_TLS] = "TLS fails",
	[LOGIN_AUTH_UNFIT] = "lacks what a row asks for",
	[LOGIN_AUTH_SAID_BYE] = "takes nobody",
	[LOGIN_AUTH_BROKEN] = "breaks the connection",
};

const char *
login_auth_trouble_word(uint8_t trouble)
{
	return login_auth_troubles[trouble];
}

void
login_auth_outcome_put(struct wire_writer *w,
    const struct login_auth_outcome *m)
{
	wire_put_u8(w, m->result);
	wire_put_u8(w, m->addr);
}

int
login_auth_outcome_get(struct wire_reader *r, struct login_auth_outcome *m)
{
	m->result = (uint8_t)wire_get_enum(r, LOGIN_AUTH_RESULT_LAST);
	m->addr = (uint8_t)wire_get_enum(r, LOGIN_AUTH_ADDR_NONE);
	return wire_end(r);
}

void
login_auth_tried_put(struct wire_writer *w, const struct login_auth_tried *m)
{
	wire_put_u8(w, m->addr);
	wire_put_u8(w, m->trouble);
	wire_put_bool(w, m->has_login);
}

int
login_auth_tried_get(struct wire_reader *r, struct login_auth_tried *m)
{
	m->addr = (uint8_t)wire_get_enum(r, LOGIN_AUTH_ADDRS_MAX - 1);
	m->trouble = (uint8_t)wire_get_enum(r, LOGIN_AUTH_TROUBLE_LAST);
	m->has_login = wire_get_bool(r);
	return wire_end(r);
}

void
login_auth_session_put(struct wire_writer *w,
    const struct login_auth_session *m)
{
	wire_put_u8(w, m->service);
	wire_put_text(w, m->user);
	wire_put_addr(w, &m->rip);
	wire_put_addr(w, &m->host);
}

int
login_auth_session_get(struct wire_reader *r, struct login_auth_session *m)
{
	m->service = (uint8_t)wire_get_enum(r, SERVICE_LAST);
	wire_get_text(r, m->user, sizeof(m->user));
	wire_get_addr(r, &m->rip);
	wire_get_addr(r, &m->host);
	return wire_end(r);
}

void
login_auth_host_down_put(struct wire_writer *w,
    const struct login_auth_host_down *m)
{
	wire_put_addr(w, &m->addr);
	wire_put_bool(w, m->is_ordered);
}

int
login_auth_host_down_get(struct wire_reader *r,
    struct login_auth_host_down *m)
{
	wire_get_addr(r, &m->addr);
	m->is_ordered = wire_get_bool(r);
	if (m->addr.family == NETADDR_NONE)
		r->has_failed = true;
	return wire_end(r);
}
