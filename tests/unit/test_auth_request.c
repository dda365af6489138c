/* auth_request: exchanges, delays, deadlines and the ends of requests. */
#include "auth_fixture.h"

/* Exchanges with their responses; no passdb is asked on a refusal. */
static void
test_exchanges(void **state)
{
	struct fixture *f = *state;
	struct login_auth_bytes m = { (const uint8_t *)"joe", 3 };

	passdb(f, NULL);
	start(f);
	assert_int_equal(request_bytes(f, 1, "LOGIN", NULL, 0), 0);
	assert_string_equal(f->said.challenge, "Username:");
	assert_int_equal(auth_exchange_continue(&f->map, 1, &m), 0);
	assert_string_equal(f->said.challenge, "Password:");
	assert_int_equal(auth_exchange_continue(&f->map, 1, &m), 0);
	assert_int_equal(f->pool.nqueued, 1);
	/* it asked for nothing */
	assert_int_equal(auth_exchange_continue(&f->map, 1, &m), -1);
	assert_int_equal(auth_exchange_continue(&f->map, 2, &m), -1);
	assert_int_equal(request_bytes(f, 1, "PLAIN", NULL, 0), -1);
	auth_request_cancel(&f->map, 1);
	auth_request_cancel(&f->map, 1);
	assert_int_equal(f->pool.nqueued, 0);
	assert_int_equal(f->env.nopen, 0);
	assert_int_equal(request_bytes(f, 1, "PLAIN", NULL, 0), 0);
	assert_string_equal(f->said.challenge, "");
	assert_int_equal(auth_exchange_continue(&f->map, 1, &m), 0);
	said_fail(f, LOGIN_AUTH_CODE_BAD);
	assert_int_equal(request_bytes(f, 1, "PLAIN", "", 0), 0);
	said_fail(f, LOGIN_AUTH_CODE_BAD);
	assert_int_equal(request_bytes(f, 1, "CRAM-MD5", NULL, 0), 0);
	said_fail(f, LOGIN_AUTH_CODE_MECH);
	f->settings.auth_mechanisms.n = 1;
	assert_int_equal(request_bytes(f, 1, "LOGIN", NULL, 0), 0);
	said_fail(f, LOGIN_AUTH_CODE_MECH);
	/* T-A3, T-I3, T-I1, T-A7 */
	assert_int_equal(request_bytes(f, 1, "PLAIN", "bob\0joe\0pw", 10), 0);
	said_fail(f, LOGIN_AUTH_CODE_AUTHZ);
	assert_int_equal(request_bytes(f, 1, "PLAIN", "\0joe\0pw\0tail", 12),
	    0);
	said_fail(f, LOGIN_AUTH_CODE_CREDENTIALS);
	plain(f, 1, "joe", "pw\r\nDELE 1");
	said_fail(f, LOGIN_AUTH_CODE_CREDENTIALS);
	plain(f, 1, "\xc3\x28", "pw");
	said_fail(f, LOGIN_AUTH_CODE_CREDENTIALS);
	assert_int_equal(f->pool.nqueued, 0);
	assert_int_equal(f->env.nopen, 0);
}

static void
test_sql(void **state)
{
	struct fixture *f = *state;

	passdb(f, NULL);
	start(f);
	add_worker(f);
	plain(f, 1, "joe", "pw");
	assert_string_equal(f->worker.lookup.user, "joe");
	assert_string_equal(f->worker.lookup.mech, "PLAIN");
	assert_string_equal(f->worker.lookup.session, "s1");
	row_is(f, (const char *[][2]){ { "password", NULL },
	    { "host", "10.0.0.1" }, { "destuser", "" }, { "proxy", "Y" },
	    { "nopassword", "Y" }, { "nologin", "Y" }, { NULL, NULL } });
	assert_int_equal(f->said.type, LOGIN_AUTH_OK);
	assert_string_equal(f->said.route.destuser, "joe");
	plain(f, 2, "joe", "pw");
	fake_worker_say_found(&f->worker, AUTH_WORKER_NONE);
	settle(f);
	said_fail(f, LOGIN_AUTH_CODE_CREDENTIALS);
	/* T-D4 */
	plain(f, 3, "joe", "pw");
	fake_worker_say_found(&f->worker, AUTH_WORKER_MANY);
	settle(f);
	said_fail(f, LOGIN_AUTH_CODE_TEMP);
	/* T-D9, T-D10 */
	plain(f, 4, "joe", "pw");
	fake_worker_say_found(&f->worker, AUTH_WORKER_FAULT);
	settle(f);
	said_fail(f, LOGIN_AUTH_CODE_TEMP);
	plain(f, 5, "joe", "pw");
	fake_worker_say_found(&f->worker, AUTH_WORKER_UNUSABLE);
	settle(f);
	said_fail(f, LOGIN_AUTH_CODE_TEMP);
	/* T-I4 */
	plain(f, 6, "joe", "pw");
	row_is(f, (const char *[][2]){ { "host", "10.0.0.1" },
	    { "destuser", "joe\r\nDELE 1" }, { "proxy", "Y" },
	    { NULL, NULL } });
	said_fail(f, LOGIN_AUTH_CODE_TEMP);
}

