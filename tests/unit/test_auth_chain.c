/* auth_chain: from credentials through the passdbs to the answer. */
#include "auth_fixture.h"

static void
test_static(void **state)
{
	struct fixture *f = *state;

	passdb(f, ROUTE "nopassword=y destuser=%n@there port=1143 nodelay=y");
	start(f);
	plain(f, 7, "joe", "secret");
	assert_int_equal(f->said.n, 1);
	assert_int_equal(f->said.id, 7);
	assert_int_equal(f->said.type, LOGIN_AUTH_OK);
	assert_string_equal(f->said.route.user, "joe");
	assert_string_equal(f->said.route.destuser, "joe@there");
	assert_string_equal(f->said.route.pass, "secret");
	assert_int_equal(f->said.route.naddrs, 1);
	assert_int_equal(f->said.route.addrs[0].port, 1143);
	assert_true(f->said.route.has_nodelay);
	assert_int_equal(f->env.nopen, 0);
}

/* One static passdb, one login; what comes of it. */
static const struct {
	const char		*args, *user, *pass;
	int			 want;		/* code, or -1 for OK */
} single_cases[] = {
	{ ROUTE, "joe", "pw", -1 },
	{ ROUTE "password=pw", "joe", "pw", -1 },
	{ ROUTE "password=pw", "joe", "px", LOGIN_AUTH_CODE_CREDENTIALS },
	{ ROUTE "password=", "joe", "pw", LOGIN_AUTH_CODE_CREDENTIALS },
	{ ROUTE "password={SHA}zzz", "joe", "pw", LOGIN_AUTH_CODE_TEMP },
	{ ROUTE "password={NO}zzz", "joe", "pw", LOGIN_AUTH_CODE_TEMP },
	{ ROUTE "password={CRYPT}*", "joe", "pw", LOGIN_AUTH_CODE_TEMP },
	{ ROUTE "pass=x", "joe", "pw", LOGIN_AUTH_CODE_CREDENTIALS },
	{ ROUTE "pass=x password=pw", "joe", "pw", -1 },
	{ ROUTE "pass=x nopassword", "joe", "pw", -1 },
	{ ROUTE "port=0", "joe", "pw", LOGIN_AUTH_CODE_TEMP },
	{ ROUTE "ssl=yes", "joe", "pw", -1 },
	{ ROUTE "ssl=perhaps", "joe", "pw", LOGIN_AUTH_CODE_TEMP },
	{ ROUTE "ssl=yes starttls=yes", "joe", "pw", LOGIN_AUTH_CODE_TEMP },
	{ "proxy=y", "joe", "pw", LOGIN_AUTH_CODE_TEMP },
	{ "proxy=maybe host=10.0.0.1", "joe", "pw", LOGIN_AUTH_CODE_TEMP },
	{ "proxy=y host=127.1", "joe", "pw", LOGIN_AUTH_CODE_TEMP },
	{ "proxy=y host=169.254.1.1", "joe", "pw", LOGIN_AUTH_CODE_TEMP },
	{ "proxy=y host=192.0.2.1", "joe", "pw", LOGIN_AUTH_CODE_TEMP },
	{ "proxy=y host=192.0.2.1,10.0.0.1", "joe", "pw", -1 },
	{ "proxy_maybe=y host=192.0.2.1", "joe", "pw", LOGIN_AUTH_CODE_TEMP },
	{ "proxy_maybe=y host=10.0.0.1", "joe", "pw", -1 },
	{ "proxy=n host=10.0.0.1", "joe", "pw", LOGIN_AUTH_CODE_CREDENTIALS },
	{ "proxy=n host=10.0.0.1 password=pw", "joe", "pw",
	    LOGIN_AUTH_CODE_TEMP },
	{ "proxy=n host=10.0.0.1 password=pw", "joe", "px",
	    LOGIN_AUTH_CODE_CREDENTIALS },
	{ "proxy=n host=10.0.0.1 nopassword", "joe", "pw",
	    LOGIN_AUTH_CODE_TEMP },
	{ "nologin=y nopassword", "joe", "pw", LOGIN_AUTH_CODE_DISABLED },
	{ "nologin=y password=pw", "joe", "pw", LOGIN_AUTH_CODE_DISABLED },
	{ "nologin=y password=pw", "joe", "px", LOGIN_AUTH_CODE_CREDENTIALS },
	{ ROUTE "nologin=y", "joe", "pw", -1 },
	{ ROUTE "allow_nets=192.0.2.0/24", "joe", "pw", -1 },
	{ ROUTE "allow_nets=10.0.0.0/8", "joe", "pw",
	    LOGIN_AUTH_CODE_CREDENTIALS },
	{ ROUTE "destuser=%u", "joe%n", "pw", -1 },
	{ "proxy=y host=%d", "joe@10.0.0.9", "pw", -1 },
	{ "proxy=y host=%d", "joe@127.1", "pw", LOGIN_AUTH_CODE_TEMP },
};

