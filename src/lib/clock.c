/*
 * clock: time that only moves forward; tests can set it.
 * Runs in: every process.
 * Hostile input: none.
 * Never: uses the wall clock for a deadline.
 */
#include "lib/clock.h"

#include <time.h>

static uint64_t clock_test_ms;

uint64_t
clock_ms(void)
{
	struct timespec ts;

	if (clock_test_ms != 0)
		return clock_test_ms;
	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

uint64_t
clock_wall_us(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

void
clock_set_for_test(uint64_t ms)
{
	clock_test_ms = ms;
}
