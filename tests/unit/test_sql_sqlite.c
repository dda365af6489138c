/*
 * The SQLite driver against real files: good, hostile, locked and replaced.
 * Runs in: make check.
 * Hostile input: made here.
 * Never: ships in a program.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "auth-worker/sql_hosts.h"
#include "lib/clock.h"

#define QUERY "SELECT password, host FROM proxy WHERE user = ?1"
#define IN_TIME_MS	5000

static char dir[64];
static char path[128], other[128];
static struct sql_hosts source;
static struct sql_row row;
static struct auth_worker_fault fault;

/* What the database was given, as the library tells it. */
static char traced[1024], expanded[1024];
static unsigned int ntraced;

static int
trace(unsigned int what, void *arg, void *statement, void *text)
{
	char *sql;

	(void)what;
	(void)arg;
	(void)snprintf(traced, sizeof(traced), "%s", (const char *)text);
	sql = sqlite3_expanded_sql(statement);
	(void)snprintf(expanded, sizeof(expanded), "%s", sql);
	sqlite3_free(sql);
	ntraced++;
	return 0;
}

/* Runs in each connection that is opened while it is registered. */
static int
trace_connection(sqlite3 *db, char **error, const void *api)
{
	(void)error;
	(void)api;
	return sqlite3_trace_v2(db, SQLITE_TRACE_STMT, trace, NULL);
}

static void
execute(const char *file, const char *sql)
{
	char *error = NULL;
	sqlite3 *db;

	assert_int_equal(sqlite3_open(file, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, &error) != SQLITE_OK)
		fail_msg("%s: %s", sql, error);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static int
setup(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof(dir), "/tmp/test_sql_XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/users.db", dir);
	(void)snprintf(other, sizeof(other), "%s/other.db", dir);
	sqlite3_hard_heap_limit64(0);
	execute(path, "CREATE TABLE proxy (user TEXT, password, host);"
	    "INSERT INTO proxy VALUES ('john', '{PLAIN}p', '192.0.2.1');"
	    "INSERT INTO proxy VALUES ('null', NULL, '');"
	    "INSERT INTO proxy VALUES ('types', 42, 1.5);"
	    "INSERT INTO proxy VALUES ('blob', x'610062', x'');"
	    "INSERT INTO proxy VALUES ('twice', 'a', 'b');"
	    "INSERT INTO proxy VALUES ('twice', 'c', 'd');");
	return sql_hosts_init(&source, sql_driver_find("sqlite"), path, QUERY,
	    NULL, 0);
}

static int
teardown(void **state)
{
	char file[192];

	(void)state;
	sql_hosts_clear(&source);
	sql_row_clear(&row);
	(void)unlink(path);
	(void)unlink(other);
	(void)snprintf(file, sizeof(file), "%s-journal", path);
	(void)unlink(file);
	return rmdir(dir);
}

static enum auth_worker_found
ask_until(const char *user, uint64_t wait_ms)
{
	const struct sql_param param = { user, strlen(user) };
	const struct sql_query query = {
		.params = &param,
		.nparams = strchr(source.statement, '?') == NULL ? 0 : 1,
		.due_ms = clock_ms() + wait_ms,
	};

	enum auth_worker_found found = sql_hosts_query(&source, &query, 0,
	    &row);

	if (row.row.nfaults > 0)
		fault = row.row.faults[0];
	assert_int_equal(row.row.host, found != AUTH_WORKER_FAULT ||
	    (row.row.nfaults > 0 && fault.kind == AUTH_WORKER_FAULT_QUERY) ?
	    0 : AUTH_WORKER_HOST_NONE);
	return found;
}

static enum auth_worker_found
ask(const char *user)
{
	return ask_until(user, IN_TIME_MS);
}

static void
use(const char *connect, const char *statement)
{
	sql_hosts_clear(&source);
	assert_int_equal(sql_hosts_init(&source, sql_driver_find("sqlite"),
	    connect, statement, NULL, 0), 0);
}

static void
assert_column(unsigned int i, const char *name, const char *value, size_t len)
{
	const struct auth_worker_column *c = &row.row.columns[i];

	assert_true(i < row.row.ncolumns);
	assert_string_equal(c->name, name);
	assert_false(c->is_null);
	assert_int_equal(c->len, len);
	assert_memory_equal(c->value, value, len);
}

static void
test_drivers(void **state)
{
	(void)state;
	assert_non_null(sql_driver_find("sqlite"));
	assert_null(sql_driver_find("SQLite"));
	assert_null(sql_driver_find(""));
}

