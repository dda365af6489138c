/* auth_gate: requests of those who have failed before are held back. */
#include "auth_fixture.h"

/* Shorter than PENALTY_FIRST_MS, so that each wait is of this length. */
#define HOLD_MS	250

/* One user with a password, who may log in; others are unknown. */
static void
begin(struct fixture *f, const char *args)
{
	f->settings.auth_penalty_max_ms = HOLD_MS;
	passdb(f, args);
	start(f);
}

static void
await(struct fixture *f, unsigned int n)
{
	uint64_t until = clock_ms() + 5000;

	while (f->said.n < n && clock_ms() < until)
		wait_ms(f, 1);
	assert_int_equal(f->said.n, n);
}

static void
test_held(void **state)
{
	struct fixture *f = *state;
	uint64_t start_ms;

	begin(f, ROUTE "password=pw");
	plain(f, 1, "joe", "wrong");
	said_fail(f, LOGIN_AUTH_CODE_CREDENTIALS);
	start_ms = clock_ms();
	/* Right or wrong, the address waits. */
	plain(f, 2, "joe", "pw");
	plain(f, 3, "ann", "wrong too");
	assert_int_equal(f->said.n, 1);
	assert_int_equal(auth_request_find(&f->map, 2)->state,
	    AUTH_REQUEST_HELD);
	await(f, 3);
	assert_true(clock_ms() - start_ms >= HOLD_MS - 1);
	assert_int_equal(f->env.nopen, 0);
	/* Names that nobody can have are guesses like others. */
	wait_ms(f, 2 * HOLD_MS);
	assert_int_equal(request_bytes(f, 4, "PLAIN", "\0\xff\0pw", 5), 0);
	settle(f);
	said_fail(f, LOGIN_AUTH_CODE_CREDENTIALS);
	plain(f, 5, "joe", "pw");
	assert_int_equal(f->said.n, 4);
	/* The client leaves; a timer that comes later finds nobody. */
	auth_request_cancel(&f->map, 5);
	wait_ms(f, HOLD_MS + 200);
	assert_int_equal(f->said.n, 4);
}

/* T-X10: "nodelay" in the row answers at once, the limits stay. */
static void
test_nodelay(void **state)
{
	struct fixture *f = *state;

	f->settings.auth_failure_delay_ms = 60000;
	begin(f, ROUTE "password=pw nodelay=y");
	plain(f, 1, "joe", "wrong");
	said_fail(f, LOGIN_AUTH_CODE_CREDENTIALS);
	plain(f, 2, "joe", "pw");
	assert_int_equal(f->said.n, 1);
	await(f, 2);
	assert_int_equal(f->said.type, LOGIN_AUTH_OK);
}

/* Nothing of a request that is held waits at a worker. */
static void
test_no_worker(void **state)
{
	struct fixture *f = *state;

	begin(f, NULL);
	add_worker(f);
	plain(f, 1, "joe", "wrong");
	fake_worker_say_found(&f->worker, AUTH_WORKER_NONE);
	settle(f);
	said_fail(f, LOGIN_AUTH_CODE_CREDENTIALS);
	f->worker.type = 0;
	plain(f, 2, "joe", "pw");
	plain(f, 3, "ann", "pw");
	assert_int_equal(f->worker.type, 0);
	assert_int_equal(f->pool.nqueued, 0);
	wait_ms(f, HOLD_MS + 200);
	assert_int_equal(f->worker.type, AUTH_WORKER_LOOKUP);
	/* A database that fails is no guess. */
	fake_worker_say_found(&f->worker, AUTH_WORKER_FAULT);
	settle(f);
	fake_worker_say_found(&f->worker, AUTH_WORKER_FAULT);
	settle(f);
	assert_int_equal(f->said.n, 3);
	wait_ms(f, 2 * HOLD_MS);
	plain(f, 4, "joe", "pw");
	assert_int_equal(f->worker.type, AUTH_WORKER_LOOKUP);
}

/* Only one is looked at, and that takes long: the others are told. */
static void
test_too_long(void **state)
{
	struct fixture *f = *state;

	begin(f, NULL);
	add_worker(f);
	for (uint32_t id = 0; id < 6; id++) {
		char user[16];

		(void)snprintf(user, sizeof(user), "user%u", id);
		plain(f, id, user, "wrong");
	}
	for (int i = 0; i < 6; i++) {
		fake_worker_say_found(&f->worker, AUTH_WORKER_NONE);
		settle(f);
	}
	assert_int_equal(f->said.n, 6);
	plain(f, 7, "joe", "pw");
	plain(f, 8, "ann", "pw");
	await(f, 7);
	said_fail(f, LOGIN_AUTH_CODE_PENALTY);
	assert_string_equal(f->said.fail.user, "ann");
	assert_non_null(auth_request_find(&f->map, 7));
	assert_null(auth_request_find(&f->map, 8));
}

/* The deadline of a request holds also for one that is held. */
static void
test_deadline(void **state)
{
	struct fixture *f = *state;

	f->settings.auth_request_timeout_ms = 100;
	f->settings.auth_failure_delay_ms = 50;
	begin(f, ROUTE "password=pw");
	f->env.gate.penalty.max_ms = 60000;
	plain(f, 1, "joe", "wrong");
	await(f, 1);
	plain(f, 2, "joe", "pw");
	await(f, 2);
	said_fail(f, LOGIN_AUTH_CODE_PENALTY);
	assert_int_equal(f->env.nopen, 0);
}

static void
outcome(struct fixture *f, uint32_t id, enum login_auth_result result)
{
	assert_int_equal(grant_outcome(&f->map.grants, id,
	    &(struct login_auth_outcome){ .result = (uint8_t)result,
	    .addr = LOGIN_AUTH_ADDR_NONE }), 0);
}

/* What the mail host says of a password counts like what a passdb says. */
static void
test_host_refuses(void **state)
{
	struct fixture *f = *state;

	begin(f, ROUTE "nopassword=y");
	f->keeps_grants = true;
	plain(f, 1, "joe", "wrong");
	assert_int_equal(f->said.type, LOGIN_AUTH_OK);
	outcome(f, 1, LOGIN_AUTH_REFUSED);
	plain(f, 2, "joe", "pw");
	assert_int_equal(f->said.n, 1);
	await(f, 2);
	outcome(f, 2, LOGIN_AUTH_LOGGED_IN);
	/* Forgiven, and nobody else's business. */
	plain(f, 3, "ann", "pw");
	assert_int_equal(f->said.n, 3);
	/* A host that is gone is nobody's fault. */
	outcome(f, 3, LOGIN_AUTH_HOST_FAILED);
	plain(f, 4, "ann", "pw");
	assert_int_equal(f->said.n, 4);
}

static void
test_trusted(void **state)
{
	struct fixture *f = *state;
	struct netaddr_net net;

	assert_int_equal(netaddr_net_parse(&net, "192.0.2.0/24", 12), 0);
	f->settings.login_trusted_networks.items = &net;
	f->settings.login_trusted_networks.n = 1;
	begin(f, ROUTE "password=pw");
	for (uint32_t id = 0; id < 50; id++) {
		char user[16];

		(void)snprintf(user, sizeof(user), "user%u", id);
		plain(f, id, user, "wrong");
	}
	assert_int_equal(f->said.n, 50);
}

#define T(fn)	cmocka_unit_test_setup_teardown(fn, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_held), T(test_nodelay), T(test_no_worker),
		T(test_too_long), T(test_deadline), T(test_host_refuses),
		T(test_trusted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
