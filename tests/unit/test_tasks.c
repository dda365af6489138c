/*
 * Tasks of a worker: queries from templates, faults and their log lines,
 * passwords, names.
 * Runs in: make check.
 * Hostile input: made here.
 * Never: ships in a program.
 */
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "auth-worker/resolver.h"
#include "auth-worker/tasks.h"
#include "config/query.h"
#include "config/settings.h"
#include "ipc/roles.h"
#include "lib/clock.h"
#include "lib/log.h"

static char dir[64], path[128];
static char driver[] = "sqlite", scheme[] = "PLAIN";
static char query[512];
static struct settings *settings;
static struct tasks *tasks;
static const struct auth_worker_row *row;

static char last_line[1024];
static unsigned int nlines;

static void
sink(void *arg, enum log_level level, const char *line)
{
	(void)arg;
	(void)level;
	(void)snprintf(last_line, sizeof(last_line), "%s", line);
	nlines++;
}

static void
execute(const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void
use(const char *text)
{
	(void)snprintf(query, sizeof(query), "%s", text);
	tasks_free(tasks);
	tasks = tasks_new(settings);
}

static int
setup(void **state)
{
	struct settings_passdb *p;

	(void)state;
	(void)snprintf(dir, sizeof(dir), "/tmp/test_tasks_XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/users.db", dir);
	execute("CREATE TABLE proxy (user, password, host, extra);"
	    "INSERT INTO proxy VALUES ('john', 'p', '192.0.2.1', 'x');"
	    "INSERT INTO proxy VALUES ('joe@example.org', 'q', 'h', '100%');"
	    "INSERT INTO proxy VALUES ('prejoe@example.org', 'r', 'h', 'y');"
	    "INSERT INTO proxy VALUES ('o''hara', 's', 'h', 'z');");
	settings = settings_new(0);
	settings->auth_worker_timeout_ms = 10000;
	settings->npassdbs = 2;
	settings->passdbs[0].driver = PASSDB_STATIC;
	p = &settings->passdbs[1];
	p->driver = PASSDB_SQL;
	p->sql_driver = driver;
	p->sql_connect = path;
	p->sql_password_query = query;
	p->sql_default_pass_scheme = scheme;
	log_init_sink("test", sink, NULL);
	nlines = 0;
	last_line[0] = '\0';
	use("SELECT password, host FROM proxy WHERE user = '%u'");
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	clock_set_for_test(0);
	tasks_free(tasks);
	tasks = NULL;
	settings_free(settings);
	(void)unlink(path);
	return rmdir(dir);
}

static int
look_up(const char *user)
{
	struct auth_worker_lookup m = {
		.passdb = 1,
		.service = SERVICE_IMAP,
		.is_secured = true,
		.mech = "PLAIN",
		.session = "abc",
		.rip = { .family = NETADDR_V4, .port = 4711,
		    .ip = { 192, 0, 2, 9 } },
		.lip = { .family = NETADDR_V6, .port = 143,
		    .ip = { [15] = 1 } },
	};

	(void)snprintf(m.user, sizeof(m.user), "%s", user);
	row = tasks_lookup(tasks, &m);
	assert_non_null(row);
	return row->found;
}

static void
assert_value(unsigned int i, const char *value)
{
	assert_true(i < row->ncolumns);
	assert_int_equal(row->columns[i].len, strlen(value));
	assert_memory_equal(row->columns[i].value, value, strlen(value));
}

static void
test_lookup(void **state)
{
	(void)state;
	assert_int_equal(look_up("john"), AUTH_WORKER_ONE);
	assert_value(0, "p");
	assert_int_equal(look_up("nobody"), AUTH_WORKER_NONE);
	assert_int_equal(row->ncolumns, 0);
	assert_int_equal(look_up("john"), AUTH_WORKER_ONE);
	tasks_forget(tasks);
	assert_int_equal(row->ncolumns, 0);
	assert_int_equal(nlines, 0);
}

static void
test_which_passdb(void **state)
{
	struct auth_worker_lookup m = { .passdb = 0, .user = "john" };

	(void)state;
	assert_null(tasks_lookup(tasks, &m));
	m.passdb = 2;
	assert_null(tasks_lookup(tasks, &m));
	m.passdb = UINT8_MAX;
	assert_null(tasks_lookup(tasks, &m));
	m.passdb = 1;
	assert_non_null(tasks_lookup(tasks, &m));
}

/* Each variable has the value that auth sent. */
static void
test_variables(void **state)
{
	(void)state;
	use("SELECT '%u', '%n', '%d', '%s', '%r', '%l', '%b', '%a', '%m', "
	    "'%c', '%Uu', '100%%'");
	assert_int_equal(look_up("joe@example.org"), AUTH_WORKER_ONE);
	assert_value(0, "joe@example.org");
	assert_value(1, "joe");
	assert_value(2, "example.org");
	assert_value(3, "imap");
	assert_value(4, "192.0.2.9");
	assert_value(5, "::1");
	assert_value(8, "PLAIN");
	assert_value(9, "secured");
	assert_value(10, "JOE@EXAMPLE.ORG");
	assert_value(11, "100%");
}

/* T-Q5: what templates may look like, and that values stay values. */
static void
test_t_q5_templates(void **state)
{
	(void)state;
	use("SELECT password FROM proxy WHERE user = 'pre%n@%d'");
	assert_int_equal(look_up("joe@example.org"), AUTH_WORKER_ONE);
	assert_value(0, "r");
	use("SELECT password FROM proxy WHERE extra = '100%%' AND "
	    "user = '%u'");
	assert_int_equal(look_up("joe@example.org"), AUTH_WORKER_ONE);
	use("SELECT password FROM proxy WHERE user = %u");
	assert_int_equal(look_up("o'hara"), AUTH_WORKER_ONE);
	assert_value(0, "s");
	use("SELECT password FROM proxy WHERE user = 'o''%u'");
	assert_int_equal(look_up("hara"), AUTH_WORKER_ONE);
	assert_int_equal(look_up("hara' OR '1'='1"), AUTH_WORKER_NONE);
	use("SELECT '%u' AS a, '%u' AS b, user FROM proxy "
	    "WHERE user = '%Lu' OR user = '%n'");
	assert_int_equal(look_up("JOHN"), AUTH_WORKER_ONE);
	assert_value(1, "JOHN");
	assert_value(2, "john");
	/* A comment holds no parameter, however it is compiled. */
	use("SELECT password /* '%u' */ FROM proxy WHERE user = '%u' -- %u");
	if (look_up("john") == AUTH_WORKER_ONE)
		assert_value(0, "p");
	else
		assert_int_equal(row->found, AUTH_WORKER_FAULT);
}

/* T-Q1, T-Q7, through a template. */
static void
test_t_q1_hostile_users(void **state)
{
	static const char *const names[] = {
		"x' OR '1'='1", "x'; DROP TABLE proxy; --", "x\\'", "$$",
		"/*", "%u", "%%", "?1", "' OR user LIKE '%", "john\\",
		"john' --", "\xff\xfe", "\xbf' OR 1=1 -- ", "",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(look_up(names[i]), AUTH_WORKER_NONE);
	assert_int_equal(look_up("john"), AUTH_WORKER_ONE);
	assert_int_equal(look_up("o'hara"), AUTH_WORKER_ONE);
	assert_int_equal(nlines, 0);
}

/* A query that this build cannot use fails logins, and says why. */
static void
test_unusable_query(void **state)
{
	(void)state;
	use("SELECT password FROM %u");
	assert_true(nlines > 0);
	assert_int_equal(look_up("john"), AUTH_WORKER_FAULT);
	(void)snprintf(driver, sizeof(driver), "oracle");
	use("SELECT 1");
	assert_int_equal(look_up("john"), AUTH_WORKER_FAULT);
	(void)snprintf(driver, sizeof(driver), "sqlite");
}

/* What is wrong goes to auth, in words that are fit for a message. */
static void
test_faults(void **state)
{
	(void)state;
	use("SELECT nosuch FROM proxy WHERE user = '%u'");
	assert_int_equal(look_up("john"), AUTH_WORKER_FAULT);
	assert_int_equal(row->nfaults, 1);
	assert_int_equal(row->faults[0].host, 0);
	assert_int_equal(row->faults[0].kind, AUTH_WORKER_FAULT_QUERY);
	assert_non_null(strstr(row->faults[0].text, "nosuch"));
	use("SELECT user AS \"x\033[1m\ny\" FROM \"a\nb\"");
	assert_int_equal(look_up("john"), AUTH_WORKER_FAULT);
	assert_null(strchr(row->faults[0].text, '\n'));
	use("SELECT user AS \"x\033[1m\ny\" FROM proxy WHERE user = '%u'");
	assert_int_equal(look_up("john"), AUTH_WORKER_UNUSABLE);
	assert_int_equal(row->faults[0].kind, AUTH_WORKER_FAULT_ROW);
	assert_null(strchr(row->faults[0].text, '\033'));
	assert_int_equal(look_up("nobody"), AUTH_WORKER_NONE);
	assert_int_equal(row->nfaults, 0);
	assert_int_equal(row->host, 0);
	(void)unlink(path);
	assert_int_equal(look_up("john"), AUTH_WORKER_FAULT);
	assert_int_equal(row->faults[0].kind, AUTH_WORKER_FAULT_CONNECT);
	assert_int_equal(row->host, AUTH_WORKER_HOST_NONE);
	assert_int_equal(nlines, 0);
}

static bool
probe(uint8_t passdb, uint8_t host)
{
	struct auth_worker_probe m = { .passdb = passdb, .host = host };
	struct auth_worker_probed probed;

	assert_int_equal(tasks_probe(tasks, &m, &probed), 0);
	assert_true(probed.is_ok == (probed.text[0] == '\0'));
	return probed.is_ok;
}

static void
test_probe(void **state)
{
	struct auth_worker_probe m = { .passdb = 0 };
	struct auth_worker_probed probed;

	(void)state;
	assert_int_equal(tasks_probe(tasks, &m, &probed), -1);
	m.passdb = 2;
	assert_int_equal(tasks_probe(tasks, &m, &probed), -1);
	assert_true(probe(1, 0));
	assert_false(probe(1, 1));
	/* One that refuses the query does answer. */
	use("SELECT nosuch FROM proxy WHERE user = '%u'");
	assert_true(probe(1, 0));
	(void)unlink(path);
	assert_false(probe(1, 0));
}

static int
verify(const char *hash, const char *pass)
{
	struct auth_worker_verified verified;
	struct auth_worker_verify m;

	(void)snprintf(m.hash, sizeof(m.hash), "%s", hash);
	(void)snprintf(m.pass, sizeof(m.pass), "%s", pass);
	tasks_verify(&m, &verified);
	return verified.match;
}

static void
test_verify(void **state)
{
	(void)state;
	assert_int_equal(verify("{PLAIN}secret", "secret"),
	    AUTH_WORKER_MATCH);
	assert_int_equal(verify("{PLAIN}secret", "Secret"),
	    AUTH_WORKER_MISMATCH);
	assert_int_equal(verify("{NOSUCH}secret", "secret"),
	    AUTH_WORKER_BAD_HASH);
	assert_int_equal(verify("{PLAIN}", ""), AUTH_WORKER_MISMATCH);
	assert_int_equal(verify("", ""), AUTH_WORKER_BAD_HASH);
}

/* T-D6: numbers that getaddrinfo() would take for addresses. */
static void
test_t_d6_names(void **state)
{
	static const char *const bad[] = {
		"", ".", "..", "127.1", "127.0.0.1", "0x7f000001",
		"2130706433", "0177.0.0.1", "1.2.3.4.5", "::1", "[::1]",
		"fe80::1%eth0", " host", "host ", "ho st", "host\n", "-1",
		"a.0x1", "a.1.", "h\xc3\xb6st", "host/..", "host:143",
	};
	static const char *const good[] = {
		"localhost", "mail.example.org", "mail.example.org.",
		"mail-1.example", "1.pool.example.org", "a_b", "3com.com",
	};
	struct auth_worker_resolve m;
	struct auth_worker_resolved to;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		/* "-1" is odd, but no number; it is not found. */
		if (strcmp(bad[i], "-1") != 0)
			assert_false(resolver_is_name(bad[i]));
		(void)snprintf(m.name, sizeof(m.name), "%s", bad[i]);
		if (resolver_is_name(bad[i]))
			continue;
		tasks_resolve(tasks, &m, &to);
		assert_int_equal(to.naddrs, 0);
		assert_false(to.is_temporary);
	}
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(resolver_is_name(good[i]));
}

static void
test_resolve(void **state)
{
	struct auth_worker_resolve m = { .name = "localhost" };
	struct auth_worker_resolved to;

	(void)state;
	tasks_resolve(tasks, &m, &to);
	assert_in_range(to.naddrs, 1, LOGIN_AUTH_ADDRS_MAX);
	assert_false(to.is_temporary);
	for (unsigned int i = 0; i < to.naddrs; i++) {
		assert_int_equal(to.addrs[i].port, 0);
		for (unsigned int j = 0; j < i; j++)
			assert_false(netaddr_same_ip(&to.addrs[i],
			    &to.addrs[j]));
	}
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_lookup),
		TEST(test_which_passdb),
		TEST(test_variables),
		TEST(test_t_q5_templates),
		TEST(test_t_q1_hostile_users),
		TEST(test_unusable_query),
		TEST(test_faults),
		TEST(test_probe),
		TEST(test_verify),
		TEST(test_t_d6_names),
		TEST(test_resolve),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
