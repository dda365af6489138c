/*
 * Hashes by PBKDF2, and the stored keys of SCRAM (RFC 5802).
 * Runs in: auth (reads keys), auth-worker.
 * Hostile input: passwords of clients; hashes from a database.
 * Never: does more rounds than PASSWORD_ROUNDS_MAX.
 */
#include <string.h>

#include "lib/base64.h"
#include "lib/password_scheme.h"
#include "lib/strutil.h"

/* A stored hash: salt and rounds, and from where on there are secrets. */
struct kdf_setting {
	uint8_t	 salt[PASSWORD_HASH_MAX];
	size_t	 slen;
	uint32_t rounds;
	size_t	 len;
};

static int
kdf_rounds(struct kdf_setting *s, const char *text, size_t len)
{
	uint64_t n;

	if (str_number(text, len, 1, PASSWORD_ROUNDS_MAX, &n) == -1)
		return -1;
	s->rounds = (uint32_t)n;
	return 0;
}

/* Dovecot's "$1$salt$rounds$hex": HMAC-SHA1, the salt as it stands. */
static int
pbkdf2_parse(struct kdf_setting *s, const char *text)
{
	const char *salt = text + 3, *rounds, *end;

	if (strncmp(text, "$1$", 3) != 0 ||
	    (rounds = strchr(salt, '$')) == NULL ||
	    (end = strchr(rounds + 1, '$')) == NULL)
		return -1;
	s->slen = (size_t)(rounds++ - salt);
	if (s->slen == 0 || s->slen > sizeof(s->salt))
		return -1;
	memcpy(s->salt, salt, s->slen);
	s->len = (size_t)(end - text) + 1;
	return kdf_rounds(s, rounds, (size_t)(end - rounds));
}

size_t
password_pbkdf2_setting(const char *text)
{
	struct kdf_setting s;

	return pbkdf2_parse(&s, text) == 0 ? s.len : 0;
}

/*
 * Are these two the same?  Nothing where a secret should stand is the dummy,
 * which is like nothing.
 */
static enum password_verdict
kdf_compare(const uint8_t *ours, ssize_t n, const uint8_t *theirs, size_t len)
{
	if (n == 0)
		return PASSWORD_MISMATCH;
	if (n < 0 || (size_t)n != len)
		return PASSWORD_BAD_HASH;
	return digest_equal(ours, theirs, len) ? PASSWORD_MATCH :
	    PASSWORD_MISMATCH;
}

enum password_verdict
password_verify_pbkdf2(const struct password_check *c)
{
	const char *text = (const char *)c->data;
	uint8_t theirs[DIGEST_BYTES_MAX], ours[DIGEST_BYTES_MAX];
	enum password_verdict verdict = PASSWORD_BAD_HASH;
	size_t len = digest_length(DIGEST_SHA1);
	struct kdf_setting s;
	ssize_t n;

	if (pbkdf2_parse(&s, text) == -1)
		return PASSWORD_BAD_HASH;
	n = password_hex_decode(ours, sizeof(ours), text + s.len,
	    strlen(text + s.len));
	if (n < 0 || (n != 0 && (size_t)n != len))
		return PASSWORD_BAD_HASH;
	if (digest_pbkdf2(DIGEST_SHA1, c->pass, s.salt, s.slen, s.rounds,
	    theirs) == 0)
		verdict = kdf_compare(ours, n, theirs, len);
	explicit_bzero(theirs, sizeof(theirs));
	explicit_bzero(ours, sizeof(ours));
	return verdict;
}

/* Dovecot's "iterations,salt,StoredKey,ServerKey". */
static int
scram_parse(struct kdf_setting *s, const char *text)
{
	const char *salt = strchr(text, ','), *end;
	ssize_t n;

	if (salt == NULL || (end = strchr(salt + 1, ',')) == NULL ||
	    kdf_rounds(s, text, (size_t)(salt - text)) == -1)
		return -1;
	salt++;
	n = base64_decode(s->salt, sizeof(s->salt), salt,
	    (size_t)(end - salt));
	if (n <= 0)
		return -1;
	s->slen = (size_t)n;
	s->len = (size_t)(end - text) + 1;
	return 0;
}

size_t
password_scram_setting(const char *text)
{
	struct kdf_setting s;

	return scram_parse(&s, text) == 0 ? s.len : 0;
}

/* Both keys of a password, as a server of SCRAM stores them. */
static int
scram_keys(const struct password_check *c, const struct kdf_setting *s,
    uint8_t *stored, uint8_t *server)
{
	enum digest_kind kind = c->scheme->digest;
	size_t len = digest_length(kind);
	uint8_t salted[DIGEST_BYTES_MAX], key[DIGEST_BYTES_MAX];
	int result = -1;

	if (digest_pbkdf2(kind, c->pass, s->salt, s->slen, s->rounds,
	    salted) == 0 &&
	    digest_hmac(kind, salted, len, "Client Key", 10, key) == 0 &&
	    digest_two(kind, key, len, NULL, 0, stored) == 0 &&
	    digest_hmac(kind, salted, len, "Server Key", 10, server) == 0)
		result = 0;
	explicit_bzero(salted, sizeof(salted));
	explicit_bzero(key, sizeof(key));
	return result;
}

/* The two keys behind the setting, one behind the other; none: a dummy. */
static ssize_t
scram_stored(const char *text, uint8_t *dst, size_t len)
{
	const char *comma = strchr(text, ',');

	if (*text == '\0')
		return 0;
	if (comma == NULL ||
	    base64_decode(dst, len, text, (size_t)(comma - text)) !=
	    (ssize_t)len ||
	    base64_decode(dst + len, len, comma + 1, strlen(comma + 1)) !=
	    (ssize_t)len)
		return -1;
	return 2 * (ssize_t)len;
}

int
password_scram_read(const struct password_check *c, struct password_scram *k)
{
	const char *text = (const char *)c->data;
	size_t len = digest_length(c->scheme->digest);
	uint8_t keys[2 * DIGEST_BYTES_MAX];
	struct kdf_setting s;
	int result = -1;
	ssize_t n;

	memset(keys, 0, sizeof(keys));
	if (scram_parse(&s, text) == 0 && s.slen <= sizeof(k->salt) &&
	    (n = scram_stored(text + s.len, keys, len)) != -1) {
		k->has_keys = n > 0;
		k->rounds = s.rounds;
		k->slen = s.slen;
		memcpy(k->salt, s.salt, s.slen);
		memcpy(k->stored, keys, len);
		memcpy(k->server, keys + len, len);
		result = 0;
	}
	explicit_bzero(keys, sizeof(keys));
	return result;
}

enum password_verdict
password_verify_scram(const struct password_check *c)
{
	const char *text = (const char *)c->data;
	uint8_t theirs[2 * DIGEST_BYTES_MAX], ours[2 * DIGEST_BYTES_MAX];
	enum password_verdict verdict = PASSWORD_BAD_HASH;
	size_t len = digest_length(c->scheme->digest);
	uint8_t server[DIGEST_BYTES_MAX];
	struct kdf_setting s;
	ssize_t n;

	if (scram_parse(&s, text) == -1 ||
	    (n = scram_stored(text + s.len, ours, len)) == -1)
		return PASSWORD_BAD_HASH;
	if (scram_keys(c, &s, theirs, server) == 0) {
		memcpy(theirs + len, server, len);
		verdict = kdf_compare(ours, n, theirs, 2 * len);
	}
	explicit_bzero(theirs, sizeof(theirs));
	explicit_bzero(ours, sizeof(ours));
	explicit_bzero(server, sizeof(server));
	return verdict;
}
