/* xmem: memory that is there, zeroed where promised, or the process ends. */
#include "unit.h"

#include <sysexits.h>

#include "lib/xmem.h"

static void
test_zeroed(void **state)
{
	uint8_t *p;
	size_t i, round;

	(void)state;
	for (round = 0; round < 10; round++) {
		p = xcalloc(100, 10);
		for (i = 0; i < 1000; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xff, 1000);
		free(p);
	}
}

static void
test_grows(void **state)
{
	uint32_t *p = NULL;
	uint32_t i;

	(void)state;
	for (i = 0; i < 1000; i++) {
		p = xreallocarray(p, i + 1, sizeof(*p));
		p[i] = i;
	}
	for (i = 0; i < 1000; i++)
		assert_int_equal(p[i], i);
	free(p);
}

static void
test_texts(void **state)
{
	const char unterminated[3] = { 'a', 'b', 'c' };
	char *s;

	(void)state;
	s = xstrdup("");
	assert_string_equal(s, "");
	free(s);
	s = xstrdup("text");
	assert_string_equal(s, "text");
	xfree_secret(s);
	s = xstrndup(unterminated, 3);
	assert_string_equal(s, "abc");
	free(s);
	s = xstrndup("abc", 100);
	assert_string_equal(s, "abc");
	free(s);
	s = xstrndup("abc", 0);
	assert_string_equal(s, "");
	free(s);
	assert_int_equal(xasprintf(&s, "%s-%d", "a", 7), 3);
	assert_string_equal(s, "a-7");
	free(s);
	xfree_secret(NULL);
}

/* Sanitizers and valgrind complain of such sizes on their own account. */
#ifndef MW_SANITIZE
static void
calloc_too_much(void *arg)
{
	volatile size_t n = SIZE_MAX / 2;

	(void)arg;
	free(xcalloc(n, 4));
}

static void
reallocarray_too_much(void *arg)
{
	volatile size_t n = SIZE_MAX / 2;

	(void)arg;
	free(xreallocarray(NULL, n, 4));
}
#endif

static void
test_exhaustion_ends_the_process(void **state)
{
	(void)state;
#ifdef MW_SANITIZE
	skip();
#else
	assert_int_equal(unit_status_of(calloc_too_much, NULL), EX_OSERR);
	assert_int_equal(unit_status_of(reallocarray_too_much, NULL),
	    EX_OSERR);
#endif
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_zeroed),
		cmocka_unit_test(test_grows),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_exhaustion_ends_the_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