static void
test_one_row(void **state)
{
	(void)state;
	assert_int_equal(ask("john"), AUTH_WORKER_ONE);
	assert_int_equal(row.row.found, AUTH_WORKER_ONE);
	assert_int_equal(row.row.ncolumns, 2);
	assert_column(0, "password", "{PLAIN}p", 8);
	assert_column(1, "host", "192.0.2.1", 9);
	/* The same connection again. */
	assert_int_equal(ask("john"), AUTH_WORKER_ONE);
	assert_int_equal(row.row.ncolumns, 2);
}

static void
test_no_row(void **state)
{
	(void)state;
	assert_int_equal(ask("nobody"), AUTH_WORKER_NONE);
	assert_int_equal(row.row.ncolumns, 0);
	assert_int_equal(ask("JOHN"), AUTH_WORKER_NONE);
	assert_int_equal(ask(""), AUTH_WORKER_NONE);
}

/* T-D4: never the first of several. */
static void
test_t_d4_two_rows(void **state)
{
	(void)state;
	assert_int_equal(ask("twice"), AUTH_WORKER_MANY);
	assert_int_equal(row.row.ncolumns, 0);
	assert_int_equal(row.row.found, AUTH_WORKER_MANY);
	assert_int_equal(ask("john"), AUTH_WORKER_ONE);
}

static void
test_null_is_not_empty(void **state)
{
	(void)state;
	assert_int_equal(ask("null"), AUTH_WORKER_ONE);
	assert_true(row.row.columns[0].is_null);
	assert_null(row.row.columns[0].value);
	assert_column(1, "host", "", 0);
}

static void
test_types(void **state)
{
	(void)state;
	assert_int_equal(ask("types"), AUTH_WORKER_ONE);
	assert_column(0, "password", "42", 2);
	assert_column(1, "host", "1.5", 3);
	assert_int_equal(ask("blob"), AUTH_WORKER_ONE);
	assert_column(0, "password", "a\0b", 3);
	assert_column(1, "host", "", 0);
}

/* T-Q1: what a user calls himself stays a value. */
static void
test_t_q1_injection(void **state)
{
	static const char *const names[] = {
		"x' OR '1'='1", "x'; DROP TABLE proxy; --", "x\\'", "$$", "/*",
		"\\' OR 1=1 --", "\xbf' OR 1=1 -- ", "?1", ":u", "@u", "$u",
		"%u", "'", "''", "\"", "x\" OR \"1\"=\"1", "/../", "%27",
		"john'--", "john' UNION SELECT 'a','b'--",
	};
	char *want;

	(void)state;
	sqlite3_auto_extension((void (*)(void))trace_connection);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		ntraced = 0;
		assert_int_equal(ask(names[i]), AUTH_WORKER_NONE);
		assert_true(ntraced > 0);
		assert_string_equal(traced, QUERY);
		want = sqlite3_mprintf("SELECT password, host FROM proxy "
		    "WHERE user = %Q", names[i]);
		assert_string_equal(expanded, want);
		sqlite3_free(want);
	}
	sqlite3_cancel_auto_extension((void (*)(void))trace_connection);
	assert_int_equal(ask("john"), AUTH_WORKER_ONE);
}

static void
expect_fault(const char *connect, const char *statement,
    enum sql_fault_kind kind)
{
	uint64_t began_ms = clock_ms();

	use(connect, statement);
	memset(&fault, 0, sizeof(fault));
	if (ask("john") != AUTH_WORKER_FAULT || fault.kind != kind ||
	    fault.text[0] == '\0')
		fail_msg("%s, %s: found %d, fault %d: %s", connect, statement,
		    row.row.found, (int)fault.kind, fault.text);
	assert_true(clock_ms() - began_ms < IN_TIME_MS);
}

