/*
 * sql_hosts: which host is asked, for how long, and what is told of it.  The
 * database is played by the test, and so is the clock.
 */
#include "unit.h"

#include "auth-worker/sql_hosts.h"
#include "lib/clock.h"

#define BEGIN_MS	1000000
#define TIMEOUT_MS	27000

/* What a host does. */
enum play {
	PLAY_ANSWER,
	PLAY_REFUSE,	/* no connection */
	PLAY_SILENT,	/* no connection in time */
	PLAY_HANG,	/* connects, does not answer */
	PLAY_ERROR,	/* does not like the query */
	PLAY_LOST,	/* the connection breaks, the next one works */
	PLAY_MANY,
	PLAY_LONG,	/* a row beyond the limits */
};

struct host {
	enum play	 play;
	unsigned int	 nconnects, nqueries, nopen;
	bool		 is_gone;	/* is_current() says no */
	uint32_t	 answer_ms;	/* as was told last */
};

static struct host played[3];
static struct sql_hosts hosts;
static struct sql_row row;

static void
pass_to(uint64_t ms)
{
	assert_true(ms >= clock_ms());
	clock_set_for_test(ms);
}

static void *
fake_connect(const struct sql_target *target, const char *statement,
    uint64_t due_ms, struct sql_fault *fault)
{
	struct host *h = &played[target->host[0] - 'a'];

	assert_string_equal(statement, "SELECT");
	assert_non_null(target->words);
	h->nconnects++;
	h->answer_ms = target->answer_ms;
	if (h->play == PLAY_SILENT)
		pass_to(due_ms);
	if (h->play == PLAY_REFUSE || h->play == PLAY_SILENT) {
		sql_fault_set(fault, h->play == PLAY_REFUSE ?
		    SQL_FAULT_CONNECT : SQL_FAULT_DEADLINE, "%s\n is\t off",
		    target->host);
		return NULL;
	}
	h->nopen++;
	return h;
}

static bool
fake_is_current(void *conn)
{
	return !((struct host *)conn)->is_gone;
}

static enum auth_worker_found
fake_query(void *conn, const struct sql_query *q, struct sql_row *to,
    struct sql_fault *fault)
{
	struct host *h = conn;

	h->nqueries++;
	switch (h->play) {
	case PLAY_HANG:
		pass_to(q->due_ms);
		sql_fault_set(fault, SQL_FAULT_DEADLINE, "slow");
		return AUTH_WORKER_FAULT;
	case PLAY_ERROR:
		sql_fault_set(fault, SQL_FAULT_QUERY, "no such table");
		return AUTH_WORKER_FAULT;
	case PLAY_LOST:
		h->play = PLAY_ANSWER;
		sql_fault_set(fault, SQL_FAULT_CONNECT, "broken");
		return AUTH_WORKER_FAULT;
	case PLAY_MANY:
		return AUTH_WORKER_MANY;
	case PLAY_LONG:
		sql_fault_set(fault, SQL_FAULT_ROW, "too long");
		return AUTH_WORKER_UNUSABLE;
	case PLAY_ANSWER:
	case PLAY_REFUSE:
	case PLAY_SILENT:
		break;
	}
	assert_int_equal(sql_row_add(to, "host", "h", 1, fault), 0);
	return AUTH_WORKER_ONE;
}

static void
fake_close(void *conn)
{
	((struct host *)conn)->nopen--;
}

static const struct sql_driver driver = {
	.name = "pgsql",
	.connect = fake_connect,
	.is_current = fake_is_current,
	.query = fake_query,
	.close = fake_close,
};

static void
use(const char *connect)
{
	char err[128];

	sql_hosts_clear(&hosts);
	memset(played, 0, sizeof(played));
	clock_set_for_test(BEGIN_MS);
	assert_int_equal(sql_hosts_init(&hosts, &driver, connect, "SELECT",
	    err, sizeof(err)), 0);
}

static int
setup(void **state)
{
	(void)state;
	use("host=a host=b host=c");
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	sql_hosts_clear(&hosts);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(played[i].nopen, 0);
	clock_set_for_test(0);
	return 0;
}

