/* passdb_fields: columns that say how, when, as whom, and what is told. */
#include "unit.h"

#include <bsd/string.h>

#include "auth/passdb.h"
#include "auth/passdb_fields.h"
#include "auth/passdb_route.h"
#include "config/settings.h"

#define COLUMNS_MAX	18	/* one more than a list may have */

struct column {
	const char	*name, *value;
};

static char noted[512];
static struct login_auth_cert shown;	/* by the client */

static void
note(void *arg, const char *text)
{
	(void)arg;
	(void)strlcat(noted, text, sizeof(noted));
	(void)strlcat(noted, ";", sizeof(noted));
}

static struct netaddr
addr(const char *text)
{
	struct netaddr a;

	assert_int_equal(netaddr_parse(&a, text, strlen(text)), 0);
	return a;
}

/* Reads a row over what the fields hold; the client is behind a proxy. */
static int
take_row(struct passdb_fields *f, const struct column *c, char *why)
{
	const struct netaddr rip = addr("192.0.2.7");
	const struct netaddr real_rip = addr("198.51.100.7");
	const struct passdb_asker asker = { .user = "joe@old.example",
	    .rip = &rip, .real_rip = &real_rip, .cert = &shown,
	    .default_scheme = "PLAIN", .note = note };
	static struct auth_worker_row row;

	memset(&row, 0, sizeof(row));
	row.found = AUTH_WORKER_ONE;
	for (; row.ncolumns < COLUMNS_MAX && c->name != NULL; c++) {
		struct auth_worker_column *to = &row.columns[row.ncolumns++];

		(void)strlcpy(to->name, c->name, sizeof(to->name));
		to->is_null = c->value == NULL;
		to->value = (const uint8_t *)c->value;
		to->len = c->value == NULL ? 0 : strlen(c->value);
	}
	why[0] = noted[0] = '\0';
	if (passdb_fields_read(f, &row, &asker, why) == -1)
		return -1;
	return passdb_check(f, why);
}

static int
read_row(struct passdb_fields *f, const struct column *c, char *why)
{
	passdb_fields_clear(f);
	return take_row(f, c, why);
}

/* Hexadecimal; sixteen bytes are no fingerprint, four times as many are. */
#define HEX	"0123456789abcdef0123456789ABCDEF"

/* Each is read to its place; one over a limit is a fault. */
static const struct {
	struct column	 column;
	const char	*why;		/* NULL: a good one */
} fault_cases[] = {
	{ { "source_ip", "" }, NULL },
	{ { "source_ip", "::1" }, NULL },
	{ { "source_ip", "10.0.0.1:0" },
	    "unusable value of source_ip" },
	{ { "source_ip", "mail" }, "unusable value of source_ip" },
	{ { "proxy_nopipelining", "perhaps" },
	    "unusable value of proxy_nopipelining" },
	{ { "proxy_not_trusted", "2" },
	    "unusable value of proxy_not_trusted" },
	{ { "haproxy", "v3" }, "unusable value of haproxy" },
	{ { "haproxy", "3" }, "unusable value of haproxy" },
	{ { "login_proxy_timeout", "3600" }, NULL },
	{ { "login_proxy_timeout", "3601" },
	    "unusable value of login_proxy_timeout" },
	{ { "login_proxy_max_disconnect_delay", "61m" },
	    "unusable value of login_proxy_max_disconnect_delay" },
	{ { "proxy_host_immediate_failure_after", "61m" },
	    "unusable value of proxy_host_immediate_failure_after" },
	{ { "allow_real_nets", "x" },
	    "unusable value of allow_real_nets" },
	{ { "delay_until", "4294967295+300" }, NULL },
	{ { "delay_until", "4294967296" },
	    "unusable value of delay_until" },
	{ { "delay_until", "1+301" },
	    "unusable value of delay_until" },
	{ { "delay_until", "tomorrow" },
	    "unusable value of delay_until" },
	{ { "delay_until", "1+" }, "unusable value of delay_until" },
	{ { "delay_until", "" }, NULL },
	{ { "noauthenticate", "x" },
	    "unusable value of noauthenticate" },
	{ { "check_client_fp", "" }, NULL },
	{ { "check_client_fp", "aa" },
	    "unusable value of check_client_fp" },
	{ { "check_client_fp", HEX HEX HEX HEX }, NULL },
	{ { "check_client_fp", HEX HEX HEX HEX "00" },
	    "unusable value of check_client_fp" },
	{ { "check_client_fp", HEX },
	    "unusable value of check_client_fp" },
	{ { "check_client_cert_fp", HEX "0123456789abcdef0123456789abcde" },
	    "unusable value of check_client_cert_fp" },
	{ { "check_client_cert_fp", HEX "0123456789abcdef0123456789abcdeg" },
	    "unusable value of check_client_cert_fp" },
	{ { "check_client_pubkey_fp", HEX HEX ":" },
	    "unusable value of check_client_pubkey_fp" },
	{ { "check_client_pubkey_fp", HEX
	    "0123456789abcdef0123456789abcd:ef" },
	    "unusable value of check_client_pubkey_fp" },
	{ { "proxy_noauth", "no" }, NULL },
	{ { "proxy_noauth", "yes" },
	    "this version cannot honour proxy_noauth" },
	{ { "forward_x", "a\nb" }, "unusable value of forward_x" },
	{ { "forward_", "a" }, "unusable value of forward_" },
	{ { "forward_a.b", "a" }, "unusable value of forward_a.b" },
	{ { "domain", "a\tb" }, "control character in domain" },
};

