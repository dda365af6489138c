/* settings_read: a configuration of Dovecot 1.0 and its SQL file on disk. */
#include "unit.h"

#include <bsd/string.h>
#include <sys/stat.h>

#include "config/settings.h"

#define PASSDB	"auth default {\npassdb static {\nargs = host=::1\n}\n}\n"

static struct settings_faults faults;

static const char seed_conf[] =
    "## Dovecot 1.0 configuration file\n"
    "base_dir = /var/run/dovecot/\n"
    "protocols = pop3 pop3s imap imaps\n"
    "disable_plaintext_auth = no\n"
    "# SSL/TLS settings\n"
    "ssl_cert_file = /opt/dovecot/etc/mail.domain.net.cert\n"
    "ssl_key_file = /opt/dovecot/etc/mail.domain.net.key\n"
    "ssl_disable = no\n"
    "login_dir = /var/run/dovecot/login\n"
    "login_process_per_connection = no\n"
    "login_processes_count = 3\n"
    "auth_cache_size = 4096\n"
    "auth_cache_ttl = 7200\n"
    "auth_worker_max_count = 30\n"
    "auth default {\n"
    "mechanisms = plain\n"
    "userdb static {\n"
    "args = static uid=5000 gid=5000 home=/dev/null\n"
    "}\n"
    "passdb sql {\n"
    "args = %s/sql.conf\n"
    "}\n"
    "user = root\n"
    "count = 1\n"
    "}\n"
    "# accounts of a machine without them\n"
    "login_user = 61001\nauth_user = 61002\nauth_worker_user = 61003\n"
    "tls_signer_user = 61004\n";

static const char seed_sql[] =
    "## SQL passdb configuration\n"
    "driver = %s\n"
    "connect = host=sqlhost1 host=sqlhost2 dbname=mail user=dovecot "
    "password=hush\n"
    "password_query = SELECT NULL AS password, host, destuser, \\\n"
    "  'Y' AS nologin, 'Y' AS nodelay, 'Y' AS proxy, 'Y' AS nopassword \\\n"
    "  FROM proxy WHERE user = '%%u'\n"
    "# eof\n";

static char folder[64];

static int
files_setup(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/test_settings.XXXXXX");
	return mkdtemp(folder) == NULL ? -1 : 0;
}

static int
files_teardown(void **state)
{
	char path[128];

	(void)state;
	snprintf(path, sizeof(path), "%s/conf", folder);
	unlink(path);
	snprintf(path, sizeof(path), "%s/sql.conf", folder);
	unlink(path);
	settings_faults_clear(&faults);
	return rmdir(folder);
}

static void __attribute__((format(printf, 2, 3)))
write_file(const char *name, const char *fmt, ...)
{
	char path[128];
	va_list ap;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "w");
	assert_non_null(file);
	va_start(ap, fmt);
	vfprintf(file, fmt, ap);
	va_end(ap);
	fclose(file);
	assert_int_equal(chmod(path, 0600), 0);
}

static struct settings *
read_files(void)
{
	char path[128];

	settings_faults_clear(&faults);
	snprintf(path, sizeof(path), "%s/conf", folder);
	return settings_read(path, &faults);
}

static void
files_bad(const char *fault)
{
	assert_null(read_files());
	if (strstr(faults.text[0], fault) == NULL)
		fail_msg("the fault is \"%s\", expected \"%s\"",
		    faults.text[0], fault);
}

#ifdef WITH_SQLITE
static void
test_seed(void **state)
{
	struct settings *s;

	(void)state;
	write_file("conf", seed_conf, folder);
	write_file("sql.conf", seed_sql, "sqlite");
	s = read_files();
	if (s == NULL)
		fail_msg("%s", faults.text[0]);
	assert_true(s->services[0].is_enabled && s->services[1].is_enabled);
	assert_false(s->services[0].login_process_per_connection);
	assert_true(s->auth_cache_size_bytes == 4u << 20);
	assert_string_equal(s->base_dir, "/var/run/dovecot");
	assert_int_equal(s->npassdbs, 1);
	assert_string_equal(s->passdbs[0].sql_driver, "sqlite");
	assert_string_equal(s->passdbs[0].sql_connect,
	    "host=sqlhost1 host=sqlhost2 dbname=mail user=dovecot "
	    "password=hush");
	assert_non_null(strstr(s->passdbs[0].sql_password_query,
	    "WHERE user = '%u'"));
	if (geteuid() == 0) {
		assert_int_equal(s->login_ids.uid, 61001);
		assert_int_equal(s->tls_signer_ids.gid, 61004);
	} else
		assert_int_equal(s->login_ids.uid, geteuid());
	assert_int_equal(faults.nnotices, 1);
	settings_free(s);
}

static bool
has_notice(const char *text)
{
	for (size_t i = 0; i < faults.nnotices; i++)
		if (strstr(faults.notices[i], text) != NULL)
			return true;
	return false;
}

/* T-C4: one notice for a query whose rows cannot be told apart. */
static void
test_cache_notices(void **state)
{
	static const char *const queries[][2] = {
		{ "SELECT 'x' AS host", "not cached: it has no variables" },
		{ "SELECT '%u' AS user, '%p' AS x",
		    "not cached: they depend on %p" },
	};
	char sql[512];
	struct settings *s;

	(void)state;
	write_file("conf", seed_conf, folder);
	for (size_t i = 0; i < 2; i++) {
		(void)snprintf(sql, sizeof(sql), "driver = sqlite\n"
		    "connect = /x\npassword_query = %s\n", queries[i][0]);
		write_file("sql.conf", "%s", sql);
		s = read_files();
		if (s == NULL)
			fail_msg("%s", faults.text[0]);
		assert_int_equal(faults.nnotices, 2);
		assert_true(has_notice(queries[i][1]));
		settings_free(s);
	}
}
#endif

