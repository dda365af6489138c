/* auth_cache: keys, times, room, marks of passwords. */
#include "unit.h"

#include <bsd/string.h>

#include "auth/auth_cache.h"
#include "auth/cache_row.h"
#include "auth/cache_slab.h"
#include "lib/clock.h"

#define START_MS	UINT64_C(1000000)
#define TTL_MS		60000u
#define NEGATIVE_MS	20000u
#define STALE_MS	100000u

static struct auth_cache *cache;
static uint64_t now_ms;

static void
set_ms(uint64_t ms)
{
	now_ms = ms;
	clock_set_for_test(ms);
}

static void
cache_is(uint64_t bytes)
{
	cache = auth_cache_new(&(struct auth_cache_config){ .bytes = bytes,
	    .ttl_ms = TTL_MS, .negative_ttl_ms = NEGATIVE_MS,
	    .stale_ttl_ms = STALE_MS });
	assert_non_null(cache);
}

static int
setup(void **state)
{
	(void)state;
	set_ms(START_MS);
	cache_is(65536);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	auth_cache_free(cache);
	clock_set_for_test(0);
	return 0;
}

static struct auth_cache_key
key_of(const char *user)
{
	struct auth_cache_key key;

	auth_cache_key_init(&key, 0, 0);
	auth_cache_key_add(&key, user, strlen(user));
	return key;
}

static bool
put(const char *user, const char *value)
{
	struct auth_cache_key key = key_of(user);

	return auth_cache_put(cache, &key, (const uint8_t *)value,
	    strlen(value), true);
}

static enum auth_cache_age
get(const char *user, char value[AUTH_CACHE_VALUE_MAX + 1])
{
	struct auth_cache_key key = key_of(user);
	enum auth_cache_age age;
	size_t len = 0;

	age = auth_cache_get(cache, &key, (uint8_t *)value, &len);
	value[len] = '\0';
	return age;
}

static void
is(const char *user, enum auth_cache_age age, const char *value)
{
	char found[AUTH_CACHE_VALUE_MAX + 1];

	assert_int_equal(get(user, found), age);
	if (age == AUTH_CACHE_FRESH)
		assert_string_equal(found, value);
}

static void
is_stale(const char *user, const char *value)
{
	struct auth_cache_key key = key_of(user);
	char found[AUTH_CACHE_VALUE_MAX + 1];
	size_t len = 0;

	assert_int_equal(auth_cache_get_stale(cache, &key, (uint8_t *)found,
	    &len), value != NULL);
	if (value == NULL)
		return;
	found[len] = '\0';
	assert_string_equal(found, value);
}

static struct auth_cache_status
status(void)
{
	struct auth_cache_status s;

	auth_cache_status(cache, &s);
	return s;
}

static void
test_values(void **state)
{
	char text[AUTH_CACHE_VALUE_MAX + 2];

	(void)state;
	is("joe", AUTH_CACHE_MISS, NULL);
	assert_true(put("joe", "row"));
	assert_true(put("jim", ""));
	is("joe", AUTH_CACHE_FRESH, "row");
	is("jim", AUTH_CACHE_FRESH, "");
	assert_true(put("joe", "another row"));
	is("joe", AUTH_CACHE_FRESH, "another row");
	assert_int_equal(status().entries, 2);
	assert_int_equal(status().negative_entries, 1);
	/* Each length, over the edges of chunks; then too long. */
	memset(text, 'x', sizeof(text));
	for (size_t len = 1; len <= 300; len++) {
		char user[32];

		(void)snprintf(user, sizeof(user), "u%.*s", (int)(len % 25),
		    text);
		text[len] = '\0';
		assert_true(put(user, text));
		is(user, AUTH_CACHE_FRESH, text);
		text[len] = 'x';
	}
	text[AUTH_CACHE_VALUE_MAX + 1] = '\0';
	assert_true(put("joe", text + 1));
	is("joe", AUTH_CACHE_FRESH, text + 1);
	assert_false(put("joe", text));
	is("joe", AUTH_CACHE_MISS, NULL);
}

