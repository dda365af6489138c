/* rnd: fills all that was asked for, and no more. */
#include "unit.h"

#include "lib/rnd.h"

static void
test_fills_exactly(void **state)
{
	uint8_t bytes[66], seen[64];
	size_t n, i, round;

	(void)state;
	for (n = 0; n <= 64; n++) {
		memset(seen, 0, sizeof(seen));
		/* A byte that stays 0 in all rounds was not written. */
		for (round = 0; round < 20; round++) {
			memset(bytes, 0, sizeof(bytes));
			rnd_bytes(bytes + 1, n);
			assert_int_equal(bytes[0], 0);
			assert_int_equal(bytes[n + 1], 0);
			for (i = 0; i < n; i++)
				seen[i] |= bytes[i + 1];
		}
		for (i = 0; i < n; i++)
			assert_int_not_equal(seen[i], 0);
	}
}

static void
test_differs(void **state)
{
	static uint8_t a[100000], b[100000];

	(void)state;
	rnd_bytes(a, sizeof(a));
	rnd_bytes(b, sizeof(b));
	assert_memory_not_equal(a, b, 32);
	assert_memory_not_equal(a + sizeof(a) - 32, b + sizeof(b) - 32, 32);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fills_exactly),
		cmocka_unit_test(test_differs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
