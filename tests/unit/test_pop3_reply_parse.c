/* pop3_reply_parse: lines of mail hosts, good, odd and hostile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "pop3-login/pop3_reply_parse.h"

#define K(x)	POP3_REPLY_##x
#define C(x)	POP3_CODE_##x

static const struct {
	const char		*line;
	enum pop3_reply_kind	 kind;
	enum pop3_code		 code;
	const char		*code_text, *text;
} rows[] = {
	{ "+OK ready", K(OK), C(NONE), "", "ready" },
	{ "+OK", K(OK), C(NONE), "", "" },
	{ "+OK ", K(OK), C(NONE), "", "" },
	{ "+OK  x", K(OK), C(NONE), "", " x" },
	{ "+OKAY", K(INVALID), C(NONE), "", "" },
	{ "+ok ready", K(INVALID), C(NONE), "", "" },
	{ " +OK", K(INVALID), C(NONE), "", "" },
	{ "+OK\tx", K(INVALID), C(NONE), "", "" },
	{ "OK", K(INVALID), C(NONE), "", "" },
	{ "", K(INVALID), C(NONE), "", "" },
	{ "-ERR no", K(ERR), C(NONE), "", "no" },
	{ "-ERR", K(ERR), C(NONE), "", "" },
	{ "-ERROR", K(INVALID), C(NONE), "", "" },
	{ "-err no", K(INVALID), C(NONE), "", "" },
	{ "-", K(INVALID), C(NONE), "", "" },
	{ "-ERR [AUTH] no", K(ERR), C(AUTH), "AUTH", "no" },
	{ "-ERR [auth] no", K(ERR), C(AUTH), "auth", "no" },
	{ "-ERR [SYS/TEMP] no", K(ERR), C(SYS_TEMP), "SYS/TEMP", "no" },
	{ "-ERR [SYS/PERM]", K(ERR), C(SYS_PERM), "SYS/PERM", "" },
	{ "-ERR [IN-USE]x", K(ERR), C(IN_USE), "IN-USE", "x" },
	{ "-ERR [LOGIN-DELAY] x", K(ERR), C(LOGIN_DELAY), "LOGIN-DELAY", "x" },
	{ "-ERR [SYS/TEMPX] x", K(ERR), C(OTHER), "SYS/TEMPX", "x" },
	{ "-ERR [SYS/TEMP x", K(ERR), C(NONE), "", "[SYS/TEMP x" },
	{ "-ERR [] x", K(ERR), C(NONE), "", "[] x" },
	{ "-ERR [", K(ERR), C(NONE), "", "[" },
	{ "+ ", K(CONTINUATION), C(NONE), "", "" },
	{ "+", K(CONTINUATION), C(NONE), "", "" },
	{ "+ VXNlcm5hbWU6", K(CONTINUATION), C(NONE), "", "VXNlcm5hbWU6" },
	{ "+ [AUTH]", K(CONTINUATION), C(NONE), "", "[AUTH]" },
	{ "+VXNl", K(INVALID), C(NONE), "", "" },
};

static void
assert_span(struct pop3_span span, const char *want, const char *line)
{
	if (span.len != strlen(want) ||
	    (span.len > 0 && memcmp(span.text, want, span.len) != 0))
		fail_msg("\"%s\": \"%.*s\" instead of \"%s\"", line,
		    (int)span.len, span.text, want);
}

static void
takes_lines_apart(void **state)
{
	struct pop3_reply r;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *line = rows[i].line;
		size_t n = strlen(line);
		/* Exactly as large, so that ASan sees each overrun. */
		char *copy = malloc(n == 0 ? 1 : n);

		memcpy(copy, line, n);
		pop3_reply_parse(&r, copy, n);
		if (r.kind != rows[i].kind || r.code != rows[i].code)
			fail_msg("\"%s\": kind %d code %d", line, r.kind,
			    r.code);
		assert_span(r.code_text, rows[i].code_text, line);
		assert_span(r.text, rows[i].text, line);
		free(copy);
	}
	pop3_reply_parse(&r, "+OK a\0b", 7);
	assert_int_equal(r.kind, POP3_REPLY_INVALID);
}

static void
names_codes(void **state)
{
	(void)state;
	assert_string_equal(pop3_code_name(POP3_CODE_SYS_TEMP), "SYS/TEMP");
	assert_string_equal(pop3_code_name(POP3_CODE_NONE), "");
	assert_true(pop3_code_is_kept(POP3_CODE_IN_USE));
	assert_false(pop3_code_is_kept(POP3_CODE_NONE));
	assert_false(pop3_code_is_kept(POP3_CODE_OTHER));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_lines_apart),
		cmocka_unit_test(names_codes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
