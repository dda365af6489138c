/*
 * What the master and its children say about TLS, as bytes and back.
 * Runs in: master, login processes, tls-signer.
 * Hostile input: bodies from a tls-signer that a certificate took over.
 * Never: keeps anything, allocates, logs.
 */
#include "ipc/master_tls.h"

#include <string.h>

#include "lib/wire.h"

static void
tickets_get_run(struct wire_reader *r, uint8_t *dst, size_t size)
{
	if (wire_get_bytes(r, dst, size) != size)
		r->has_failed = true;
}

void
master_tickets_put(struct wire_writer *w, const struct master_tickets *m)
{
	const struct master_ticket_key *k = m->keys;

	if (m->n > MASTER_TICKETS_MAX)
		w->has_failed = true;
	wire_put_u8(w, m->n);
	for (; !w->has_failed && k < m->keys + m->n; k++) {
		wire_put_bytes(w, k->name, sizeof(k->name));
		wire_put_bytes(w, k->aes, sizeof(k->aes));
		wire_put_bytes(w, k->mac, sizeof(k->mac));
	}
}

int
master_tickets_get(struct wire_reader *r, struct master_tickets *m)
{
	struct master_ticket_key *k = m->keys;

	m->n = (uint8_t)wire_get_enum(r, MASTER_TICKETS_MAX);
	for (; k < m->keys + m->n; k++) {
		tickets_get_run(r, k->name, sizeof(k->name));
		tickets_get_run(r, k->aes, sizeof(k->aes));
		tickets_get_run(r, k->mac, sizeof(k->mac));
	}
	return wire_end(r);
}

void
master_signer_put(struct wire_writer *w, const struct master_signer *m)
{
	wire_put_u32(w, m->uid);
	wire_put_u32(w, m->gid);
	wire_put_bool(w, m->is_debug);
	wire_put_text(w, m->root);
	wire_put_text(w, m->password);
}

int
master_signer_get(struct wire_reader *r, struct master_signer *m)
{
	m->uid = wire_get_u32(r);
	m->gid = wire_get_u32(r);
	m->is_debug = wire_get_bool(r);
	wire_get_text(r, m->root, sizeof(m->root));
	wire_get_text(r, m->password, sizeof(m->password));
	return wire_end(r);
}

void
child_tls_fault_put(struct wire_writer *w, const struct child_tls_fault *m)
{
	wire_put_u16(w, m->key);
	wire_put_u8(w, m->file);
	wire_put_bool(w, m->is_date);
	wire_put_text(w, m->text);
}

int
child_tls_fault_get(struct wire_reader *r, struct child_tls_fault *m)
{
	m->key = wire_get_u16(r);
	m->file = (uint8_t)wire_get_enum(r, CHILD_TLS_FILE_LAST);
	m->is_date = wire_get_bool(r);
	wire_get_text(r, m->text, sizeof(m->text));
	return wire_end(r);
}

void
child_tls_cert_put(struct wire_writer *w, const struct child_tls_cert *m)
{
	wire_put_u16(w, m->key);
	wire_put_u64(w, m->not_before_s);
	wire_put_u64(w, m->not_after_s);
	wire_put_text(w, m->kind);
	wire_put_text(w, m->names);
}

int
child_tls_cert_get(struct wire_reader *r, struct child_tls_cert *m)
{
	m->key = wire_get_u16(r);
	m->not_before_s = wire_get_u64(r);
	m->not_after_s = wire_get_u64(r);
	wire_get_text(r, m->kind, sizeof(m->kind));
	wire_get_text(r, m->names, sizeof(m->names));
	return wire_end(r);
}
