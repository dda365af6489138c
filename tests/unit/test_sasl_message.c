/* sasl_message: names and tokens in the first messages of mechanisms. */
#include "unit.h"

#include "ipc/login_auth.h"
#include "ipc/sasl_message.h"

struct bytes {
	const char	*p;
	size_t		 n;
};

#define B(s)	{ s, sizeof(s) - 1 }
#define PAIR	"\1auth=Bearer tok\1\1"

static const struct {
	bool		 is_xoauth2;
	struct bytes	 message;
	const char	*user, *token;	/* NULL: it is none */
} messages[] = {
	{ false, B("n,a=joe," PAIR), "joe", "tok" },
	{ false, B("y,a=joe," PAIR), "joe", "tok" },
	{ false, B("n,," PAIR), "", "tok" },
	{ false, B("n,a=j=2Co=3De," PAIR), "j,o=e", "tok" },
	{ false, B("n,a=joe,\1host=h\1port=143\1auth=bearer tok\1\1"),
	    "joe", "tok" },
	{ false, B("n,a=joe,\1auth=Bearer tok\1host=h\1\1"), "joe", "tok" },
	{ false, B("n,a=joe,\1AUTH=BEARER a.b-c_~+/==\1\1"), "joe",
	    "a.b-c_~+/==" },
	{ true, B("user=joe" PAIR), "joe", "tok" },
	{ true, B("user=j,o=e" PAIR), "j,o=e", "tok" },
	{ true, B("auth=Bearer tok\1user=joe\1\1"), "joe", "tok" },
	{ true, B("user=j\xc3\xb6" PAIR), "j\xc3\xb6", "tok" },
	/* The other one's form. */
	{ true, B("n,a=joe," PAIR), NULL, NULL },
	{ false, B("user=joe" PAIR), NULL, NULL },
	/* No token, or none that can be one. */
	{ false, B("n,a=joe,\1\1"), NULL, NULL },
	{ false, B("n,a=joe,\1host=h\1\1"), NULL, NULL },
	{ false, B("n,a=joe,\1auth=\1\1"), NULL, NULL },
	{ false, B("n,a=joe,\1auth=Bearer\1\1"), NULL, NULL },
	{ false, B("n,a=joe,\1auth=Bearer \1\1"), NULL, NULL },
	{ false, B("n,a=joe,\1auth=Basic tok\1\1"), NULL, NULL },
	{ false, B("n,a=joe,\1auth=Bearer  tok\1\1"), NULL, NULL },
	{ false, B("n,a=joe,\1auth=Bearer t k\1\1"), NULL, NULL },
	{ false, B("n,a=joe,\1auth=Bearer t\xc3\xb6k\1\1"), NULL, NULL },
	{ false, B("n,a=joe,\1auth=Bearer tok\1auth=Bearer two\1\1"), NULL,
	    NULL },
	{ true, B("user=joe\1user=bob" PAIR), NULL, NULL },
	{ true, B("user=" PAIR), NULL, NULL },
	/* Separators: missing, too many, or others. */
	{ false, B("n,a=joe," "auth=Bearer tok\1\1"), NULL, NULL },
	{ false, B("n,a=joe,\1auth=Bearer tok\1"), NULL, NULL },
	{ false, B("n,a=joe,\1auth=Bearer tok"), NULL, NULL },
	{ false, B("n,a=joe,\1auth=Bearer tok\1\1\1"), NULL, NULL },
	{ false, B("n,a=joe,\1auth=Bearer tok\1\1x"), NULL, NULL },
	{ false, B("n,a=joe,\1\1auth=Bearer tok\1\1"), NULL, NULL },
	{ false, B("n,a=joe,\1auth=Bearer tok\r\n\1\1"), NULL, NULL },
	{ false, B("n,a=joe,\1auth=Bearer tok\0x\1\1"), NULL, NULL },
	{ false, B("n,a=joe,\1host=a\tb" PAIR), NULL, NULL },
	{ false, B("n,a=joe,\1host" PAIR), NULL, NULL },
	{ false, B("n,a=joe,\1=h" PAIR), NULL, NULL },
	{ false, B("n,a=joe,\1ho st=h" PAIR), NULL, NULL },
	{ false, B("n,a=joe,\1h\xff=h" PAIR), NULL, NULL },
	{ false, B("n,a=joe,\1host=\xff" PAIR), NULL, NULL },
	/* Headers. */
	{ false, B("p=tls-unique,a=joe," PAIR), NULL, NULL },
	{ false, B("n,a=," PAIR), NULL, NULL },
	{ false, B("n,a=j=2coe," PAIR), NULL, NULL },
	{ false, B("n,a=joe" PAIR), NULL, NULL },
	{ false, B("n,b=joe," PAIR), NULL, NULL },
	{ false, B("n,a=j\0oe," PAIR), NULL, NULL },
	{ false, B("n"), NULL, NULL },
	{ false, B(""), NULL, NULL },
	{ true, B(""), NULL, NULL },
	{ false, B("\1"), NULL, NULL },
	{ true, B("\1"), NULL, NULL },
};

/* A copy of exactly that size: a read beyond it is seen by ASan. */
static char *
copy(const struct bytes *b)
{
	char *p = malloc(b->n == 0 ? 1 : b->n);

	assert_non_null(p);
	if (b->n != 0)
		memcpy(p, b->p, b->n);
	return p;
}

