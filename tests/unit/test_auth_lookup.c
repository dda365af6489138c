/* auth_lookup: what the cache answers, and when the database is asked. */
#include "auth_fixture.h"

#include <bsd/string.h>

#include "auth/cache_admin.h"

#define HOST(text)	{ "host", text }, { "proxy", "Y" }
#define NO_PASSWORD	{ "password", NULL }, { "nopassword", "Y" }
#define TTL_MS		60000u
#define BCRYPT	"{BLF-CRYPT}" \
	"$2b$05$abcdefghijklmnopqrstuuHIrMEWpUCQe2YqFR3sXwQ75u4od..9q"

typedef const char *row_columns[][2];

/* With a cache, one SQL passdb and a worker. */
static int
setup_cached(void **state)
{
	struct fixture *f;

	if (setup(state) == -1)
		return -1;
	f = *state;
	f->settings.auth_cache_size_bytes = 65536;
	f->settings.auth_cache_ttl_ms = TTL_MS;
	f->settings.auth_cache_negative_ttl_ms = TTL_MS;
	f->settings.auth_cache_stale_ttl_ms = TTL_MS;
	return 0;
}

static int
teardown_cached(void **state)
{
	int result = teardown(state);

	clock_set_for_test(0);
	return result;
}

static void
begin(struct fixture *f)
{
	passdb(f, NULL);
	start(f);
	add_worker(f);
}

/* It went to this host; asked: how many tasks there were so far. */
static void
goes_to(struct fixture *f, const char *host, unsigned int asked)
{
	char text[NETADDR_TEXT_MAX];

	assert_int_equal(f->said.type, LOGIN_AUTH_OK);
	assert_string_equal(netaddr_text(&f->said.route.addrs[0], text), host);
	assert_int_equal(f->worker.ntasks, asked);
}

static void
login(struct fixture *f, const char *user, const char *pass)
{
	static uint32_t id = 1000;

	f->said.type = 0;
	plain(f, ++id, user, pass);
}

static void
worker_says(struct fixture *f, enum auth_worker_found found)
{
	assert_int_equal(f->worker.type, AUTH_WORKER_LOOKUP);
	fake_worker_say_found(&f->worker, found);
	settle(f);
}

static void
worker_verified(struct fixture *f, enum auth_worker_match match)
{
	assert_int_equal(f->worker.type, AUTH_WORKER_VERIFY);
	fake_worker_say_verified(&f->worker, match);
	settle(f);
}

static void
later(unsigned int ms)
{
	clock_set_for_test(clock_ms() + ms);
}

/* A row and an unknown user are known for their time, each for itself. */
static void
test_hits(void **state)
{
	struct fixture *f = *state;

	begin(f);
	login(f, "joe", "pw");
	row_is(f, (row_columns){ NO_PASSWORD, HOST("10.0.0.1"),
	    { NULL, NULL } });
	goes_to(f, "10.0.0.1", 1);
	assert_string_equal(f->said.route.pass, "pw");
	login(f, "joe", "another");
	goes_to(f, "10.0.0.1", 1);
	assert_string_equal(f->said.route.pass, "another");
	login(f, "jim", "pw");
	worker_says(f, AUTH_WORKER_NONE);
	said_fail(f, LOGIN_AUTH_CODE_CREDENTIALS);
	login(f, "jim", "pw");
	said_fail(f, LOGIN_AUTH_CODE_CREDENTIALS);
	assert_int_equal(f->worker.ntasks, 2);
	later(TTL_MS);
	login(f, "jim", "pw");
	row_is(f, (row_columns){ NO_PASSWORD, HOST("10.0.0.2"),
	    { NULL, NULL } });
	goes_to(f, "10.0.0.2", 3);
	login(f, "joe", "pw");
	worker_says(f, AUTH_WORKER_NONE);
	said_fail(f, LOGIN_AUTH_CODE_CREDENTIALS);
	assert_int_equal(f->worker.ntasks, 4);
}

