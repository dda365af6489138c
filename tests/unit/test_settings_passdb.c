/*
 * Passdbs that are files or services: their args, and who may read the files.
 * Runs in: make check.
 * Hostile input: made here.
 * Never: ships in a program.
 */
#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/settings.h"
#include "config/settings_read.h"

#define WORKER	61003

static struct settings_faults faults;
static char folder[64], conf[128], users[128];

static int
setup(void **state)
{
	(void)state;
	(void)snprintf(folder, sizeof(folder), "/tmp/test_passdb.XXXXXX");
	if (mkdtemp(folder) == NULL)
		return -1;
	(void)snprintf(conf, sizeof(conf), "%s/conf", folder);
	(void)snprintf(users, sizeof(users), "%s/users", folder);
	return chmod(folder, 0755);
}

static int
teardown(void **state)
{
	(void)state;
	settings_faults_clear(&faults);
	(void)unlink(conf);
	(void)unlink(users);
	return rmdir(folder);
}

static void
write_to(const char *path, const char *text, mode_t mode)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, mode), 0);
}

/* A configuration with one passdb of this driver. */
static struct settings *
read_passdb(const char *driver, const char *args, const char *more)
{
	char text[2048];

	(void)snprintf(text, sizeof(text), "disable_plaintext_auth = no\n"
	    "ssl_disable = yes\nlogin_user = 61001\nauth_user = 61002\n"
	    "auth_worker_user = 61003\nauth default {\npassdb %s {\n"
	    "args = %s\n%s}\n}\n", driver, args, more);
	write_to(conf, text, 0600);
	settings_faults_clear(&faults);
	return settings_read(conf, &faults);
}

static void
good(const char *driver, const char *args)
{
	struct settings *s = read_passdb(driver, args, "");

	if (s == NULL)
		fail_msg("%s: %s", args, faults.text[0]);
	settings_free(s);
}

/* The fault stands at the line of args. */
static void
bad(const char *driver, const char *args, const char *more, const char *why)
{
	char want[512];

	if (read_passdb(driver, args, more) != NULL)
		fail_msg("%s was taken", args);
	(void)snprintf(want, sizeof(want), "%s:8: %s", conf, why);
	if (strncmp(faults.text[0], want, strlen(want)) != 0)
		fail_msg("the fault is \"%s\", expected \"%s\"",
		    faults.text[0], want);
}

static void
test_passwd_args(void **state)
{
	struct settings *s;
	char args[256];

	(void)state;
	write_to(users, "joe:x\n", 0640);
	if (geteuid() == 0)
		assert_int_equal(chown(users, 0, WORKER), 0);
	(void)snprintf(args, sizeof(args), "scheme=sha256.hex "
	    "username_format=%%Ln %s", users);
	s = read_passdb("passwd-file", args, "");
	assert_non_null(s);
	assert_int_equal(s->passdbs[0].driver, PASSDB_PASSWD_FILE);
	assert_string_equal(s->passdbs[0].sql_default_pass_scheme,
	    "sha256.hex");
	settings_free(s);
	s = read_passdb("passwd-file", users, "");
	assert_string_equal(s->passdbs[0].sql_default_pass_scheme, "CRYPT");
	settings_free(s);
	bad("passwd-file", "x", "", "passdb passwd-file: expected scheme=, "
	    "username_format= and the absolute path of a file");
	bad("passwd-file", "scheme=ROT13 /x", "",
	    "passdb passwd-file: scheme: ROT13 is none of: ");
	bad("passwd-file", "username_format=%r /x", "",
	    "passdb passwd-file: only %u, %n and %d make a name");
	/* T-Q9: a path that a client could have a say in. */
	bad("passwd-file", "/var/mail/%d/passwd", "",
	    "passdb passwd-file: no variables in the path");
}

