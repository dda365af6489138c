/*
 * What tls-signer signs, and what it must not.
 * Runs in: make check.
 * Hostile input: made here.
 * Never: ships in a program.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ipc/login_signer.h"
#include "tls-signer/transcript.h"

#define SERVER	"TLS 1.3, server CertificateVerify"
#define CLIENT	"TLS 1.3, client CertificateVerify"

static uint8_t bytes[10000];

/* RFC 8446, 4.4.3, with a hash of so many bytes. */
static size_t
make_1_3(const char *context, size_t hash)
{
	size_t n = 64;

	memset(bytes, ' ', n);
	memcpy(bytes + n, context, strlen(context) + 1);
	n += strlen(context) + 1;
	memset(bytes + n, 'h', hash);
	return n + hash;
}

/* RFC 8422, 5.4. */
static size_t
make_curve(unsigned int curve, uint8_t len, uint8_t form)
{
	memset(bytes, 'r', 64);
	bytes[64] = 3;
	bytes[65] = (uint8_t)(curve >> 8);
	bytes[66] = (uint8_t)curve;
	bytes[67] = len;
	memset(bytes + 68, 'p', len);
	bytes[68] = form;
	return 68u + len;
}

static size_t
add_message(size_t at, uint8_t type, size_t len)
{
	bytes[at] = type;
	bytes[at + 1] = (uint8_t)(len >> 16);
	bytes[at + 2] = (uint8_t)(len >> 8);
	bytes[at + 3] = (uint8_t)len;
	memset(bytes + at + 4, 'm', len);
	return at + 4 + len;
}

/* Messages of these types, each of 40 bytes. */
static size_t
make_messages(const char *types)
{
	size_t n = 0;

	for (; *types != '\0'; types++)
		n = add_message(n, (uint8_t)*types, 40);
	return n;
}

static bool
is_server(uint8_t alg, size_t len)
{
	return transcript_is_signable(alg, false, bytes, len);
}

static bool
is_client(uint8_t alg, size_t len)
{
	return transcript_is_signable(alg, true, bytes, len);
}

static void
test_1_3(void **state)
{
	size_t len;

	(void)state;
	for (uint8_t alg = 1; alg <= LOGIN_SIGNER_ALG_LAST; alg++) {
		bool is_pkcs1 = alg >= LOGIN_SIGNER_RSA_PKCS1_SHA256 &&
		    alg <= LOGIN_SIGNER_RSA_PKCS1_SHA512;

		assert_int_equal(is_server(alg, make_1_3(SERVER, 32)),
		    !is_pkcs1);
		assert_int_equal(is_server(alg, make_1_3(SERVER, 48)),
		    !is_pkcs1);
		assert_int_equal(is_client(alg, make_1_3(CLIENT, 32)),
		    !is_pkcs1);
		assert_false(is_server(alg, make_1_3(CLIENT, 32)));
		assert_false(is_client(alg, make_1_3(SERVER, 32)));
		assert_false(is_server(alg, make_1_3(SERVER, 0)));
		assert_false(is_server(alg, make_1_3(SERVER, 20)));
		assert_false(is_server(alg, make_1_3(SERVER, 33)));
		assert_false(is_server(alg, make_1_3(SERVER, 64)));
		assert_false(is_server(alg, make_1_3(SERVER, 8000)));
	}
	/* Each byte of what is fixed counts. */
	len = make_1_3(SERVER, 32);
	for (size_t i = 0; i < len - 32; i++) {
		bytes[i] ^= 1;
		assert_false(is_server(1, len));
		bytes[i] ^= 1;
	}
	for (size_t i = 0; i < len; i++)
		assert_false(is_server(1, i));
	assert_true(is_server(1, len));
}

static void
test_curves(void **state)
{
	static const struct {
		unsigned int	curve;
		uint8_t		len, form;
		bool		is_good;
	} rows[] = {
		{ 23, 65, 4, true }, { 24, 97, 4, true },
		{ 25, 133, 4, true }, { 29, 32, 9, true },
		{ 30, 56, 9, true },
		/* compressed, at infinity */
		{ 23, 65, 2, false }, { 23, 33, 2, false },
		{ 23, 1, 0, false },
		/* another length than the curve's */
		{ 23, 64, 4, false }, { 23, 66, 4, false },
		{ 24, 65, 4, false }, { 29, 33, 9, false },
		{ 29, 31, 9, false },
		/* curves that nobody uses: secp256k1, sect163k1, none */
		{ 22, 65, 4, false }, { 1, 43, 4, false },
		{ 0, 65, 4, false }, { 23u << 8, 65, 4, false },
	};
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		len = make_curve(rows[i].curve, rows[i].len, rows[i].form);
		for (uint8_t alg = 1; alg <= LOGIN_SIGNER_ALG_LAST; alg++) {
			if (is_server(alg, len) != rows[i].is_good)
				fail_msg("row %zu", i);
			assert_false(is_client(alg, len));
			bytes[len] = 'x';
			assert_false(is_server(alg, len + 1));
			assert_false(is_server(alg, len - 1));
		}
	}
	/* Finite fields, explicit curves. */
	len = make_curve(23, 65, 4);
	bytes[64] = 1;
	assert_false(is_server(1, len));
	bytes[64] = 2;
	assert_false(is_server(1, len));
	for (size_t i = 0; i < len; i++)
		assert_false(is_server(1, i));
}

/* What a client of TLS 1.2 signs: all messages so far. */
static void
test_messages(void **state)
{
	static const char good[] = { 1, 2, 11, 12, 13, 14, 11, 16, 0 };
	static const char *const wrong[] = {
		"\x01", "\x01\x10", "\x02\x0d\x10", "\x01\x02\x10",
		"\x01\x0d\x10\x0f", "\x01\x0d\x10\x10", "\x01\x0d\x01\x10",
		"\x01\x0d\x14\x10", "\x01\x0d",
	};
	size_t len = make_messages(good);

	(void)state;
	for (uint8_t alg = 1; alg <= LOGIN_SIGNER_ALG_LAST; alg++) {
		assert_true(is_client(alg, len));
		assert_false(is_server(alg, len));
	}
	for (size_t i = 0; i < len; i++)
		assert_false(is_client(1, i));
	assert_false(is_client(1, len + 1));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (is_client(1, make_messages(wrong[i])))
			fail_msg("messages %zu", i);
	/* A length that runs past the end. */
	len = make_messages(good);
	bytes[1] = 0xff;
	assert_false(is_client(1, len));
}

static void
test_other(void **state)
{
	(void)state;
	for (uint8_t alg = 1; alg <= LOGIN_SIGNER_ALG_LAST; alg++)
		for (size_t len = 0; len < sizeof(bytes);
		    len += len < 300 ? 1 : 97) {
			memset(bytes, 0x30, len);
			assert_false(is_server(alg, len));
			assert_false(is_client(alg, len));
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_1_3),
		cmocka_unit_test(test_curves),
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
