/* pop3_parse: T-P2, T-P4, T-P11, T-P12, T-P16, in every way to split them. */
#include "story.h"

#include "pop3-login/pop3_parse.h"

/*
 * A story tells what the parser said: C verb|arg; for a command ("<" and ">"
 * for blanks at its edges), B; T; and F; for the rest, "~" if bytes are left.
 */

static void
tell_command(struct story *s, const struct pop3_command *cmd, const char *buf)
{
	tell(s, "C %.*s", (int)cmd->verb_len, buf + cmd->verb_off);
	if (cmd->has_arg) {
		tell(s, "|");
		if (cmd->arg_len > 300)
			tell(s, "#%u", cmd->arg_len);
		else
			tell(s, "%.*s", (int)cmd->arg_len, buf + cmd->arg_off);
	}
	if (cmd->has_leading_blank)
		tell(s, "<");
	if (cmd->has_trailing_blank)
		tell(s, ">");
	tell(s, ";");
}

static bool
tell_result(struct story *s, enum pop3_parse_result result,
    const struct pop3_command *cmd, const char *buf)
{
	assert_true(pop3_error_text(cmd->error)[0] != '\0');
	assert_int_equal(cmd->error == POP3_ERROR_NONE,
	    result == POP3_PARSE_COMMAND);
	switch (result) {
	case POP3_PARSE_COMMAND:
		tell_command(s, cmd, buf);
		return true;
	case POP3_PARSE_BAD:
		tell(s, "B;");
		return true;
	case POP3_PARSE_TOO_LONG:
		tell(s, "T;");
		return false;
	case POP3_PARSE_FATAL:
		tell(s, "F;");
		return false;
	case POP3_PARSE_MORE:
	default:
		fail();
		return false;
	}
}

static void
run(struct story *s, const char *in, size_t len, size_t first, size_t step)
{
	struct pop3_parser p;
	struct pop3_command cmd;
	size_t start = 0, have = first < len ? first : len, used;
	enum pop3_parse_result result;
	bool is_on = true;

	s->len = 0;
	s->text[0] = '\0';
	pop3_parser_init(&p);
	while (is_on) {
		size_t n = have - start;
		/* Exactly as large, so that ASan sees each overrun. */
		char *buf = malloc(n == 0 ? 1 : n);

		memcpy(buf, in + start, n);
		result = pop3_parse(&p, buf, n, &cmd, &used);
		if (result == POP3_PARSE_MORE) {
			assert_true(n < POP3_COMMAND_MAX);
			is_on = have < len;
			have = have + step < len ? have + step : len;
			if (!is_on && n > 0)
				tell(s, "~");
		} else {
			is_on = tell_result(s, result, &cmd, buf);
			start += used;
		}
		free(buf);
	}
}

static void
check(const char *in, size_t len, const char *want)
{
	story_check(run, in, len, want);
}

