/* unit: what the unit tests share. Includes cmocka and what it wants. */
#ifndef TESTS_UNIT_UNIT_H
#define TESTS_UNIT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define UNIT_LENGTH(array)	(sizeof(array) / sizeof((array)[0]))

/* Pseudo-random numbers that are the same in every run. */
static inline uint32_t
unit_random(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

/* A number below n, which is not 0. */
static inline size_t
unit_random_below(uint32_t *seed, size_t n)
{
	return unit_random(seed) % n;
}

/*
 * Runs fn in a child process; its exit status, -1 when it died of a signal.
 * fn must not use assertions: it ends by fatal(), _exit() or by returning,
 * which is status 0.
 */
static inline int
unit_status_of(void (*fn)(void *), void *arg)
{
	pid_t pid;
	int status = 0;

	(void)fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		fn(arg);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* How many fds this process has: compared before and after. */
static inline int
unit_count_fds(void)
{
	int fd, n = 0;

	for (fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) != -1;
	return n;
}

#endif
