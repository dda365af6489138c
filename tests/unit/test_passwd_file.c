/*
 * A passwd-file on disk: args, who may have written it, and its changes.
 * Runs in: make check.
 * Hostile input: made here.
 * Never: ships in a program.
 */
#include "unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "auth-worker/passwd_file.h"
#include "config/passwd_args.h"
#include "config/var.h"
#include "lib/log.h"

static char dir[64], path[128], other[128];
static struct passwd_file *file;
static struct sql_row row;
static struct sql_fault fault;
static char last_line[512];
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
write_to(const char *to, const char *text)
{
	int fd = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd != -1);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	(void)close(fd);
}

static void
use(const char *words)
{
	char args[256], err[128];

	passwd_file_free(file);
	(void)snprintf(args, sizeof(args), "%s%s", words, path);
	file = passwd_file_new(args, 0, err, sizeof(err));
	assert_non_null(file);
}

static int
setup(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof(dir), "/tmp/test_passwd_XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/users", dir);
	(void)snprintf(other, sizeof(other), "%s/new", dir);
	log_init_sink("test", sink, NULL);
	nlines = 0;
	write_to(path, "joe:1\nann@example.org:2\n");
	use("");
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	passwd_file_free(file);
	file = NULL;
	(void)unlink(path);
	(void)unlink(other);
	return rmdir(dir);
}

static int
find(const char *user)
{
	const struct var_values values = { .user = user };

	return (int)passwd_file_find(file, &values, &row, &fault);
}

static void
password_is(const char *value)
{
	assert_int_equal(row.row.columns[0].len, strlen(value));
	assert_memory_equal(row.row.columns[0].value, value, strlen(value));
}

static void
test_args(void **state)
{
	static const struct {
		const char	*args, *scheme, *format, *path;
	} good[] = {
		{ "/a/b", "CRYPT", "%u", "/a/b" },
		{ "  scheme=PLAIN\t/a", "PLAIN", "%u", "/a" },
		{ "username_format=%Ln /a scheme=SHA256.hex", "SHA256.hex",
		    "%Ln", "/a" },
		{ "/a=b", "CRYPT", "%u", "/a=b" },
	};
	static const char *const bad[] = {
		"", "  ", "a/b", "/a /b", "scheme=PLAIN", "scheme= /a",
		"scheme=A scheme=B /a", "/var/%d/passwd", "/a%u",
		"username_format=%s /a", "username_format=%q /a",
		"schema=PLAIN /a", "username_format=%r@%u /a",
	};
	struct passwd_args a;
	char err[256];

	(void)state;
	for (size_t i = 0; i < UNIT_LENGTH(good); i++) {
		assert_int_equal(passwd_args_parse(&a, good[i].args, err,
		    sizeof(err)), 0);
		assert_string_equal(a.scheme, good[i].scheme);
		assert_string_equal(a.format, good[i].format);
		assert_string_equal(a.path, good[i].path);
	}
	for (size_t i = 0; i < UNIT_LENGTH(bad); i++) {
		err[0] = '\0';
		assert_int_equal(passwd_args_parse(&a, bad[i], err,
		    sizeof(err)), -1);
		assert_string_not_equal(err, "");
	}
	assert_true(passwd_args_bytes_max(0) == 64u * 1024 * 1024);
	assert_true(passwd_args_bytes_max(16u << 20) == 4u << 20);
}

static void
test_found(void **state)
{
	(void)state;
	assert_int_equal(find("joe"), AUTH_WORKER_ONE);
	password_is("1");
	assert_int_equal(find("nobody"), AUTH_WORKER_NONE);
	assert_int_equal(find("ann"), AUTH_WORKER_NONE);
	use("username_format=%Ln@example.org ");
	assert_int_equal(find("ANN@elsewhere"), AUTH_WORKER_ONE);
	password_is("2");
	use("username_format=%d ");
	assert_int_equal(find("joe"), AUTH_WORKER_NONE);
	assert_int_equal(nlines, 0);
}

/* In place and of the same length, or another file at the same path. */
static void
test_changes(void **state)
{
	char text[32];

	(void)state;
	for (int i = 0; i < 40; i++) {
		(void)snprintf(text, sizeof(text), "joe:%03d\n", i);
		write_to(i % 2 == 0 ? path : other, text);
		if (i % 2 != 0)
			assert_int_equal(rename(other, path), 0);
		assert_int_equal(find("joe"), AUTH_WORKER_ONE);
		(void)snprintf(text, sizeof(text), "%03d", i);
		password_is(text);
		assert_int_equal(find("ann@example.org"), AUTH_WORKER_NONE);
	}
}

/* What was read before does not count when the file is bad now. */
static void
test_faults(void **state)
{
	(void)state;
	assert_int_equal(find("joe"), AUTH_WORKER_ONE);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(find("joe"), AUTH_WORKER_FAULT);
	assert_int_equal(row.row.ncolumns, 0);
	assert_non_null(strstr(fault.text, path));
	assert_non_null(strstr(fault.text, "No such file"));
	assert_int_equal(find("nobody"), AUTH_WORKER_FAULT);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(find("joe"), AUTH_WORKER_FAULT);
	assert_non_null(strstr(fault.text, "not a regular file"));
	assert_int_equal(unlink(path), 0);
	write_to(other, "joe:9\n");
	assert_int_equal(symlink(other, path), 0);
	assert_int_equal(find("joe"), AUTH_WORKER_FAULT);
	assert_non_null(strstr(fault.text, "symbolic link"));
	assert_int_equal(rename(other, path), 0);
	for (mode_t mode = 0; mode < 0100; mode++) {
		bool is_good = (mode & 027) == 0;

		assert_int_equal(chmod(path, 0600 | mode), 0);
		assert_int_equal(find("joe"), is_good ? AUTH_WORKER_ONE :
		    AUTH_WORKER_FAULT);
	}
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(truncate(path, 100 << 20), 0);
	assert_int_equal(find("joe"), AUTH_WORKER_FAULT);
	assert_non_null(strstr(fault.text, "too large"));
	write_to(path, "joe:7\n");
	assert_int_equal(find("joe"), AUTH_WORKER_ONE);
	password_is("7");
}

/* Each broken line is told once for a change, up to a bound. */
static void
test_warnings(void **state)
{
	char text[1024] = "", *end = text;
	struct timespec ts = { 0, 120 * 1000000 };

	(void)state;
	write_to(path, "ann:1\njoe:\tx\n");
	for (int i = 0; i < 3; i++)
		assert_int_equal(find("ann"), AUTH_WORKER_ONE);
	assert_int_equal(find("joe"), AUTH_WORKER_UNUSABLE);
	assert_int_equal(nlines, 1);
	assert_non_null(strstr(last_line, "users:2: "));
	(void)nanosleep(&ts, NULL);
	for (int i = 0; i < 3; i++)
		assert_int_equal(find("ann"), AUTH_WORKER_ONE);
	assert_int_equal(nlines, 1);
	for (int i = 0; i < 25; i++)
		end += snprintf(end, 32, ":x%d\n", i);
	write_to(path, text);
	for (int i = 0; i < 3; i++)
		assert_int_equal(find("ann"), AUTH_WORKER_NONE);
	assert_int_equal(nlines, 1 + 10 + 1);
	assert_non_null(strstr(last_line, "and 15 more broken lines"));
}

#define T(fn)	cmocka_unit_test_setup_teardown(fn, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_args),
		T(test_found),
		T(test_changes),
		T(test_faults),
		T(test_warnings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