/* T-Q9: a database that is not a readable regular file is a fault. */
static void
test_t_q9_odd_files(void **state)
{
	FILE *file;

	(void)state;
	assert_int_equal(mkfifo(other, 0600), 0);
	expect_fault(other, QUERY, SQL_FAULT_CONNECT);
	(void)unlink(other);
	assert_int_equal(symlink(path, other), 0);
	expect_fault(other, QUERY, SQL_FAULT_CONNECT);
	(void)unlink(other);
	expect_fault(other, QUERY, SQL_FAULT_CONNECT);
	expect_fault(dir, QUERY, SQL_FAULT_CONNECT);
	expect_fault("/dev/zero", QUERY, SQL_FAULT_CONNECT);
	expect_fault("/nonexistent/users.db", QUERY, SQL_FAULT_CONNECT);
	file = fopen(other, "w");
	assert_non_null(file);
	for (int i = 0; i < 4096; i++)
		(void)fputs("no database at all", file);
	(void)fclose(file);
	expect_fault(other, QUERY, SQL_FAULT_QUERY);
	if (geteuid() != 0) {
		assert_int_equal(chmod(other, 0), 0);
		expect_fault(other, QUERY, SQL_FAULT_CONNECT);
	}
	/* Links in the folders' names are the administrator's business. */
	(void)unlink(other);
	use(path, QUERY);
	assert_int_equal(ask("john"), AUTH_WORKER_ONE);
}

/* T-Q9: the same when it happens to an open database. */
static void
test_t_q9_replaced_by_odd_files(void **state)
{
	uint64_t began_ms = clock_ms();

	(void)state;
	assert_int_equal(ask("john"), AUTH_WORKER_ONE);
	assert_int_equal(rename(path, other), 0);
	assert_int_equal(ask("john"), AUTH_WORKER_FAULT);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(ask("john"), AUTH_WORKER_FAULT);
	(void)unlink(path);
	assert_int_equal(symlink(other, path), 0);
	assert_int_equal(ask("john"), AUTH_WORKER_FAULT);
	assert_int_equal(fault.kind, SQL_FAULT_CONNECT);
	assert_int_equal(rename(other, path), 0);
	assert_int_equal(ask("john"), AUTH_WORKER_ONE);
	assert_true(clock_ms() - began_ms < IN_TIME_MS);
}

static void
test_replaced_by_another(void **state)
{
	(void)state;
	assert_int_equal(ask("john"), AUTH_WORKER_ONE);
	execute(other, "CREATE TABLE proxy (user, password, host);"
	    "INSERT INTO proxy VALUES ('john', 'new', 'there');");
	assert_int_equal(rename(other, path), 0);
	assert_int_equal(ask("john"), AUTH_WORKER_ONE);
	assert_column(0, "password", "new", 3);
}

static void
test_schema_changed(void **state)
{
	(void)state;
	use(path, "SELECT * FROM proxy WHERE user = ?1");
	assert_int_equal(ask("john"), AUTH_WORKER_ONE);
	assert_int_equal(row.row.ncolumns, 3);
	execute(path, "ALTER TABLE proxy ADD COLUMN port DEFAULT '143'");
	assert_int_equal(ask("john"), AUTH_WORKER_ONE);
	assert_int_equal(row.row.ncolumns, 4);
	assert_column(3, "port", "143", 3);
	execute(path, "DROP TABLE proxy");
	assert_int_equal(ask("john"), AUTH_WORKER_FAULT);
	execute(path, "CREATE TABLE proxy (user, password)");
	assert_int_equal(ask("john"), AUTH_WORKER_NONE);
}

/* A writer's lock is waited for, within bounds. */
static void
test_locked(void **state)
{
	char connect[192];
	uint64_t began_ms;
	sqlite3 *writer;

	(void)state;
	(void)snprintf(connect, sizeof(connect),
	    "path=%s busy_timeout=150", path);
	use(connect, QUERY);
	assert_int_equal(ask("john"), AUTH_WORKER_ONE);
	assert_int_equal(sqlite3_open(path, &writer), SQLITE_OK);
	assert_int_equal(sqlite3_exec(writer, "BEGIN EXCLUSIVE", NULL, NULL,
	    NULL), SQLITE_OK);
	began_ms = clock_ms();
	assert_int_equal(ask("john"), AUTH_WORKER_FAULT);
	assert_int_equal(fault.kind, SQL_FAULT_QUERY);
	assert_in_range(clock_ms() - began_ms, 100, 3000);
	/* The deadline comes first. */
	began_ms = clock_ms();
	assert_int_equal(ask_until("john", 50), AUTH_WORKER_FAULT);
	assert_int_equal(fault.kind, SQL_FAULT_DEADLINE);
	assert_in_range(clock_ms() - began_ms, 40, 3000);
	assert_int_equal(sqlite3_close(writer), SQLITE_OK);
	assert_int_equal(ask("john"), AUTH_WORKER_ONE);
}