static void
test_faults(void **state)
{
	struct passdb_fields f;
	char why[PASSDB_WHY_MAX];

	(void)state;
	for (size_t i = 0; i < UNIT_LENGTH(fault_cases); i++) {
		struct column c[COLUMNS_MAX] = { fault_cases[i].column };
		int rv = read_row(&f, c, why);

		if ((rv == 0) != (fault_cases[i].why == NULL))
			fail_msg("%s '%s': %s", c[0].name, c[0].value, why);
		if (rv == -1)
			assert_string_equal(why, fault_cases[i].why);
	}
}

static void
test_values(void **state)
{
	static const struct column c[COLUMNS_MAX] = {
		{ "source_ip", "10.0.0.1/32" }, { "proxy_nopipelining", "Y" },
		{ "proxy_not_trusted", "1" }, { "haproxy", "yes" },
		{ "login_proxy_max_disconnect_delay", "0" },
		{ "proxy_host_immediate_failure_after", "15 parsecs" },
	};
	static const struct {
		const char	*value;
		uint8_t		 version;
	} words[] = { { "1", 1 }, { "v1", 1 }, { "2", 2 }, { "V2", 2 },
		{ "y", 2 }, { "true", 2 }, { "no", 0 }, { "0", 0 }, { "", 0 } };
	struct column one[COLUMNS_MAX] = { { "haproxy", "" } };
	struct passdb_fields f;
	char why[PASSDB_WHY_MAX], text[NETADDR_TEXT_MAX];

	(void)state;
	/* a blank before the unit is not taken */
	assert_int_equal(read_row(&f, c, why), -1);
	one[0] = (struct column){ "proxy_host_immediate_failure_after",
	    "15s" };
	assert_int_equal(read_row(&f, one, why), 0);
	assert_int_equal(f.down_ms, 15000);
	assert_false(f.has_leave);
	assert_int_equal(f.source.family, NETADDR_NONE);
	for (size_t i = 0; i < UNIT_LENGTH(words); i++) {
		one[0] = (struct column){ "haproxy", words[i].value };
		assert_int_equal(read_row(&f, one, why), 0);
		assert_int_equal(f.haproxy, words[i].version);
	}
	memcpy(one, c, sizeof(one));
	one[5].value = "15secs";
	assert_int_equal(read_row(&f, one, why), 0);
	assert_string_equal(netaddr_text(&f.source, text), "10.0.0.1");
	assert_true(f.has_nopipelining);
	assert_true(f.is_untrusted);
	assert_true(f.has_leave);
	assert_int_equal(f.leave_ms, 0);
	assert_string_equal(noted, "");
}

