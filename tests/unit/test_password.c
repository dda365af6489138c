/*
 * Password schemes against hashes made by OpenSSL, crypt(3), Dovecot's
 * doveadm pw, Python's hashlib and argon2(1).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

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
	"{CRYPT}$y$j75$saltsalt$L.9OCoz9/Z9zGrZbnukjlFkRwkR.PnPb..6Dpz6zPy0",
	"{CRYPT}$gy$j9T$saltsaltsalt$"
	    "KvaNsJHJ2NL2cvs.nq3lTI77bzKvIFXIk9BbqCszrL8",
	"{CRYPT}$7$C6..../....saltsalt$"
	    "l9iLymhCAW9G.VpRr2ZDnNCGuMKh4UiLDOqjm8d0/5/",
	"{CRYPT}$sha1$1000$saltsalt$L3C5jDY9/3DV1b1myePTjQcnQEgG",
	"{CRYPT}$md5,rounds=100$saltsalt$$7k41h5BUt.mvHD.XKqwKl/",
	"{CRYPT}$md5$saltsalt$$brSHs7DsFzjyrSbMBM7M2.",
	"{CRYPT}_J9..saltps1UF/NO/EI",
	"{PBKDF2}$1$T9rcmGy94cd9btfY$5000$"
	    "5fe7833c3bc1b2206224fad3dc85ce16ade6878c",
	"{PBKDF2}$1$pythonsalt$1234$5F4B3C449E901DCC1955E23BC9A74D148EB1E838",
	"{SCRAM-SHA-1}4096,HXy0LOxyNpEldzx/d3Wi4Q==,"
	    "dawLjDZclS9+K4wgmA+EsJZaDDo=,QY/gGMpTyGaA4HKZ3BMQXI4w0xs=",
	"{SCRAM-SHA-1}999,cHl0aG9uAHNhbHQ=,lBU0comYSpMz2IBPGMUTrRo5mlQ=,"
	    "U6Gak8EQG+eo6p00LaWG8DbMUJc=",
	"{SCRAM-SHA-256}4096,d2dXNLjBDNpqblo9N0zxtg==,"
	    "qoO7xIcWfEj2NfmQJ0dGSsb0aRuM1TIJjwoqRy2Cg18=,"
	    "QsvqykV/EPNPh/VHm4eaXz9Wjba9SeYZIeyIHr7OTio=",
	"{scram-sha-256}999,cHl0aG9uAHNhbHQ=,"
	    "Ok1HnX4Lvewli4qc/bDGX966ehCB2kJaj8yeVCJ8d1c=,"
	    "7MsDwiyPqiU3TI9vZkAshSoCk3C7PAtZfloW5J1EDhs=",
#ifdef WITH_ARGON2
	"{ARGON2I}$argon2i$v=19$m=32768,t=4,p=1$txxxxRVCoxD1ZKGO+yU6sQ$"
	    "1odaHLlbm/cMDTYhWR+B7Wbx+Ph1oX25F2m0Ww0ZT9A",
	"{ARGON2ID}$argon2id$v=19$m=65536,t=3,p=1$zRceRVQ3yMB+oJ+vFGWpug$"
	    "aohL0EvCDYzdUfwfFbENRfyZNoIBmRQDxYK0bNZTh+8",
	"{ARGON2}$argon2id$v=19$m=65536,t=3,p=1$zRceRVQ3yMB+oJ+vFGWpug$"
	    "aohL0EvCDYzdUfwfFbENRfyZNoIBmRQDxYK0bNZTh+8",
	"{ARGON2ID}$argon2id$v=19$m=256,t=2,p=4$c29tZXNhbHQx$"
	    "YkiG/L5eFTHvYymaO7Qy9H8/LZexsVa+ztfqR3M6dgQ",
	"{ARGON2I}$argon2i$v=16$m=64,t=3,p=1$c29tZXNhbHQx$"
	    "5Zx2FPyc11cvkFznZmT54iu23RaDgl8B8/NrSc4JHzY",
	"{ARGON2I}$argon2i$m=64,t=3,p=1$c29tZXNhbHQx$"
	    "5Zx2FPyc11cvkFznZmT54iu23RaDgl8B8/NrSc4JHzY",
	"{ARGON2ID}$argon2id$v=19$m=64,t=1,p=2$c29tZXNhbHQx$"
	    "wTSL3nUj12gH7SytIHUy2w",
#endif
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
		if (strstr(known[i], "}abaZ") != NULL ||
		    strncmp(known[i], "{DES", 4) == 0)
			continue;
		(void)snprintf(longer, sizeof(longer), "%s ", PASS);
		assert_int_equal(password_verify(known[i], longer),
		    PASSWORD_MISMATCH);
	}
}

static const char *const bad[] = {
	"", "x", "PLAIN", "{", "{PLAIN", "{}x", "{NO-SUCH}x",
	"{PLAIN.rot13}x", "{.hex}78", "{PLAIN.hex}7", "{PLAIN.hex}zz",
	"{PLAIN.b64}A", "{PLAIN.b64}*", "{SHA}AAAA", "{SHA256}",
	"{SHA}c6ff20b46c21f30ecb6a1a0bb5fe275599e4bd3", "{MD5}abc",
	"{SSHA}xv8gtGwh8w7LahoLtf4nVZnkvTM=", "{SMD5}AAAA",
	"{CRYPT}x", "{CRYPT}$9$a$b", "{SHA512-CRYPT}$6",
	"{PLAIN-MD5}ga24f655841153f7bd0201297864b415",
	"{CRYPT.hex}610062",
	"{CRYPT}$5", "{CRYPT}$5$salt", "{CRYPT}$7$C6..../....salt",
	"{CRYPT}$y$", "{CRYPT}$y$j9", "{CRYPT}$7$C",
	"{CRYPT}$7$C6....", "{CRYPT}$2y$", "{CRYPT}$2y$05",
	"{CRYPT}$2y$0x$abcdefghijklmnopqrstuu", "{CRYPT}$sha1$x$y",
	"{CRYPT}$3$$8846f7eaee8fb117ad06bdd830b7586c",
	"{CRYPT}_J9..sal", "{CRYPT}abc",
	"{PBKDF2}x", "{PBKDF2}$1$", "{PBKDF2}$1$salt", "{PBKDF2}$1$$1$",
	"{PBKDF2}$1$salt$1", "{PBKDF2}$1$salt$0$", "{PBKDF2}$2$s$1$",
	"{PBKDF2}$1$salt$1$5f", "{PBKDF2}$1$salt$1$zz",
	"{PBKDF2}$1$salt$1x$5fe7833c3bc1b2206224fad3dc85ce16ade6878c",
	"{PBKDF2}$1$s$1$5fe7833c3bc1b2206224fad3dc85ce16ade6878c00",
	"{SCRAM-SHA-1}", "{SCRAM-SHA-1}1", "{SCRAM-SHA-1}1,",
	"{SCRAM-SHA-1}1,,", "{SCRAM-SHA-1}1,c2FsdA==",
	"{SCRAM-SHA-1}1,c2Fsd,", "{SCRAM-SHA-1}1,c2FsdA==,,",
	"{SCRAM-SHA-1}0,c2FsdA==,dawLjDZclS9+K4wgmA+EsJZaDDo=,"
	    "QY/gGMpTyGaA4HKZ3BMQXI4w0xs=",
	"{SCRAM-SHA-1}1,c2FsdA==,dawLjDZclS9+K4wgmA+EsJZaDDo=,",
	"{SCRAM-SHA-1}1,c2FsdA==,dawLjDZclS9+K4wgmA+EsJZaDDo=",
	"{SCRAM-SHA-1}1,c2FsdA==,dawLjDZclS9+K4wgmA+EsJZaDDo=,"
	    "QY/gGMpTyGaA4HKZ3BMQXI4w0xs=,x",
	"{SCRAM-SHA-256}1,c2FsdA==,dawLjDZclS9+K4wgmA+EsJZaDDo=,"
	    "QY/gGMpTyGaA4HKZ3BMQXI4w0xs=",
	"{ARGON2ID}x", "{ARGON2ID}$argon2id$", "{ARGON2I}$argon2d$v=19$"
	    "m=64,t=1,p=1$c29tZXNhbHQx$wTSL3nUj12gH7SytIHUy2w",
	"{ARGON2I}$argon2i$v=18$m=64,t=1,p=1$c29tZXNhbHQx$"
	    "wTSL3nUj12gH7SytIHUy2w",
	"{ARGON2I}$argon2i$v=19$m=64,t=1,p=1$c2FsdA$"
	    "wTSL3nUj12gH7SytIHUy2w",
	"{ARGON2I}$argon2i$v=19$m=64,t=1,p=1$c29tZXNhbHQx$wTSL3nUj",
	"{ARGON2I}$argon2i$v=19$m=64,t=1,p=1$c29tZXNhbHQx",
	"{ARGON2I}$argon2i$v=19$m=64,t=1,p=1$c29tZXNhbHQx$"
	    "wTSL3nUj12gH7SytIHUy2w==",
	"{ARGON2I}$argon2i$v=19$m=64,t=0,p=1$c29tZXNhbHQx$"
	    "wTSL3nUj12gH7SytIHUy2w",
	"{ARGON2I}$argon2i$v=19$m=8,t=1,p=2$c29tZXNhbHQx$"
	    "wTSL3nUj12gH7SytIHUy2w",
	"{ARGON2I}$argon2i$v=19$t=1,m=64,p=1$c29tZXNhbHQx$"
	    "wTSL3nUj12gH7SytIHUy2w",
	"{ARGON2I}$argon2i$v=19$m=64,t=1,p=1,x=1$c29tZXNhbHQx$"
	    "wTSL3nUj12gH7SytIHUy2w",
};

static void
test_bad_hashes(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(bad); i++) {
		enum password_verdict v = password_verify(bad[i], "x");

		if (v == PASSWORD_MATCH)
			fail_msg("'%s' matches", bad[i]);
		/* Nothing behind the scheme is a password nobody has. */
		if (v != PASSWORD_BAD_HASH && bad[i][strlen(bad[i]) - 1] !=
		    '}')
			fail_msg("'%s' is not called bad", bad[i]);
	}
}

