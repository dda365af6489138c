/*
 * The messages between wicketctl and the master, as bytes and back.
 * Runs in: master, wicketctl.
 * Hostile input: bodies from whoever may open the control socket.
 * Never: keeps anything, allocates, logs.
 */
#include "ipc/master_ctl.h"
#include "ipc/roles.h"

const struct channel_contract master_ctl_contract = {
	.name = "master-ctl",
	.kind = CHANNEL_KIND_MASTER_CTL,
	.version = MASTER_CTL_VERSION,
	/* The longest is SUITE. */
	.body_max = MASTER_CTL_TEXT_MAX + MASTER_CTL_WORD_MAX + 32,
};

void
master_ctl_auth_put(struct wire_writer *w, const struct master_ctl_auth *m)
{
	wire_put_text(w, m->user);
	wire_put_u16(w, m->index);
}

int
master_ctl_auth_get(struct wire_reader *r, struct master_ctl_auth *m)
{
	wire_get_text(r, m->user, sizeof(m->user));
	m->index = wire_get_u16(r);
	return wire_end(r);
}

void
master_ctl_suite_put(struct wire_writer *w, const struct master_ctl_suite *m)
{
	wire_put_text(w, m->version);
	wire_put_text(w, m->config);
	wire_put_u32(w, m->pid);
	wire_put_u32(w, m->uptime_s);
	wire_put_u16(w, m->nauth);
	for (size_t i = 0; i <= SERVICE_LAST; i++)
		wire_put_u32(w, m->nmail[i]);
	wire_put_u32(w, m->nmail_tickets);
	wire_put_u32(w, m->nmail_max);
}

int
master_ctl_suite_get(struct wire_reader *r, struct master_ctl_suite *m)
{
	wire_get_text(r, m->version, sizeof(m->version));
	wire_get_text(r, m->config, sizeof(m->config));
	m->pid = wire_get_u32(r);
	m->uptime_s = wire_get_u32(r);
	m->nauth = wire_get_u16(r);
	for (size_t i = 0; i <= SERVICE_LAST; i++)
		m->nmail[i] = wire_get_u32(r);
	m->nmail_tickets = wire_get_u32(r);
	m->nmail_max = wire_get_u32(r);
	return wire_end(r);
}

void
master_ctl_process_put(struct wire_writer *w,
    const struct master_ctl_process *m)
{
	wire_put_u8(w, m->role);
	wire_put_u8(w, m->state);
	wire_put_u32(w, m->pid);
	wire_put_u32(w, m->uptime_s);
	wire_put_u32(w, m->waiting);
	wire_put_u32(w, m->sessions);
	wire_put_u32(w, m->auth);
}

int
master_ctl_process_get(struct wire_reader *r, struct master_ctl_process *m)
{
	m->role = (uint8_t)wire_get_enum(r, ROLE_ID_LAST);
	m->state = (uint8_t)wire_get_enum(r, MASTER_CTL_STATE_LAST);
	m->pid = wire_get_u32(r);
	m->uptime_s = wire_get_u32(r);
	m->waiting = wire_get_u32(r);
	m->sessions = wire_get_u32(r);
	m->auth = wire_get_u32(r);
	return wire_end(r);
}

void
master_ctl_fault_put(struct wire_writer *w, const struct master_ctl_fault *m)
{
	wire_put_text(w, m->text);
}

int
master_ctl_fault_get(struct wire_reader *r, struct master_ctl_fault *m)
{
	wire_get_text(r, m->text, sizeof(m->text));
	return wire_end(r);
}

void
master_ctl_cert_put(struct wire_writer *w, const struct master_ctl_cert *m)
{
	wire_put_u64(w, m->not_before_s);
	wire_put_u64(w, m->not_after_s);
	wire_put_text(w, m->kind);
	wire_put_text(w, m->names);
	wire_put_text(w, m->use);
	wire_put_text(w, m->file);
}

int
master_ctl_cert_get(struct wire_reader *r, struct master_ctl_cert *m)
{
	m->not_before_s = wire_get_u64(r);
	m->not_after_s = wire_get_u64(r);
	wire_get_text(r, m->kind, sizeof(m->kind));
	wire_get_text(r, m->names, sizeof(m->names));
	wire_get_text(r, m->use, sizeof(m->use));
	wire_get_text(r, m->file, sizeof(m->file));
	return wire_end(r);
}

void
master_ctl_peer_put(struct wire_writer *w, const struct master_ctl_peer *m)
{
	wire_put_u16(w, m->index);
	wire_put_u16(w, m->count);
	wire_put_u32(w, m->pid);
}

int
master_ctl_peer_get(struct wire_reader *r, struct master_ctl_peer *m)
{
	m->index = wire_get_u16(r);
	m->count = wire_get_u16(r);
	m->pid = wire_get_u32(r);
	return wire_end(r);
}

void
master_ctl_done_put(struct wire_writer *w, const struct master_ctl_done *m)
{
	wire_put_u8(w, m->result);
}

int
master_ctl_done_get(struct wire_reader *r, struct master_ctl_done *m)
{
	m->result = (uint8_t)wire_get_enum(r, MASTER_CTL_RESULT_LAST);
	return wire_end(r);
}
