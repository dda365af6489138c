/*
 * Every message of every contract: there and back, cut, overlong, over its
 * limits.
 * Runs in: make check.
 * Hostile input: made here.
 * Never: ships in a program.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ipc/auth_worker.h"
#include "ipc/login_auth.h"
#include "ipc/master_child.h"
#include "ipc/roles.h"
#include "lib/log.h"

/* How a message's fields are filled; each field takes the same share. */
enum share { SHARE_EMPTY, SHARE_SOME, SHARE_FULL, SHARES };

enum kind {
	KIND_TEXT,
	KIND_SPAN,
	KIND_ENUM,
	KIND_U8,
	KIND_U16,
	KIND_U32,
	KIND_BOOL,
	KIND_ADDR,
};

/* limit: longest text or span, largest value of an enum. */
struct field {
	enum kind	 kind;
	size_t		 off;
	size_t		 limit;
};

#define FIELDS_MAX	11

typedef void (*put_fn)(struct wire_writer *, const void *);
typedef int (*get_fn)(struct wire_reader *, void *);
/* What the table cannot say: counts and arrays. */
typedef void (*fill_fn)(void *, enum share);
typedef void (*same_fn)(const void *, const void *);

struct message {
	const char	*name;
	const struct channel_contract	*contract;
	size_t		 size;
	put_fn		 put;
	get_fn		 get;
	fill_fn		 fill;
	same_fn		 same;
	struct field	 fields[FIELDS_MAX];
	size_t		 nfields;
};

/* The same shape as every borrowed run of bytes in the contracts. */
struct span {
	const uint8_t	*data;
	size_t		 len;
};

static uint8_t span_bytes[CHANNEL_BODY_MAX];

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
CALLS(child_status)
CALLS(login_auth_request)
CALLS(login_auth_bytes)
CALLS(login_auth_route)
CALLS(login_auth_fail)
CALLS(login_auth_outcome)
CALLS(login_auth_session)
CALLS(auth_worker_lookup)
CALLS(auth_worker_verify)
CALLS(auth_worker_resolve)
CALLS(auth_worker_row)
CALLS(auth_worker_verified)
CALLS(auth_worker_resolved)
CALLS(auth_worker_probe)
CALLS(auth_worker_probed)

static void
fill_addr(struct netaddr *a, enum share share)
{
	memset(a, 0, sizeof(*a));
	a->family = share == SHARE_FULL ? NETADDR_V6 : NETADDR_V4;
	a->port = share == SHARE_EMPTY ? 0 : 65535;
	for (unsigned int i = 0; i < (share == SHARE_FULL ? 16u : 4u); i++)
		a->ip[i] = (uint8_t)(0xf0 + i);
}

static void
assert_same_addr(const struct netaddr *a, const struct netaddr *b)
{
	assert_int_equal(a->family, b->family);
	assert_int_equal(a->port, b->port);
	assert_memory_equal(a->ip, b->ip, sizeof(a->ip));
}

static void
fill_request(void *msg, enum share share)
{
	struct login_auth_request *m = msg;

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
}

static void
same_route(const void *a, const void *b)
{
	const struct login_auth_route *x = a, *y = b;

	assert_int_equal(x->naddrs, y->naddrs);
	for (unsigned int i = 0; i < x->naddrs; i++)
		assert_same_addr(&x->addrs[i], &y->addrs[i]);
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
#define BOOL(type, f)	{ KIND_BOOL, offsetof(struct type, f), 0 }
#define ADDR(type, f)	{ KIND_ADDR, offsetof(struct type, f), 0 }

static const struct message messages[] = {
	{ MESSAGE(master_settings_part, master_child), .fields = {
		SPAN(master_settings_part, data, MASTER_SETTINGS_PART_MAX),
	}, .nfields = 1 },
	{ MESSAGE(master_log_fallback, master_child), .fields = {
		ENUM(master_log_fallback, kind, LOG_FALLBACK_SYSLOG),
	}, .nfields = 1 },
	{ MESSAGE(master_listener, master_child), .fields = {
		BOOL(master_listener, is_tls),
		ADDR(master_listener, addr),
	}, .nfields = 2 },
	{ MESSAGE(master_peer, master_child), .fields = {
		U32(master_peer, pid),
	}, .nfields = 1 },
	{ MESSAGE(child_status, master_child), .fields = {
		U32(child_status, waiting),
		U32(child_status, sessions),
	}, .nfields = 2 },
	{ MESSAGE(login_auth_request, login_auth), .fields = {
		ENUM(login_auth_request, service, SERVICE_LAST),
		BOOL(login_auth_request, is_secured),
		U16(login_auth_request, attempt),
		TEXT(login_auth_request, mech),
		TEXT(login_auth_request, session),
		ADDR(login_auth_request, rip),
		ADDR(login_auth_request, lip),
	}, .nfields = 7, .fill = fill_request, .same = same_request },
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
	}, .nfields = 8, .fill = fill_route, .same = same_route },
	{ MESSAGE(login_auth_fail, login_auth), .fields = {
		ENUM(login_auth_fail, code, LOGIN_AUTH_CODE_LAST),
		TEXT(login_auth_fail, user),
		TEXT(login_auth_fail, reason),
	}, .nfields = 3 },
	{ MESSAGE(login_auth_outcome, login_auth), .fields = {
		ENUM(login_auth_outcome, result, LOGIN_AUTH_RESULT_LAST),
	}, .nfields = 1 },
	{ MESSAGE(login_auth_session, login_auth), .fields = {
		ENUM(login_auth_session, service, SERVICE_LAST),
		TEXT(login_auth_session, user),
		ADDR(login_auth_session, rip),
	}, .nfields = 3 },
	{ MESSAGE(auth_worker_lookup, auth_worker), .fields = {
		U8(auth_worker_lookup, passdb),
		ENUM(auth_worker_lookup, service, SERVICE_LAST),
		BOOL(auth_worker_lookup, is_secured),
		U32(auth_worker_lookup, skip_hosts),
		TEXT(auth_worker_lookup, user),
		TEXT(auth_worker_lookup, mech),
		TEXT(auth_worker_lookup, session),
		ADDR(auth_worker_lookup, rip),
		ADDR(auth_worker_lookup, lip),
		U16(auth_worker_lookup, attempt),
		TEXT(auth_worker_lookup, pass),
	}, .nfields = 11 },
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
};