/* The asker is joe@old.example. */
static void
test_names(void **state)
{
	static const struct {
		struct column	 columns[3];
		const char	*user;		/* "": as it was */
	} rows[] = {
		{ { { "user", "bob" } }, "bob" },
		{ { { "username", "bob" } }, "bob@old.example" },
		{ { { "username", "bob@new" } }, "bob@new" },
		{ { { "username", "" } }, "" },
		{ { { "domain", "new" } }, "joe@new" },
		{ { { "domain", "" } }, "" },
		{ { { "domain", NULL }, { "username", NULL } }, "" },
		{ { { "username", "bob" }, { "domain", "new" } }, "bob@new" },
		{ { { "domain", "new" }, { "username", "bob" } }, "bob@new" },
		{ { { "username", "bob@x" }, { "domain", "new" } },
		    "bob@new" },
		{ { { "user", "bob" }, { "domain", "new" } }, "bob@new" },
		{ { { "user", "bob" }, { "username", "eve" } }, "eve" },
		{ { { "login_user", "x" }, { "original_user", "x" } }, "" },
	};
	struct passdb_fields f;
	char why[PASSDB_WHY_MAX], text[LOGIN_AUTH_USER_MAX + 1];
	struct column c[COLUMNS_MAX] = { { "domain", text } };

	(void)state;
	for (size_t i = 0; i < UNIT_LENGTH(rows); i++) {
		memcpy(c, rows[i].columns, sizeof(rows[i].columns));
		assert_int_equal(read_row(&f, c, why), 0);
		assert_string_equal(f.user, rows[i].user);
	}
	/* "joe@" and the rest of what there is room for, then one more */
	c[0] = (struct column){ "domain", text };
	c[1].name = NULL;
	memset(text, 'd', sizeof(text));
	text[LOGIN_AUTH_USER_MAX - 4] = '\0';
	assert_int_equal(read_row(&f, c, why), 0);
	assert_int_equal(strlen(f.user), LOGIN_AUTH_USER_MAX);
	text[LOGIN_AUTH_USER_MAX - 4] = 'd';
	text[LOGIN_AUTH_USER_MAX - 3] = '\0';
	assert_int_equal(read_row(&f, c, why), -1);
	assert_string_equal(why, "too long a value of user");
}

/* The client is 192.0.2.7 by what its proxy says, 198.51.100.7 by TCP. */
static void
test_nets(void **state)
{
	static const struct column c[COLUMNS_MAX] = {
		{ "allow_nets", "192.0.2.7" },
		{ "allow_real_nets", "198.51.100.0/24" } };
	static const struct column other[COLUMNS_MAX] = {
		{ "allow_nets", "198.51.100.7" },
		{ "allow_real_nets", "192.0.2.7" } };
	struct passdb_fields f;
	char why[PASSDB_WHY_MAX];

	(void)state;
	assert_int_equal(read_row(&f, c, why), 0);
	assert_false(f.is_net_refused);
	assert_false(f.is_real_net_refused);
	assert_int_equal(read_row(&f, other, why), 0);
	assert_true(f.is_net_refused);
	assert_true(f.is_real_net_refused);
}

/* Digests of so many bytes: 0, 1, 2..., and of the key 255, 254... */
static void
show(uint8_t len)
{
	memset(&shown, 0, sizeof(shown));
	shown.len = len;
	for (uint8_t i = 0; i < len; i++) {
		shown.print[i] = i;
		shown.key_print[i] = (uint8_t)(255 - i);
	}
}

/* What was shown as text; a colon where there is one in sep. */
static const char *
print_text(const uint8_t *print, const char *sep, bool is_upper)
{
	static char text[3 * LOGIN_AUTH_PRINT_MAX + 1];
	size_t n = 0;

	for (size_t i = 0; i < shown.len; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
		    is_upper ? "%s%02X" : "%s%02x", i == 0 ? "" : sep,
		    print[i]);
	return text;
}

