/*
 * The password schemes.
 * Runs in: auth (cheap ones), auth-worker (crypt(3)).
 * Hostile input: passwords of clients; hashes from a database.
 * Never: tells by its timing where two secrets differ; keeps a secret.
 */
#include <bsd/string.h>
#include <bsd/stdlib.h>
#include <crypt.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base64.h"
#include "lib/digest.h"
#include "lib/password.h"
#include "lib/strutil.h"
#include "lib/xmem.h"

#define SCHEME_NAME_MAX	32

enum password_encoding {
	ENCODING_NONE,
	ENCODING_HEX,
	ENCODING_BASE64,
};

struct password_scheme;

/* What is compared; data is decoded, and terminated for texts. */
struct password_check {
	const struct password_scheme	*scheme;
	const char			*pass;
	uint8_t				 data[PASSWORD_HASH_MAX + 1];
	size_t				 len;
};

typedef enum password_verdict (*password_verify_fn)(
    const struct password_check *);

struct password_scheme {
	const char		*name;
	password_verify_fn	 verify;
	enum password_encoding	 encoding;	/* unless a suffix says */
	enum digest_kind	 digest;
	bool			 is_slow;
};

static enum password_verdict	verify_plain(const struct password_check *);
static enum password_verdict	verify_crypt(const struct password_check *);
static enum password_verdict	verify_md5(const struct password_check *);
static enum password_verdict	verify_digest(const struct password_check *);
static enum password_verdict	verify_salted(const struct password_check *);

static const struct password_scheme password_schemes[] = {
	{ "PLAIN", verify_plain, ENCODING_NONE, 0, false },
	{ "CLEAR", verify_plain, ENCODING_NONE, 0, false },
	{ "CLEARTEXT", verify_plain, ENCODING_NONE, 0, false },
	{ "CRYPT", verify_crypt, ENCODING_NONE, 0, true },
	{ "DES-CRYPT", verify_crypt, ENCODING_NONE, 0, true },
	{ "MD5-CRYPT", verify_crypt, ENCODING_NONE, 0, true },
	{ "SHA256-CRYPT", verify_crypt, ENCODING_NONE, 0, true },
	{ "SHA512-CRYPT", verify_crypt, ENCODING_NONE, 0, true },
	{ "BLF-CRYPT", verify_crypt, ENCODING_NONE, 0, true },
	{ "MD5", verify_md5, ENCODING_NONE, DIGEST_MD5, false },
	{ "PLAIN-MD5", verify_digest, ENCODING_HEX, DIGEST_MD5, false },
	{ "LDAP-MD5", verify_digest, ENCODING_BASE64, DIGEST_MD5, false },
	{ "SHA", verify_digest, ENCODING_BASE64, DIGEST_SHA1, false },
	{ "SHA1", verify_digest, ENCODING_BASE64, DIGEST_SHA1, false },
	{ "SHA256", verify_digest, ENCODING_BASE64, DIGEST_SHA256, false },
	{ "SHA512", verify_digest, ENCODING_BASE64, DIGEST_SHA512, false },
	{ "SMD5", verify_salted, ENCODING_BASE64, DIGEST_MD5, false },
	{ "SSHA", verify_salted, ENCODING_BASE64, DIGEST_SHA1, false },
	{ "SSHA256", verify_salted, ENCODING_BASE64, DIGEST_SHA256, false },
	{ "SSHA512", verify_salted, ENCODING_BASE64, DIGEST_SHA512, false },
};

static const struct {
	const char		*name;
	enum password_encoding	 encoding;
} password_suffixes[] = {
	{ ".b64", ENCODING_BASE64 },
	{ ".base64", ENCODING_BASE64 },
	{ ".hex", ENCODING_HEX },
};

#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))

/* A scheme by its name without the suffix. */
static const struct password_scheme *
password_scheme_find(const char *name, size_t len)
{
	for (size_t i = 0; i < NELEM(password_schemes); i++)
		if (str_span_is(name, len, password_schemes[i].name))
			return &password_schemes[i];
	return NULL;
}

/* The encoding that a suffix asks for; cuts it from *len. */
static enum password_encoding
password_suffix_cut(const char *name, size_t *len)
{
	for (size_t i = 0; i < NELEM(password_suffixes); i++) {
		size_t n = strlen(password_suffixes[i].name);

		if (*len > n && str_span_is(name + *len - n, n,
		    password_suffixes[i].name)) {
			*len -= n;
			return password_suffixes[i].encoding;
		}
	}
	return ENCODING_NONE;
}

bool
password_is_scheme(const char *name)
{
	size_t len = strlen(name);

	(void)password_suffix_cut(name, &len);
	return password_scheme_find(name, len) != NULL;
}