/* T-C9: the clock that only goes forward decides. */
static void
test_times(void **state)
{
	(void)state;
	put("joe", "row");
	put("jim", "");
	set_ms(START_MS + NEGATIVE_MS - 1);
	is("jim", AUTH_CACHE_FRESH, "");
	set_ms(START_MS + NEGATIVE_MS);
	is("jim", AUTH_CACHE_MISS, NULL);
	is_stale("jim", NULL);
	set_ms(START_MS + TTL_MS - 1);
	is("joe", AUTH_CACHE_FRESH, "row");
	set_ms(START_MS + TTL_MS);
	is("joe", AUTH_CACHE_STALE, NULL);
	is_stale("joe", "row");
	set_ms(START_MS + TTL_MS + STALE_MS - 1);
	is("joe", AUTH_CACHE_STALE, NULL);
	is_stale("joe", "row");
	set_ms(START_MS + TTL_MS + STALE_MS);
	is_stale("joe", NULL);
	is("joe", AUTH_CACHE_MISS, NULL);
	assert_int_equal(status().entries, 0);
	/* Not kept at all. */
	auth_cache_free(cache);
	cache = auth_cache_new(&(struct auth_cache_config){ .bytes = 65536 });
	assert_false(put("joe", "row"));
	assert_false(put("jim", ""));
	is("joe", AUTH_CACHE_MISS, NULL);
}

static void
test_trust(void **state)
{
	struct auth_cache_key joe = key_of("joe"), jim = key_of("jim");

	(void)state;
	put("joe", "row");
	put("jim", "row");
	auth_cache_distrust(cache, auth_cache_mark(cache, &joe));
	is("joe", AUTH_CACHE_STALE, NULL);
	is_stale("joe", "row");
	is("jim", AUTH_CACHE_FRESH, "row");
	put("joe", "new");
	is("joe", AUTH_CACHE_FRESH, "new");
	auth_cache_drop(cache, auth_cache_mark(cache, &jim));
	is("jim", AUTH_CACHE_MISS, NULL);
	is("joe", AUTH_CACHE_FRESH, "new");
}

/* T-C1, T-C3, T-C8: no two lists of parts have one key. */
static void
test_keys(void **state)
{
	static const struct {
		uint8_t		passdb, service;
		const char	*parts[3];
	} keys[] = {
		{ 0, 0, { "joe" } },
		{ 1, 0, { "joe" } },
		{ 0, 1, { "joe" } },
		{ 0, 0, { "joe", "" } },
		{ 0, 0, { "", "joe" } },
		{ 0, 0, { "joe", "joe" } },
		{ 0, 0, { "joejoe" } },
		{ 0, 0, { "jo", "ejoe" } },
		{ 0, 0, { "joe\t" } },
		{ 0, 0, { "joe\t", "" } },
		{ 0, 0, { "joe", "\t" } },
		{ 0, 0, { "j%oe" } },
		{ 0, 0, { "j{oe" } },
		{ 0, 0, { "j+oe" } },
		{ 0, 0, { "P1", "joe" } },
		{ 0, 0, { "P1joe" } },
		{ 0, 0, { "Joe" } },
		{ 0, 0, { NULL } },
	};
	struct auth_cache_key made[UNIT_LENGTH(keys)];

	(void)state;
	for (size_t i = 0; i < UNIT_LENGTH(keys); i++) {
		auth_cache_key_init(&made[i], keys[i].passdb, keys[i].service);
		for (size_t k = 0; k < 3 && keys[i].parts[k] != NULL; k++)
			auth_cache_key_add(&made[i], keys[i].parts[k],
			    strlen(keys[i].parts[k]));
		for (size_t k = 0; k < i; k++)
			assert_false(made[i].len == made[k].len &&
			    memcmp(made[i].bytes, made[k].bytes,
			    made[i].len) == 0);
		assert_true(auth_cache_put(cache, &made[i],
		    (const uint8_t *)&i, sizeof(i), false));
	}
	for (size_t i = 0; i < UNIT_LENGTH(keys); i++) {
		uint8_t room[AUTH_CACHE_VALUE_MAX];
		size_t len;

		assert_int_equal(auth_cache_get(cache, &made[i], room, &len),
		    AUTH_CACHE_FRESH);
		assert_memory_equal(room, &i, sizeof(i));
	}
}

