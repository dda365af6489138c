/* auth_lookup: equal questions at the same time make one query. */
#include "auth_fixture.h"

#define ROW(host)	{ "password", NULL }, { "nopassword", "Y" }, \
			{ "host", host }, { "proxy", "Y" }, { NULL, NULL }
#define PASSWORD_ROW(pass)	{ "password", pass }, \
			{ "host", "10.0.0.1" }, { "proxy", "Y" }, \
			{ NULL, NULL }

typedef const char *row_columns[][2];

static int
setup_cached(void **state)
{
	struct fixture *f;

	if (setup(state) == -1)
		return -1;
	f = *state;
	f->settings.auth_cache_size_bytes = 65536;
	f->settings.auth_cache_ttl_ms = 60000;
	f->settings.auth_cache_negative_ttl_ms = 60000;
	f->settings.auth_cache_stale_ttl_ms = 60000;
	passdb(f, NULL);
	return 0;
}

static void
test_joined(void **state)
{
	struct fixture *f = *state;

	start(f);
	add_worker(f);
	for (uint32_t id = 1; id <= 100; id++)
		plain(f, id, "joe", "pw");
	assert_int_equal(f->worker.ntasks, 1);
	assert_int_equal(f->pool.nqueued, 0);
	row_is(f, (row_columns){ ROW("10.0.0.1") });
	assert_int_equal(f->said.n, 100);
	assert_int_equal(f->said.type, LOGIN_AUTH_OK);
	assert_int_equal(f->worker.ntasks, 1);
	assert_int_equal(f->env.nopen, 0);
	assert_int_equal(f->env.lookups.njoined, 99);
	/* Its failure is everybody's. */
	for (uint32_t id = 1; id <= 10; id++)
		plain(f, id, "jim", "pw");
	fake_worker_say_found(&f->worker, AUTH_WORKER_FAULT);
	settle(f);
	assert_int_equal(f->said.n, 110);
	said_fail(f, LOGIN_AUTH_CODE_TEMP);
	plain(f, 1, "jim", "pw");
	assert_int_equal(f->worker.ntasks, 3);
}

/* Without a cache each login asks for itself. */
static void
test_no_cache(void **state)
{
	struct fixture *f = *state;

	f->settings.auth_cache_size_bytes = 0;
	start(f);
	add_worker(f);
	plain(f, 1, "joe", "pw");
	plain(f, 2, "joe", "pw");
	assert_int_equal(f->pool.nqueued, 1);
	row_is(f, (row_columns){ ROW("10.0.0.1") });
	row_is(f, (row_columns){ ROW("10.0.0.1") });
	assert_int_equal(f->worker.ntasks, 2);
	assert_int_equal(f->said.n, 2);
}

static void
test_cancelled(void **state)
{
	struct fixture *f = *state;

	start(f);
	add_worker(f);
	for (uint32_t id = 1; id <= 4; id++)
		plain(f, id, "joe", "pw");
	auth_request_cancel(&f->map, 1);
	auth_request_cancel(&f->map, 3);
	row_is(f, (row_columns){ ROW("10.0.0.1") });
	assert_int_equal(f->said.n, 2);
	assert_int_equal(f->said.id, 4);
	/* Nobody waits any more: nothing comes of it. */
	plain(f, 1, "jim", "pw");
	plain(f, 2, "jim", "pw");
	auth_request_cancel(&f->map, 1);
	auth_request_cancel(&f->map, 2);
	assert_null(RB_ROOT(&f->env.lookups.flights));
	row_is(f, (row_columns){ ROW("10.0.0.1") });
	assert_int_equal(f->said.n, 2);
	plain(f, 1, "jim", "pw");
	assert_int_equal(f->worker.ntasks, 3);
}

