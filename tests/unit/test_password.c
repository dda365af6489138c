/* Password schemes against hashes made by OpenSSL, crypt(3) and Dovecot. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "lib/password.h"

/* "cr3t wört" in UTF-8. */
#define PASS	"cr3t w\xc3\xb6rt"

static const char *const known[] = {
	"{PLAIN}" PASS,
	"{plain}" PASS,
	"{CLEAR}" PASS,
	"{CLEARTEXT}" PASS,
	"{PLAIN.B64}Y3IzdCB3w7ZydA==",
	"{PLAIN.base64}Y3IzdCB3w7ZydA==",
	"{PLAIN.HEX}637233742077c3b67274",
	"{CRYPT}abaZdijOU34uI",
	"{DES-CRYPT}b6LsRgF2JM7uM",
	"{CRYPT}$1$saltsalt$jjWjkeMkm3WZYVQH2aNi51",
	"{MD5-CRYPT}$1$BorKKkJl$/hHy/w.2z.3VRcBA6NSkK1",
	"{MD5-CRYPT}$1$ossl$DBdizXHVEP.PzkDNBSJsN/",
	"{MD5}$1$36vsUQjJ$xFYa79DSAnvOMIbvKG71y/",
	"{MD5}ca24f655841153f7bd0201297864b415",
	"{MD5.hex}ca24f655841153f7bd0201297864b415",
	"{CRYPT}$5$saltstring$yWBCwTL21biHTxrX6NBy.qC5AUs1.Ace6umi5TT2xOA",
	"{SHA256-CRYPT}$5$rounds=1000$roundsalt$"
	    "UXgL.kAZFbzi5KMGLjt6leSCGymR2biaKuy0SViAhpC",
	"{SHA256-CRYPT}$5$ossl$wla1Qe17UJcxgPuegcNZb8e1lgmxVtbLAAm4mGFJgp0",
	"{SHA512-CRYPT}$6$opensslsalt$Op3TtbELRtJZjjVBrabIRYt48bh3tjrJzG98MzaT"
	    "1YGLbOtGJlsFsYe.GbELCQf8A1zCasndWwzzukcXuR0P0.",
	"{SHA512-CRYPT.B64}JDYkR0tkaGN2S1hUZ2o5M2lDMiRmSkUuNGNHQXdJZ3RscHE1cm"
	    "xVWWtUaFNIOWpvY3BXV3NCak4vd0QzbVQxLzdrYmEyWkUuYTJRVXUwb2VpSUl3cl"
	    "RVNy5RTS9oUjFXNnZDSWQ1MjhuMA==",
	"{BLF-CRYPT}$2y$05$WXzUS/hbd6pThk7cNpDBx."
	    "P6jkdwK0e3DzyOizhWKqWGq08Uwo3ti",
	"{CRYPT}$2y$05$.XdZoltCN2s3jxQ7e4LLiuXWR1bLdlUw3XxirnH8XTwTBWuRDcvs6",
	"{CRYPT}$y$j9T$saltsaltsalt$"
	    "ah0tNFqdJ2vGZCqeiD6X9GgQrm26MKcBkHaZYA.t4V0",
	"{PLAIN-MD5}ca24f655841153f7bd0201297864b415",
	"{PLAIN-MD5}CA24F655841153F7BD0201297864B415",
	"{LDAP-MD5}yiT2VYQRU/e9AgEpeGS0FQ==",
	"{LDAP-MD5}ca24f655841153f7bd0201297864b415",
	"{SHA}xv8gtGwh8w7LahoLtf4nVZnkvTM=",
	"{SHA1}xv8gtGwh8w7LahoLtf4nVZnkvTM=",
	"{SHA1}c6ff20b46c21f30ecb6a1a0bb5fe275599e4bd33",
	"{SHA256}rRDTXXgHoOkkeQYD+7iJF/9Qw/7pk1glyszXOUsmQG8=",
	"{SHA256.HEX}"
	    "ad10d35d7807a0e924790603fbb88917ff50c3fee9935825caccd7394b26406f",
	"{SHA512}bI1J3yV5cYbiakK6jPDLQySDRDWrslNJPpwGf8mOqVq3ax4lQ2raS1lBpvf8"
	    "Ujkxg/tawMwboewCDdLb/gckQA==",
	"{SMD5}l4KllMNOBB7vouVVpQJrO278Gxo=",
	"{SMD5}FyPniXCvAxJ1CH0gP++HuQD/EKCxwtPk",
	"{SSHA}F1Tuja6usWWy940g+UvagXqvJL5mdNY3",
	"{SSHA.HEX}ca2450aaeeb975f2fcb04211f663a3e955cc57ab654fd3d6",
	"{SSHA256}b5qQobtjgdAUjDx/9iu2nqJoVa9D+XE6/srFL48nyLuB3DVe",
	"{SSHA512}I2wkO5bsqlj7ow9Lqd/S+6xA7YHv2oRTbFS7FESKK2NRr7oI7mL/Oecr68O4"
	    "tg1oRmsu1A4P67Uz229b2Z5/SbXHUj4=",
};

#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))

static void
test_known_answers(void **state)
{
	char longer[64];

	(void)state;
	for (size_t i = 0; i < NELEM(known); i++) {
		if (password_verify(known[i], PASS) != PASSWORD_MATCH)
			fail_msg("%s does not match", known[i]);
		if (password_verify(known[i], "cr3t wort") !=
		    PASSWORD_MISMATCH)
			fail_msg("%s matches another", known[i]);
		assert_int_equal(password_verify(known[i], ""),
		    PASSWORD_MISMATCH);
		/* traditional crypt looks at eight bytes only */
		if (strstr(known[i], "}a") != NULL ||
		    strncmp(known[i], "{DES", 4) == 0)
			continue;
		(void)snprintf(longer, sizeof(longer), "%s ", PASS);
		assert_int_equal(password_verify(known[i], longer),
		    PASSWORD_MISMATCH);
	}
}

