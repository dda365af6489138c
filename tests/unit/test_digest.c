/* digest: against values of RFC 2202, RFC 4231, RFC 6070 and Python. */
#include "unit.h"

#include "lib/digest.h"

static void
same_hex(const uint8_t *got, const char *hex)
{
	char text[2 * DIGEST_BYTES_MAX + 1];
	size_t n = strlen(hex) / 2;

	for (size_t i = 0; i < n; i++)
		(void)snprintf(text + 2 * i, 3, "%02x", got[i]);
	assert_string_equal(text, hex);
}

static void
test_two(void **state)
{
	uint8_t dst[DIGEST_BYTES_MAX];

	(void)state;
	assert_int_equal(digest_two(DIGEST_SHA1, "a", 1, "bc", 2, dst), 0);
	same_hex(dst, "a9993e364706816aba3e25717850c26c9cd0d89d");
	assert_int_equal(digest_two(DIGEST_MD5, NULL, 0, NULL, 0, dst), 0);
	same_hex(dst, "d41d8cd98f00b204e9800998ecf8427e");
	assert_int_equal(digest_length(DIGEST_SHA512), 64);
}

static void
test_hmac(void **state)
{
	uint8_t dst[DIGEST_BYTES_MAX];

	(void)state;
	assert_int_equal(digest_hmac(DIGEST_SHA1, "Jefe", 4,
	    "what do ya want for nothing?", 28, dst), 0);
	same_hex(dst, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
	assert_int_equal(digest_hmac(DIGEST_SHA256, "Jefe", 4,
	    "what do ya want for nothing?", 28, dst), 0);
	same_hex(dst, "5bdcc146bf60754e6a042426089575c7"
	    "5a003f089d2739839dec58b964ec3843");
}

static void
test_pbkdf2(void **state)
{
	uint8_t dst[DIGEST_BYTES_MAX];

	(void)state;
	assert_int_equal(digest_pbkdf2(DIGEST_SHA1, "password", "salt", 4,
	    4096, dst), 0);
	same_hex(dst, "4b007901b765489abead49d926f721d065a429c1");
	assert_int_equal(digest_pbkdf2(DIGEST_SHA256, "password", "salt", 4,
	    4096, dst), 0);
	same_hex(dst, "c5e478d59288c841aa530db6845c4c8d"
	    "962893a001ce4e11a4963873aa98134a");
}

static void
test_equal(void **state)
{
	(void)state;
	assert_true(digest_equal("abc", "abd", 2));
	assert_false(digest_equal("abc", "abd", 3));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_two),
		cmocka_unit_test(test_hmac),
		cmocka_unit_test(test_pbkdf2),
		cmocka_unit_test(test_equal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
