/*
 * Messages that no writer of ours makes: counts, lengths and combinations
 * beyond the contracts.
 * Runs in: make check.
 * Hostile input: made here.
 * Never: ships in a program.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ipc/auth_worker.h"
#include "ipc/login_auth.h"
#include "ipc/master_child.h"
#include "ipc/roles.h"

static const struct netaddr address = {
	.family = NETADDR_V4,
	.port = 143,
	.ip = { 192, 0, 2, 1 },
};

static uint8_t span_bytes[CHANNEL_BODY_MAX];
static uint8_t body[CHANNEL_BODY_MAX];

/* Runs of bytes, longer by one than their limit, from a rude peer. */
static void
test_spans(void **state)
{
	struct master_settings_part part = { span_bytes, 0 };
	struct login_auth_bytes bytes = { span_bytes, 0 };
	struct wire_reader r;
	struct wire_writer w;

	(void)state;
	wire_writer_init(&w, body, sizeof(body));
	wire_put_bytes(&w, span_bytes, MASTER_SETTINGS_PART_MAX + 1);
	wire_reader_init(&r, body, w.len);
	assert_int_equal(master_settings_part_get(&r, &part), -1);
	wire_writer_init(&w, body, sizeof(body));
	wire_put_bytes(&w, span_bytes, LOGIN_AUTH_RESPONSE_MAX + 1);
	wire_reader_init(&r, body, w.len);
	assert_int_equal(login_auth_bytes_get(&r, &bytes), -1);

	part.len = MASTER_SETTINGS_PART_MAX + 1;
	wire_writer_init(&w, body, sizeof(body));
	master_settings_part_put(&w, &part);
	assert_true(w.has_failed);
	bytes.len = LOGIN_AUTH_RESPONSE_MAX + 1;
	wire_writer_init(&w, body, sizeof(body));
	login_auth_bytes_put(&w, &bytes);
	assert_true(w.has_failed);
}

static int
get_row(const struct wire_writer *w)
{
	static struct auth_worker_row row;
	struct wire_reader r;

	assert_false(w->has_failed);
	wire_reader_init(&r, body, w->len);
	return auth_worker_row_get(&r, &row);
}

static int
make_row(uint8_t found, uint16_t says, unsigned int has, size_t value_bytes)
{
	struct wire_writer w;

	wire_writer_init(&w, body, sizeof(body));
	wire_put_u8(&w, found);
	wire_put_u8(&w, AUTH_WORKER_HOST_NONE);
	wire_put_u8(&w, 0);
	wire_put_u16(&w, says);
	for (unsigned int i = 0; i < has; i++) {
		wire_put_text(&w, "name");
		wire_put_bool(&w, false);
		wire_put_bytes(&w, span_bytes, value_bytes);
	}
	return get_row(&w);
}

/* Columns go with one row and with nothing else, and not too many. */
static void
test_rows(void **state)
{
	const unsigned int max = AUTH_WORKER_COLUMNS_MAX;

	(void)state;
	assert_int_equal(make_row(AUTH_WORKER_ONE, 1, 1, 0), 0);
	assert_int_equal(make_row(AUTH_WORKER_ONE, 0, 0, 0), -1);
	assert_int_equal(make_row(AUTH_WORKER_NONE, 0, 0, 0), 0);
	assert_int_equal(make_row(AUTH_WORKER_NONE, 1, 1, 0), -1);
	assert_int_equal(make_row(AUTH_WORKER_MANY, 1, 1, 0), -1);
	assert_int_equal(make_row(AUTH_WORKER_FAULT, 1, 1, 0), -1);
	assert_int_equal(make_row(AUTH_WORKER_UNUSABLE, 1, 1, 0), -1);
	assert_int_equal(make_row(AUTH_WORKER_FOUND_LAST + 1, 0, 0, 0), -1);
	assert_int_equal(make_row(AUTH_WORKER_REFUSED, 0, 0, 0), 0);
	assert_int_equal(make_row(AUTH_WORKER_REFUSED, 1, 1, 9), 0);
	assert_int_equal(make_row(AUTH_WORKER_REFUSED, (uint16_t)(max + 1),
	    max + 1, 9), -1);
	assert_int_equal(make_row(AUTH_WORKER_ONE, (uint16_t)max, max, 9), 0);
	assert_int_equal(make_row(AUTH_WORKER_ONE, (uint16_t)(max + 1),
	    max + 1, 9), -1);
	assert_int_equal(make_row(AUTH_WORKER_ONE, UINT16_MAX, max, 9), -1);
	assert_int_equal(make_row(AUTH_WORKER_ONE, 2, 1, 9), -1);
	assert_int_equal(make_row(AUTH_WORKER_ONE, 1, 2, 9), -1);
	assert_int_equal(make_row(AUTH_WORKER_ONE, 1, 1,
	    AUTH_WORKER_VALUE_MAX), 0);
	assert_int_equal(make_row(AUTH_WORKER_ONE, 1, 1,
	    AUTH_WORKER_VALUE_MAX + 1), -1);
}

