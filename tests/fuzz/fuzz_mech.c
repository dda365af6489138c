/*
 * Responses of clients: what is taken from them is what they sent.
 * Runs in: make check, fuzzing.
 * Hostile input: the whole input: one byte for the mechanism, one for where
 * the rest is cut into two responses (255: it is one, the initial one).
 * Never: ships in a program.
 */
#include <stdlib.h>
#include <string.h>

#include "auth/mech.h"
#include "auth/scram.h"
#include "auth/username.h"
#include "check.h"
#include "config/settings.h"
#include "fuzz.h"
#include "ipc/sasl_message.h"
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

/* A token's message, made anew, is understood as the same. */
static void
fuzz_token(const struct mech_exchange *x, const uint8_t *data, size_t len)
{
	bool is_xoauth2 = x->mech->way == LOGIN_AUTH_WAY_XOAUTH2;
	static char made[SASL_TOKEN_MESSAGE_MAX];
	struct sasl_token t, again;
	size_t n;

	CHECK(sasl_token_get(&t, is_xoauth2, (const char *)data, len) == 0);
	CHECK(strcmp(t.user, x->user) == 0);
	n = sasl_token_put(made, is_xoauth2, t.user, t.token, t.len);
	CHECK(n > 0 && n <= sizeof(made));
	CHECK(sasl_token_get(&again, is_xoauth2, made, n) == 0);
	CHECK(strcmp(again.user, t.user) == 0 && again.len == t.len &&
	    memcmp(again.token, t.token, t.len) == 0);
}

static void
fuzz_credentials(const struct mech_exchange *x, const uint8_t *data,
    size_t len)
{
	size_t ulen = strlen(x->user), plen = strlen(x->pass);

	fuzz_half(x->user, LOGIN_AUTH_USER_MAX);
	fuzz_username(x->user);
	if (x->mech->proof == MECH_PROOF_CERT)
		return;
	fuzz_half(x->pass, LOGIN_AUTH_PASS_MAX);
	if (x->mech->proof == MECH_PROOF_TOKEN)
		fuzz_token(x, data, len);
	if (strcmp(x->mech->name, "PLAIN") != 0)
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

/* Nobody proves by chance that he knows a key. */
static void
fuzz_scram(struct mech_exchange *x, const uint8_t *data, size_t len)
{
	struct scram *s = x->scram;
	enum mech_result result;

	CHECK(s->nonce_len >= 1 && s->nonce_len <= SCRAM_NONCE_MAX);
	memset(s->keys.stored, 0x5a, sizeof(s->keys.stored));
	s->keys.rounds = 4096;
	s->keys.slen = PASSWORD_SALT_MAX;
	/* Not ours by chance: a last message in the corpus has it. */
	memcpy(x->pass, "AAAABBBBCCCCDDDDEEEEFFFF", SCRAM_OWN_NONCE_LEN + 1);
	CHECK(mech_scram_ask(x) == MECH_CHALLENGE);
	CHECK(strlen(s->text) == s->text_len);
	CHECK(strlen(s->nonce) == s->nonce_len);
	result = fuzz_give(x, data, len, x->mech->next);
	CHECK(result == MECH_BAD || result == MECH_DISPROVEN);
	CHECK(!s->is_over);
}

/* The second response of those that have one. */
static void
fuzz_second(struct mech_exchange *x, const uint8_t *data, size_t cut,
    size_t len)
{
	enum mech_result result;

	if (x->mech->proof == MECH_PROOF_KEY) {
		fuzz_scram(x, data + cut, len - cut);
		return;
	}
	result = fuzz_give(x, data + cut, len - cut, x->mech->next);
	CHECK(result == MECH_CREDENTIALS || result == MECH_REFUSED);
	if (result == MECH_CREDENTIALS)
		fuzz_credentials(x, data, len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes)
{
	static const char *const names[] = { "PLAIN", "LOGIN", "OAUTHBEARER",
		"XOAUTH2", "EXTERNAL", "SCRAM-SHA-1", "SCRAM-SHA-256" };
	struct mech_exchange x = { .cert_user = "joe" };
	enum mech_result result;
	size_t cut;

	if (data_bytes < 2)
		return 0;
	x.mech = mech_find(names[data[0] % (sizeof(names) /
	    sizeof(names[0]))]);
	cut = data[1] == 255 || data[1] > data_bytes - 2 ? data_bytes - 2 :
	    data[1];
	if (strcmp(x.mech->name, "PLAIN") == 0)
		cut = data_bytes - 2;
	data += 2;
	data_bytes -= 2;
	result = fuzz_give(&x, data, cut, x.mech->start);
	CHECK(result != MECH_PROVEN && result != MECH_ABSENT);
	CHECK((result == MECH_CHALLENGE) ==
	    (strcmp(x.mech->name, "LOGIN") == 0));
	if (result == MECH_CREDENTIALS)
		fuzz_credentials(&x, data, cut);
	if (result == MECH_CHALLENGE ||
	    (result == MECH_CREDENTIALS && x.scram != NULL))
		fuzz_second(&x, data, cut, data_bytes);
	mech_exchange_clear(&x);
	return 0;
}
