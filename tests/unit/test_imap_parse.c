/*
 * imap_parse: the table of verdicts of T-P1 to T-P12, T-P17,
 * T-X4, T-X5, each row in every way to split it.
 */
#include "story.h"

#include "imap-login/imap_parse.h"

/*
 * A story tells what the parser said: C tag verb args; for a command with A,
 * Q or L before each argument, B tag; for a bad one ("*" without a tag), +n;
 * for a literal, T; and F; for the ends, and "~" if bytes are left over.
 */

static void
tell_token(struct story *s, const struct imap_token *token, const char *buf)
{
	static char text[IMAP_COMMAND_MAX];
	struct imap_token key, value;
	uint32_t pos = 0;
	size_t n;

	if (token->kind == IMAP_NIL) {
		tell(s, " NIL");
		return;
	}
	if (token->kind == IMAP_LIST) {
		tell(s, " (");
		while (imap_id_next(token, buf, &pos, &key, &value)) {
			tell_token(s, &key, buf);
			tell_token(s, &value, buf);
		}
		tell(s, " )");
		return;
	}
	n = imap_token_text(token, buf, text, sizeof(text));
	assert_true(n != (size_t)-1);
	assert_int_equal(strlen(text), n);
	tell(s, " %c", "AQL"[token->kind]);
	if (n > 300)
		tell(s, "#%zu", n);
	else
		tell(s, "%s", text);
}

static void
tell_command(struct story *s, const struct imap_command *cmd, const char *buf)
{
	assert_true(cmd->has_tag);
	tell(s, "C %.*s %.*s", (int)cmd->tag.len, buf + cmd->tag.off,
	    (int)cmd->verb.len, buf + cmd->verb.off);
	for (unsigned int i = 0; i < cmd->nargs; i++)
		tell_token(s, &cmd->args[i], buf);
	tell(s, ";");
}

/* Says what came; true if the parser can go on. */
static bool
tell_result(struct story *s, enum imap_parse_result result,
    const struct imap_command *cmd, const char *buf)
{
	assert_true(imap_error_text(cmd->error)[0] != '\0');
	assert_int_equal(cmd->error == IMAP_ERROR_NONE,
	    result == IMAP_PARSE_COMMAND || result == IMAP_PARSE_LITERAL);
	switch (result) {
	case IMAP_PARSE_COMMAND:
		tell_command(s, cmd, buf);
		return true;
	case IMAP_PARSE_LITERAL:
		tell(s, "+%u;", cmd->literal_bytes);
		return true;
	case IMAP_PARSE_BAD:
		tell(s, "B %.*s;", cmd->has_tag ? (int)cmd->tag.len : 1,
		    cmd->has_tag ? buf + cmd->tag.off : "*");
		return true;
	case IMAP_PARSE_TOO_BIG:
		tell(s, "T;");
		return false;
	case IMAP_PARSE_FATAL:
		assert_false(cmd->has_tag);
		tell(s, "F;");
		return false;
	case IMAP_PARSE_MORE:
	default:
		fail();
		return false;
	}
}

/*
 * Runs bytes through a parser as a caller does: `first` bytes at once, then
 * `step` more each time. The buffer is a copy exactly as large as what came.
 */
static void
run(struct story *s, const char *in, size_t len, size_t first, size_t step)
{
	struct imap_parser p;
	struct imap_command cmd;
	size_t start = 0, have = first < len ? first : len, used;
	bool is_on = true;

	s->len = 0;
	s->text[0] = '\0';
	imap_parser_init(&p);
	while (is_on) {
		char *buf = malloc(have - start + 1);
		enum imap_parse_result result;

		memcpy(buf, in + start, have - start);
		buf = realloc(buf, have - start == 0 ? 1 : have - start);
		result = imap_parse(&p, buf, have - start, &cmd, &used);
		if (result == IMAP_PARSE_MORE) {
			assert_true(have - start < IMAP_COMMAND_MAX);
			is_on = have < len;
			have = have + step < len ? have + step : len;
		} else {
			assert_true(used > 0 || result == IMAP_PARSE_FATAL);
			assert_true(used <= have - start);
			is_on = tell_result(s, result, &cmd, buf);
			if (result != IMAP_PARSE_LITERAL)
				start += used;
		}
		free(buf);
	}
	if (start < len && s->text[0] != '\0' &&
	    strchr("TF", s->text[s->len - 2]) == NULL)
		tell(s, "~");
	else if (start < len && s->text[0] == '\0')
		tell(s, "~");
}

