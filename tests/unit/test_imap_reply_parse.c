/* imap_reply_parse: lines of mail hosts, good, odd and hostile (T-B3, B4). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "imap-login/imap_reply_parse.h"

#define K(x)	IMAP_REPLY_##x
#define S(x)	IMAP_STATUS_##x
#define C(x)	IMAP_CODE_##x

static const struct {
	const char		*line;
	enum imap_reply_kind	 kind;
	enum imap_status	 status;
	enum imap_code		 code;
	const char		*tag, *code_text, *text;
	bool			 ends_in_literal;
} rows[] = {
	{ "* OK ready", K(UNTAGGED), S(OK), C(NONE), "", "", "ready", false },
	{ "* OK", K(UNTAGGED), S(OK), C(NONE), "", "", "", false },
	{ "* ok x", K(UNTAGGED), S(OK), C(NONE), "", "", "x", false },
	{ "* OK [CAPABILITY IMAP4rev1 ID] hi", K(UNTAGGED), S(OK),
	    C(CAPABILITY), "", "CAPABILITY IMAP4rev1 ID", "hi", false },
	{ "* PREAUTH hi", K(UNTAGGED), S(PREAUTH), C(NONE), "", "", "hi",
	    false },
	{ "* BYE [UNAVAILABLE] no", K(UNTAGGED), S(BYE), C(UNAVAILABLE), "",
	    "UNAVAILABLE", "no", false },
	{ "* BAD what", K(UNTAGGED), S(BAD), C(NONE), "", "", "what", false },
	{ "* NO what", K(UNTAGGED), S(NO), C(NONE), "", "", "what", false },
	{ "* OKAY", K(UNTAGGED), S(OTHER), C(NONE), "", "", "", false },
	{ "* OK\tx", K(UNTAGGED), S(OTHER), C(NONE), "", "", "", false },
	{ "* CAPABILITY A B", K(UNTAGGED), S(CAPABILITY), C(NONE), "", "", "",
	    false },
	{ "* 3 EXISTS", K(UNTAGGED), S(OTHER), C(NONE), "", "", "", false },
	{ "* X {1000000000}", K(UNTAGGED), S(OTHER), C(NONE), "", "", "",
	    true },
	{ "* ID (\"name\" {4+}", K(UNTAGGED), S(OTHER), C(NONE), "", "", "",
	    true },
	{ "* OK {9}", K(UNTAGGED), S(OK), C(NONE), "", "", "{9}", true },
	{ "* OK {190}", K(UNTAGGED), S(OK), C(NONE), "", "", "{190}", true },
	{ "123}", K(INVALID), S(NONE), C(NONE), "123}", "", "", false },
	{ " OK x", K(INVALID), S(NONE), C(NONE), "", "", "", false },
	{ "!~ OK x", K(TAGGED), S(OK), C(NONE), "!~", "", "x", false },
	{ "* OK {}", K(UNTAGGED), S(OK), C(NONE), "", "", "{}", false },
	{ "* OK {+}", K(UNTAGGED), S(OK), C(NONE), "", "", "{+}", false },
	{ "* OK 3}", K(UNTAGGED), S(OK), C(NONE), "", "", "3}", false },
	{ "{3}", K(INVALID), S(NONE), C(NONE), "", "", "", true },
	{ "3}", K(INVALID), S(NONE), C(NONE), "3}", "", "", false },
	{ "}", K(INVALID), S(NONE), C(NONE), "}", "", "", false },
	{ "*", K(INVALID), S(NONE), C(NONE), "", "", "", false },
	{ "* ", K(INVALID), S(NONE), C(NONE), "", "", "", false },
	{ "*  OK", K(INVALID), S(NONE), C(NONE), "", "", "", false },
	{ "", K(INVALID), S(NONE), C(NONE), "", "", "", false },
	{ " * OK", K(INVALID), S(NONE), C(NONE), "", "", "", false },
	{ "+ go", K(CONTINUATION), S(NONE), C(NONE), "", "", "go", false },
	{ "+ ", K(CONTINUATION), S(NONE), C(NONE), "", "", "", false },
	{ "+", K(CONTINUATION), S(NONE), C(NONE), "", "", "", false },
	{ "+OK", K(INVALID), S(NONE), C(NONE), "", "", "", false },
	{ "a1 OK done", K(TAGGED), S(OK), C(NONE), "a1", "", "done", false },
	{ "a1 OK", K(TAGGED), S(OK), C(NONE), "a1", "", "", false },
	{ "a1 ok done", K(TAGGED), S(OK), C(NONE), "a1", "", "done", false },
	{ "a1 OKAY", K(INVALID), S(NONE), C(NONE), "a1", "", "", false },
	{ "a1 BYE x", K(INVALID), S(NONE), C(NONE), "a1", "", "", false },
	{ "a1", K(INVALID), S(NONE), C(NONE), "a1", "", "", false },
	{ "a1  OK", K(INVALID), S(NONE), C(NONE), "a1", "", "", false },
	{ "a\"1 OK", K(INVALID), S(NONE), C(NONE), "", "", "", false },
	{ "a\x80 OK", K(INVALID), S(NONE), C(NONE), "", "", "", false },
	{ "a\r OK", K(INVALID), S(NONE), C(NONE), "", "", "", false },
	{ "a1 NO [AUTHENTICATIONFAILED] no", K(TAGGED), S(NO),
	    C(AUTHENTICATIONFAILED), "a1", "AUTHENTICATIONFAILED", "no",
	    false },
	{ "a1 NO [unavailable]", K(TAGGED), S(NO), C(UNAVAILABLE), "a1",
	    "unavailable", "", false },
	{ "a1 NO [UNAVAILABLE]x", K(TAGGED), S(NO), C(UNAVAILABLE), "a1",
	    "UNAVAILABLE", "x", false },
	{ "a1 NO [UNAVAILABLEX] x", K(TAGGED), S(NO), C(OTHER), "a1",
	    "UNAVAILABLEX", "x", false },
	{ "a1 NO [ UNAVAILABLE] x", K(TAGGED), S(NO), C(OTHER), "a1",
	    " UNAVAILABLE", "x", false },
	{ "a1 NO [REFERRAL imap://h/] x", K(TAGGED), S(NO), C(REFERRAL), "a1",
	    "REFERRAL imap://h/", "x", false },
	{ "a1 NO [UNAVAILABLE x", K(TAGGED), S(NO), C(NONE), "a1", "",
	    "[UNAVAILABLE x", false },
	{ "a1 NO [] x", K(TAGGED), S(NO), C(NONE), "a1", "", "[] x", false },
	{ "a1 NO [", K(TAGGED), S(NO), C(NONE), "a1", "", "[", false },
	{ "a1 BAD [CLIENTBUG] x", K(TAGGED), S(BAD), C(CLIENTBUG), "a1",
	    "CLIENTBUG", "x", false },
};

static void
assert_span(struct imap_span span, const char *want, const char *line)
{
	if (span.len != strlen(want) ||
	    (span.len > 0 && memcmp(span.text, want, span.len) != 0))
		fail_msg("\"%s\": \"%.*s\" instead of \"%s\"", line,
		    (int)span.len, span.text, want);
}

static void
takes_lines_apart(void **state)
{
	struct imap_reply r;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *line = rows[i].line;
		size_t n = strlen(line);
		/* Exactly as large, so that ASan sees each overrun. */
		char *copy = malloc(n == 0 ? 1 : n);

		memcpy(copy, line, n);
		imap_reply_parse(&r, copy, n);
		if (r.kind != rows[i].kind || r.status != rows[i].status ||
		    r.code != rows[i].code ||
		    r.ends_in_literal != rows[i].ends_in_literal)
			fail_msg("\"%s\": kind %d status %d code %d", line,
			    r.kind, r.status, r.code);
		assert_span(r.tag, rows[i].tag, line);
		assert_span(r.code_text, rows[i].code_text, line);
		assert_span(r.text, rows[i].text, line);
		free(copy);
	}
	imap_reply_parse(&r, "* OK a\0b", 8);
	assert_int_equal(r.kind, IMAP_REPLY_INVALID);
}