/* Milliseconds that it took. */
static uint64_t
ask(uint32_t skip, enum auth_worker_found want)
{
	uint64_t began_ms = clock_ms();
	const struct sql_query query = { .due_ms = began_ms + TIMEOUT_MS };

	assert_int_equal(sql_hosts_query(&hosts, &query, skip, &row), want);
	assert_int_equal(row.row.found, want);
	assert_int_equal(row.row.ncolumns, want == AUTH_WORKER_ONE ? 1 : 0);
	return clock_ms() - began_ms;
}

static void
expect(uint8_t host, uint8_t nfaults)
{
	assert_int_equal(row.row.host, host);
	assert_int_equal(row.row.nfaults, nfaults);
}

static void
expect_fault(size_t i, uint8_t host, uint8_t kind, const char *text)
{
	assert_true(i < row.row.nfaults);
	assert_int_equal(row.row.faults[i].host, host);
	assert_int_equal(row.row.faults[i].kind, kind);
	assert_string_equal(row.row.faults[i].text, text);
}

static void
test_the_first(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(ask(0, AUTH_WORKER_ONE), 0);
		expect(0, 0);
	}
	assert_int_equal(played[0].nconnects, 1);
	assert_int_equal(played[0].nqueries, 3);
	assert_int_equal(played[1].nconnects, 0);
	/* A connection that leads nowhere any more is not even tried. */
	played[0].is_gone = true;
	assert_int_equal(ask(0, AUTH_WORKER_ONE), 0);
	assert_int_equal(played[0].nconnects, 2);
	assert_int_equal(played[0].nopen, 1);
}

/* One after the other, and what was wrong with each. */
static void
test_the_next(void **state)
{
	(void)state;
	played[0].play = PLAY_REFUSE;
	played[1].play = PLAY_SILENT;
	assert_int_equal(ask(0, AUTH_WORKER_ONE), SQL_HOSTS_SHARE_MS);
	expect(2, 2);
	expect_fault(0, 0, AUTH_WORKER_FAULT_CONNECT, "a is off");
	expect_fault(1, 1, AUTH_WORKER_FAULT_CONNECT, "b is off");
	/* Auth has learnt it. */
	assert_int_equal(ask(3, AUTH_WORKER_ONE), 0);
	expect(2, 0);
	assert_int_equal(played[0].nconnects, 1);
	assert_int_equal(played[2].nconnects, 1);
	/* The first one is back: so are we. */
	played[0].play = PLAY_ANSWER;
	assert_int_equal(ask(0, AUTH_WORKER_ONE), 0);
	expect(0, 0);
	assert_int_equal(played[2].nopen, 0);
}

/* A share for each but the last, which has what is left. */
static void
test_shares(void **state)
{
	(void)state;
	played[0].play = played[1].play = PLAY_HANG;
	assert_int_equal(ask(0, AUTH_WORKER_ONE), 2 * SQL_HOSTS_SHARE_MS);
	expect(2, 2);
	expect_fault(1, 1, AUTH_WORKER_FAULT_DEADLINE, "slow");
	assert_int_equal(played[0].answer_ms, SQL_HOSTS_SHARE_MS);
	assert_int_equal(played[2].answer_ms,
	    TIMEOUT_MS - 2 * SQL_HOSTS_SHARE_MS);
	played[2].play = PLAY_HANG;
	assert_int_equal(ask(0, AUTH_WORKER_FAULT), TIMEOUT_MS);
	expect(AUTH_WORKER_HOST_NONE, 3);
	/* Alone it has all the time, and a connection made for that. */
	played[0].play = PLAY_ANSWER;
	assert_int_equal(ask(0, AUTH_WORKER_ONE), 0);
	played[0].nconnects = 0;
	assert_int_equal(ask(6, AUTH_WORKER_ONE), 0);
	assert_int_equal(played[0].nconnects, 1);
	assert_int_equal(played[0].answer_ms, TIMEOUT_MS);
}