/* One field with this value. */
static const struct passdb_fields *
read_print(const char *name, const char *value)
{
	static struct passdb_fields f;
	struct column c[COLUMNS_MAX] = { { name, value } };
	char why[PASSDB_WHY_MAX];

	assert_int_equal(read_row(&f, c, why), 0);
	return &f;
}

static void
check_prints(uint8_t len)
{
	const char *value;

	show(len);
	value = print_text(shown.print, ":", true);
	assert_int_equal(read_print("check_client_fp", value)->print,
	    PASSDB_PRINT_MATCH);
	assert_int_equal(read_print("check_client_cert_fp",
	    value)->cert_print, PASSDB_PRINT_MATCH);
	assert_int_equal(read_print("check_client_pubkey_fp",
	    value)->key_print, PASSDB_PRINT_DIFFERS);
	value = print_text(shown.key_print, "", false);
	assert_int_equal(read_print("check_client_fp", value)->print,
	    PASSDB_PRINT_MATCH);
	assert_int_equal(read_print("check_client_cert_fp",
	    value)->cert_print, PASSDB_PRINT_DIFFERS);
	assert_int_equal(read_print("check_client_pubkey_fp",
	    value)->key_print, PASSDB_PRINT_MATCH);
	/* Each byte counts. */
	for (uint8_t i = 0; i < len; i++) {
		value = print_text(shown.print, "", false);
		shown.print[i] ^= 1;
		assert_int_equal(read_print("check_client_fp", value)->print,
		    PASSDB_PRINT_DIFFERS);
		shown.print[i] ^= 1;
	}
}

/* Certificates by their fingerprints. */
static void
test_prints(void **state)
{
	struct column c[COLUMNS_MAX] = { { "check_client_fp", NULL } };
	struct passdb_fields f;
	char why[PASSDB_WHY_MAX];

	(void)state;
	check_prints(32);
	check_prints(48);
	check_prints(64);
	assert_int_equal(read_print("check_client_fp", "")->print,
	    PASSDB_PRINT_ABSENT);
	/* A digest by another hash than the client's: nobody can tell. */
	show(32);
	c[0].value = print_text(shown.print, "", false);
	shown.len = 48;
	assert_int_equal(read_row(&f, c, why), -1);
	assert_string_equal(why,
	    "not of ssl_peer_certificate_fingerprint_hash is "
	    "check_client_fp");
	/* No certificate is another one. */
	show(0);
	assert_int_equal(read_print("check_client_fp", c[0].value)->print,
	    PASSDB_PRINT_DIFFERS);
	/* And all of nothing has no meaning. */
	shown.len = 0;
	assert_int_equal(read_print("check_client_pubkey_fp",
	    "0000000000000000000000000000000000000000000000000000000000000000"
	    )->key_print, PASSDB_PRINT_DIFFERS);
}

/* What an earlier passdb has said stays, goes or is replaced. */
static void
test_suffixes(void **state)
{
	static const struct column first[COLUMNS_MAX] = {
		{ "host", "10.0.0.1" }, { "proxy", "Y" },
		{ "allow_nets", "10.0.0.0/8" }, { "nodelay", "Y" },
		{ "fail", "x" }, { "noauthenticate", "Y" } };
	static const struct column second[COLUMNS_MAX] = {
		{ "host:default", "10.0.0.2" },
		{ "destuser:protected", "bob" },
		{ "allow_nets:remove", "" }, { "nodelay:REMOVE", "Y" },
		{ "check_client_fp:remove", "aa" },
		{ "proxy:other", "N" } };
	static const struct column third[COLUMNS_MAX] = {
		{ "host", "10.0.0.3" }, { "nodelay:default", "Y" },
		{ "destuser:default", "eve" } };
	struct passdb_fields f;
	char why[PASSDB_WHY_MAX];

	(void)state;
	assert_int_equal(read_row(&f, first, why), 0);
	assert_true(f.is_net_refused);
	assert_true(f.is_failed);
	assert_true(f.has_noauthenticate);
	assert_int_equal(take_row(&f, second, why), 0);
	assert_int_equal(f.nhosts, 1);
	assert_string_equal(f.host, "10.0.0.1");
	assert_string_equal(f.destuser, "bob");
	assert_false(f.is_net_refused);
	assert_false(f.has_nodelay);
	assert_false(f.is_failed);
	assert_false(f.has_noauthenticate);
	assert_true(f.is_proxy);
	assert_string_equal(noted, "nothing is known of field proxy:other;");
	assert_int_equal(take_row(&f, third, why), 0);
	assert_string_equal(f.host, "10.0.0.3");
	assert_true(f.has_nodelay);
	assert_string_equal(f.destuser, "bob");
}

