/* log_safe: whatever comes from the network, one harmless word goes out. */
#include "unit.h"

#include "lib/log.h"

static void
test_texts(void **state)
{
	static const struct {
		const char	*in;
		size_t		 len;
		const char	*out;
	} rows[] = {
		{ "", 0, "" },
		{ "john", 4, "john" },
		{ "john", 2, "jo" },
		{ "a b~!", 5, "a b~!" },
		{ "a\nb", 3, "a\\x0ab" },
		{ "\0", 1, "\\x00" },
		{ "\r\x1b[0m\x7f", 6, "\\x0d\\x1b[0m\\x7f" },
		{ "\x80\xff", 2, "\\x80\\xff" },
		{ "j\xc3\xb6hn", 5, "j\\xc3\\xb6hn" },
		{ "a\\x0a", 5, "a\\x5cx0a" },
		{ "x> user=<y", 10, "x\\x3e user=\\x3cy" },
		{ "\"", 1, "\\x22" },
		{ "%s%n", 4, "%s%n" },
	};
	char dst[64];
	size_t i;

	(void)state;
	for (i = 0; i < UNIT_LENGTH(rows); i++) {
		assert_ptr_equal(log_safe(dst, sizeof(dst), rows[i].in,
		    rows[i].len), dst);
		assert_string_equal(dst, rows[i].out);
	}
}

static void
test_small_sizes(void **state)
{
	char dst[16];
	size_t size;

	(void)state;
	for (size = 0; size < sizeof(dst); size++) {
		memset(dst, 'Z', sizeof(dst));
		(void)log_safe(dst, size, "\n\n\n\n\n\n\n\n", 8);
		assert_int_equal(dst[size], 'Z');
		if (size == 0)
			continue;
		assert_non_null(memchr(dst, '\0', size));
		if (size < 4)
			assert_string_equal(dst, "");
		else if (size < 8)
			assert_string_equal(dst, "...");
		else if (size < 12)
			assert_string_equal(dst, "\\x0a...");
		else
			assert_string_equal(dst, "\\x0a\\x0a...");
	}
	/* Nothing to copy: empty, not "...". */
	(void)log_safe(dst, 1, "", 0);
	assert_string_equal(dst, "");
}

/* Bytes of src that dst stands for, read back from the escaped form. */
static size_t
check_form(const char *dst, const char *src, size_t len)
{
	char hex[3] = "";
	size_t n = 0;

	while (*dst != '\0' && strcmp(dst, "...") != 0) {
		assert_true(n < len);
		if (*dst != '\\') {
			assert_int_equal(*dst, src[n++]);
			dst++;
			continue;
		}
		assert_int_equal(dst[1], 'x');
		memcpy(hex, dst + 2, 2);
		assert_int_equal(strspn(hex, "0123456789abcdef"), 2);
		assert_int_equal((char)strtoul(hex, NULL, 16), src[n++]);
		dst += 4;
	}
	return n;
}

/* Any bytes into any size. */
static void
test_property(void **state)
{
	char src[64], dst[300];
	uint32_t seed = 3;
	size_t i, n, len, size;
	int round;

	(void)state;
	for (round = 0; round < 30000; round++) {
		len = unit_random_below(&seed, sizeof(src));
		size = 1 + unit_random_below(&seed, sizeof(dst) - 1);
		for (i = 0; i < len; i++)
			src[i] = (char)(round % 2 == 0 ?
			    unit_random(&seed) : 'a' +
			    unit_random_below(&seed, 26));
		memset(dst, 0x01, sizeof(dst));
		(void)log_safe(dst, size, src, len);
		assert_int_equal(dst[size], 0x01);
		n = strnlen(dst, size);
		assert_true(n < size);
		for (i = 0; i < n; i++) {
			assert_in_range((uint8_t)dst[i], 0x20, 0x7e);
			assert_null(strchr("<>\"", dst[i]));
		}
		i = check_form(dst, src, len);
		if (i < len && size >= 4)
			assert_string_equal(dst + n - 3, "...");
		if (size >= 4 * len + 4)
			assert_int_equal(i, len);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_small_sizes),
		cmocka_unit_test(test_property),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
