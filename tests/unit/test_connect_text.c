/* connect_text: words, quotes, hosts; connect_keys: what a driver takes. */
#include "unit.h"

#include "config/connect_keys.h"
#include "config/connect_text.h"

static struct connect_text text;
static char err[256];

static void
parse(const char *driver, const char *from)
{
	if (connect_text_parse(&text, driver, from, err, sizeof(err)) == -1)
		fail_msg("%s: %s", from, err);
}

static void
assert_word(const char *key, const char *value)
{
	const char *found = connect_text_get(&text, key);

	assert_non_null(found);
	assert_string_equal(found, value);
}

static void
test_seed(void **state)
{
	static const char *const drivers[] = { "mysql", "pgsql" };

	(void)state;
	for (size_t i = 0; i < UNIT_LENGTH(drivers); i++) {
		parse(drivers[i], "host=sqlhost1 host=sqlhost2 dbname=mail "
		    "user=dovecot password=hush");
		assert_int_equal(text.nhosts, 2);
		assert_string_equal(text.hosts[0], "sqlhost1");
		assert_string_equal(text.hosts[1], "sqlhost2");
		assert_int_equal(text.nwords, 3);
		assert_word("dbname", "mail");
		assert_word("user", "dovecot");
		assert_word("password", "hush");
		assert_null(connect_text_get(&text, "host"));
		assert_null(connect_text_get(&text, "port"));
		/* PostgreSQL's library would give the password in clear. */
		assert_int_equal(connect_keys_check(&text, drivers[i], err,
		    sizeof(err)), i == 0 ? 0 : -1);
		connect_text_clear(&text);
		assert_int_equal(text.nhosts + text.nwords, 0);
	}
}

