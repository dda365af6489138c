#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/*
 * The entry of each fuzz target, called by libFuzzer or by replay.c with one
 * input. Returns 0; a broken invariant aborts.
 */
int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes);

#endif
