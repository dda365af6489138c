/* args: wicketctl's command line; base_dir: where its socket is. */
#include "unit.h"

#include <sys/stat.h>

#include "config/base_dir.h"
#include "config/settings.h"
#include "ctl/args.h"
#include "ipc/host_order.h"
#include "ipc/roles.h"

#define WORDS_MAX	16

static struct args args;
static char why[256];

/* Blank-separated words as argv. */
static int
get(const char *line)
{
	static char copy[512];
	char *argv[WORDS_MAX + 1] = { NULL }, *rest = copy, *word;
	char name[] = "wicketctl";
	int argc = 0;

	(void)snprintf(copy, sizeof(copy), "%s", line);
	why[0] = '\0';
	argv[argc++] = name;
	while ((word = strsep(&rest, " ")) != NULL) {
		assert_true(argc < WORDS_MAX);
		if (word[0] != '\0')
			argv[argc++] = word;
	}
	return args_get(&args, argc, argv, why, sizeof(why));
}

static void
good(const char *line, enum args_task task)
{
	if (get(line) == -1)
		fail_msg("%s: %s", line, why);
	assert_int_equal(args.task, task);
}

static void
bad(const char *line, const char *reason)
{
	if (get(line) == 0)
		fail_msg("%s: accepted", line);
	if (strstr(why, reason) == NULL)
		fail_msg("%s: %s", line, why);
}

static void
test_commands(void **state)
{
	(void)state;
	good("reload", ARGS_RELOAD);
	good("stop", ARGS_STOP);
	good("status", ARGS_STATUS);
	good("cache status", ARGS_CACHE_STATUS);
	good("cache flush", ARGS_CACHE_FLUSH);
	assert_string_equal(args.user, "");
	good("cache flush joe", ARGS_CACHE_FLUSH);
	assert_string_equal(args.user, "joe");
	good("explain joe", ARGS_EXPLAIN);
	good("auth test joe", ARGS_AUTH_TEST);
	good("convert nginx /a.conf", ARGS_CONVERT_NGINX);
	assert_string_equal(args.file, "/a.conf");
	assert_string_equal(args.user, "");
	good("convert perdition --map m --data -- -a", ARGS_CONVERT_PERDITION);
	assert_string_equal(args.file, "-a");
	assert_string_equal(args.map, "m");
	assert_int_equal(args.part, ARGS_PART_DATA);
	bad("convert nginx", "expected a file");
	bad("convert nginx a b", "does not belong here");
	bad("convert nginx a --sql", "does not belong here");
	bad("convert", "unknown command");
	bad("convert apache a", "unknown command");
	good("hosts", ARGS_HOSTS);
	good("hosts drain mail1:143", ARGS_HOSTS_SET);
	assert_string_equal(args.host, "mail1:143");
	assert_int_equal(args.mode, HOST_DRAIN);
	good("hosts auto [::1]:143", ARGS_HOSTS_SET);
	assert_int_equal(args.mode, HOST_AUTO);
	good("hosts up ::1", ARGS_HOSTS_SET);
	assert_int_equal(args.mode, HOST_UP);
	good("hosts down ::1", ARGS_HOSTS_SET);
	assert_int_equal(args.mode, HOST_DOWN);
}

static void
test_options(void **state)
{
	(void)state;
	good("-k -c a.conf status --all", ARGS_STATUS);
	assert_true(args.has_keys && args.is_all);
	assert_string_equal(args.config, "a.conf");
	assert_null(args.socket);
	good("-s /run/x/control stop", ARGS_STOP);
	assert_string_equal(args.socket, "/run/x/control");
	good("explain joe", ARGS_EXPLAIN);
	assert_int_equal(args.service, SERVICE_IMAP);
	assert_int_equal(args.rip.ip[0], 127);
	good("explain --ip 192.0.2.7 joe --lip 2001:db8::1 --service pop3",
	    ARGS_EXPLAIN);
	assert_string_equal(args.user, "joe");
	assert_int_equal(args.rip.ip[3], 7);
	assert_int_equal(args.lip.family, NETADDR_V6);
	assert_int_equal(args.service, SERVICE_POP3);
	good("auth test --password-file /tmp/p -- -joe", ARGS_AUTH_TEST);
	assert_string_equal(args.user, "-joe");
	assert_string_equal(args.password_file, "/tmp/p");
}

static void
test_refused(void **state)
{
	(void)state;
	bad("", "expected a command");
	bad("start", "start: unknown command");
	bad("auth", "auth: unknown command");
	bad("auth tests joe", "auth: unknown command");
	bad("-x stop", "-x: unknown option");
	bad("-c", "-c: expected a value");
	bad("-c a -s b stop", "not both");
	bad("stop -c a", "-c: does not belong here");
	bad("--all status", "--all: does not belong here");
	bad("explain", "explain: expected a user");
	bad("explain joe ann", "ann: does not belong here");
	bad("hosts kill mail1", "kill: does not belong here");
	bad("hosts down", "hosts: expected a host");
	bad("hosts down a b", "b: does not belong here");
	bad("reload now", "now: does not belong here");
	bad("explain joe --ip 300.1.1.1", "expected an address");
	bad("explain joe --ip", "expected a value");
	bad("explain joe --service smtp", "expected imap or pop3");
	bad("explain joe --password-file x", "does not belong here");
	bad("explain jo\te", "nobody can have such a name");
	/* There is no place for a password. */
	bad("auth test joe secret", "secret: does not belong here");
}

static void
test_long_user(void **state)
{
	char line[300] = "explain ";

	(void)state;
	memset(line + 8, 'u', 255);
	line[8 + 255] = '\0';
	good(line, ARGS_EXPLAIN);
	memset(line + 8, 'u', 256);
	line[8 + 256] = '\0';
	bad(line, "nobody can have such a name");
}

static int
find(const char *path, char *dst, size_t size)
{
	struct settings_faults faults = { .n = 0 };
	int result = base_dir_find(path, dst, size, &faults);

	settings_faults_clear(&faults);
	return result;
}

static void
write_conf(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, 0644), 0);
}

static void
test_base_dir(void **state)
{
	char dir[] = "/tmp/test_ctl_args.XXXXXX", path[64], text[128];

	(void)state;
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/a.conf", dir);
	assert_int_equal(find(path, text, sizeof(text)), -1);
	write_conf(path, "# nothing\n");
	assert_int_equal(find(path, text, sizeof(text)), 0);
	assert_int_equal(text[0], '/');
	/* The last one counts; what is wrong elsewhere does not matter. */
	write_conf(path, "base_dir = /one\nfoo = bar\nbase_dir = /two\n}\n");
	assert_int_equal(find(path, text, sizeof(text)), 0);
	assert_string_equal(text, "/two");
	assert_int_equal(find(path, text, 4), -1);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(dir), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_long_user),
		cmocka_unit_test(test_base_dir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
