/* sasl_decode: T-I1, T-I3, T-A1, T-A3, T-A4, T-A5, T-A7 as far as bytes go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "lib/base64.h"
#include "login-common/sasl_decode.h"

#define BYTES(s)	(s), sizeof(s) - 1

struct plain_row {
	const char		*response;
	size_t			 len;
	enum sasl_result	 result;
	const char		*user, *pass;
};

static const struct plain_row plain_rows[] = {
	{ BYTES("\0joe\0pw"), SASL_OK, "joe", "pw" },
	{ BYTES("joe\0joe\0pw"), SASL_OK, "joe", "pw" },
	{ BYTES("\0joe\0 p w "), SASL_OK, "joe", " p w " },
	{ BYTES("\0j\xc3\xb6\0p\xc3\xa4x"), SASL_OK, "j\xc3\xb6",
	    "p\xc3\xa4x" },
	{ BYTES("\0%n%s\0%s%s%n%p"), SASL_OK, "%n%s", "%s%s%n%p" },
	{ BYTES("bob\0joe\0pw"), SASL_AUTHZ, "", "" },
	{ BYTES("jo\0joe\0pw"), SASL_AUTHZ, "", "" },
	{ BYTES("Joe\0joe\0pw"), SASL_AUTHZ, "", "" },
	{ BYTES("joe\0\0pw"), SASL_FAIL, "", "" },
	{ BYTES(""), SASL_FAIL, "", "" },
	{ BYTES("\0"), SASL_FAIL, "", "" },
	{ BYTES("\0\0"), SASL_FAIL, "", "" },
	{ BYTES("\0\0\0"), SASL_FAIL, "", "" },
	{ BYTES("joe"), SASL_FAIL, "", "" },
	{ BYTES("\0joe"), SASL_FAIL, "", "" },
	{ BYTES("\0joe\0"), SASL_FAIL, "", "" },
	{ BYTES("\0\0pw"), SASL_FAIL, "", "" },
	{ BYTES("\0joe\0pw\0"), SASL_FAIL, "", "" },
	{ BYTES("\0joe\0pw\0tail"), SASL_FAIL, "", "" },
	{ BYTES("\0joe\0pw\r\nDELE 1"), SASL_FAIL, "", "" },
	{ BYTES("\0jo\te\0pw"), SASL_FAIL, "", "" },
	{ BYTES("\0joe\0p\x7fw"), SASL_FAIL, "", "" },
	{ BYTES("\0joe\0p\x01w"), SASL_FAIL, "", "" },
	{ BYTES("\0\xc3\x28\0pw"), SASL_FAIL, "", "" },
	{ BYTES("\0\xff\xfe\0pw"), SASL_FAIL, "", "" },
	{ BYTES("\0\xed\xa0\x80\0pw"), SASL_FAIL, "", "" },
	{ BYTES("\0joe\0\xc0\x80"), SASL_FAIL, "", "" },
	{ BYTES("\0joe\0\xf4\x90\x80\x80"), SASL_FAIL, "", "" },
	{ BYTES("\0joe\0p\xe2\x82"), SASL_FAIL, "", "" },
};

static void
assert_empty(const struct sasl_credentials *c)
{
	static const struct sasl_credentials empty;

	assert_memory_equal(c, &empty, sizeof(empty));
}

static void
takes_plain_apart(void **state)
{
	struct sasl_credentials c;
	char line[64];

	(void)state;
	for (size_t i = 0; i < sizeof(plain_rows) / sizeof(plain_rows[0]);
	    i++) {
		const struct plain_row *r = &plain_rows[i];
		ssize_t n;

		memset(&c, 'x', sizeof(c));
		assert_int_equal(sasl_plain_parse(r->response, r->len, &c),
		    r->result);
		assert_string_equal(c.user, r->user);
		assert_string_equal(c.pass, r->pass);
		assert_int_equal(c.user_len, strlen(r->user));
		assert_int_equal(c.pass_len, strlen(r->pass));
		if (r->result != SASL_OK)
			assert_empty(&c);
		n = base64_encode(line, sizeof(line), r->response, r->len);
		memset(&c, 'x', sizeof(c));
		assert_int_equal(sasl_plain_line(line, (size_t)n, false, &c),
		    r->result);
		assert_string_equal(c.pass, r->pass);
	}
}

static void
allows_the_longest_names(void **state)
{
	static const struct {
		size_t			 authzid, user, pass;
		enum sasl_result	 result;
	} rows[] = {
		{ 0, 1, 1, SASL_OK }, { 0, 255, 255, SASL_OK },
		{ 255, 255, 1024, SASL_OK }, { 0, 256, 1, SASL_FAIL },
		{ 0, 255, 1025, SASL_FAIL }, { 256, 256, 1024, SASL_FAIL },
		{ 256, 255, 1, SASL_AUTHZ }, { 2000, 255, 1024, SASL_FAIL },
	};
	struct sasl_credentials c;
	char response[4096], line[6000];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t len = rows[i].authzid + rows[i].user + rows[i].pass + 2;
		ssize_t n;

		memset(response, 'a', len);
		response[rows[i].authzid] = '\0';
		response[rows[i].authzid + 1 + rows[i].user] = '\0';
		n = base64_encode(line, sizeof(line), response, len);
		assert_int_equal(sasl_plain_line(line, (size_t)n, true, &c),
		    rows[i].result);
		if (rows[i].result != SASL_OK)
			continue;
		assert_int_equal(c.user_len, rows[i].user);
		assert_int_equal(c.pass_len, rows[i].pass);
		assert_int_equal(strlen(c.user), c.user_len);
		assert_int_equal(strlen(c.pass), c.pass_len);
	}
}

static void
decodes_lines_strictly(void **state)
{
	static const struct {
		const char		*line;
		size_t			 len;
		bool			 is_initial;
		enum sasl_result	 result;
		size_t			 n;
	} rows[] = {
		{ BYTES("AAAA"), false, SASL_OK, 3 },
		{ BYTES("AAAA"), true, SASL_OK, 3 },
		{ BYTES("="), true, SASL_OK, 0 },
		{ BYTES("="), false, SASL_BAD, 0 },
		{ BYTES("=="), true, SASL_BAD, 0 },
		{ BYTES(""), false, SASL_OK, 0 },
		{ BYTES(""), true, SASL_BAD, 0 },
		{ BYTES("A"), false, SASL_BAD, 0 },
		{ BYTES("AA=A"), false, SASL_BAD, 0 },
		{ BYTES("AAAA="), false, SASL_BAD, 0 },
		{ BYTES(" AAAA"), false, SASL_BAD, 0 },
		{ BYTES("AAAA "), false, SASL_BAD, 0 },
		{ BYTES("AAA\0"), false, SASL_BAD, 0 },
		{ BYTES("=AAA"), false, SASL_BAD, 0 },
		{ BYTES("AB=="), false, SASL_BAD, 0 },
		{ BYTES("AAAAAAAA"), false, SASL_OK, 6 },
		{ BYTES("AAAAAAAAAAAA"), false, SASL_FAIL, 0 },
		{ BYTES("AAAAAAAAAAA*"), false, SASL_BAD, 0 },
	};
	char dst[6];
	size_t n;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		n = 77;
		assert_int_equal(sasl_decode_line(rows[i].line, rows[i].len,
		    rows[i].is_initial, dst, sizeof(dst), &n), rows[i].result);
		assert_int_equal(n, rows[i].n);
	}
	assert_true(sasl_is_cancel("*", 1));
	assert_false(sasl_is_cancel("", 0));
	assert_false(sasl_is_cancel("**", 2));
	assert_false(sasl_is_cancel("=", 1));
}

static void
takes_login_in_two_lines(void **state)
{
	struct sasl_credentials c;

	(void)state;
	memset(&c, 0, sizeof(c));
	assert_int_equal(sasl_user_line("am9l", 4, true, &c), SASL_OK);
	assert_string_equal(c.user, "joe");
	assert_int_equal(sasl_pass_line("cHcxMjM0", 8, &c), SASL_OK);
	assert_string_equal(c.pass, "pw1234");
	assert_int_equal(c.pass_len, 6);
	/* A second try leaves nothing of the first. */
	assert_int_equal(sasl_pass_line("cA==", 4, &c), SASL_OK);
	assert_memory_equal(c.pass, "p\0\0\0\0\0", 6);
	assert_int_equal(sasl_pass_line("", 0, &c), SASL_FAIL);
	assert_memory_equal(c.pass, "\0\0\0\0\0\0", 6);
	assert_int_equal(c.pass_len, 0);
	assert_int_equal(sasl_pass_line("=", 1, &c), SASL_BAD);
	assert_int_equal(sasl_pass_line("AAAA", 4, &c), SASL_FAIL);
	assert_int_equal(sasl_user_line("=", 1, true, &c), SASL_FAIL);
	assert_string_equal(c.user, "");
	assert_int_equal(c.user_len, 0);
	assert_int_equal(sasl_user_line("", 0, true, &c), SASL_BAD);
	assert_int_equal(sasl_user_line("/////w==", 8, false, &c), SASL_FAIL);
	assert_int_equal(sasl_user_set(&c, "joe", 3), SASL_OK);
	assert_int_equal(sasl_pass_set(&c, "pw", 2), SASL_OK);
	sasl_credentials_clear(&c);
	assert_empty(&c);
}

