/* foreign: which first words close a connection. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "login-common/foreign.h"

static void
knows_other_protocols(void **state)
{
	static const struct {
		const char	*word;
		char		 next;
		bool		 is_foreign;
	} rows[] = {
		{ "GET", ' ', true }, { "POST", ' ', true },
		{ "HEAD", ' ', true }, { "PUT", ' ', true },
		{ "CONNECT", ' ', true }, { "OPTIONS", ' ', true },
		{ "PRI", ' ', true }, { "DELETE", ' ', true },
		{ "GET", '\r', false }, { "get", ' ', false },
		{ "GETS", ' ', false }, { "GE", ' ', false },
		{ "", ' ', false },
		{ "SSH-2.0-OpenSSH_9.2", ' ', true }, { "SSH-", '\r', true },
		{ "SSH", '-', true }, { "SSH", ' ', false },
		{ "ssh-2.0", ' ', false }, { "SS", '-', false },
		{ "XSSH-", ' ', false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (foreign_is_word(rows[i].word, strlen(rows[i].word),
		    (unsigned char)rows[i].next) != rows[i].is_foreign)
			fail_msg("wrong: %s", rows[i].word);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_other_protocols),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