static void
check(const char *in, size_t len, const char *want)
{
	story_check(run, in, len, want);
}

struct row {
	const char	*in;
	size_t		 len;
	const char	*want;
};

static void
check_rows(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		check(rows[i].in, rows[i].len, rows[i].want);
}

#define CHECK(rows)	check_rows(rows, sizeof(rows) / sizeof((rows)[0]))

static void
parses_commands(void **state)
{
	static const struct row rows[] = {
		{ BYTES("a NOOP\r\n"), "C a NOOP;" },
		{ BYTES("a noop\n"), "C a noop;" },
		{ BYTES("a NOOP\r\nb NOOP\r\nc"), "C a NOOP;C b NOOP;~" },
		{ BYTES("a LOGIN joe pw\r\n"), "C a LOGIN Ajoe Apw;" },
		{ BYTES("a LOGIN \"joe\" \"p w\"\r\n"),
		    "C a LOGIN Qjoe Qp w;" },
		{ BYTES("a LOGIN \"\" \"\"\r\n"), "C a LOGIN Q Q;" },
		{ BYTES("a LOGIN NIL NIL\r\n"), "C a LOGIN ANIL ANIL;" },
		{ BYTES("a LOGIN j@d.net p%*\\]}~+\r\n"),
		    "C a LOGIN Aj@d.net Ap%*\\]}~+;" },
		{ BYTES("a LOGIN \"j\\\\o\\\"e\" p\r\n"),
		    "C a LOGIN Qj\\o\"e Ap;" },
		{ BYTES("a LOGIN \"\t\x01\" p\r\n"), "C a LOGIN Q\t\x01 Ap;" },
		{ BYTES("a AUTHENTICATE PLAIN\r\n"),
		    "C a AUTHENTICATE APLAIN;" },
		{ BYTES("a authenticate plain =\r\n"),
		    "C a authenticate Aplain A=;" },
		{ BYTES("a AUTHENTICATE PLAIN AGpvZQ/+==\r\n"),
		    "C a AUTHENTICATE APLAIN AAGpvZQ/+==;" },
		{ BYTES("a X 1 2 3 4 5 6 7 8\r\n"),
		    "C a X A1 A2 A3 A4 A5 A6 A7 A8;" },
		{ BYTES("a X 1 2 3 4 5 6 7 8 9\r\n"), "B a;" },
		{ BYTES("A.1-b_]'/:;=? NOOP\r\n"), "C A.1-b_]'/:;=? NOOP;" },
	};

	(void)state;
	CHECK(rows);
}

/* T-P1, T-P3, T-P4 */
static void
never_echoes_a_bad_tag(void **state)
{
	static const struct row rows[] = {
		{ BYTES("+ NOOP\r\n"), "B *;" },
		{ BYTES("* NOOP\r\n"), "B *;" },
		{ BYTES("\r\n"), "B *;" },
		{ BYTES("\n"), "B *;" },
		{ BYTES(" NOOP\r\n"), "B *;" },
		{ BYTES(" \r\n"), "B *;" },
		{ BYTES("<script> NOOP\r\n"), "B *;" },
		{ BYTES("a{3} NOOP\r\n"), "B *;" },
		{ BYTES("a{3}\r\nabc"), "B *;~" },
		{ BYTES("a{3+}\r\nabcd\r\n"), "B *;" },
		{ BYTES("a\" NOOP\r\n"), "B *;" },
		{ BYTES("a\r\n"), "B *;" },
		{ BYTES("a\tNOOP\r\n"), "B *;" },
		{ BYTES("\xc3\xa4 NOOP\r\n"), "B *;" },
		{ BYTES("%n%n NOOP\r\n"), "B *;" },
		{ BYTES("\0 NOOP\r\n"), "F;" },
		{ BYTES("a\0%n%n%s LOGIN x y\r\n"), "F;" },
		{ BYTES("0123456789012345678901234567890123456789012345678901"
		    "234567890123 NOOP\r\n"),
		    "C 012345678901234567890123456789012345678901234567890123"
		    "4567890123 NOOP;" },
		{ BYTES("0123456789012345678901234567890123456789012345678901"
		    "2345678901234 NOOP\r\n"), "B *;" },
	};

	(void)state;
	CHECK(rows);
}