static void
test_unknown(void **state)
{
	static const struct column c[COLUMNS_MAX] = {
		{ "event_x", "1" }, { "userdb_home", NULL },
		{ "a\x1b[m", "x" } };
	struct passdb_fields f;
	char why[PASSDB_WHY_MAX];

	(void)state;
	assert_int_equal(read_row(&f, c, why), 0);
	assert_string_equal(noted, "nothing is known of field event_x;"
	    "nothing is known of field a?[m;");
}

static void
test_referral(void **state)
{
	static const struct {
		struct column	 columns[3];
		bool		 is_referred;
	} rows[] = {
		{ { { "host", "10.0.0.1" } }, true },
		{ { { "host", "10.0.0.1" }, { "nologin", "Y" } }, true },
		{ { { "host", "10.0.0.1" }, { "proxy", NULL } }, true },
		{ { { "host", "10.0.0.1" }, { "proxy", "" } }, true },
		{ { { "host", "10.0.0.1" }, { "proxy", "N" } }, false },
		{ { { "host", "10.0.0.1" }, { "proxy", "Y" } }, false },
		{ { { "host", "10.0.0.1" }, { "proxy_maybe", "Y" } }, false },
		{ { { "host", "" } }, false },
		{ { { "nologin", "Y" } }, false },
	};
	struct column c[COLUMNS_MAX] = { { NULL, NULL } };
	struct passdb_fields f;
	char why[PASSDB_WHY_MAX];

	(void)state;
	for (size_t i = 0; i < UNIT_LENGTH(rows); i++) {
		memcpy(c, rows[i].columns, sizeof(rows[i].columns));
		assert_int_equal(read_row(&f, c, why), 0);
		if (passdb_is_referred(&f) != rows[i].is_referred)
			fail_msg("row %zu", i);
	}
}

static void
test_hostip(void **state)
{
	static const struct {
		const char	*host, *hostip, *why;
	} rows[] = {
		{ "mail.example", "10.0.0.1", NULL },
		{ "10.0.0.1", "10.0.0.1", NULL },
		{ "10.0.0.1", "10.0.0.2",
		    "hostip differs from the address in host" },
		{ "10.0.0.1", "::1",
		    "hostip differs from the address in host" },
		{ "a b", "10.0.0.1", "hostip with several hosts" },
		{ "a b", "", NULL },
	};
	struct passdb_fields f;
	char why[PASSDB_WHY_MAX];

	(void)state;
	for (size_t i = 0; i < UNIT_LENGTH(rows); i++) {
		const struct column c[COLUMNS_MAX] = { { "proxy", "Y" },
			{ "host", rows[i].host },
			{ "hostip", rows[i].hostip } };

		assert_int_equal(read_row(&f, c, why),
		    rows[i].why == NULL ? 0 : -1);
		if (rows[i].why != NULL)
			assert_string_equal(why, rows[i].why);
	}
}

