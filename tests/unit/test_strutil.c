/* strutil: UTF-8, control characters, numbers and copies at their edges. */
#include "unit.h"

#include "lib/strutil.h"

#define SPAN(literal)	literal, sizeof(literal) - 1

static void
test_utf8(void **state)
{
	static const struct {
		const char	*s;
		size_t		 len;
		bool		 is_good;
	} rows[] = {
		{ SPAN(""), true },
		{ SPAN("plain"), true },
		{ SPAN("a\0b"), true },
		{ SPAN("\x7f"), true },
		{ SPAN("\x80"), false },
		{ SPAN("\xc1\xbf"), false },		/* overlong */
		{ SPAN("\xc2\x80"), true },
		{ SPAN("\xc3\xa4"), true },
		{ SPAN("\xc3"), false },		/* cut */
		{ SPAN("\xc3" "a"), false },
		{ SPAN("\xdf\xbf"), true },
		{ SPAN("\xe0\x9f\xbf"), false },	/* overlong */
		{ SPAN("\xe0\xa0\x80"), true },
		{ SPAN("\xe2\x82"), false },
		{ SPAN("\xe2\x82\xac"), true },
		{ SPAN("\xed\x9f\xbf"), true },
		{ SPAN("\xed\xa0\x80"), false },	/* surrogate */
		{ SPAN("\xee\x80\x80"), true },
		{ SPAN("\xf0\x8f\xbf\xbf"), false },	/* overlong */
		{ SPAN("\xf0\x90\x80\x80"), true },
		{ SPAN("\xf0\x90\x80"), false },
		{ SPAN("\xf0\x90\x80" "a"), false },
		{ SPAN("\xf4\x8f\xbf\xbf"), true },
		{ SPAN("\xf4\x90\x80\x80"), false },	/* above U+10FFFF */
		{ SPAN("\xf5\x80\x80\x80"), false },
		{ SPAN("\xff"), false },
		{ SPAN("ok\xc3\xa4ok\xe2\x82\xac"), true },
		{ SPAN("ok\xc3\xa4ok\xe2\x82"), false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < UNIT_LENGTH(rows); i++)
		assert_int_equal(str_is_utf8(rows[i].s, rows[i].len),
		    rows[i].is_good);
}

static void
test_control(void **state)
{
	char c;
	int i;

	(void)state;
	assert_false(str_has_control("", 0));
	assert_false(str_has_control("a b~", 4));
	assert_true(str_has_control("ab\n", 3));
	assert_false(str_has_control("ab\n", 2));
	for (i = 0; i < 256; i++) {
		c = (char)i;
		assert_int_equal(str_has_control(&c, 1), i < 32 || i == 127);
	}
}

static void
test_span_is(void **state)
{
	(void)state;
	assert_true(str_span_is("login", 5, "LOGIN"));
	assert_true(str_span_is("LoGiN x", 5, "login"));
	assert_false(str_span_is("login", 4, "LOGIN"));
	assert_false(str_span_is("logins", 6, "LOGIN"));
	assert_false(str_span_is("logi\0", 5, "logi"));
	assert_true(str_span_is("", 0, ""));
	assert_false(str_span_is("", 0, "a"));
	assert_false(str_span_is("\xe4", 1, "\xc4"));
}

static void
test_number(void **state)
{
	static const struct {
		const char	*s;
		uint64_t	 min, max;
		int		 result;
		uint64_t	 value;
	} rows[] = {
		{ "0", 0, 10, 0, 0 },
		{ "10", 0, 10, 0, 10 },
		{ "11", 0, 10, -1, 0 },
		{ "4", 5, 10, -1, 0 },
		{ "0000000000000000000000007", 0, 10, 0, 7 },
		{ "", 0, 10, -1, 0 },
		{ "+1", 0, 10, -1, 0 },
		{ "-1", 0, UINT64_MAX, -1, 0 },
		{ " 1", 0, 10, -1, 0 },
		{ "1 ", 0, 10, -1, 0 },
		{ "1a", 0, 10, -1, 0 },
		{ "0x1", 0, 10, -1, 0 },
		{ "65535", 1, 65535, 0, 65535 },
		{ "65536", 1, 65535, -1, 0 },
		{ "18446744073709551615", 0, UINT64_MAX, 0, UINT64_MAX },
		{ "18446744073709551616", 0, UINT64_MAX, -1, 0 },
		{ "18446744073709551625", 0, UINT64_MAX, -1, 0 },
		{ "184467440737095516150", 0, UINT64_MAX, -1, 0 },
	};
	uint64_t n;
	size_t i;

	(void)state;
	for (i = 0; i < UNIT_LENGTH(rows); i++) {
		n = 99;
		assert_int_equal(str_number(rows[i].s, strlen(rows[i].s),
		    rows[i].min, rows[i].max, &n), rows[i].result);
		assert_int_equal(n, rows[i].result == 0 ? rows[i].value : 99);
	}
	/* The length counts, not the NUL. */
	assert_int_equal(str_number("123", 2, 0, 1000, &n), 0);
	assert_int_equal(n, 12);
	assert_int_equal(str_number("1\0002", 3, 0, 1000, &n), -1);
}

static void
test_lower(void **state)
{
	char s[] = "AZaz09@[`{ \xc4";

	(void)state;
	str_lower(s);
	assert_string_equal(s, "azaz09@[`{ \xc4");
}

static void
test_copy(void **state)
{
	char dst[8];

	(void)state;
	assert_int_equal(str_copy(dst, 5, "abcdef", 4), 0);
	assert_string_equal(dst, "abcd");
	assert_int_equal(str_copy(dst, 5, "abcdef", 5), -1);
	assert_string_equal(dst, "");
	assert_int_equal(str_copy(dst, 1, "a", 0), 0);
	assert_string_equal(dst, "");
	dst[0] = 'x';
	assert_int_equal(str_copy(dst, 0, "a", 0), -1);
	assert_int_equal(dst[0], 'x');
}

static void
test_copy_clean(void **state)
{
	char dst[6];

	(void)state;
	str_copy_clean(dst, sizeof(dst), "a\r\nb\0\x1b\x7f\tc", 9);
	assert_string_equal(dst, "abc");
	str_copy_clean(dst, sizeof(dst), "abcde", 5);
	assert_string_equal(dst, "abcde");
	str_copy_clean(dst, sizeof(dst), "abcdef", 6);
	assert_string_equal(dst, "abcde");
	str_copy_clean(dst, sizeof(dst), "\xc3\xa4", 2);
	assert_string_equal(dst, "\xc3\xa4");
	str_copy_clean(dst, sizeof(dst), "", 0);
	assert_string_equal(dst, "");
}

static void
test_escape(void **state)
{
	char dst[16];

	(void)state;
	assert_string_equal(str_escape(dst, sizeof(dst), "a <b>", 5),
	    "a <b>");
	assert_string_equal(str_escape(dst, sizeof(dst), "\x1b[", 2),
	    "\\x1b[");
	assert_string_equal(str_escape(dst, sizeof(dst), "\\n\0", 3),
	    "\\x5cn\\x00");
	assert_string_equal(str_escape(dst, sizeof(dst), "\xc3\xa4", 2),
	    "\\xc3\\xa4");
	/* Cut between two bytes, whatever their form. */
	assert_string_equal(str_escape(dst, sizeof(dst), "0123456789", 10),
	    "012345678...");
	assert_string_equal(str_escape(dst, sizeof(dst), "\n\n\n\n\n", 5),
	    "\\x0a\\x0a\\x0a...");
	assert_string_equal(str_escape(dst, 8, "\n\n", 2), "\\x0a...");
	assert_string_equal(str_escape(dst, 8, "", 0), "");
}

static void
test_hex(void **state)
{
	char dst[9];

	(void)state;
	assert_string_equal(str_hex(dst, "\x00\x9a\xbc\xff", 4),
	    "009abcff");
	assert_string_equal(str_hex(dst, "x", 0), "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_control),
		cmocka_unit_test(test_span_is),
		cmocka_unit_test(test_number),
		cmocka_unit_test(test_lower),
		cmocka_unit_test(test_copy),
		cmocka_unit_test(test_copy_clean),
		cmocka_unit_test(test_escape),
		cmocka_unit_test(test_hex),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
