/*
 * The password schemes: which there are, and what they have in common.
 * Runs in: auth (cheap ones), auth-worker.
 * Hostile input: passwords of clients; hashes from a database.
 * Never: tells by its timing where two secrets differ; keeps a secret.
 */
#include "lib/password.h"

#include <bsd/string.h>
#include <string.h>

#include "lib/base64.h"
#include "lib/password_scheme.h"
#include "lib/strutil.h"

#define SCHEME_NAME_MAX	32

static enum password_verdict	verify_md5(const struct password_check *);

#define CRYPT(name)							\
	{ name, password_verify_crypt, ENCODING_NONE, 0,		\
	    password_crypt_setting }
#define SCRAM(name, kind)						\
	{ name, password_verify_scram, ENCODING_NONE, kind,		\
	    password_scram_setting }
#define DIGEST(name, encoding, kind)					\
	{ name, password_verify_digest, encoding, kind, NULL }
#define SALTED(name, kind)						\
	{ name, password_verify_salted, ENCODING_BASE64, kind, NULL }

static const struct password_scheme password_schemes[] = {
	{ "PLAIN", password_verify_plain, ENCODING_NONE, 0, NULL },
	{ "CLEAR", password_verify_plain, ENCODING_NONE, 0, NULL },
	{ "CLEARTEXT", password_verify_plain, ENCODING_NONE, 0, NULL },
	CRYPT("CRYPT"),
	CRYPT("DES-CRYPT"),
	CRYPT("MD5-CRYPT"),
	CRYPT("SHA256-CRYPT"),
	CRYPT("SHA512-CRYPT"),
	CRYPT("BLF-CRYPT"),
#ifdef WITH_ARGON2
	{ "ARGON2", password_verify_argon2, ENCODING_NONE, 0,
	    password_argon2_setting },
	{ "ARGON2I", password_verify_argon2, ENCODING_NONE, 0,
	    password_argon2_setting },
	{ "ARGON2ID", password_verify_argon2, ENCODING_NONE, 0,
	    password_argon2_setting },
#endif
	{ "PBKDF2", password_verify_pbkdf2, ENCODING_NONE, 0,
	    password_pbkdf2_setting },
	SCRAM("SCRAM-SHA-1", DIGEST_SHA1),
	SCRAM("SCRAM-SHA-256", DIGEST_SHA256),
	{ "MD5", verify_md5, ENCODING_NONE, DIGEST_MD5, NULL },
	DIGEST("PLAIN-MD5", ENCODING_HEX, DIGEST_MD5),
	DIGEST("LDAP-MD5", ENCODING_BASE64, DIGEST_MD5),
	DIGEST("SHA", ENCODING_BASE64, DIGEST_SHA1),
	DIGEST("SHA1", ENCODING_BASE64, DIGEST_SHA1),
	DIGEST("SHA256", ENCODING_BASE64, DIGEST_SHA256),
	DIGEST("SHA512", ENCODING_BASE64, DIGEST_SHA512),
	SALTED("SMD5", DIGEST_MD5),
	SALTED("SSHA", DIGEST_SHA1),
	SALTED("SSHA256", DIGEST_SHA256),
	SALTED("SSHA512", DIGEST_SHA512),
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

/* How the scheme says what a text costs; NULL: it is not slow. */
static password_setting_fn
password_setting(const struct password_scheme *scheme, const char *data)
{
	/* Dovecot 1.x: MD5 is MD5-CRYPT by its looks. */
	if (scheme->verify == verify_md5 && password_is_md5_crypt(data))
		return password_crypt_setting;
	return scheme->setting;
}

bool
password_is_slow(const char *full_hash)
{
	const struct password_scheme *scheme;
	enum password_encoding encoding;
	const char *data;

	scheme = password_split(full_hash, &encoding, &data);
	return scheme != NULL && password_setting(scheme, data) != NULL;
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

ssize_t
password_hex_decode(uint8_t *dst, size_t size, const char *text, size_t len)
{
	if (len % 2 != 0 || len / 2 > size)
		return -1;
	for (size_t i = 0; i < len / 2; i++) {
		int high = hex_value(text[2 * i]);
		int low = hex_value(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return -1;
		dst[i] = (uint8_t)(high << 4 | low);
	}
	return (ssize_t)(len / 2);
}

/* Puts the data behind the scheme, decoded and terminated, into the check. */
static int
password_decode(struct password_check *c, const char *data,
    enum password_encoding encoding)
{
	size_t len = strlen(data);
	ssize_t n = -1;

	if (len > PASSWORD_HASH_MAX)
		return -1;
	if (encoding == ENCODING_NONE) {
		encoding = c->scheme->encoding;
		/* A bare digest is told by its length. */
		if (c->scheme->verify == password_verify_digest)
			encoding = len == 2 * digest_length(c->scheme->digest)
			    ? ENCODING_HEX : ENCODING_BASE64;
	}
	switch (encoding) {
	case ENCODING_HEX:
		n = password_hex_decode(c->data, PASSWORD_HASH_MAX, data, len);
		break;
	case ENCODING_BASE64:
		n = base64_decode(c->data, PASSWORD_HASH_MAX, data, len);
		break;
	case ENCODING_NONE:
		memcpy(c->data, data, len);
		n = (ssize_t)len;
		break;
	}
	if (n < 0)
		return -1;
	c->len = (size_t)n;
	c->data[c->len] = '\0';
	return 0;
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
	if (password_decode(&c, data, encoding) == 0)
		verdict = c.scheme->verify(&c);
	explicit_bzero(&c, sizeof(c));
	return verdict;
}

int
password_scram_get(struct password_scram *k, enum digest_kind digest,
    const char *full_hash)
{
	struct password_check c = { .pass = "" };
	enum password_encoding encoding;
	const char *data;
	int result = -1;

	c.scheme = password_split(full_hash, &encoding, &data);
	if (c.scheme != NULL && c.scheme->verify == password_verify_scram &&
	    c.scheme->digest == digest &&
	    password_decode(&c, data, encoding) == 0 &&
	    strlen((const char *)c.data) == c.len)
		result = password_scram_read(&c, k);
	explicit_bzero(&c, sizeof(c));
	return result;
}

/* Dovecot 1.x: MD5-CRYPT by its looks, else a digest. */
static enum password_verdict
verify_md5(const struct password_check *c)
{
	const char *text = (const char *)c->data;
	struct password_check bare = { .pass = c->pass };
	enum password_verdict verdict = PASSWORD_BAD_HASH;

	if (password_is_md5_crypt(text))
		return password_verify_crypt(c);
	bare.scheme = password_scheme_find("PLAIN-MD5", 9);
	if (c->len == digest_length(DIGEST_MD5))
		verdict = password_verify_digest(c);
	else if (password_decode(&bare, text, ENCODING_NONE) == 0)
		verdict = password_verify_digest(&bare);
	explicit_bzero(&bare, sizeof(bare));
	return verdict;
}

/*
 * What a dummy is made of is decoded, so that its own text has no suffix.
 * A text with a NUL or a control character is no setting of ours.
 */
int
password_dummy_hash(char *dst, size_t size, const char *full_hash)
{
	struct password_check c = { .pass = "" };
	enum password_encoding encoding;
	password_setting_fn setting = NULL;
	const char *data, *text = (const char *)c.data;
	size_t len = 0, head;
	int result = -1;

	c.scheme = password_split(full_hash, &encoding, &data);
	if (c.scheme != NULL && password_decode(&c, data, encoding) == 0)
		setting = password_setting(c.scheme, text);
	if (setting != NULL && !str_has_control(text, c.len))
		len = setting(text);
	if (len != 0 && size > SCHEME_NAME_MAX) {
		(void)strlcpy(dst, "{", size);
		(void)strlcat(dst, c.scheme->name, size);
		head = strlcat(dst, "}", size);
		result = str_copy(dst + head, size - head, text, len);
	}
	explicit_bzero(&c, sizeof(c));
	return result;
}
