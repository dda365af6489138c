/*
 * Lines of a passwd-file: what is taken, what is broken, who is found.
 * Runs in: make check.
 * Hostile input: made here.
 * Never: ships in a program.
 */
#include "unit.h"

#include <stdlib.h>

#include "auth-worker/passwd_table.h"
#include "lib/xmem.h"

static struct passwd_table table;
static struct sql_row row;
static struct sql_fault fault;
static unsigned int nbroken;
static uint32_t last_line;
static char last_why[128];

static void
on_broken(void *arg, uint32_t line, const char *why)
{
	assert_ptr_equal(arg, &table);
	nbroken++;
	last_line = line;
	(void)snprintf(last_why, sizeof(last_why), "%s", why);
}

static void
load_bytes(const char *text, size_t len)
{
	char *bytes = xcalloc(1, len + 1);

	memcpy(bytes, text, len);
	passwd_table_clear(&table);
	nbroken = 0;
	passwd_table_init(&table, bytes, len, on_broken, &table);
	assert_int_equal(table.nbroken, nbroken);
}

static void
load(const char *text)
{
	load_bytes(text, strlen(text));
}

static int
find(const char *name)
{
	enum auth_worker_found found;

	found = passwd_table_find(&table, name, &row, &fault);
	assert_int_equal(row.row.found, found);
	if (found != AUTH_WORKER_ONE)
		assert_int_equal(row.row.ncolumns, 0);
	return (int)found;
}

static void
column_is(unsigned int i, const char *name, const char *value)
{
	assert_true(i < row.row.ncolumns);
	assert_string_equal(row.row.columns[i].name, name);
	assert_false(row.row.columns[i].is_null);
	assert_int_equal(row.row.columns[i].len, strlen(value));
	assert_memory_equal(row.row.columns[i].value, value, strlen(value));
}

static int
teardown(void **state)
{
	(void)state;
	passwd_table_clear(&table);
	return 0;
}

/* user:password:uid:gid:gecos:home:shell:extra_fields */
static void
test_fields(void **state)
{
	(void)state;
	load("joe:{PLAIN}pw:1000:1000:Joe:/home/joe:/bin/sh:"
	    "proxy=y host=192.0.2.1 userdb_mail=x  port=1143 nopassword\n"
	    "ann:{SHA}abc:::::: host=2001:db8::1 a=b=c d=\n"
	    "jim:x\n"
	    "eve\n"
	    "bob:");
	assert_int_equal(nbroken, 0);
	assert_int_equal(find("joe"), AUTH_WORKER_ONE);
	assert_int_equal(row.row.ncolumns, 5);
	column_is(0, "password", "{PLAIN}pw");
	column_is(1, "proxy", "y");
	column_is(2, "host", "192.0.2.1");
	column_is(3, "port", "1143");
	column_is(4, "nopassword", "yes");
	assert_int_equal(find("ann"), AUTH_WORKER_ONE);
	assert_int_equal(row.row.ncolumns, 4);
	column_is(1, "host", "2001:db8::1");
	column_is(2, "a", "b=c");
	column_is(3, "d", "");
	assert_int_equal(find("jim"), AUTH_WORKER_ONE);
	assert_int_equal(row.row.ncolumns, 1);
	column_is(0, "password", "x");
}

/* Empty is not NULL: the rule for NULL passwords must not apply. */
static void
test_T_D2_empty_password(void **state)
{
	static const char *const lines[] = { "joe", "joe:", "joe::", "joe\n",
	    "joe:::::::" };

	(void)state;
	for (size_t i = 0; i < UNIT_LENGTH(lines); i++) {
		load(lines[i]);
		assert_int_equal(find("joe"), AUTH_WORKER_ONE);
		assert_int_equal(row.row.ncolumns, 1);
		column_is(0, "password", "");
	}
}

static void
test_names(void **state)
{
	(void)state;
	load("# joe:x\n\n\r\njoe:1\njo:2\njoe@example.org:3\nJoe:4\n"
	    " joe:5\njoel:6\n");
	assert_int_equal(nbroken, 0);
	assert_int_equal(find("joe"), AUTH_WORKER_ONE);
	column_is(0, "password", "1");
	assert_int_equal(find("jo"), AUTH_WORKER_ONE);
	column_is(0, "password", "2");
	assert_int_equal(find("Joe"), AUTH_WORKER_ONE);
	column_is(0, "password", "4");
	assert_int_equal(find("joel"), AUTH_WORKER_ONE);
	column_is(0, "password", "6");
	assert_int_equal(find(""), AUTH_WORKER_NONE);
	assert_int_equal(find("j"), AUTH_WORKER_NONE);
	assert_int_equal(find("# joe"), AUTH_WORKER_NONE);
	assert_int_equal(find("joe@example.orga"), AUTH_WORKER_NONE);
	assert_int_equal(find("zoe"), AUTH_WORKER_NONE);
	assert_int_equal(find("joe:1"), AUTH_WORKER_NONE);
	load("");
	assert_int_equal(find("joe"), AUTH_WORKER_NONE);
	load("\n\n");
	assert_int_equal(find("joe"), AUTH_WORKER_NONE);
}

static void
test_twice(void **state)
{
	(void)state;
	load("joe:1\nann:2\njoe:1\nann:3\nann:4\njim:5\neve:\tx\neve:6\n");
	assert_int_equal(find("joe"), AUTH_WORKER_MANY);
	assert_int_equal(find("ann"), AUTH_WORKER_MANY);
	assert_int_equal(find("eve"), AUTH_WORKER_MANY);
	assert_int_equal(find("jim"), AUTH_WORKER_ONE);
}

