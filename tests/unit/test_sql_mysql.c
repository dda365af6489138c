/*
 * The MySQL driver without a server: what it says of one that is not there,
 * says nothing or hangs up, and when.
 * Runs in: make check.
 * Hostile input: made here.
 * Never: ships in a program.
 */
#include "unit.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include "auth-worker/sql_hosts.h"
#include "lib/clock.h"

#define STATEMENT	"SELECT host FROM proxy WHERE user = ?"

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

	if (sql_hosts_init(&source, sql_driver_find("mysql"), connect,
	    STATEMENT, err, sizeof(err)) == -1)
		fail_msg("%s", err);
	fault.text[0] = '\0';
	assert_int_equal(sql_hosts_query(&source, &query, 0, &row),
	    AUTH_WORKER_FAULT);
	memset(&fault, 0, sizeof(fault));
	if (row.row.nfaults > 0)
		fault = row.row.faults[row.row.nfaults - 1];
	sql_hosts_clear(&source);
	assert_null(strstr(fault.text, "hush"));
	return clock_ms() - start_ms;
}

static void
test_nobody_there(void **state)
{
	const int fds = unit_count_fds();

	(void)state;
	ask("host=/nonexistent/socket user=u password=hush", 5000);
	assert_int_equal(fault.kind, SQL_FAULT_CONNECT);
	assert_non_null(strstr(fault.text, "/nonexistent/socket"));
	assert_non_null(strstr(fault.text, "(2002)"));
	ask("host=127.0.0.1 port=1 user=u password=hush", 5000);
	assert_int_equal(fault.kind, SQL_FAULT_CONNECT);
	ask("host=/nonexistent/a host=/nonexistent/b password=hush", 5000);
	assert_non_null(strstr(fault.text, "/nonexistent/b"));
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
	assert_int_equal(fault.kind, SQL_FAULT_CONNECT);
	assert_non_null(strstr(fault.text, "no answer in time"));
	(void)snprintf(connect, sizeof(connect), "host=127.0.0.1 port=%u "
	    "password=hush connect_timeout=1 read_timeout=1", port);
	assert_true(ask(connect, 60000) < 10000);
	assert_int_equal(fault.kind, SQL_FAULT_CONNECT);
	close(fd);
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