/* Nobody is there: five seconds are not over. */
static void
test_all_silent(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++)
		played[i].play = PLAY_SILENT;
	assert_int_equal(ask(0, AUTH_WORKER_FAULT), SQL_HOSTS_CONNECT_MS);
	expect(AUTH_WORKER_HOST_NONE, 3);
	use("host=a connect_timeout=9");
	played[0].play = PLAY_SILENT;
	assert_int_equal(ask(0, AUTH_WORKER_FAULT), 9000);
	use("host=a connect_timeout=0");
	played[0].play = PLAY_SILENT;
	assert_int_equal(ask(0, AUTH_WORKER_FAULT), TIMEOUT_MS);
}

/* Another host would refuse the query as well, or has the same rows. */
static void
test_not_the_hosts_fault(void **state)
{
	(void)state;
	played[0].play = PLAY_ERROR;
	assert_int_equal(ask(0, AUTH_WORKER_FAULT), 0);
	expect(0, 1);
	expect_fault(0, 0, AUTH_WORKER_FAULT_QUERY, "no such table");
	played[0].play = PLAY_MANY;
	assert_int_equal(ask(0, AUTH_WORKER_MANY), 0);
	expect(0, 0);
	played[0].play = PLAY_LONG;
	assert_int_equal(ask(0, AUTH_WORKER_UNUSABLE), 0);
	expect(0, 1);
	expect_fault(0, 0, AUTH_WORKER_FAULT_ROW, "too long");
	assert_int_equal(played[1].nconnects, 0);
}

/* An idle connection was cut: the same host once more. */
static void
test_lost(void **state)
{
	(void)state;
	assert_int_equal(ask(0, AUTH_WORKER_ONE), 0);
	played[0].play = PLAY_LOST;
	assert_int_equal(ask(0, AUTH_WORKER_ONE), 0);
	expect(0, 0);
	assert_int_equal(played[0].nconnects, 2);
	/* A new one that breaks is the host's fault. */
	sql_hosts_clear(&hosts);
	use("host=a host=b");
	played[0].play = PLAY_LOST;
	assert_int_equal(ask(0, AUTH_WORKER_ONE), 0);
	expect(1, 1);
	expect_fault(0, 0, AUTH_WORKER_FAULT_CONNECT, "broken");
}

static void
test_nobody_to_ask(void **state)
{
	(void)state;
	assert_int_equal(ask(7, AUTH_WORKER_FAULT), 0);
	expect(AUTH_WORKER_HOST_NONE, 0);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(played[i].nconnects, 0);
}

static int
probe(size_t host, enum play play, struct sql_fault *fault)
{
	const struct sql_query query = { .due_ms = clock_ms() + 2000 };

	played[host].play = play;
	return sql_hosts_probe(&hosts, host, &query, fault);
}

/* Besides the connection that there is. */
static void
test_probe(void **state)
{
	struct sql_fault fault;

	(void)state;
	assert_int_equal(ask(0, AUTH_WORKER_ONE), 0);
	assert_int_equal(probe(1, PLAY_ANSWER, &fault), 0);
	assert_int_equal(probe(0, PLAY_ANSWER, &fault), 0);
	assert_int_equal(played[0].nopen, 1);
	assert_int_equal(played[1].nopen, 0);
	assert_int_equal(probe(1, PLAY_MANY, &fault), 0);
	assert_int_equal(probe(1, PLAY_LONG, &fault), 0);
	assert_int_equal(probe(1, PLAY_ERROR, &fault), 0);
	assert_int_equal(probe(1, PLAY_REFUSE, &fault), -1);
	assert_int_equal(probe(1, PLAY_LOST, &fault), -1);
	assert_int_equal(probe(1, PLAY_HANG, &fault), -1);
	assert_int_equal(fault.kind, SQL_FAULT_DEADLINE);
	assert_int_equal(sql_hosts_probe(&hosts, 3,
	    &(struct sql_query){ .due_ms = clock_ms() + 2000 }, &fault), -1);
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_the_first),
		TEST(test_the_next),
		TEST(test_shares),
		TEST(test_all_silent),
		TEST(test_not_the_hosts_fault),
		TEST(test_lost),
		TEST(test_nobody_to_ask),
		TEST(test_probe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