static void
compares_tags(void **state)
{
	struct imap_reply r;

	(void)state;
	imap_reply_parse(&r, "Ab12 OK x", 9);
	assert_true(imap_reply_has_tag(&r, "Ab12"));
	assert_false(imap_reply_has_tag(&r, "ab12"));
	assert_false(imap_reply_has_tag(&r, "Ab1"));
	assert_false(imap_reply_has_tag(&r, "Ab123"));
	imap_reply_parse(&r, "* OK x", 6);
	assert_false(imap_reply_has_tag(&r, "*"));
	imap_reply_parse(&r, "Ab12 OKAY", 9);
	assert_false(imap_reply_has_tag(&r, "Ab12"));
}

static void
reads_capabilities(void **state)
{
	static const char line[] = "* CAPABILITY IMAP4rev1  LITERAL+ sasl-ir "
	    "AUTH=PLAIN X\x07Y Z]Q LITERALS !~";
	struct imap_reply r;
	struct imap_span word;

	(void)state;
	imap_reply_parse(&r, line, sizeof(line) - 1);
	assert_true(imap_capability_has(r.capabilities, "IMAP4REV1"));
	assert_true(imap_capability_has(r.capabilities, "LITERAL+"));
	assert_true(imap_capability_has(r.capabilities, "SASL-IR"));
	assert_true(imap_capability_has(r.capabilities, "LITERALS"));
	assert_false(imap_capability_has(r.capabilities, "LITERAL"));
	assert_false(imap_capability_has(r.capabilities, "AUTH=PLAI"));
	assert_false(imap_capability_has(r.capabilities, "CAPABILITY"));
	assert_false(imap_capability_has(r.capabilities, "X\x07Y"));
	assert_false(imap_capability_has(r.capabilities, "Z]Q"));
	assert_false(imap_capability_has(r.capabilities, ""));
	for (int i = 0; imap_capability_next(&r.capabilities, &word); i++)
		assert_span(word, (const char *[]){ "IMAP4rev1", "LITERAL+",
		    "sasl-ir", "AUTH=PLAIN", "LITERALS", "!~" }[i], line);
	imap_reply_parse(&r, "a OK [CAPABILITY A STARTTLS] x", 30);
	assert_true(imap_capability_has(r.capabilities, "STARTTLS"));
	assert_false(imap_capability_has(r.capabilities, "x"));
	imap_reply_parse(&r, "a OK [ALERT A] x", 16);
	assert_false(imap_capability_has(r.capabilities, "A"));
}

