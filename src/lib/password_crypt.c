/*
 * Hashes of crypt(3).
 * Runs in: auth-worker.
 * Hostile input: passwords of clients; hashes from a database.
 * Never: begins a verification that would take minutes or much memory.
 */
#include <bsd/stdlib.h>
#include <crypt.h>
#include <string.h>

#include "lib/password_scheme.h"
#include "lib/strutil.h"
#include "lib/xmem.h"

/* 64 digits of crypt(3), in their order. */
static const char crypt_digits[] =
    "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/* Longer passwords are refused by the library. */
#define CRYPT_PASS_MAX	(CRYPT_MAX_PASSPHRASE_SIZE - 1)
/* Of bcrypt: "$2y$10$" and 22 of salt. */
#define BCRYPT_SETTING	29
/* Digits of each of yescrypt's numbers below this stand for themselves. */
#define YESCRYPT_DIGIT_MAX	47

struct crypt_method {
	const char		*prefix;
	/* Of the text behind the prefix; 0 as in password_setting_fn. */
	bool			(*is_cheap)(const char *);
};

static bool	is_always_cheap(const char *);
static bool	is_sha_cheap(const char *);
static bool	is_bcrypt_cheap(const char *);
static bool	is_sha1_cheap(const char *);
static bool	is_yescrypt_cheap(const char *);
static bool	is_scrypt_cheap(const char *);

/* What is not here is not known well enough to say what it costs. */
static const struct crypt_method crypt_methods[] = {
	{ "$1$", is_always_cheap },
	{ "$5$", is_sha_cheap },
	{ "$6$", is_sha_cheap },
	{ "$2a$", is_bcrypt_cheap },
	{ "$2b$", is_bcrypt_cheap },
	{ "$2x$", is_bcrypt_cheap },
	{ "$2y$", is_bcrypt_cheap },
	{ "$sha1$", is_sha1_cheap },
	{ "$md5,", is_sha_cheap },
	{ "$md5$", is_always_cheap },
	{ "$y$", is_yescrypt_cheap },
	{ "$gy$", is_yescrypt_cheap },
	{ "$7$", is_scrypt_cheap },
};

bool
password_is_md5_crypt(const char *text)
{
	return strncmp(text, "$1$", 3) == 0;
}

static bool
is_always_cheap(const char *text)
{
	(void)text;
	return true;
}

/* Are these bytes a number of rounds that is within bounds? */
static bool
is_rounds(const char *text, size_t len)
{
	uint64_t n;

	return str_number(text, len, 0, PASSWORD_ROUNDS_MAX, &n) == 0;
}

/* "rounds=N$", or the default. */
static bool
is_sha_cheap(const char *text)
{
	if (strncmp(text, "rounds=", 7) != 0)
		return true;
	text += 7;
	return is_rounds(text, strcspn(text, "$"));
}

/* "10$", the binary logarithm. */
static bool
is_bcrypt_cheap(const char *text)
{
	uint64_t n;

	return strlen(text) > 2 && text[2] == '$' &&
	    str_number(text, 2, 4, PASSWORD_BCRYPT_MAX, &n) == 0;
}

/* "N$" */
static bool
is_sha1_cheap(const char *text)
{
	return is_rounds(text, strcspn(text, "$"));
}

/* The value of a digit, or -1. */
static int
crypt_digit(char c)
{
	const char *p = c == '\0' ? NULL : strchr(crypt_digits, c);

	return p == NULL ? -1 : (int)(p - crypt_digits);
}

/* 128 bytes for each of 2^log2 times r, and p times that to do. */
static bool
is_memory_cheap(unsigned int log2, uint64_t r, uint64_t p)
{
	uint64_t kib_max = PASSWORD_MEMORY_KIB_MAX;

	if (log2 >= 32 || r > kib_max || p > kib_max)
		return false;
	return (r * p << log2) / 8 <= kib_max;
}

/*
 * "j9T$": flavour, log2 - 1 and r - 1, one digit each.  The forms with more
 * (parallel, slower, with a ROM) are made by hand only, and refused.
 */
static bool
is_yescrypt_cheap(const char *text)
{
	int digits[3];

	for (size_t i = 0; i < 3; i++) {
		digits[i] = crypt_digit(text[i]);
		if (digits[i] < 0 || digits[i] > YESCRYPT_DIGIT_MAX)
			return false;
	}
	return text[3] == '$' && is_memory_cheap((unsigned int)digits[1] + 1,
	    (uint64_t)digits[2] + 1, 1);
}

/* Five digits, the lowest first; -1 when one is none. */
static int64_t
crypt_number(const char *text)
{
	int64_t n = 0;

	for (unsigned int i = 0; i < 5; i++) {
		int digit = crypt_digit(text[i]);

		if (digit < 0)
			return -1;
		n |= (int64_t)digit << (6 * i);
	}
	return n;
}

/* One digit log2, five of r, five of p. */
static bool
is_scrypt_cheap(const char *text)
{
	int log2 = crypt_digit(text[0]);
	int64_t r, p;

	if (strlen(text) < 11)
		return false;
	r = crypt_number(text + 1);
	p = crypt_number(text + 6);
	return log2 > 0 && r > 0 && p > 0 && is_memory_cheap(
	    (unsigned int)log2, (uint64_t)r, (uint64_t)p);
}

static const struct crypt_method *
crypt_method_find(const char *text)
{
	for (size_t i = 0; i < sizeof(crypt_methods) /
	    sizeof(crypt_methods[0]); i++) {
		const char *prefix = crypt_methods[i].prefix;

		if (strncmp(text, prefix, strlen(prefix)) == 0)
			return &crypt_methods[i];
	}
	return NULL;
}

size_t
password_crypt_setting(const char *text)
{
	const struct crypt_method *m = crypt_method_find(text);
	size_t len = strlen(text);
	const char *last;

	if (m == NULL && text[0] == '$')
		return 0;
	if (m != NULL && !m->is_cheap(text + strlen(m->prefix)))
		return 0;
	if (m != NULL && m->is_cheap == is_bcrypt_cheap)
		return len >= BCRYPT_SETTING ? BCRYPT_SETTING : 0;
	if (m != NULL) {
		last = strrchr(text + strlen(m->prefix), '$');
		return last == NULL ? 0 : (size_t)(last - text) + 1;
	}
	if (text[0] == '_')			/* extended DES, 24 bits */
		return len == 9 || len == 20 ? 9 : 0;
	return len == 2 || len >= 13 ? 2 : 0;	/* traditional DES */
}

enum password_verdict
password_verify_crypt(const struct password_check *c)
{
	const char *hash = (const char *)c->data, *out;
	enum password_verdict verdict = PASSWORD_BAD_HASH;
	struct crypt_data *work;
	size_t len;

	/* A locked account, as in shadow(5): no password fits. */
	if (hash[0] == '!' || hash[0] == '*')
		return PASSWORD_MISMATCH;
	if (strlen(hash) != c->len || password_crypt_setting(hash) == 0)
		return PASSWORD_BAD_HASH;
	/* The fault of the client, not of the hash. */
	if (strlen(c->pass) > CRYPT_PASS_MAX)
		return PASSWORD_MISMATCH;
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