/* RFC 5802, 5, and RFC 7677, 3: the keys of "pencil". */
static void
test_scram_of_the_rfcs(void **state)
{
	(void)state;
	assert_int_equal(password_verify("{SCRAM-SHA-1}4096,QSXCR+Q6sek8bf92,"
	    "6dlGYMOdZcOPutkcNY8U2g7vK9Y=,D+CSWLOshSulAsxiupA+qs2/fTE=",
	    "pencil"), PASSWORD_MATCH);
	assert_int_equal(password_verify("{SCRAM-SHA-256}4096,"
	    "W22ZaJ0SNY7soEsUEjb6gQ==,"
	    "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=,"
	    "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=", "pencil"),
	    PASSWORD_MATCH);
	/* Both keys count. */
	assert_int_equal(password_verify("{SCRAM-SHA-1}4096,QSXCR+Q6sek8bf92,"
	    "6dlGYMOdZcOPutkcNY8U2g7vK9Y=,D+CSWLOshSulAsxiupA+qs2/fTF=",
	    "pencil"), PASSWORD_BAD_HASH);
	assert_int_equal(password_verify("{SCRAM-SHA-1}4096,QSXCR+Q6sek8bf92,"
	    "6dlGYMOdZcOPutkcNY8U2g7vK9Y=,D+CSWLOshSulAsxiupA+qs2/fTI=",
	    "pencil"), PASSWORD_MISMATCH);
	assert_int_equal(password_verify("{SCRAM-SHA-1}4096,QSXCR+Q6sek8bf92,"
	    "6dlGYMOdZcOPutkcNY8U2g7vK9Y=,E+CSWLOshSulAsxiupA+qs2/fTE=",
	    "pencil"), PASSWORD_MISMATCH);
}