static void
test_long_keys(void **state)
{
	uint8_t part[AUTH_CACHE_KEY_MAX];
	struct auth_cache_key key;
	const uint8_t *got;
	size_t off = 0, len;

	(void)state;
	memset(part, 'x', sizeof(part));
	auth_cache_key_init(&key, 0, 0);
	auth_cache_key_add(&key, part, AUTH_CACHE_KEY_MAX - 4);
	assert_int_equal(key.len, AUTH_CACHE_KEY_MAX);
	assert_true(auth_cache_key_part(key.bytes, key.len, &off, &got, &len));
	assert_int_equal(len, AUTH_CACHE_KEY_MAX - 4);
	assert_false(auth_cache_key_part(key.bytes, key.len, &off, &got,
	    &len));
	assert_true(auth_cache_put(cache, &key, part, 10, true));
	auth_cache_key_init(&key, 0, 0);
	auth_cache_key_add(&key, part, AUTH_CACHE_KEY_MAX - 3);
	assert_int_equal(key.len, 0);
	/* Nothing makes it good again. */
	auth_cache_key_add(&key, "", 0);
	assert_int_equal(key.len, 0);
	assert_false(auth_cache_put(cache, &key, part, 10, true));
}

static enum auth_cache_memory
recall(const char *user, const char *hash, const char *pass)
{
	struct auth_cache_key key = key_of(user);

	return auth_cache_recall(cache, &key, hash, pass);
}

static void
remember(const char *user, const char *hash, const char *pass, bool is_right)
{
	struct auth_cache_key key = key_of(user);

	auth_cache_remember(cache, &key, hash, pass, is_right);
}

/* T-C7: for this hash and this user only. */
static void
test_passwords(void **state)
{
	(void)state;
	remember("joe", "{X}1", "pw", true);
	assert_int_equal(recall("joe", "{X}1", "pw"), AUTH_CACHE_UNKNOWN);
	put("joe", "row");
	put("jim", "row");
	remember("joe", "{X}1", "pw", true);
	assert_int_equal(recall("joe", "{X}1", "pw"), AUTH_CACHE_RIGHT);
	assert_int_equal(recall("joe", "{X}1", "px"), AUTH_CACHE_UNKNOWN);
	assert_int_equal(recall("joe", "{X}2", "pw"), AUTH_CACHE_UNKNOWN);
	assert_int_equal(recall("jim", "{X}1", "pw"), AUTH_CACHE_UNKNOWN);
	/* A wrong one does not take the right one's place. */
	remember("joe", "{X}1", "px", false);
	assert_int_equal(recall("joe", "{X}1", "px"), AUTH_CACHE_WRONG);
	assert_int_equal(recall("joe", "{X}1", "pw"), AUTH_CACHE_RIGHT);
	assert_int_equal(recall("joe", "{X}1", "py"), AUTH_CACHE_UNKNOWN);
	/* The row comes again: with the same hash all that stays. */
	put("joe", "row");
	assert_int_equal(recall("joe", "{X}1", "px"), AUTH_CACHE_WRONG);
	assert_int_equal(recall("joe", "{X}1", "pw"), AUTH_CACHE_RIGHT);
	assert_int_equal(recall("joe", "{X}2", "pw"), AUTH_CACHE_UNKNOWN);
	/* After a success a wrong one is asked about again. */
	remember("joe", "{X}1", "pw", true);
	assert_int_equal(recall("joe", "{X}1", "px"), AUTH_CACHE_UNKNOWN);
	remember("joe", "{X}1", "px", false);
	set_ms(now_ms + NEGATIVE_MS - 1);
	assert_int_equal(recall("joe", "{X}1", "px"), AUTH_CACHE_WRONG);
	set_ms(now_ms + 1);
	assert_int_equal(recall("joe", "{X}1", "px"), AUTH_CACHE_UNKNOWN);
	/* The new password replaces the old one. */
	remember("joe", "{X}1", "new", true);
	assert_int_equal(recall("joe", "{X}1", "pw"), AUTH_CACHE_UNKNOWN);
	assert_int_equal(recall("joe", "{X}1", "new"), AUTH_CACHE_RIGHT);
}

