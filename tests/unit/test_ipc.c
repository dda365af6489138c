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
#include "ipc/ctl_auth.h"
#include "ipc/login_auth.h"
#include "ipc/master_tls.h"
#include "ipc_table.h"

/* Big enough for the largest of them. */
union any {
	struct auth_worker_row		 row;
	struct login_auth_route		 route;
	struct login_auth_request	 request;
	struct auth_worker_verify	 verify;
	struct ctl_auth_line		 line;
	struct master_signer		 signer;
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
	case KIND_U64:
		memcpy(p, &(uint64_t){ (uint64_t)numbers[share] << 32 |
		    numbers[share] }, sizeof(uint64_t));
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
	case KIND_U64:
		assert_memory_equal(p, q, sizeof(uint64_t));
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
	for (size_t i = 0; i < nmessages; i++)
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
	for (size_t i = 0; i < nmessages; i++)
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
	for (size_t i = 0; i < nmessages; i++)
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
	for (size_t i = 0; i < nmessages; i++) {
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
	for (size_t i = 0; i < nmessages; i++)
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
	for (size_t i = 0; i < nmessages; i++)
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
