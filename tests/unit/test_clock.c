/* clock: forward only, and settable for tests. */
#include "unit.h"

#include <time.h>

#include "lib/clock.h"

static void
test_moves_forward(void **state)
{
	const struct timespec wait = { .tv_nsec = 5 * 1000 * 1000 };
	uint64_t before = clock_ms(), last = before, now;
	int i;

	(void)state;
	for (i = 0; i < 1000; i++) {
		now = clock_ms();
		assert_true(now >= last);
		last = now;
	}
	assert_int_equal(nanosleep(&wait, NULL), 0);
	now = clock_ms();
	assert_true(now >= last + 4);
	assert_true(now < before + 600 * 1000);
}

static void
test_stands_still(void **state)
{
	uint64_t real = clock_ms();

	(void)state;
	clock_set_for_test(42);
	assert_int_equal(clock_ms(), 42);
	assert_int_equal(clock_ms(), 42);
	clock_set_for_test(1000042);
	assert_int_equal(clock_ms(), 1000042);
	clock_set_for_test(0);
	assert_true(clock_ms() >= real);
}

static void
test_wall(void **state)
{
	uint64_t us = clock_wall_us();
	time_t now = time(NULL);

	(void)state;
	assert_true(us / 1000000 <= (uint64_t)now + 1);
	assert_true(us / 1000000 + 600 >= (uint64_t)now);
	/* It does not follow the test's clock. */
	clock_set_for_test(1);
	assert_true(clock_wall_us() > 1000000);
	clock_set_for_test(0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_moves_forward),
		cmocka_unit_test(test_stands_still),
		cmocka_unit_test(test_wall),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