/* A query without end is given up in time. */
static void
test_deadline(void **state)
{
	uint64_t began_ms = clock_ms();

	(void)state;
	execute(path, "CREATE TABLE n (i); WITH RECURSIVE c(i) AS (SELECT 1 "
	    "UNION ALL SELECT i + 1 FROM c WHERE i < 2000) "
	    "INSERT INTO n SELECT i FROM c");
	use(path, "SELECT count(*) FROM n a, n b, n c, n d, n e "
	    "WHERE a.i + b.i + c.i + d.i + e.i = 3");
	assert_int_equal(ask_until("john", 200), AUTH_WORKER_FAULT);
	assert_int_equal(fault.kind, SQL_FAULT_DEADLINE);
	assert_in_range(clock_ms() - began_ms, 150, IN_TIME_MS);
	use(path, "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL "
	    "SELECT i + 1 FROM c) SELECT count(*) FROM c");
	assert_int_equal(ask_until("john", 200), AUTH_WORKER_FAULT);
	assert_int_equal(fault.kind, SQL_FAULT_DEADLINE);
	use(path, QUERY);
	assert_int_equal(ask_until("john", 0), AUTH_WORKER_FAULT);
	assert_int_equal(ask("john"), AUTH_WORKER_ONE);
}

/* Nothing but one SELECT, whatever the file of settings says. */
static void
test_only_select(void **state)
{
	static const char *const statements[] = {
		"", ";", "-- nothing", "SELECT", "DELETE FROM proxy",
		"INSERT INTO proxy VALUES (1, 2, 3) RETURNING user",
		"UPDATE proxy SET host = ?1", "DROP TABLE proxy",
		"ATTACH '/tmp/x' AS x", "PRAGMA journal_mode", "VACUUM",
		"SELECT * FROM pragma_database_list", "BEGIN",
		"SELECT load_extension('/tmp/x.so')", "EXPLAIN SELECT 1",
		"SELECT 1; DROP TABLE proxy", "SELECT 1; SELECT 2",
		"SELECT nosuch FROM proxy", "SELECT nosuch(1)",
		"SELECT ?1, ?2",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++)
		expect_fault(path, statements[i], SQL_FAULT_QUERY);
	use(path, QUERY " ; \n");
	assert_int_equal(ask("john"), AUTH_WORKER_ONE);
}

static void
test_connect_texts(void **state)
{
	static const char *const bad[] = {
		"", " ", "users.db", "path=users.db", "path=", "path",
		"busy_timeout=100", "file:/tmp/users.db", ":memory:",
		"path=/x busy_timeout=", "path=/x busy_timeout=-1",
		"path=/x busy_timeout=1s", "path=/x busy_timeout=9999999",
		"path=/x mode=rwc", "path=/x /y",
	};
	char connect[192];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		expect_fault(bad[i], QUERY, SQL_FAULT_CONNECT);
	(void)snprintf(connect, sizeof(connect),
	    "  busy_timeout=100\t path=%s ", path);
	use(connect, QUERY);
	assert_int_equal(ask("john"), AUTH_WORKER_ONE);
	/* A path may hold blanks, as it always could. */
	(void)snprintf(other, sizeof(other), "%s/the other.db", dir);
	assert_int_equal(rename(path, other), 0);
	use(other, QUERY);
	assert_int_equal(ask("john"), AUTH_WORKER_ONE);
}

/* T-D10: a value of 10 MB costs no more than a fault. */
static void
test_t_d10_long_value(void **state)
{
	(void)state;
	/* SQLite before 3.40 stumbles over long rows that it only passes. */
	execute(path, "CREATE INDEX by_user ON proxy (user)");
	execute(path, "INSERT INTO proxy VALUES ('big', 'x', "
	    "zeroblob(10485760)), ('bigtext', 'x', "
	    "replace(hex(zeroblob(5242880)), '0', 'h')), "
	    "('over', 'x', replace(hex(zeroblob(2049)), '0', 'h')), "
	    "('limit', 'x', replace(hex(zeroblob(2048)), '0', 'h'))");
	sqlite3_memory_highwater(1);
	assert_int_equal(ask("big"), AUTH_WORKER_UNUSABLE);
	assert_int_equal(fault.kind, SQL_FAULT_ROW);
	assert_int_equal(ask("bigtext"), AUTH_WORKER_UNUSABLE);
	assert_int_equal(ask("over"), AUTH_WORKER_UNUSABLE);
	assert_int_equal(row.row.ncolumns, 0);
	assert_int_equal(ask("limit"), AUTH_WORKER_ONE);
	assert_int_equal(row.row.columns[1].len, AUTH_WORKER_VALUE_MAX);
	assert_true(sqlite3_memory_highwater(0) < 4 * 1024 * 1024);
}

