/* imap_quote: what is written reads back the same, by a reader of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "imap-login/imap_quote.h"

#define BYTES(s)	(s), sizeof(s) - 1

static void
chooses_the_form(void **state)
{
	static const struct {
		const char	*text;
		size_t		 len;
		enum imap_quote	 kind;
	} rows[] = {
		{ BYTES(""), IMAP_QUOTE_STRING },
		{ BYTES("joe"), IMAP_QUOTE_STRING },
		{ BYTES(" ~\"\\{3}"), IMAP_QUOTE_STRING },
		{ BYTES("p\xc3\xa4x"), IMAP_QUOTE_LITERAL },
		{ BYTES("\xff"), IMAP_QUOTE_LITERAL },
		{ BYTES("p\r\nZ NOOP"), IMAP_QUOTE_REFUSED },
		{ BYTES("p\0w"), IMAP_QUOTE_REFUSED },
		{ BYTES("\xc3\xa4\n"), IMAP_QUOTE_REFUSED },
		{ BYTES("p\tw"), IMAP_QUOTE_REFUSED },
		{ BYTES("p\x7fw"), IMAP_QUOTE_REFUSED },
	};
	char dst[32];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ssize_t n = imap_quote_put(dst, sizeof(dst), rows[i].text,
		    rows[i].len);

		assert_int_equal(imap_quote_kind(rows[i].text, rows[i].len),
		    rows[i].kind);
		assert_int_equal(n != -1, rows[i].kind == IMAP_QUOTE_STRING);
	}
}

static void
writes_strings(void **state)
{
	static const struct {
		const char	*text, *want;
	} rows[] = {
		{ "", "\"\"" }, { "joe", "\"joe\"" },
		{ "te\\\"st@example.com", "\"te\\\\\\\"st@example.com\"" },
		{ "\\", "\"\\\\\"" }, { "a  b ", "\"a  b \"" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t n = strlen(rows[i].want), k = strlen(rows[i].text);
		/* Exactly as large, so that ASan sees each overrun. */
		char *dst = malloc(n);

		assert_int_equal(imap_quote_put(dst, n, rows[i].text, k), n);
		assert_memory_equal(dst, rows[i].want, n);
		for (size_t size = 0; size < n; size++)
			assert_int_equal(imap_quote_put(dst, size,
			    rows[i].text, k), -1);
		assert_true(n <= IMAP_QUOTE_SIZE(k));
		free(dst);
	}
}

static void
writes_literals(void **state)
{
	char dst[IMAP_QUOTE_LITERAL_SIZE];

	(void)state;
	assert_int_equal(imap_quote_literal_put(dst, sizeof(dst), 4, false), 5);
	assert_memory_equal(dst, "{4}\r\n", 5);
	assert_int_equal(imap_quote_literal_put(dst, 7, 10, true), 7);
	assert_memory_equal(dst, "{10+}\r\n", 7);
	assert_int_equal(imap_quote_literal_put(dst, 6, 10, true), -1);
	assert_int_equal(imap_quote_literal_put(dst, sizeof(dst), SIZE_MAX,
	    true), IMAP_QUOTE_LITERAL_SIZE - 1);
}

/*
 * RFC 3501's quoted and literal, read as strictly as they are defined: moves
 * *in behind the string, puts its bytes into out, returns how many, -1 when
 * it is neither.
 */
static ssize_t
strict_read(const unsigned char **in, const unsigned char *end,
    unsigned char *out)
{
	const unsigned char *p = *in;
	size_t n = 0, k = 0;

	if (p < end && *p == '"') {
		for (p++; p < end && *p != '"'; p++) {
			if (*p == '\\' && (++p == end ||
			    (*p != '"' && *p != '\\')))
				return -1;
			if (*p == '\r' || *p == '\n' || *p < 1 || *p > 127)
				return -1;
			out[n++] = *p;
		}
		*in = p + 1;
		return p < end ? (ssize_t)n : -1;
	}
	if (p == end || *p++ != '{')
		return -1;
	while (p < end && *p >= '0' && *p <= '9')
		k = k * 10 + (size_t)(*p++ - '0');
	if (p < end && *p == '+')
		p++;
	if (end - p < 3 || memcmp(p, "}\r\n", 3) != 0)
		return -1;
	p += 3;
	if ((size_t)(end - p) < k)
		return -1;
	memcpy(out, p, k);
	*in = p + k;
	return (ssize_t)k;
}

/* Writes one argument in the form that it needs; its length. */
static size_t
put(char *dst, size_t size, const char *text, size_t len)
{
	ssize_t n;

	if (imap_quote_kind(text, len) == IMAP_QUOTE_STRING) {
		n = imap_quote_put(dst, size, text, len);
		assert_true(n > 0);
		return (size_t)n;
	}
	n = imap_quote_literal_put(dst, size, len, true);
	assert_true(n > 0);
	memcpy(dst + n, text, len);
	return (size_t)n + len;
}

static void
reads_back_the_same(void **state)
{
	static const char alphabet[] = "a\"\\ {}+3%\xc3\xa4\xff(";
	static char line[8192];
	uint32_t seed = 1;
	char text[2][64];
	size_t len[2];
	unsigned char back[64];

	(void)state;
	for (int round = 0; round < 200000; round++) {
		size_t n = 0;
		const unsigned char *p, *end;

		for (int i = 0; i < 2; i++) {
			seed = seed * 1664525 + 1013904223;
			len[i] = seed >> 8 & 7;
			for (size_t k = 0; k < len[i]; k++) {
				seed = seed * 1664525 + 1013904223;
				text[i][k] = alphabet[(seed >> 16) %
				    (sizeof(alphabet) - 1)];
			}
			n += put(line + n, sizeof(line) - n, text[i], len[i]);
			line[n++] = i == 0 ? ' ' : '\r';
		}
		line[n++] = '\n';
		p = (const unsigned char *)line;
		end = p + n;
		for (int i = 0; i < 2; i++) {
			assert_int_equal(strict_read(&p, end, back), len[i]);
			assert_memory_equal(back, text[i], len[i]);
			assert_int_equal(*p++, i == 0 ? ' ' : '\r');
		}
		assert_ptr_equal(p + 1, end);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chooses_the_form),
		cmocka_unit_test(writes_strings),
		cmocka_unit_test(writes_literals),
		cmocka_unit_test(reads_back_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