static void
test_negative_quarter(void **state)
{
	struct auth_cache_status s;
	char user[32];

	(void)state;
	for (unsigned int i = 0; i < 100; i++) {
		(void)snprintf(user, sizeof(user), "known%u", i);
		put(user, "row");
	}
	for (unsigned int i = 0; i < 10000; i++) {
		(void)snprintf(user, sizeof(user), "nobody%u", i);
		put(user, "");
	}
	s = status();
	assert_in_range(s.negative_entries, 100, 65536 / 4 / 64);
	assert_int_equal(s.entries - s.negative_entries, 100);
	assert_true(s.bytes <= s.bytes_max && s.bytes_max <= 65536);
	is("known0", AUTH_CACHE_FRESH, "row");
	is("nobody9999", AUTH_CACHE_FRESH, "");
	is("nobody0", AUTH_CACHE_MISS, NULL);
}

static void
test_room(void **state)
{
	char user[32];
	size_t kept = 0;

	(void)state;
	for (unsigned int i = 0; i < 10000; i++) {
		char found[AUTH_CACHE_VALUE_MAX + 1];

		(void)snprintf(user, sizeof(user), "user%u", i);
		put(user, "a row of some length that needs more than a chunk");
		assert_int_equal(get("user0", found), AUTH_CACHE_FRESH);
	}
	/* The one that is used stays, and so do the last ones. */
	for (unsigned int i = 10000; i-- > 0;) {
		char found[AUTH_CACHE_VALUE_MAX + 1];

		(void)snprintf(user, sizeof(user), "user%u", i);
		if (get(user, found) == AUTH_CACHE_FRESH)
			kept++;
		else
			assert_true(kept > 200 && i > 0);
	}
	assert_int_equal(kept, status().entries);
	assert_true(status().bytes_max - status().bytes < 4 * 64);
	assert_int_equal(auth_cache_flush(cache), kept);
	assert_int_equal(status().entries, 0);
	is("user0", AUTH_CACHE_MISS, NULL);
	put("user0", "row");
	is("user0", AUTH_CACHE_FRESH, "row");
}

/* The memory of the mission's configuration, and a provider's users. */
static void
test_many_users(void **state)
{
	struct auth_cache_status s;
	char user[64], row[80];

	(void)state;
	auth_cache_free(cache);
	cache_is(4u << 20);
	memset(row, 'r', sizeof(row) - 1);
	row[sizeof(row) - 1] = '\0';
	for (unsigned int i = 0; i < 200000; i++) {
		struct auth_cache_key key;

		(void)snprintf(user, sizeof(user), "user%06u@example.org", i);
		key = key_of(user);
		assert_true(auth_cache_put(cache, &key, (uint8_t *)row,
		    i % 10 == 0 ? 0 : 50, false));
	}
	s = status();
	assert_true(s.bytes <= s.bytes_max && s.bytes_max <= 4u << 20);
	assert_in_range(s.entries, 30000, 60000);
	assert_in_range(s.bytes / s.entries, 64, 140);
	assert_true(s.inserts == s.evictions + s.entries);
	assert_true(s.negative_entries * 64 <= s.bytes_max / 4);
	/* The last ones are there. */
	for (unsigned int i = 199999; i > 180000; i--) {
		(void)snprintf(user, sizeof(user), "user%06u@example.org", i);
		row[50] = '\0';
		is(user, AUTH_CACHE_FRESH, i % 10 == 0 ? "" : row);
	}
}

static bool
is_even(void *arg, const uint8_t *key, size_t len)
{
	++*(unsigned int *)arg;
	return (key[len - 1] - '0') % 2 == 0;
}

static void
test_flush_if(void **state)
{
	unsigned int nasked = 0;
	char user[32];

	(void)state;
	for (unsigned int i = 0; i < 20; i++) {
		(void)snprintf(user, sizeof(user), "u%u", i);
		put(user, i % 3 == 0 ? "" : "row");
	}
	assert_int_equal(auth_cache_flush_if(cache, is_even, &nasked), 10);
	assert_int_equal(nasked, 20);
	for (unsigned int i = 0; i < 20; i++) {
		(void)snprintf(user, sizeof(user), "u%u", i);
		is(user, i % 2 == 0 ? AUTH_CACHE_MISS : AUTH_CACHE_FRESH,
		    i % 3 == 0 ? "" : "row");
	}
}

