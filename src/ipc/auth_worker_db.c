/*
 * What auth and its workers say about database hosts, as bytes and back.
 * Runs in: auth, auth-worker.
 * Hostile input: bodies from a worker that a database took over.
 * Never: keeps anything, allocates, logs.
 */
#include "ipc/auth_worker_db.h"

#include "lib/wire.h"

void
auth_worker_fault_put(struct wire_writer *w,
    const struct auth_worker_fault *f)
{
	wire_put_u8(w, f->host);
	wire_put_u8(w, f->kind);
	wire_put_text(w, f->text);
}

void
auth_worker_fault_get(struct wire_reader *r, struct auth_worker_fault *f)
{
	f->host = (uint8_t)wire_get_enum(r, AUTH_WORKER_HOSTS_MAX - 1);
	f->kind = (uint8_t)wire_get_enum(r, AUTH_WORKER_FAULT_LAST);
	wire_get_text(r, f->text, sizeof(f->text));
}

void
auth_worker_probe_put(struct wire_writer *w,
    const struct auth_worker_probe *m)
{
	wire_put_u8(w, m->passdb);
	wire_put_u8(w, m->host);
}

int
auth_worker_probe_get(struct wire_reader *r, struct auth_worker_probe *m)
{
	m->passdb = wire_get_u8(r);
	m->host = (uint8_t)wire_get_enum(r, AUTH_WORKER_HOSTS_MAX - 1);
	return wire_end(r);
}

/* Why a host is not back is told of those that are not. */
static bool
auth_worker_probed_is_sound(const struct auth_worker_probed *m)
{
	return !m->is_ok || m->text[0] == '\0';
}

void
auth_worker_probed_put(struct wire_writer *w,
    const struct auth_worker_probed *m)
{
	if (!auth_worker_probed_is_sound(m))
		w->has_failed = true;
	wire_put_bool(w, m->is_ok);
	wire_put_text(w, m->text);
}

int
auth_worker_probed_get(struct wire_reader *r, struct auth_worker_probed *m)
{
	m->is_ok = wire_get_bool(r);
	wire_get_text(r, m->text, sizeof(m->text));
	if (!auth_worker_probed_is_sound(m))
		r->has_failed = true;
	return wire_end(r);
}