/* No row, with faults before it. */
static int
make_faults(uint8_t host, uint8_t says, unsigned int has, uint8_t fault_host,
    uint8_t kind)
{
	struct wire_writer w;

	wire_writer_init(&w, body, sizeof(body));
	wire_put_u8(&w, AUTH_WORKER_NONE);
	wire_put_u8(&w, host);
	wire_put_u8(&w, says);
	wire_put_u16(&w, 0);
	for (unsigned int i = 0; i < has; i++) {
		wire_put_u8(&w, fault_host);
		wire_put_u8(&w, kind);
		wire_put_text(&w, "no connection");
	}
	return get_row(&w);
}

static void
test_faults(void **state)
{
	const uint8_t max = AUTH_WORKER_FAULTS_MAX;

	(void)state;
	assert_int_equal(make_faults(0, 0, 0, 0, 0), 0);
	assert_int_equal(make_faults(AUTH_WORKER_HOST_NONE, 0, 0, 0, 0), 0);
	assert_int_equal(make_faults(AUTH_WORKER_HOSTS_MAX - 1, 0, 0, 0, 0),
	    0);
	assert_int_equal(make_faults(AUTH_WORKER_HOSTS_MAX, 0, 0, 0, 0), -1);
	assert_int_equal(make_faults(AUTH_WORKER_HOST_NONE - 1, 0, 0, 0, 0),
	    -1);
	assert_int_equal(make_faults(0, max, max, 0, 0), 0);
	assert_int_equal(make_faults(0, max + 1, max + 1u, 0, 0), -1);
	assert_int_equal(make_faults(0, max, max - 1u, 0, 0), -1);
	assert_int_equal(make_faults(0, 1, 2, 0, 0), -1);
	assert_int_equal(make_faults(0, 1, 1, AUTH_WORKER_HOSTS_MAX - 1,
	    AUTH_WORKER_FAULT_LAST), 0);
	assert_int_equal(make_faults(0, 1, 1, AUTH_WORKER_HOSTS_MAX, 0), -1);
	assert_int_equal(make_faults(0, 1, 1, AUTH_WORKER_HOST_NONE, 0), -1);
	assert_int_equal(make_faults(0, 1, 1, 0, AUTH_WORKER_FAULT_LAST + 1),
	    -1);
}

/* A host that is back needs no excuse. */
static void
test_probed(void **state)
{
	struct auth_worker_probed m = { .is_ok = true, .text = "why" };
	struct wire_reader r;
	struct wire_writer w;

	(void)state;
	wire_writer_init(&w, body, sizeof(body));
	auth_worker_probed_put(&w, &m);
	assert_true(w.has_failed);
	wire_writer_init(&w, body, sizeof(body));
	wire_put_bool(&w, true);
	wire_put_text(&w, "why");
	wire_reader_init(&r, body, w.len);
	assert_int_equal(auth_worker_probed_get(&r, &m), -1);
}

static int
make_resolved(bool is_temporary, uint8_t says, unsigned int has)
{
	struct auth_worker_resolved m;
	struct wire_reader r;
	struct wire_writer w;

	wire_writer_init(&w, body, sizeof(body));
	wire_put_bool(&w, is_temporary);
	wire_put_u8(&w, says);
	for (unsigned int i = 0; i < has; i++)
		wire_put_addr(&w, &address);
	wire_reader_init(&r, body, w.len);
	return auth_worker_resolved_get(&r, &m);
}

static void
test_resolved(void **state)
{
	const unsigned int max = LOGIN_AUTH_ADDRS_MAX;

	(void)state;
	assert_int_equal(make_resolved(false, 0, 0), 0);
	assert_int_equal(make_resolved(true, 0, 0), 0);
	assert_int_equal(make_resolved(true, 1, 1), -1);
	assert_int_equal(make_resolved(false, (uint8_t)max, max), 0);
	assert_int_equal(make_resolved(false, (uint8_t)max, max - 1), -1);
	assert_int_equal(make_resolved(false, (uint8_t)(max + 1), max + 1), -1);
}