/* T-C4: nothing tells such rows apart. */
static void
test_no_variables(void **state)
{
	static char query[] = "SELECT host FROM t";
	struct fixture *f = *state;

	passdb(f, NULL)->sql_password_query = query;
	start(f);
	add_worker(f);
	for (unsigned int i = 1; i < 4; i++) {
		login(f, i == 1 ? "joe" : "jim", "pw");
		row_is(f, (row_columns){ NO_PASSWORD, HOST("10.0.0.1"),
		    { NULL, NULL } });
		goes_to(f, "10.0.0.1", i);
	}
}

/* T-D9: what is no answer is not kept, nor is what cannot be used. */
static void
test_faults(void **state)
{
	static const enum auth_worker_found faults[] = { AUTH_WORKER_FAULT,
	    AUTH_WORKER_MANY, AUTH_WORKER_UNUSABLE };
	struct fixture *f = *state;

	begin(f);
	for (size_t i = 0; i < UNIT_LENGTH(faults); i++) {
		login(f, "joe", "pw");
		worker_says(f, faults[i]);
		said_fail(f, LOGIN_AUTH_CODE_TEMP);
	}
	login(f, "joe", "pw");
	row_is(f, (row_columns){ NO_PASSWORD, HOST("x..y"), { NULL, NULL } });
	said_fail(f, LOGIN_AUTH_CODE_TEMP);
	login(f, "joe", "pw");
	row_is(f, (row_columns){ NO_PASSWORD, HOST("192.0.2.1"),
	    { NULL, NULL } });
	said_fail(f, LOGIN_AUTH_CODE_TEMP);
	login(f, "joe", "pw");
	row_is(f, (row_columns){ { "password", NULL }, { NULL, NULL } });
	said_fail(f, LOGIN_AUTH_CODE_CREDENTIALS);
	login(f, "joe", "pw");
	row_is(f, (row_columns){ { "password", "{NOSUCH}x" },
	    HOST("10.0.0.1"), { NULL, NULL } });
	said_fail(f, LOGIN_AUTH_CODE_TEMP);
	login(f, "joe", "pw");
	row_is(f, (row_columns){ { "password", "{PLAIN}pw" },
	    HOST("10.0.0.1"), { NULL, NULL } });
	goes_to(f, "10.0.0.1", 8);
}

/* T-C7 */
static void
test_changed_password(void **state)
{
	struct fixture *f = *state;

	begin(f);
	login(f, "joe", "old");
	row_is(f, (row_columns){ { "password", "old" }, HOST("10.0.0.1"),
	    { NULL, NULL } });
	goes_to(f, "10.0.0.1", 1);
	login(f, "joe", "old");
	goes_to(f, "10.0.0.1", 1);
	login(f, "joe", "new");
	row_is(f, (row_columns){ { "password", "new" }, HOST("10.0.0.2"),
	    { NULL, NULL } });
	goes_to(f, "10.0.0.2", 2);
	/* The old one is refused, by the database once. */
	for (int i = 0; i < 3; i++) {
		login(f, "joe", "old");
		if (i == 0)
			row_is(f, (row_columns){ { "password", "new" },
			    HOST("10.0.0.2"), { NULL, NULL } });
		said_fail(f, LOGIN_AUTH_CODE_CREDENTIALS);
		assert_int_equal(f->worker.ntasks, 3);
	}
	login(f, "joe", "new");
	goes_to(f, "10.0.0.2", 3);
	/* Another wrong one, and the change that comes right after it. */
	login(f, "joe", "wrong");
	row_is(f, (row_columns){ { "password", "new" }, HOST("10.0.0.2"),
	    { NULL, NULL } });
	said_fail(f, LOGIN_AUTH_CODE_CREDENTIALS);
	login(f, "joe", "newest");
	row_is(f, (row_columns){ { "password", "newest" }, HOST("10.0.0.2"),
	    { NULL, NULL } });
	goes_to(f, "10.0.0.2", 5);
}