/* The delay counts from the credentials, whatever takes how long. */
static void
test_delay(void **state)
{
	struct fixture *f = *state;
	uint64_t begin;

	f->settings.auth_failure_delay_ms = 300;
	passdb(f, NULL);
	start(f);
	add_worker(f);
	begin = clock_ms();
	plain(f, 1, "joe", "pw");
	wait_ms(f, 20);
	fake_worker_say_found(&f->worker, AUTH_WORKER_NONE);
	settle(f);
	while (f->said.n == 0 && clock_ms() - begin < 5000)
		wait_ms(f, 1);
	/* Never earlier; how much later is for a busy machine to say. */
	assert_in_range(clock_ms() - begin, 299, 5000);
	said_fail(f, LOGIN_AUTH_CODE_CREDENTIALS);
	assert_int_equal(f->env.nopen, 0);
	/* one in its delay can be cancelled */
	plain(f, 1, "joe", "pw");
	fake_worker_say_found(&f->worker, AUTH_WORKER_NONE);
	settle(f);
	assert_int_equal(f->env.nopen, 1);
	auth_request_cancel(&f->map, 1);
	wait_ms(f, 320);
	assert_int_equal(f->said.n, 1);
	/* trouble does not wait, nor does a row with nodelay, nor a route */
	plain(f, 1, "joe", "pw");
	fake_worker_say_found(&f->worker, AUTH_WORKER_MANY);
	settle(f);
	assert_int_equal(f->said.n, 2);
	plain(f, 1, "joe", "pw");
	row_is(f, (const char *[][2]){ { "password", "x" },
	    { "nodelay", "Y" }, { NULL, NULL } });
	assert_int_equal(f->said.n, 3);
	said_fail(f, LOGIN_AUTH_CODE_CREDENTIALS);
	plain(f, 1, "joe", "pw");
	row_is(f, (const char *[][2]){ { "host", "10.0.0.1" },
	    { "proxy", "Y" }, { NULL, NULL } });
	assert_int_equal(f->said.n, 4);
	wait_ms(f, 320);
	assert_int_equal(f->said.n, 4);
}

static void
test_timeouts(void **state)
{
	struct fixture *f = *state;

	f->settings.auth_request_timeout_ms = 30;
	passdb(f, NULL);
	start(f);
	assert_int_equal(request_bytes(f, 1, "PLAIN", NULL, 0), 0);
	plain(f, 2, "joe", "pw");
	assert_int_equal(f->env.nopen, 2);
	wait_ms(f, 50);
	assert_int_equal(f->said.n, 3);
	said_fail(f, LOGIN_AUTH_CODE_TEMP);
	assert_int_equal(f->env.nopen, 0);
	assert_int_equal(f->pool.nqueued, 0);
}

/* T-A10: nothing of a first attempt is left for the second. */
static void
test_second_attempt(void **state)
{
	struct fixture *f = *state;

	passdb(f, ROUTE "password=right");
	start(f);
	plain(f, 1, "somebody-with-a-long-name", "a long wrong password");
	said_fail(f, LOGIN_AUTH_CODE_CREDENTIALS);
	plain(f, 1, "joe", "right");
	assert_int_equal(f->said.type, LOGIN_AUTH_OK);
	assert_string_equal(f->said.route.user, "joe");
	assert_string_equal(f->said.route.pass, "right");
	for (size_t i = 6; i < sizeof(f->said.route.pass); i++)
		assert_int_equal(f->said.route.pass[i], 0);
}

static void
test_too_many(void **state)
{
	struct fixture *f = *state;

	passdb(f, NULL);
	start(f);
	for (uint32_t id = 0; id < LOGIN_AUTH_OPEN_MAX; id++)
		assert_int_equal(request_bytes(f, id * 7919, "LOGIN", NULL,
		    0), 0);
	assert_int_equal(request_bytes(f, 1, "LOGIN", NULL, 0), -1);
	auth_request_cancel_all(&f->map);
	assert_int_equal(f->map.nopen, 0);
	f->env.nopen = AUTH_REQUESTS_MAX;
	assert_int_equal(request_bytes(f, 1, "LOGIN", NULL, 0), 0);
	said_fail(f, LOGIN_AUTH_CODE_TEMP);
	/* in a crowd those who have few get more, the others do not */
	f->env.nopen = AUTH_REQUESTS_CROWD;
	for (uint32_t id = 0; id < AUTH_REQUESTS_FEW; id++) {
		assert_int_equal(request_bytes(f, id, "LOGIN", NULL, 0), 0);
		assert_int_equal(f->said.type, LOGIN_AUTH_CHALLENGE);
	}
	assert_int_equal(request_bytes(f, AUTH_REQUESTS_FEW, "LOGIN", NULL,
	    0), 0);
	said_fail(f, LOGIN_AUTH_CODE_TEMP);
	auth_request_cancel_all(&f->map);
	f->env.nopen = 0;
}

#define T(fn)	cmocka_unit_test_setup_teardown(fn, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_exchanges),
		T(test_sql),
		T(test_delay),
		T(test_timeouts),
		T(test_second_attempt),
		T(test_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