static void
test_single(void **state)
{
	(void)state;
	for (size_t i = 0; i < UNIT_LENGTH(single_cases); i++) {
		struct fixture *f;
		void *fresh = NULL;
		int got;

		assert_int_equal(setup(&fresh), 0);
		f = fresh;
		f->settings.auth_worker_timeout_ms = 60;
		passdb(f, single_cases[i].args);
		start(f);
		plain(f, 1, single_cases[i].user, single_cases[i].pass);
		if (f->said.n == 0)
			wait_ms(f, 80);
		assert_int_equal(f->said.n, 1);
		got = f->said.type == LOGIN_AUTH_OK ? -1 :
		    f->said.fail.code;
		if (got != single_cases[i].want)
			fail_msg("case %zu: %d", i, got);
		assert_int_equal(f->env.nopen, 0);
		assert_int_equal(teardown(&fresh), 0);
	}
}

/* Slow hashes are verified by a worker; unknown users cost the same. */
static void
test_slow_hash(void **state)
{
	static const char *row[][2] = { { "host", "10.0.0.1" },
	    { "proxy", "Y" }, { "password",
	    "{CRYPT}$5$saltstring$yWBCwTL21biHTxrX6NBy."
	    "qC5AUs1.Ace6umi5TT2xOA" }, { NULL, NULL } };
	struct fixture *f = *state;

	passdb(f, NULL);
	start(f);
	add_worker(f);
	plain(f, 1, "nobody", "pw");
	fake_worker_say_found(&f->worker, AUTH_WORKER_NONE);
	settle(f);
	assert_int_equal(f->said.n, 1);
	plain(f, 1, "joe", "pw");
	row_is(f, row);
	assert_int_equal(f->worker.type, AUTH_WORKER_VERIFY);
	assert_string_equal(f->worker.verify.hash, row[2][1]);
	assert_string_equal(f->worker.verify.pass, "pw");
	fake_worker_say_verified(&f->worker, AUTH_WORKER_MATCH);
	settle(f);
	assert_int_equal(f->said.type, LOGIN_AUTH_OK);
	plain(f, 1, "joe", "pw");
	row_is(f, row);
	fake_worker_say_verified(&f->worker, AUTH_WORKER_MISMATCH);
	settle(f);
	said_fail(f, LOGIN_AUTH_CODE_CREDENTIALS);
	assert_int_equal(f->said.n, 3);
	plain(f, 1, "nobody", "px");
	fake_worker_say_found(&f->worker, AUTH_WORKER_NONE);
	settle(f);
	assert_int_equal(f->said.n, 3);
	assert_int_equal(f->worker.type, AUTH_WORKER_VERIFY);
	assert_string_equal(f->worker.verify.hash, "{CRYPT}$5$saltstring$");
	fake_worker_say_verified(&f->worker, AUTH_WORKER_MATCH);
	settle(f);
	said_fail(f, LOGIN_AUTH_CODE_CREDENTIALS);
	plain(f, 1, "joe", "pw");
	row_is(f, row);
	fake_worker_say_verified(&f->worker, AUTH_WORKER_BAD_HASH);
	settle(f);
	said_fail(f, LOGIN_AUTH_CODE_TEMP);
}

static void
resolved_is(struct fixture *f, const char *name, const char *address)
{
	struct auth_worker_resolved m = { .naddrs = 0 };

	assert_int_equal(f->worker.type, AUTH_WORKER_RESOLVE);
	assert_string_equal(f->worker.resolve.name, name);
	if (address != NULL) {
		m.naddrs = 1;
		assert_int_equal(netaddr_parse(&m.addrs[0], address,
		    strlen(address)), 0);
	}
	fake_worker_say_resolved(&f->worker, &m);
	settle(f);
}

static void
test_names(void **state)
{
	struct fixture *f = *state;
	char got[NETADDR_TEXT_MAX];

	passdb(f, "proxy=y host=a.example,10.0.0.2,b.example");
	start(f);
	add_worker(f);
	plain(f, 1, "joe", "pw");
	resolved_is(f, "a.example", "10.0.0.1");
	resolved_is(f, "b.example", "2001:db8::3");
	assert_int_equal(f->said.type, LOGIN_AUTH_OK);
	assert_int_equal(f->said.route.naddrs, 3);
	assert_string_equal(netaddr_text(&f->said.route.addrs[2], got),
	    "2001:db8::3");
	/* known for a while */
	plain(f, 1, "joe", "pw");
	assert_int_equal(f->said.n, 2);
	assert_int_equal(f->said.route.naddrs, 3);
	assert_int_equal(f->worker.ntasks, 2);
	/* one that is gone is left out, so is one that is ourselves */
	memset(&f->env.memo, 0, sizeof(f->env.memo));
	plain(f, 1, "joe", "pw");
	resolved_is(f, "a.example", NULL);
	resolved_is(f, "b.example", "192.0.2.1");
	assert_int_equal(f->said.type, LOGIN_AUTH_OK);
	assert_int_equal(f->said.route.naddrs, 1);
	/* hostip needs no resolver */
	f->settings.passdbs[0].driver = PASSDB_SQL;
	plain(f, 1, "joe", "pw");
	row_is(f, (const char *[][2]){ { "host", "a.example" },
	    { "proxy", "Y" }, { "hostip", "10.0.0.9" }, { NULL, NULL } });
	assert_int_equal(f->said.type, LOGIN_AUTH_OK);
	assert_string_equal(f->said.route.host, "a.example");
	assert_string_equal(netaddr_text(&f->said.route.addrs[0], got),
	    "10.0.0.9");
	plain(f, 1, "joe", "pw");
	row_is(f, (const char *[][2]){ { "host", "a.example" },
	    { "proxy", "Y" }, { NULL, NULL } });
	resolved_is(f, "a.example", NULL);
	said_fail(f, LOGIN_AUTH_CODE_TEMP);
}

