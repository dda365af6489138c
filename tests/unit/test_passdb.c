/* passdb: what rows mean, and which rows mean nothing that can be used. */
#include "unit.h"

#include "auth/passdb.h"
#include "auth/passdb_route.h"
#include "config/settings.h"
#include "config/var.h"
#include "ipc/roles.h"

#define COLUMNS_MAX	6

/* A column; value NULL is SQL's NULL.  The last has no name. */
struct column {
	const char	*name, *value;
	size_t		 len;		/* 0: of the text */
};

static struct netaddr
addr(const char *text, uint16_t port)
{
	struct netaddr a;

	assert_int_equal(netaddr_parse(&a, text, strlen(text)), 0);
	a.port = port;
	return a;
}

static void
row_of(struct auth_worker_row *row, const struct column *c)
{
	memset(row, 0, sizeof(*row));
	row->found = AUTH_WORKER_ONE;
	for (size_t i = 0; i < COLUMNS_MAX && c[i].name != NULL; i++) {
		struct auth_worker_column *to = &row->columns[i];

		(void)snprintf(to->name, sizeof(to->name), "%s", c[i].name);
		to->is_null = c[i].value == NULL;
		if (c[i].value != NULL) {
			to->value = (const uint8_t *)c[i].value;
			to->len = c[i].len != 0 ? c[i].len :
			    strlen(c[i].value);
		}
		row->ncolumns++;
	}
}

static int
read_row(struct passdb_fields *f, const struct column *c, char *why)
{
	struct netaddr rip = addr("192.0.2.7", 4711);
	struct passdb_asker asker = { .user = "joe", .rip = &rip,
	    .real_rip = &rip, .default_scheme = "PLAIN" };
	struct auth_worker_row row;

	row_of(&row, c);
	passdb_fields_clear(f);
	why[0] = '\0';
	if (passdb_fields_read(f, &row, &asker, why) == -1)
		return -1;
	return passdb_check(f, why);
}

/* T-D5 */
static void
test_proxy_words(void **state)
{
	static const struct {
		const char	*value;
		int		 want;		/* -1: a fault */
	} rows[] = {
		{ "Y", 1 }, { "y", 1 }, { "yes", 1 }, { "YES", 1 },
		{ "1", 1 }, { "true", 1 }, { "N", 0 }, { "n", 0 },
		{ "0", 0 }, { "no", 0 }, { "false", 0 }, { "", 0 },
		{ NULL, 0 }, { "t", -1 }, { "f", -1 }, { "2", -1 },
		{ "Y ", -1 }, { " Y", -1 }, { "Y\n", -1 }, { "on", -1 },
		{ "off", -1 }, { "yesno", -1 }, { "ye", -1 },
	};
	static const char *const names[] = { "proxy", "PROXY", "proxy_maybe" };
	struct passdb_fields f;
	char why[PASSDB_WHY_MAX];

	(void)state;
	for (size_t i = 0; i < UNIT_LENGTH(rows); i++)
		for (size_t k = 0; k < UNIT_LENGTH(names); k++) {
			struct column c[COLUMNS_MAX] = {
				{ names[k], rows[i].value, 0 },
				{ "host", "10.0.0.1", 0 } };
			int rv = read_row(&f, c, why);

			assert_int_equal(rv, rows[i].want == -1 ? -1 : 0);
			if (rv == 0)
				assert_int_equal(passdb_is_forwarded(&f),
				    rows[i].want);
		}
}