static void
test_tokens(void **state)
{
	(void)state;
	for (size_t i = 0; i < UNIT_LENGTH(messages); i++) {
		const struct bytes *b = &messages[i].message;
		char *p = copy(b);
		struct sasl_token t;
		int result = sasl_token_get(&t, messages[i].is_xoauth2, p,
		    b->n);

		if (result != (messages[i].user == NULL ? -1 : 0))
			fail_msg("message %zu: %d", i, result);
		if (result == 0) {
			assert_string_equal(t.user, messages[i].user);
			assert_int_equal(t.len, strlen(messages[i].token));
			assert_memory_equal(t.token, messages[i].token, t.len);
		}
		/* No part of a message is one. */
		for (size_t k = 0; result == 0 && k < b->n; k++)
			assert_int_equal(sasl_token_get(&t,
			    messages[i].is_xoauth2, p, k), -1);
		free(p);
	}
}

static char token[SASL_TOKEN_MAX + 2];
static char out[SASL_TOKEN_MESSAGE_MAX];

/* What is made is understood, whoever the user and however long the token. */
static void
test_put(void **state)
{
	char name[LOGIN_AUTH_USER_MAX + 1];
	struct sasl_token t;
	size_t n;

	(void)state;
	memset(token, 'x', sizeof(token) - 1);
	memset(name, ',', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	name[100] = '=';
	for (int is_xoauth2 = 0; is_xoauth2 <= 1; is_xoauth2++) {
		n = sasl_token_put(out, is_xoauth2, name, token,
		    SASL_TOKEN_MAX);
		assert_true(n > SASL_TOKEN_MAX && n <= sizeof(out));
		assert_true(n <= LOGIN_AUTH_RESPONSE_MAX);
		assert_int_equal(sasl_token_get(&t, is_xoauth2, out, n), 0);
		assert_string_equal(t.user, name);
		assert_int_equal(t.len, SASL_TOKEN_MAX);
		assert_int_equal(sasl_token_put(out, is_xoauth2, name, token,
		    SASL_TOKEN_MAX + 1), 0);
		assert_int_equal(sasl_token_put(out, is_xoauth2, "joe", "", 0),
		    0);
		assert_int_equal(sasl_token_put(out, is_xoauth2, "joe", "a\1b",
		    3), 0);
		assert_int_equal(sasl_token_put(out, is_xoauth2, "joe", "a b",
		    3), 0);
	}
}

/* One byte longer than a token may be; one pair more than there may be. */
static void
test_limits(void **state)
{
	struct sasl_token t;
	size_t n;

	(void)state;
	memset(token, 'x', sizeof(token) - 1);
	for (int more = 0; more <= 1; more++) {
		static char text[SASL_TOKEN_MAX + 64];

		n = (size_t)snprintf(text, sizeof(text),
		    "n,a=joe,\1auth=Bearer %.*s\1\1", SASL_TOKEN_MAX + more,
		    token);
		assert_int_equal(sasl_token_get(&t, false, text, n), -more);
		n = (size_t)snprintf(text, sizeof(text),
		    "n,a=joe,\1auth=Bearer tok\1");
		for (int i = 1; i < SASL_PAIRS_MAX + more; i++)
			n += (size_t)snprintf(text + n, sizeof(text) - n,
			    "a=b\1");
		text[n++] = '\1';
		assert_int_equal(sasl_token_get(&t, false, text, n), -more);
		n = (size_t)snprintf(text, sizeof(text),
		    "user=%.*s\1auth=Bearer tok\1\1",
		    LOGIN_AUTH_USER_MAX + more, token);
		assert_int_equal(sasl_token_get(&t, true, text, n), -more);
	}
}

static void
test_names(void **state)
{
	static const struct {
		const char	*mech;
		struct bytes	 message;
		const char	*name;
	} rows[] = {
		{ "PLAIN", B("\0joe\0pw"), "joe" },
		{ "PLAIN", B("boss\0joe\0pw"), "boss" },
		{ "PLAIN", B("joe"), "joe" },
		{ "PLAIN", B("\0"), "" },
		{ "PLAIN", B(""), "" },
		{ "LOGIN", B("joe"), "joe" },
		{ "OAUTHBEARER", B("n,a=joe," PAIR), "joe" },
		{ "OAUTHBEARER", B("n,a=joe,"), "" },
		{ "XOAUTH2", B("user=joe" PAIR), "joe" },
		{ "SCRAM-SHA-256", B("n,,n=j=2Coe,r=abc"), "j,oe" },
		{ "SCRAM-SHA-1", B("y,a=x,n=joe"), "joe" },
		{ "SCRAM-SHA-1", B("n,,r=abc"), "" },
		{ "SCRAM-SHA-1", B("n,,n="), "" },
		{ "SCRAM-SHA-1", B(""), "" },
		{ "EXTERNAL", B(""), "" },
	};
	char name[LOGIN_AUTH_USER_MAX + 1];

	(void)state;
	for (size_t i = 0; i < UNIT_LENGTH(rows); i++) {
		char *p = copy(&rows[i].message);

		sasl_message_name(rows[i].mech, p, rows[i].message.n, name);
		assert_string_equal(name, rows[i].name);
		free(p);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tokens),
		cmocka_unit_test(test_put),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
