/*
 * The messages between auth and a worker, as bytes and back.
 * Runs in: auth, auth-worker.
 * Hostile input: bodies from a worker that a database took over.
 * Never: keeps anything, allocates, logs.
 */
#include "ipc/auth_worker.h"
#include "ipc/roles.h"

const struct channel_contract auth_worker_contract = {
	.name = "auth-worker",
	.kind = CHANNEL_KIND_AUTH_WORKER,
	.version = AUTH_WORKER_VERSION,
	.body_max = CHANNEL_BODY_MAX,
};

void
auth_worker_lookup_put(struct wire_writer *w,
    const struct auth_worker_lookup *m)
{
	wire_put_u8(w, m->passdb);
	wire_put_u8(w, m->service);
	wire_put_bool(w, m->is_secured);
	wire_put_u32(w, m->skip_hosts);
	wire_put_text(w, m->user);
	wire_put_text(w, m->login_user);
	wire_put_text(w, m->auth_user);
	wire_put_text(w, m->mech);
	wire_put_text(w, m->session);
	wire_put_addr(w, &m->rip);
	wire_put_addr(w, &m->lip);
	wire_put_addr(w, &m->real_rip);
	wire_put_addr(w, &m->real_lip);
	login_auth_cert_put(w, &m->cert);
	wire_put_u16(w, m->attempt);
	login_auth_forward_put(w, &m->forward);
	wire_put_text(w, m->pass);
}

int
auth_worker_lookup_get(struct wire_reader *r, struct auth_worker_lookup *m)
{
	m->passdb = wire_get_u8(r);
	m->service = (uint8_t)wire_get_enum(r, SERVICE_LAST);
	m->is_secured = wire_get_bool(r);
	m->skip_hosts = wire_get_u32(r);
	wire_get_text(r, m->user, sizeof(m->user));
	wire_get_text(r, m->login_user, sizeof(m->login_user));
	wire_get_text(r, m->auth_user, sizeof(m->auth_user));
	wire_get_text(r, m->mech, sizeof(m->mech));
	wire_get_text(r, m->session, sizeof(m->session));
	wire_get_addr(r, &m->rip);
	wire_get_addr(r, &m->lip);
	wire_get_addr(r, &m->real_rip);
	wire_get_addr(r, &m->real_lip);
	login_auth_cert_get(r, &m->cert);
	m->attempt = wire_get_u16(r);
	login_auth_forward_get(r, &m->forward);
	wire_get_text(r, m->pass, sizeof(m->pass));
	return wire_end(r);
}

void
auth_worker_verify_put(struct wire_writer *w,
    const struct auth_worker_verify *m)
{
	wire_put_text(w, m->hash);
	wire_put_text(w, m->pass);
}

int
auth_worker_verify_get(struct wire_reader *r, struct auth_worker_verify *m)
{
	wire_get_text(r, m->hash, sizeof(m->hash));
	wire_get_text(r, m->pass, sizeof(m->pass));
	return wire_end(r);
}

void
auth_worker_resolve_put(struct wire_writer *w,
    const struct auth_worker_resolve *m)
{
	wire_put_text(w, m->name);
}

int
auth_worker_resolve_get(struct wire_reader *r, struct auth_worker_resolve *m)
{
	wire_get_text(r, m->name, sizeof(m->name));
	return wire_end(r);
}

static void
auth_worker_column_put(struct wire_writer *w,
    const struct auth_worker_column *c)
{
	if (c->len > AUTH_WORKER_VALUE_MAX)
		w->has_failed = true;
	wire_put_text(w, c->name);
	wire_put_bool(w, c->is_null);
	if (!c->is_null)
		wire_put_bytes(w, c->value, c->len);
}

static void
auth_worker_column_get(struct wire_reader *r, struct auth_worker_column *c)
{
	wire_get_text(r, c->name, sizeof(c->name));
	c->is_null = wire_get_bool(r);
	c->value = NULL;
	c->len = 0;
	if (!c->is_null)
		c->value = wire_get_span(r, &c->len);
	if (c->len > AUTH_WORKER_VALUE_MAX)
		r->has_failed = true;
}