/* T-D6: with proxy on; naddrs 0 is a fault, -1 a name. */
static const struct {
	const char	*value;
	int		 nhosts;
	const char	*first;		/* NULL: a name */
} host_cases[] = {
	{ "127.0.0.1", 1, "127.0.0.1" },
	{ "::1", 1, "::1" },
	{ "2001:db8::25", 1, "2001:db8::25" },
	{ "::ffff:127.0.0.1", 1, "127.0.0.1" },
	{ "10.0.0.1/32", 1, "10.0.0.1" },
	{ "2001:db8::1/128", 1, "2001:db8::1" },
	{ "10.0.0.1 10.0.0.2", 2, "10.0.0.1" },
	{ "10.0.0.1,10.0.0.2", 2, "10.0.0.1" },
	{ "10.0.0.1, 10.0.0.2 , ::1", 3, "10.0.0.1" },
	{ "10.0.0.1   10.0.0.2", 2, "10.0.0.1" },
	{ "1.1.1.1 1.1.1.2 1.1.1.3 1.1.1.4 1.1.1.5 1.1.1.6 1.1.1.7 1.1.1.8",
	    8, "1.1.1.1" },
	{ "localhost", 1, NULL },
	{ "mail.example.org", 1, NULL },
	{ "Mail-2.example.org", 1, NULL },
	{ "xn--mller-kva.de", 1, NULL },
	{ "10.example", 1, NULL },
	{ "a b,c", 3, NULL },
	{ NULL, 0, NULL }, { "", 0, NULL }, { " ", 0, NULL },
	{ " 127.0.0.1", 0, NULL }, { "127.0.0.1 ", 0, NULL },
	{ "127.0.0.1\n", 0, NULL }, { "127.0.0.1\r\n", 0, NULL },
	{ "\t127.0.0.1", 0, NULL }, { "127.1", 0, NULL },
	{ "0x7f000001", 0, NULL }, { "0X7F000001", 0, NULL },
	{ "0x7f.1", 0, NULL }, { "1.0x7f", 0, NULL }, { "0x", 0, NULL },
	{ "2130706433", 0, NULL }, { "017700000001", 0, NULL },
	{ "127.0.0.01", 0, NULL }, { "127.0.0.256", 0, NULL },
	{ "[::1]", 0, NULL }, { "::1%lo", 0, NULL }, { "::g", 0, NULL },
	{ "1.2.3.4.5", 0, NULL }, { "1.2.3", 0, NULL }, { "-1", 0, NULL },
	{ "1.2.3.4:143", 0, NULL }, { "10.0.0.1/24", 0, NULL },
	{ "10.0.0.1/", 0, NULL }, { "10.0.0.1/032", 0, NULL },
	{ "10.0.0.1/128", 0, NULL }, { "::1/32", 0, NULL },
	{ "10.0.0.1/32/32", 0, NULL }, { "a/32", 0, NULL },
	{ "10.0.0.1,,10.0.0.2", 0, NULL }, { ",10.0.0.1", 0, NULL },
	{ "10.0.0.1,", 0, NULL }, { "10.0.0.1;10.0.0.2", 0, NULL },
	{ "10.0.0.1 127.1", 0, NULL }, { "mail..org", 0, NULL },
	{ "mail.org.", 0, NULL }, { ".org", 0, NULL }, { "-a.org", 0, NULL },
	{ "a-.org", 0, NULL }, { "a_b.org", 0, NULL }, { "m\xc3\xb6.de", 0,
	    NULL }, { "a.123", 0, NULL }, { "/tmp/socket", 0, NULL },
	{ "a b c d e f g h i", 0, NULL }, { "user@host", 0, NULL },
};

static void
test_hosts(void **state)
{
	struct passdb_fields f;
	char why[PASSDB_WHY_MAX], text[NETADDR_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < UNIT_LENGTH(host_cases); i++) {
		struct column c[COLUMNS_MAX] = { { "proxy", "Y", 0 },
			{ "host", host_cases[i].value, 0 } };
		int rv = read_row(&f, c, why);

		if ((rv == 0) != (host_cases[i].nhosts > 0))
			fail_msg("host '%s': %s", host_cases[i].value, why);
		if (rv == -1) {
			assert_non_null(strstr(why, "host"));
			continue;
		}
		assert_int_equal(f.nhosts, host_cases[i].nhosts);
		if (host_cases[i].first == NULL)
			assert_int_equal(f.hosts[0].addr.family, NETADDR_NONE);
		else
			assert_string_equal(netaddr_text(&f.hosts[0].addr,
			    text), host_cases[i].first);
	}
}