/* Nothing of an entry is left in the memory that it had. */
static void
test_wiped(void **state)
{
	union cache_chunk *chunks;
	struct cache_slab slab;
	uint32_t first;
	uint8_t back[500];

	(void)state;
	chunks = calloc(20, sizeof(*chunks));
	assert_non_null(chunks);
	cache_slab_init(&slab, chunks, 20);
	first = cache_slab_take(&slab, sizeof(back));
	memset(back, 0x5a, sizeof(back));
	cache_slab_put(&slab, first, 0, back, sizeof(back));
	assert_true(cache_slab_is(&slab, first, back, sizeof(back)));
	assert_int_equal(cache_slab_give(&slab, first),
	    cache_slab_need(sizeof(back)));
	assert_int_equal(cache_slab_left(&slab), 19);
	for (size_t i = 0; i < 20 * sizeof(*chunks); i++)
		assert_int_not_equal(((uint8_t *)chunks)[i], 0x5a);
	free(chunks);
}

static void
test_small(void **state)
{
	(void)state;
	assert_null(auth_cache_new(&(struct auth_cache_config){ .bytes = 0 }));
	assert_null(auth_cache_new(&(struct auth_cache_config){
	    .bytes = AUTH_CACHE_BYTES_MIN - 1, .ttl_ms = 1 }));
	auth_cache_free(NULL);
	auth_cache_free(cache);
	cache_is(AUTH_CACHE_BYTES_MIN);
	assert_true(put("joe", "row"));
	for (unsigned int i = 0; i < 100; i++) {
		char value[AUTH_CACHE_VALUE_MAX + 1], user[32];

		(void)snprintf(user, sizeof(user), "user%u", i);
		memset(value, 'x', sizeof(value) - 1);
		value[sizeof(value) - 1] = '\0';
		assert_true(put(user, value));
		is(user, AUTH_CACHE_FRESH, value);
	}
	assert_true(status().evictions > 90);
}

static void
row_column(struct auth_worker_row *row, const char *name, const char *value)
{
	struct auth_worker_column *c = &row->columns[row->ncolumns++];

	(void)strlcpy(c->name, name, sizeof(c->name));
	c->is_null = value == NULL;
	c->value = (const uint8_t *)value;
	c->len = value == NULL ? 0 : strlen(value);
}

static void
test_rows(void **state)
{
	struct auth_worker_row row = { .found = AUTH_WORKER_ONE }, got;
	uint8_t bytes[512], few[512];
	size_t len;

	(void)state;
	row_column(&row, "password", NULL);
	row_column(&row, "Password", "x");
	row_column(&row, "host", "10.0.0.1");
	row_column(&row, "destuser", "");
	row_column(&row, "foo", NULL);
	row_column(&row, "bar", "value");
	row_column(&row, "userdb_gid", "7");
	len = cache_row_put(&row, bytes, sizeof(bytes));
	assert_int_not_equal(len, 0);
	assert_int_equal(cache_row_get(&got, bytes, len), 0);
	assert_int_equal(got.found, AUTH_WORKER_ONE);
	assert_int_equal(got.ncolumns, row.ncolumns);
	for (unsigned int i = 0; i < row.ncolumns; i++) {
		const struct auth_worker_column *a = &row.columns[i];
		const struct auth_worker_column *b = &got.columns[i];

		assert_string_equal(a->name, b->name);
		assert_int_equal(a->is_null, b->is_null);
		assert_int_equal(a->len, b->len);
		assert_memory_equal(b->value == NULL ? (const uint8_t *)"" :
		    b->value, a->value == NULL ? (const uint8_t *)"" :
		    a->value, a->len);
	}
	assert_true(cache_row_has_password(&row));
	row.columns[1].is_null = true;
	assert_false(cache_row_has_password(&row));
	/* Any other length is no row, or another one. */
	assert_int_equal(cache_row_put(&row, few, len / 2), 0);
	for (size_t i = 0; i < len; i++)
		if (cache_row_get(&got, bytes, i) == 0)
			assert_in_range(got.ncolumns, 0, row.ncolumns - 1);
	bytes[0] = 0xbf;
	assert_int_equal(cache_row_get(&got, bytes, 1), -1);
}

#define TEST(fn)	cmocka_unit_test_setup_teardown(fn, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_values),
		TEST(test_times),
		TEST(test_trust),
		TEST(test_keys),
		TEST(test_long_keys),
		TEST(test_passwords),
		TEST(test_negative_quarter),
		TEST(test_room),
		TEST(test_many_users),
		TEST(test_flush_if),
		TEST(test_wiped),
		TEST(test_small),
		TEST(test_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