/* One row has columns, and a refusal may; a host that answers has a number. */
static bool
auth_worker_row_is_sound(const struct auth_worker_row *m)
{
	if (m->nfaults > AUTH_WORKER_FAULTS_MAX ||
	    (m->host >= AUTH_WORKER_HOSTS_MAX &&
	    m->host != AUTH_WORKER_HOST_NONE))
		return false;
	if (m->found == AUTH_WORKER_REFUSED)
		return m->ncolumns <= AUTH_WORKER_COLUMNS_MAX;
	if (m->found != AUTH_WORKER_ONE)
		return m->ncolumns == 0;
	return m->ncolumns > 0 && m->ncolumns <= AUTH_WORKER_COLUMNS_MAX;
}

void
auth_worker_row_put(struct wire_writer *w, const struct auth_worker_row *m)
{
	if (!auth_worker_row_is_sound(m))
		w->has_failed = true;
	wire_put_u8(w, m->found);
	wire_put_u8(w, m->host);
	wire_put_u8(w, m->nfaults);
	wire_put_u16(w, m->ncolumns);
	for (unsigned int i = 0; i < m->nfaults && !w->has_failed; i++)
		auth_worker_fault_put(w, &m->faults[i]);
	for (unsigned int i = 0; i < m->ncolumns && !w->has_failed; i++)
		auth_worker_column_put(w, &m->columns[i]);
}

int
auth_worker_row_get(struct wire_reader *r, struct auth_worker_row *m)
{
	m->found = (uint8_t)wire_get_enum(r, AUTH_WORKER_FOUND_LAST);
	m->host = wire_get_u8(r);
	m->nfaults = wire_get_u8(r);
	m->ncolumns = wire_get_u16(r);
	if (!auth_worker_row_is_sound(m))
		r->has_failed = true;
	for (unsigned int i = 0; i < m->nfaults && !r->has_failed; i++)
		auth_worker_fault_get(r, &m->faults[i]);
	for (unsigned int i = 0; i < m->ncolumns && !r->has_failed; i++)
		auth_worker_column_get(r, &m->columns[i]);
	return wire_end(r);
}

void
auth_worker_verified_put(struct wire_writer *w,
    const struct auth_worker_verified *m)
{
	wire_put_u8(w, m->match);
}

int
auth_worker_verified_get(struct wire_reader *r,
    struct auth_worker_verified *m)
{
	m->match = (uint8_t)wire_get_enum(r, AUTH_WORKER_MATCH_LAST);
	return wire_end(r);
}

/* An answer with addresses is never called temporary. */
static bool
auth_worker_resolved_is_sound(const struct auth_worker_resolved *m)
{
	return m->naddrs == 0 ||
	    (m->naddrs <= LOGIN_AUTH_ADDRS_MAX && !m->is_temporary);
}

void
auth_worker_resolved_put(struct wire_writer *w,
    const struct auth_worker_resolved *m)
{
	if (!auth_worker_resolved_is_sound(m))
		w->has_failed = true;
	wire_put_bool(w, m->is_temporary);
	wire_put_u8(w, m->naddrs);
	for (unsigned int i = 0; i < m->naddrs && !w->has_failed; i++)
		wire_put_addr(w, &m->addrs[i]);
}

int
auth_worker_resolved_get(struct wire_reader *r,
    struct auth_worker_resolved *m)
{
	m->is_temporary = wire_get_bool(r);
	m->naddrs = wire_get_u8(r);
	if (!auth_worker_resolved_is_sound(m))
		r->has_failed = true;
	for (unsigned int i = 0; i < m->naddrs && !r->has_failed; i++)
		wire_get_addr(r, &m->addrs[i]);
	return wire_end(r);
}
