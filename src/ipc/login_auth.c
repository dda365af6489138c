/*
 * The messages between a login process and auth, as bytes and back.
 * Runs in: imap-login, pop3-login, auth.
 * Hostile input: bodies from a login process that was taken over.
 * Never: keeps anything, allocates, logs.
 */
#include "ipc/login_auth.h"
#include "ipc/roles.h"

/* What a REQUEST holds beside its initial response is less than this. */
#define LOGIN_AUTH_REST_MAX	(768 + LOGIN_AUTH_FORWARD_MAX)

const struct channel_contract login_auth_contract = {
	.name = "login-auth",
	.kind = CHANNEL_KIND_LOGIN_AUTH,
	.version = LOGIN_AUTH_VERSION,
	.body_max = LOGIN_AUTH_RESPONSE_MAX + LOGIN_AUTH_REST_MAX,
};

/* A run of bytes inside another message. */
static void
login_auth_run_put(struct wire_writer *w, const struct login_auth_bytes *b)
{
	if (b->len > LOGIN_AUTH_RESPONSE_MAX)
		w->has_failed = true;
	wire_put_bytes(w, b->data, b->len);
}

static void
login_auth_run_get(struct wire_reader *r, struct login_auth_bytes *b)
{
	b->data = wire_get_span(r, &b->len);
	if (b->len > LOGIN_AUTH_RESPONSE_MAX)
		r->has_failed = true;
}

static const char *const login_auth_words[LOGIN_AUTH_CODE_LAST + 1] = {
	[LOGIN_AUTH_CODE_CREDENTIALS] = "credentials",
	[LOGIN_AUTH_CODE_TEMP] = "temporary",
	[LOGIN_AUTH_CODE_AUTHZ] = "authorization",
	[LOGIN_AUTH_CODE_DISABLED] = "nologin",
	[LOGIN_AUTH_CODE_BAD] = "sasl-syntax",
	[LOGIN_AUTH_CODE_MECH] = "mechanism",
	[LOGIN_AUTH_CODE_LIMIT] = "limit",
	[LOGIN_AUTH_CODE_PENALTY] = "penalty",
	[LOGIN_AUTH_CODE_HOST] = "host-down",
	[LOGIN_AUTH_CODE_REFERRAL] = "referral",
};

const char *
login_auth_code_word(uint8_t code)
{
	return login_auth_words[code];
}

void
login_auth_request_put(struct wire_writer *w,
    const struct login_auth_request *m)
{
	wire_put_u8(w, m->service);
	wire_put_bool(w, m->is_secured);
	wire_put_bool(w, m->has_initial);
	wire_put_u16(w, m->attempt);
	wire_put_text(w, m->mech);
	wire_put_text(w, m->session);
	wire_put_text(w, m->cert_user);
	login_auth_cert_put(w, &m->cert);
	wire_put_addr(w, &m->rip);
	wire_put_addr(w, &m->lip);
	wire_put_addr(w, &m->real_rip);
	wire_put_addr(w, &m->real_lip);
	login_auth_forward_put(w, &m->forward);
	if (m->has_initial)
		login_auth_run_put(w, &m->initial);
}

int
login_auth_request_get(struct wire_reader *r, struct login_auth_request *m)
{
	m->service = (uint8_t)wire_get_enum(r, SERVICE_LAST);
	m->is_secured = wire_get_bool(r);
	m->has_initial = wire_get_bool(r);
	m->attempt = wire_get_u16(r);
	wire_get_text(r, m->mech, sizeof(m->mech));
	wire_get_text(r, m->session, sizeof(m->session));
	wire_get_text(r, m->cert_user, sizeof(m->cert_user));
	login_auth_cert_get(r, &m->cert);
	wire_get_addr(r, &m->rip);
	wire_get_addr(r, &m->lip);
	wire_get_addr(r, &m->real_rip);
	wire_get_addr(r, &m->real_lip);
	login_auth_forward_get(r, &m->forward);
	m->initial = (struct login_auth_bytes){ NULL, 0 };
	if (m->has_initial)
		login_auth_run_get(r, &m->initial);
	return wire_end(r);
}

void
login_auth_bytes_put(struct wire_writer *w, const struct login_auth_bytes *m)
{
	login_auth_run_put(w, m);
}

int
login_auth_bytes_get(struct wire_reader *r, struct login_auth_bytes *m)
{
	login_auth_run_get(r, m);
	return wire_end(r);
}

void
login_auth_fail_put(struct wire_writer *w, const struct login_auth_fail *m)
{
	wire_put_u8(w, m->code);
	wire_put_text(w, m->user);
	wire_put_text(w, m->reason);
	login_auth_referral_put(w, &m->referral);
}

int
login_auth_fail_get(struct wire_reader *r, struct login_auth_fail *m)
{
	m->code = (uint8_t)wire_get_enum(r, LOGIN_AUTH_CODE_LAST);
	wire_get_text(r, m->user, sizeof(m->user));
	wire_get_text(r, m->reason, sizeof(m->reason));
	login_auth_referral_get(r, &m->referral);
	return wire_end(r);
}
