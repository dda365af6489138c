/* login_auth_forward: pairs at their limits, and what no pair may hold. */
#include "unit.h"

#include "ipc/login_auth_forward.h"
#include "lib/wire.h"

#define SPAN(literal)	literal, sizeof(literal) - 1

static struct login_auth_forward f;

static int
set(const char *name, const char *value)
{
	return login_auth_forward_set(&f, name, strlen(name), value,
	    strlen(value));
}

/* All pairs as "name=value;". */
static const char *
all(void)
{
	static char text[2 * LOGIN_AUTH_FORWARD_MAX];
	const char *name, *value;
	size_t pos = 0, nlen, n = 0;

	text[0] = '\0';
	while (login_auth_forward_next(&f, &pos, &name, &nlen, &value))
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%.*s=%s;",
		    (int)nlen, name, value);
	return text;
}

static void
test_set(void **state)
{
	(void)state;
	memset(&f, 0, sizeof(f));
	assert_string_equal(all(), "");
	assert_int_equal(set("one", "1"), 0);
	assert_int_equal(set("Two", "a=b;c \"d\""), 0);
	assert_int_equal(set("three", ""), 0);
	assert_string_equal(all(), "one=1;two=a=b;c \"d\";three=;");
	/* A name has one value, the last. */
	assert_int_equal(set("ONE", "eins"), 0);
	assert_string_equal(all(), "two=a=b;c \"d\";three=;one=eins;");
	assert_int_equal(set("three", "3"), 0);
	assert_string_equal(all(), "two=a=b;c \"d\";one=eins;three=3;");
}

static void
test_refused(void **state)
{
	static const struct {
		const char	*name;
		size_t		 nlen;
		const char	*value;
		size_t		 vlen;
	} rows[] = {
		{ SPAN(""), SPAN("v") },
		{ SPAN("a b"), SPAN("v") },
		{ SPAN("a="), SPAN("v") },
		{ SPAN("a\""), SPAN("v") },
		{ SPAN("a\r\n"), SPAN("v") },
		{ SPAN("a\0b"), SPAN("v") },
		{ SPAN("\xc3\xa4"), SPAN("v") },
		{ SPAN("a23456789012345678901"), SPAN("v") },
		{ SPAN("a"), SPAN("v\r\nw") },
		{ SPAN("a"), SPAN("v\tw") },
		{ SPAN("a"), SPAN("v\0w") },
		{ SPAN("a"), SPAN("\x7f") },
		{ SPAN("a"), SPAN("\xff") },
	};

	(void)state;
	memset(&f, 0, sizeof(f));
	assert_int_equal(set("a", "old"), 0);
	for (size_t i = 0; i < UNIT_LENGTH(rows); i++) {
		assert_int_equal(login_auth_forward_set(&f, rows[i].name,
		    rows[i].nlen, rows[i].value, rows[i].vlen), -1);
		assert_string_equal(all(), "a=old;");
	}
	assert_int_equal(set("a2345678901234567890", "\xc3\xa4"), 0);
}

static void
test_limits(void **state)
{
	char value[LOGIN_AUTH_FORWARD_MAX], name[8];

	(void)state;
	memset(&f, 0, sizeof(f));
	for (unsigned int i = 0; i < LOGIN_AUTH_FORWARD_PAIRS_MAX; i++) {
		(void)snprintf(name, sizeof(name), "n%u", i);
		assert_int_equal(set(name, "v"), 0);
	}
	assert_int_equal(set("more", "v"), -1);
	assert_int_equal(set("n3", "w"), 0);
	assert_non_null(strstr(all(), "n3=w;"));

	memset(&f, 0, sizeof(f));
	assert_int_equal(set("n", "old"), 0);
	memset(value, 'v', sizeof(value));
	assert_int_equal(login_auth_forward_set(&f, "n", 1, value,
	    LOGIN_AUTH_FORWARD_MAX - 2), -1);
	assert_string_equal(all(), "n=old;");
	assert_int_equal(login_auth_forward_set(&f, "n", 1, value, SIZE_MAX),
	    -1);
	assert_int_equal(login_auth_forward_set(&f, "n", 1, value,
	    LOGIN_AUTH_FORWARD_MAX - 3), 0);
	assert_int_equal(f.len, LOGIN_AUTH_FORWARD_MAX);
	assert_int_equal(set("m", ""), -1);
}

static int
get(const char *bytes, size_t len)
{
	uint8_t body[64];
	struct wire_writer w;
	struct wire_reader r;

	wire_writer_init(&w, body, sizeof(body));
	wire_put_bytes(&w, bytes, len);
	wire_reader_init(&r, body, w.len);
	login_auth_forward_get(&r, &f);
	return wire_end(&r);
}

/* Only what set() would have made comes off the wire. */
static void
test_get(void **state)
{
	(void)state;
	assert_int_equal(get(SPAN("")), 0);
	assert_int_equal(get(SPAN("n=v\0m=\0")), 0);
	assert_string_equal(all(), "n=v;m=;");
	assert_int_equal(get(SPAN("n=v")), -1);
	assert_int_equal(get(SPAN("n\0")), -1);
	assert_int_equal(get(SPAN("n\0m=v\0")), -1);
	assert_int_equal(get(SPAN("\0")), -1);
	assert_int_equal(get(SPAN("=v\0")), -1);
	assert_int_equal(get(SPAN("N=v\0")), -1);
	assert_int_equal(get(SPAN("n=v\0n=w\0")), -1);
	assert_int_equal(get(SPAN("n=a\nb\0")), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_get),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
