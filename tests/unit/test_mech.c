/* SASL mechanisms: which bytes make a name and a password, and which not. */
#include "unit.h"

#include "auth/mech.h"

struct bytes {
	const char	*p;
	size_t		 n;
};

/* A string literal with its NULs. */
#define B(s)	{ s, sizeof(s) - 1 }

static enum mech_result
give(struct mech_exchange *x, bool is_first, const struct bytes *b)
{
	/* A copy of exactly that size: a read beyond it is seen by ASan. */
	uint8_t *copy = malloc(b->n == 0 ? 1 : b->n);
	struct login_auth_bytes m = { copy, b->n };
	enum mech_result result;

	assert_non_null(copy);
	if (b->n != 0)
		memcpy(copy, b->p, b->n);
	result = is_first ? x->mech->start(x, &m) : x->mech->next(x, &m);
	free(copy);
	return result;
}

static const struct {
	struct bytes		 response;
	enum mech_result	 result;
	const char		*user, *pass;
} plain_cases[] = {
	{ B("\0joe\0pw"), MECH_CREDENTIALS, "joe", "pw" },
	/* T-A3 */
	{ B("joe\0joe\0pw"), MECH_CREDENTIALS, "joe", "pw" },
	{ B("bob\0joe\0pw"), MECH_AUTHZ, NULL, NULL },
	{ B("jo\0joe\0pw"), MECH_AUTHZ, NULL, NULL },
	{ B("Joe\0joe\0pw"), MECH_AUTHZ, NULL, NULL },
	{ B("joe\0joe\0p w "), MECH_CREDENTIALS, "joe", "p w " },
	{ B("\0jo e\0pw"), MECH_CREDENTIALS, "jo e", "pw" },
	{ B("\0j\xc3\xb6\0p\xc3\xa4x"), MECH_CREDENTIALS, "j\xc3\xb6",
	    "p\xc3\xa4x" },
	/* T-A5 */
	{ B(""), MECH_BAD, NULL, NULL },
	{ B("\0"), MECH_BAD, NULL, NULL },
	{ B("joe"), MECH_BAD, NULL, NULL },
	{ B("joe\0"), MECH_BAD, NULL, NULL },
	{ B("\0joe"), MECH_BAD, NULL, NULL },
	{ B("joe pw"), MECH_BAD, NULL, NULL },
	{ B("\0\0"), MECH_REFUSED, NULL, NULL },
	{ B("\0\0\0"), MECH_REFUSED, NULL, NULL },
	{ B("\0joe\0"), MECH_REFUSED, NULL, NULL },
	{ B("\0\0pw"), MECH_REFUSED, NULL, NULL },
	/* T-I1, T-I3, T-P15 */
	{ B("\0joe\0pw\r\nDELE 1"), MECH_REFUSED, NULL, NULL },
	{ B("\0joe\0pw\0tail"), MECH_REFUSED, NULL, NULL },
	{ B("\0joe\0pw\0"), MECH_REFUSED, NULL, NULL },
	{ B("\0joe\t\0pw"), MECH_REFUSED, NULL, NULL },
	{ B("\0joe\0p\tw"), MECH_REFUSED, NULL, NULL },
	{ B("\0joe\0p\x01w"), MECH_REFUSED, NULL, NULL },
	{ B("\0joe\0pw\n"), MECH_REFUSED, NULL, NULL },
	{ B("\0joe\0p\x7f"), MECH_REFUSED, NULL, NULL },
	/* T-A7 */
	{ B("\0\xc3\x28\0pw"), MECH_REFUSED, NULL, NULL },
	{ B("\0\xff\xfe\0pw"), MECH_REFUSED, NULL, NULL },
	{ B("\0\xed\xa0\x80\0pw"), MECH_REFUSED, NULL, NULL },
	{ B("\0joe\0\xff"), MECH_REFUSED, NULL, NULL },
};

static void
test_plain(void **state)
{
	(void)state;
	for (size_t i = 0; i < UNIT_LENGTH(plain_cases); i++)
		for (int is_first = 0; is_first <= 1; is_first++) {
			struct mech_exchange x = {
				.mech = mech_find("plain") };
			enum mech_result result;

			if (!is_first) {
				assert_int_equal(x.mech->start(&x, NULL),
				    MECH_CHALLENGE);
				assert_int_equal(x.challenge.len, 0);
			}
			result = give(&x, is_first, &plain_cases[i].response);
			if (result != plain_cases[i].result)
				fail_msg("case %zu: %d", i, (int)result);
			if (result == MECH_REFUSED)
				assert_non_null(x.reason);
			if (result != MECH_CREDENTIALS)
				continue;
			assert_string_equal(x.user, plain_cases[i].user);
			assert_string_equal(x.pass, plain_cases[i].pass);
		}
}

