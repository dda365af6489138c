/*
 * SASL lines, base64 and PLAIN: what is accepted means one thing only, and
 * the credentials obey the rule for all of them.
 * Runs in: make check, libFuzzer.
 * Hostile input: what the client sends after AUTHENTICATE or AUTH.
 * Never: ships in a program.
 */
#include <stdbool.h>
#include <string.h>

#include "check.h"
#include "fuzz.h"
#include "lib/base64.h"
#include "login-common/sasl_decode.h"

static char scratch[BASE64_ENCODED_SIZE(64 * 1024)];

static void
check_credentials(const struct sasl_credentials *c, enum sasl_result result)
{
	static const struct sasl_credentials empty;
	struct sasl_credentials again;
	char response[2 + SASL_USER_MAX + SASL_PASS_MAX];

	if (result != SASL_OK) {
		CHECK(memcmp(c, &empty, sizeof(empty)) == 0);
		return;
	}
	CHECK(c->user_len >= 1 && c->user_len <= SASL_USER_MAX);
	CHECK(c->pass_len >= 1 && c->pass_len <= SASL_PASS_MAX);
	CHECK(strlen(c->user) == c->user_len);
	CHECK(strlen(c->pass) == c->pass_len);
	CHECK(sasl_text_ok(c->user, c->user_len));
	CHECK(sasl_text_ok(c->pass, c->pass_len));
	response[0] = response[1 + c->user_len] = '\0';
	memcpy(response + 1, c->user, c->user_len);
	memcpy(response + 2 + c->user_len, c->pass, c->pass_len);
	memset(&again, 'x', sizeof(again));
	CHECK(sasl_plain_parse(response, 2 + c->user_len + c->pass_len,
	    &again) == SASL_OK);
	CHECK(memcmp(c, &again, sizeof(again)) == 0);
}

/* PLAIN by its definition: OK only with two NULs and nothing odd. */
static void
check_plain(const char *response, size_t len)
{
	struct sasl_credentials c;
	enum sasl_result result;
	size_t nuls = 0;

	for (size_t i = 0; i < len; i++)
		nuls += response[i] == '\0';
	memset(&c, 'x', sizeof(c));
	result = sasl_plain_parse(response, len, &c);
	CHECK(result != SASL_BAD);
	CHECK(nuls == 2 || result == SASL_FAIL);
	check_credentials(&c, result);
	if (result == SASL_OK && response[0] != '\0')
		CHECK(memcmp(response, c.user, c.user_len + 1) == 0);
}

static void
check_line(const char *line, size_t len, bool is_initial)
{
	static char dst[SASL_RESPONSE_MAX];
	struct sasl_credentials c;
	enum sasl_result result;
	size_t n;

	result = sasl_decode_line(line, len, is_initial, dst, sizeof(dst), &n);
	CHECK(result == SASL_OK || result == SASL_BAD);
	memset(&c, 0, sizeof(c));
	CHECK((sasl_plain_line(line, len, is_initial, &c) == SASL_BAD) ==
	    (result == SASL_BAD));
	sasl_user_line(line, len, is_initial, &c);
	sasl_pass_line(line, len, &c);
	if (result == SASL_BAD) {
		CHECK(n == 0 && (is_initial || !base64_is_valid(line, len)));
		return;
	}
	check_plain(dst, n);
	/* There is one text only for these bytes. */
	CHECK(base64_encode(scratch, sizeof(scratch), dst, n) >= 0);
	if (n > 0 || !is_initial)
		CHECK(strlen(scratch) == len &&
		    memcmp(scratch, line, len) == 0);
}

/* The lines of the input, by chunks; digests where they ended. */
static uint64_t
run(const uint8_t *data, size_t len, char *buf, bool in_chunks)
{
	struct sasl_line l = { 0 };
	size_t start = 0, have = 0, n, used;
	uint64_t digest = 0;

	while (have < len) {
		size_t chunk = in_chunks ? check_chunk(data, len, have) : len;
		enum sasl_line_result result;

		if (chunk > len - have)
			chunk = len - have;
		memcpy(buf + have, data + have, chunk);
		have += chunk;
		while ((result = sasl_line_find(&l, buf + start, have - start,
		    &n, &used)) == SASL_LINE_DONE) {
			CHECK(used <= have - start && n < used);
			digest = check_digest(digest, start + used);
			digest = check_digest(digest, n);
			if (!in_chunks) {
				check_line(buf + start, n, true);
				check_line(buf + start, n, false);
			}
			start += used;
		}
		if (result != SASL_LINE_MORE)
			return check_digest(digest, result);
		CHECK(have - start <= SASL_LINE_MAX + 1);
	}
	return digest;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *whole, *chunks;
	ssize_t n;

	if (len == 0 || len > 64 * 1024)
		return 0;
	whole = calloc(1, len);
	chunks = calloc(1, len);
	CHECK(whole != NULL && chunks != NULL);
	CHECK(run(data, len, whole, false) == run(data, len, chunks, true));
	check_plain((const char *)data, len);
	n = base64_encode(scratch, sizeof(scratch), data, len);
	CHECK(n > 0 && base64_is_valid(scratch, (size_t)n));
	CHECK(base64_decode(whole, len, scratch, (size_t)n) == (ssize_t)len);
	CHECK(memcmp(whole, data, len) == 0);
	free(whole);
	free(chunks);
	return 0;
}
