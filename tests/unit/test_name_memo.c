/* name_memo: what is remembered of names, and how long. */
#include "unit.h"

#include "auth/name_memo.h"
#include "lib/clock.h"

#define START_MS	1000000

static void
add(struct name_memo *memo, const char *name, uint8_t naddrs, uint8_t last)
{
	struct auth_worker_resolved m = { .naddrs = naddrs };

	for (size_t i = 0; i < naddrs; i++)
		m.addrs[i] = (struct netaddr){ NETADDR_V4, 0,
		    { 10, 0, (uint8_t)i, last } };
	name_memo_add(memo, name, strlen(name), &m);
}

static const struct name_memo_entry *
find(const struct name_memo *memo, const char *name)
{
	return name_memo_find(memo, name, strlen(name));
}

static void
test_remembers_for_a_while(void **state)
{
	struct name_memo memo = { .next = 0 };

	(void)state;
	clock_set_for_test(START_MS);
	assert_null(find(&memo, "a.example"));
	assert_null(find(&memo, ""));
	add(&memo, "a.example", 2, 1);
	assert_non_null(find(&memo, "a.example"));
	assert_int_equal(find(&memo, "A.Example")->naddrs, 2);
	assert_int_equal(find(&memo, "a.example")->addrs[1].ip[2], 1);
	assert_null(find(&memo, "a.exampl"));
	assert_null(find(&memo, "a.example2"));
	/* an answer anew, not two */
	add(&memo, "a.example", 1, 7);
	assert_int_equal(find(&memo, "a.example")->naddrs, 1);
	assert_int_equal(memo.next, 1);
	clock_set_for_test(START_MS + NAME_MEMO_MS - 1);
	assert_int_equal(find(&memo, "a.example")->addrs[0].ip[3], 7);
	clock_set_for_test(START_MS + NAME_MEMO_MS);
	assert_null(find(&memo, "a.example"));
	clock_set_for_test(0);
}

static void
test_no_failures(void **state)
{
	struct name_memo memo = { .next = 0 };

	(void)state;
	add(&memo, "gone.example", 0, 1);
	assert_null(find(&memo, "gone.example"));
	/* what was known stays what it was */
	add(&memo, "here.example", 1, 1);
	add(&memo, "here.example", 0, 1);
	assert_non_null(find(&memo, "here.example"));
}

static void
test_is_bounded(void **state)
{
	struct name_memo memo = { .next = 0 };
	char name[32];

	(void)state;
	for (size_t i = 0; i < NAME_MEMO_MAX + 3; i++) {
		(void)snprintf(name, sizeof(name), "h%zu.example", i);
		add(&memo, name, 1, 1);
	}
	assert_null(find(&memo, "h0.example"));
	assert_null(find(&memo, "h2.example"));
	assert_non_null(find(&memo, "h3.example"));
	assert_non_null(find(&memo, name));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_remembers_for_a_while),
		cmocka_unit_test(test_no_failures),
		cmocka_unit_test(test_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
