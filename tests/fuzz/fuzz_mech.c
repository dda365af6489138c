/*
 * Responses of clients: what is taken from them is what they sent.
 * Runs in: make check, fuzzing.
 * Hostile input: the whole input: one byte for the mechanism, then two
 * responses, cut where the second byte says.
 * Never: ships in a program.
 */
#include <stdlib.h>
#include <string.h>

#include "auth/mech.h"
#include "auth/username.h"
#include "check.h"
#include "config/settings.h"
#include "fuzz.h"
#include "lib/strutil.h"

static void
fuzz_half(const char *text, size_t max)
{
	CHECK(strlen(text) >= 1 && strlen(text) <= max);
	CHECK(!str_has_control(text, strlen(text)));
	CHECK(str_is_utf8(text, strlen(text)));
}

/* Does the name in this form stand in the responses, as it is? */
static void
fuzz_username(const char *name)
{
	static char empty[] = "", format[] = "%Lu", realm[] = "realm";
	struct settings s = { .auth_default_realm = realm,
	    .auth_username_translation = empty,
	    .auth_username_chars = empty, .auth_username_format = format };
	struct username_rules rules;
	char out[LOGIN_AUTH_USER_MAX + 1];

	username_rules_init(&rules, &s);
	if (username_apply(&rules, "imap", name, strlen(name), out) ==
	    USERNAME_OK)
		fuzz_half(out, LOGIN_AUTH_USER_MAX);
	else
		CHECK(out[0] == '\0');
}

static void
fuzz_credentials(const struct mech_exchange *x, bool is_plain,
    const uint8_t *data, size_t len)
{
	size_t ulen = strlen(x->user), plen = strlen(x->pass);

	fuzz_half(x->user, LOGIN_AUTH_USER_MAX);
	fuzz_half(x->pass, LOGIN_AUTH_PASS_MAX);
	fuzz_username(x->user);
	if (!is_plain)
		return;
	CHECK(len == ulen + plen + 2 || len == 2 * ulen + plen + 2);
	CHECK(memcmp(data + len - plen, x->pass, plen) == 0);
	CHECK(memcmp(data + len - plen - 1 - ulen, x->user, ulen) == 0);
}

/* Copies, so that a read beyond a response is seen. */
static enum mech_result
fuzz_give(struct mech_exchange *x, const uint8_t *data, size_t len,
    mech_step_fn step)
{
	uint8_t *copy = malloc(len == 0 ? 1 : len);
	struct login_auth_bytes m = { copy, len };
	enum mech_result result;

	CHECK(copy != NULL);
	if (len != 0)
		memcpy(copy, data, len);
	result = step(x, &m);
	free(copy);
	return result;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes)
{
	static const char *const names[] = { "PLAIN", "LOGIN" };
	struct mech_exchange x = { .step = 0 };
	enum mech_result result;
	size_t cut;

	if (data_bytes < 2)
		return 0;
	x.mech = mech_find(names[data[0] & 1]);
	cut = data[1];
	data += 2;
	data_bytes -= 2;
	if ((data[-2] & 1) == 0) {
		result = fuzz_give(&x, data, data_bytes, x.mech->start);
		CHECK(result != MECH_CHALLENGE);
		if (result == MECH_CREDENTIALS)
			fuzz_credentials(&x, true, data, data_bytes);
		return 0;
	}
	if (cut > data_bytes)
		cut = data_bytes;
	result = fuzz_give(&x, data, cut, x.mech->start);
	CHECK(result == MECH_CHALLENGE);
	result = fuzz_give(&x, data + cut, data_bytes - cut, x.mech->next);
	CHECK(result == MECH_CREDENTIALS || result == MECH_REFUSED);
	if (result == MECH_CREDENTIALS)
		fuzz_credentials(&x, false, data, data_bytes);
	return 0;
}
