/*
 * The messages between wicketctl and auth, as bytes and back.
 * Runs in: auth, wicketctl.
 * Hostile input: bodies from the other side, should it be broken.
 * Never: keeps anything, allocates, logs.
 */
#include "ipc/ctl_auth.h"
#include "ipc/roles.h"

const struct channel_contract ctl_auth_contract = {
	.name = "ctl-auth",
	.kind = CHANNEL_KIND_CTL_AUTH,
	.version = CTL_AUTH_VERSION,
	/* The longest is LINE: two texts with their lengths. */
	.body_max = 2 + CTL_AUTH_KEY_MAX + 2 + CTL_AUTH_VALUE_MAX,
};

void
ctl_auth_ask_put(struct wire_writer *w, const struct ctl_auth_ask *m)
{
	wire_put_u8(w, m->service);
	wire_put_text(w, m->user);
	wire_put_text(w, m->pass);
	wire_put_addr(w, &m->rip);
	wire_put_addr(w, &m->lip);
}

int
ctl_auth_ask_get(struct wire_reader *r, struct ctl_auth_ask *m)
{
	m->service = (uint8_t)wire_get_enum(r, SERVICE_LAST);
	wire_get_text(r, m->user, sizeof(m->user));
	wire_get_text(r, m->pass, sizeof(m->pass));
	wire_get_addr(r, &m->rip);
	wire_get_addr(r, &m->lip);
	return wire_end(r);
}

void
ctl_auth_flush_put(struct wire_writer *w, const struct ctl_auth_flush *m)
{
	wire_put_text(w, m->user);
}

int
ctl_auth_flush_get(struct wire_reader *r, struct ctl_auth_flush *m)
{
	wire_get_text(r, m->user, sizeof(m->user));
	return wire_end(r);
}

void
ctl_auth_line_put(struct wire_writer *w, const struct ctl_auth_line *m)
{
	wire_put_text(w, m->key);
	wire_put_text(w, m->value);
}

int
ctl_auth_line_get(struct wire_reader *r, struct ctl_auth_line *m)
{
	wire_get_text(r, m->key, sizeof(m->key));
	wire_get_text(r, m->value, sizeof(m->value));
	return wire_end(r);
}

void
ctl_auth_host_put(struct wire_writer *w, const struct ctl_auth_host *m)
{
	wire_put_addr(w, &m->addr);
	wire_put_u8(w, m->mode);
	wire_put_u8(w, m->trouble);
	wire_put_bool(w, m->is_down);
	wire_put_u32(w, m->sessions);
	wire_put_u32(w, m->failures);
	wire_put_u32(w, m->since_s);
	wire_put_u32(w, m->next_ms);
}

int
ctl_auth_host_get(struct wire_reader *r, struct ctl_auth_host *m)
{
	wire_get_addr(r, &m->addr);
	m->mode = (uint8_t)wire_get_enum(r, HOST_MODE_LAST);
	m->trouble = (uint8_t)wire_get_enum(r, LOGIN_AUTH_TROUBLE_LAST);
	m->is_down = wire_get_bool(r);
	m->sessions = wire_get_u32(r);
	m->failures = wire_get_u32(r);
	m->since_s = wire_get_u32(r);
	m->next_ms = wire_get_u32(r);
	return wire_end(r);
}

void
ctl_auth_done_put(struct wire_writer *w, const struct ctl_auth_done *m)
{
	wire_put_u8(w, m->result);
}

int
ctl_auth_done_get(struct wire_reader *r, struct ctl_auth_done *m)
{
	m->result = (uint8_t)wire_get_enum(r, CTL_AUTH_RESULT_LAST);
	return wire_end(r);
}
