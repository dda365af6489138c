/* identity: each word's values at their limits, and what is forwarded. */
#include "unit.h"

#include "login-common/identity.h"

#define ID_MAX	LOGIN_AUTH_SESSION_MAX

static struct identity id;

static bool
takes(enum identity_word word, const char *value)
{
	identity_init(&id);
	identity_set(&id, word, value, strlen(value));
	assert_true(id.has[word]);
	return !id.is_bad;
}

static void
test_values(void **state)
{
	static const struct {
		enum identity_word	 word;
		const char		*good[4], *bad[9];
	} rows[] = {
		{ IDENTITY_RIP, { "1.2.3.4", "::1", "::ffff:1.2.3.4" },
		  { "", "1.2.3", "host", "[::1]", "::1%lo", " 1.2.3.4",
		    "1.2.3.4 ", "IPV6:::1", "1.2.3.4/8" } },
		{ IDENTITY_LIP, { "1.2.3.4" }, { "unknown", "" } },
		{ IDENTITY_RPORT, { "0", "65535" },
		  { "", "65536", "-1", "+1", "1 ", "0x1", "99999999999999" } },
		{ IDENTITY_LPORT, { "143" }, { "imap" } },
		{ IDENTITY_TTL, { "0", "1", "255" }, { "", "256", "-1", "a" } },
		{ IDENTITY_SESSION, { "a", "Ab+/=_.:-09" },
		  { "", "a b", "a\"b", "<a>", "a\\b", "\xc3\xa4", "a\tb" } },
		{ IDENTITY_TRANSPORT, { "TLS", "insecure", "Insecure" },
		  { "", "TLS1", "no", "secure" } },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LENGTH(rows); i++) {
		for (size_t k = 0; k < 4 && rows[i].good[k] != NULL; k++)
			assert_true(takes(rows[i].word, rows[i].good[k]));
		for (size_t k = 0; k < 9 && rows[i].bad[k] != NULL; k++)
			assert_false(takes(rows[i].word, rows[i].bad[k]));
	}
	assert_true(takes(IDENTITY_TRANSPORT, "tls"));
	assert_true(id.is_tls);
	assert_true(takes(IDENTITY_TRANSPORT, "insecure"));
	assert_false(id.is_tls);
}

static void
test_session(void **state)
{
	char text[ID_MAX + 2];

	(void)state;
	memset(text, 'x', sizeof(text));
	text[ID_MAX + 1] = '\0';
	assert_false(takes(IDENTITY_SESSION, text));
	text[ID_MAX] = '\0';
	assert_true(takes(IDENTITY_SESSION, text));
	assert_string_equal(id.session, text);
	identity_init(&id);
	identity_set(&id, IDENTITY_SESSION, "a\0b", 3);
	assert_true(id.is_bad);
}

/* Names are found in both protocols, whatever their case. */
static void
test_words(void **state)
{
	const char *name;

	(void)state;
	for (int i = 0; i < IDENTITY_WORDS; i++) {
		enum identity_word word = (enum identity_word)i;

		name = identity_imap_name(word);
		assert_int_equal(identity_imap_word(name, strlen(name)), i);
		name = identity_pop3_name(word);
		assert_int_equal(identity_pop3_word(name, strlen(name)), i);
	}
	assert_int_equal(identity_imap_word("X-Session-Ext-ID", 16),
	    IDENTITY_SESSION);
	assert_int_equal(identity_imap_word("name", 4), IDENTITY_NONE);
	assert_int_equal(identity_imap_word("", 0), IDENTITY_NONE);
	assert_int_equal(identity_pop3_word("addr", 4), IDENTITY_RIP);
	assert_int_equal(identity_pop3_word("HELO", 4), IDENTITY_NONE);
	identity_init(&id);
	identity_set(&id, IDENTITY_NONE, "x", 1);
	assert_false(id.is_bad);
}

static void
test_twice(void **state)
{
	(void)state;
	assert_true(takes(IDENTITY_TTL, "3"));
	identity_set(&id, IDENTITY_TTL, "3", 1);
	assert_true(id.is_bad);
}

static bool
takes_all(const char *b64)
{
	identity_init(&id);
	identity_forward_all(&id, b64, strlen(b64));
	return !id.is_bad;
}

static void
test_forward(void **state)
{
	char b64[2 * LOGIN_AUTH_FORWARD_MAX * 4 / 3 + 9];

	(void)state;
	assert_true(takes_all(""));
	assert_int_equal(id.forward.len, 0);
	assert_true(takes_all("YT0xCWI9Mg=="));	/* a=1, tab, b=2 */
	assert_int_equal(id.forward.len, 8);
	assert_memory_equal(id.forward.pairs, "a=1\0b=2\0", 8);
	assert_true(takes_all("YT0="));		/* a= */
	assert_false(takes_all("YQ=="));	/* a */
	assert_false(takes_all("PTE="));	/* =1 */
	assert_false(takes_all("YT0BMQ=="));	/* a=, ^A, 1: escaped */
	assert_false(takes_all("YT0x\r\n"));
	assert_false(takes_all("YT0"));
	assert_false(takes_all("*"));
	memset(b64, 'Y', sizeof(b64));
	memcpy(b64, "YT1h", 4);
	b64[sizeof(b64) - 1] = '\0';
	assert_false(takes_all(b64));
	identity_init(&id);
	identity_forward(&id, "Name", 4, "v", 1);
	assert_false(id.is_bad);
	assert_memory_equal(id.forward.pairs, "name=v", 7);
	identity_forward(&id, "n n", 3, "v", 1);
	assert_true(id.is_bad);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_session),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_twice),
		cmocka_unit_test(test_forward),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