static void
test_long_hosts(void **state)
{
	char text[5000], why[PASSDB_WHY_MAX];
	struct column c[COLUMNS_MAX] = { { "proxy", "Y", 0 },
		{ "host", text, 0 } };
	struct passdb_fields f;

	(void)state;
	memset(text, 'a', sizeof(text));
	text[300] = '\0';
	assert_int_equal(read_row(&f, c, why), -1);
	text[63] = text[127] = text[191] = '.';
	text[255] = '\0';
	assert_int_equal(read_row(&f, c, why), 0);
	assert_int_equal(f.hosts[0].len, 255);
	text[64] = '.';
	assert_int_equal(read_row(&f, c, why), -1);
	memset(text, '1', sizeof(text));
	text[PASSDB_HOST_MAX + 1] = '\0';
	assert_int_equal(read_row(&f, c, why), -1);
	c[1] = (struct column){ "host", "10.0.0.1\0.5", 11 };
	assert_int_equal(read_row(&f, c, why), -1);
	assert_string_equal(why, "control character in host");
}

#define MS	"proxy_timeout"

/* T-D6, the ports; and other numbers. */
static void
test_numbers(void **state)
{
	static const struct {
		const char	*name, *value;
		int64_t		 want;		/* -1: a fault */
	} rows[] = {
		{ "port", "1", 1 }, { "port", "143", 143 },
		{ "port", "65535", 65535 }, { "port", NULL, 0 },
		{ "port", "0", -1 }, { "port", "65536", -1 },
		{ "port", "143x", -1 }, { "port", "-1", -1 },
		{ "port", "", -1 }, { "port", " 143", -1 },
		{ "port", "143 ", -1 }, { "port", "0143", -1 },
		{ "port", "+143", -1 }, { "port", "1e2", -1 },
		{ "port", "99999999999999999999", -1 },
		{ MS, "30", 30000 }, { MS, NULL, 0 }, { MS, "", 0 },
		{ MS, "0", 0 }, { MS, "5s", 5000 }, { MS, "5secs", 5000 },
		{ MS, "2mins", 120000 }, { MS, "250ms", 250 },
		{ MS, "3600", 3600000 }, { MS, "3601", -1 }, { MS, "61m", -1 },
		{ MS, "-1", -1 }, { MS, "s", -1 }, { MS, "5 s", 5000 },
		{ MS, "30 secs", 30000 }, { MS, "1 minute", 60000 },
		{ MS, "1h", 3600000 }, { MS, "1 hour", 3600000 },
		{ MS, "2h", -1 }, { MS, "1 day", -1 }, { MS, "3600001 ms", -1 },
		{ MS, "5x", -1 }, { MS, " 5", -1 }, { MS, "5 s ", -1 },
		{ MS, "18446744073709552 s", -1 }, { MS, "99999999999", -1 },
	};
	struct passdb_fields f;
	char why[PASSDB_WHY_MAX];

	(void)state;
	for (size_t i = 0; i < UNIT_LENGTH(rows); i++) {
		struct column c[COLUMNS_MAX] = { { "proxy", "Y", 0 },
			{ "host", "10.0.0.1", 0 },
			{ rows[i].name, rows[i].value, 0 } };
		int rv = read_row(&f, c, why);

		if ((rv == 0) != (rows[i].want >= 0))
			fail_msg("%s '%s': %s", rows[i].name, rows[i].value,
			    why);
		if (rv == 0)
			assert_int_equal(f.port + f.timeout_ms, rows[i].want);
	}
}

