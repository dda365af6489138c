/* referral: what of a name could end a response code does not. */
#include "unit.h"

#include "login-common/referral.h"

static void
test_texts(void **state)
{
	static const struct {
		struct login_auth_referral	 to;
		const char			*text;
	} rows[] = {
		{ { "joe", "10.0.0.1", 0 }, "joe@10.0.0.1" },
		{ { "joe", "mail.example", 1143 }, "joe@mail.example:1143" },
		{ { "joe@a.example", "b", 65535 }, "joe%40a.example@b:65535" },
		{ { "a-._~Z9", "b", 0 }, "a-._~Z9@b" },
		{ { "a];b /:%\"\\", "b", 0 },
		    "a%5D%3Bb%20%2F%3A%25%22%5C@b" },
		{ { "m\xc3\xbcller", "b", 0 }, "m%C3%BCller@b" },
	};
	char text[REFERRAL_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < UNIT_LENGTH(rows); i++)
		assert_string_equal(referral_text(&rows[i].to, text),
		    rows[i].text);
}

static void
test_longest(void **state)
{
	struct login_auth_referral to = { .port = 65535 };
	char *text = malloc(REFERRAL_TEXT_MAX);

	(void)state;
	assert_non_null(text);
	memset(to.user, '%', LOGIN_AUTH_USER_MAX);
	memset(to.host, 'h', LOGIN_AUTH_HOST_MAX);
	assert_int_equal(strlen(referral_text(&to, text)),
	    3 * LOGIN_AUTH_USER_MAX + 1 + LOGIN_AUTH_HOST_MAX + 6);
	assert_string_equal(text + strlen(text) - 7, "h:65535");
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_longest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