int
password_full_hash(char *dst, size_t size, const char *hash, size_t len,
    const char *default_scheme)
{
	char prefix[SCHEME_NAME_MAX + 3] = "";
	size_t n;

	if (str_has_control(hash, len))
		return -1;
	/* Dovecot knows this form by itself, whatever the default is. */
	if (len > 3 && strncmp(hash, "$1$", 3) == 0 &&
	    memchr(hash + 3, '$', len - 3) != NULL)
		default_scheme = "MD5-CRYPT";
	if (len == 0 || hash[0] != '{' || memchr(hash, '}', len) == NULL) {
		if (strlen(default_scheme) > SCHEME_NAME_MAX)
			return -1;
		strlcpy(prefix, "{", sizeof(prefix));
		strlcat(prefix, default_scheme, sizeof(prefix));
		strlcat(prefix, "}", sizeof(prefix));
	}
	n = strlcpy(dst, prefix, size);
	if (n >= size || len >= size - n) {
		explicit_bzero(dst, size);
		return -1;
	}
	memcpy(dst + n, hash, len);
	dst[n + len] = '\0';
	return 0;
}

/* Splits "{SCHEME.suffix}data"; NULL when the scheme is unknown. */
static const struct password_scheme *
password_split(const char *full_hash, enum password_encoding *encoding,
    const char **data)
{
	const char *end;
	size_t len;

	if (full_hash[0] != '{' || (end = strchr(full_hash, '}')) == NULL)
		return NULL;
	*data = end + 1;
	len = (size_t)(end - full_hash) - 1;
	*encoding = password_suffix_cut(full_hash + 1, &len);
	return password_scheme_find(full_hash + 1, len);
}

static bool
is_md5_crypt(const char *data)
{
	return strncmp(data, "$1$", 3) == 0;
}

