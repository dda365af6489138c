/* auth_choice: a user's place among several auth processes. */
#include "unit.h"

#include "ipc/auth_choice.h"

#define USERS	10000

static uint32_t
choose(const char *user, const char *separator)
{
	return auth_choice(user, strlen(user), separator);
}

static void
test_alike(void **state)
{
	(void)state;
	assert_int_equal(choose("Joe@Domain.NET", ""),
	    choose("joe@domain.net", ""));
	assert_int_not_equal(choose("joe", ""), choose("joe2", ""));
	/* Only ASCII has a case here: other bytes are as they are. */
	assert_int_not_equal(choose("\xc3\x84", ""), choose("\xc3\xa4", ""));
	/* The user counts, whoever logs in for him. */
	assert_int_equal(choose("joe*root", "*"), choose("joe", "*"));
	assert_int_not_equal(choose("joe*root", ""), choose("joe", ""));
	/* The length counts, not an end. */
	assert_int_equal(auth_choice("joe2", 3, ""), choose("joe", ""));
	(void)choose("", "");
}

/* All programs of a suite agree, by these numbers. */
static void
test_stable(void **state)
{
	(void)state;
	assert_int_equal(choose("", ""), 0x4fd0bfc1);
	assert_int_equal(choose("joe", ""), 0x7f3925b0);
}

static void
test_even(void **state)
{
	static const uint32_t counts[] = { 2, 3, 4, 7, 16 };
	unsigned int n[16];
	char name[32];

	(void)state;
	for (size_t k = 0; k < UNIT_LENGTH(counts); k++) {
		memset(n, 0, sizeof(n));
		for (unsigned int i = 0; i < USERS; i++) {
			(void)snprintf(name, sizeof(name),
			    "user%u@example.org", i);
			n[choose(name, "") % counts[k]]++;
		}
		for (uint32_t i = 0; i < counts[k]; i++) {
			assert_true(n[i] > USERS / counts[k] * 8 / 10);
			assert_true(n[i] < USERS / counts[k] * 12 / 10);
		}
	}
}

static void
test_share(void **state)
{
	uint32_t sum;

	(void)state;
	for (uint32_t count = 1; count <= 16; count++)
		for (uint32_t total = count; total < 70; total++) {
			sum = 0;
			for (uint32_t i = 0; i < count; i++) {
				uint32_t part = auth_share(total, i, count);

				assert_true(part >= total / count);
				assert_true(part <= total / count + 1);
				sum += part;
			}
			assert_int_equal(sum, total);
		}
	assert_int_equal(auth_share(1, 1, 2), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alike),
		cmocka_unit_test(test_stable),
		cmocka_unit_test(test_even),
		cmocka_unit_test(test_share),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
