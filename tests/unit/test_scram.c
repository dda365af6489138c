/* scram: the vectors of the RFCs, and every message that is not one. */
#include "unit.h"

#include "auth/scram.h"
#include "lib/password.h"
#include "scram_client.h"

#define SALT256	"W22ZaJ0SNY7soEsUEjb6gQ=="
#define NONCE	"rOprNGfwEbeRWgbNEkqO"
#define OWN	"%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"

static enum scram_result
begin(struct scram *s, const char *text, struct scram_names *names)
{
	memset(s, 0, sizeof(*s));
	s->digest = DIGEST_SHA256;
	return scram_begin(s, text, strlen(text), names);
}

static const struct {
	enum digest_kind	 digest;
	const char		*salt, *nonce, *own, *proof, *server;
} vectors[] = {
	/* RFC 7677, 3 */
	{ DIGEST_SHA256, SALT256, NONCE, OWN,
	  "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
	  "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=" },
	/* RFC 5802, 5 */
	{ DIGEST_SHA1, "QSXCR+Q6sek8bf92", "fyko+d2lbbFgONRv9qkxdawL",
	  "3rfcNHYJY1ZVvWVs7j", "v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
	  "rmF9pqV8S7suAoZWja4dJRkFsKQ=" },
};

static void
test_vectors(void **state)
{
	(void)state;
	for (size_t i = 0; i < UNIT_LENGTH(vectors); i++) {
		char hash[512], text[512];
		struct scram s = { .digest = vectors[i].digest };
		struct scram_names names;

		scram_hash(hash, sizeof(hash), vectors[i].digest, "pencil",
		    vectors[i].salt, 4096);
		assert_int_equal(password_scram_get(&s.keys,
		    vectors[i].digest, hash), 0);
		assert_true(s.keys.has_keys);
		(void)snprintf(text, sizeof(text), "n,,n=user,r=%s",
		    vectors[i].nonce);
		assert_int_equal(scram_begin(&s, text, strlen(text), &names),
		    SCRAM_OK);
		assert_string_equal(names.user, "user");
		assert_string_equal(names.authzid, "");
		scram_challenge(&s, vectors[i].own);
		(void)snprintf(text, sizeof(text), "r=%s%s,s=%s,i=4096",
		    vectors[i].nonce, vectors[i].own, vectors[i].salt);
		assert_string_equal(s.text, text);
		assert_int_equal(s.text_len, strlen(text));
		(void)snprintf(text, sizeof(text), "c=biws,r=%s%s,p=%s",
		    vectors[i].nonce, vectors[i].own, vectors[i].proof);
		assert_int_equal(scram_end(&s, text, strlen(text)), SCRAM_OK);
		assert_memory_equal(s.text, "v=", 2);
		assert_string_equal(s.text + 2, vectors[i].server);
		assert_true(s.is_over);
	}
}

static const struct {
	const char		*text;
	enum scram_result	 result;
	const char		*user, *authzid;
} firsts[] = {
	{ "n,,n=joe,r=abc", SCRAM_OK, "joe", "" },
	{ "y,,n=joe,r=abc", SCRAM_OK, "joe", "" },
	{ "n,a=joe,n=joe,r=abc", SCRAM_OK, "joe", "joe" },
	{ "n,a=boss,n=joe,r=abc", SCRAM_OK, "joe", "boss" },
	{ "n,,n=j=2Coe=3D,r=abc", SCRAM_OK, "j,oe=", "" },
	{ "n,,n=joe,r=abc,x=of later", SCRAM_OK, "joe", "" },
	{ "n,,n=j\xc3\xb6,r=~!#+-", SCRAM_OK, "j\xc3\xb6", "" },
	/* Channel binding, which is not offered. */
	{ "p=tls-exporter,,n=joe,r=abc", SCRAM_BAD, NULL, NULL },
	{ "p=,,n=joe,r=abc", SCRAM_BAD, NULL, NULL },
	{ "", SCRAM_BAD, NULL, NULL },
	{ "n", SCRAM_BAD, NULL, NULL },
	{ "n,", SCRAM_BAD, NULL, NULL },
	{ "n,,", SCRAM_BAD, NULL, NULL },
	{ "N,,n=joe,r=abc", SCRAM_BAD, NULL, NULL },
	{ "x,,n=joe,r=abc", SCRAM_BAD, NULL, NULL },
	{ "n,joe,n=joe,r=abc", SCRAM_BAD, NULL, NULL },
	{ "n,a=,n=joe,r=abc", SCRAM_BAD, NULL, NULL },
	{ "n,a=j=oe,n=joe,r=abc", SCRAM_BAD, NULL, NULL },
	{ "n,,m=x,n=joe,r=abc", SCRAM_BAD, NULL, NULL },
	{ "n,,r=abc,n=joe", SCRAM_BAD, NULL, NULL },
	{ "n,,n=,r=abc", SCRAM_BAD, NULL, NULL },
	{ "n,,n=joe,r=", SCRAM_BAD, NULL, NULL },
	{ "n,,n=joe", SCRAM_BAD, NULL, NULL },
	{ "n,,n=joe,", SCRAM_BAD, NULL, NULL },
	{ "n,,n=jo=2coe,r=abc", SCRAM_BAD, NULL, NULL },
	{ "n,,n=joe=,r=abc", SCRAM_BAD, NULL, NULL },
	{ "n,,n=joe=2,r=abc", SCRAM_BAD, NULL, NULL },
	{ "n,,n=joe,r=a b", SCRAM_BAD, NULL, NULL },
	{ "n,,n=joe,r=\xc3\xb6", SCRAM_BAD, NULL, NULL },
	{ "n,,n=j\toe,r=abc", SCRAM_BAD, NULL, NULL },
	{ "n,,n=joe\r\n,r=abc", SCRAM_BAD, NULL, NULL },
	{ "n,,n=\xff,r=abc", SCRAM_BAD, NULL, NULL },
	{ "n,,N=joe,R=abc", SCRAM_BAD, NULL, NULL },
	{ "n,, n=joe,r=abc", SCRAM_BAD, NULL, NULL },
};

