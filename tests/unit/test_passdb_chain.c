/* passdb: chains of static and SQL passdbs, as the settings give them. */
#include "unit.h"

#include "auth/passdb.h"
#include "config/query.h"
#include "config/settings.h"
#include "config/var.h"

static void
static_is(const char *args, const char *user, const char *const want[][2])
{
	struct var_values v = { .user = user, .service = "imap" };
	char why[PASSDB_WHY_MAX], room[PASSDB_STATIC_ROW_MAX];
	struct passdb_chain chain;
	struct auth_worker_row row;
	struct settings s;

	memset(&s, 0, sizeof(s));
	s.npassdbs = 1;
	s.passdbs[0].driver = PASSDB_STATIC;
	s.passdbs[0].args = (char *)(uintptr_t)args;
	assert_int_equal(passdb_chain_init(&chain, &s, why), 0);
	assert_false(passdb_chain_needs_workers(&chain));
	assert_int_equal(passdb_static_row(&chain.dbs[0], &v, &row, room), 0);
	for (size_t i = 0; i < row.ncolumns; i++) {
		assert_non_null(want[i][0]);
		assert_string_equal(row.columns[i].name, want[i][0]);
		assert_int_equal(row.columns[i].len, strlen(want[i][1]));
		assert_memory_equal(row.columns[i].value, want[i][1],
		    row.columns[i].len);
	}
	assert_null(want[row.ncolumns][0]);
	passdb_chain_clear(&chain);
}

static void
test_static(void **state)
{
	(void)state;
	static_is("proxy=y host=10.0.0.1  nopassword", "joe",
	    (const char *const[][2]){ { "proxy", "y" },
	    { "host", "10.0.0.1" }, { "nopassword", "yes" }, { NULL, NULL } });
	static_is("static uid=5000 x=", "joe",
	    (const char *const[][2]){ { "static", "yes" }, { "uid", "5000" },
	    { "x", "" }, { NULL, NULL } });
	static_is("destuser=%Ln+%d%% a=b=c", "Joe@%u.org",
	    (const char *const[][2]){ { "destuser", "joe+%u.org%" },
	    { "a", "b=c" }, { NULL, NULL } });
	static_is("", "joe", (const char *const[][2]){ { NULL, NULL } });
}

static void
test_static_faults(void **state)
{
	static const char *const bad[] = { "=x", "host=%!", "host=%{nobody}",
	    "a=%" };
	char why[PASSDB_WHY_MAX], room[PASSDB_STATIC_ROW_MAX];
	char user[LOGIN_AUTH_USER_MAX + 1];
	struct var_values v = { .user = user, .service = "imap" };
	struct passdb_chain chain;
	struct auth_worker_row row;
	struct settings s;
	char args[200] = "";

	(void)state;
	memset(&s, 0, sizeof(s));
	s.npassdbs = 1;
	s.passdbs[0].driver = PASSDB_STATIC;
	for (size_t i = 0; i < UNIT_LENGTH(bad); i++) {
		s.passdbs[0].args = (char *)(uintptr_t)bad[i];
		assert_int_equal(passdb_chain_init(&chain, &s, why), -1);
		passdb_chain_clear(&chain);
	}
	/* More than a row may hold once the name is there. */
	for (size_t i = 0; i < 20; i++)
		(void)snprintf(args + i * 7, 8, "%c=%%u%%u ",
		    (char)('a' + i));
	memset(user, 'x', sizeof(user) - 1);
	user[sizeof(user) - 1] = '\0';
	s.passdbs[0].args = args;
	assert_int_equal(passdb_chain_init(&chain, &s, why), 0);
	assert_int_equal(chain.dbs[0].columns.ncolumns, 20);
	assert_int_equal(passdb_static_row(&chain.dbs[0], &v, &row, room), -1);
	passdb_chain_clear(&chain);
}

/* Auth knows what a query depends on, and has no use for a broken one. */
static void
test_sql(void **state)
{
	char why[PASSDB_WHY_MAX], driver[] = "mysql", query[64];
	struct passdb_chain chain;
	struct settings s;

	(void)state;
	memset(&s, 0, sizeof(s));
	s.npassdbs = 1;
	s.passdbs[0].driver = PASSDB_SQL;
	s.passdbs[0].sql_driver = driver;
	s.passdbs[0].sql_password_query = query;
	(void)snprintf(query, sizeof(query), "SELECT '%%u' AS user");
	assert_int_equal(passdb_chain_init(&chain, &s, why), 0);
	assert_true(passdb_chain_needs_workers(&chain));
	assert_int_equal(query_variables(chain.dbs[0].query), 1 << VAR_USER);
	passdb_chain_clear(&chain);
	(void)snprintf(query, sizeof(query), "SELECT '%%!'");
	assert_int_equal(passdb_chain_init(&chain, &s, why), -1);
	assert_non_null(strstr(why, "unknown variable"));
	passdb_chain_clear(&chain);
	driver[0] = 'x';
	assert_int_equal(passdb_chain_init(&chain, &s, why), -1);
	passdb_chain_clear(&chain);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_static),
		cmocka_unit_test(test_static_faults),
		cmocka_unit_test(test_sql),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