/* T-A1: 255 and 1,024 bytes do, one more does not. */
static void
test_plain_lengths(void **state)
{
	static const struct {
		size_t			 ulen, plen;
		enum mech_result	 result;
	} rows[] = {
		{ 255, 255, MECH_CREDENTIALS }, { 255, 1024, MECH_CREDENTIALS },
		{ 256, 255, MECH_REFUSED }, { 255, 1025, MECH_REFUSED },
		{ 1024, 1024, MECH_REFUSED }, { 1, 7000, MECH_REFUSED },
	};
	char text[9000];

	(void)state;
	for (size_t i = 0; i < UNIT_LENGTH(rows); i++) {
		struct bytes b = { text, rows[i].ulen + rows[i].plen + 2 };
		struct mech_exchange x = { .mech = mech_find("PLAIN") };

		memset(text, 'x', sizeof(text));
		text[0] = text[1 + rows[i].ulen] = '\0';
		assert_int_equal(give(&x, true, &b), rows[i].result);
	}
}

static void
prompt_is(const struct mech_exchange *x, const char *want)
{
	assert_int_equal(x->challenge.len, strlen(want));
	assert_memory_equal(x->challenge.data, want, strlen(want));
}

static const struct {
	struct bytes		 user, pass;
	enum mech_result	 result;
} login_cases[] = {
	{ B("joe"), B("pw"), MECH_CREDENTIALS },
	{ B(""), B("pw"), MECH_REFUSED },
	{ B("joe"), B(""), MECH_REFUSED },
	{ B("joe\0x"), B("pw"), MECH_REFUSED },
	{ B("joe"), B("pw\0tail"), MECH_REFUSED },
	{ B("joe"), B("pw\r\n"), MECH_REFUSED },
	{ B("\xff\xfe"), B("pw"), MECH_REFUSED },
	{ B("joe"), B("\xc3\x28"), MECH_REFUSED },
};

/* The prompts are the same whatever the name was. */
static void
test_login(void **state)
{
	(void)state;
	for (size_t i = 0; i < UNIT_LENGTH(login_cases); i++)
		for (int is_first = 0; is_first <= 1; is_first++) {
			struct mech_exchange x = {
				.mech = mech_find("login") };

			if (!is_first) {
				assert_int_equal(x.mech->start(&x, NULL),
				    MECH_CHALLENGE);
				prompt_is(&x, "Username:");
			}
			assert_int_equal(give(&x, is_first,
			    &login_cases[i].user), MECH_CHALLENGE);
			prompt_is(&x, "Password:");
			assert_int_equal(give(&x, false,
			    &login_cases[i].pass), login_cases[i].result);
			if (login_cases[i].result != MECH_CREDENTIALS)
				continue;
			assert_string_equal(x.user, "joe");
			assert_string_equal(x.pass, "pw");
		}
}

static void
test_table(void **state)
{
	static const char *const none[] = { "", "PLAI", "PLAINX", "GSSAPI",
	    "CRAM-MD5", "ANONYMOUS", "XOAUTH", "SCRAM-SHA-256-PLUS" };

	(void)state;
	assert_string_equal(mech_find("PLAIN")->name, "PLAIN");
	assert_string_equal(mech_find("LoGin")->name, "LOGIN");
	for (size_t i = 0; i < UNIT_LENGTH(none); i++)
		assert_null(mech_find(none[i]));
}

static void
test_clear(void **state)
{
	struct mech_exchange x = { .mech = mech_find("PLAIN") };
	static const struct bytes b = B("\0joe\0secret");

	(void)state;
	assert_int_equal(give(&x, true, &b), MECH_CREDENTIALS);
	mech_exchange_clear(&x);
	for (size_t i = 0; i < sizeof(x.pass); i++)
		assert_int_equal(x.pass[i], 0);
	assert_string_equal(x.user, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_plain_lengths),
		cmocka_unit_test(test_login),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_clear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