static const char *const costly[] = {
	"{CRYPT}$2y$31$abcdefghijklmnopqrstuu",
	"{BLF-CRYPT}$2y$16$abcdefghijklmnopqrstuu"
	    "1pl6ErrmwtVHTJ1dMNBpSThfizo1ec6",
	"{CRYPT}$6$rounds=999999999$saltsalt$x",
	"{CRYPT}$5$rounds=2000001$saltsalt$x",
	"{CRYPT}$5$rounds=99999999999999999999$saltsalt$x",
	"{CRYPT}$5$rounds=-1$saltsalt$x",
	"{CRYPT}$sha1$4294967295$saltsalt$x",
	"{CRYPT}$md5,rounds=4294960000$saltsalt$$x",
	/* 2 GB, 4 PB, and a ROM */
	"{CRYPT}$y$jHT$saltsaltsalt$x",
	"{CRYPT}$y$jjj$saltsaltsalt$x",
	"{CRYPT}$y$j9T/.$saltsaltsalt$x",
	"{CRYPT}$y$z9T$saltsaltsalt$x",
	"{CRYPT}$gy$jzT$saltsaltsalt$x",
	"{CRYPT}$7$zzzzzzzzzzzsaltsalt$x",
	"{CRYPT}$7$I6..../....saltsalt$x",
	"{PBKDF2}$1$salt$2147483648$"
	    "5fe7833c3bc1b2206224fad3dc85ce16ade6878c",
	"{PBKDF2}$1$salt$2000001$"
	    "5fe7833c3bc1b2206224fad3dc85ce16ade6878c",
	"{SCRAM-SHA-256}4294967296,d2dXNLjBDNpqblo9N0zxtg==,"
	    "qoO7xIcWfEj2NfmQJ0dGSsb0aRuM1TIJjwoqRy2Cg18=,"
	    "QsvqykV/EPNPh/VHm4eaXz9Wjba9SeYZIeyIHr7OTio=",
	"{ARGON2ID}$argon2id$v=19$m=4194304,t=1,p=1$c29tZXNhbHQx$"
	    "YkiG/L5eFTHvYymaO7Qy9H8/LZexsVa+ztfqR3M6dgQ",
	"{ARGON2ID}$argon2id$v=19$m=64,t=4294967295,p=1$c29tZXNhbHQx$"
	    "YkiG/L5eFTHvYymaO7Qy9H8/LZexsVa+ztfqR3M6dgQ",
	"{ARGON2ID}$argon2id$v=19$m=262144,t=17,p=1$c29tZXNhbHQx$"
	    "YkiG/L5eFTHvYymaO7Qy9H8/LZexsVa+ztfqR3M6dgQ",
	"{ARGON2ID}$argon2id$v=19$m=64,t=1,p=65$c29tZXNhbHQx$"
	    "YkiG/L5eFTHvYymaO7Qy9H8/LZexsVa+ztfqR3M6dgQ",
};

