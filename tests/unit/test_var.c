/* var: each variable, each modifier, cuts, and what is too long. */
#include "unit.h"

#include "config/var.h"
#include "lib/netaddr.h"

static struct netaddr rip = { .family = NETADDR_V4, .port = 40000,
    .ip = { 192, 0, 2, 1 } };
static struct netaddr lip = { .family = NETADDR_V6, .port = 143,
    .ip = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 } };

static struct var_values
values_of(const char *user)
{
	return (struct var_values){ .user = user, .service = "imap",
	    .mech = "PLAIN", .session = "s1", .rip = &rip, .lip = &lip,
	    .is_secured = true, .pid = 77 };
}

static void
test_values(void **state)
{
	static const struct {
		const char	*user, *text, *want;
	} cases[] = {
		{ "Joe@D.org", "%u %n %d", "Joe@D.org Joe D.org" },
		{ "Joe@D@E", "%n|%d", "Joe|D@E" },
		{ "Joe", "%n|%d|%Ld|%1d", "Joe|||" },
		{ "@x", "%n|%d", "|x" },
		{ "Joe", "%s %r %b %l %a %p %m %c", "imap 192.0.2.1 40000 "
		    "2001:db8::1 143 77 PLAIN secured" },
		{ "Joe@D", "%{user} %{username} %{domain} %{service} %{rip} "
		    "%{rport} %{lip} %{lport} %{pid} %{mech} %{secured} "
		    "%{session}", "Joe@D Joe D imap 192.0.2.1 40000 "
		    "2001:db8::1 143 77 PLAIN secured s1" },
		{ "Joe", "%Lu %Uu %Ru %LRu", "joe JOE eoJ eoj" },
		{ "  a b ", "[%Tu] [%TLn] [%u]", "[a b] [a b] [  a b ]" },
		{ "   ", "[%Tu]", "[]" },
		{ "a'b\"c\\d", "%Eu", "a\\'b\\\"c\\\\d" },
		{ "x@a.b.c", "dc=%Dd", "dc=a,dc=b,dc=c" },
		{ "abcdef", "%2u %1.2u %3.u %-2.u %-3.2u %0.1u",
		    "ab bc def ef de a" },
		{ "abc", "%5u %05u %1.05u %9.2u|%-9.2u %2.9u",
		    "abc 00abc 000bc |ab c" },
		{ "abc", "%999999999999u %L1u", NULL },
		{ "abc", "%999999999999u %1Lu", "abc a" },
		{ "%u", "%u%%%u", "%u%%u" },
		{ "%{user}", "%u", "%{user}" },
		{ "", "%u%Tu%Eu%Ru%3u%03u", "000" },
		{ "a", "", "" },
		{ "a", "%%", "%" },
		{ "a", "%", NULL },
		{ "a", "%5", NULL },
		{ "a", "%-", NULL },
		{ "a", "%.", NULL },
		{ "a", "%L", NULL },
		{ "a", "%w", NULL },
		{ "a", "%{", NULL },
		{ "a", "%{users}", NULL },
		{ "a", "%{user", NULL },
		{ "a", "%LUTRELu", NULL },
		{ "a", "%Mu", NULL },
	};
	char dst[256];

	(void)state;
	for (size_t i = 0; i < UNIT_LENGTH(cases); i++) {
		struct var_values values = values_of(cases[i].user);
		int rc = var_expand(cases[i].text, &values, dst, sizeof(dst));

		if ((rc == 0) != (cases[i].want != NULL) ||
		    strcmp(dst, rc == 0 ? cases[i].want : "") != 0)
			fail_msg("%s of \"%s\" is %d \"%s\"", cases[i].text,
			    cases[i].user, rc, dst);
	}
}

/* What a trusted proxy has told, by the names under which it did. */
static void
test_forward(void **state)
{
	static const char pairs[] = "color=blue\0x=a=b\0empty=\0col=or";
	static const struct {
		const char	*text, *want;
	} cases[] = {
		{ "%{forward_color} %{forward_Color} %U{forward_color}",
		    "blue blue BLUE" },
		{ "%{forward_x}|%{forward_empty}|%{forward_none}", "a=b||" },
		{ "%{forward_col}%2{forward_color}", "orbl" },
		{ "%{forward_abcdefghijklmnopqrst}", "" },
		{ "%{forward_abcdefghijklmnopqrstu}", NULL },
		{ "%{forward_}", NULL },
		{ "%{forward}", NULL },
	};
	struct var_values values = values_of("joe");
	char dst[256], err[128];

	(void)state;
	assert_int_equal(var_expand("[%{forward_x}]", &values, dst,
	    sizeof(dst)), 0);
	assert_string_equal(dst, "[]");
	values.forward = pairs;
	values.forward_len = sizeof(pairs);
	for (size_t i = 0; i < UNIT_LENGTH(cases); i++) {
		int rc = var_expand(cases[i].text, &values, dst, sizeof(dst));

		if ((rc == 0) != (cases[i].want != NULL) ||
		    (rc == 0 && strcmp(dst, cases[i].want) != 0))
			fail_msg("%s is %d \"%s\"", cases[i].text, rc, dst);
	}
	assert_int_equal(var_check_name("%{forward_x}", err, sizeof(err)), -1);
}

