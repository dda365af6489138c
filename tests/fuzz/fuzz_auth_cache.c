/*
 * The cache of auth against a simple model: a large one must do just what the
 * model does, a small one may forget, but never say anything else.  Keys give
 * their parts back, so that no two lists of parts have one key.
 * Runs in: make check, fuzzing.
 * Hostile input: the whole input: the kind of cache, then operations.
 * Never: ships in a program.
 */
#include <stdbool.h>
#include <string.h>

#include "auth/auth_cache.h"
#include "check.h"
#include "fuzz.h"
#include "lib/clock.h"

#define USERS		48u
#define PASSES		4u
#define TTL_MS		5000u
#define NEGATIVE_MS	2000u
#define STALE_MS	8000u
/* Holds all of the model at its largest; and only a few of it. */
#define LARGE_BYTES	(1024u * 1024)
#define SMALL_BYTES	AUTH_CACHE_BYTES_MIN

struct model_entry {
	bool		is_there, is_distrusted, has_marks;
	uint64_t	born_ms;
	size_t		len;
	uint8_t		fill;
	int		right, wrong;		/* passwords, -1: none */
	uint64_t	wrong_ms;
};

struct input {
	const uint8_t	*data;
	size_t		 left;
};

struct run {
	struct auth_cache	*cache;
	struct model_entry	 model[USERS];
	bool			 is_large;
	uint64_t		 now_ms;
	struct input		 in;
	unsigned int		 user;
	struct auth_cache_key	 key;
};

static unsigned int
take(struct input *in)
{
	if (in->left == 0)
		return 0;
	in->left--;
	return *in->data++;
}

/* Parts as they stand in the input; and back. */
static void
fuzz_key(struct input in)
{
	struct auth_cache_key key;
	const uint8_t *parts[64], *part;
	size_t lens[64], n = 0, off = 0, len;

	auth_cache_key_init(&key, (uint8_t)take(&in), (uint8_t)take(&in));
	while (in.left > 0 && n < 64) {
		len = take(&in);
		if (len > in.left)
			len = in.left;
		parts[n] = in.data;
		lens[n++] = len;
		auth_cache_key_add(&key, in.data, len);
		in.data += len;
		in.left -= len;
	}
	if (key.len == 0)
		return;
	for (size_t i = 0; i < n; i++) {
		CHECK(auth_cache_key_part(key.bytes, key.len, &off, &part,
		    &len));
		CHECK(len == lens[i] && memcmp(part, parts[i], len) == 0);
	}
	CHECK(!auth_cache_key_part(key.bytes, key.len, &off, &part, &len));
	CHECK(off == key.len || n == 0);
}

/* Names of many lengths, for chains of many chunks. */
static void
make_key(struct run *r)
{
	char name[256];
	size_t len = 1 + r->user * 5 % 250;

	memset(name, 'x', len);
	name[0] = (char)('A' + r->user);
	auth_cache_key_init(&r->key, (uint8_t)(r->user % 3), 0);
	auth_cache_key_add(&r->key, name, len);
}

static enum auth_cache_age
model_age(const struct run *r, const struct model_entry *e)
{
	uint64_t age_ms = r->now_ms - e->born_ms;

	if (!e->is_there)
		return AUTH_CACHE_MISS;
	if (e->len == 0)
		return age_ms < NEGATIVE_MS ? AUTH_CACHE_FRESH :
		    AUTH_CACHE_MISS;
	if (age_ms < TTL_MS && !e->is_distrusted)
		return AUTH_CACHE_FRESH;
	return age_ms < TTL_MS + STALE_MS ? AUTH_CACHE_STALE :
	    AUTH_CACHE_MISS;
}

static void
check_value(const struct model_entry *e, const uint8_t *value, size_t len)
{
	CHECK(len == e->len);
	for (size_t i = 0; i < len; i++)
		CHECK(value[i] == (uint8_t)(e->fill + i));
}

static void
do_put(struct run *r, bool is_negative)
{
	struct model_entry *e = &r->model[r->user], old = *e;
	uint8_t value[AUTH_CACHE_VALUE_MAX + 256], room[AUTH_CACHE_VALUE_MAX];
	bool has_password = !is_negative && take(&r->in) % 2 == 0;
	size_t len = 0;

	memset(e, 0, sizeof(*e));
	e->right = e->wrong = -1;
	if (!is_negative) {
		len = 1 + take(&r->in) * 17;
		e->fill = (uint8_t)take(&r->in);
	}
	for (size_t i = 0; i < len; i++)
		value[i] = (uint8_t)(e->fill + i);
	e->is_there = auth_cache_put(r->cache, &r->key, value, len,
	    has_password);
	CHECK(e->is_there == (len <= AUTH_CACHE_VALUE_MAX));
	if (!e->is_there)
		return;
	e->len = len;
	e->born_ms = r->now_ms;
	e->has_marks = has_password;
	if (has_password && old.is_there && old.has_marks) {
		e->right = old.right;
		e->wrong = old.wrong;
		e->wrong_ms = old.wrong_ms;
	}
	/* However small it is, the newest is there. */
	CHECK(auth_cache_get(r->cache, &r->key, room, &len) ==
	    AUTH_CACHE_FRESH);
	check_value(e, room, len);
}

