/* db_health: who is down, when it is asked again, and what the log says. */
#include "unit.h"

#include "auth/db_health.h"
#include "fake_worker.h"
#include "lib/clock.h"
#include "lib/log.h"

#define BEGIN_MS	1000000
/* A wait is at most a quarter longer or shorter than it says. */
#define SHORT(ms)	((ms) - (ms) / 4)
#define LONG(ms)	((ms) + (ms) / 4)

struct fixture {
	struct loop		*loop;
	struct settings		 settings;
	struct worker_pool	 pool;
	struct fake_worker	 worker;
	struct db_health	 health;
	uint64_t		 now_ms;
};

static char lines[16][512];
static size_t nlines;

static void
sink(void *arg, enum log_level level, const char *line)
{
	(void)arg;
	(void)level;
	if (nlines < UNIT_LENGTH(lines))
		(void)snprintf(lines[nlines], sizeof(lines[0]), "%s", line);
	nlines++;
}

static void
on_want(void *arg)
{
	(void)arg;
}

static void
on_hung(void *arg, uint32_t pid)
{
	(void)arg;
	(void)pid;
}

static char *
text(const char *s)
{
	return (char *)(uintptr_t)s;
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct settings_passdb *p;
	struct worker_pool_config c = { .count_max = 1,
		.timeout_ms = 30000, .idle_ms = 60000, .want = on_want,
		.hung = on_hung };

	if (f == NULL)
		return -1;
	f->now_ms = BEGIN_MS;
	clock_set_for_test(f->now_ms);
	log_init_sink("test", sink, NULL);
	nlines = 0;
	f->settings.npassdbs = 3;
	p = f->settings.passdbs;
	p[0].driver = PASSDB_STATIC;
	p[1].driver = p[2].driver = PASSDB_SQL;
	p[1].sql_driver = text("pgsql");
	p[1].sql_nhosts = 3;
	p[1].sql_hosts[0] = text("one");
	p[1].sql_hosts[1] = text("two");
	p[1].sql_hosts[2] = text("/three");
	p[2].sql_driver = text("mysql");
	p[2].sql_nhosts = 1;
	p[2].sql_hosts[0] = text("");
	f->loop = c.loop = loop_new();
	worker_pool_init(&f->pool, &c);
	fake_worker_open(&f->worker);
	worker_pool_add(&f->pool, f->worker.fd, 4711);
	db_health_init(&f->health, &f->settings, &f->pool, f->loop);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	db_health_clear(&f->health);
	worker_pool_clear(&f->pool);
	channel_free(f->worker.channel);
	loop_free(f->loop);
	clock_set_for_test(0);
	free(f);
	return 0;
}

static void
settle(struct fixture *f)
{
	for (int turn = 0; turn < 4; turn++) {
		loop_turn(f->loop, false);
		(void)fake_worker_look(&f->worker);
	}
}

/* Time goes on, with a tick at its end if the health wants one. */
static void
later(struct fixture *f, uint64_t ms)
{
	struct loop_timer *tick = &f->health.tick;

	f->now_ms += ms;
	clock_set_for_test(f->now_ms);
	if (tick->on != NULL) {
		loop_timer_stop(tick);
		tick->fn(tick->arg);
	}
	settle(f);
}

/* A fault of one host; of those that are slow another one has answered. */
static void
fault(struct fixture *f, unsigned int passdb, uint8_t host, uint8_t kind)
{
	const bool is_slow = kind == AUTH_WORKER_FAULT_DEADLINE;
	static struct auth_worker_row row;

	memset(&row, 0, sizeof(row));
	row.found = is_slow && passdb == 1 ? AUTH_WORKER_NONE :
	    AUTH_WORKER_FAULT;
	row.host = is_slow && passdb == 1 ? 2 : AUTH_WORKER_HOST_NONE;
	row.nfaults = 1;
	row.faults[0].host = host;
	row.faults[0].kind = kind;
	(void)snprintf(row.faults[0].text, sizeof(row.faults[0].text),
	    "fault \033[1m");
	db_health_note(&f->health, passdb, &row);
}

