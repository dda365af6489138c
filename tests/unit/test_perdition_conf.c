/* perdition_conf: keys and values, quotes, popmaps; patterns for GLOB. */
#include "unit.h"

#include "config/arena.h"
#include "config/settings.h"
#include "ctl/convert_perdition_state.h"
#include "ctl/perdition_conf.h"

static struct arena *arena;
static struct settings_faults faults;

static int
setup(void **state)
{
	(void)state;
	arena = arena_new(4096);
	memset(&faults, 0, sizeof(faults));
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	settings_faults_clear(&faults);
	arena_free(arena);
	return 0;
}

static const struct perdition_line *
parse(const char *text)
{
	settings_faults_clear(&faults);
	return perdition_conf_parse("f", text, strlen(text), arena, &faults);
}

/* What perdition itself makes of these lines was looked at. */
static void
test_lines(void **state)
{
	static const struct {
		const char	*text, *key, *value;
	} cases[] = {
		{ "debug", "debug", "" },
		{ " \t l \t 110  # port\n", "l", "110" },
		{ "imap_capability IMAP4   IMAP4REV1  ", "imap_capability",
		    "IMAP4   IMAP4REV1" },
		{ "s \"a b\"\\\nc:110 , d", "s", "a bc:110 , d" },
		{ "ok_line a 'b # c' \"d \\\" e' f\" \\# g", "ok_line",
		    "a b # c d \" e' f # g" },
		{ "k 'a\\b' a\\b", "k", "a\\b ab" },
		{ "query_key \\\\u,\\\\D", "query_key", "\\u,\\D" },
		{ "\"a b\" c", "a b", "c" },
		{ "a\\ b c\\ ", "a b", "c " },
		{ "m \"\"", "m", "" },
		{ "# x \\\n y\nkey", "key", "" },
		{ "a b\r\n", "a", "b" },
	};
	const struct perdition_line *line;

	(void)state;
	for (size_t i = 0; i < UNIT_LENGTH(cases); i++) {
		line = parse(cases[i].text);
		if (line == NULL)
			fail_msg("%s: %s", cases[i].text, faults.n == 0 ?
			    "nothing" : faults.text[0]);
		assert_string_equal(line->key, cases[i].key);
		assert_string_equal(line->value, cases[i].value);
		assert_null(line->next);
	}
	assert_null(parse("\n# a\n \t\n"));
	assert_int_equal(faults.n, 0);
	line = parse("a\\\n b\n\nc");
	assert_int_equal(line->place.line, 1);
	assert_int_equal(line->next->place.line, 4);
}

static void
test_faults(void **state)
{
	char text[PERDITION_LINE_MAX + 8];

	(void)state;
	assert_null(parse("a\nb 'c\n"));
	assert_string_equal(faults.text[0], "f:2: a quote without its end");
	assert_null(parse("'' b"));
	assert_string_equal(faults.text[0], "f:1: a line without a key");
	settings_faults_clear(&faults);
	assert_null(perdition_conf_parse("f", "a\0b", 3, arena, &faults));
	assert_string_equal(faults.text[0], "f:1: a byte of zero");
	memset(text, 'x', sizeof(text));
	text[PERDITION_LINE_MAX] = '\0';
	assert_non_null(parse(text));
	text[PERDITION_LINE_MAX] = 'x';
	text[PERDITION_LINE_MAX + 1] = '\0';
	assert_null(parse(text));
	assert_string_equal(faults.text[0], "f:1: the line is too long");
}

static void
test_popmap(void **state)
{
	static const char text[] = "joe:h1:110\n\nx y: jane@h2\n# c:d";
	const struct perdition_line *line;

	(void)state;
	line = perdition_popmap_parse("m", text, sizeof(text) - 1, arena,
	    &faults);
	assert_string_equal(line->key, "joe");
	assert_string_equal(line->value, "h1:110");
	line = line->next;
	assert_string_equal(line->key, "x y");
	assert_string_equal(line->value, " jane@h2");
	assert_int_equal(line->place.line, 3);
	assert_string_equal(line->next->key, "# c");
	assert_null(line->next->next);
	assert_null(perdition_popmap_parse("m", "a:b\nc\n", 6, arena,
	    &faults));
	assert_string_equal(faults.text[0], "m:2: expected key:value");
}

static void
test_glob(void **state)
{
	static const struct {
		const char	*regex, *glob;	/* NULL: there is none */
		bool		 is_user_first;
	} cases[] = {
		{ "flim", "*flim*", false },
		{ "^flim$", "flim", false },
		{ "^[a-k]", "[a-k]*", false },
		{ "^[^a-k]", "[^a-k]*", false },
		{ "[]x]$", "*[]x]", false },
		{ "^(.*)@(.*)$", "*@*", false },
		{ "(.*)@ex\\.org$", "**@ex.org", true },
		{ "^([^@]+)@x", NULL, true },
		{ "^.*@a.b$", "*@a?b", false },
		{ "^.+$", "?*", false },
		{ "^a\\*\\[b\\?$", "a[*][[]b[?]", false },
		{ "^$", "", false },
		{ "a|b", NULL, false },
		{ "ab*", NULL, false },
		{ "a{2}", NULL, false },
		{ "[[:alpha:]]", NULL, false },
		{ "[a-c]+", NULL, false },
		{ "[a", NULL, false },
		{ "(ab)?", NULL, false },
		{ "()", NULL, false },
		{ "a\\", NULL, false },
		{ "\\w", NULL, false },
		{ "a^b", NULL, false },
		{ "a$b", NULL, false },
		{ "a.**", NULL, false },
	};
	struct convert c;

	(void)state;
	convert_init(&c, arena, &faults);
	for (size_t i = 0; i < UNIT_LENGTH(cases); i++) {
		bool is_user_first;
		const char *glob = perdition_glob(&c, cases[i].regex,
		    &is_user_first);

		if ((glob == NULL) != (cases[i].glob == NULL))
			fail_msg("%s: %s", cases[i].regex, glob == NULL ?
			    "refused" : glob);
		if (glob != NULL)
			assert_string_equal(glob, cases[i].glob);
		assert_int_equal(is_user_first, cases[i].is_user_first);
	}
	convert_clear(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_lines, setup, teardown),
		cmocka_unit_test_setup_teardown(test_faults, setup, teardown),
		cmocka_unit_test_setup_teardown(test_popmap, setup, teardown),
		cmocka_unit_test_setup_teardown(test_glob, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
