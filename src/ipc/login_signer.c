/*
 * The messages between a login process and tls-signer, as bytes and back.
 * Runs in: login processes, tls-signer.
 * Hostile input: bodies from a login process that was taken over.
 * Never: keeps anything, allocates, logs.
 */
#include "ipc/login_signer.h"

#include "ipc/roles.h"

const struct channel_contract login_signer_contract = {
	.name = "login-signer",
	.kind = CHANNEL_KIND_LOGIN_SIGNER,
	.version = LOGIN_SIGNER_VERSION,
	/* key, alg, length, bytes */
	.body_max = 2 + 1 + 2 + LOGIN_SIGNER_TBS_MAX,
};

void
login_signer_sign_put(struct wire_writer *w,
    const struct login_signer_sign *m)
{
	if (m->tbs_len > LOGIN_SIGNER_TBS_MAX || m->alg == 0)
		w->has_failed = true;
	wire_put_u16(w, m->key);
	wire_put_u8(w, m->alg);
	wire_put_bytes(w, m->tbs, m->tbs_len);
}

int
login_signer_sign_get(struct wire_reader *r, struct login_signer_sign *m)
{
	m->key = wire_get_u16(r);
	m->alg = (uint8_t)wire_get_enum(r, LOGIN_SIGNER_ALG_LAST);
	m->tbs = wire_get_span(r, &m->tbs_len);
	if (m->tbs_len > LOGIN_SIGNER_TBS_MAX || m->alg == 0)
		r->has_failed = true;
	return wire_end(r);
}

void
login_signer_signed_put(struct wire_writer *w,
    const struct login_signer_signed *m)
{
	if (m->sig_len > LOGIN_SIGNER_SIG_MAX)
		w->has_failed = true;
	wire_put_bytes(w, m->sig, m->sig_len);
}

int
login_signer_signed_get(struct wire_reader *r, struct login_signer_signed *m)
{
	m->sig = wire_get_span(r, &m->sig_len);
	if (m->sig_len > LOGIN_SIGNER_SIG_MAX)
		r->has_failed = true;
	return wire_end(r);
}

void
login_signer_refused_put(struct wire_writer *w,
    const struct login_signer_refused *m)
{
	wire_put_u8(w, m->code);
}

int
login_signer_refused_get(struct wire_reader *r,
    struct login_signer_refused *m)
{
	m->code = (uint8_t)wire_get_enum(r, LOGIN_SIGNER_CODE_LAST);
	return wire_end(r);
}
