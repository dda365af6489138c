/*
 * SCRAM, RFC 5802 and RFC 7677: messages and proofs of one exchange.
 * Runs in: auth.
 * Hostile input: messages of clients.
 * Never: tells by time or answers whether the keys are somebody's.
 */
#include "auth/scram.h"

#include <bsd/string.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "ipc/sasl_message.h"
#include "lib/base64.h"
#include "lib/strutil.h"

/* The signed text: three messages with commas between them. */
#define SCRAM_SIGNED_MAX	(SCRAM_FIRST_MAX + SCRAM_CHALLENGE_MAX + \
				    SCRAM_FINAL_MAX)

/* Printable ASCII but the comma (RFC 5802, section 7: printable). */
static bool
scram_is_nonce(const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (p[i] < 0x21 || p[i] > 0x7e || p[i] == ',')
			return false;
	return len > 0 && len <= SCRAM_NONCE_MAX;
}

/*
 * The value of the attribute that must come next, without its comma; NULL if
 * another does.  *p moves behind it.
 */
static const char *
scram_value(const char **p, char name, size_t *len)
{
	const char *value = *p + 2, *end;

	if ((*p)[0] != name || (*p)[1] != '=')
		return NULL;
	end = strchr(value, ',');
	*len = end == NULL ? strlen(value) : (size_t)(end - value);
	*p = value + *len + (end != NULL);
	return value;
}

/* Takes a message as text: no NUL, nor any other control character. */
static bool
scram_take(char *dst, size_t size, const void *message, size_t len)
{
	return len > 0 && !str_has_control(message, len) &&
	    str_is_utf8(message, len) &&
	    str_copy(dst, size, message, len) == 0;
}

enum scram_result
scram_begin(struct scram *s, const void *message, size_t len,
    struct scram_names *names)
{
	struct sasl_gs2 gs2;
	const char *p, *name, *nonce;
	size_t nlen, rlen;

	if (!scram_take(s->first, sizeof(s->first), message, len) ||
	    sasl_gs2_get(&gs2, s->first, len) == -1)
		return SCRAM_BAD;
	p = s->first + gs2.len;
	/* "m=", which must be understood, would stand before the name. */
	if ((name = scram_value(&p, 'n', &nlen)) == NULL ||
	    sasl_name_get(names->user, name, nlen) == -1 ||
	    (nonce = scram_value(&p, 'r', &rlen)) == NULL ||
	    !scram_is_nonce(nonce, rlen))
		return SCRAM_BAD;
	s->header_len = gs2.len;
	memcpy(s->nonce, nonce, rlen);
	s->nonce[rlen] = '\0';
	s->nonce_len = rlen;
	(void)strlcpy(names->authzid, gs2.authzid, sizeof(names->authzid));
	return SCRAM_OK;
}

void
scram_challenge(struct scram *s, const char *nonce)
{
	char salt[BASE64_ENCODED_SIZE(PASSWORD_SALT_MAX)];
	int len;

	if (base64_encode(salt, sizeof(salt), s->keys.salt, s->keys.slen) ==
	    -1)
		salt[0] = '\0';
	s->nonce_len = strlcat(s->nonce, nonce, sizeof(s->nonce));
	len = snprintf(s->text, sizeof(s->text), "r=%s,s=%s,i=%u", s->nonce,
	    salt, s->keys.rounds);
	s->text_len = (size_t)len;
	s->is_asked = true;
}

/* c= must be the header as it came (RFC 5802, 5.1). */
static bool
scram_is_bound(const struct scram *s, const char *value, size_t len)
{
	char header[SCRAM_FIRST_MAX];
	ssize_t n = base64_decode(header, sizeof(header), value, len);

	return n == (ssize_t)s->header_len &&
	    memcmp(header, s->first, s->header_len) == 0;
}

/* HMAC of the whole exchange, with a key. */
static int
scram_sign(const struct scram *s, const char *final, size_t len,
    const uint8_t *key, uint8_t *dst)
{
	char text[SCRAM_SIGNED_MAX];
	int n;

	n = snprintf(text, sizeof(text), "%s,%s,%.*s",
	    s->first + s->header_len, s->text, (int)len, final);
	if (n < 0 || (size_t)n >= sizeof(text))
		return -1;
	return digest_hmac(s->digest, key, digest_length(s->digest), text,
	    (size_t)n, dst);
}

/* The client's key, from its proof, must be the one that made StoredKey. */
static enum scram_result
scram_check(const struct scram *s, const char *final, size_t len,
    const uint8_t *proof)
{
	uint8_t key[DIGEST_BYTES_MAX], stored[DIGEST_BYTES_MAX];
	size_t n = digest_length(s->digest);
	enum scram_result result = SCRAM_FAULT;

	if (scram_sign(s, final, len, s->keys.stored, key) == 0) {
		for (size_t i = 0; i < n; i++)
			key[i] ^= proof[i];
		if (digest_two(s->digest, key, n, NULL, 0, stored) == 0)
			result = digest_equal(stored, s->keys.stored, n) &&
			    !s->is_fake ? SCRAM_OK : SCRAM_WRONG;
	}
	explicit_bzero(key, sizeof(key));
	explicit_bzero(stored, sizeof(stored));
	return result;
}

/* v=: that we know the password too. */
static enum scram_result
scram_prove(struct scram *s, const char *final, size_t len)
{
	char text[BASE64_ENCODED_SIZE(DIGEST_BYTES_MAX)];
	uint8_t own[DIGEST_BYTES_MAX];
	ssize_t n = -1;

	if (scram_sign(s, final, len, s->keys.server, own) == 0)
		n = base64_encode(text, sizeof(text), own,
		    digest_length(s->digest));
	if (n == -1)
		return SCRAM_FAULT;
	s->text_len = (size_t)snprintf(s->text, sizeof(s->text), "v=%s",
	    text);
	s->is_over = true;
	return SCRAM_OK;
}

enum scram_result
scram_end(struct scram *s, const void *message, size_t len)
{
	char final[SCRAM_FINAL_MAX + 1];
	uint8_t proof[DIGEST_BYTES_MAX];
	const char *p = final, *value;
	enum scram_result result;
	size_t n, signed_len;

	if (!scram_take(final, sizeof(final), message, len) ||
	    (value = scram_value(&p, 'c', &n)) == NULL ||
	    !scram_is_bound(s, value, n) ||
	    (value = scram_value(&p, 'r', &n)) == NULL ||
	    n != s->nonce_len || memcmp(value, s->nonce, n) != 0)
		return SCRAM_BAD;
	/* The proof is the last attribute; extensions may stand before it. */
	while (p[0] != 'p')
		if (!isalpha((unsigned char)p[0]) ||
		    scram_value(&p, p[0], &n) == NULL)
			return SCRAM_BAD;
	signed_len = (size_t)(p - final) - 1;
	value = scram_value(&p, 'p', &n);
	if (value == NULL || value[n] != '\0' ||
	    base64_decode(proof, sizeof(proof), value, n) !=
	    (ssize_t)digest_length(s->digest))
		return SCRAM_BAD;
	result = scram_check(s, final, signed_len, proof);
	explicit_bzero(proof, sizeof(proof));
	return result != SCRAM_OK ? result :
	    scram_prove(s, final, signed_len);
}