bool
password_is_slow(const char *full_hash)
{
	const struct password_scheme *scheme;
	enum password_encoding encoding;
	const char *data;

	scheme = password_split(full_hash, &encoding, &data);
	if (scheme == NULL)
		return false;
	return scheme->is_slow ||
	    (scheme->verify == verify_md5 && is_md5_crypt(data));
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static int
hex_decode(struct password_check *c, const char *data, size_t len)
{
	if (len % 2 != 0 || len / 2 > PASSWORD_HASH_MAX)
		return -1;
	for (size_t i = 0; i < len / 2; i++) {
		int high = hex_value(data[2 * i]);
		int low = hex_value(data[2 * i + 1]);

		if (high < 0 || low < 0)
			return -1;
		c->data[i] = (uint8_t)(high << 4 | low);
	}
	c->len = len / 2;
	return 0;
}

static int
base64_decode_data(struct password_check *c, const char *data, size_t len)
{
	ssize_t n = base64_decode(c->data, PASSWORD_HASH_MAX, data, len);

	if (n < 0)
		return -1;
	c->len = (size_t)n;
	return 0;
}

/* Puts the data behind the scheme, decoded, into the check. */
static int
password_decode(struct password_check *c, const char *data,
    enum password_encoding encoding)
{
	size_t len = strlen(data);

	if (len > PASSWORD_HASH_MAX)
		return -1;
	if (encoding == ENCODING_NONE) {
		encoding = c->scheme->encoding;
		/* A bare digest is told by its length. */
		if (c->scheme->verify == verify_digest)
			encoding = len == 2 * digest_length(c->scheme->digest)
			    ? ENCODING_HEX : ENCODING_BASE64;
	}
	switch (encoding) {
	case ENCODING_HEX:
		return hex_decode(c, data, len);
	case ENCODING_BASE64:
		return base64_decode_data(c, data, len);
	case ENCODING_NONE:
		memcpy(c->data, data, len);
		c->len = len;
		return 0;
	}
	return -1;
}

enum password_verdict
password_verify(const char *full_hash, const char *pass)
{
	struct password_check c = { .pass = pass };
	enum password_encoding encoding;
	enum password_verdict verdict = PASSWORD_BAD_HASH;
	const char *data;

	c.scheme = password_split(full_hash, &encoding, &data);
	if (c.scheme == NULL)
		return PASSWORD_BAD_HASH;
	if (*data == '\0' || *pass == '\0')
		return PASSWORD_MISMATCH;
	if (password_decode(&c, data, encoding) == 0) {
		c.data[c.len] = '\0';
		verdict = c.scheme->verify(&c);
	}
	explicit_bzero(&c, sizeof(c));
	return verdict;
}

/* Through digests of one length, so that lengths are not told either. */
static enum password_verdict
verify_plain(const struct password_check *c)
{
	uint8_t theirs[DIGEST_BYTES_MAX], ours[DIGEST_BYTES_MAX];
	enum password_verdict verdict = PASSWORD_BAD_HASH;

	if (digest_two(DIGEST_SHA256, c->pass, strlen(c->pass), NULL, 0,
	    theirs) == 0 &&
	    digest_two(DIGEST_SHA256, c->data, c->len, NULL, 0, ours) == 0)
		verdict = digest_equal(theirs, ours,
		    digest_length(DIGEST_SHA256)) ?
		    PASSWORD_MATCH : PASSWORD_MISMATCH;
	explicit_bzero(theirs, sizeof(theirs));
	explicit_bzero(ours, sizeof(ours));
	return verdict;
}

static enum password_verdict
verify_crypt(const struct password_check *c)
{
	const char *hash = (const char *)c->data, *out;
	enum password_verdict verdict = PASSWORD_BAD_HASH;
	struct crypt_data *work;
	size_t len;

	/* A locked account, as in shadow(5): no password fits. */
	if (hash[0] == '!' || hash[0] == '*')
		return PASSWORD_MISMATCH;
	if (strlen(hash) != c->len)
		return PASSWORD_BAD_HASH;
	work = xcalloc(1, sizeof(*work));
	out = crypt_rn(c->pass, hash, work, sizeof(*work));
	if (out != NULL) {
		len = strlen(out);
		verdict = len == c->len && digest_equal(out, hash, len) ?
		    PASSWORD_MATCH : PASSWORD_MISMATCH;
	}
	freezero(work, sizeof(*work));
	return verdict;
}

/* Dovecot 1.x: MD5-CRYPT by its looks, else a digest. */
static enum password_verdict
verify_md5(const struct password_check *c)
{
	const char *text = (const char *)c->data;
	struct password_check bare = { .pass = c->pass };
	enum password_verdict verdict = PASSWORD_BAD_HASH;

	if (is_md5_crypt(text))
		return verify_crypt(c);
	bare.scheme = password_scheme_find("PLAIN-MD5", 9);
	if (c->len == digest_length(DIGEST_MD5))
		verdict = verify_digest(c);
	else if (password_decode(&bare, text, ENCODING_NONE) == 0)
		verdict = verify_digest(&bare);
	explicit_bzero(&bare, sizeof(bare));
	return verdict;
}

static enum password_verdict
verify_digest(const struct password_check *c)
{
	uint8_t theirs[DIGEST_BYTES_MAX];
	size_t len = digest_length(c->scheme->digest);
	enum password_verdict verdict;

	if (c->len != len || digest_two(c->scheme->digest, c->pass,
	    strlen(c->pass), NULL, 0, theirs) == -1)
		return PASSWORD_BAD_HASH;
	verdict = digest_equal(theirs, c->data, len) ?
	    PASSWORD_MATCH : PASSWORD_MISMATCH;
	explicit_bzero(theirs, sizeof(theirs));
	return verdict;
}

/* The digest of password and salt, then the salt. */
static enum password_verdict
verify_salted(const struct password_check *c)
{
	uint8_t theirs[DIGEST_BYTES_MAX];
	size_t len = digest_length(c->scheme->digest);
	enum password_verdict verdict;

	if (c->len <= len || digest_two(c->scheme->digest, c->pass,
	    strlen(c->pass), c->data + len, c->len - len, theirs) == -1)
		return PASSWORD_BAD_HASH;
	verdict = digest_equal(theirs, c->data, len) ?
	    PASSWORD_MATCH : PASSWORD_MISMATCH;
	explicit_bzero(theirs, sizeof(theirs));
	return verdict;
}

/* Length of what crypt(3) needs to know of a hash: all but the digest. */
static size_t
crypt_setting_length(const char *data)
{
	size_t len = strlen(data);
	const char *last;

	if (strncmp(data, "$2", 2) == 0)	/* $2y$10$ and 22 of salt */
		return len > 29 ? 29 : 0;
	if (data[0] == '$' && (last = strrchr(data, '$')) > data)
		return (size_t)(last - data) + 1;
	if (data[0] == '_')			/* extended DES */
		return len > 9 ? 9 : 0;
	return len == 13 ? 2 : 0;		/* traditional DES */
}

int
password_dummy_hash(char *dst, size_t size, const char *full_hash)
{
	enum password_encoding encoding;
	const char *data;
	size_t head, setting;

	if (!password_is_slow(full_hash) ||
	    password_split(full_hash, &encoding, &data) == NULL ||
	    encoding != ENCODING_NONE)
		return -1;
	setting = crypt_setting_length(data);
	head = (size_t)(data - full_hash);
	if (setting == 0)
		return -1;
	return str_copy(dst, size, full_hash, head + setting);
}