/* T-F2, for a file that a worker reads. */
static void
test_passwd_modes(void **state)
{
	char want[256], target[160];

	(void)state;
	(void)snprintf(want, sizeof(want), "%s: No such file", users);
	bad("passwd-file", users, "", want);
	write_to(users, "joe:x\n", 0600);
	if (geteuid() != 0) {
		good("passwd-file", users);
		return;
	}
	(void)snprintf(want, sizeof(want), "%s: cannot be read by "
	    "auth_worker_user: give it group 61003 and mode 0640", users);
	bad("passwd-file", users, "", want);
	assert_int_equal(chmod(users, 0640), 0);
	bad("passwd-file", users, "", want);
	assert_int_equal(chown(users, 0, WORKER), 0);
	good("passwd-file", users);
	assert_int_equal(chmod(users, 0440), 0);
	good("passwd-file", users);
	(void)snprintf(want, sizeof(want), "%s: must not be writable by "
	    "group or others", users);
	assert_int_equal(chmod(users, 0660), 0);
	bad("passwd-file", users, "", want);
	(void)snprintf(want, sizeof(want), "%s: must not be readable by "
	    "others", users);
	assert_int_equal(chmod(users, 0644), 0);
	bad("passwd-file", users, "", want);
	assert_int_equal(chmod(users, 0640), 0);
	(void)snprintf(want, sizeof(want), "%s: must belong to root", users);
	assert_int_equal(chown(users, WORKER, WORKER), 0);
	bad("passwd-file", users, "", want);
	assert_int_equal(chown(users, 0, WORKER), 0);
	(void)snprintf(want, sizeof(want), "%s: its directory, or one above, "
	    "cannot be entered by auth_worker_user", users);
	assert_int_equal(chmod(folder, 0700), 0);
	bad("passwd-file", users, "", want);
	assert_int_equal(chmod(folder, 0755), 0);
	(void)snprintf(want, sizeof(want), "%s: is too large", users);
	assert_int_equal(truncate(users, (64 << 20) + 1), 0);
	bad("passwd-file", users, "", want);
	(void)snprintf(target, sizeof(target), "%s.real", users);
	assert_int_equal(rename(users, target), 0);
	assert_int_equal(symlink(target, users), 0);
	(void)snprintf(want, sizeof(want), "%s: must not be a symbolic link",
	    users);
	bad("passwd-file", users, "", want);
	assert_int_equal(unlink(target), 0);
	assert_int_equal(unlink(users), 0);
	assert_int_equal(mkfifo(users, 0600), 0);
	(void)snprintf(want, sizeof(want), "%s: not a regular file", users);
	bad("passwd-file", users, "", want);
}

#ifdef WITH_CURL
static void
test_http_args(void **state)
{
	struct settings *s;

	(void)state;
	s = read_passdb("nginx-http", "https://a/x?key=hush unix:/s:/u "
	    "http://192.0.2.1:81/ http://127.0.0.1/", "");
	if (s == NULL)
		fail_msg("%s", faults.text[0]);
	assert_int_equal(s->passdbs[0].driver, PASSDB_NGINX_HTTP);
	assert_int_equal(s->passdbs[0].sql_nhosts, 4);
	assert_string_equal(s->passdbs[0].sql_hosts[0], "https://a:443");
	assert_string_equal(s->passdbs[0].sql_hosts[1], "unix:/s");
	assert_string_equal(s->passdbs[0].sql_hosts[3],
	    "http://127.0.0.1:80");
	/* One of them takes the password over a network in clear. */
	assert_int_equal(faults.nnotices, 1);
	assert_non_null(strstr(faults.notices[0],
	    "http://192.0.2.1:81: passwords cross the network in clear"));
	settings_free(s);
	bad("nginx-http", "ftp://a/", "", "passdb nginx-http: ftp://a/: "
	    "expected http://, https:// or unix:/path:/uri");
	bad("nginx-http", "timeout=3", "", "passdb nginx-http: a URL is "
	    "missing");
	bad("nginx-http", "http://127.0.0.1/", "deny = yes\n",
	    "passdb nginx-http: not with deny = yes");
}

/* The key is secret, what signs is not. */
static void
test_http_files(void **state)
{
	char args[512], want[256];

	(void)state;
	(void)snprintf(args, sizeof(args), "https://a/ ssl_ca=%s", users);
	(void)snprintf(want, sizeof(want), "%s: No such file", users);
	bad("nginx-http", args, "", want);
	write_to(users, "x", 0644);
	good("nginx-http", args);
	(void)snprintf(want, sizeof(want), "%s: must not be writable by "
	    "group or others", users);
	assert_int_equal(chmod(users, 0664), 0);
	bad("nginx-http", args, "", want);
	assert_int_equal(chmod(users, 0644), 0);
	(void)snprintf(args, sizeof(args), "https://a/ cert=%s key=%s", users,
	    users);
	(void)snprintf(want, sizeof(want), "%s: must not be readable by "
	    "others", users);
	bad("nginx-http", args, "", want);
	if (geteuid() != 0)
		return;
	assert_int_equal(chown(users, 0, WORKER), 0);
	assert_int_equal(chmod(users, 0640), 0);
	good("nginx-http", args);
}
#else
static void
test_http_args(void **state)
{
	(void)state;
	bad("nginx-http", "https://a/", "", "passdb nginx-http: this build "
	    "of mailwicket has no HTTP client");
}
#endif

#define T(fn)	cmocka_unit_test_setup_teardown(fn, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_passwd_args),
		T(test_passwd_modes),
		T(test_http_args),
#ifdef WITH_CURL
		T(test_http_files),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