static void
ask_from(struct auth_request_map *map, uint32_t id)
{
	struct login_auth_request m = { .has_initial = true, .mech = "PLAIN",
		.initial = { (const uint8_t *)"\0joe\0pw", 7 } };

	assert_int_equal(netaddr_parse(&m.rip, "192.0.2.7", 9), 0);
	assert_int_equal(netaddr_parse(&m.lip, "192.0.2.1", 9), 0);
	m.real_rip = m.rip;
	m.real_lip = m.lip;
	assert_int_equal(auth_exchange_open(map, id, &m), 0);
}

/* The login process that asked first is gone, that of another one is not. */
static void
test_other_process(void **state)
{
	struct fixture *f = *state;
	struct auth_request_map other;

	start(f);
	auth_request_map_init(&other, &f->env, f);
	ask_from(&other, 1);
	ask_from(&other, 2);
	plain(f, 3, "joe", "pw");
	assert_int_equal(other.lane.ntasks, 1);
	auth_request_cancel(&other, 1);
	assert_int_equal(other.lane.ntasks, 1);
	auth_request_cancel_all(&other);
	assert_int_equal(other.lane.ntasks, 0);
	assert_int_equal(f->map.lane.ntasks, 1);
	assert_int_equal(f->pool.nqueued, 1);
	/* And while a worker is at it. */
	memset(&other, 0xaa, sizeof(other));
	auth_request_map_init(&other, &f->env, f);
	add_worker(f);
	settle(f);
	ask_from(&other, 1);
	auth_request_cancel_all(&f->map);
	row_is(f, (row_columns){ ROW("10.0.0.1") });
	assert_int_equal(f->said.n, 1);
	assert_int_equal(f->said.id, 1);
	assert_int_equal(f->said.type, LOGIN_AUTH_OK);
	grant_map_clear(&other.grants);
}

/* A row that was asked for before the password was changed refuses nobody. */
static void
test_older_row(void **state)
{
	struct fixture *f = *state;

	start(f);
	add_worker(f);
	plain(f, 1, "joe", "old");
	plain(f, 2, "joe", "new");
	row_is(f, (row_columns){ PASSWORD_ROW("old") });
	assert_int_equal(f->said.n, 1);
	assert_int_equal(f->said.id, 1);
	assert_int_equal(f->said.type, LOGIN_AUTH_OK);
	row_is(f, (row_columns){ PASSWORD_ROW("new") });
	assert_int_equal(f->said.n, 2);
	assert_int_equal(f->said.id, 2);
	assert_int_equal(f->said.type, LOGIN_AUTH_OK);
	assert_int_equal(f->worker.ntasks, 2);
	/* One that waits for a worker is as good as one's own. */
	fake_worker_close(&f->worker);
	settle(f);
	plain(f, 3, "jim", "no");
	plain(f, 4, "jim", "no");
	add_worker(f);
	settle(f);
	row_is(f, (row_columns){ PASSWORD_ROW("yes") });
	assert_int_equal(f->said.n, 4);
	said_fail(f, LOGIN_AUTH_CODE_CREDENTIALS);
	assert_int_equal(f->worker.ntasks, 1);
}

/* They give up, and nothing is left of them. */
static void
test_timeouts(void **state)
{
	struct fixture *f = *state;

	f->settings.auth_request_timeout_ms = 30;
	start(f);
	add_worker(f);
	plain(f, 1, "joe", "pw");
	plain(f, 2, "joe", "pw");
	wait_ms(f, 60);
	assert_int_equal(f->said.n, 2);
	said_fail(f, LOGIN_AUTH_CODE_TEMP);
	assert_null(RB_ROOT(&f->env.lookups.flights));
	row_is(f, (row_columns){ ROW("10.0.0.1") });
	assert_int_equal(f->said.n, 2);
}

#define TEST(fn)	cmocka_unit_test_setup_teardown(fn, setup_cached, \
			    teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_joined),
		TEST(test_no_cache),
		TEST(test_cancelled),
		TEST(test_other_process),
		TEST(test_older_row),
		TEST(test_timeouts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
