/* clock: time that only moves forward; tests can set it. */
#ifndef LIB_CLOCK_H
#define LIB_CLOCK_H

#include <stdint.h>

/* Milliseconds of CLOCK_MONOTONIC. */
uint64_t	clock_ms(void);
/* Microseconds of CLOCK_REALTIME, for session ids and log stamps only. */
uint64_t	clock_wall_us(void);
/* Tests: stands still at ms until moved again; 0 lets it run. */
void		clock_set_for_test(uint64_t ms);

#endif