/* Chains of static passdbs. */
static void
test_chain(void **state)
{
	struct fixture *f = *state;

	passdb(f, ROUTE "password=one");
	passdb(f, "proxy=y host=10.0.0.2 password=two");
	passdb(f, "nologin=y password=three reason=moved")->pass = true;
	start(f);
	plain(f, 1, "joe", "one");
	assert_string_equal(f->said.route.host, "10.0.0.1");
	plain(f, 1, "joe", "two");
	assert_string_equal(f->said.route.host, "10.0.0.2");
	plain(f, 1, "joe", "three");
	said_fail(f, LOGIN_AUTH_CODE_DISABLED);
	assert_string_equal(f->said.fail.reason, "moved");
	assert_string_equal(f->said.fail.user, "joe");
	plain(f, 1, "joe", "four");
	said_fail(f, LOGIN_AUTH_CODE_CREDENTIALS);
	assert_string_equal(f->said.fail.reason, "");
}

static void
test_deny_and_pass(void **state)
{
	struct fixture *f = *state;

	passdb(f, NULL)->deny = true;
	passdb(f, "password=pw user=Joe")->pass = true;
	passdb(f, ROUTE);
	start(f);
	add_worker(f);
	plain(f, 1, "joe", "pw");
	fake_worker_say_found(&f->worker, AUTH_WORKER_NONE);
	settle(f);
	assert_int_equal(f->said.type, LOGIN_AUTH_OK);
	assert_string_equal(f->said.route.user, "Joe");
	plain(f, 1, "joe", "pw");
	row_is(f, (const char *[][2]){ { "x", "y" }, { NULL, NULL } });
	said_fail(f, LOGIN_AUTH_CODE_CREDENTIALS);
	plain(f, 1, "joe", "pw");
	fake_worker_say_found(&f->worker, AUTH_WORKER_FAULT);
	settle(f);
	said_fail(f, LOGIN_AUTH_CODE_TEMP);
}

/* A database that is down is neither a success nor a wrong password. */
static void
test_fault_and_fallback(void **state)
{
	struct fixture *f = *state;

	passdb(f, NULL);
	passdb(f, "proxy=y host=10.0.0.2 password=pw");
	passdb(f, "proxy=y host=10.0.0.3 nopassword=y");
	start(f);
	add_worker(f);
	plain(f, 1, "joe", "pw");
	fake_worker_say_found(&f->worker, AUTH_WORKER_FAULT);
	settle(f);
	assert_int_equal(f->said.type, LOGIN_AUTH_OK);
	assert_string_equal(f->said.route.host, "10.0.0.2");
	plain(f, 1, "joe", "px");
	fake_worker_say_found(&f->worker, AUTH_WORKER_FAULT);
	settle(f);
	said_fail(f, LOGIN_AUTH_CODE_TEMP);
	plain(f, 1, "joe", "px");
	fake_worker_say_found(&f->worker, AUTH_WORKER_NONE);
	settle(f);
	assert_string_equal(f->said.route.host, "10.0.0.3");
}

/* 6.3 (i): unknown, wrong and blocked users are told the same. */
static void
test_equal_failures(void **state)
{
	struct fixture *f = *state;
	struct login_auth_fail unknown;

	passdb(f, NULL);
	start(f);
	add_worker(f);
	plain(f, 1, "joe", "pw");
	fake_worker_say_found(&f->worker, AUTH_WORKER_NONE);
	settle(f);
	unknown = f->said.fail;
	plain(f, 1, "joe", "pw");
	row_is(f, (const char *[][2]){ { "host", "10.0.0.1" },
	    { "proxy", "Y" }, { "password", "x" }, { NULL, NULL } });
	assert_memory_equal(&f->said.fail, &unknown, sizeof(unknown));
	plain(f, 1, "joe", "pw");
	row_is(f, (const char *[][2]){ { "host", "10.0.0.1" },
	    { "proxy", "Y" }, { "reason", "blocked" },
	    { "allow_nets", "10.0.0.1" }, { NULL, NULL } });
	assert_memory_equal(&f->said.fail, &unknown, sizeof(unknown));
}

#define T(fn)	cmocka_unit_test_setup_teardown(fn, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_static),
		cmocka_unit_test(test_single),
		T(test_slow_hash),
		T(test_names),
		T(test_chain),
		T(test_deny_and_pass),
		T(test_fault_and_fallback),
		T(test_equal_failures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