static void
names_codes(void **state)
{
	char line[64] = "* NO [";
	struct imap_reply r;

	(void)state;
	for (int i = IMAP_CODE_OTHER + 1; i <= IMAP_CODE_LAST; i++) {
		const char *name = imap_code_name((enum imap_code)i);
		size_t n = strlen(name);

		memcpy(line + 6, name, n);
		memcpy(line + 6 + n, "] x", 4);
		imap_reply_parse(&r, line, strlen(line));
		assert_int_equal(r.code, i);
	}
	assert_string_equal(imap_code_name(IMAP_CODE_NONE), "");
	assert_string_equal(imap_code_name(IMAP_CODE_OTHER), "");
	assert_true(imap_code_is_kept(IMAP_CODE_UNAVAILABLE));
	assert_true(imap_code_is_kept(IMAP_CODE_LIMIT));
	assert_false(imap_code_is_kept(IMAP_CODE_NONE));
	assert_false(imap_code_is_kept(IMAP_CODE_OTHER));
	assert_false(imap_code_is_kept(IMAP_CODE_ALERT));
	assert_false(imap_code_is_kept(IMAP_CODE_REFERRAL));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_lines_apart),
		cmocka_unit_test(compares_tags),
		cmocka_unit_test(reads_capabilities),
		cmocka_unit_test(names_codes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