/* T-I4, T-I5, T-D3 and the rest of what a row may get wrong. */
static const struct {
	struct column	 columns[COLUMNS_MAX];
	const char	*why;		/* NULL: a good row */
} row_cases[] = {
	{ { { "foo", "bar", 0 }, { "uid", "5000", 0 } }, NULL },
	{ { { "destuser", "joe@domain.net", 0 } }, NULL },
	{ { { "destuser", NULL, 0 } }, NULL },
	{ { { "destuser", "", 0 } }, NULL },
	{ { { "destuser", "joe\r\nDELE 1", 0 } },
	    "control character in destuser" },
	{ { { "destuser", "joe\0x", 5 } }, "control character in destuser" },
	{ { { "destuser", "jo\xff", 0 } }, "invalid UTF-8 in destuser" },
	{ { { "pass", "x\ny", 0 } }, "control character in pass" },
	{ { { "pass", "x\ty", 0 } }, "control character in pass" },
	{ { { "user", "x\ry", 0 } }, "control character in user" },
	{ { { "reason", "a\r\n* BYE", 0 } }, "control character in reason" },
	{ { { "password", "a", 0 }, { "password", "a", 0 } },
	    "repeated column password" },
	{ { { "Host", "a", 0 }, { "host", "a", 0 } },
	    "repeated column host" },
	{ { { "foo", "a", 0 }, { "foo", NULL, 0 } }, "repeated column foo" },
	{ { { "password", "a\nb", 0 } }, "unusable value of password" },
	{ { { "password", "a", 0 }, { "password_noscheme", "b", 0 } },
	    "unusable value of password_noscheme" },
	{ { { "nopassword", "maybe", 0 } }, "unusable value of nopassword" },
	{ { { "nologin", "never", 0 } }, "unusable value of nologin" },
	{ { { "nodelay", "-", 0 } }, "unusable value of nodelay" },
	{ { { "nopassword", "Y", 0 }, { "password", "x", 0 } },
	    "nopassword with a password" },
	{ { { "nopassword", "Y", 0 }, { "password", "", 0 } }, NULL },
	{ { { "nopassword", "Y", 0 }, { "password", NULL, 0 } }, NULL },
	{ { { "proxy", "Y", 0 } }, "proxy without host" },
	{ { { "proxy", "Y", 0 }, { "host", NULL, 0 } },
	    "proxy without host" },
	{ { { "proxy", "N", 0 }, { "host", NULL, 0 } }, NULL },
	{ { { "hostip", "10.0.0.1", 0 } }, NULL },
	{ { { "hostip", "10.0.0.1 ", 0 } }, "unusable value of hostip" },
	{ { { "hostip", "mail.org", 0 } }, "unusable value of hostip" },
	{ { { "allow_nets", "10.0.0.0/33", 0 } },
	    "unusable value of allow_nets" },
	{ { { "allow_nets", "everywhere", 0 } },
	    "unusable value of allow_nets" },
	/* asked for, and not to be had */
	{ { { "starttls", NULL, 0 } }, NULL },
	{ { { "master", "root", 0 } }, NULL },
	{ { { "master", "ro\not", 0 } }, "control character in master" },
	{ { { "master", "\xff", 0 } }, "invalid UTF-8 in master" },
	{ { { "proxy_mech", "PLAIN", 0 } }, NULL },
	{ { { "proxy_mech", "login", 0 } }, NULL },
	{ { { "proxy_mech", "", 0 } }, NULL },
	{ { { "proxy_mech", "XOAUTH2", 0 } }, NULL },
	{ { { "proxy_mech", "External", 0 } }, NULL },
	{ { { "proxy_mech", "GSSAPI", 0 } },
	    "this version cannot honour proxy_mech" },
	{ { { "proxy_nopipelining", "Y", 0 } }, NULL },
	{ { { "proxy_not_trusted", "Y", 0 } }, NULL },
	{ { { "fail", "moved", 0 } }, NULL },
	{ { { "a\xff\x1b[1m", "x", 0 }, { "a\xff\x1b[1m", "x", 0 } },
	    "repeated column a??[1m" },
};

static void
test_rows(void **state)
{
	struct passdb_fields f;
	char why[PASSDB_WHY_MAX];

	(void)state;
	for (size_t i = 0; i < UNIT_LENGTH(row_cases); i++) {
		int rv = read_row(&f, row_cases[i].columns, why);

		if ((rv == 0) != (row_cases[i].why == NULL))
			fail_msg("row %zu: %s", i, why);
		if (rv == -1)
			assert_string_equal(why, row_cases[i].why);
	}
}

