/* base64: vectors, strictness, and agreement with a naive decoder. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "lib/base64.h"

static const struct {
	const char	*plain, *text;
} vectors[] = {
	{ "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" },
	{ "foob", "Zm9vYg==" }, { "fooba", "Zm9vYmE=" },
	{ "foobar", "Zm9vYmFy" }, { "\xff\xef\xbe", "/+++" },
};

static void
encodes_and_decodes_vectors(void **state)
{
	char buf[32];

	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		size_t n = strlen(vectors[i].plain);
		size_t m = strlen(vectors[i].text);

		assert_int_equal(base64_encode(buf, sizeof(buf),
		    vectors[i].plain, n), m);
		assert_string_equal(buf, vectors[i].text);
		assert_int_equal(BASE64_ENCODED_SIZE(n), m + 1);
		assert_int_equal(base64_decode(buf, sizeof(buf),
		    vectors[i].text, m), n);
		assert_memory_equal(buf, vectors[i].plain, n);
		assert_true(base64_is_valid(vectors[i].text, m));
	}
}

static void
refuses_what_is_not_base64(void **state)
{
	static const char *const texts[] = {
		"A", "AA", "AAA", "AAAAA", "AA=A", "AAAA=", " AAAA", "=AAA",
		"A===", "====", "AB==", "AAB=", "AAA ", "AA A", "A\nAA",
		"AAA\n",
		"Zg==Zg==", "Zm8=Zm9v", "AAAA====", "Zm9-", "Zm9_", "Zm\x80v",
		"Zm9vA=Aa", "Zm9v=AAA", "*AAA", "A*AA", "AA*A", "AAA*",
		"*AAAAAAA", "A*AAAAAA", "AA*AAAAA", "AAA*AAAA", "AA*=", "A*==",
		"=A==", "AA=*",
	};
	char buf[32];

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (base64_decode(buf, sizeof(buf), texts[i],
		    strlen(texts[i])) != -1 ||
		    base64_is_valid(texts[i], strlen(texts[i])))
			fail_msg("taken: %s", texts[i]);
	}
	assert_int_equal(base64_decode(buf, sizeof(buf), "AAA\0", 4), -1);
}

static void
stays_inside_its_buffer(void **state)
{
	char *dst;

	(void)state;
	for (size_t n = 0; n < 12; n++) {
		size_t need = BASE64_ENCODED_SIZE(n);
		char text[32];

		/* Exactly as large, so that ASan sees each overrun. */
		dst = malloc(need);
		assert_int_equal(base64_encode(dst, need, "abcdefghijkl", n),
		    need - 1);
		assert_int_equal(base64_encode(dst, need - 1, "abcdefghijkl",
		    n), -1);
		memcpy(text, dst, need);
		free(dst);
		dst = malloc(n == 0 ? 1 : n);
		assert_int_equal(base64_decode(dst, n, text, need - 1), n);
		assert_memory_equal(dst, "abcdefghijkl", n);
		if (n > 0)
			assert_int_equal(base64_decode(dst, n - 1, text,
			    need - 1), -1);
		free(dst);
	}
	assert_int_equal(base64_encode(NULL, SIZE_MAX, NULL, SIZE_MAX), -1);
}

/* A slow reader of one group, written from RFC 4648 alone; -1: not one. */
static int
naive_group(const char *g, uint8_t *out)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789+/";
	int n = 4, bits = 0;

	while (n > 0 && g[n - 1] == '=')
		n--;
	if (n < 2)
		return -1;
	for (int i = 0; i < 4; i++) {
		const char *at = i < n ? strchr(alphabet, g[i]) : alphabet;

		if (at == NULL || g[i] == '\0')
			return -1;
		bits = bits * 64 + (int)(at - alphabet);
	}
	for (int i = 0; i < 3; i++)
		out[i] = (uint8_t)(bits >> (16 - 8 * i));
	for (int i = n - 1; i < 3; i++) {
		if (out[i] != 0)
			return -1;
	}
	return n - 1;
}

static void
agrees_with_a_naive_decoder(void **state)
{
	static const char some[] = "AQgwBR/+9z=* \n-\x80";
	size_t k = sizeof(some);	/* NUL too */
	uint8_t want[3], got[3];
	char g[4];

	(void)state;
	for (size_t i = 0; i < k * k * k * k; i++) {
		g[0] = some[i % k];
		g[1] = some[i / k % k];
		g[2] = some[i / k / k % k];
		g[3] = some[i / k / k / k];
		int n = naive_group(g, want);

		assert_int_equal(base64_decode(got, sizeof(got), g, 4), n);
		assert_int_equal(base64_is_valid(g, 4), n != -1);
		if (n > 0)
			assert_memory_equal(got, want, (size_t)n);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(encodes_and_decodes_vectors),
		cmocka_unit_test(refuses_what_is_not_base64),
		cmocka_unit_test(stays_inside_its_buffer),
		cmocka_unit_test(agrees_with_a_naive_decoder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
