/*
 * Every message of every contract: its fields, and how what the fields cannot
 * say is filled and compared.
 * Runs in: make check.
 * Hostile input: none.
 * Never: ships in a program.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ipc/auth_worker.h"
#include "ipc/ctl_auth.h"
#include "ipc/login_auth.h"
#include "ipc/login_signer.h"
#include "ipc/master_child.h"
#include "ipc/master_ctl.h"
#include "ipc/master_mail.h"
#include "ipc/master_tls.h"
#include "ipc/roles.h"
#include "lib/log.h"
#include "ipc_table.h"

uint8_t span_bytes[CHANNEL_BODY_MAX];

#define CALLS(type)							\
static void								\
call_##type##_put(struct wire_writer *w, const void *m)			\
{									\
	type##_put(w, m);						\
}									\
static int								\
call_##type##_get(struct wire_reader *r, void *m)			\
{									\
	return type##_get(r, m);					\
}

CALLS(master_settings_part)
CALLS(master_log_fallback)
CALLS(master_listener)
CALLS(master_peer)
CALLS(master_auth)
CALLS(master_secret)
CALLS(child_status)
CALLS(master_tickets)
CALLS(master_signer)
CALLS(child_tls_fault)
CALLS(child_tls_cert)
CALLS(child_mail_ask)
CALLS(master_mail_ticket)
CALLS(child_mail_start)
CALLS(master_mail_started)
CALLS(master_mail_session)
CALLS(login_signer_sign)
CALLS(login_signer_signed)
CALLS(login_signer_refused)
CALLS(login_auth_request)
CALLS(login_auth_bytes)
CALLS(login_auth_route)
CALLS(login_auth_fail)
CALLS(login_auth_outcome)
CALLS(login_auth_tried)
CALLS(login_auth_session)
CALLS(login_auth_host_down)
CALLS(login_auth_local)
CALLS(auth_worker_lookup)
CALLS(auth_worker_verify)
CALLS(auth_worker_resolve)
CALLS(auth_worker_row)
CALLS(auth_worker_verified)
CALLS(auth_worker_resolved)
CALLS(auth_worker_probe)
CALLS(auth_worker_probed)
CALLS(master_ctl_auth)
CALLS(master_ctl_suite)
CALLS(master_ctl_process)
CALLS(master_ctl_fault)
CALLS(master_ctl_cert)
CALLS(master_ctl_peer)
CALLS(master_ctl_done)
CALLS(ctl_auth_ask)
CALLS(ctl_auth_flush)
CALLS(ctl_auth_line)
CALLS(ctl_auth_done)
CALLS(ctl_auth_host)
CALLS(host_order)

void
fill_addr(struct netaddr *a, enum share share)
{
	memset(a, 0, sizeof(*a));
	a->family = share == SHARE_FULL ? NETADDR_V6 : NETADDR_V4;
	a->port = share == SHARE_EMPTY ? 0 : 65535;
	for (unsigned int i = 0; i < (share == SHARE_FULL ? 16u : 4u); i++)
		a->ip[i] = (uint8_t)(0xf0 + i);
}

void
assert_same_addr(const struct netaddr *a, const struct netaddr *b)
{
	assert_int_equal(a->family, b->family);
	assert_int_equal(a->port, b->port);
	assert_memory_equal(a->ip, b->ip, sizeof(a->ip));
}

/* No pair, one, and as many bytes as there may be. */
static void
fill_forward(struct login_auth_forward *f, enum share share)
{
	char value[LOGIN_AUTH_FORWARD_MAX];

	f->len = 0;
	if (share == SHARE_SOME)
		assert_int_equal(login_auth_forward_set(f, "name", 4, "v",
		    1), 0);
	if (share == SHARE_FULL)
		assert_int_equal(login_auth_forward_set(f, "n", 1,
		    memset(value, 'v', sizeof(value)), sizeof(value) - 3), 0);
}

static void
same_forward(const struct login_auth_forward *a,
    const struct login_auth_forward *b)
{
	assert_int_equal(a->len, b->len);
	assert_memory_equal(a->pairs, b->pairs, a->len);
}

