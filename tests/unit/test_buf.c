/* buf: bounds, reclaimed space, and that nothing is left behind. */
#include "unit.h"

#include "lib/buf.h"

static void
test_empty(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	assert_int_equal(buf_used(&b), 0);
	assert_null(buf_head(&b));
	assert_null(b.data);
	assert_int_equal(buf_add(&b, NULL, 0), 0);
	assert_null(b.data);
	buf_drop(&b, 0);
	buf_clear(&b);
	buf_clear(&b);
}

static void
test_bound(void **state)
{
	char bytes[2000];
	struct buf b;

	(void)state;
	memset(bytes, 'x', sizeof(bytes));
	buf_init(&b, 1000);
	assert_int_equal(buf_add(&b, bytes, 1001), -1);
	assert_int_equal(buf_used(&b), 0);
	assert_int_equal(buf_add(&b, bytes, 999), 0);
	assert_int_equal(buf_add(&b, bytes, 2), -1);
	assert_int_equal(buf_used(&b), 999);
	assert_int_equal(buf_add(&b, bytes, 1), 0);
	assert_null(buf_reserve(&b, 1));
	assert_null(buf_reserve(&b, SIZE_MAX));
	assert_true(b.size <= 1000);
	buf_clear(&b);
	/* Usable again, with the same bound. */
	assert_int_equal(buf_add(&b, bytes, 1000), 0);
	assert_int_equal(buf_add(&b, bytes, 1), -1);
	buf_clear(&b);
}

static void
test_space_is_reclaimed(void **state)
{
	char bytes[64];
	struct buf b;
	size_t i;

	(void)state;
	buf_init(&b, sizeof(bytes));
	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)i;
	assert_int_equal(buf_add(&b, bytes, sizeof(bytes)), 0);
	for (i = 0; i < 1000; i++) {
		buf_drop(&b, 10);
		assert_int_equal(buf_add(&b, buf_head(&b), 11), -1);
		assert_int_equal(buf_add(&b, bytes, 10), 0);
		assert_int_equal(buf_used(&b), sizeof(bytes));
	}
	assert_int_equal(b.size, sizeof(bytes));
	buf_clear(&b);
}

static bool
is_zero(const uint8_t *p, size_t n)
{
	while (n > 0)
		if (p[--n] != 0)
			return false;
	return true;
}

static void
test_wiped(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 600);
	assert_non_null(buf_reserve(&b, 600));
	memset(b.data, 0, b.size);
	assert_int_equal(buf_add(&b, "secretsecret", 12), 0);
	buf_drop(&b, 12);
	assert_true(is_zero(b.data, b.size));
	/* What moved to the front is not left where it was. */
	memset(b.data, 'a', 600);
	buf_commit(&b, 600);
	buf_drop(&b, 500);
	assert_non_null(buf_reserve(&b, 200));
	assert_int_equal(b.off, 0);
	assert_int_equal(b.len, 100);
	assert_true(is_zero(b.data + 100, b.size - 100));
	buf_clear(&b);
	assert_null(b.data);
}

/* Against a plain array, by random steps. */
static void
test_model(void **state)
{
	static uint8_t model[5000];
	uint8_t bytes[700], *p;
	uint32_t seed = 7;
	size_t i, n, used = 0;
	struct buf b;
	int step;

	(void)state;
	buf_init(&b, sizeof(model));
	for (step = 0; step < 20000; step++) {
		n = unit_random_below(&seed, sizeof(bytes));
		for (i = 0; i < n; i++)
			bytes[i] = (uint8_t)unit_random(&seed);
		switch (unit_random_below(&seed, 3)) {
		case 0:
			if (buf_add(&b, bytes, n) == 0) {
				memcpy(model + used, bytes, n);
				used += n;
			} else
				assert_true(used + n > sizeof(model));
			break;
		case 1:
			if ((p = buf_reserve(&b, n)) != NULL && n > 1) {
				memcpy(p, bytes, n / 2);
				buf_commit(&b, n / 2);
				memcpy(model + used, bytes, n / 2);
				used += n / 2;
			}
			break;
		default:
			n = n < used ? n : used;
			buf_drop(&b, n);
			memmove(model, model + n, used - n);
			used -= n;
		}
		assert_int_equal(buf_used(&b), used);
		if (used > 0)
			assert_memory_equal(buf_head(&b), model, used);
	}
	buf_clear(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_bound),
		cmocka_unit_test(test_space_is_reclaimed),
		cmocka_unit_test(test_wiped),
		cmocka_unit_test(test_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