static void
answer(struct fixture *f, unsigned int passdb, uint8_t host)
{
	static struct auth_worker_row row;

	memset(&row, 0, sizeof(row));
	row.found = AUTH_WORKER_NONE;
	row.host = host;
	db_health_note(&f->health, passdb, &row);
}

/* The probe of this host is at the worker; what comes of it. */
static void
probed(struct fixture *f, uint8_t passdb, uint8_t host, bool is_ok)
{
	struct auth_worker_probed m = { .is_ok = is_ok };

	assert_int_equal(f->worker.type, AUTH_WORKER_PROBE);
	assert_int_equal(f->worker.probe.passdb, passdb);
	assert_int_equal(f->worker.probe.host, host);
	if (!is_ok)
		(void)snprintf(m.text, sizeof(m.text), "refused");
	fake_worker_say_probed(&f->worker, &m);
	settle(f);
}

/* The hosts that would be skipped by a question that is not put. */
static uint32_t
skipped(struct fixture *f, unsigned int passdb)
{
	uint64_t asked_ms = f->health.asked_ms[passdb];
	uint32_t skip = db_health_skip(&f->health, passdb);

	f->health.asked_ms[passdb] = asked_ms;
	return skip;
}

static bool
is_hopeless(const struct fixture *f, unsigned int passdb)
{
	return db_health_is_hopeless(&f->health, passdb);
}

static void
expect_line(size_t i, const char *part)
{
	if (i >= nlines || strstr(lines[i], part) == NULL)
		fail_msg("line %zu of %zu: %s", i, nlines, lines[i]);
	assert_null(strchr(lines[i], '\033'));
}

static void
test_all_is_well(void **state)
{
	struct fixture *f = *state;

	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(skipped(f, i), 0);
		assert_false(is_hopeless(f, i));
		answer(f, i, 0);
	}
	/* What a hostile worker may say of hosts that are not there. */
	fault(f, 0, 0, AUTH_WORKER_FAULT_CONNECT);
	fault(f, 1, 3, AUTH_WORKER_FAULT_CONNECT);
	answer(f, 1, 7);
	later(f, 60000);
	assert_null(f->health.tick.on);
	assert_int_equal(f->worker.ntasks, 0);
	assert_int_equal(nlines, 0);
}

/* Down, probed after a second, up again: two lines. */
static void
test_down_and_up(void **state)
{
	struct fixture *f = *state;
	char buf[DB_HEALTH_TEXT_MAX];

	answer(f, 1, 0);
	later(f, 5000);
	fault(f, 1, 0, AUTH_WORKER_FAULT_CONNECT);
	assert_int_equal(skipped(f, 1), 1);
	assert_false(is_hopeless(f, 1));
	assert_int_equal(nlines, 1);
	expect_line(0, "passdb 2 (pgsql) host one: down: no connection: "
	    "fault \\x1b[1m");
	assert_non_null(strstr(db_health_describe(&f->health, 1, 0, buf,
	    sizeof(buf)), "one: down for 0 s, asked again in "));
	assert_string_equal(db_health_describe(&f->health, 1, 2, buf,
	    sizeof(buf)), "/three: up");
	assert_string_equal(db_health_describe(&f->health, 2, 0, buf,
	    sizeof(buf)), "(default): up");
	assert_null(db_health_describe(&f->health, 1, 3, buf, sizeof(buf)));
	assert_null(db_health_describe(&f->health, 0, 0, buf, sizeof(buf)));
	later(f, SHORT(DB_HEALTH_FIRST_MS) - 1);
	assert_int_equal(f->worker.ntasks, 0);
	later(f, DB_HEALTH_FIRST_MS / 2 + 2);
	probed(f, 1, 0, true);
	assert_int_equal(skipped(f, 1), 0);
	assert_int_equal(nlines, 2);
	expect_line(1, "passdb 2 (pgsql) host one: up again after 1 s");
	later(f, 1000);
	later(f, 60000);
	assert_int_equal(f->worker.ntasks, 1);
	assert_null(f->health.tick.on);
}