static void
test_long_texts(void **state)
{
	static const struct {
		const char	*name;
		size_t		 max;
	} rows[] = {
		{ "user", LOGIN_AUTH_USER_MAX },
		{ "destuser", LOGIN_AUTH_USER_MAX },
		{ "reason", LOGIN_AUTH_REASON_MAX },
		{ "pass", LOGIN_AUTH_PASS_MAX },
		{ "master", LOGIN_AUTH_USER_MAX },
		{ "password", PASSWORD_HASH_MAX - 7 },
	};
	char text[LOGIN_AUTH_PASS_MAX + 2], why[PASSDB_WHY_MAX];
	struct passdb_fields f;

	(void)state;
	for (size_t i = 0; i < UNIT_LENGTH(rows); i++) {
		struct column c[COLUMNS_MAX] = { { rows[i].name, text, 0 } };

		memset(text, 'x', sizeof(text));
		text[rows[i].max] = '\0';
		assert_int_equal(read_row(&f, c, why), 0);
		text[rows[i].max] = 'x';
		text[rows[i].max + 1] = '\0';
		assert_int_equal(read_row(&f, c, why), -1);
	}
}

/* T-D1, T-D2 */
static void
test_password_rule(void **state)
{
	static const struct {
		struct column		 columns[COLUMNS_MAX];
		enum passdb_password	 want;
	} rows[] = {
		{ { { "proxy", "Y", 0 }, { "host", "10.0.0.1", 0 },
		    { "password", NULL, 0 } }, PASSDB_PASSWORD_ACCEPT },
		{ { { "proxy", "Y", 0 }, { "host", "10.0.0.1", 0 } },
		    PASSDB_PASSWORD_ACCEPT },
		{ { { "proxy", "Y", 0 }, { "host", "10.0.0.1", 0 },
		    { "pass", "theirs", 0 } }, PASSDB_PASSWORD_REFUSE },
		{ { { "proxy", "Y", 0 }, { "host", "10.0.0.1", 0 },
		    { "master", "root", 0 } }, PASSDB_PASSWORD_REFUSE },
		{ { { "proxy", "Y", 0 }, { "host", "10.0.0.1", 0 },
		    { "master", "", 0 }, { "pass", "", 0 } },
		    PASSDB_PASSWORD_ACCEPT },
		{ { { "proxy", "N", 0 }, { "host", "10.0.0.1", 0 } },
		    PASSDB_PASSWORD_REFUSE },
		{ { { "password", NULL, 0 } }, PASSDB_PASSWORD_REFUSE },
		{ { { "nologin", "Y", 0 } }, PASSDB_PASSWORD_REFUSE },
		{ { { "nopassword", "N", 0 } }, PASSDB_PASSWORD_REFUSE },
		{ { { "nopassword", "Y", 0 } }, PASSDB_PASSWORD_ACCEPT },
		{ { { "password", "", 0 }, { "proxy", "Y", 0 },
		    { "host", "10.0.0.1", 0 } }, PASSDB_PASSWORD_VERIFY },
		{ { { "password", "x", 0 }, { "proxy", "Y", 0 },
		    { "host", "10.0.0.1", 0 } }, PASSDB_PASSWORD_VERIFY },
	};
	struct passdb_fields f;
	char why[PASSDB_WHY_MAX];
	const char *reason;

	(void)state;
	for (size_t i = 0; i < UNIT_LENGTH(rows); i++) {
		assert_int_equal(read_row(&f, rows[i].columns, why), 0);
		if (passdb_password_rule(&f, &reason) != rows[i].want)
			fail_msg("row %zu", i);
	}
}

static void
test_hashes(void **state)
{
	struct column c[COLUMNS_MAX] = { { "password", "{SHA}x", 0 } };
	struct passdb_fields f;
	char why[PASSDB_WHY_MAX];

	(void)state;
	assert_int_equal(read_row(&f, c, why), 0);
	assert_string_equal(f.hash, "{SHA}x");
	c[0].value = "secret";
	assert_int_equal(read_row(&f, c, why), 0);
	assert_string_equal(f.hash, "{PLAIN}secret");
	c[0] = (struct column){ "password_noscheme", "{SHA}x", 0 };
	assert_int_equal(read_row(&f, c, why), 0);
	assert_string_equal(f.hash, "{PLAIN}{SHA}x");
	c[0] = (struct column){ "password", "", 0 };
	assert_int_equal(read_row(&f, c, why), 0);
	assert_int_equal(password_verify(f.hash, ""), PASSWORD_MISMATCH);
	assert_int_equal(password_verify(f.hash, "x"), PASSWORD_MISMATCH);
}