static void
test_sql_file(void **state)
{
	char path[128];

	(void)state;
	write_file("conf", seed_conf, folder);
	files_bad("sql.conf: No such file");
	write_file("sql.conf", seed_sql, "oracle");
	files_bad("sql.conf:2: driver: expected one of: sqlite mysql pgsql");
	assert_int_equal(faults.n, 1);
	write_file("sql.conf", "%s", "driver = sqlite\nconnect = /x\n");
	files_bad("sql.conf: password_query is missing");
	write_file("sql.conf", "%s",
	    "driver = sqlite\npassword_query = SELECT 1\n");
	files_bad("sql.conf: connect is missing");
	write_file("sql.conf", "%s", "connect = /x\npassword_query = x\n");
	files_bad("sql.conf: driver is missing");
	write_file("sql.conf", "%s", "\n");
	files_bad("sql.conf is empty");
	write_file("sql.conf", "%s", "driver = sqlite\nconnect = /x\n"
	    "password_query = SELECT a \\\nFROM %u\n");
	files_bad("sql.conf:3: password_query: a variable cannot stand "
	    "behind \"FROM\"");
	write_file("sql.conf", "%s", "driver = sqlite\nconnect = /x\n"
	    "password_query = SELECT 1\nwhat_ever = x\n");
	files_bad("sql.conf:4: unknown setting what_ever");
	write_file("sql.conf", "%s", "driver = sqlite\nconnect = /x\n"
	    "password_query = SELECT 1\ndefault_pass_scheme = ROT13\n");
	files_bad("sql.conf:4: default_pass_scheme: ROT13 is none of: ");

	/* T-F2: who else could read it? */
	write_file("sql.conf", seed_sql, "sqlite");
	snprintf(path, sizeof(path), "%s/sql.conf", folder);
	assert_int_equal(chmod(path, 0644), 0);
	files_bad("sql.conf: must have mode 0600");
}

#ifdef WITH_MYSQL
/* What is written for a server is checked without one. */
static void
test_connect(void **state)
{
	static const struct {
		const char	*connect, *fault;
	} cases[] = {
		{ "host=", "sql.conf:2: connect: host has no value" },
		{ "host=a port=0", "sql.conf:2: connect: port: must be a" },
		{ "host=a option_file=/x", "sql.conf:2: connect: option_file" },
		{ "host=a passwort=b", "sql.conf:2: connect: passwort: unk" },
		{ "/var/db", "sql.conf:2: connect: word 1 does not" },
	};
	struct settings *s;

	(void)state;
	write_file("conf", seed_conf, folder);
	write_file("sql.conf", seed_sql, "mysql");
	s = read_files();
	if (s == NULL)
		fail_msg("%s", faults.text[0]);
	assert_string_equal(s->passdbs[0].sql_driver, "mysql");
	settings_free(s);
	for (size_t i = 0; i < UNIT_LENGTH(cases); i++) {
		write_file("sql.conf", "driver = mysql\nconnect = %s\n"
		    "password_query = SELECT 1\n", cases[i].connect);
		files_bad(cases[i].fault);
	}
}
#endif

#ifdef WITH_SQLITE
static void
test_schemes(void **state)
{
	static const char *const schemes[] = {
		"PLAIN", "plain", "SSHA256", "SHA256.hex", "SHA512.b64",
		"CRYPT",
	};

	(void)state;
	write_file("conf", seed_conf, folder);
	for (size_t i = 0; i < UNIT_LENGTH(schemes); i++) {
		struct settings *s;

		write_file("sql.conf", "driver = sqlite\nconnect = /x\n"
		    "password_query = SELECT 1\ndefault_pass_scheme = %s\n"
		    "user_query = SELECT 2\n", schemes[i]);
		s = read_files();
		assert_non_null(s);
		assert_string_equal(s->passdbs[0].sql_default_pass_scheme,
		    schemes[i]);
		settings_free(s);
	}
}
#endif

static void
test_users(void **state)
{
	static const struct {
		const char	*lines, *fault;
	} cases[] = {
		{ "login_user = 61002", "must not be the same as login_user" },
		{ "login_user = 61004", "must not be the same as login_user" },
		{ "auth_user = root", "auth_user: must not be root" },
		{ "auth_worker_user = 0", "must not be root" },
		{ "tls_signer_user = no-such-account",
		    "tls_signer_user: no account no-such-account" },
		{ "login_user =", "login_user: no account" },
		{ "login_user = 4294967295", "login_user: no account" },
	};
	char text[2048];

	(void)state;
	if (geteuid() != 0)
		return;
	for (size_t i = 0; i < UNIT_LENGTH(cases); i++) {
		strlcpy(text, seed_conf, sizeof(text));
		*strstr(text, "passdb sql {") = '\0';
		write_file("conf", "%s}\n%s%s\n%s\n", text, PASSDB,
		    strstr(seed_conf, "# accounts"), cases[i].lines);
		files_bad(cases[i].fault);
	}
}

int
main(void)
{
#define TEST(fn) \
	cmocka_unit_test_setup_teardown(fn, files_setup, files_teardown)
	const struct CMUnitTest tests[] = {
#ifdef WITH_SQLITE
		TEST(test_seed),
		TEST(test_cache_notices),
		TEST(test_schemes),
#endif
#ifdef WITH_MYSQL
		TEST(test_connect),
#endif
		TEST(test_sql_file),
		TEST(test_users),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