/* A slow hash is computed once for a password that is right. */
static void
test_slow_hash(void **state)
{
	struct fixture *f = *state;

	begin(f);
	login(f, "joe", "pw");
	row_is(f, (row_columns){ { "password", BCRYPT }, HOST("10.0.0.1"),
	    { NULL, NULL } });
	worker_verified(f, AUTH_WORKER_MATCH);
	goes_to(f, "10.0.0.1", 2);
	for (int i = 0; i < 3; i++) {
		login(f, "joe", "pw");
		goes_to(f, "10.0.0.1", 2);
	}
	/* A wrong one costs its hash, and a question, but not another hash. */
	login(f, "joe", "px");
	worker_verified(f, AUTH_WORKER_MISMATCH);
	row_is(f, (row_columns){ { "password", BCRYPT }, HOST("10.0.0.1"),
	    { NULL, NULL } });
	said_fail(f, LOGIN_AUTH_CODE_CREDENTIALS);
	assert_int_equal(f->worker.ntasks, 4);
	/* The same again costs as much as somebody whom nobody knows. */
	login(f, "joe", "px");
	worker_verified(f, AUTH_WORKER_MISMATCH);
	said_fail(f, LOGIN_AUTH_CODE_CREDENTIALS);
	assert_int_equal(f->worker.ntasks, 5);
	/* It has taken nothing away, and an expired row knows it still. */
	login(f, "joe", "pw");
	goes_to(f, "10.0.0.1", 5);
	later(TTL_MS);
	login(f, "joe", "pw");
	row_is(f, (row_columns){ { "password", BCRYPT }, HOST("10.0.0.1"),
	    { NULL, NULL } });
	goes_to(f, "10.0.0.1", 6);
}

/* When the database fails an expired row serves, but refuses nobody. */
static void
test_expired(void **state)
{
	struct fixture *f = *state;

	begin(f);
	login(f, "jim", "pw");
	worker_says(f, AUTH_WORKER_NONE);
	login(f, "joe", "pw");
	row_is(f, (row_columns){ { "password", "pw" }, HOST("10.0.0.1"),
	    { NULL, NULL } });
	later(TTL_MS);
	login(f, "joe", "pw");
	worker_says(f, AUTH_WORKER_FAULT);
	goes_to(f, "10.0.0.1", 3);
	assert_int_equal(f->env.lookups.nexpired, 1);
	/* It is believed to be down for a moment: no need to ask. */
	login(f, "joe", "pw");
	goes_to(f, "10.0.0.1", 3);
	login(f, "joe", "px");
	said_fail(f, LOGIN_AUTH_CODE_TEMP);
	login(f, "jim", "pw");
	worker_says(f, AUTH_WORKER_FAULT);
	said_fail(f, LOGIN_AUTH_CODE_TEMP);
	later(AUTH_LOOKUP_DOWN_MS);
	login(f, "joe", "pw");
	assert_int_equal(f->worker.ntasks, 5);
	row_is(f, (row_columns){ { "password", "px" }, HOST("10.0.0.1"),
	    { NULL, NULL } });
	said_fail(f, LOGIN_AUTH_CODE_CREDENTIALS);
	/* A fresh row that refuses is not the last word either. */
	login(f, "joe", "py");
	worker_says(f, AUTH_WORKER_FAULT);
	said_fail(f, LOGIN_AUTH_CODE_TEMP);
	later(2 * TTL_MS);
	login(f, "joe", "px");
	worker_says(f, AUTH_WORKER_FAULT);
	said_fail(f, LOGIN_AUTH_CODE_TEMP);
}

/* Waits for an answer to the client; how long it took. */
static uint64_t
wait_said(struct fixture *f, unsigned int said, uint64_t most_ms)
{
	const uint64_t before = clock_ms();

	while (f->said.n == said && clock_ms() - before < most_ms) {
		later(1);
		wait_ms(f, 1);
	}
	return clock_ms() - before;
}

/* A slow database is not waited for where there is an expired row. */
static void
test_patience(void **state)
{
	struct fixture *f = *state;

	begin(f);
	login(f, "joe", "pw");
	row_is(f, (row_columns){ NO_PASSWORD, HOST("10.0.0.1"),
	    { NULL, NULL } });
	later(TTL_MS);
	login(f, "joe", "pw");
	assert_int_equal(f->said.n, 1);
	assert_in_range(wait_said(f, 1, 5000), AUTH_LOOKUP_PATIENCE_MS,
	    3 * AUTH_LOOKUP_PATIENCE_MS);
	goes_to(f, "10.0.0.1", 2);
	assert_int_equal(f->env.nopen, 0);
	/* Its late answer is for those who come then. */
	row_is(f, (row_columns){ NO_PASSWORD, HOST("10.0.0.2"),
	    { NULL, NULL } });
	login(f, "joe", "pw");
	goes_to(f, "10.0.0.2", 2);
}