static void
judges_text(void **state)
{
	(void)state;
	assert_true(sasl_text_ok("", 0));
	assert_true(sasl_text_ok(" ~", 2));
	for (int i = 0; i < 256; i++) {
		char c = (char)i;

		assert_int_equal(sasl_text_ok(&c, 1),
		    i >= 0x20 && i < 0x7f);
	}
	assert_true(sasl_text_ok(BYTES("\xf0\x9f\x98\x80")));
	assert_false(sasl_text_ok(BYTES("pw\n")));
}

/* Feeds a line in chunks; returns the verdict and where the line ended. */
static enum sasl_line_result
feed(const char *buf, size_t len, size_t chunk, size_t *n, size_t *used)
{
	struct sasl_line l = { 0 };
	enum sasl_line_result r = SASL_LINE_MORE;

	for (size_t have = 0; r == SASL_LINE_MORE && have < len;) {
		have = have + chunk < len ? have + chunk : len;
		/* A copy just as large: ASan sees each overrun. */
		char *copy = malloc(have);

		memcpy(copy, buf, have);
		r = sasl_line_find(&l, copy, have, n, used);
		free(copy);
	}
	if (r == SASL_LINE_DONE)
		assert_int_equal(l.pos, 0);
	return r;
}

static void
finds_line_ends(void **state)
{
	static const struct {
		const char		*buf;
		size_t			 len;
		enum sasl_line_result	 result;
		size_t			 n, used;
	} rows[] = {
		{ BYTES("AAAA\r\nB"), SASL_LINE_DONE, 4, 6 },
		{ BYTES("AAAA\nB"), SASL_LINE_DONE, 4, 5 },
		{ BYTES("\r\n"), SASL_LINE_DONE, 0, 2 },
		{ BYTES("\n"), SASL_LINE_DONE, 0, 1 },
		{ BYTES("A\rB\r\r\n"), SASL_LINE_DONE, 4, 6 },
		{ BYTES("AAAA\r"), SASL_LINE_MORE, 0, 0 },
		{ BYTES("AA\0A\r\n"), SASL_LINE_FATAL, 0, 0 },
		{ BYTES("AA\n\0"), SASL_LINE_DONE, 2, 3 },
		{ BYTES("\0"), SASL_LINE_FATAL, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (size_t chunk = 1; chunk <= rows[i].len; chunk++) {
			size_t n = 0, used = 0;

			assert_int_equal(feed(rows[i].buf, rows[i].len, chunk,
			    &n, &used), rows[i].result);
			assert_int_equal(n, rows[i].n);
			assert_int_equal(used, rows[i].used);
		}
	}
}

static void
bounds_lines(void **state)
{
	static const struct {
		size_t			 len;
		const char		*tail;
		size_t			 tail_len;
		enum sasl_line_result	 result;
	} rows[] = {
		{ SASL_LINE_MAX - 1, BYTES("\r\n"), SASL_LINE_DONE },
		{ SASL_LINE_MAX, BYTES("\r\n"), SASL_LINE_DONE },
		{ SASL_LINE_MAX, BYTES("\n"), SASL_LINE_DONE },
		{ SASL_LINE_MAX + 1, BYTES("\r\n"), SASL_LINE_TOO_LONG },
		{ SASL_LINE_MAX, BYTES("\rA\n"), SASL_LINE_TOO_LONG },
		{ SASL_LINE_MAX, BYTES("\r\0\n"), SASL_LINE_FATAL },
		{ SASL_LINE_MAX, BYTES("\0\n"), SASL_LINE_FATAL },
		{ SASL_LINE_MAX, BYTES("A\0"), SASL_LINE_TOO_LONG },
		{ SASL_LINE_MAX, BYTES("\r"), SASL_LINE_MORE },
		{ SASL_LINE_MAX, BYTES(""), SASL_LINE_MORE },
	};
	static const size_t chunks[] = { 997, 4096, SASL_LINE_MAX,
	    SASL_LINE_MAX + 1, 2 * SASL_LINE_MAX };
	static char buf[SASL_LINE_MAX + 16];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t len = rows[i].len + rows[i].tail_len;

		memset(buf, 'A', rows[i].len);
		memcpy(buf + rows[i].len, rows[i].tail, rows[i].tail_len);
		for (size_t k = 0; k < sizeof(chunks) / sizeof(chunks[0]);
		    k++) {
			size_t n = 0, used = 0;

			assert_int_equal(feed(buf, len, chunks[k], &n, &used),
			    rows[i].result);
			if (rows[i].result == SASL_LINE_DONE) {
				assert_int_equal(n, rows[i].len);
				assert_int_equal(used, len);
			}
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_plain_apart),
		cmocka_unit_test(allows_the_longest_names),
		cmocka_unit_test(decodes_lines_strictly),
		cmocka_unit_test(takes_login_in_two_lines),
		cmocka_unit_test(judges_text),
		cmocka_unit_test(finds_line_ends),
		cmocka_unit_test(bounds_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