/* What goes with the addresses to the login process. */
static void
test_route(void **state)
{
	static const struct column c[COLUMNS_MAX] = { { "proxy", "Y" },
		{ "host", "10.0.0.1 ::1" }, { "source_ip", "10.0.0.9" },
		{ "proxy_not_trusted", "Y" }, { "proxy_nopipelining", "Y" },
		{ "haproxy", "1" }, { "forward_Color", "blue" },
		{ "login_proxy_max_disconnect_delay", "5s" } };
	static const struct column bare[COLUMNS_MAX] = { { "proxy", "Y" },
		{ "host", "10.0.0.1 ::1" } };
	const struct netaddr lip = addr("192.0.2.1");
	struct settings settings = { .npassdbs = 0 };
	struct login_auth_forward said = { .len = 0 };
	const struct passdb_route_login login = { .settings = &settings,
	    .lip = &lip, .user = "joe", .pass = "pw", .master = "",
	    .forward = &said };
	struct login_auth_route route;
	struct passdb_fields f;
	char why[PASSDB_WHY_MAX];

	(void)state;
	assert_int_equal(login_auth_forward_set(&said, "color", 5, "red", 3),
	    0);
	assert_int_equal(login_auth_forward_set(&said, "size", 4, "1", 1), 0);
	assert_int_equal(read_row(&f, c, why), 0);
	assert_int_equal(passdb_route_begin(&route, &f, &login), 0);
	assert_true(route.how.is_untrusted);
	assert_true(route.how.has_nopipelining);
	assert_int_equal(route.how.haproxy, 1);
	assert_int_equal(route.how.leave_ms, 5000);
	assert_memory_equal(route.forward.pairs, "size=1\0color=blue", 18);
	assert_int_equal(route.forward.len, 18);
	assert_null(passdb_route_add(&route, &f, &f.hosts[0].addr, 0, &login));
	assert_string_equal(passdb_route_add(&route, &f, &f.hosts[1].addr, 1,
	    &login), "source_ip is of the other family");
	assert_int_equal(route.naddrs, 1);
	assert_int_equal(read_row(&f, bare, why), 0);
	assert_int_equal(passdb_route_begin(&route, &f, &login), 0);
	assert_int_equal(route.how.source.family, NETADDR_NONE);
	assert_int_equal(route.how.leave_ms, LOGIN_AUTH_LEAVE_SETTING);
	assert_null(passdb_route_add(&route, &f, &f.hosts[0].addr, 0, &login));
	assert_null(passdb_route_add(&route, &f, &f.hosts[1].addr, 1, &login));
	assert_int_equal(route.forward.len, 17);
}

/* Pairs of the row and of the client's proxy share one list. */
static void
test_forward_limit(void **state)
{
	char names[LOGIN_AUTH_FORWARD_PAIRS_MAX + 1][16];
	struct column c[COLUMNS_MAX] = { { NULL, NULL } };
	struct settings settings = { .npassdbs = 0 };
	struct login_auth_forward said = { .len = 0 };
	struct passdb_route_login login = { .settings = &settings,
	    .user = "joe", .pass = "pw", .master = "" };
	struct login_auth_route route;
	struct passdb_fields f;
	char why[PASSDB_WHY_MAX];

	(void)state;
	for (size_t i = 0; i <= LOGIN_AUTH_FORWARD_PAIRS_MAX; i++)
		(void)snprintf(names[i], sizeof(names[i]), "forward_%c",
		    (char)('a' + i));
	for (size_t i = 0; i < LOGIN_AUTH_FORWARD_PAIRS_MAX; i++)
		c[i] = (struct column){ names[i], "x" };
	assert_int_equal(read_row(&f, c, why), 0);
	assert_int_equal(passdb_route_begin(&route, &f, &login), 0);
	assert_int_equal(login_auth_forward_set(&said, "a", 1, "y", 1), 0);
	login.forward = &said;
	assert_int_equal(passdb_route_begin(&route, &f, &login), 0);
	assert_int_equal(login_auth_forward_set(&said, "zz", 2, "y", 1), 0);
	assert_int_equal(passdb_route_begin(&route, &f, &login), -1);
	c[LOGIN_AUTH_FORWARD_PAIRS_MAX] = (struct column){
	    names[LOGIN_AUTH_FORWARD_PAIRS_MAX], "x" };
	assert_int_equal(read_row(&f, c, why), -1);
	assert_string_equal(why, "unusable value of forward_q");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_nets),
		cmocka_unit_test(test_prints),
		cmocka_unit_test(test_suffixes),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_referral),
		cmocka_unit_test(test_hostip),
		cmocka_unit_test(test_route),
		cmocka_unit_test(test_forward_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