/* Servers that say nothing to anybody are not waited for. */
static void
test_silence(void **state)
{
	static char driver[] = "pgsql";
	struct fixture *f = *state;
	unsigned int said;

	passdb(f, NULL)->sql_driver = driver;
	start(f);
	add_worker(f);
	login(f, "joe", "pw");
	said = f->said.n;
	assert_in_range(wait_said(f, said, 20000), AUTH_LOOKUP_SILENCE_MS,
	    2 * AUTH_LOOKUP_SILENCE_MS);
	said_fail(f, LOGIN_AUTH_CODE_TEMP);
	assert_int_equal(f->env.nopen, 0);
	/* Its late answer is for those who come then; task 2 is a probe. */
	row_is(f, (row_columns){ NO_PASSWORD, HOST("10.0.0.2"),
	    { NULL, NULL } });
	login(f, "joe", "pw");
	goes_to(f, "10.0.0.2", 2);
}

/* A file is waited for: it is this machine that takes its time. */
static void
test_no_silence_of_files(void **state)
{
	struct fixture *f = *state;

	begin(f);
	login(f, "joe", "pw");
	assert_int_equal(wait_said(f, f->said.n, 3 * AUTH_LOOKUP_SILENCE_MS),
	    3 * AUTH_LOOKUP_SILENCE_MS);
	row_is(f, (row_columns){ NO_PASSWORD, HOST("10.0.0.2"),
	    { NULL, NULL } });
	goes_to(f, "10.0.0.2", 1);
}

/* The mail host has refused, or is gone: the row is asked for again. */
static void
test_distrust(void **state)
{
	static const enum login_auth_result results[] = { LOGIN_AUTH_REFUSED,
	    LOGIN_AUTH_HOST_FAILED, LOGIN_AUTH_LOGGED_IN, LOGIN_AUTH_GONE };
	struct fixture *f = *state;
	unsigned int asked = 1;

	f->keeps_grants = true;
	begin(f);
	plain(f, 1, "joe", "pw");
	for (uint32_t i = 0; i < UNIT_LENGTH(results); i++) {
		if (f->worker.type == AUTH_WORKER_LOOKUP)
			row_is(f, (row_columns){ NO_PASSWORD,
			    HOST("10.0.0.1"), { NULL, NULL } });
		goes_to(f, "10.0.0.1", asked);
		assert_int_equal(grant_outcome(&f->map.grants, i + 1,
		    &(struct login_auth_outcome){ .result =
		    (uint8_t)results[i], .addr = LOGIN_AUTH_ADDR_NONE }), 0);
		asked += i < 2;
		plain(f, i + 2, "joe", "pw");
	}
	goes_to(f, "10.0.0.1", 3);
	grant_map_clear(&f->map.grants);
}

/* T-C5: the form that is looked up is the one that is flushed. */
static void
test_flush_user(void **state)
{
	static char format[] = "%Lu", query[] =
	    "SELECT host FROM t WHERE name = '%n' AND domain = '%Ud' "
	    "AND ip = '%r'";
	struct fixture *f = *state;
	unsigned int asked = 0;

	for (int is_lower = 0; is_lower < 2; is_lower++) {
		if (is_lower) {
			assert_int_equal(teardown(state), 0);
			assert_int_equal(setup_cached(state), 0);
			f = *state;
			f->settings.auth_username_format = format;
		}
		passdb(f, NULL)->sql_password_query = query;
		start(f);
		add_worker(f);
		login(f, "Joe@D", "pw");
		worker_says(f, AUTH_WORKER_NONE);
		login(f, "jim@d", "pw");
		worker_says(f, AUTH_WORKER_NONE);
		login(f, "joe@d", "pw");
		asked = is_lower ? 2 : 3;
		assert_int_equal(f->worker.ntasks, asked);
		if (!is_lower)
			worker_says(f, AUTH_WORKER_NONE);
		assert_int_equal(cache_admin_flush_user(&f->env.lookups,
		    &f->env.names, "nobody@d"), 0);
		assert_int_equal(cache_admin_flush_user(&f->env.lookups,
		    &f->env.names, "bad\tname"), 0);
		assert_int_equal(cache_admin_flush_user(&f->env.lookups,
		    &f->env.names, "JOE@d"), is_lower);
		assert_int_equal(cache_admin_flush_user(&f->env.lookups,
		    &f->env.names, "joe@d"), !is_lower);
		login(f, "joe@d", "pw");
		worker_says(f, AUTH_WORKER_NONE);
		login(f, "jim@d", "pw");
		assert_int_equal(f->worker.ntasks, asked + 1);
	}
	assert_int_equal(cache_admin_flush(&f->env.lookups), 2);
	login(f, "jim@d", "pw");
	assert_int_equal(f->worker.ntasks, asked + 2);
	worker_says(f, AUTH_WORKER_NONE);
}