/* T-P2 */
static void
closes_on_other_protocols(void **state)
{
	static const struct row rows[] = {
		{ BYTES("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "F;" },
		{ BYTES("POST /x HTTP/1.1\r\n"), "F;" },
		{ BYTES("PUT / HTTP/1.1\r\n"), "F;" },
		{ BYTES("HEAD / HTTP/1.0\r\n"), "F;" },
		{ BYTES("OPTIONS * HTTP/1.1\r\n"), "F;" },
		{ BYTES("CONNECT a:143 HTTP/1.1\r\n"), "F;" },
		{ BYTES("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), "F;" },
		{ BYTES("\x16\x03\x01\x02\x00\x01\x00"), "F;" },
		{ BYTES("\x16\x03\x01"), "F;" },
		{ BYTES("\x16\x04 NOOP\r\n"), "B *;" },
		{ BYTES("a\x16\x03 NOOP\r\n"), "B *;" },
		{ BYTES("\x16\r\n"), "B *;" },
		{ BYTES("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"), "F;" },
		{ BYTES("SSH-2.0-Go\r\n"), "F;" },
		{ BYTES("SSH-2.0-012345678901234567890123456789012345678901234"
		    "5678901234567890123456789\r\n"), "F;" },
		{ BYTES("a NOOP\r\nGET / HTTP/1.1\r\n"), "C a NOOP;F;" },
		{ BYTES("GETA NOOP\r\n"), "C GETA NOOP;" },
		{ BYTES("get NOOP\r\n"), "C get NOOP;" },
		{ BYTES("GET\r\n"), "B *;" },
	};

	(void)state;
	CHECK(rows);
}

/* T-P4, T-P5, T-P11 */
static void
refuses_bad_lines(void **state)
{
	static const struct row rows[] = {
		{ BYTES("a LOGIN \"joe\r\npw\"\r\nb NOOP\r\n"),
		    "B a;B *;C b NOOP;" },
		{ BYTES("a LOGIN \"joe\r\nb NOOP\r\n"), "B a;C b NOOP;" },
		{ BYTES("a LOGIN \"j\\x\" p\r\n"), "B a;" },
		{ BYTES("a LOGIN \"j\\\r\n"), "B a;" },
		{ BYTES("a LOGIN \"j\xc3\xa4\" p\r\n"), "B a;" },
		{ BYTES("a LOGIN j\xc3\xa4 p\r\n"), "B a;" },
		{ BYTES("a LOGIN joe \"p\0w\"\r\n"), "F;" },
		{ BYTES("a LOGIN joe pw\0\r\n"), "F;" },
		{ BYTES("a LOGIN \xff\0\r\n"), "F;" },
		{ BYTES("a  NOOP\r\n"), "B a;" },
		{ BYTES("a \r\n"), "B a;" },
		{ BYTES("a NOOP \r\n"), "B a;" },
		{ BYTES("a LOGIN  joe pw\r\n"), "B a;" },
		{ BYTES("a LOGIN joe pw \r\n"), "B a;" },
		{ BYTES("a\x20LOGIN\tjoe pw\r\n"), "B a;" },
		{ BYTES("a LOGIN joe\tpw\r\n"), "B a;" },
		{ BYTES("a LOGIN joe p\"w\r\n"), "B a;" },
		{ BYTES("a LOGIN joe \"p\"w\r\n"), "B a;" },
		{ BYTES("a LOGIN joe \"p\"\"w\"\r\n"), "B a;" },
		{ BYTES("a LOGIN jo(e pw\r\n"), "B a;" },
		{ BYTES("a LOGIN jo)e pw\r\n"), "B a;" },
		{ BYTES("a LOGIN joe) pw\r\n"), "B a;" },
		{ BYTES("a N(OP\r\n"), "B a;" },
		{ BYTES("a \"NOOP\"\r\n"), "B a;" },
		{ BYTES("a N\xc3P\r\n"), "B a;" },
		{ BYTES("a NOOP\r\r\nb NOOP\r\n"), "B a;C b NOOP;" },
		{ BYTES("a NOOP\rb NOOP\r"), "~" },
		{ BYTES("a NOOP\rb NOOP\r\nc NOOP\r\n"), "B a;C c NOOP;" },
		{ BYTES("a NOOP\n\rb NOOP\n"), "C a NOOP;B *;" },
		{ BYTES("a LOGIN \"j\roe\" p\r\n"), "B a;" },
		{ BYTES("a SELECT (x)\r\n"), "B a;" },
		{ BYTES("a AUTHENTICATE \"PLAIN\"\r\n"), "B a;" },
		{ BYTES("a AUTHENTICATE PLAIN  AAAA\r\n"), "B a;" },
		{ BYTES("a AUTHENTICATE PLAIN \"AAAA\"\r\n"), "B a;" },
	};

	(void)state;
	CHECK(rows);
}

/* T-P7, T-P8, T-P10 */
static void
handles_literals(void **state)
{
	static const struct row rows[] = {
		{ BYTES("a LOGIN {3}\r\njoe {2}\r\npw\r\nb NOOP\r\n"),
		    "+3;+2;C a LOGIN Ljoe Lpw;C b NOOP;" },
		{ BYTES("a LOGIN {3+}\r\njoe {2+}\r\npw\r\n"),
		    "C a LOGIN Ljoe Lpw;" },
		{ BYTES("a LOGIN {3+}\njoe {2}\npw\n"),
		    "+2;C a LOGIN Ljoe Lpw;" },
		{ BYTES("a LOGIN {0+}\r\n {0}\r\n\r\n"), "+0;C a LOGIN L L;" },
		{ BYTES("a LOGIN joe {10}\r\npw\r\nZ NOOP\r\n"),
		    "+10;C a LOGIN Ajoe Lpw\r\nZ NOOP;" },
		{ BYTES("a LOGIN {18+}\r\nte\\\"st@example.com "
		    "\"se\\\\\\\"cret\"\r\n"), "C a LOGIN "
		    "Lte\\\"st@example.com Qse\\\"cret;" },
		{ BYTES("a LOGIN {3}"), "~" },
		{ BYTES("a LOGIN {3}\r"), "~" },
		{ BYTES("a LOGIN {3}\r\njo"), "+3;~" },
		{ BYTES("a LOGIN joe {2+}\r\npwX b\r\nb NOOP\r\n"),
		    "B a;C b NOOP;" },
		{ BYTES("a LOGIN {3+}\r\njoe{2+}\r\npw\r\n"), "B a;" },
		{ BYTES("a LOGIN {3+}\r\njo\0 x\r\n"), "F;" },
	};

	(void)state;
	CHECK(rows);
}

/* T-P6 */
static void
refuses_bad_literals(void **state)
{
	static const struct row rows[] = {
		{ BYTES("a LOGIN {4294967296}\r\n"), "T;" },
		{ BYTES("a LOGIN {18446744073709551617+}\r\n"), "T;" },
		{ BYTES("a LOGIN {18446744073709551617}\r\n"), "T;" },
		{ BYTES("a LOGIN {2049}\r\n"), "T;" },
		{ BYTES("a LOGIN {2049+}\r\n"), "T;" },
		{ BYTES("a LOGIN {2048}\r\n"), "+2048;~" },
		{ BYTES("a LOGIN {20480}\r\n"), "T;" },
		{ BYTES("a LOGIN {-1}\r\n"), "B a;" },
		{ BYTES("a LOGIN {+1}\r\n"), "B a;" },
		{ BYTES("a LOGIN { 3}\r\nb NOOP\r\n"), "B a;C b NOOP;" },
		{ BYTES("a LOGIN {3 }\r\n"), "B a;" },
		{ BYTES("a LOGIN {03}\r\nb NOOP\r\n"), "B a;C b NOOP;" },
		{ BYTES("a LOGIN {03+}\r\nabc x\r\nb NOOP\r\n"),
		    "B a;C b NOOP;" },
		{ BYTES("a LOGIN {00}\r\n"), "B a;" },
		{ BYTES("a LOGIN {3++}\r\n"), "B a;" },
		{ BYTES("a LOGIN {}\r\n"), "B a;" },
		{ BYTES("a LOGIN {+}\r\n"), "B a;" },
		{ BYTES("a LOGIN {3-}\r\n"), "B a;" },
		{ BYTES("a LOGIN {{3}\r\n"), "B a;" },
		{ BYTES("a LOGIN {3{3}\r\n"), "B a;" },
		{ BYTES("a LOGIN {3}x\r\n"), "B a;" },
		{ BYTES("a LOGIN {3}\rx\r\n"), "B a;" },
		{ BYTES("a LOGIN {3}\r\r\n"), "B a;" },
		{ BYTES("a LOGIN {1+}\r\na {1+}\r\nb {1+}\r\nc\r\n"), "T;" },
		{ BYTES("a LOGIN {1+}\r\na {1+}\r\nb c\r\n"),
		    "C a LOGIN La Lb Ac;" },
	};

	(void)state;
	CHECK(rows);
}

/* What is skipped with a bad command are not commands. */
static void
skips_literals(void **state)
{
	static const struct row rows[] = {
		{ BYTES("a BOGUS {7+}\r\nb NOOP\n\r\nc NOOP\r\n"),
		    "B a;C c NOOP;" },
		{ BYTES("a BOGUS {7+}\r\nb NOOP\n x {2+}\r\n\r\n y\nc NOOP\n"),
		    "B a;C c NOOP;" },
		{ BYTES("a B( {7+}\nb NOOP\n\nc NOOP\r\n"), "B a;C c NOOP;" },
		{ BYTES("a B( {0+}\r\n\r\nc NOOP\r\n"), "B a;C c NOOP;" },
		{ BYTES("a B( {7+}\r\nb NO\0P\n\r\n"), "F;" },
		{ BYTES("a BOGUS {7}\r\nb NOOP\r\n"), "B a;C b NOOP;" },
		{ BYTES("a BOGUS {5000}\r\nb NOOP\r\n"), "B a;C b NOOP;" },
		{ BYTES("a BOGUS {5000+}\r\nb NOOP\r\n"), "T;" },
		{ BYTES("a B( {1+}\r\na {1+}\r\nb {1+}\r\nc\r\n"), "T;" },
		{ BYTES("a B( {7+} \r\nb NOOP\r\n"), "B a;C b NOOP;" },
		{ BYTES("a B( {7+x}\r\nb NOOP\r\n"), "B a;C b NOOP;" },
		{ BYTES("a B( {+}\r\nb NOOP\r\n"), "B a;C b NOOP;" },
		{ BYTES("a B( {7+}\r\r\nb NOOP\r\n"), "B a;C b NOOP;" },
		{ BYTES("a AUTHENTICATE PLAIN {4+}\r\nAAAA\r\nb NOOP\r\n"),
		    "B a;C b NOOP;" },
		{ BYTES("a AUTHENTICATE {5}\r\n"), "B a;" },
		{ BYTES("a LOGIN {1+}\r\nX(\r\nb NOOP\r\n"), "B a;C b NOOP;" },
	};

	(void)state;
	CHECK(rows);
}

/* T-P17, T-X4, T-X5 */
static void
handles_id(void **state)
{
	static const struct row rows[] = {
		{ BYTES("a ID NIL\r\n"), "C a ID ANIL;" },
		{ BYTES("a ID nil\r\n"), "C a ID Anil;" },
		{ BYTES("a ID ()\r\n"), "C a ID ( );" },
		{ BYTES("a ID (\"k\" \"v\")\r\n"), "C a ID ( Qk Qv );" },
		{ BYTES("a ID (\"k\" NIL \"l\\\"\" \"w\")\r\n"),
		    "C a ID ( Qk NIL Ql\" Qw );" },
		{ BYTES("a ID ({1+}\r\nk {2}\r\n)\" \"k\" nil)\r\n"),
		    "+2;C a ID ( Lk L)\" Qk NIL );" },
		{ BYTES("a ID\r\n"), "B a;" },
		{ BYTES("a ID \r\n"), "B a;" },
		{ BYTES("a ID x\r\n"), "B a;" },
		{ BYTES("a ID \"x\"\r\n"), "B a;" },
		{ BYTES("a ID {1}\r\n"), "B a;" },
		{ BYTES("a ID NIL NIL\r\n"), "B a;" },
		{ BYTES("a ID () NIL\r\n"), "B a;" },
		{ BYTES("a ID () ()\r\n"), "B a;" },
		{ BYTES("a ID (\"k\")\r\n"), "B a;" },
		{ BYTES("a ID (\"k\" \"v\"\r\n"), "B a;" },
		{ BYTES("a ID (\"k\" (\"v\"))\r\n"), "B a;" },
		{ BYTES("a ID (NIL \"v\")\r\n"), "B a;" },
		{ BYTES("a ID (\"k\" NILL)\r\n"), "B a;" },
		{ BYTES("a ID (\"k\" NI)\r\n"), "B a;" },
		{ BYTES("a ID (\"k\" NIL\r\n"), "B a;" },
		{ BYTES("a ID (\"k\" v)\r\n"), "B a;" },
		{ BYTES("a ID ( \"k\" \"v\")\r\n"), "B a;" },
		{ BYTES("a ID (\"k\" \"v\" )\r\n"), "B a;" },
		{ BYTES("a ID (\"k\"  \"v\")\r\n"), "B a;" },
		{ BYTES("a ID (\"k\" \"v\")x\r\n"), "B a;" },
		{ BYTES("a ID (\"k\" {1025}\r\n"), "B a;" },
		{ BYTES("a ID (\"k\" {03+}\r\nabc)\r\n"), "B a;" },
		{ BYTES("a ID (\"k\" {2049+}\r\n"), "T;" },
		{ BYTES("a NOOP (\r\n"), "B a;" },
		{ BYTES("a LOGIN ((((\r\n"), "B a;" },
	};

	(void)state;
	CHECK(rows);
}

/* Repeats a text n times behind a beginning and before an end. */
static size_t
build(char *dst, const char *head, const char *unit, size_t n,
    const char *tail)
{
	size_t len = strlen(head), k = strlen(unit);

	memcpy(dst, head, len);
	for (size_t i = 0; i < n; i++, len += k)
		memcpy(dst + len, unit, k);
	memcpy(dst + len, tail, strlen(tail));
	return len + strlen(tail);
}

static char big[64 * 1024];

static void
bounds_id(void **state)
{
	size_t n;

	(void)state;
	n = build(big, "a ID (\"k\" \"v\"", " \"k\" \"v\"", 29, ")\r\n");
	struct story s;

	run(&s, big, n, n, n);
	assert_int_equal(s.text[0], 'C');
	n = build(big, "a ID (\"k\" \"v\"", " \"k\" \"v\"", 30, ")\r\n");
	check(big, n, "B a;");
	n = build(big, "a ID (\"k\" \"", "v", 1024, "\")\r\n");
	check(big, n, "C a ID ( Qk Q#1024 );");
	n = build(big, "a ID (\"k\" \"", "v", 1025, "\")\r\n");
	check(big, n, "B a;");
	n = build(big, "a ID (\"k\" {1024+}\r\n", "v", 1024, ")\r\n");
	check(big, n, "C a ID ( Qk L#1024 );");
	n = build(big, "a ID (\"k\" {1025+}\r\n", "v", 1025, ")\r\nb X\r\n");
	check(big, n, "B a;C b X;");
	n = build(big, "a ID (\"k\" {2048+}\r\n", "v", 2048, ")\r\nb X\r\n");
	check(big, n, "B a;C b X;");
	n = build(big, "a ID ", "(", 8000, "\r\n");
	check(big, n, "B a;");
	n = build(big, "a ID (", "\"k\" {4+}\r\nabcd ", 1000, ")\r\n");
	check(big, n, "T;");
	/* 31 fields in 10 kB */
	n = build(big, "a ID (\"k\" NIL", " \"kkkkkkkkk\" \"vvvvvvvvvvvvvv"
	    "vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv"
	    "vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv"
	    "vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv"
	    "vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv"
	    "vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv"
	    "\"", 30, ")\r\nb X\r\n");
	assert_in_range(n, 9900, 11000);
	check(big, n, "B a;C b X;");
}

/* T-P12: limit - 1, limit, limit + 1, with CR LF and LF, good and bad. */
static void
bounds_lines(void **state)
{
	static const struct {
		const char	*head;
		size_t		 max;
		const char	*good;
	} rows[] = {
		{ "a LOGIN j ", IMAP_LINE_MAX, "C a LOGIN Aj A#8182;" },
		{ "a X ", IMAP_LINE_MAX, "C a X A#8188;" },
		{ "a AUTHENTICATE PLAIN ", IMAP_LONG_LINE_MAX,
		    "C a AUTHENTICATE APLAIN A#12267;" },
		{ "a( ", IMAP_LINE_MAX, "B *;" },
		{ "a X( ", IMAP_LINE_MAX, "B a;" },
		{ "a ID x", IMAP_ID_LINE_MAX, "B a;" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t k = rows[i].max - strlen(rows[i].head);
		size_t n;
		struct story s;

		n = build(big, rows[i].head, "x", k - 1, "\r\n");
		run(&s, big, n, n, n);
		assert_int_equal(s.text[0], rows[i].good[0]);
		n = build(big, rows[i].head, "x", k, "\r\n");
		check(big, n, rows[i].good);
		n = build(big, rows[i].head, "x", k, "\n");
		check(big, n, rows[i].good);
		n = build(big, rows[i].head, "x", k + 1, "\r\n");
		check(big, n, "T;");
		n = build(big, rows[i].head, "x", k + 1, "\n");
		check(big, n, "T;");
		n = build(big, rows[i].head, "x", k, "\rx\n");
		check(big, n, "T;");
		n = build(big, rows[i].head, "x", k, "\r");
		check(big, n, "~");
		n = build(big, rows[i].head, "x", k, "\r\r\n");
		check(big, n, strcmp(rows[i].good, "B *;") == 0 ? "B *;" :
		    "B a;");
		n = build(big, rows[i].head, "x", 60000, "");
		check(big, n, "T;");
	}
	/* A NUL behind the limit is one all the same. */
	size_t len = build(big, "a X ", "x", IMAP_LINE_MAX - 4, "?\r\n");

	big[IMAP_LINE_MAX] = '\0';
	check(big, len, "F;");
}

/* The largest command of all fills IMAP_COMMAND_MAX to the last byte. */
static void
fits_the_buffer(void **state)
{
	static char v[IMAP_LITERAL_MAX + 1];
	size_t n, text;
	struct story s;

	(void)state;
	memset(v, 'v', IMAP_LITERAL_MAX);
	n = build(big, "a ID( {2048+}\r\n", v, 1, " {2048+}\r\n");
	n += build(big + n, "", v, 1, " ");
	text = n - 2 * (IMAP_LITERAL_MAX + 2);
	/* Bad before the verb was known: the shorter limit holds. */
	n += build(big + n, "", "x", IMAP_LINE_MAX - text, "\r\n");
	run(&s, big, n, n, n);
	assert_string_equal(s.text, "B a;");
	n = build(big, "a ID x {2048+}\r\n", v, 1, " {2048+}\r\n");
	n += build(big + n, "", v, 1, " ");
	text = n - 2 * (IMAP_LITERAL_MAX + 2);
	n += build(big + n, "", "x", IMAP_ID_LINE_MAX - text, "\r\n");
	assert_int_equal(n, IMAP_COMMAND_MAX);
	check(big, n, "B a;");
	n -= 1;
	run(&s, big, n, n, n);
	assert_string_equal(s.text, "~");
}

static void
offers_a_refusal_before_the_literal(void **state)
{
	static const char in[] = "a LOGIN joe {2}\r\n";
	struct imap_parser p;
	struct imap_command cmd;
	size_t used;

	(void)state;
	imap_parser_init(&p);
	assert_int_equal(imap_parse(&p, in, sizeof(in) - 1, &cmd, &used),
	    IMAP_PARSE_LITERAL);
	assert_int_equal(used, sizeof(in) - 1);
	assert_true(imap_token_is(&cmd.tag, in, "a"));
	assert_true(imap_token_is(&cmd.verb, in, "login"));
	assert_int_equal(cmd.nargs, 1);
	assert_true(imap_token_is(&cmd.args[0], in, "joe"));
	/* Said once: no second "+" for the same literal. */
	assert_int_equal(imap_parse(&p, in, sizeof(in) - 1, &cmd, &used),
	    IMAP_PARSE_MORE);
	imap_parser_init(&p);
	assert_int_equal(imap_parse(&p, "b NOOP\r\n", 8, &cmd, &used),
	    IMAP_PARSE_COMMAND);
}

static void
says_what_is_wrong(void **state)
{
	static const struct {
		const char		*in;
		enum imap_error		 error;
	} rows[] = {
		{ "< X\n", IMAP_ERROR_TAG }, { "a (\n", IMAP_ERROR_VERB },
		{ "a X  y\n", IMAP_ERROR_BLANK },
		{ "a X (y\n", IMAP_ERROR_ARGS },
		{ "a X {1}\n", IMAP_ERROR_ARGS },
		{ "a AUTHENTICATE \"y\"\n", IMAP_ERROR_ARGS },
		{ "a X 1 2 3 4 5 6 7 8 9\n", IMAP_ERROR_ARGS },
		{ "a X y(\n", IMAP_ERROR_ATOM },
		{ "a X \"y\n", IMAP_ERROR_QUOTED },
		{ "a LOGIN {x}\n", IMAP_ERROR_LITERAL },
		{ "a ID (\n", IMAP_ERROR_LIST }, { "a X\ry\n", IMAP_ERROR_EOL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct imap_parser p;
		struct imap_command cmd;
		size_t used;

		imap_parser_init(&p);
		assert_int_equal(imap_parse(&p, rows[i].in,
		    strlen(rows[i].in), &cmd, &used), IMAP_PARSE_BAD);
		assert_int_equal(used, strlen(rows[i].in));
		assert_int_equal(cmd.error, rows[i].error);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses_commands),
		cmocka_unit_test(never_echoes_a_bad_tag),
		cmocka_unit_test(closes_on_other_protocols),
		cmocka_unit_test(refuses_bad_lines),
		cmocka_unit_test(handles_literals),
		cmocka_unit_test(refuses_bad_literals),
		cmocka_unit_test(skips_literals),
		cmocka_unit_test(handles_id),
		cmocka_unit_test(bounds_id),
		cmocka_unit_test(bounds_lines),
		cmocka_unit_test(fits_the_buffer),
		cmocka_unit_test(offers_a_refusal_before_the_literal),
		cmocka_unit_test(says_what_is_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