static void
fill_cert(struct login_auth_cert *cert, enum share share)
{
	memset(cert, 0, sizeof(*cert));
	cert->len = share == SHARE_EMPTY ? 0 : share == SHARE_SOME ? 32 :
	    LOGIN_AUTH_PRINT_MAX;
	cert->is_verified = share == SHARE_FULL;
	memset(cert->print, 0xa5, cert->len);
	memset(cert->key_print, 0x5a, cert->len);
}

static void
same_cert(const struct login_auth_cert *a, const struct login_auth_cert *b)
{
	assert_int_equal(a->is_verified, b->is_verified);
	assert_int_equal(a->len, b->len);
	assert_memory_equal(a->print, b->print, sizeof(a->print));
	assert_memory_equal(a->key_print, b->key_print, sizeof(a->key_print));
}

static void
fill_lookup(void *msg, enum share share)
{
	struct auth_worker_lookup *m = msg;

	fill_forward(&m->forward, share);
	fill_cert(&m->cert, share);
}

static void
same_lookup(const void *a, const void *b)
{
	const struct auth_worker_lookup *x = a, *y = b;

	same_cert(&x->cert, &y->cert);
	same_forward(&x->forward, &y->forward);
}

static void
fill_request(void *msg, enum share share)
{
	struct login_auth_request *m = msg;

	fill_forward(&m->forward, share);
	fill_cert(&m->cert, share);

	/* "No initial response" is told from an empty one. */
	m->has_initial = share != SHARE_EMPTY;
	if (share == SHARE_SOME)
		m->initial.len = 0;
	if (share == SHARE_FULL) {
		m->initial.data = span_bytes;
		m->initial.len = LOGIN_AUTH_RESPONSE_MAX;
	}
}

static void
same_request(const void *a, const void *b)
{
	const struct login_auth_request *x = a, *y = b;

	assert_int_equal(x->has_initial, y->has_initial);
	same_cert(&x->cert, &y->cert);
	same_forward(&x->forward, &y->forward);
	assert_int_equal(x->initial.len, y->initial.len);
	if (x->initial.len != 0)
		assert_memory_equal(x->initial.data, y->initial.data,
		    x->initial.len);
}

static void
fill_route(void *msg, enum share share)
{
	struct login_auth_route *m = msg;

	m->naddrs = share == SHARE_FULL ? LOGIN_AUTH_ADDRS_MAX : 1;
	for (unsigned int i = 0; i < m->naddrs; i++)
		fill_addr(&m->addrs[i], i % 2 == 0 ? share : SHARE_FULL);
	if (share != SHARE_EMPTY)
		m->down = share == SHARE_FULL ? UINT8_MAX : 1;
	m->tls.kind = share == SHARE_EMPTY ? LOGIN_AUTH_TLS_NONE :
	    share == SHARE_SOME ? LOGIN_AUTH_TLS_STARTTLS :
	    LOGIN_AUTH_TLS_LAST;
	fill_forward(&m->forward, share);
	m->tls.is_any_cert = share == SHARE_SOME;
	for (unsigned int i = 0; i < m->naddrs && share != SHARE_EMPTY; i++)
		m->tls.word[i] = (uint8_t)(m->naddrs - 1 - i);
	if (share != SHARE_EMPTY)
		memset(m->tls.names, 'n', share == SHARE_FULL ?
		    LOGIN_AUTH_NAMES_MAX : 1);
}

static void
same_route(const void *a, const void *b)
{
	const struct login_auth_route *x = a, *y = b;

	assert_int_equal(x->naddrs, y->naddrs);
	assert_int_equal(x->down, y->down);
	for (unsigned int i = 0; i < x->naddrs; i++)
		assert_same_addr(&x->addrs[i], &y->addrs[i]);
	assert_int_equal(x->tls.kind, y->tls.kind);
	assert_int_equal(x->tls.is_any_cert, y->tls.is_any_cert);
	assert_string_equal(x->tls.names, y->tls.names);
	assert_memory_equal(x->tls.word, y->tls.word, x->naddrs);
	same_forward(&x->forward, &y->forward);
}