static int
make_route(uint8_t says, unsigned int has, uint8_t down)
{
	static struct login_auth_route route;
	struct login_auth_host how;
	struct wire_reader r;
	struct wire_writer w;

	wire_writer_init(&w, body, sizeof(body));
	for (int i = 0; i < 4; i++)
		wire_put_text(&w, "text");
	wire_put_u8(&w, LOGIN_AUTH_WAY_PLAIN);
	wire_put_text(&w, "text");
	wire_put_u32(&w, 30000);
	wire_put_bool(&w, true);
	login_auth_host_init(&how);
	login_auth_host_put(&w, &how);
	wire_put_u32(&w, 2000);
	wire_put_bool(&w, false);
	wire_put_u8(&w, down);
	wire_put_u8(&w, says);
	for (unsigned int i = 0; i < has; i++)
		wire_put_addr(&w, &address);
	wire_put_u8(&w, LOGIN_AUTH_TLS_STARTTLS);
	wire_put_bool(&w, false);
	wire_put_text(&w, "mail.example");
	for (unsigned int i = 0; i < has; i++)
		wire_put_u8(&w, 0);
	wire_put_bytes(&w, "", 0);	/* forward */
	wire_reader_init(&r, body, w.len);
	return login_auth_route_get(&r, &route);
}

/* Names of addresses: each once, in its place. */
static void
test_route_names(void **state)
{
	static struct login_auth_tls t;
	char name[LOGIN_AUTH_NAME_MAX + 1], longest[LOGIN_AUTH_NAME_MAX + 2];

	(void)state;
	assert_string_equal(login_auth_tls_name(&t, 0, name), "");
	assert_int_equal(login_auth_tls_add(&t, 0, "a.example"), 0);
	assert_int_equal(login_auth_tls_add(&t, 1, "b.example"), 0);
	assert_int_equal(login_auth_tls_add(&t, 2, "a.example"), 0);
	assert_int_equal(login_auth_tls_add(&t, 3, "example"), 0);
	assert_string_equal(t.names, "a.example b.example example");
	assert_string_equal(login_auth_tls_name(&t, 0, name), "a.example");
	assert_string_equal(login_auth_tls_name(&t, 1, name), "b.example");
	assert_string_equal(login_auth_tls_name(&t, 2, name), "a.example");
	assert_string_equal(login_auth_tls_name(&t, 3, name), "example");
	t.word[4] = 7;
	assert_string_equal(login_auth_tls_name(&t, 4, name), "");
	assert_int_equal(login_auth_tls_add(&t, 5, ""), -1);
	memset(longest, 'x', sizeof(longest));
	longest[LOGIN_AUTH_NAME_MAX + 1] = '\0';
	assert_int_equal(login_auth_tls_add(&t, 5, longest), -1);
	longest[LOGIN_AUTH_NAME_MAX] = '\0';
	for (unsigned int i = 0; i < 3; i++, longest[0]++)
		assert_int_equal(login_auth_tls_add(&t, 5, longest), 0);
	assert_int_equal(login_auth_tls_add(&t, 5, longest), -1);
	longest[0]--;
	assert_string_equal(login_auth_tls_name(&t, 5, name), longest);
}

/* A route leads somewhere. */
static void
test_route(void **state)
{
	const unsigned int max = LOGIN_AUTH_ADDRS_MAX;

	(void)state;
	assert_int_equal(make_route(0, 0, 0), -1);
	assert_int_equal(make_route(1, 1, 1), 0);
	assert_int_equal(make_route(1, 1, 2), -1);
	assert_int_equal(make_route(1, 2, 0), -1);
	assert_int_equal(make_route((uint8_t)max, max, UINT8_MAX), 0);
	assert_int_equal(make_route((uint8_t)(max - 1), max - 1, UINT8_MAX),
	    -1);
	assert_int_equal(make_route((uint8_t)(max + 1), max + 1, 0), -1);
	assert_int_equal(make_route(UINT8_MAX, UINT8_MAX, 0), -1);
}

/* What is said to be down is somewhere. */
static void
test_host_down(void **state)
{
	const struct netaddr nowhere = { .family = NETADDR_NONE };
	struct login_auth_host_down m;
	struct wire_reader r;
	struct wire_writer w;

	(void)state;
	for (int i = 0; i < 2; i++) {
		wire_writer_init(&w, body, sizeof(body));
		wire_put_addr(&w, i == 0 ? &address : &nowhere);
		wire_put_bool(&w, true);
		wire_reader_init(&r, body, w.len);
		assert_int_equal(login_auth_host_down_get(&r, &m), -i);
	}
}