/* n columns, each with a value of so many bytes. */
static void
use_columns(unsigned int n, unsigned int name_bytes, unsigned int value_bytes)
{
	static char sql[65536];
	int at;

	at = snprintf(sql, sizeof(sql), "SELECT ");
	for (unsigned int i = 0; i < n; i++)
		at += snprintf(sql + at, sizeof(sql) - (size_t)at,
		    "%s'%0*d' AS \"%0*u\"", i == 0 ? "" : ",",
		    (int)value_bytes, 0, (int)name_bytes, i);
	use(path, sql);
}

/* T-D10: thousands of columns. */
static void
test_t_d10_columns(void **state)
{
	(void)state;
	use_columns(AUTH_WORKER_COLUMNS_MAX, 2, 1);
	assert_int_equal(ask(""), AUTH_WORKER_ONE);
	assert_int_equal(row.row.ncolumns, AUTH_WORKER_COLUMNS_MAX);
	use_columns(AUTH_WORKER_COLUMNS_MAX + 1, 2, 1);
	assert_int_equal(ask(""), AUTH_WORKER_UNUSABLE);
	assert_int_equal(fault.kind, SQL_FAULT_ROW);
	use_columns(1999, 4, 1);
	assert_int_equal(ask(""), AUTH_WORKER_UNUSABLE);
	use_columns(4000, 4, 1);
	assert_int_equal(ask(""), AUTH_WORKER_FAULT);
	use_columns(1, AUTH_WORKER_NAME_MAX, 1);
	assert_int_equal(ask(""), AUTH_WORKER_ONE);
	use_columns(1, AUTH_WORKER_NAME_MAX + 1, 1);
	assert_int_equal(ask(""), AUTH_WORKER_UNUSABLE);
	use(path, "SELECT 1 AS \"a\nb\"");
	assert_int_equal(ask(""), AUTH_WORKER_UNUSABLE);
}

/* What passes fits into a message. */
static void
test_row_fits(void **state)
{
	static uint8_t body[CHANNEL_BODY_MAX];
	struct wire_writer w;
	unsigned int nones = 0;

	(void)state;
	for (unsigned int len = 300; len <= 500; len++) {
		use_columns(40, 2, len);
		if (ask("") != AUTH_WORKER_ONE) {
			assert_int_equal(row.row.found,
			    AUTH_WORKER_UNUSABLE);
			nones++;
			continue;
		}
		wire_writer_init(&w, body, auth_worker_contract.body_max);
		auth_worker_row_put(&w, &row.row);
		assert_false(w.has_failed);
		assert_true(w.len <= row.body_bytes);
	}
	assert_in_range(nones, 50, 150);
}

/* T-D10: a million rows are neither read nor kept. */
static void
test_t_d10_rows(void **state)
{
	(void)state;
	execute(path, "CREATE TABLE n (i, t); WITH RECURSIVE c(i) AS (SELECT 1 "
	    "UNION ALL SELECT i + 1 FROM c WHERE i < 1000000) "
	    "INSERT INTO n SELECT i, 'some text to make it longer' FROM c");
	sqlite3_memory_highwater(1);
	use(path, "SELECT i FROM n");
	assert_int_equal(ask(""), AUTH_WORKER_MANY);
	assert_true(sqlite3_memory_highwater(0) < 4 * 1024 * 1024);
	/* To sort them takes memory, but not more than there may be. */
	use(path, "SELECT i, t FROM n ORDER BY t, i DESC");
	assert_int_not_equal(ask(""), AUTH_WORKER_ONE);
	assert_true(sqlite3_memory_highwater(0) <= 32 * 1024 * 1024);
	use(path, QUERY);
	assert_int_equal(ask("john"), AUTH_WORKER_ONE);
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_drivers),
		TEST(test_one_row),
		TEST(test_no_row),
		TEST(test_t_d4_two_rows),
		TEST(test_null_is_not_empty),
		TEST(test_types),
		TEST(test_t_q1_injection),
		TEST(test_t_q9_odd_files),
		TEST(test_t_q9_replaced_by_odd_files),
		TEST(test_replaced_by_another),
		TEST(test_schema_changed),
		TEST(test_locked),
		TEST(test_deadline),
		TEST(test_only_select),
		TEST(test_connect_texts),
		TEST(test_t_d10_long_value),
		TEST(test_t_d10_columns),
		TEST(test_row_fits),
		TEST(test_t_d10_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