/* An answer from before a flush is not kept. */
static void
test_flush_in_flight(void **state)
{
	char text[CACHE_ADMIN_STATUS_MAX];
	struct fixture *f = *state;

	begin(f);
	login(f, "joe", "pw");
	assert_int_equal(cache_admin_flush(&f->env.lookups), 0);
	row_is(f, (row_columns){ NO_PASSWORD, HOST("10.0.0.1"),
	    { NULL, NULL } });
	goes_to(f, "10.0.0.1", 1);
	login(f, "joe", "pw");
	row_is(f, (row_columns){ NO_PASSWORD, HOST("10.0.0.2"),
	    { NULL, NULL } });
	goes_to(f, "10.0.0.2", 2);
	cache_admin_status(&f->env.lookups, text);
	assert_non_null(strstr(text, "hits=0 misses=2 "));
	assert_non_null(strstr(text, " entries=1 negative_entries=0 "));
}

/* T-C3, T-C6: each passdb for itself, with all that its row says. */
static void
test_passdbs(void **state)
{
	struct fixture *f = *state;

	passdb(f, NULL);
	begin(f);
	login(f, "joe", "pw");
	row_is(f, (row_columns){ NO_PASSWORD, HOST("10.0.0.1"),
	    { "allow_nets", "10.0.0.0/8" }, { NULL, NULL } });
	row_is(f, (row_columns){ NO_PASSWORD, HOST("10.0.0.2"),
	    { NULL, NULL } });
	goes_to(f, "10.0.0.2", 2);
	login(f, "joe", "pw");
	goes_to(f, "10.0.0.2", 2);
}

/* A chain that goes on: nothing of the old row is left in the new one. */
static void
test_chain(void **state)
{
	struct fixture *f = *state;

	passdb(f, NULL)->pass = true;
	begin(f);
	login(f, "joe", "pw");
	row_is(f, (row_columns){ NO_PASSWORD, HOST("10.0.0.9"),
	    { "destuser", "one" }, { NULL, NULL } });
	row_is(f, (row_columns){ { "password", "pw" }, HOST("10.0.0.1"),
	    { "destuser", "two" }, { NULL, NULL } });
	goes_to(f, "10.0.0.1", 2);
	assert_string_equal(f->said.route.destuser, "two");
	login(f, "joe", "pw");
	goes_to(f, "10.0.0.1", 2);
	login(f, "joe", "px");
	row_is(f, (row_columns){ { "password", "px" }, { NULL, NULL } });
	goes_to(f, "10.0.0.9", 3);
	assert_string_equal(f->said.route.destuser, "one");
}

#define TEST(fn) \
	cmocka_unit_test_setup_teardown(fn, setup_cached, teardown_cached)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_hits),
		TEST(test_no_variables),
		TEST(test_faults),
		TEST(test_changed_password),
		TEST(test_slow_hash),
		TEST(test_expired),
		TEST(test_patience),
		TEST(test_silence),
		TEST(test_no_silence_of_files),
		TEST(test_distrust),
		TEST(test_flush_user),
		TEST(test_flush_in_flight),
		TEST(test_passdbs),
		TEST(test_chain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
