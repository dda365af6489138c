/*
 * The PostgreSQL driver without a server: what it says of one that is not
 * there, says nothing or hangs up, and when.
 * Runs in: make check.
 * Hostile input: made here.
 * Never: ships in a program.
 */
#include "sql_remote.h"

static uint64_t
ask(const char *connect, uint64_t wait_ms)
{
	return ask_remote("pgsql",
	    "SELECT host FROM proxy WHERE name = $1", connect, wait_ms);
}

static void
test_nobody_there(void **state)
{
	const int fds = unit_count_fds();

	(void)state;
	ask("host=/nonexistent user=u password=hush", 5000);
	expect_fault("/nonexistent/.s.PGSQL.5432");
	ask("host=127.0.0.1 port=1 user=u password=hush", 5000);
	expect_fault("port 1 failed");
	ask("host=localhost port=1 user=u password=hush", 5000);
	expect_fault("port 1 failed");
	ask("host=nosuch.invalid user=u password=hush", 5000);
	expect_fault("host nosuch.invalid has no address");
	ask("host=/nonexistent/a host=/nonexistent/b password=hush user=u",
	    5000);
	expect_fault("/nonexistent/b");
	assert_int_equal(unit_count_fds(), fds);
}

static void
test_silence_is_bounded(void **state)
{
	char connect[128];
	uint16_t port;
	int fd = listen_at(&port);

	(void)state;
	(void)snprintf(connect, sizeof(connect),
	    "host=127.0.0.1 port=%u user=u password=hush", port);
	assert_in_range(ask(connect, 300), 290, 5000);
	expect_fault("not connected in time");
	(void)snprintf(connect, sizeof(connect), "host=127.0.0.1 port=%u "
	    "user=u password=hush connect_timeout=1", port);
	assert_in_range(ask(connect, 60000), 990, 10000);
	(void)close(fd);
}

/* The library's own variables and files lead nowhere. */
static void
test_environment(void **state)
{
	char port_text[8];
	uint16_t port;
	int fd = listen_at(&port);

	(void)state;
	(void)snprintf(port_text, sizeof(port_text), "%u", port);
	assert_int_equal(setenv("PGHOSTADDR", "127.0.0.1", 1), 0);
	assert_int_equal(setenv("PGPORT", port_text, 1), 0);
	assert_int_equal(setenv("PGUSER", "u", 1), 0);
	assert_int_equal(setenv("PGSERVICE", "nosuch", 1), 0);
	assert_int_equal(setenv("PGSSLMODE", "nonsense", 1), 0);
	assert_true(ask("host=/nonexistent user=v", 5000) < 4000);
	expect_fault("/nonexistent/.s.PGSQL.5432");
	assert_null(getenv("PGPORT"));
	assert_null(getenv("PGSERVICE"));
	(void)close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nobody_there),
		cmocka_unit_test(test_silence_is_bounded),
		cmocka_unit_test(test_environment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