/* Workers that had asked before it was known say the same again: no line. */
static void
test_others_confirm(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 30; i++)
		fault(f, 1, 1, i % 2 ? AUTH_WORKER_FAULT_CONNECT :
		    AUTH_WORKER_FAULT_DEADLINE);
	assert_int_equal(skipped(f, 1), 2);
	assert_int_equal(nlines, 1);
	/* An answer that comes late is one. */
	answer(f, 1, 1);
	assert_int_equal(skipped(f, 1), 0);
	assert_int_equal(nlines, 2);
}

/* The wait doubles up to 30 s, and is never longer: 60 s are the promise. */
static void
test_back_off(void **state)
{
	struct fixture *f = *state;
	uint64_t wait_ms = DB_HEALTH_FIRST_MS, waited_ms;

	fault(f, 1, 0, AUTH_WORKER_FAULT_CONNECT);
	for (int i = 0; i < 9; i++) {
		for (waited_ms = 0; f->worker.type == 0; waited_ms += 100)
			later(f, 100);
		assert_in_range(waited_ms, SHORT(wait_ms), LONG(wait_ms) + 100);
		probed(f, 1, 0, false);
		wait_ms = 2 * wait_ms > DB_HEALTH_LONGEST_MS ?
		    DB_HEALTH_LONGEST_MS : 2 * wait_ms;
	}
	assert_int_equal(f->worker.ntasks, 9);
	/* Some of the nine in ten seconds have no line. */
	assert_in_range(nlines, 5, 8);
	expect_line(nlines - 1, "no connection: refused");
	/* One that comes back without serving waits longer the next time. */
	while (f->worker.type == 0)
		later(f, 100);
	probed(f, 1, 0, true);
	later(f, DB_HEALTH_SLOW_MS);
	fault(f, 1, 0, AUTH_WORKER_FAULT_DEADLINE);
	assert_int_equal(skipped(f, 1), 1);
	assert_true(f->health.hosts[1][0].due_ms - f->now_ms >=
	    SHORT(DB_HEALTH_LONGEST_MS));
	while (f->worker.type == 0)
		later(f, 100);
	probed(f, 1, 0, true);
	answer(f, 1, 0);
	later(f, DB_HEALTH_SLOW_MS);
	fault(f, 1, 0, AUTH_WORKER_FAULT_DEADLINE);
	assert_true(f->health.hosts[1][0].due_ms - f->now_ms <=
	    LONG(DB_HEALTH_FIRST_MS));
}

/* All are down: nobody waits, and all are asked every two seconds. */
static void
test_all_down(void **state)
{
	struct fixture *f = *state;
	unsigned int nprobes = 0;

	fault(f, 1, 0, AUTH_WORKER_FAULT_CONNECT);
	for (int i = 0; i < 6; i++) {
		while (f->worker.type == 0)
			later(f, 100);
		probed(f, 1, 0, false);
	}
	assert_true(f->health.hosts[1][0].due_ms - f->now_ms > 20000);
	fault(f, 1, 1, AUTH_WORKER_FAULT_CONNECT);
	assert_false(is_hopeless(f, 1));
	fault(f, 1, 2, AUTH_WORKER_FAULT_CONNECT);
	assert_true(is_hopeless(f, 1));
	assert_int_equal(skipped(f, 1), 7);
	/* From time to time somebody tries, and nobody else meanwhile. */
	later(f, DB_HEALTH_TRY_MS);
	assert_false(is_hopeless(f, 1));
	assert_int_equal(skipped(f, 1), 0);
	assert_true(is_hopeless(f, 1));
	assert_int_equal(skipped(f, 1), 7);
	later(f, DB_HEALTH_TRYING_MS - 1);
	assert_true(is_hopeless(f, 1));
	fault(f, 1, 0, AUTH_WORKER_FAULT_CONNECT);
	later(f, DB_HEALTH_TRY_MS - 1);
	assert_true(is_hopeless(f, 1));
	later(f, 1);
	assert_false(is_hopeless(f, 1));
	while (f->worker.type != 0)
		probed(f, 1, f->worker.probe.host, false);
	fault(f, 1, 0, AUTH_WORKER_FAULT_CONNECT);
	/* The other passdb is none of it. */
	assert_false(is_hopeless(f, 2));
	for (int i = 0; i < 600; i++) {
		later(f, 100);
		while (f->worker.type != 0) {
			nprobes++;
			probed(f, 1, f->worker.probe.host, false);
		}
	}
	/* A minute, three hosts, about every two seconds. */
	assert_in_range(nprobes, 3 * 60000 / LONG(DB_HEALTH_URGENT_MS + 100),
	    3 * 60000 / SHORT(DB_HEALTH_URGENT_MS) + 6);
	/* A line in ten seconds for each. */
	assert_in_range(nlines, 3 * 5, 3 * 7 + 7);
	while (f->worker.type == 0)
		later(f, 100);
	probed(f, 1, f->worker.probe.host, true);
	assert_false(is_hopeless(f, 1));
}