static void
do_get(struct run *r)
{
	struct model_entry *e = &r->model[r->user];
	uint8_t room[AUTH_CACHE_VALUE_MAX];
	enum auth_cache_age age, want = model_age(r, e);
	size_t len = 0;

	age = auth_cache_get(r->cache, &r->key, room, &len);
	CHECK(age == want || (!r->is_large && age == AUTH_CACHE_MISS));
	if (age == AUTH_CACHE_FRESH)
		check_value(e, room, len);
	if (age == AUTH_CACHE_MISS)
		e->is_there = false;
}

static void
do_get_stale(struct run *r)
{
	const struct model_entry *e = &r->model[r->user];
	uint8_t room[AUTH_CACHE_VALUE_MAX];
	bool is_there, is_wanted = model_age(r, e) != AUTH_CACHE_MISS;
	size_t len = 0;

	is_there = auth_cache_get_stale(r->cache, &r->key, room, &len);
	CHECK(is_there == is_wanted || (!r->is_large && !is_there));
	if (is_there)
		check_value(e, room, len);
}

static const char *
pass_of(unsigned int i)
{
	static const char *const passes[PASSES] = { "", "a", "b", "aa" };

	return passes[i % PASSES];
}

static void
do_remember(struct run *r)
{
	struct model_entry *e = &r->model[r->user];
	unsigned int pass = take(&r->in) % PASSES;
	bool is_right = take(&r->in) % 2 == 0;

	auth_cache_remember(r->cache, &r->key, "{X}h", pass_of(pass),
	    is_right);
	if (!e->is_there || !e->has_marks)
		return;
	if (is_right) {
		e->right = (int)pass;
		e->wrong = -1;
	} else {
		e->wrong = (int)pass;
		e->wrong_ms = r->now_ms;
	}
}

static void
do_recall(struct run *r)
{
	const struct model_entry *e = &r->model[r->user];
	enum auth_cache_memory got, want = AUTH_CACHE_UNKNOWN;
	unsigned int pass = take(&r->in) % PASSES;

	got = auth_cache_recall(r->cache, &r->key, "{X}h", pass_of(pass));
	if (!e->is_there || !e->has_marks)
		want = AUTH_CACHE_UNKNOWN;
	else if (e->right == (int)pass)
		want = AUTH_CACHE_RIGHT;
	else if (e->wrong == (int)pass &&
	    r->now_ms - e->wrong_ms < NEGATIVE_MS)
		want = AUTH_CACHE_WRONG;
	CHECK(got == want || (!r->is_large && got == AUTH_CACHE_UNKNOWN));
	CHECK(auth_cache_recall(r->cache, &r->key, "{X}i", pass_of(pass)) ==
	    AUTH_CACHE_UNKNOWN);
}

static bool
is_even(void *arg, const uint8_t *key, size_t len)
{
	(void)arg;
	CHECK(len > 4);
	return (key[4] - 'A') % 2 == 0;
}

static void
do_flush(struct run *r, bool is_all)
{
	size_t there = 0, n;

	for (unsigned int i = 0; i < USERS; i++)
		if (is_all || i % 2 == 0) {
			there += r->model[i].is_there;
			r->model[i].is_there = false;
		}
	n = is_all ? auth_cache_flush(r->cache) :
	    auth_cache_flush_if(r->cache, is_even, NULL);
	CHECK(r->is_large ? n == there : n <= there);
}

static void
do_status(const struct run *r)
{
	struct auth_cache_status s;
	size_t there = 0, nones = 0;

	for (unsigned int i = 0; i < USERS; i++) {
		there += r->model[i].is_there;
		nones += r->model[i].is_there && r->model[i].len == 0;
	}
	auth_cache_status(r->cache, &s);
	CHECK(s.bytes <= s.bytes_max);
	CHECK(s.bytes_max <= (r->is_large ? LARGE_BYTES : SMALL_BYTES));
	CHECK(r->is_large ? s.entries == there : s.entries <= there);
	CHECK(r->is_large ? s.negative_entries == nones :
	    s.negative_entries <= nones);
	CHECK(!r->is_large || s.evictions == 0);
}

static void
step(struct run *r, unsigned int op)
{
	switch (op % 12) {
	case 0:
	case 1:
	case 2:
		do_put(r, op % 12 == 2);
		break;
	case 3:
		auth_cache_drop(r->cache, auth_cache_mark(r->cache, &r->key));
		r->model[r->user].is_there = false;
		break;
	case 4:
		auth_cache_distrust(r->cache, auth_cache_mark(r->cache,
		    &r->key));
		r->model[r->user].is_distrusted = true;
		break;
	case 5:
		r->now_ms += take(&r->in) * 50;
		clock_set_for_test(r->now_ms);
		break;
	case 6:
		do_flush(r, take(&r->in) % 2 == 0);
		break;
	case 7:
		do_remember(r);
		break;
	case 8:
		do_recall(r);
		break;
	case 9:
		do_get_stale(r);
		break;
	default:
		do_get(r);
		break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes)
{
	struct run r = { .now_ms = 1000000, .in = { data, data_bytes } };

	fuzz_key(r.in);
	r.is_large = take(&r.in) % 2 == 0;
	clock_set_for_test(r.now_ms);
	r.cache = auth_cache_new(&(struct auth_cache_config){
	    .bytes = r.is_large ? LARGE_BYTES : SMALL_BYTES,
	    .ttl_ms = TTL_MS, .negative_ttl_ms = NEGATIVE_MS,
	    .stale_ttl_ms = STALE_MS });
	while (r.in.left > 0) {
		unsigned int op = take(&r.in);

		r.user = take(&r.in) % USERS;
		make_key(&r);
		step(&r, op);
		do_status(&r);
	}
	auth_cache_free(r.cache);
	return 0;
}