/* No row; one with a NULL and an empty value; one with all columns. */
static void
fill_row(void *msg, enum share share)
{
	struct auth_worker_row *m = msg;
	struct auth_worker_column *c;

	m->found = share == SHARE_EMPTY ? AUTH_WORKER_UNUSABLE :
	    AUTH_WORKER_ONE;
	m->host = share == SHARE_EMPTY ? AUTH_WORKER_HOST_NONE :
	    share == SHARE_SOME ? 0 : AUTH_WORKER_HOSTS_MAX - 1;
	m->nfaults = share == SHARE_EMPTY ? 0 :
	    share == SHARE_SOME ? 1 : AUTH_WORKER_FAULTS_MAX;
	for (unsigned int i = 0; i < m->nfaults; i++) {
		m->faults[i].host = (uint8_t)i;
		m->faults[i].kind = i % (AUTH_WORKER_FAULT_LAST + 1);
		memset(m->faults[i].text, 't', AUTH_WORKER_FAULT_MAX);
	}
	if (share == SHARE_EMPTY)
		return;
	m->ncolumns = share == SHARE_SOME ? 3 : AUTH_WORKER_COLUMNS_MAX;
	for (unsigned int i = 0; i < m->ncolumns; i++) {
		c = &m->columns[i];
		memset(c->name, 'n', i + 1);
		c->is_null = i == 0;
		if (i > 1) {
			c->value = span_bytes;
			c->len = i == 2 ? AUTH_WORKER_VALUE_MAX : i;
		}
	}
}

static void
same_row(const void *a, const void *b)
{
	const struct auth_worker_row *x = a, *y = b;

	assert_int_equal(x->found, y->found);
	assert_int_equal(x->host, y->host);
	assert_int_equal(x->nfaults, y->nfaults);
	for (unsigned int i = 0; i < x->nfaults; i++) {
		assert_int_equal(x->faults[i].host, y->faults[i].host);
		assert_int_equal(x->faults[i].kind, y->faults[i].kind);
		assert_string_equal(x->faults[i].text, y->faults[i].text);
	}
	assert_int_equal(x->ncolumns, y->ncolumns);
	for (unsigned int i = 0; i < x->ncolumns; i++) {
		assert_string_equal(x->columns[i].name, y->columns[i].name);
		assert_int_equal(x->columns[i].is_null,
		    y->columns[i].is_null);
		assert_int_equal(x->columns[i].len, y->columns[i].len);
		if (x->columns[i].len != 0)
			assert_memory_equal(x->columns[i].value,
			    y->columns[i].value, x->columns[i].len);
	}
}

static void
fill_resolved(void *msg, enum share share)
{
	struct auth_worker_resolved *m = msg;

	m->is_temporary = share == SHARE_EMPTY;
	m->naddrs = share == SHARE_EMPTY ? 0 :
	    share == SHARE_SOME ? 1 : LOGIN_AUTH_ADDRS_MAX;
	for (unsigned int i = 0; i < m->naddrs; i++)
		fill_addr(&m->addrs[i], i % 2 == 0 ? share : SHARE_SOME);
}

static void
same_resolved(const void *a, const void *b)
{
	const struct auth_worker_resolved *x = a, *y = b;

	assert_int_equal(x->is_temporary, y->is_temporary);
	assert_int_equal(x->naddrs, y->naddrs);
	for (unsigned int i = 0; i < x->naddrs; i++)
		assert_same_addr(&x->addrs[i], &y->addrs[i]);
}

static void
fill_secret(void *msg, enum share share)
{
	struct master_secret *m = msg;

	memset(m->bytes, share == SHARE_EMPTY ? 0 : 0xa5, sizeof(m->bytes));
}

static void
same_secret(const void *a, const void *b)
{
	const struct master_secret *x = a, *y = b;

	assert_memory_equal(x->bytes, y->bytes, sizeof(x->bytes));
}

static void
fill_master_auth(void *msg, enum share share)
{
	struct master_auth *m = msg;

	m->count = (uint8_t)(share == SHARE_FULL ? MASTER_AUTHS_MAX :
	    1 + share);
	m->index = (uint8_t)(m->count - 1);
}

static void
same_master_auth(const void *a, const void *b)
{
	const struct master_auth *x = a, *y = b;

	assert_int_equal(x->index, y->index);
	assert_int_equal(x->count, y->count);
}

static void
fill_probed(void *msg, enum share share)
{
	struct auth_worker_probed *m = msg;

	m->is_ok = share == SHARE_EMPTY;
}