/* The client of read_row() is 192.0.2.7. */
static void
test_allow_nets(void **state)
{
	static const struct {
		const char	*value;
		bool		 is_allowed;
	} rows[] = {
		{ NULL, true }, { "192.0.2.7", true }, { "192.0.2.8", false },
		{ "192.0.2.0/24", true }, { "10.0.0.0/8", false },
		{ "10.0.0.0/8,192.0.2.0/24", true },
		{ "10.0.0.0/8, 192.0.2.0/24", true },
		{ "0.0.0.0/0", true }, { "::/0", false }, { "", false },
		{ "local", false }, { "local,192.0.2.7", true },
		{ "::ffff:192.0.2.7", true },
	};
	struct passdb_fields f;
	char why[PASSDB_WHY_MAX];

	(void)state;
	for (size_t i = 0; i < UNIT_LENGTH(rows); i++) {
		struct column c[COLUMNS_MAX] = {
			{ "allow_nets", rows[i].value, 0 } };

		assert_int_equal(read_row(&f, c, why), 0);
		if (f.is_net_refused == rows[i].is_allowed)
			fail_msg("allow_nets '%s'", rows[i].value);
	}
}

struct route_fixture {
	struct settings			 settings;
	struct netaddr			 lip, listen[2];
	struct passdb_route_login	 login;
};

static void
route_setup(struct route_fixture *x)
{
	memset(x, 0, sizeof(*x));
	x->lip = addr("192.0.2.1", 143);
	x->listen[0] = addr("0.0.0.0", 143);
	x->listen[1] = addr("198.51.100.1", 1110);
	x->settings.services[SERVICE_IMAP].is_enabled = true;
	x->settings.services[SERVICE_IMAP].listen.items = &x->listen[0];
	x->settings.services[SERVICE_IMAP].listen.n = 1;
	x->settings.services[SERVICE_POP3].is_enabled = true;
	x->settings.services[SERVICE_POP3].ssl_listen.items = &x->listen[1];
	x->settings.services[SERVICE_POP3].ssl_listen.n = 1;
	x->login.settings = &x->settings;
	x->login.service = SERVICE_IMAP;
	x->login.lip = &x->lip;
	x->login.user = "joe";
	x->login.pass = "secret";
	x->login.master = "";
}

/* T-D8, and the default of proxy_allowed_nets. */
static void
test_refused_addresses(void **state)
{
	static const struct {
		const char	*host;
		uint16_t	 port;
		bool		 is_refused;
	} rows[] = {
		{ "192.0.2.2", 143, false }, { "10.0.0.1", 143, false },
		{ "192.0.2.1", 143, true }, { "192.0.2.1", 1143, false },
		{ "127.0.0.1", 143, true }, { "127.9.9.9", 143, true },
		{ "127.0.0.1", 1143, false }, { "::1", 143, false },
		{ "198.51.100.1", 1110, true },
		{ "198.51.100.1", 110, false },
		{ "0.0.0.0", 25, true }, { "0.1.2.3", 25, true },
		{ "::", 25, true }, { "169.254.169.254", 80, true },
		{ "fe80::1", 143, true }, { "febf::1", 143, true },
		{ "fec0::1", 143, false }, { "224.0.0.1", 143, true },
		{ "239.255.255.255", 143, true }, { "ff02::1", 143, true },
		{ "::ffff:127.0.0.1", 143, true },
		{ "2001:db8::1", 143, false },
	};
	struct route_fixture x;

	(void)state;
	route_setup(&x);
	for (size_t i = 0; i < UNIT_LENGTH(rows); i++) {
		struct netaddr a = addr(rows[i].host, rows[i].port);
		const char *why = passdb_route_refusal(&a, &x.login);

		if ((why != NULL) != rows[i].is_refused)
			fail_msg("%s port %u: %s", rows[i].host, rows[i].port,
			    why);
	}
}

