/* imap_capability: what a list for clients is made of. */
#include "unit.h"

#include "imap-login/imap_capability.h"

static struct imap_span
span(const char *text)
{
	return (struct imap_span){ text, strlen(text) };
}

static void
test_words(void **state)
{
	static const struct {
		const char	*list, *words, *want;
	} rows[] = {
		{ "", "", "" },
		{ "", "IMAP4rev1", "IMAP4rev1" },
		{ "IMAP4rev1", "X-A  X-B", "IMAP4rev1 X-A X-B" },
		{ "IMAP4rev1 IDLE", "idle IDLE Idle2 IDL",
		    "IMAP4rev1 IDLE Idle2 IDL" },
		{ "A", "STARTTLS LOGINDISABLED AUTH=PLAIN auth= starttls B "
		    "UNAUTHENTICATE", "A B" },
		/* Words that only begin, or end, in the same way. */
		{ "", "STARTTLS2 XLOGINDISABLED XAUTH=A AUTH UNAUTHENTICATED",
		    "STARTTLS2 XLOGINDISABLED XAUTH=A AUTH UNAUTHENTICATED" },
		{ "", "A] B\x07 \xc3\xb6 C", "C" },
	};
	char list[100];

	(void)state;
	for (size_t i = 0; i < UNIT_LENGTH(rows); i++) {
		(void)snprintf(list, sizeof(list), "%s", rows[i].list);
		imap_capability_add(list, sizeof(list), span(rows[i].words));
		assert_string_equal(list, rows[i].want);
		imap_capability_set(list, sizeof(list), span("B"));
		assert_string_equal(list, "B");
	}
}

/* A list that is full has whole words. */
static void
test_room(void **state)
{
	char list[7];

	(void)state;
	imap_capability_set(list, sizeof(list), span("ABC DEF"));
	assert_string_equal(list, "ABC");
	imap_capability_set(list, sizeof(list), span("ABC DE"));
	assert_string_equal(list, "ABC DE");
	imap_capability_set(list, sizeof(list), span("ABCDEFGH"));
	assert_string_equal(list, "");
	imap_capability_set(list, sizeof(list), span(""));
	assert_string_equal(list, "");
}

static void
test_has_all(void **state)
{
	(void)state;
	assert_true(imap_capability_has_all(span(""), ""));
	assert_true(imap_capability_has_all(span("A b IDLE"), "idle B"));
	assert_false(imap_capability_has_all(span("A B IDLE2"), "A IDLE"));
	assert_false(imap_capability_has_all(span(""), "A"));
	/* What depends on the connection is another one's there. */
	assert_true(imap_capability_has_all(span("A"),
	    "A STARTTLS LOGINDISABLED AUTH=PLAIN"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_has_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
