/*
 * The MySQL driver without a server: what it says of one that is not there,
 * says nothing or hangs up, and when.
 * Runs in: make check.
 * Hostile input: made here.
 * Never: ships in a program.
 */
#include "sql_remote.h"

static uint64_t
ask(const char *connect, uint64_t wait_ms)
{
	return ask_remote("mysql",
	    "SELECT host FROM proxy WHERE user = ?", connect, wait_ms);
}

static void
test_nobody_there(void **state)
{
	const int fds = unit_count_fds();

	(void)state;
	ask("host=/nonexistent/socket user=u password=hush", 5000);
	expect_fault("/nonexistent/socket");
	expect_fault("(2002)");
	ask("host=127.0.0.1 port=1 user=u password=hush", 5000);
	expect_fault("127.0.0.1");
	ask("host=/nonexistent/a host=/nonexistent/b password=hush", 5000);
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
	    "host=127.0.0.1 port=%u password=hush", port);
	/* Whole seconds: none more than was there. */
	assert_true(ask(connect, 1900) < 1900);
	expect_fault("no answer in time");
	(void)snprintf(connect, sizeof(connect), "host=127.0.0.1 port=%u "
	    "password=hush connect_timeout=1 read_timeout=1", port);
	assert_true(ask(connect, 60000) < 10000);
	expect_fault("");
	(void)close(fd);
}

static void
test_no_time(void **state)
{
	(void)state;
	/* Nobody was asked, so nobody is to blame. */
	assert_true(ask("host=127.0.0.1 port=1", 0) < 1000);
	assert_int_equal(row.row.nfaults, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nobody_there),
		cmocka_unit_test(test_silence_is_bounded),
		cmocka_unit_test(test_no_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