/* A list instead of the default; ourselves are refused all the same. */
static void
test_allowed_addresses(void **state)
{
	struct netaddr_net nets[2];
	struct route_fixture x;
	struct netaddr a;

	(void)state;
	route_setup(&x);
	assert_int_equal(netaddr_net_parse(&nets[0], "10.0.0.0/8", 10), 0);
	assert_int_equal(netaddr_net_parse(&nets[1], "192.0.2.0/24", 12), 0);
	x.settings.proxy_allowed_nets.items = nets;
	x.settings.proxy_allowed_nets.n = 2;
	a = addr("10.1.2.3", 143);
	assert_null(passdb_route_refusal(&a, &x.login));
	a = addr("11.1.2.3", 143);
	assert_non_null(passdb_route_refusal(&a, &x.login));
	a = addr("192.0.2.1", 143);
	assert_non_null(passdb_route_refusal(&a, &x.login));
}

static void
test_routes(void **state)
{
	struct column c[COLUMNS_MAX] = { { "proxy", "Y", 0 },
		{ "host", "10.0.0.1 10.0.0.2", 0 } };
	struct login_auth_route route;
	char why[PASSDB_WHY_MAX];
	struct passdb_fields f;
	struct route_fixture x;

	(void)state;
	route_setup(&x);
	assert_int_equal(read_row(&f, c, why), 0);
	assert_int_equal(passdb_route_begin(&route, &f, &x.login), 0);
	assert_string_equal(route.user, "joe");
	assert_string_equal(route.destuser, "joe");
	assert_string_equal(route.pass, "secret");
	assert_string_equal(route.host, "10.0.0.1 10.0.0.2");
	assert_null(passdb_route_add(&route, &f, &f.hosts[0].addr, 0,
	    &x.login));
	x.login.service = SERVICE_POP3;
	assert_null(passdb_route_add(&route, &f, &f.hosts[1].addr, 1,
	    &x.login));
	assert_int_equal(route.naddrs, 2);
	assert_int_equal(route.addrs[0].port, 143);
	assert_int_equal(route.addrs[1].port, 110);
	c[2] = (struct column){ "destuser", "joe@domain.net", 0 };
	c[3] = (struct column){ "user", "Joe", 0 };
	c[4] = (struct column){ "port", "1143", 0 };
	c[5] = (struct column){ "pass", "theirs", 0 };
	assert_int_equal(read_row(&f, c, why), 0);
	assert_int_equal(passdb_route_begin(&route, &f, &x.login), 0);
	assert_string_equal(route.user, "Joe");
	assert_string_equal(route.destuser, "joe@domain.net");
	assert_string_equal(route.pass, "theirs");
	assert_null(passdb_route_add(&route, &f, &f.hosts[0].addr, 0,
	    &x.login));
	assert_int_equal(route.addrs[0].port, 1143);
	/* destuser follows user; an empty one is none */
	c[2].value = "";
	c[5].value = "";
	assert_int_equal(read_row(&f, c, why), 0);
	assert_int_equal(passdb_route_begin(&route, &f, &x.login), 0);
	assert_string_equal(route.destuser, "Joe");
	assert_string_equal(route.pass, "secret");
}