#define NMESSAGES	(sizeof(messages) / sizeof(messages[0]))

/* Big enough for the largest of them. */
union any {
	struct auth_worker_row		 row;
	struct login_auth_route		 route;
	struct login_auth_request	 request;
	struct auth_worker_verify	 verify;
};

static union any one, other;
static uint8_t body[CHANNEL_BODY_MAX];

static void
fill_field(void *msg, const struct field *f, enum share share)
{
	static const uint32_t numbers[SHARES] = { 0, 0x01020304, UINT32_MAX };
	uint8_t *p = (uint8_t *)msg + f->off;
	struct span span = { NULL, 0 };

	switch (f->kind) {
	case KIND_TEXT:
		memset(p, 0, f->limit + 1);
		memset(p, 'Q', share == SHARE_EMPTY ? 0 :
		    share == SHARE_SOME ? 1 : f->limit);
		break;
	case KIND_SPAN:
		if (share != SHARE_EMPTY) {
			span.data = span_bytes;
			span.len = share == SHARE_SOME ? 1 : f->limit;
		}
		memcpy(p, &span, sizeof(span));
		break;
	case KIND_ENUM:
		*p = (uint8_t)(share == SHARE_FULL ? f->limit : share);
		break;
	case KIND_U8:
		*p = (uint8_t)numbers[share];
		break;
	case KIND_U16:
		memcpy(p, &(uint16_t){ (uint16_t)numbers[share] },
		    sizeof(uint16_t));
		break;
	case KIND_U32:
		memcpy(p, &numbers[share], sizeof(numbers[share]));
		break;
	case KIND_BOOL:
		*(bool *)(void *)p = share != SHARE_EMPTY;
		break;
	case KIND_ADDR:
		fill_addr((struct netaddr *)(void *)p, share);
		break;
	}
}

static void
assert_same_field(const void *a, const void *b, const struct field *f)
{
	const uint8_t *p = (const uint8_t *)a + f->off;
	const uint8_t *q = (const uint8_t *)b + f->off;
	struct span x, y;

	switch (f->kind) {
	case KIND_TEXT:
		assert_string_equal((const char *)p, (const char *)q);
		break;
	case KIND_SPAN:
		memcpy(&x, p, sizeof(x));
		memcpy(&y, q, sizeof(y));
		assert_int_equal(x.len, y.len);
		if (x.len != 0)
			assert_memory_equal(x.data, y.data, x.len);
		break;
	case KIND_ENUM:
	case KIND_U8:
	case KIND_BOOL:
		assert_memory_equal(p, q, 1);
		break;
	case KIND_U16:
		assert_memory_equal(p, q, sizeof(uint16_t));
		break;
	case KIND_U32:
		assert_memory_equal(p, q, sizeof(uint32_t));
		break;
	case KIND_ADDR:
		assert_same_addr((const struct netaddr *)(const void *)p,
		    (const struct netaddr *)(const void *)q);
		break;
	}
}

static void
fill(const struct message *m, enum share share)
{
	assert_true(m->size <= sizeof(one));
	memset(&one, 0, sizeof(one));
	memset(&other, 0xa5, sizeof(other));
	for (size_t i = 0; i < m->nfields; i++)
		fill_field(&one, &m->fields[i], share);
	if (m->fill != NULL)
		m->fill(&one, share);
}

/* Encodes `one` into body; its length. */
static size_t
encode(const struct message *m)
{
	struct wire_writer w;

	wire_writer_init(&w, body, sizeof(body));
	m->put(&w, &one);
	if (w.has_failed)
		fail_msg("%s: not encoded", m->name);
	return w.len;
}

/*
 * Decodes a copy whose last byte is the last of a heap block, so that ASan
 * and valgrind see each overrun.  What is borrowed lives until the next call.
 */