/* T-D11: one user's query is slow, others are answered. */
static void
test_t_d11_slow_for_one(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 20; i++) {
		later(f, 100);
		answer(f, 1, 0);
	}
	fault(f, 1, 0, AUTH_WORKER_FAULT_DEADLINE);
	assert_int_equal(skipped(f, 1), 0);
	expect_line(0, "passdb 2 (pgsql) host one: too slow: fault");
	/* In doubt it is asked at once. */
	later(f, 100);
	probed(f, 1, 0, true);
	assert_int_equal(skipped(f, 1), 0);
	/* Nobody has heard of it for as long. */
	later(f, DB_HEALTH_SLOW_MS);
	fault(f, 1, 0, AUTH_WORKER_FAULT_DEADLINE);
	assert_int_equal(skipped(f, 1), 1);
}

/* T-D11: all hosts are slow for one user, one after the other. */
static void
test_t_d11_slow_everywhere(void **state)
{
	struct fixture *f = *state;
	static struct auth_worker_row row;

	memset(&row, 0, sizeof(row));
	row.found = AUTH_WORKER_FAULT;
	row.host = AUTH_WORKER_HOST_NONE;
	row.nfaults = 3;
	for (uint8_t i = 0; i < 3; i++) {
		row.faults[i].host = i;
		row.faults[i].kind = AUTH_WORKER_FAULT_DEADLINE;
	}
	db_health_note(&f->health, 1, &row);
	assert_int_equal(skipped(f, 1), 0);
	later(f, 100);
	for (uint8_t i = 0; i < 3; i++)
		probed(f, 1, i, true);
	assert_int_equal(skipped(f, 1), 0);
	assert_int_equal(nlines, 3);
}

/* A database on one host is not given up because it is slow. */
static void
test_slow_alone(void **state)
{
	struct fixture *f = *state;

	fault(f, 2, 0, AUTH_WORKER_FAULT_DEADLINE);
	assert_false(is_hopeless(f, 2));
	expect_line(0, "passdb 3 (mysql): too slow: fault");
	later(f, 100);
	probed(f, 2, 0, true);
	fault(f, 2, 0, AUTH_WORKER_FAULT_DEADLINE);
	later(f, 100);
	probed(f, 2, 0, false);
	assert_true(is_hopeless(f, 2));
	expect_line(1, "passdb 3 (mysql): down: no connection: refused");
}

/* No answer, and no fault either: somebody looks before the deadline. */
static void
test_silence(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(db_health_skip(&f->health, 2), 0);
	later(f, DB_HEALTH_SLOW_MS - 1);
	assert_int_equal(f->worker.ntasks, 0);
	answer(f, 2, 0);
	later(f, DB_HEALTH_SLOW_MS);
	assert_int_equal(f->worker.ntasks, 0);
	assert_null(f->health.tick.on);
	assert_int_equal(db_health_skip(&f->health, 2), 0);
	later(f, DB_HEALTH_SLOW_MS);
	probed(f, 2, 0, true);
	later(f, 100);
	assert_null(f->health.tick.on);
	assert_int_equal(db_health_skip(&f->health, 2), 0);
	later(f, DB_HEALTH_SLOW_MS);
	probed(f, 2, 0, false);
	assert_int_equal(nlines, 1);
	expect_line(0, "passdb 3 (mysql): down: no connection: refused");
	assert_int_equal(db_health_skip(&f->health, 1), 0);
	answer(f, 1, 0);
}

