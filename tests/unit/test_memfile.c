/*
 * Sealed files in memory.
 * Runs in: make check.
 * Hostile input: files that are longer and shorter than they should be.
 * Never: ships in a program.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/memfile.h"

static int
file_with(const char *text)
{
	int fd = memfile_open("file");

	assert_int_not_equal(fd, -1);
	assert_int_equal(memfile_add(fd, text, strlen(text)), 0);
	return fd;
}

static void
test_there_and_back(void **state)
{
	int fd = file_with("head "), from = file_with("0123456789");
	const char *map;
	size_t len;

	(void)state;
	assert_int_equal(memfile_add_file(fd, from, 10), 0);
	assert_int_equal(memfile_add(fd, " tail", 5), 0);
	assert_null(memfile_map(fd, 100, &len));
	assert_int_equal(errno, EINVAL);
	assert_int_equal(memfile_seal(fd), 0);
	map = memfile_map(fd, 20, &len);
	assert_non_null(map);
	assert_int_equal(len, 20);
	assert_memory_equal(map, "head 0123456789 tail", 20);
	memfile_unmap(map, len);
	assert_null(memfile_map(fd, 19, &len));
	assert_int_equal(errno, EINVAL);
	close(from);
	close(fd);
}

/* What was sealed stays as it is. */
static void
test_sealed(void **state)
{
	int fd = file_with("x");

	(void)state;
	assert_int_equal(memfile_seal(fd), 0);
	assert_int_equal(memfile_add(fd, "y", 1), -1);
	assert_int_equal(ftruncate(fd, 0), -1);
	assert_int_equal(ftruncate(fd, 9), -1);
	assert_int_equal(memfile_seal(fd), -1);
	close(fd);
}

/* A file that grows or shrinks under the copy is none that was checked. */
static void
test_changed(void **state)
{
	int fd = file_with(""), from = file_with("0123456789");

	(void)state;
	assert_int_equal(memfile_add_file(fd, from, 9), -1);
	assert_int_equal(errno, EBUSY);
	assert_int_equal(memfile_add_file(fd, from, 11), -1);
	assert_int_equal(errno, EBUSY);
	close(from);
	close(fd);
}

static void
test_refused(void **state)
{
	int fd = memfile_open("empty");
	size_t len;

	(void)state;
	assert_int_equal(memfile_seal(fd), 0);
	assert_null(memfile_map(fd, 100, &len));
	assert_int_equal(errno, EINVAL);
	close(fd);
	assert_null(memfile_map(STDIN_FILENO, 100, &len));
	memfile_unmap(NULL, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_sealed),
		cmocka_unit_test(test_changed),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
