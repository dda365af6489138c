/*
 * Which words of "connect" may hold a password for PostgreSQL.
 * Runs in: make check.
 * Hostile input: none.
 * Never: ships in a program.
 */
#include "unit.h"

#include "config/connect_keys.h"
#include "config/connect_text.h"

/* reason: what is said, NULL when it is fine. */
static const struct {
	const char	*text, *reason;
} cases[] = {
	/* As it was written in the mission. */
	{ "host=localhost dbname=dovecotdb user=dovecotdba "
	    "password=dovecotpw", NULL },
	{ "dbname=mail password=hush", NULL },
	{ "host=/run/postgresql host=127.0.0.2 host=::1 password=hush", NULL },
	{ "host=db1", NULL },
	{ "host=db1 password=''", NULL },
	{ "host=db1 password=hush", "in the place of db1 could ask for it" },
	{ "host=localhost host=db2 password=hush", "in the place of db2" },
	{ "host=localhost,192.0.2.1 password=hush", "in the place of 192" },
	{ "host=127.1 password=hush", "in the place of 127.1" },
	{ "host=db1 hostaddr=127.0.0.1 password=hush", NULL },
	{ "host=localhost hostaddr=192.0.2.1 password=hush",
	    "in the place of 192.0.2.1" },
	{ "hostaddr=192.0.2.1 password=hush", "in the place of 192.0.2.1" },
	{ "hostaddr=127.0.0.1 host=a host=b", "hostaddr: does not go" },
	{ "host=db1 password=hush sslmode=require", "in the place of db1" },
	{ "host=db1 password=hush channel_binding=prefer", "place of db1" },
	{ "host=db1 password=hush channel_binding=require", NULL },
	{ "host=db1 password=hush sslmode=verify-full", "needs sslrootcert" },
	{ "host=db1 sslmode=verify-ca", "needs sslrootcert" },
	{ "host=db1 password=hush sslmode=verify-full sslrootcert=/ca", NULL },
	{ "host=db1 password=hush sslmode=verify-ca sslrootcert=/ca", NULL },
	{ "host=db1 password=hush password_without_tls=no", "place of db1" },
	{ "host=db1 password=hush password_without_tls=yes", NULL },
	{ "host=db1 password=hush password_without_tls=maybe",
	    "must be one of: yes no" },
};

static void
test_passwords(void **state)
{
	struct connect_text text;
	char err[256];
	int rc;

	(void)state;
	for (size_t i = 0; i < UNIT_LENGTH(cases); i++) {
		err[0] = '\0';
		assert_int_equal(connect_text_parse(&text, "pgsql",
		    cases[i].text, err, sizeof(err)), 0);
		rc = connect_keys_check(&text, "pgsql", err, sizeof(err));
		if (rc != (cases[i].reason == NULL ? 0 : -1) ||
		    (rc == -1 && strstr(err, cases[i].reason) == NULL))
			fail_msg("%s: %d %s", cases[i].text, rc, err);
		assert_null(strstr(err, "hush"));
		connect_text_clear(&text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_passwords),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