/* Files are looked at each time. */
static void
test_files_are_never_down(void **state)
{
	struct fixture *f = *state;

	f->settings.passdbs[2].sql_driver = text("sqlite");
	fault(f, 2, 0, AUTH_WORKER_FAULT_CONNECT);
	fault(f, 2, 0, AUTH_WORKER_FAULT_DEADLINE);
	assert_int_equal(skipped(f, 2), 0);
	assert_false(is_hopeless(f, 2));
	later(f, 100);
	assert_null(f->health.tick.on);
	assert_int_equal(nlines, 2);
	expect_line(0, "passdb 3 (sqlite): no connection: fault");
}

/* One connection of many breaks while others work. */
static void
test_broken_for_one(void **state)
{
	struct fixture *f = *state;

	answer(f, 1, 0);
	later(f, DB_HEALTH_BROKEN_MS - 1);
	fault(f, 1, 0, AUTH_WORKER_FAULT_CONNECT);
	assert_int_equal(skipped(f, 1), 0);
	answer(f, 1, 0);
	later(f, 100);
	assert_int_equal(f->worker.ntasks, 0);
	fault(f, 1, 0, AUTH_WORKER_FAULT_CONNECT);
	later(f, 100);
	probed(f, 1, 0, false);
	assert_int_equal(skipped(f, 1), 1);
}

/* The query's or the row's own faults: lines, at most one in ten seconds. */
static void
test_quiet_log(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 100; i++)
		fault(f, 2, 0, AUTH_WORKER_FAULT_QUERY);
	assert_int_equal(nlines, 1);
	expect_line(0, "passdb 3 (mysql): query failed: fault");
	later(f, DB_HEALTH_QUIET_MS);
	fault(f, 2, 0, AUTH_WORKER_FAULT_QUERY);
	assert_int_equal(nlines, 2);
	expect_line(1, "(and 99 before it)");
	fault(f, 2, 0, AUTH_WORKER_FAULT_ROW);
	assert_int_equal(nlines, 3);
	expect_line(2, "unusable row");
	later(f, 60000);
	assert_int_equal(f->worker.ntasks, 0);
	assert_false(is_hopeless(f, 2));
}

/* The worker that was to ask is gone, twice. */
static void
test_no_worker(void **state)
{
	struct fixture *f = *state;

	fault(f, 1, 0, AUTH_WORKER_FAULT_CONNECT);
	later(f, LONG(DB_HEALTH_FIRST_MS));
	assert_int_equal(f->worker.type, AUTH_WORKER_PROBE);
	fake_worker_close(&f->worker);
	for (int turn = 0; turn < 4; turn++)
		loop_turn(f->loop, false);
	fake_worker_open(&f->worker);
	worker_pool_add(&f->pool, f->worker.fd, 4712);
	settle(f);
	assert_int_equal(f->worker.type, AUTH_WORKER_PROBE);
	fake_worker_close(&f->worker);
	for (int turn = 0; turn < 4; turn++)
		loop_turn(f->loop, false);
	fake_worker_open(&f->worker);
	worker_pool_add(&f->pool, f->worker.fd, 4713);
	assert_int_equal(skipped(f, 1), 1);
	later(f, LONG(2 * DB_HEALTH_FIRST_MS));
	probed(f, 1, 0, true);
	assert_int_equal(skipped(f, 1), 0);
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_all_is_well),
		TEST(test_down_and_up),
		TEST(test_others_confirm),
		TEST(test_back_off),
		TEST(test_all_down),
		TEST(test_t_d11_slow_for_one),
		TEST(test_t_d11_slow_everywhere),
		TEST(test_slow_alone),
		TEST(test_silence),
		TEST(test_files_are_never_down),
		TEST(test_broken_for_one),
		TEST(test_quiet_log),
		TEST(test_no_worker),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