/* How the connection is protected, whom the certificates must name. */
static void
test_route_tls(void **state)
{
	static const struct {
		const char	*host, *ssl, *starttls, *name;
		int		 kind, is_any;
		const char	*names;		/* kind -1: the fault */
	} rows[] = {
		{ "10.0.0.1 10.0.0.2", "N", "", "a.b", 0, 0, "" },
		{ "1.2.3.4/32,::1/128", "0", "1", "", 1, 0, "1.2.3.4 ::1" },
		{ "a.b c.d", "any-cert", "no", "", 2, 1, "a.b c.d" },
		{ "a.b a.b", NULL, "ANY-CERT", NULL, 1, 1, "a.b" },
		{ "a.b 10.0.0.2", "Y", "", "c.d", 2, 0, "c.d" },
		{ "a.b", "yes", "N", "::2", 2, 0, "::2" },
		{ "a.b", "maybe", "", "", -1, 0, "unusable value of ssl" },
		{ "a.b", "no", "x", "", -1, 0, "unusable value of starttls" },
		{ "a.b", "1", "1", "", -1, 0, "starttls as well as ssl" },
		{ "b", "1", "", "*", -1, 0, "unusable value of ssl_hostname" },
	};
	const struct netaddr a = addr("10.0.0.1", 0), b = addr("10.0.0.2", 0);
	struct login_auth_route route;
	char why[PASSDB_WHY_MAX];
	struct passdb_fields f;
	struct route_fixture x;

	(void)state;
	route_setup(&x);
	for (size_t i = 0; i < UNIT_LENGTH(rows); i++) {
		struct column c[COLUMNS_MAX] = { { "host", rows[i].host, 0 },
			{ "ssl", rows[i].ssl, 0 },
			{ "starttls", rows[i].starttls, 0 },
			{ "ssl_hostname", rows[i].name, 0 } };

		if (read_row(&f, c, why) == -1) {
			assert_int_equal(rows[i].kind, -1);
			assert_string_equal(why, rows[i].names);
			continue;
		}
		x.login.service = SERVICE_IMAP;
		assert_int_equal(passdb_route_begin(&route, &f, &x.login),
		    0);
		assert_null(passdb_route_add(&route, &f, &a, 0, &x.login));
		x.login.service = SERVICE_POP3;
		assert_null(passdb_route_add(&route, &f, &b, 1, &x.login));
		assert_int_equal(route.tls.kind, rows[i].kind);
		assert_int_equal(route.tls.is_any_cert, rows[i].is_any);
		assert_int_equal(route.addrs[0].port,
		    rows[i].kind == 2 ? 993 : 143);
		assert_int_equal(route.addrs[1].port,
		    rows[i].kind == 2 ? 995 : 110);
		assert_string_equal(route.tls.names, rows[i].names);
	}
}

/* As whom, with whose password and how. */
static void
test_route_masters(void **state)
{
	static const struct {
		const char	*login, *field, *mech, *want;
		int		 way;	/* -1: the row is a fault */
	} rows[] = {
		{ "", "", "", "", LOGIN_AUTH_WAY_COMMAND },
		{ "", "", "plain", "", LOGIN_AUTH_WAY_PLAIN },
		{ "", "", "login", "", LOGIN_AUTH_WAY_LOGIN },
		{ "", "proxy", "", "proxy", LOGIN_AUTH_WAY_PLAIN },
		{ "", "proxy", "plain", "proxy", LOGIN_AUTH_WAY_PLAIN },
		{ "", "proxy", "login", "", -1 },
		{ "boss", "", "", "boss", LOGIN_AUTH_WAY_PLAIN },
		{ "boss", "", "login", "boss", LOGIN_AUTH_WAY_PLAIN },
		{ "boss", "proxy", "", "proxy", LOGIN_AUTH_WAY_PLAIN },
	};
	struct login_auth_route route;
	char why[PASSDB_WHY_MAX];
	struct passdb_fields f;
	struct route_fixture x;

	(void)state;
	route_setup(&x);
	for (size_t i = 0; i < UNIT_LENGTH(rows); i++) {
		struct column c[COLUMNS_MAX] = { { "proxy", "Y", 0 },
			{ "host", "10.0.0.1", 0 },
			{ "master", rows[i].field, 0 },
			{ "proxy_mech", rows[i].mech, 0 } };

		x.login.master = rows[i].login;
		assert_int_equal(read_row(&f, c, why),
		    rows[i].way == -1 ? -1 : 0);
		if (rows[i].way == -1)
			continue;
		assert_int_equal(passdb_route_begin(&route, &f, &x.login),
		    0);
		assert_string_equal(route.master, rows[i].want);
		assert_int_equal(route.way, rows[i].way);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_proxy_words),
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_long_hosts),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_long_texts),
		cmocka_unit_test(test_password_rule),
		cmocka_unit_test(test_hashes),
		cmocka_unit_test(test_allow_nets),
		cmocka_unit_test(test_refused_addresses),
		cmocka_unit_test(test_allowed_addresses),
		cmocka_unit_test(test_routes),
		cmocka_unit_test(test_route_masters),
		cmocka_unit_test(test_route_tls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
