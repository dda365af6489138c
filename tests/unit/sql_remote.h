/*
 * sql_remote: what the tests of drivers share that ask servers which are not
 * there, say nothing or hang up.
 */
#ifndef TESTS_UNIT_SQL_REMOTE_H
#define TESTS_UNIT_SQL_REMOTE_H

#include "unit.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include "auth-worker/sql_hosts.h"
#include "lib/clock.h"

/* The last question's row, and the last of its faults, if it has any. */
static struct sql_row row;
static struct auth_worker_fault fault;

/* A port of the loopback that is listened at, but for nobody. */
static inline int
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

/*
 * Asks by a connection that cannot come about; how long it took, in
 * milliseconds.  The password "hush" is in no fault's text.
 */
static inline uint64_t
ask_remote(const char *driver, const char *statement, const char *connect,
    uint64_t wait_ms)
{
	const struct sql_param param = { "joe", 3 };
	const uint64_t start_ms = clock_ms();
	const struct sql_query query = {
		.params = &param,
		.nparams = 1,
		.due_ms = start_ms + wait_ms,
	};
	struct sql_hosts source;
	char err[128];

	if (sql_hosts_init(&source, sql_driver_find(driver), connect,
	    statement, err, sizeof(err)) == -1)
		fail_msg("%s", err);
	assert_int_equal(sql_hosts_query(&source, &query, 0, &row),
	    AUTH_WORKER_FAULT);
	memset(&fault, 0, sizeof(fault));
	if (row.row.nfaults > 0)
		fault = row.row.faults[row.row.nfaults - 1];
	sql_hosts_clear(&source);
	assert_null(strstr(fault.text, "hush"));
	return clock_ms() - start_ms;
}

/* It was the connection that failed, and this is said of it. */
static inline void
expect_fault(const char *part)
{
	assert_true(row.row.nfaults > 0);
	assert_int_equal(fault.kind, AUTH_WORKER_FAULT_CONNECT);
	if (strstr(fault.text, part) == NULL)
		fail_msg("%s: not in: %s", part, fault.text);
}

#endif
