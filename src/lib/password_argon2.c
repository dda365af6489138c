/*
 * Argon2 (RFC 9106) by libargon2.
 * Runs in: auth-worker.
 * Hostile input: passwords of clients; hashes from a database.
 * Never: starts a thread; lets a hash ask for more than it may cost.
 */
#include <argon2.h>

#include <string.h>

#include "lib/base64.h"
#include "lib/password_scheme.h"
#include "lib/strutil.h"

#define ARGON2_SALT_MIN	8	/* RFC 9106, 3.1 */
#define ARGON2_SALT_MAX	64
#define ARGON2_TAG_MIN	16
#define ARGON2_TAG_MAX	64
#define ARGON2_TAG_DUMMY	32	/* usual; its length costs nothing */

/* "$argon2id$v=19$m=65536,t=3,p=1$salt$tag", base64 without padding. */
struct argon2_setting {
	argon2_type	 type;
	uint64_t	 version, memory_kib, passes, lanes;
	uint8_t		 salt[ARGON2_SALT_MAX];
	size_t		 slen;
	size_t		 len;		/* up to the tag */
};

/* Cuts "key=number" and what ends it off *p; -1 on anything else. */
static int
argon2_number(const char **p, const char *key, char end, uint64_t max,
    uint64_t *n)
{
	size_t klen = strlen(key), len;

	if (strncmp(*p, key, klen) != 0)
		return -1;
	*p += klen;
	len = strcspn(*p, ",$");
	if ((*p)[len] != end || str_number(*p, len, 1, max, n) == -1)
		return -1;
	*p += len + 1;
	return 0;
}

/* Bytes of unpadded base64, or -1. */
static ssize_t
argon2_decode(uint8_t *dst, size_t size, const char *text, size_t len)
{
	char padded[BASE64_ENCODED_SIZE(ARGON2_SALT_MAX)];
	size_t i;

	if (len + 3 >= sizeof(padded) || memchr(text, '=', len) != NULL)
		return -1;
	memcpy(padded, text, len);
	for (i = len; i % 4 != 0; i++)
		padded[i] = '=';
	return base64_decode(dst, size, padded, i);
}

static int
argon2_type_cut(struct argon2_setting *s, const char **p)
{
	static const struct {
		const char	*prefix;
		argon2_type	 type;
	} types[] = {
		{ "$argon2id$", Argon2_id },
		{ "$argon2i$", Argon2_i },
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		size_t len = strlen(types[i].prefix);

		if (strncmp(*p, types[i].prefix, len) == 0) {
			s->type = types[i].type;
			*p += len;
			return 0;
		}
	}
	return -1;
}

static int
argon2_parse(struct argon2_setting *s, const char *text)
{
	const char *p = text, *end;
	ssize_t n;

	if (argon2_type_cut(s, &p) == -1)
		return -1;
	s->version = ARGON2_VERSION_10;		/* of texts without it */
	if (*p == 'v' && argon2_number(&p, "v=", '$', ARGON2_VERSION_NUMBER,
	    &s->version) == -1)
		return -1;
	if ((s->version != ARGON2_VERSION_10 &&
	    s->version != ARGON2_VERSION_13) ||
	    argon2_number(&p, "m=", ',', PASSWORD_MEMORY_KIB_MAX,
	    &s->memory_kib) == -1 ||
	    argon2_number(&p, "t=", ',', PASSWORD_ARGON2_KIB_MAX,
	    &s->passes) == -1 ||
	    argon2_number(&p, "p=", '$', PASSWORD_ARGON2_LANES_MAX,
	    &s->lanes) == -1 ||
	    s->memory_kib * s->passes > PASSWORD_ARGON2_KIB_MAX ||
	    s->memory_kib < 8 * s->lanes)
		return -1;
	end = strchr(p, '$');
	if (end == NULL)
		return -1;
	n = argon2_decode(s->salt, sizeof(s->salt), p, (size_t)(end - p));
	if (n < ARGON2_SALT_MIN)
		return -1;
	s->slen = (size_t)n;
	s->len = (size_t)(end - text) + 1;
	return 0;
}

size_t
password_argon2_setting(const char *text)
{
	struct argon2_setting s;

	return argon2_parse(&s, text) == 0 ? s.len : 0;
}

/* By hand, since the library would start a thread for each lane. */
static int
argon2_tag(const struct argon2_setting *s, const char *pass, uint8_t *tag,
    size_t len)
{
	argon2_context ctx = {
		.out = tag, .outlen = (uint32_t)len,
		/* Not written to: the flags ask for no clearing. */
		.pwd = (uint8_t *)(uintptr_t)pass,
		.pwdlen = (uint32_t)strlen(pass),
		.salt = (uint8_t *)(uintptr_t)s->salt,
		.saltlen = (uint32_t)s->slen,
		.t_cost = (uint32_t)s->passes,
		.m_cost = (uint32_t)s->memory_kib,
		.lanes = (uint32_t)s->lanes, .threads = 1,
		.version = (uint32_t)s->version,
		.flags = ARGON2_DEFAULT_FLAGS,
	};

	return argon2_ctx(&ctx, s->type) == ARGON2_OK ? 0 : -1;
}

enum password_verdict
password_verify_argon2(const struct password_check *c)
{
	const char *text = (const char *)c->data;
	uint8_t theirs[ARGON2_TAG_MAX], ours[ARGON2_TAG_MAX];
	enum password_verdict verdict = PASSWORD_BAD_HASH;
	struct argon2_setting s;
	size_t len = ARGON2_TAG_DUMMY;
	bool is_dummy;
	ssize_t n;

	if (argon2_parse(&s, text) == -1)
		return PASSWORD_BAD_HASH;
	is_dummy = text[s.len] == '\0';
	if (!is_dummy) {
		n = argon2_decode(ours, sizeof(ours), text + s.len,
		    strlen(text + s.len));
		if (n < ARGON2_TAG_MIN)
			return PASSWORD_BAD_HASH;
		len = (size_t)n;
	}
	if (argon2_tag(&s, c->pass, theirs, len) == 0)
		verdict = !is_dummy && digest_equal(ours, theirs, len) ?
		    PASSWORD_MATCH : PASSWORD_MISMATCH;
	explicit_bzero(theirs, sizeof(theirs));
	explicit_bzero(ours, sizeof(ours));
	return verdict;
}