/* A broken line is told by its number; its user is no unknown one. */
static void
test_broken(void **state)
{
	static const struct {
		const char	*line, *why;
		int		 found;
	} cases[] = {
		{ ":x", "there is no name", AUTH_WORKER_NONE },
		{ ":", "there is no name", AUTH_WORKER_NONE },
		{ "joe:x\r", "ends with a carriage return",
		    AUTH_WORKER_UNUSABLE },
		{ "joe:x\ty", "has a control character",
		    AUTH_WORKER_UNUSABLE },
		{ "joe:x::::::a=\x7f", "has a control character",
		    AUTH_WORKER_UNUSABLE },
		{ "joe\r", "the name is too long, or has a control character",
		    AUTH_WORKER_NONE },
		{ "joe:x:::::: =y", "an extra field has no name",
		    AUTH_WORKER_UNUSABLE },
		{ "joe:x::::::a "
		    "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
		    "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn=1",
		    "the name of an extra field is too long",
		    AUTH_WORKER_UNUSABLE },
	};
	char text[512];

	(void)state;
	for (size_t i = 0; i < UNIT_LENGTH(cases); i++) {
		(void)snprintf(text, sizeof(text), "# one\nann:2\n%s\njim:4",
		    cases[i].line);
		load(text);
		assert_int_equal(nbroken, 1);
		assert_int_equal(last_line, 3);
		assert_string_equal(last_why, cases[i].why);
		assert_int_equal(find("joe"), cases[i].found);
		assert_int_equal(find("ann"), AUTH_WORKER_ONE);
		assert_int_equal(find("jim"), AUTH_WORKER_ONE);
		column_is(0, "password", "4");
	}
	load_bytes("joe:x\0y\njim:1\n", 14);
	assert_int_equal(nbroken, 1);
	assert_int_equal(find("joe"), AUTH_WORKER_UNUSABLE);
	assert_int_equal(fault.kind, SQL_FAULT_ROW);
	assert_string_equal(fault.text, "line 1 is broken");
	assert_int_equal(find("jim"), AUTH_WORKER_ONE);
}

/* One line with a run of n 'x' at the mark. */
static int
with_run(const char *before, size_t n, const char *after)
{
	size_t len = strlen(before) + n + strlen(after);
	char *text = xcalloc(1, len + 1);
	int found;

	(void)snprintf(text, len + 1, "%s", before);
	memset(text + strlen(before), 'x', n);
	(void)snprintf(text + strlen(before) + n, strlen(after) + 1, "%s",
	    after);
	load_bytes(text, len);
	free(text);
	found = find("joe");
	return found;
}

static void
test_limits(void **state)
{
	char extras[2048] = "joe:x::::::", *end = extras + strlen(extras);
	char name[300];

	(void)state;
	assert_int_equal(with_run("joe:", 512, ""), AUTH_WORKER_ONE);
	assert_int_equal(with_run("joe:", 513, ""), AUTH_WORKER_UNUSABLE);
	assert_int_equal(with_run("joe:x::::::v=", 4095, ""),
	    AUTH_WORKER_ONE);
	assert_int_equal(with_run("joe:x::::::v=", 4096, ""),
	    AUTH_WORKER_UNUSABLE);
	assert_int_equal(with_run("joe:x:::", PASSWD_LINE_MAX - 8, ""),
	    AUTH_WORKER_ONE);
	assert_int_equal(with_run("joe:x:::", PASSWD_LINE_MAX - 7, ""),
	    AUTH_WORKER_UNUSABLE);
	assert_int_equal(with_run("", 256, ":pw\njoe:x"), AUTH_WORKER_ONE);
	assert_int_equal(nbroken, 1);
	memset(name, 'x', 255);
	name[255] = '\0';
	assert_int_equal(with_run("", 255, ":pw\njoe:x"), AUTH_WORKER_ONE);
	assert_int_equal(find(name), AUTH_WORKER_ONE);
	for (unsigned int i = 0; i < PASSWD_EXTRAS_MAX; i++)
		end += snprintf(end, 32, "f%u=1 userdb_f%u=2 ", i, i);
	load(extras);
	assert_int_equal(find("joe"), AUTH_WORKER_ONE);
	assert_int_equal(row.row.ncolumns, AUTH_WORKER_COLUMNS_MAX);
	(void)snprintf(end, 32, "more");
	load(extras);
	assert_int_equal(find("joe"), AUTH_WORKER_UNUSABLE);
}

static void
test_many_lines(void **state)
{
	const unsigned int n = 100000;
	char *text = xcalloc(n, 32), *end = text, name[16];

	(void)state;
	for (unsigned int i = 0; i < n; i++)
		end += snprintf(end, 32, "u%u:%u\n", i * 7919u % n, i);
	load_bytes(text, (size_t)(end - text));
	free(text);
	assert_int_equal(table.n, n);
	for (unsigned int i = 0; i < n; i++) {
		(void)snprintf(name, sizeof(name), "u%u", i);
		assert_int_equal(find(name), AUTH_WORKER_ONE);
	}
	assert_int_equal(find("u100000"), AUTH_WORKER_NONE);
}

#define T(fn)	cmocka_unit_test_teardown(fn, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_fields),
		T(test_T_D2_empty_password),
		T(test_names),
		T(test_twice),
		T(test_broken),
		T(test_limits),
		T(test_many_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