/* Hashes that ask for minutes, or for memory, are refused at once. */
static void
test_too_costly(void **state)
{
	char dummy[PASSWORD_HASH_MAX + 1];

	(void)state;
	for (size_t i = 0; i < NELEM(costly); i++) {
		if (password_verify(costly[i], "x") != PASSWORD_BAD_HASH)
			fail_msg("'%s' is not refused", costly[i]);
		assert_int_equal(password_dummy_hash(dummy, sizeof(dummy),
		    costly[i]), -1);
	}
}

/* What crypt(3) does not take is a wrong password, not a broken hash. */
static void
test_long_password(void **state)
{
	char pass[1025];

	(void)state;
	memset(pass, 'x', sizeof(pass) - 1);
	pass[sizeof(pass) - 1] = '\0';
	for (size_t i = 0; i < NELEM(known); i++)
		if (password_verify(known[i], pass) != PASSWORD_MISMATCH)
			fail_msg("%s and a long password", known[i]);
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
	assert_true(password_is_slow("{pbkdf2}x"));
	assert_true(password_is_slow("{SCRAM-SHA-256}x"));
	assert_true(password_is_scheme("PBKDF2"));
	assert_true(password_is_scheme("Scram-SHA-1"));
#ifdef WITH_ARGON2
	assert_true(password_is_scheme("ARGON2ID"));
	assert_true(password_is_slow("{ARGON2I}x"));
#else
	assert_false(password_is_scheme("ARGON2ID"));
#endif
}

