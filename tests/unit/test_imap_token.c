/* imap_token: the meaning of tokens, and of the fields of ID. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "imap-login/imap_token.h"

static void
copies_tokens(void **state)
{
	static const char buf[] = "joe\"a\\\"b\\\\\"";
	static const struct imap_token atom = { IMAP_ATOM, 0, 3 };
	static const struct imap_token quoted = { IMAP_QUOTED, 4, 6 };
	static const struct imap_token literal = { IMAP_LITERAL, 4, 6 };
	static const struct imap_token list = { IMAP_LIST, 0, 2 };
	static const struct imap_token nil = { IMAP_NIL, 0, 3 };
	struct imap_token key, value;
	uint32_t pos = 0;
	char dst[8];

	(void)state;
	assert_int_equal(imap_token_text(&atom, buf, dst, 4), 3);
	assert_string_equal(dst, "joe");
	assert_int_equal(imap_token_text(&atom, buf, dst, 3), -1);
	assert_int_equal(imap_token_text(&quoted, buf, dst, 5), 4);
	assert_string_equal(dst, "a\"b\\");
	assert_int_equal(imap_token_text(&quoted, buf, dst, 4), -1);
	assert_int_equal(imap_token_text(&literal, buf, dst, 7), 6);
	assert_string_equal(dst, "a\\\"b\\\\");
	assert_int_equal(imap_token_text(&list, buf, dst, 8), -1);
	assert_int_equal(imap_token_text(&nil, buf, dst, 8), -1);
	assert_false(imap_token_is(&atom, buf, "jo"));
	assert_false(imap_token_is(&atom, buf, "joey"));
	assert_true(imap_token_is(&atom, buf, "JOE"));
	assert_false(imap_id_next(&atom, buf, &pos, &key, &value));
}

static void
walks_through_id(void **state)
{
	static const char buf[] = "(\"k\\\"\" NIL {2+}\r\n() \"\")";
	struct imap_token list = { IMAP_LIST, 0, sizeof(buf) - 1 };
	struct imap_token key, value;
	uint32_t pos = 0;
	char dst[8];

	(void)state;
	assert_true(imap_id_next(&list, buf, &pos, &key, &value));
	assert_int_equal(imap_token_text(&key, buf, dst, 3), 2);
	assert_string_equal(dst, "k\"");
	assert_int_equal(value.kind, IMAP_NIL);
	assert_true(imap_id_next(&list, buf, &pos, &key, &value));
	assert_int_equal(key.kind, IMAP_LITERAL);
	assert_int_equal(imap_token_text(&key, buf, dst, 3), 2);
	assert_string_equal(dst, "()");
	assert_int_equal(imap_token_text(&value, buf, dst, 1), 0);
	assert_string_equal(dst, "");
	assert_false(imap_id_next(&list, buf, &pos, &key, &value));
	assert_false(imap_id_next(&list, buf, &pos, &key, &value));
	list.len = 2;
	pos = 0;
	assert_false(imap_id_next(&list, "()", &pos, &key, &value));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copies_tokens),
		cmocka_unit_test(walks_through_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