static int
decode(const struct message *m, const uint8_t *data, size_t len)
{
	static uint8_t *block;
	struct wire_reader r;
	uint8_t *copy;

	if (block == NULL)
		block = malloc(CHANNEL_BODY_MAX);
	assert_non_null(block);
	copy = block + CHANNEL_BODY_MAX - len;
	memcpy(copy, data, len);
	wire_reader_init(&r, copy, len);
	return m->get(&r, &other);
}

static void
test_there_and_back(void **state)
{
	const struct message *m;
	size_t len;

	(void)state;
	for (size_t i = 0; i < NMESSAGES; i++)
		for (int share = 0; share < SHARES; share++) {
			m = &messages[i];
			fill(m, (enum share)share);
			len = encode(m);
			assert_true(len <= m->contract->body_max);
			if (decode(m, body, len) == -1)
				fail_msg("%s: %d not decoded", m->name, share);
			for (size_t j = 0; j < m->nfields; j++)
				assert_same_field(&one, &other,
				    &m->fields[j]);
			if (m->same != NULL)
				m->same(&one, &other);
		}
}

static void
test_cut(void **state)
{
	const struct message *m;
	size_t len;

	(void)state;
	for (size_t i = 0; i < NMESSAGES; i++)
		for (int share = 0; share < SHARES; share++) {
			m = &messages[i];
			fill(m, (enum share)share);
			len = encode(m);
			for (size_t n = 0; n < len; n++)
				if (decode(m, body, n) == 0)
					fail_msg("%s: %zu of %zu bytes pass",
					    m->name, n, len);
		}
}

static void
test_one_byte_too_many(void **state)
{
	const struct message *m;
	size_t len;

	(void)state;
	for (size_t i = 0; i < NMESSAGES; i++)
		for (int share = 0; share < SHARES; share++) {
			m = &messages[i];
			fill(m, (enum share)share);
			len = encode(m);
			body[len] = 0;
			if (decode(m, body, len + 1) == 0)
				fail_msg("%s: a byte left over", m->name);
		}
}

/* A too small body makes the writer fail, whatever the size is. */
static void
test_no_room(void **state)
{
	const struct message *m;
	struct wire_writer w;
	size_t len;

	(void)state;
	for (size_t i = 0; i < NMESSAGES; i++) {
		m = &messages[i];
		fill(m, SHARE_SOME);
		len = encode(m);
		for (size_t n = 0; n < len; n++) {
			wire_writer_init(&w, body, n);
			m->put(&w, &one);
			assert_true(w.has_failed);
		}
	}
}

/* The text of this field alone is of Z; where it stands in the body. */
static uint8_t *
encode_text(const struct message *m, const struct field *f, size_t *len)
{
	uint8_t *text, *p = (uint8_t *)&one + f->off;

	fill(m, SHARE_SOME);
	memset(p, 'Z', f->limit);
	*len = encode(m);
	text = memmem(body, *len, p, f->limit);
	assert_non_null(text);
	assert_int_equal(text[-2] | text[-1] << 8, f->limit);
	return text;
}

static void
check_text(const struct message *m, const struct field *f)
{
	static const uint8_t bad[] = { 0, '\t', '\n', '\r', 0x1f, 0x7f };
	uint8_t *text;
	size_t len;

	text = encode_text(m, f, &len);
	assert_int_equal(decode(m, body, len), 0);
	for (size_t i = 0; i < sizeof(bad); i++) {
		text[f->limit / 2] = bad[i];
		if (decode(m, body, len) == 0)
			fail_msg("%s: byte %02x in text", m->name, bad[i]);
	}
	text[f->limit / 2] = 'Z';
	memmove(text + 1, text, len - (size_t)(text - body));
	text[-2] = (uint8_t)((f->limit + 1) & 0xff);
	text[-1] = (uint8_t)((f->limit + 1) >> 8);
	if (decode(m, body, len + 1) == 0)
		fail_msg("%s: a text over its limit", m->name);
}

static void
test_texts(void **state)
{
	(void)state;
	for (size_t i = 0; i < NMESSAGES; i++)
		for (size_t j = 0; j < messages[i].nfields; j++)
			if (messages[i].fields[j].kind == KIND_TEXT)
				check_text(&messages[i],
				    &messages[i].fields[j]);
}

static void
check_enum(const struct message *m, const struct field *f)
{
	uint8_t *p = (uint8_t *)&one + f->off;

	fill(m, SHARE_SOME);
	for (unsigned int value = 0; value <= UINT8_MAX; value++) {
		*p = (uint8_t)value;
		if ((decode(m, body, encode(m)) == 0) != (value <= f->limit))
			fail_msg("%s: value %u", m->name, value);
	}
}

static void
test_enums(void **state)
{
	(void)state;
	for (size_t i = 0; i < NMESSAGES; i++)
		for (size_t j = 0; j < messages[i].nfields; j++)
			if (messages[i].fields[j].kind == KIND_ENUM)
				check_enum(&messages[i],
				    &messages[i].fields[j]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_one_byte_too_many),
		cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_enums),
	};

	for (size_t i = 0; i < sizeof(span_bytes); i++)
		span_bytes[i] = (uint8_t)i;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
