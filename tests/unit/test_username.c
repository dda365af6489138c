/* username: what becomes of the name that a client gave. */
#include "unit.h"

#include "auth/username.h"
#include "config/settings.h"

#define SEED_CHARS \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ01234567890.-_@"

struct name_case {
	const char		*realm, *map, *chars, *format;
	const char		*name;
	const char		*want;		/* NULL: refused */
	enum username_verdict	 verdict;
};

static const struct name_case cases[] = {
	{ "", "", SEED_CHARS, "", "joe", "joe", 0 },
	{ "", "", SEED_CHARS, "", "Joe@Domain.net", "Joe@Domain.net", 0 },
	{ "", "", SEED_CHARS, "", "", NULL, USERNAME_EMPTY },
	{ "", "", SEED_CHARS, "", "jo e", NULL, USERNAME_CHARS },
	{ "", "", SEED_CHARS, "", "joe%u", NULL, USERNAME_CHARS },
	{ "", "", SEED_CHARS, "", "x' OR '1'='1", NULL, USERNAME_CHARS },
	{ "", "", "", "", "x' OR '1'='1", "x' OR '1'='1", 0 },
	{ "", "", "", "", "j\xc3\xb6", "j\xc3\xb6", 0 },
	{ "", "", SEED_CHARS, "", "j\xc3\xb6", NULL, USERNAME_CHARS },
	/* T-A7 */
	{ "", "", "", "", "\xc3\x28", NULL, USERNAME_NOT_UTF8 },
	{ "", "", "", "", "\xff\xfe", NULL, USERNAME_NOT_UTF8 },
	{ "", "", "", "", "\xed\xa0\x80", NULL, USERNAME_NOT_UTF8 },
	{ "", "", "", "", "joe\r\nDELE 1", NULL, USERNAME_CONTROL },
	{ "", "", "", "", "joe\t", NULL, USERNAME_CONTROL },
	{ "", "", "", "", "joe\x7f", NULL, USERNAME_CONTROL },
	{ "", "", "", "", "\x01", NULL, USERNAME_CONTROL },
	/* realm */
	{ "d.org", "", SEED_CHARS, "", "joe", "joe@d.org", 0 },
	{ "d.org", "", SEED_CHARS, "", "joe@x", "joe@x", 0 },
	/* translation: pairs, after the realm, before the check */
	{ "", "#@/@", SEED_CHARS, "", "joe#d", "joe@d", 0 },
	{ "", "#@/@", SEED_CHARS, "", "joe/d", "joe@d", 0 },
	{ "r", "#@", SEED_CHARS, "", "joe#d", "joe@d@r", 0 },
	{ "", "ab", "b@", "", "aa", "bb", 0 },
	/* format; what comes out of a variable is not looked at again */
	{ "", "", "", "%Lu", "JOE@D.Org", "joe@d.org", 0 },
	{ "", "", "", "%Ln@%Ud", "JOE@d.org", "joe@D.ORG", 0 },
	{ "", "", "", "%n", "joe@d", "joe", 0 },
	{ "", "", "", "%u", "%d%%n", "%d%%n", 0 },
	{ "", "", "", "%d", "joe", NULL, USERNAME_EMPTY },
	{ "dom", "", "", "%n@x.%d", "joe", "joe@x.dom", 0 },
	/* a map of bytes must not make broken UTF-8 */
	{ "", "\xc3""a", "", "", "j\xc3\xb6", NULL, USERNAME_NOT_UTF8 },
};

static void
init(struct username_rules *r, struct settings *s, const struct name_case *c)
{
	memset(s, 0, sizeof(*s));
	s->auth_default_realm = (char *)(uintptr_t)c->realm;
	s->auth_username_translation = (char *)(uintptr_t)c->map;
	s->auth_username_chars = (char *)(uintptr_t)c->chars;
	s->auth_username_format = (char *)(uintptr_t)c->format;
	username_rules_init(r, s);
}

static void
test_table(void **state)
{
	struct username_rules r;
	struct settings s;
	char got[LOGIN_AUTH_USER_MAX + 1];

	(void)state;
	for (size_t i = 0; i < UNIT_LENGTH(cases); i++) {
		const struct name_case *c = &cases[i];
		enum username_verdict v;

		init(&r, &s, c);
		v = username_apply(&r, "imap", c->name, strlen(c->name), got);
		if (v != c->verdict)
			fail_msg("case %zu: %s", i, username_verdict_text(v));
		assert_string_equal(got, c->want == NULL ? "" : c->want);
	}
}

static void
test_nul_is_refused(void **state)
{
	static const struct name_case open = { "", "", "", "", "", "", 0 };
	struct username_rules r;
	struct settings s;
	char got[LOGIN_AUTH_USER_MAX + 1];

	(void)state;
	init(&r, &s, &open);
	assert_int_equal(username_apply(&r, "imap", "joe\0x", 5, got),
	    USERNAME_CONTROL);
}

/* T-A1: 255 bytes are a name, 256 are none, nor may rules make them. */
static void
test_lengths(void **state)
{
	static const struct name_case open = { "", "", "", "", "", "", 0 };
	static const struct name_case realm = { "r", "", "", "", "", "", 0 };
	static const struct name_case doubled = { "", "", "", "%u%u", "", "",
	    0 };
	struct username_rules r;
	struct settings s;
	char name[300], got[LOGIN_AUTH_USER_MAX + 1];

	(void)state;
	memset(name, 'a', sizeof(name));
	init(&r, &s, &open);
	assert_int_equal(username_apply(&r, "imap", name, 255, got),
	    USERNAME_OK);
	assert_int_equal(strlen(got), 255);
	assert_int_equal(username_apply(&r, "imap", name, 256, got),
	    USERNAME_LONG);
	assert_string_equal(got, "");
	init(&r, &s, &realm);
	assert_int_equal(username_apply(&r, "imap", name, 253, got),
	    USERNAME_OK);
	assert_int_equal(username_apply(&r, "imap", name, 254, got),
	    USERNAME_LONG);
	init(&r, &s, &doubled);
	assert_int_equal(username_apply(&r, "imap", name, 127, got),
	    USERNAME_OK);
	assert_int_equal(username_apply(&r, "imap", name, 128, got),
	    USERNAME_LONG);
	assert_string_equal(got, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_nul_is_refused),
		cmocka_unit_test(test_lengths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
