/*
 * Certificates and keys as the master hands them out.
 * Runs in: make check.
 * Hostile input: sets that are cut, or that break their limits.
 * Never: ships in a program.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ipc/cert_set.h"
#include "ipc/key_set.h"

static uint8_t bytes[CERT_SET_CHAIN_MAX * 3];

static void
put_raw(struct wire_writer *w, const char *text)
{
	assert_true(w->len + strlen(text) <= w->size);
	memcpy(w->data + w->len, text, strlen(text));
	w->len += strlen(text);
}

static void
put_chain(struct wire_writer *w, uint16_t key, const char *pem)
{
	cert_set_put_key(w, key);
	cert_set_put_blob(w, strlen(pem));
	put_raw(w, pem);
}

/* The default with an alternative, and one for two names. */
static size_t
make_set(void)
{
	struct wire_writer w;

	wire_writer_init(&w, bytes, sizeof(bytes));
	cert_set_begin(&w);
	cert_set_put_blob(&w, 2);
	put_raw(&w, "CA");
	cert_set_put_blob(&w, 0);
	put_chain(&w, 9, "CLIENT");
	cert_set_put_count(&w, 2);
	put_chain(&w, 1, "ONE");
	put_chain(&w, 2, "ALT");
	cert_set_put_names(&w, 0);
	put_chain(&w, 3, "THREE");
	put_chain(&w, 0, "");
	cert_set_put_names(&w, 2);
	wire_put_text(&w, "a.example");
	wire_put_text(&w, "*.b.example");
	assert_false(w.has_failed);
	return w.len;
}

static void
test_read(void **state)
{
	char name[CERT_SET_NAME_MAX + 1];
	struct cert_set_entry e;
	struct cert_set_head head;
	struct wire_reader r;

	(void)state;
	cert_set_open(&r, bytes, make_set(), &head);
	assert_memory_equal(head.ca, "CA", head.ca_len);
	assert_int_equal(head.ca_len, 2);
	assert_null(head.host_ca);
	assert_int_equal(head.client.key, 9);
	assert_int_equal(head.nentries, 2);
	cert_set_entry(&r, &e);
	assert_int_equal(e.first.key, 1);
	assert_int_equal(e.first.pem_len, 3);
	assert_memory_equal(e.first.pem, "ONE", 3);
	assert_int_equal(e.alt.key, 2);
	assert_int_equal(e.nnames, 0);
	cert_set_entry(&r, &e);
	assert_null(e.alt.pem);
	assert_int_equal(e.nnames, 2);
	cert_set_name(&r, name);
	assert_string_equal(name, "a.example");
	cert_set_name(&r, name);
	assert_string_equal(name, "*.b.example");
	assert_int_equal(wire_end(&r), 0);
}

static bool
is_read(const uint8_t *data, size_t len)
{
	char name[CERT_SET_NAME_MAX + 1];
	struct cert_set_entry e;
	struct cert_set_head head;
	struct wire_reader r;

	cert_set_open(&r, data, len, &head);
	for (uint32_t i = 0; i < head.nentries && !r.has_failed; i++) {
		cert_set_entry(&r, &e);
		for (unsigned int k = 0; k < e.nnames; k++)
			cert_set_name(&r, name);
	}
	return wire_end(&r) == 0;
}

static void
test_cut(void **state)
{
	size_t len = make_set();
	uint8_t *copy;

	(void)state;
	assert_true(is_read(bytes, len));
	for (size_t n = 0; n < len; n++) {
		/* A block of its own, so that an overrun shows. */
		copy = malloc(n + 1);
		assert_non_null(copy);
		memcpy(copy, bytes, n);
		assert_false(is_read(copy, n));
		free(copy);
	}
}

/* A chain without a key's number, a number without a chain, too long ones. */
static void
test_unsound(void **state)
{
	struct cert_set_head head;
	struct cert_set_entry e;
	struct wire_reader r;
	struct wire_writer w;

	(void)state;
	wire_writer_init(&w, bytes, sizeof(bytes));
	put_chain(&w, 0, "PEM");
	wire_reader_init(&r, bytes, w.len);
	cert_set_entry(&r, &e);
	assert_true(r.has_failed);

	wire_writer_init(&w, bytes, sizeof(bytes));
	put_chain(&w, 1, "");
	wire_reader_init(&r, bytes, w.len);
	cert_set_entry(&r, &e);
	assert_true(r.has_failed);

	wire_writer_init(&w, bytes, sizeof(bytes));
	cert_set_put_key(&w, 1);
	cert_set_put_blob(&w, CERT_SET_CHAIN_MAX + 1);
	wire_reader_init(&r, bytes, sizeof(bytes));
	cert_set_entry(&r, &e);
	assert_true(r.has_failed);

	memset(bytes, 0, sizeof(bytes));
	cert_set_open(&r, bytes, sizeof(bytes), &head);
	assert_true(r.has_failed);
}

static void
test_keys(void **state)
{
	struct wire_reader r;
	struct wire_writer w;
	struct key_set_key k;
	size_t len;

	(void)state;
	wire_writer_init(&w, bytes, sizeof(bytes));
	key_set_begin(&w, 2);
	key_set_put(&w, 1, false, 3);
	put_raw(&w, "KEY");
	key_set_put(&w, 7, true, 5);
	put_raw(&w, "OTHER");
	len = w.len;
	assert_int_equal(key_set_open(&r, bytes, len), 2);
	key_set_next(&r, &k);
	assert_int_equal(k.key, 1);
	assert_false(k.is_client);
	assert_memory_equal(k.pem, "KEY", 3);
	key_set_next(&r, &k);
	assert_int_equal(k.key, 7);
	assert_true(k.is_client);
	assert_int_equal(k.pem_len, 5);
	assert_int_equal(wire_end(&r), 0);

	assert_int_equal(key_set_open(&r, bytes, len - 1), 2);
	key_set_next(&r, &k);
	key_set_next(&r, &k);
	assert_int_equal(wire_end(&r), -1);

	wire_writer_init(&w, bytes, sizeof(bytes));
	key_set_begin(&w, 1);
	key_set_put(&w, 1, false, KEY_SET_PEM_MAX + 1);
	(void)key_set_open(&r, bytes, sizeof(bytes));
	key_set_next(&r, &k);
	assert_true(r.has_failed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_unsound),
		cmocka_unit_test(test_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