/* The dummy of a slow hash costs the same and fits nothing. */
static void
test_dummies(void **state)
{
	char dummy[PASSWORD_HASH_MAX + 1], again[PASSWORD_HASH_MAX + 1];

	(void)state;
	for (size_t i = 0; i < NELEM(known); i++) {
		bool is_slow = password_is_slow(known[i]);
		size_t name = strcspn(known[i], ".}");

		assert_int_equal(password_dummy_hash(dummy, sizeof(dummy),
		    known[i]), is_slow ? 0 : -1);
		if (!is_slow)
			continue;
		assert_true(strlen(dummy) < strlen(known[i]));
		assert_int_equal(strncasecmp(dummy, known[i], name), 0);
		if (known[i][name] == '}')
			assert_memory_equal(dummy + name, known[i] + name,
			    strlen(dummy + name));
		assert_true(password_is_slow(dummy));
		assert_int_equal(password_verify(dummy, PASS),
		    PASSWORD_MISMATCH);
		/* it is its own dummy */
		assert_int_equal(password_dummy_hash(again, sizeof(again),
		    dummy), 0);
		assert_string_equal(again, dummy);
	}
	assert_int_equal(password_dummy_hash(dummy, sizeof(dummy),
	    "{PLAIN}x"), -1);
}

/* Every slow scheme has a dummy, and takes about as long. */
static void
test_dummies_cost_the_same(void **state)
{
	static const char *const slow[] = {
		"{PBKDF2}$1$salt$60000$"
		    "5fe7833c3bc1b2206224fad3dc85ce16ade6878c",
		"{SCRAM-SHA-256}60000,d2dXNLjBDNpqblo9N0zxtg==,"
		    "qoO7xIcWfEj2NfmQJ0dGSsb0aRuM1TIJjwoqRy2Cg18=,"
		    "QsvqykV/EPNPh/VHm4eaXz9Wjba9SeYZIeyIHr7OTio=",
		"{CRYPT}$6$rounds=30000$saltsalt$x",
#ifdef WITH_ARGON2
		"{ARGON2ID}$argon2id$v=19$m=16384,t=2,p=1$c29tZXNhbHQx$"
		    "YkiG/L5eFTHvYymaO7Qy9H8/LZexsVa+ztfqR3M6dgQ",
#endif
	};
	char dummy[PASSWORD_HASH_MAX + 1];

	(void)state;
	for (size_t i = 0; i < NELEM(slow); i++) {
		uint64_t took[2] = { UINT64_MAX, UINT64_MAX };

		assert_int_equal(password_dummy_hash(dummy, sizeof(dummy),
		    slow[i]), 0);
		for (int turn = 0; turn < 6; turn++) {
			clock_t start = clock();
			uint64_t n;

			assert_int_equal(password_verify(turn % 2 == 0 ?
			    slow[i] : dummy, "x"), PASSWORD_MISMATCH);
			n = (uint64_t)(clock() - start);
			if (n < took[turn % 2])
				took[turn % 2] = n;
		}
		assert_true(took[0] < 3 * took[1] && took[1] < 3 * took[0]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_answers),
		cmocka_unit_test(test_bad_hashes),
		cmocka_unit_test(test_scram_of_the_rfcs),
		cmocka_unit_test(test_too_costly),
		cmocka_unit_test(test_long_password),
		cmocka_unit_test(test_empty_never_matches),
		cmocka_unit_test(test_full_hash),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_dummies),
		cmocka_unit_test(test_dummies_cost_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
