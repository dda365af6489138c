/*
 * The PostgreSQL driver without a server: what it says of one that is not
 * there, says nothing or hangs up, and when.
 * Runs in: make check.
 * Hostile input: made here.
 * Never: ships in a program.
 */
#include "unit.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include "auth-worker/sql_hosts.h"
#include "lib/clock.h"

#define STATEMENT	"SELECT host FROM proxy WHERE name = $1"

static struct sql_hosts source;
static struct sql_row row;
static struct auth_worker_fault fault;

/* A port of the loopback that is listened at, but for nobody. */
static int
listen_at(uint16_t *port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t len = sizeof(sin);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_not_equal(fd, -1);
	assert_int_equal(bind(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sin, &len), 0);
	*port = ntohs(sin.sin_port);
	return fd;
}

/* How long the question took, in milliseconds. */
static uint64_t
ask(const char *connect, uint64_t wait_ms)
{
	const struct sql_param param = { "joe", 3 };
	const uint64_t start_ms = clock_ms();
	const struct sql_query query = {
		.params = &param,
		.nparams = 1,
		.due_ms = start_ms + wait_ms,
	};
	char err[128];

	if (sql_hosts_init(&source, sql_driver_find("pgsql"), connect,
	    STATEMENT, err, sizeof(err)) == -1)
		fail_msg("%s", err);
	assert_int_equal(sql_hosts_query(&source, &query, 0, &row),
	    AUTH_WORKER_FAULT);
	sql_hosts_clear(&source);
	assert_true(row.row.nfaults > 0);
	fault = row.row.faults[row.row.nfaults - 1];
	assert_int_equal(fault.kind, AUTH_WORKER_FAULT_CONNECT);
	assert_null(strstr(fault.text, "hush"));
	return clock_ms() - start_ms;
}

static void
expect_text(const char *part)
{
	if (strstr(fault.text, part) == NULL)
		fail_msg("%s: not in: %s", part, fault.text);
}

static void
test_nobody_there(void **state)
{
	const int fds = unit_count_fds();

	(void)state;
	ask("host=/nonexistent user=u password=hush", 5000);
	expect_text("/nonexistent/.s.PGSQL.5432");
	ask("host=127.0.0.1 port=1 user=u password=hush", 5000);
	expect_text("port 1 failed");
	ask("host=localhost port=1 user=u password=hush", 5000);
	expect_text("port 1 failed");
	ask("host=nosuch.invalid user=u password=hush", 5000);
	expect_text("host nosuch.invalid has no address");
	ask("host=/nonexistent/a host=/nonexistent/b password=hush user=u",
	    5000);
	expect_text("/nonexistent/b");
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
	expect_text("not connected in time");
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
	expect_text("/nonexistent/.s.PGSQL.5432");
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
