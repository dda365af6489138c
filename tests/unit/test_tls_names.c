/* tls_names: certificates by name, thousands of them. */
#include "unit.h"

#include "lib/tls_names.h"

#define MANY	5000

static uint32_t
found(const struct tls_names *names, const char *name)
{
	uint32_t set = 0xffffffffu;

	return tls_names_find(names, name, &set) ? set : 0xffffffffu;
}

static int
add(struct tls_names *names, const char *name, uint32_t set)
{
	return tls_names_add(names, name, strlen(name), set);
}

static void
test_find(void **state)
{
	struct tls_names *names = tls_names_new();

	(void)state;
	assert_int_equal(found(names, "a.test"), 0xffffffffu);
	assert_int_equal(add(names, "A.test", 1), 0);
	assert_int_equal(add(names, "*.Test", 2), 0);
	assert_int_equal(add(names, "a.test", 3), 0);
	assert_int_equal(found(names, "a.test"), 1);
	assert_int_equal(found(names, "b.test"), 2);
	assert_int_equal(found(names, "c.b.test"), 0xffffffffu);
	assert_int_equal(found(names, "test"), 0xffffffffu);
	tls_names_free(names);
	tls_names_free(NULL);
}

static void
test_bad_names(void **state)
{
	static const char *const bad[] = {
		"", ".", "*", "*.", "a.", ".a", "a..b", "*a.test", "*.*.test",
		"a.*.test", "a b", "a\n", "\xc3\xa4.test", "*.test.",
	};
	struct tls_names *names = tls_names_new();
	char name[300];
	size_t i;

	(void)state;
	for (i = 0; i < UNIT_LENGTH(bad); i++)
		assert_int_equal(add(names, bad[i], 1), -1);
	for (i = 0; i < sizeof(name); i++)
		name[i] = i % 50 == 49 ? '.' : 'a';
	assert_int_equal(tls_names_add(names, name, 255, 1), 0);
	assert_int_equal(tls_names_add(names, name, 256, 1), -1);
	memset(name, 'a', sizeof(name));
	assert_int_equal(tls_names_add(names, name, 63, 1), 0);
	assert_int_equal(tls_names_add(names, name, 64, 1), -1);
	tls_names_free(names);
}

static void
test_many(void **state)
{
	struct tls_names *names = tls_names_new();
	char name[64];
	uint32_t i;

	(void)state;
	for (i = 0; i < MANY; i++) {
		(void)snprintf(name, sizeof(name), "%smail%u.example%u.net",
		    i % 10 == 0 ? "*." : "", i, i % 7);
		assert_int_equal(add(names, name, i), 0);
	}
	for (i = 0; i < MANY; i++) {
		(void)snprintf(name, sizeof(name), "%smail%u.example%u.net",
		    i % 10 == 0 ? "x." : "", i, i % 7);
		assert_int_equal(found(names, name), i);
		(void)snprintf(name, sizeof(name), "mail%u.example.net", i);
		assert_int_equal(found(names, name), 0xffffffffu);
	}
	tls_names_free(names);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_bad_names),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