static void
same_probed(const void *a, const void *b)
{
	const struct auth_worker_probed *x = a, *y = b;

	assert_int_equal(x->is_ok, y->is_ok);
}

static void
fill_tickets(void *msg, enum share share)
{
	struct master_tickets *m = msg;

	m->n = share == SHARE_EMPTY ? 0 :
	    share == SHARE_SOME ? 1 : MASTER_TICKETS_MAX;
	for (unsigned int i = 0; i < m->n; i++)
		memset(&m->keys[i], (int)(0xa0 + i), sizeof(m->keys[i]));
}

static void
same_tickets(const void *a, const void *b)
{
	const struct master_tickets *x = a, *y = b;

	assert_int_equal(x->n, y->n);
	if (x->n != 0)
		assert_memory_equal(x->keys, y->keys,
		    x->n * sizeof(x->keys[0]));
}

/* No algorithm has the number 0. */
static void
fill_sign(void *msg, enum share share)
{
	struct login_signer_sign *m = msg;

	m->alg = share == SHARE_FULL ? LOGIN_SIGNER_ALG_LAST : 1;
}

static void
same_sign(const void *a, const void *b)
{
	const struct login_signer_sign *x = a, *y = b;

	assert_int_equal(x->alg, y->alg);
}

#define MESSAGE(type, pair)	.name = #type,				\
	.contract = &pair##_contract, .size = sizeof(struct type),	\
	.put = call_##type##_put, .get = call_##type##_get
#define TEXT(type, f)	{ KIND_TEXT, offsetof(struct type, f),		\
	sizeof(((struct type *)0)->f) - 1 }
#define SPAN(type, f, max)	{ KIND_SPAN, offsetof(struct type, f), max }
#define ENUM(type, f, last)	{ KIND_ENUM, offsetof(struct type, f), last }
#define U8(type, f)	{ KIND_U8, offsetof(struct type, f), 0 }
#define U16(type, f)	{ KIND_U16, offsetof(struct type, f), 0 }
#define U32(type, f)	{ KIND_U32, offsetof(struct type, f), 0 }
#define U64(type, f)	{ KIND_U64, offsetof(struct type, f), 0 }
#define BOOL(type, f)	{ KIND_BOOL, offsetof(struct type, f), 0 }
#define ADDR(type, f)	{ KIND_ADDR, offsetof(struct type, f), 0 }