static int
make_request(bool has_initial, bool is_there)
{
	struct login_auth_request request;
	struct wire_reader r;
	struct wire_writer w;

	wire_writer_init(&w, body, sizeof(body));
	wire_put_u8(&w, SERVICE_POP3);
	wire_put_bool(&w, true);
	wire_put_bool(&w, has_initial);
	wire_put_u16(&w, 1);
	wire_put_text(&w, "PLAIN");
	wire_put_text(&w, "session");
	wire_put_text(&w, "");
	wire_put_bool(&w, false);	/* certificate: none */
	wire_put_bytes(&w, "", 0);
	wire_put_bytes(&w, "", 0);
	for (unsigned int i = 0; i < 4; i++)
		wire_put_addr(&w, &address);
	wire_put_bytes(&w, "", 0);	/* forward */
	if (is_there)
		wire_put_bytes(&w, "", 0);
	wire_reader_init(&r, body, w.len);
	return login_auth_request_get(&r, &request);
}

/* No initial response is not an empty one, and nothing hides there. */
static void
test_initial(void **state)
{
	(void)state;
	assert_int_equal(make_request(true, true), 0);
	assert_int_equal(make_request(false, false), 0);
	assert_int_equal(make_request(true, false), -1);
	assert_int_equal(make_request(false, true), -1);
}

static int
make_cert(bool is_verified, size_t len, size_t key_len)
{
	struct login_auth_cert cert = { .is_verified = is_verified,
	    .len = (uint8_t)len };
	struct wire_reader r;
	struct wire_writer w;
	int result;

	wire_writer_init(&w, body, sizeof(body));
	wire_put_bool(&w, is_verified);
	wire_put_bytes(&w, span_bytes, len);
	wire_put_bytes(&w, span_bytes, key_len);
	wire_reader_init(&r, body, w.len);
	login_auth_cert_get(&r, &cert);
	result = wire_end(&r);
	/* Nor is any of ours to be written. */
	cert.is_verified = is_verified;
	cert.len = (uint8_t)len;
	wire_writer_init(&w, body, sizeof(body));
	if (len == key_len && len <= LOGIN_AUTH_PRINT_MAX) {
		login_auth_cert_put(&w, &cert);
		assert_int_equal(w.has_failed, result == -1);
	}
	return result;
}

/* Fingerprints are as long as their hash, and both are there or none. */
static void
test_cert(void **state)
{
	(void)state;
	assert_int_equal(make_cert(false, 0, 0), 0);
	assert_int_equal(make_cert(true, 0, 0), -1);
	assert_int_equal(make_cert(false, 32, 32), 0);
	assert_int_equal(make_cert(true, 48, 48), 0);
	assert_int_equal(make_cert(true, 64, 64), 0);
	assert_int_equal(make_cert(false, 65, 65), -1);
	assert_int_equal(make_cert(false, 20, 20), -1);
	assert_int_equal(make_cert(false, 1, 1), -1);
	assert_int_equal(make_cert(false, 32, 48), -1);
	assert_int_equal(make_cert(false, 32, 0), -1);
	assert_int_equal(make_cert(false, 0, 32), -1);
}

static void
test_contracts(void **state)
{
	static const struct channel_contract *const all[] = {
		&master_child_contract, &login_auth_contract,
		&auth_worker_contract,
	};
	const size_t n = sizeof(all) / sizeof(all[0]);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		assert_true(all[i]->body_max <= CHANNEL_BODY_MAX);
		assert_true(all[i]->version > 0);
		for (size_t j = 0; j < i; j++) {
			assert_int_not_equal(all[i]->kind, all[j]->kind);
			assert_string_not_equal(all[i]->name, all[j]->name);
		}
	}
}

static void
test_names(void **state)
{
	(void)state;
	assert_string_equal(role_name(ROLE_ID_IMAP_LOGIN), "imap-login");
	assert_string_equal(role_name(ROLE_ID_AUTH_WORKER), "auth-worker");
	assert_string_equal(role_name((enum role_id)0), "unknown");
	assert_string_equal(role_name((enum role_id)99), "unknown");
	assert_string_equal(service_name(SERVICE_POP3), "pop3");
	assert_string_equal(service_name((enum service_id)9), "unknown");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spans),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_probed),
		cmocka_unit_test(test_resolved),
		cmocka_unit_test(test_route),
		cmocka_unit_test(test_host_down),
		cmocka_unit_test(test_route_names),
		cmocka_unit_test(test_initial),
		cmocka_unit_test(test_cert),
		cmocka_unit_test(test_contracts),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