static void
test_first(void **state)
{
	struct scram_names names;
	struct scram s;

	(void)state;
	for (size_t i = 0; i < UNIT_LENGTH(firsts); i++) {
		enum scram_result result = begin(&s, firsts[i].text, &names);

		if (result != firsts[i].result)
			fail_msg("%s: %d", firsts[i].text, (int)result);
		if (result != SCRAM_OK)
			continue;
		assert_string_equal(names.user, firsts[i].user);
		assert_string_equal(names.authzid, firsts[i].authzid);
	}
	assert_int_equal(scram_begin(&s, "n,,n=j\0e,r=abc", 14, &names),
	    SCRAM_BAD);
}

/* Names, nonces and messages at their limits, and one byte longer. */
static void
test_first_limits(void **state)
{
	static char text[SCRAM_FIRST_MAX + 64], run[SCRAM_FIRST_MAX];
	struct scram_names names;
	struct scram s;
	int n;

	(void)state;
	memset(run, 'x', sizeof(run));
	for (int more = 0; more <= 1; more++) {
		(void)snprintf(text, sizeof(text), "n,,n=%.*s,r=%.*s",
		    LOGIN_AUTH_USER_MAX + more, run, 10, run);
		assert_int_equal(begin(&s, text, &names),
		    more ? SCRAM_BAD : SCRAM_OK);
		(void)snprintf(text, sizeof(text), "n,,n=joe,r=%.*s",
		    SCRAM_NONCE_MAX + more, run);
		assert_int_equal(begin(&s, text, &names),
		    more ? SCRAM_BAD : SCRAM_OK);
		n = snprintf(text, sizeof(text), "n,,n=joe,r=abc,x=");
		(void)snprintf(text + n, sizeof(text) - (size_t)n, "%.*s",
		    SCRAM_FIRST_MAX + more - n, run);
		assert_int_equal(strlen(text), SCRAM_FIRST_MAX + more);
		assert_int_equal(begin(&s, text, &names),
		    more ? SCRAM_BAD : SCRAM_OK);
	}
}

/* An exchange up to the client's last message. */
static void
ready(struct scram *s, struct scram_client *c, const char *header)
{
	struct scram_names names;
	char hash[512];

	memset(c, 0, sizeof(*c));
	c->digest = DIGEST_SHA256;
	c->pass = "pencil";
	c->header = header;
	scram_client_begin(c, "joe", "abc");
	assert_int_equal(begin(s, c->first, &names), SCRAM_OK);
	scram_hash(hash, sizeof(hash), DIGEST_SHA256, "pencil", SALT256, 10);
	assert_int_equal(password_scram_get(&s->keys, DIGEST_SHA256, hash),
	    0);
	scram_challenge(s, "DEF");
	assert_true(scram_client_answer(c, s->text, "abc"));
}

static const struct {
	const char		*from, *to;	/* replaced in a good one */
	enum scram_result	 result;
} finals[] = {
	{ "", "", SCRAM_OK },
	{ "c=biws", "c=eSws", SCRAM_BAD },	/* y,, is not what was said */
	{ "c=biws", "c=biw", SCRAM_BAD },
	{ "c=biws", "c=", SCRAM_BAD },
	{ "c=biws", "c=biwsbiws", SCRAM_BAD },
	{ "c=biws,", "", SCRAM_BAD },
	{ "r=abcDEF", "r=abcDEG", SCRAM_BAD },
	{ "r=abcDEF", "r=abcDE", SCRAM_BAD },
	{ "r=abcDEF", "r=abcDEFG", SCRAM_BAD },
	{ "r=abcDEF", "r=abc", SCRAM_BAD },
	{ "r=abcDEF,", "", SCRAM_BAD },
	{ ",p=", ",x=y,p=", SCRAM_WRONG },	/* it was not signed */
	{ ",p=", ",=y,p=", SCRAM_BAD },
	{ ",p=", ",,p=", SCRAM_BAD },
	{ ",p=", ",xy,p=", SCRAM_BAD },
	{ ",p=", ",q=", SCRAM_BAD },
	{ ",p=", ",p=,p=", SCRAM_BAD },
	{ ",p=", ",p=A", SCRAM_BAD },
	{ ",p=", ",p= ", SCRAM_BAD },
	{ ",p=", " ,p=", SCRAM_BAD },
	{ ",p=", "\t,p=", SCRAM_BAD },
};