const struct message messages[] = {
	{ MESSAGE(master_settings_part, master_child), .fields = {
		SPAN(master_settings_part, data, MASTER_SETTINGS_PART_MAX),
	}, .nfields = 1 },
	{ MESSAGE(master_log_fallback, master_child), .fields = {
		ENUM(master_log_fallback, kind, LOG_FALLBACK_SYSLOG),
	}, .nfields = 1 },
	{ MESSAGE(master_listener, master_child), .fields = {
		BOOL(master_listener, is_tls),
		BOOL(master_listener, is_haproxy),
		ADDR(master_listener, addr),
	}, .nfields = 3 },
	{ MESSAGE(master_peer, master_child), .fields = {
		U32(master_peer, pid),
	}, .nfields = 1 },
	{ MESSAGE(master_auth, master_child), .nfields = 0,
	    .fill = fill_master_auth, .same = same_master_auth },
	{ MESSAGE(master_secret, master_child), .nfields = 0,
	    .fill = fill_secret, .same = same_secret },
	{ MESSAGE(child_status, master_child), .fields = {
		U32(child_status, waiting),
		U32(child_status, sessions),
	}, .nfields = 2 },
	{ MESSAGE(master_tickets, master_child), .nfields = 0,
	    .fill = fill_tickets, .same = same_tickets },
	{ MESSAGE(master_signer, master_child), .fields = {
		U32(master_signer, uid),
		U32(master_signer, gid),
		BOOL(master_signer, is_debug),
		TEXT(master_signer, root),
		TEXT(master_signer, password),
	}, .nfields = 5 },
	{ MESSAGE(child_tls_fault, master_child), .fields = {
		U16(child_tls_fault, key),
		ENUM(child_tls_fault, file, CHILD_TLS_FILE_LAST),
		BOOL(child_tls_fault, is_date),
		TEXT(child_tls_fault, text),
	}, .nfields = 4 },
	{ MESSAGE(child_tls_cert, master_child), .fields = {
		U16(child_tls_cert, key),
		U64(child_tls_cert, not_before_s),
		U64(child_tls_cert, not_after_s),
		TEXT(child_tls_cert, kind),
		TEXT(child_tls_cert, names),
	}, .nfields = 5 },
	{ MESSAGE(child_mail_ask, master_child), .fields = {
		U32(child_mail_ask, login),
		ENUM(child_mail_ask, service, SERVICE_LAST),
		BOOL(child_mail_ask, is_secured),
		U32(child_mail_ask, uid),
		U32(child_mail_ask, gid),
		TEXT(child_mail_ask, user),
		TEXT(child_mail_ask, home),
		TEXT(child_mail_ask, mail),
		TEXT(child_mail_ask, session),
		ADDR(child_mail_ask, rip),
		ADDR(child_mail_ask, lip),
	}, .nfields = 11 },
	{ MESSAGE(master_mail_ticket, master_child), .fields = {
		ENUM(master_mail_ticket, result, MASTER_MAIL_RESULT_LAST),
		U64(master_mail_ticket, ticket.high),
		U64(master_mail_ticket, ticket.low),
	}, .nfields = 3 },
	{ MESSAGE(child_mail_start, master_child), .fields = {
		U64(child_mail_start, ticket.high),
		U64(child_mail_start, ticket.low),
		BOOL(child_mail_start, is_relayed),
		TEXT(child_mail_start, tag),
	}, .nfields = 4 },
	{ MESSAGE(master_mail_started, master_child), .fields = {
		ENUM(master_mail_started, result, MASTER_MAIL_RESULT_LAST),
		U32(master_mail_started, pid),
	}, .nfields = 2 },
	{ MESSAGE(master_mail_session, master_child), .fields = {
		ENUM(master_mail_session, service, SERVICE_LAST),
		TEXT(master_mail_session, user),
		ADDR(master_mail_session, rip),
	}, .nfields = 3 },
	{ MESSAGE(login_signer_sign, login_signer), .fields = {
		U16(login_signer_sign, key),
		SPAN(login_signer_sign, tbs, LOGIN_SIGNER_TBS_MAX),
	}, .nfields = 2, .fill = fill_sign, .same = same_sign },
	{ MESSAGE(login_signer_signed, login_signer), .fields = {
		SPAN(login_signer_signed, sig, LOGIN_SIGNER_SIG_MAX),
	}, .nfields = 1 },
	{ MESSAGE(login_signer_refused, login_signer), .fields = {
		ENUM(login_signer_refused, code, LOGIN_SIGNER_CODE_LAST),
	}, .nfields = 1 },
	{ MESSAGE(login_auth_request, login_auth), .fields = {
		ENUM(login_auth_request, service, SERVICE_LAST),
		BOOL(login_auth_request, is_secured),
		U16(login_auth_request, attempt),
		TEXT(login_auth_request, mech),
		TEXT(login_auth_request, session),
		TEXT(login_auth_request, cert_user),
		ADDR(login_auth_request, rip),
		ADDR(login_auth_request, lip),
		ADDR(login_auth_request, real_rip),
		ADDR(login_auth_request, real_lip),
	}, .nfields = 10, .fill = fill_request, .same = same_request },
	{ MESSAGE(login_auth_bytes, login_auth), .fields = {
		SPAN(login_auth_bytes, data, LOGIN_AUTH_RESPONSE_MAX),
	}, .nfields = 1 },
	{ MESSAGE(login_auth_route, login_auth), .fields = {
		TEXT(login_auth_route, user),
		TEXT(login_auth_route, destuser),
		TEXT(login_auth_route, master),
		TEXT(login_auth_route, pass),
		ENUM(login_auth_route, way, LOGIN_AUTH_WAY_LAST),
		TEXT(login_auth_route, host),
		U32(login_auth_route, timeout_ms),
		BOOL(login_auth_route, has_nodelay),
		ADDR(login_auth_route, how.source),
		BOOL(login_auth_route, how.is_untrusted),
		BOOL(login_auth_route, how.has_nopipelining),
		ENUM(login_auth_route, how.haproxy, LOGIN_AUTH_HAPROXY_LAST),
		U32(login_auth_route, how.leave_ms),
		U32(login_auth_route, probe_ms),
		BOOL(login_auth_route, is_patient),
	}, .nfields = 15, .fill = fill_route, .same = same_route },
	{ MESSAGE(login_auth_fail, login_auth), .fields = {
		ENUM(login_auth_fail, code, LOGIN_AUTH_CODE_LAST),
		TEXT(login_auth_fail, user),
		TEXT(login_auth_fail, reason),
		TEXT(login_auth_fail, referral.user),
		TEXT(login_auth_fail, referral.host),
		U16(login_auth_fail, referral.port),
	}, .nfields = 6 },
	{ MESSAGE(login_auth_outcome, login_auth), .fields = {
		ENUM(login_auth_outcome, result, LOGIN_AUTH_RESULT_LAST),
		ENUM(login_auth_outcome, addr, LOGIN_AUTH_ADDR_NONE),
	}, .nfields = 2 },
	{ MESSAGE(login_auth_tried, login_auth), .fields = {
		ENUM(login_auth_tried, addr, LOGIN_AUTH_ADDRS_MAX - 1),
		ENUM(login_auth_tried, trouble, LOGIN_AUTH_TROUBLE_LAST),
		BOOL(login_auth_tried, has_login),
	}, .nfields = 3 },
	{ MESSAGE(login_auth_session, login_auth), .fields = {
		ENUM(login_auth_session, service, SERVICE_LAST),
		TEXT(login_auth_session, user),
		ADDR(login_auth_session, rip),
		ADDR(login_auth_session, host),
	}, .nfields = 4 },
	{ MESSAGE(login_auth_host_down, login_auth), .fields = {
		ADDR(login_auth_host_down, addr),
		BOOL(login_auth_host_down, is_ordered),
	}, .nfields = 2 },
	{ MESSAGE(login_auth_local, login_auth), .fields = {
		TEXT(login_auth_local, user),
		U64(login_auth_local, ticket.high),
		U64(login_auth_local, ticket.low),
	}, .nfields = 3 },
	{ MESSAGE(auth_worker_lookup, auth_worker), .fields = {
		U8(auth_worker_lookup, passdb),
		ENUM(auth_worker_lookup, service, SERVICE_LAST),
		BOOL(auth_worker_lookup, is_secured),
		U32(auth_worker_lookup, skip_hosts),
		TEXT(auth_worker_lookup, user),
		TEXT(auth_worker_lookup, login_user),
		TEXT(auth_worker_lookup, auth_user),
		TEXT(auth_worker_lookup, mech),
		TEXT(auth_worker_lookup, session),
		ADDR(auth_worker_lookup, rip),
		ADDR(auth_worker_lookup, lip),
		ADDR(auth_worker_lookup, real_rip),
		ADDR(auth_worker_lookup, real_lip),
		U16(auth_worker_lookup, attempt),
		TEXT(auth_worker_lookup, pass),
	}, .nfields = 15, .fill = fill_lookup, .same = same_lookup },
	{ MESSAGE(auth_worker_verify, auth_worker), .fields = {
		TEXT(auth_worker_verify, hash),
		TEXT(auth_worker_verify, pass),
	}, .nfields = 2 },
	{ MESSAGE(auth_worker_resolve, auth_worker), .fields = {
		TEXT(auth_worker_resolve, name),
	}, .nfields = 1 },
	{ MESSAGE(auth_worker_row, auth_worker), .nfields = 0,
	    .fill = fill_row, .same = same_row },
	{ MESSAGE(auth_worker_verified, auth_worker), .fields = {
		ENUM(auth_worker_verified, match, AUTH_WORKER_MATCH_LAST),
	}, .nfields = 1 },
	{ MESSAGE(auth_worker_resolved, auth_worker), .nfields = 0,
	    .fill = fill_resolved, .same = same_resolved },
	{ MESSAGE(auth_worker_probe, auth_worker), .fields = {
		U8(auth_worker_probe, passdb),
		ENUM(auth_worker_probe, host, AUTH_WORKER_HOSTS_MAX - 1),
	}, .nfields = 2 },
	{ MESSAGE(auth_worker_probed, auth_worker), .fields = {
		TEXT(auth_worker_probed, text),
	}, .nfields = 1, .fill = fill_probed, .same = same_probed },
	{ MESSAGE(master_ctl_auth, master_ctl), .fields = {
		TEXT(master_ctl_auth, user),
		U16(master_ctl_auth, index),
	}, .nfields = 2 },
	{ MESSAGE(master_ctl_suite, master_ctl), .fields = {
		TEXT(master_ctl_suite, version),
		TEXT(master_ctl_suite, config),
		U32(master_ctl_suite, pid),
		U32(master_ctl_suite, uptime_s),
		U16(master_ctl_suite, nauth),
		U32(master_ctl_suite, nmail[SERVICE_IMAP]),
		U32(master_ctl_suite, nmail[SERVICE_POP3]),
		U32(master_ctl_suite, nmail_tickets),
		U32(master_ctl_suite, nmail_max),
	}, .nfields = 9 },
	{ MESSAGE(master_ctl_process, master_ctl), .fields = {
		ENUM(master_ctl_process, role, ROLE_ID_LAST),
		ENUM(master_ctl_process, state, MASTER_CTL_STATE_LAST),
		U32(master_ctl_process, pid),
		U32(master_ctl_process, uptime_s),
		U32(master_ctl_process, waiting),
		U32(master_ctl_process, sessions),
		U32(master_ctl_process, auth),
	}, .nfields = 7 },
	{ MESSAGE(master_ctl_fault, master_ctl), .fields = {
		TEXT(master_ctl_fault, text),
	}, .nfields = 1 },
	{ MESSAGE(master_ctl_cert, master_ctl), .fields = {
		U64(master_ctl_cert, not_before_s),
		U64(master_ctl_cert, not_after_s),
		TEXT(master_ctl_cert, kind),
		TEXT(master_ctl_cert, names),
		TEXT(master_ctl_cert, use),
		TEXT(master_ctl_cert, file),
	}, .nfields = 6 },
	{ MESSAGE(master_ctl_peer, master_ctl), .fields = {
		U16(master_ctl_peer, index),
		U16(master_ctl_peer, count),
		U32(master_ctl_peer, pid),
	}, .nfields = 3 },
	{ MESSAGE(master_ctl_done, master_ctl), .fields = {
		ENUM(master_ctl_done, result, MASTER_CTL_RESULT_LAST),
	}, .nfields = 1 },
	{ MESSAGE(ctl_auth_ask, ctl_auth), .fields = {
		ENUM(ctl_auth_ask, service, SERVICE_LAST),
		TEXT(ctl_auth_ask, user),
		TEXT(ctl_auth_ask, pass),
		ADDR(ctl_auth_ask, rip),
		ADDR(ctl_auth_ask, lip),
	}, .nfields = 5 },
	{ MESSAGE(ctl_auth_flush, ctl_auth), .fields = {
		TEXT(ctl_auth_flush, user),
	}, .nfields = 1 },
	{ MESSAGE(ctl_auth_line, ctl_auth), .fields = {
		TEXT(ctl_auth_line, key),
		TEXT(ctl_auth_line, value),
	}, .nfields = 2 },
	{ MESSAGE(ctl_auth_done, ctl_auth), .fields = {
		ENUM(ctl_auth_done, result, CTL_AUTH_RESULT_LAST),
	}, .nfields = 1 },
	{ MESSAGE(ctl_auth_host, ctl_auth), .fields = {
		ADDR(ctl_auth_host, addr),
		ENUM(ctl_auth_host, mode, HOST_MODE_LAST),
		ENUM(ctl_auth_host, trouble, LOGIN_AUTH_TROUBLE_LAST),
		BOOL(ctl_auth_host, is_down),
		U32(ctl_auth_host, sessions),
		U32(ctl_auth_host, failures),
		U32(ctl_auth_host, since_s),
		U32(ctl_auth_host, next_ms),
	}, .nfields = 8 },
	{ MESSAGE(host_order, master_ctl), .fields = {
		ADDR(host_order, addr),
		ENUM(host_order, mode, HOST_MODE_LAST),
	}, .nfields = 2 },
};

const size_t nmessages = sizeof(messages) / sizeof(messages[0]);