static void
gives_the_verdicts(void **state)
{
	static const struct {
		const char	*in;
		size_t		 len;
		const char	*want;
	} rows[] = {
		{ BYTES("QUIT\r\n"), "C QUIT;" },
		{ BYTES("capa\nTOP 1\r\n"), "C capa;C TOP|1;" },
		{ BYTES("AZaz\r\n"), "C AZaz;" },
		{ BYTES("CAPA extra\r\n"), "C CAPA|extra;" },
		{ BYTES("USER joe\r\nPASS pw\r\n"), "C USER|joe;C PASS|pw;" },
		{ BYTES("USER joe \r\n"), "C USER|joe >;" },
		{ BYTES("USER  joe\r\n"), "C USER| joe<;" },
		{ BYTES("PASS  a  b  \r\n"), "C PASS| a  b  <>;" },
		{ BYTES("PASS  \r\n"), "C PASS| <>;" },
		{ BYTES("PASS \r\n"), "C PASS|;" },
		{ BYTES("PASS\r\n"), "C PASS;" },
		{ BYTES("PASS p\xc3\xa4\tx\r\n"), "C PASS|p\xc3\xa4\tx;" },
		{ BYTES("AUTH\r\n"), "C AUTH;" },
		{ BYTES("AUTH \r\n"), "C AUTH|;" },
		{ BYTES("AUTH PLAIN =\r\n"), "C AUTH|PLAIN =;" },
		{ BYTES("\r\nQUIT\r\n"), "B;C QUIT;" },
		{ BYTES(" QUIT\r\n"), "B;" },
		{ BYTES("QU\r\nNOOP\r\n"), "B;C NOOP;" },
		{ BYTES("QUITS\r\n"), "B;" },
		{ BYTES("QUITQUITQUIT\r\nNOOP\r\n"), "B;C NOOP;" },
		{ BYTES("QUIT\tx\r\n"), "B;" },
		{ BYTES("QU1T\r\n"), "B;" },
		{ BYTES("QU\xc3T\r\n"), "B;" },
		{ BYTES("QUIT\r\r\nNOOP\r\n"), "B;C NOOP;" },
		{ BYTES("QUIT\rNOOP\r"), "~" },
		{ BYTES("PASS a\rb\r\nNOOP\n"), "B;C NOOP;" },
		{ BYTES("PASS a\r\r\nNOOP\n"), "B;C NOOP;" },
		{ BYTES("\0"), "F;" },
		{ BYTES("QUI\0T\r\n"), "F;" },
		{ BYTES("PASS a\0b\r\n"), "F;" },
		{ BYTES("PASS\0b\r\n"), "F;" },
		{ BYTES("QUIT\rx\0\r\n"), "F;" },
		{ BYTES("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "F;" },
		{ BYTES("POST / HTTP/1.1\r\n"), "F;" },
		{ BYTES("OPTIONS * HTTP/1.1\r\n"), "F;" },
		{ BYTES("CONNECT a:1 HTTP/1.1\r\n"), "F;" },
		{ BYTES("PRI * HTTP/2.0\r\n"), "F;" },
		{ BYTES("SSH-2.0-Go\r\n"), "F;" },
		{ BYTES("\x16\x03\x01\x02"), "F;" },
		{ BYTES("\x16\x01\r\nNOOP\r\n"), "B;C NOOP;" },
		{ BYTES("\x16\r\n"), "B;" },
		{ BYTES("QUI"), "~" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check(rows[i].in, rows[i].len, rows[i].want);
}

static size_t
build(char *dst, const char *head, size_t n, const char *tail, size_t k)
{
	size_t len = strlen(head);

	memcpy(dst, head, len);
	memset(dst + len, 'x', n - len);
	memcpy(dst + n, tail, k);
	return n + k;
}

static void
bounds_lines(void **state)
{
	static const struct {
		const char	*head;
		size_t		 n;
		const char	*tail;
		size_t		 tail_len;
		const char	*want;
	} rows[] = {
		{ "PASS ", 254, BYTES("\r\n"), "C PASS|" },
		{ "PASS ", 255, BYTES("\r\n"), "C PASS|" },
		{ "PASS ", 255, BYTES("\n"), "C PASS|" },
		{ "PASS ", 256, BYTES("\r\nNOOP\r\n"), "B;C NOOP;" },
		{ "PASS ", 256, BYTES("\nNOOP\r\n"), "B;C NOOP;" },
		{ "PASS ", 255, BYTES("\rx\nNOOP\r\n"), "B;C NOOP;" },
		{ "PASS ", 255, BYTES("\0\n"), "F;" },
		{ "PASS ", 255, BYTES("x\0\n"), "F;" },
		{ "PASS ", 255, BYTES("\r"), "~" },
		{ "PASS ", 12288, BYTES("\r\nNOOP\r\n"), "B;C NOOP;" },
		{ "PASS ", 12288, BYTES("\nNOOP\r\n"), "B;C NOOP;" },
		{ "PASS ", 12288, BYTES("\rx\n"), "T;" },
		{ "PASS ", 12288, BYTES("\r\r\n"), "T;" },
		{ "PASS ", 12288, BYTES("\0\n"), "F;" },
		{ "PASS ", 12289, BYTES("\r\n"), "T;" },
		{ "AUTH ", 12288, BYTES("\r\n"), "C AUTH|#12283;" },
		{ "auth ", 12288, BYTES("\n"), "C auth|#12283;" },
		{ "AUTH ", 12289, BYTES("\r\n"), "T;" },
		{ "AUTH ", 12288, BYTES("\r"), "~" },
		{ "AUTH ", 60000, BYTES(""), "T;" },
		{ "", 300, BYTES("\r\nNOOP\r\n"), "B;C NOOP;" },
		{ "", 60000, BYTES(""), "T;" },
	};
	static char buf[61000], want[400];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t n = build(buf, rows[i].head, rows[i].n, rows[i].tail,
		    rows[i].tail_len);

		snprintf(want, sizeof(want), "%s", rows[i].want);
		if (strcmp(want, "C PASS|") == 0)
			snprintf(want + 7, sizeof(want) - 7, "%.*s;",
			    (int)(rows[i].n - 5), buf + 5);
		check(buf, n, want);
	}
}

static void
reads_sasl_lines(void **state)
{
	struct pop3_parser p;
	size_t n, used;

	(void)state;
	pop3_parser_init(&p);
	assert_int_equal(pop3_parse_line(&p, "AA", 2, &n, &used),
	    POP3_PARSE_MORE);
	assert_int_equal(pop3_parse_line(&p, "AAAA\r\nQ", 7, &n, &used),
	    POP3_PARSE_COMMAND);
	assert_int_equal(n, 4);
	assert_int_equal(used, 6);
	/* The parser is fresh for the next command. */
	struct pop3_command cmd;

	assert_int_equal(pop3_parse(&p, "QUIT\r\n", 6, &cmd, &used),
	    POP3_PARSE_COMMAND);
	assert_true(pop3_verb_is(&cmd, "QUIT\r\n", "quit"));
	assert_false(pop3_verb_is(&cmd, "QUIT\r\n", "QUI"));
	assert_int_equal(pop3_parse_line(&p, "*\n", 2, &n, &used),
	    POP3_PARSE_COMMAND);
	assert_int_equal(n, 1);
	assert_int_equal(pop3_parse_line(&p, "A\0\n", 3, &n, &used),
	    POP3_PARSE_FATAL);
	static char buf[POP3_LONG_LINE_MAX + 1];

	memset(buf, 'A', sizeof(buf));
	assert_int_equal(pop3_parse_line(&p, buf, sizeof(buf), &n, &used),
	    POP3_PARSE_TOO_LONG);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_the_verdicts),
		cmocka_unit_test(bounds_lines),
		cmocka_unit_test(reads_sasl_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