static void
test_bad_hashes(void **state)
{
	static const char *const bad[] = {
		"", "x", "PLAIN", "{", "{PLAIN", "{}x", "{NO-SUCH}x",
		"{PLAIN.rot13}x", "{.hex}78", "{PLAIN.hex}7", "{PLAIN.hex}zz",
		"{PLAIN.b64}A", "{PLAIN.b64}*", "{SHA}AAAA", "{SHA256}",
		"{SHA}c6ff20b46c21f30ecb6a1a0bb5fe275599e4bd3", "{MD5}abc",
		"{SSHA}xv8gtGwh8w7LahoLtf4nVZnkvTM=", "{SMD5}AAAA",
		"{CRYPT}x", "{CRYPT}$9$a$b", "{SHA512-CRYPT}$6",
		"{PLAIN-MD5}ga24f655841153f7bd0201297864b415",
		"{CRYPT.hex}610062",
	};

	(void)state;
	for (size_t i = 0; i < NELEM(bad); i++) {
		enum password_verdict v = password_verify(bad[i], "x");

		if (v == PASSWORD_MATCH)
			fail_msg("'%s' matches", bad[i]);
		/* Nothing behind the scheme is a password nobody has. */
		if (v != PASSWORD_BAD_HASH && strcmp(bad[i], "{SHA256}") != 0)
			fail_msg("'%s' is not called bad", bad[i]);
	}
}

/* T-D2: an empty column is never "no password needed". */
static void
test_empty_never_matches(void **state)
{
	(void)state;
	assert_int_equal(password_verify("{PLAIN}", ""), PASSWORD_MISMATCH);
	assert_int_equal(password_verify("{PLAIN}", "x"), PASSWORD_MISMATCH);
	assert_int_equal(password_verify("{CRYPT}", ""), PASSWORD_MISMATCH);
	assert_int_equal(password_verify("{CRYPT}!", "x"), PASSWORD_MISMATCH);
	assert_int_equal(password_verify("{CRYPT}*", "x"), PASSWORD_MISMATCH);
	assert_int_equal(password_verify("{CRYPT}!$1$saltsalt$"
	    "jjWjkeMkm3WZYVQH2aNi51", PASS), PASSWORD_MISMATCH);
}

static void
test_full_hash(void **state)
{
	static const struct {
		const char	*hash, *scheme, *want;
	} rows[] = {
		{ "secret", "PLAIN", "{PLAIN}secret" },
		{ "{SHA}x", "PLAIN", "{SHA}x" },
		{ "{secret", "PLAIN", "{PLAIN}{secret" },
		{ "", "CRYPT", "{CRYPT}" },
		{ "$1$salt$x", "PLAIN", "{MD5-CRYPT}$1$salt$x" },
		{ "$1$salt", "PLAIN", "{PLAIN}$1$salt" },
		{ "$6$salt$x", "SHA512-CRYPT", "{SHA512-CRYPT}$6$salt$x" },
		{ "a\nb", "PLAIN", NULL },
	};
	char dst[64];

	(void)state;
	for (size_t i = 0; i < NELEM(rows); i++) {
		int rv = password_full_hash(dst, sizeof(dst), rows[i].hash,
		    strlen(rows[i].hash), rows[i].scheme);

		assert_int_equal(rv, rows[i].want == NULL ? -1 : 0);
		if (rows[i].want != NULL)
			assert_string_equal(dst, rows[i].want);
	}
	assert_int_equal(password_full_hash(dst, 10, "abc", 3, "PLAIN"), -1);
	assert_int_equal(password_full_hash(dst, 11, "abc", 3, "PLAIN"), 0);
	assert_int_equal(password_full_hash(dst, 64, "a\0b", 3, "PLAIN"), -1);
}

static void
test_names(void **state)
{
	(void)state;
	assert_true(password_is_scheme("PLAIN"));
	assert_true(password_is_scheme("ssha256.hex"));
	assert_true(password_is_scheme("MD5"));
	assert_false(password_is_scheme("CRAM-MD5"));
	assert_false(password_is_scheme(""));
	assert_false(password_is_scheme(".hex"));
	assert_true(password_is_slow("{CRYPT}ab"));
	assert_true(password_is_slow("{MD5}$1$a$b"));
	assert_false(password_is_slow("{MD5}"
	    "ca24f655841153f7bd0201297864b415"));
	assert_false(password_is_slow("{SSHA512}x"));
	assert_false(password_is_slow("{NONE}x"));
}

/* The dummy of a slow hash costs the same and fits nothing. */
static void
test_dummies(void **state)
{
	char dummy[PASSWORD_HASH_MAX + 1];
	size_t count = 0;

	(void)state;
	for (size_t i = 0; i < NELEM(known); i++) {
		if (password_dummy_hash(dummy, sizeof(dummy), known[i]) == -1)
			continue;
		count++;
		assert_true(strlen(dummy) < strlen(known[i]));
		assert_memory_equal(dummy, known[i], strlen(dummy));
		assert_true(password_is_slow(dummy));
		assert_int_equal(password_verify(dummy, PASS),
		    PASSWORD_MISMATCH);
	}
	assert_int_equal(count, 13);
	assert_int_equal(password_dummy_hash(dummy, sizeof(dummy),
	    "{PLAIN}x"), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_answers),
		cmocka_unit_test(test_bad_hashes),
		cmocka_unit_test(test_empty_never_matches),
		cmocka_unit_test(test_full_hash),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_dummies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
