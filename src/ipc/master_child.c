/*
 * The messages between the master and a child, as bytes and back.
 * Runs in: every process.
 * Hostile input: bodies from a child that was taken over.
 * Never: keeps anything, allocates, logs.
 */
#include "lib/log.h"
#include "ipc/master_child.h"
#include "ipc/roles.h"

const struct channel_contract master_child_contract = {
	.name = "master-child",
	.kind = CHANNEL_KIND_MASTER_CHILD,
	.version = MASTER_CHILD_VERSION,
	.body_max = 2 + MASTER_SETTINGS_PART_MAX,
};

void
master_settings_part_put(struct wire_writer *w,
    const struct master_settings_part *m)
{
	if (m->len > MASTER_SETTINGS_PART_MAX)
		w->has_failed = true;
	wire_put_bytes(w, m->data, m->len);
}

int
master_settings_part_get(struct wire_reader *r,
    struct master_settings_part *m)
{
	m->data = wire_get_span(r, &m->len);
	if (m->len > MASTER_SETTINGS_PART_MAX)
		r->has_failed = true;
	return wire_end(r);
}

void
master_log_fallback_put(struct wire_writer *w,
    const struct master_log_fallback *m)
{
	wire_put_u8(w, m->kind);
}

int
master_log_fallback_get(struct wire_reader *r, struct master_log_fallback *m)
{
	m->kind = (uint8_t)wire_get_enum(r, LOG_FALLBACK_SYSLOG);
	return wire_end(r);
}

void
master_listener_put(struct wire_writer *w, const struct master_listener *m)
{
	wire_put_bool(w, m->is_tls);
	wire_put_bool(w, m->is_haproxy);
	wire_put_addr(w, &m->addr);
}

int
master_listener_get(struct wire_reader *r, struct master_listener *m)
{
	m->is_tls = wire_get_bool(r);
	m->is_haproxy = wire_get_bool(r);
	wire_get_addr(r, &m->addr);
	return wire_end(r);
}

void
master_peer_put(struct wire_writer *w, const struct master_peer *m)
{
	wire_put_u32(w, m->pid);
}

int
master_peer_get(struct wire_reader *r, struct master_peer *m)
{
	m->pid = wire_get_u32(r);
	return wire_end(r);
}

void
master_auth_put(struct wire_writer *w, const struct master_auth *m)
{
	wire_put_u8(w, m->index);
	wire_put_u8(w, m->count);
	if (m->count > MASTER_AUTHS_MAX || m->index >= m->count)
		w->has_failed = true;
}

int
master_auth_get(struct wire_reader *r, struct master_auth *m)
{
	m->index = wire_get_u8(r);
	m->count = (uint8_t)wire_get_enum(r, MASTER_AUTHS_MAX);
	if (m->index >= m->count)
		r->has_failed = true;
	return wire_end(r);
}

void
master_secret_put(struct wire_writer *w, const struct master_secret *m)
{
	wire_put_bytes(w, m->bytes, sizeof(m->bytes));
}

int
master_secret_get(struct wire_reader *r, struct master_secret *m)
{
	if (wire_get_bytes(r, m->bytes, sizeof(m->bytes)) !=
	    sizeof(m->bytes))
		r->has_failed = true;
	return wire_end(r);
}

void
child_status_put(struct wire_writer *w, const struct child_status *m)
{
	wire_put_u32(w, m->waiting);
	wire_put_u32(w, m->sessions);
}

int
child_status_get(struct wire_reader *r, struct child_status *m)
{
	m->waiting = wire_get_u32(r);
	m->sessions = wire_get_u32(r);
	return wire_end(r);
}