static void
test_values(void **state)
{
	static const struct {
		const char	*driver, *text, *password;
	} cases[] = {
		{ "mysql", "password=a\\b", "a\\b" },
		{ "pgsql", "password=a\\b", "ab" },
		{ "mysql", "password='it\\'s'", "it's" },
		{ "pgsql", "password='it\\'s'", "it's" },
		{ "mysql", "password='a b\\\\c = d'", "a b\\c = d" },
		{ "pgsql", " \t password = 'a b' ", "a b" },
		{ "mysql", "password=it's", "it's" },
		{ "mysql", "password=a=b'", "a=b'" },
		{ "mysql", "password=", "" },
		{ "mysql", "password= user=x", "" },
		{ "pgsql", "password= user=x", "user=x" },
		{ "pgsql", "password=''", "" },
		{ "mysql", "password=\\", "\\" },
		{ "pgsql", "password=\\", "\\" },
		{ "mysql", "password=#\xc3\xa4\"$%", "#\xc3\xa4\"$%" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LENGTH(cases); i++) {
		parse(cases[i].driver, cases[i].text);
		assert_word("password", cases[i].password);
		connect_text_clear(&text);
	}
}

static void
test_hosts(void **state)
{
	(void)state;
	parse("mysql", "host=/run/mysqld/mysqld.sock host=a,b");
	assert_int_equal(text.nhosts, 2);
	assert_string_equal(text.hosts[0], "/run/mysqld/mysqld.sock");
	assert_string_equal(text.hosts[1], "a,b");
	connect_text_clear(&text);
	parse("pgsql", "host=a,::1 host=c");
	assert_int_equal(text.nhosts, 3);
	assert_string_equal(text.hosts[1], "::1");
	assert_string_equal(text.hosts[2], "c");
	connect_text_clear(&text);
	parse("mysql", "dbname=mail");
	assert_int_equal(text.nhosts, 0);
	connect_text_clear(&text);
	parse("mysql", "");
	assert_int_equal(text.nhosts + text.nwords, 0);
}

/* A reason never shows what could be a password. */
static void
test_refused(void **state)
{
	static const struct {
		const char	*driver, *text, *reason;
	} cases[] = {
		{ "mysql", "host=a hush", "word 2 is not key=value" },
		{ "mysql", "password=very hush", "word 2 is not key=value" },
		{ "pgsql", "password=very hush", "word 2 is not key=value" },
		{ "mysql", "host = a", "word 1 is not key=value" },
		{ "mysql", "=a", "word 1 does not begin with a key" },
		{ "mysql", "hush,hush=a", "word 1 is not key=value" },
		{ "mysql", "abcdefghijklmnopqrstuvwxyzabcdefghush=a",
		    "word 1 does not begin with a key" },
		{ "mysql", "user=a password='hush", "word 2: no quote" },
		{ "mysql", "password='hush\\'", "word 1: no quote" },
		{ "mysql", "password='hush\\", "word 1: no quote" },
		{ "mysql", "password='", "word 1: no quote" },
		{ "mysql", "password='a'hush", "word 1: text behind its" },
		{ "mysql", "password='hu\tsh'", "word 1: control characters" },
		{ "mysql", "password=hush\033", "word 1: control characters" },
		{ "mysql", "host=", "host has no value" },
		{ "mysql", "host='' user=x", "host has no value" },
		{ "pgsql", "host=a,", "host has no value" },
		{ "pgsql", "host=,a", "host has no value" },
		{ "mysql", "user=a password=hush password=hush",
		    "password comes twice" },
		{ "mysql", "host=1 host=2 host=3 host=4 host=5 host=6 host=7 "
		    "host=8 host=9", "more than 8 hosts" },
		{ "mysql", "a=1 b=1 c=1 d=1 e=1 f=1 g=1 h=1 i=1 j=1 k=1 l=1 "
		    "m=1 n=1 o=1 p=1 q=1 r=1 s=1 t=1 u=1 v=1 w=1 x=1 y=1 z=1 "
		    "a1=1 b1=1 c1=1 d1=1 e1=1 f1=1 g1=1", "more than 32" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LENGTH(cases); i++) {
		err[0] = '\0';
		assert_int_equal(connect_text_parse(&text, cases[i].driver,
		    cases[i].text, err, sizeof(err)), -1);
		if (strstr(err, cases[i].reason) == NULL)
			fail_msg("%s: %s", cases[i].text, err);
		assert_null(strstr(err, "hush"));
		assert_int_equal(text.nhosts + text.nwords, 0);
	}
}

static void
test_keys(void **state)
{
	static const struct {
		const char	*driver, *text, *reason;	/* NULL: good */
	} cases[] = {
		{ "mysql", "host=a port=3306 user=u password=p dbname=d "
		    "client_flags=131072 connect_timeout=5 read_timeout=30 "
		    "write_timeout=30 ssl_ca=/ca ssl_ca_path=/ca.d "
		    "ssl_cert=/c ssl_key=/k ssl_cipher=HIGH "
		    "ssl_verify_server_cert=yes", NULL },
		{ "mysql", "ssl_verify_server_cert=no", NULL },
		{ "mysql", "client_flags=0", NULL },
		{ "mysql", "port=0", "port: must be a number from 1 to" },
		{ "mysql", "port=65536", "port: must be a number" },
		{ "mysql", "port=143x", "port: must be a number" },
		{ "mysql", "port=", "port: must be a number" },
		{ "mysql", "port=-1", "port: must be a number" },
		{ "mysql", "read_timeout=0", "read_timeout: must be" },
		{ "mysql", "client_flags=128", "client_flags: must be" },
		{ "mysql", "client_flags=65536", "client_flags: must be" },
		{ "mysql", "client_flags=0x2", "client_flags: must be" },
		{ "mysql", "ssl_ca=ca.pem", "ssl_ca: must be an absolute" },
		{ "mysql", "ssl_verify_server_cert=maybe", "one of: yes no" },
		{ "mysql", "option_file=/etc/my.cnf",
		    "option_file: files of the library are not read" },
		{ "mysql", "option_group=client", "option_group: files" },
		{ "mysql", "sslmode=require", "sslmode: unknown key" },
		{ "mysql", "user=u passwd=hush", "passwd: unknown key" },
		{ "pgsql", "host=a port=5432 user=u password=p dbname=d "
		    "sslmode=verify-full sslrootcert=/ca connect_timeout=5 "
		    "channel_binding=require keepalives=1 options='-c x=y'",
		    NULL },
		{ "pgsql", "port=5432,5433", "port: must be a number" },
		{ "pgsql", "sslmode=verify", "sslmode: must be one of: " },
		{ "pgsql", "passfile=/x", "passfile: files of the library" },
		{ "pgsql", "service=x", "service: files of the library" },
		{ "pgsql", "ssl_ca=/ca", "ssl_ca: unknown key" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LENGTH(cases); i++) {
		err[0] = '\0';
		parse(cases[i].driver, cases[i].text);
		assert_int_equal(connect_keys_check(&text, cases[i].driver,
		    err, sizeof(err)), cases[i].reason == NULL ? 0 : -1);
		if (cases[i].reason != NULL &&
		    strstr(err, cases[i].reason) == NULL)
			fail_msg("%s: %s", cases[i].text, err);
		assert_null(strstr(err, "hush"));
		connect_text_clear(&text);
	}
}

static void
test_drivers(void **state)
{
	(void)state;
	assert_true(connect_text_is_for("mysql"));
	assert_true(connect_text_is_for("pgsql"));
	assert_false(connect_text_is_for("sqlite"));
	assert_false(connect_text_is_for(""));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_seed),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_drivers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