/* The connection of a trusted proxy, and the client's certificate. */
static void
test_connection(void **state)
{
	static const char text[] = "%{real_rip} %{real_rport} %{real_lip} "
	    "%{real_lport}", prints[] =
	    "%{ssl_client_cert_fp}|%U{ssl_client_cert_pubkey_fp}";
	const struct netaddr real_rip = { .family = NETADDR_V4, .port = 77,
	    .ip = { 10, 0, 0, 1 } };
	const struct netaddr real_lip = { .family = NETADDR_V4, .port = 993,
	    .ip = { 10, 0, 0, 2 } };
	uint8_t print[VAR_PRINT_MAX + 1] = { 0x0a, 0xff }, key[] = { 0xbc, 1 };
	struct var_values values = values_of("joe");
	char dst[2 * sizeof(print) + 8];

	(void)state;
	assert_int_equal(var_expand(text, &values, dst, sizeof(dst)), 0);
	assert_string_equal(dst, "   ");
	values.real_rip = &real_rip;
	values.real_lip = &real_lip;
	assert_int_equal(var_expand(text, &values, dst, sizeof(dst)), 0);
	assert_string_equal(dst, "10.0.0.1 77 10.0.0.2 993");
	assert_int_equal(var_expand(prints, &values, dst, sizeof(dst)), 0);
	assert_string_equal(dst, "|");
	values.cert_print = print;
	values.cert_key_print = key;
	values.print_bytes = 2;
	assert_int_equal(var_expand(prints, &values, dst, sizeof(dst)), 0);
	assert_string_equal(dst, "0aff|BC01");
	values.print_bytes = VAR_PRINT_MAX;
	assert_int_equal(var_expand("%{ssl_client_cert_fp}", &values, dst,
	    sizeof(dst)), 0);
	assert_int_equal(strlen(dst), 2 * VAR_PRINT_MAX);
	values.print_bytes++;
	assert_int_equal(var_expand("%{ssl_client_cert_fp}", &values, dst,
	    sizeof(dst)), 0);
	assert_string_equal(dst, "");
}

static void
test_bounds(void **state)
{
	struct var_values values = values_of("Joe@D");
	struct var_values none = { 0 };
	char dst[16];

	(void)state;
	assert_int_equal(var_expand("%u%n%d%s%r%l%a%b%m%c%p", &none, dst,
	    sizeof(dst)), 0);
	assert_string_equal(dst, "0");
	assert_int_equal(var_expand("%u%u%u%u", &values, dst, sizeof(dst)), -1);
	assert_string_equal(dst, "");
	assert_int_equal(var_expand("a%q", &values, dst, sizeof(dst)), -1);
	assert_string_equal(dst, "");
	assert_int_equal(var_expand("%-1u%.1u%9.1u|%5.0u", &values, dst,
	    sizeof(dst)), 0);
	assert_string_equal(dst, "JJ|");
}

/* What grows beyond any value that there can be is refused, not cut. */
static void
test_long_values(void **state)
{
	static char user[4096], dst[8192];
	struct var_values values = values_of(user);

	(void)state;
	memset(user, '.', 2048);
	assert_int_equal(var_expand("%u", &values, dst, sizeof(dst)), 0);
	assert_int_equal(strlen(dst), 2048);
	assert_int_equal(var_expand("%Du", &values, dst, sizeof(dst)), -1);
	assert_string_equal(dst, "");
	memset(user, '"', 2048);
	assert_int_equal(var_expand("%Eu", &values, dst, sizeof(dst)), -1);
	memset(user, 'x', 2049);
	assert_int_equal(var_expand("%u", &values, dst, sizeof(dst)), -1);
	assert_int_equal(var_expand("abc%s", &values, dst, 7), -1);
	assert_int_equal(var_expand("abc%s", &values, dst, 8), 0);
	assert_int_equal(var_expand("abcdefg%s", &values, dst, 7), -1);
	assert_string_equal(dst, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_forward),
		cmocka_unit_test(test_connection),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_long_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
