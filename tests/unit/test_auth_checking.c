/* auth_chain with a passdb that checks passwords itself (nginx-http). */
#include "auth_fixture.h"

#include <bsd/string.h>

static const char *const found[][2] = {
	{ "nopassword", "y" }, { "proxy", "y" }, { "host", "10.0.0.1" },
	{ "destuser", "j" }, { NULL, NULL },
};

static struct settings_passdb *
checking(struct fixture *f)
{
	struct settings_passdb *db = passdb(f, NULL);

	db->driver = PASSDB_NGINX_HTTP;
	db->args = (char *)(uintptr_t)"http://192.0.2.9/auth";
	return db;
}

static void
refusal_is(struct fixture *f, const char *name, const char *value)
{
	struct auth_worker_row row = { .found = AUTH_WORKER_REFUSED };
	struct auth_worker_column *c = &row.columns[0];

	if (name != NULL) {
		row.ncolumns = 1;
		(void)strlcpy(c->name, name, sizeof(c->name));
		c->value = (const uint8_t *)value;
		c->len = strlen(value);
	}
	assert_int_equal(f->worker.type, AUTH_WORKER_LOOKUP);
	fake_worker_say_row(&f->worker, &row);
	settle(f);
}

/* The password goes where it is checked, and nowhere else. */
static void
test_who_gets_the_password(void **state)
{
	struct fixture *f = *state;

	passdb(f, NULL);
	passdb(f, NULL)->driver = PASSDB_PASSWD_FILE;
	checking(f);
	start(f);
	add_worker(f);
	plain(f, 1, "joe", "secret");
	for (uint8_t i = 0; i < 3; i++) {
		assert_int_equal(f->worker.type, AUTH_WORKER_LOOKUP);
		assert_int_equal(f->worker.lookup.passdb, i);
		assert_int_equal(f->worker.lookup.attempt, 3);
		assert_string_equal(f->worker.lookup.pass,
		    i == 2 ? "secret" : "");
		if (i < 2)
			fake_worker_say_found(&f->worker, AUTH_WORKER_NONE);
		else
			row_is(f, (const char *(*)[2])(uintptr_t)found);
		settle(f);
	}
	assert_int_equal(f->said.type, LOGIN_AUTH_OK);
	assert_string_equal(f->said.route.destuser, "j");
	assert_string_equal(f->said.route.pass, "secret");
}

/* A refusal is a wrong password, alike for all, and its text stays here. */
static void
test_refused(void **state)
{
	struct fixture *f = *state;
	struct login_auth_fail first;

	checking(f);
	start(f);
	add_worker(f);
	plain(f, 1, "joe", "pw");
	refusal_is(f, NULL, NULL);
	said_fail(f, LOGIN_AUTH_CODE_CREDENTIALS);
	first = f->said.fail;
	plain(f, 1, "joe", "pw");
	refusal_is(f, "reason", "your account is gone");
	assert_memory_equal(&f->said.fail, &first, sizeof(first));
	plain(f, 1, "joe", "pw");
	refusal_is(f, "port", "70000");
	said_fail(f, LOGIN_AUTH_CODE_TEMP);
	plain(f, 1, "joe", "pw");
	fake_worker_say_found(&f->worker, AUTH_WORKER_FAULT);
	settle(f);
	said_fail(f, LOGIN_AUTH_CODE_TEMP);
}

/* A passdb that cannot know the password cannot refuse it. */
static void
test_refused_by_another(void **state)
{
	struct fixture *f = *state;

	passdb(f, NULL);
	start(f);
	add_worker(f);
	plain(f, 1, "joe", "pw");
	refusal_is(f, NULL, NULL);
	said_fail(f, LOGIN_AUTH_CODE_TEMP);
}

/* nodelay of a refusal holds; without it the client waits. */
static void
test_nodelay(void **state)
{
	struct fixture *f = *state;

	f->settings.auth_failure_delay_ms = 150;
	checking(f);
	start(f);
	add_worker(f);
	plain(f, 1, "joe", "pw");
	refusal_is(f, "nodelay", "y");
	assert_int_equal(f->said.n, 1);
	plain(f, 1, "joe", "pw");
	refusal_is(f, NULL, NULL);
	assert_int_equal(f->said.n, 1);
	wait_ms(f, 200);
	assert_int_equal(f->said.n, 2);
	said_fail(f, LOGIN_AUTH_CODE_CREDENTIALS);
}

/* Unknown users cost as much as those whose slow hash was seen. */
static void
test_dummy(void **state)
{
	static const char *row[][2] = { { "host", "10.0.0.1" },
	    { "proxy", "Y" }, { "password",
	    "{CRYPT}$5$saltstring$yWBCwTL21biHTxrX6NBy."
	    "qC5AUs1.Ace6umi5TT2xOA" }, { NULL, NULL } };
	struct fixture *f = *state;

	passdb(f, NULL)->driver = PASSDB_PASSWD_FILE;
	checking(f);
	start(f);
	add_worker(f);
	plain(f, 1, "joe", "pw");
	row_is(f, row);
	fake_worker_say_verified(&f->worker, AUTH_WORKER_MISMATCH);
	settle(f);
	refusal_is(f, NULL, NULL);
	said_fail(f, LOGIN_AUTH_CODE_CREDENTIALS);
	plain(f, 1, "nobody", "pw");
	fake_worker_say_found(&f->worker, AUTH_WORKER_NONE);
	settle(f);
	refusal_is(f, NULL, NULL);
	assert_int_equal(f->worker.type, AUTH_WORKER_VERIFY);
	fake_worker_say_verified(&f->worker, AUTH_WORKER_MISMATCH);
	settle(f);
	said_fail(f, LOGIN_AUTH_CODE_CREDENTIALS);
}

/* An earlier passdb did not answer: what was checked here counts. */
static void
test_after_a_fault(void **state)
{
	struct fixture *f = *state;

	passdb(f, NULL);
	checking(f);
	start(f);
	add_worker(f);
	plain(f, 1, "joe", "pw");
	fake_worker_say_found(&f->worker, AUTH_WORKER_FAULT);
	settle(f);
	row_is(f, (const char *(*)[2])(uintptr_t)found);
	assert_int_equal(f->said.type, LOGIN_AUTH_OK);
	plain(f, 1, "joe", "pw");
	fake_worker_say_found(&f->worker, AUTH_WORKER_FAULT);
	settle(f);
	refusal_is(f, NULL, NULL);
	said_fail(f, LOGIN_AUTH_CODE_TEMP);
}

#define T(fn)	cmocka_unit_test_setup_teardown(fn, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_who_gets_the_password),
		T(test_refused),
		T(test_refused_by_another),
		T(test_nodelay),
		T(test_dummy),
		T(test_after_a_fault),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
