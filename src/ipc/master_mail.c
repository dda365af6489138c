/*
 * The messages about mail processes, as bytes and back.
 * Runs in: master, auth, imap-login, pop3-login.
 * Hostile input: bodies from a child that was taken over.
 * Never: keeps anything, allocates, logs.
 */
#include "ipc/master_mail.h"

#include "ipc/roles.h"
#include "lib/wire.h"

void
child_mail_ask_put(struct wire_writer *w, const struct child_mail_ask *m)
{
	wire_put_u32(w, m->login);
	wire_put_u8(w, m->service);
	wire_put_bool(w, m->is_secured);
	wire_put_u32(w, m->uid);
	wire_put_u32(w, m->gid);
	wire_put_text(w, m->user);
	wire_put_text(w, m->home);
	wire_put_text(w, m->mail);
	wire_put_text(w, m->session);
	wire_put_addr(w, &m->rip);
	wire_put_addr(w, &m->lip);
}

int
child_mail_ask_get(struct wire_reader *r, struct child_mail_ask *m)
{
	m->login = wire_get_u32(r);
	m->service = (uint8_t)wire_get_enum(r, SERVICE_LAST);
	m->is_secured = wire_get_bool(r);
	m->uid = wire_get_u32(r);
	m->gid = wire_get_u32(r);
	wire_get_text(r, m->user, sizeof(m->user));
	wire_get_text(r, m->home, sizeof(m->home));
	wire_get_text(r, m->mail, sizeof(m->mail));
	wire_get_text(r, m->session, sizeof(m->session));
	wire_get_addr(r, &m->rip);
	wire_get_addr(r, &m->lip);
	return wire_end(r);
}

void
master_mail_ticket_put(struct wire_writer *w,
    const struct master_mail_ticket *m)
{
	wire_put_u8(w, m->result);
	mail_ticket_put(w, &m->ticket);
}

int
master_mail_ticket_get(struct wire_reader *r, struct master_mail_ticket *m)
{
	m->result = (uint8_t)wire_get_enum(r, MASTER_MAIL_RESULT_LAST);
	mail_ticket_get(r, &m->ticket);
	return wire_end(r);
}

void
child_mail_start_put(struct wire_writer *w, const struct child_mail_start *m)
{
	mail_ticket_put(w, &m->ticket);
	wire_put_bool(w, m->is_relayed);
	wire_put_text(w, m->tag);
}

int
child_mail_start_get(struct wire_reader *r, struct child_mail_start *m)
{
	mail_ticket_get(r, &m->ticket);
	m->is_relayed = wire_get_bool(r);
	wire_get_text(r, m->tag, sizeof(m->tag));
	return wire_end(r);
}

void
master_mail_started_put(struct wire_writer *w,
    const struct master_mail_started *m)
{
	wire_put_u8(w, m->result);
	wire_put_u32(w, m->pid);
}

int
master_mail_started_get(struct wire_reader *r, struct master_mail_started *m)
{
	m->result = (uint8_t)wire_get_enum(r, MASTER_MAIL_RESULT_LAST);
	m->pid = wire_get_u32(r);
	return wire_end(r);
}

void
master_mail_session_put(struct wire_writer *w,
    const struct master_mail_session *m)
{
	wire_put_u8(w, m->service);
	wire_put_text(w, m->user);
	wire_put_addr(w, &m->rip);
}

int
master_mail_session_get(struct wire_reader *r, struct master_mail_session *m)
{
	m->service = (uint8_t)wire_get_enum(r, SERVICE_LAST);
	wire_get_text(r, m->user, sizeof(m->user));
	wire_get_addr(r, &m->rip);
	return wire_end(r);
}