static void
test_final(void **state)
{
	struct scram_client c;
	struct scram s;

	(void)state;
	for (size_t i = 0; i < UNIT_LENGTH(finals); i++) {
		char text[1100];
		enum scram_result result;
		const char *at;

		ready(&s, &c, "n,,");
		at = strstr(c.final, finals[i].from);
		assert_non_null(at);
		(void)snprintf(text, sizeof(text), "%.*s%s%s",
		    (int)(at - c.final), c.final, finals[i].to,
		    at + strlen(finals[i].from));
		result = scram_end(&s, text, strlen(text));
		if (result != finals[i].result)
			fail_msg("%s: %d", text, (int)result);
		if (result == SCRAM_OK)
			assert_string_equal(s.text, c.wanted);
	}
}

/* Any end of a good message, and any bit of its proof. */
static void
test_final_edits(void **state)
{
	struct scram_client c;
	struct scram s;
	size_t len, proof;

	(void)state;
	ready(&s, &c, "y,a=joe,");
	len = strlen(c.final);
	proof = (size_t)(strstr(c.final, ",p=") - c.final) + 3;
	for (size_t i = 0; i < len; i++)
		assert_int_equal(scram_end(&s, c.final, i), SCRAM_BAD);
	for (size_t i = proof; c.final[i] != '='; i++) {
		char was = c.final[i];

		c.final[i] = was == 'A' ? 'E' : 'A';
		assert_int_not_equal(scram_end(&s, c.final, len), SCRAM_OK);
		c.final[i] = was;
	}
	assert_false(s.is_over);
	assert_int_equal(scram_end(&s, c.final, len), SCRAM_OK);
}

/* Nobody's keys: right only in theory, and never here. */
static void
test_fake(void **state)
{
	struct scram_client c;
	struct scram s;

	(void)state;
	ready(&s, &c, "n,,");
	s.is_fake = true;
	assert_int_equal(scram_end(&s, c.final, strlen(c.final)),
	    SCRAM_WRONG);
	assert_false(s.is_over);
}

static const char zeros[] =
	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

static void
test_stored(void **state)
{
	static const struct {
		const char	*format;	/* of both keys */
		int		 result;
		bool		 has_keys;
	} rows[] = {
		{ "{SCRAM-SHA-256}4096,c2FsdA==,%s,%s", 0, true },
		{ "{scram-sha-256}1,c2FsdA==,%s,%s", 0, true },
		{ "{SCRAM-SHA-256}4096,c2FsdA==,", 0, false },
		{ "{SCRAM-SHA-1}4096,c2FsdA==,%s,%s", -1, false },
		{ "{PLAIN}4096,c2FsdA==,%s,%s", -1, false },
		{ "{SCRAM-SHA-256}0,c2FsdA==,%s,%s", -1, false },
		{ "{SCRAM-SHA-256}9999999,c2FsdA==,%s,%s", -1, false },
		{ "{SCRAM-SHA-256}4096,,%s,%s", -1, false },
		{ "{SCRAM-SHA-256}4096,c2FsdA==,%s", -1, false },
		{ "{SCRAM-SHA-256}4096,c2FsdA==,%s,%s,%s", -1, false },
		{ "{SCRAM-SHA-256}", -1, false },
		{ "4096,c2FsdA==,%s,%s", -1, false },
	};
	struct password_scram k;
	char hash[512];

	(void)state;
	for (size_t i = 0; i < UNIT_LENGTH(rows); i++) {
		(void)snprintf(hash, sizeof(hash), "%s", rows[i].format);
		for (char *at; (at = strstr(hash, "%s")) != NULL;) {
			char rest[512];

			(void)snprintf(rest, sizeof(rest), "%s", at + 2);
			(void)snprintf(at, sizeof(hash) -
			    (size_t)(at - hash), "%s%s", zeros, rest);
		}
		k.has_keys = false;
		if (password_scram_get(&k, DIGEST_SHA256, hash) !=
		    rows[i].result || k.has_keys != rows[i].has_keys)
			fail_msg("%s", hash);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_first),
		cmocka_unit_test(test_first_limits),
		cmocka_unit_test(test_final),
		cmocka_unit_test(test_final_edits),
		cmocka_unit_test(test_fake),
		cmocka_unit_test(test_stored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
