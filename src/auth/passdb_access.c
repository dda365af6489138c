/*
 * Columns that say who may log in, from where and when.
 * Runs in: auth.
 * Hostile input: every column; a database may be in other hands.
 * Never: lets in for the sake of a value that it cannot read.
 */
#include "auth/passdb_value.h"

#include <bsd/string.h>
#include <string.h>

#include "auth/passdb_fields.h"
#include "lib/digest.h"
#include "lib/netaddr.h"
#include "lib/strutil.h"

/* Not another certificate: there is nothing to compare. */
static const char passdb_other_hash[] =
    "not of ssl_peer_certificate_fingerprint_hash is";

const char *
passdb_read_password(const struct passdb_value *v)
{
	struct passdb_fields *f = v->fields;

	if (f->has_password ||
	    password_full_hash(f->hash, sizeof(f->hash), v->text, v->len,
	    v->asker->default_scheme) == -1)
		return passdb_unusable;
	f->has_password = true;
	f->is_password_empty = v->len == 0;
	return NULL;
}

/* A password in clear that may begin with a brace. */
const char *
passdb_read_noscheme(const struct passdb_value *v)
{
	struct passdb_fields *f = v->fields;
	size_t n;

	if (f->has_password || str_has_control(v->text, v->len))
		return passdb_unusable;
	n = strlcpy(f->hash, "{PLAIN}", sizeof(f->hash));
	if (str_copy(f->hash + n, sizeof(f->hash) - n, v->text, v->len) == -1)
		return passdb_unusable;
	f->has_password = true;
	f->is_password_empty = v->len == 0;
	return NULL;
}

/* "local" stands for clients without an address, of which we have none. */
static const char *
passdb_nets(const struct passdb_value *v, const struct netaddr *client)
{
	bool *is_refused = v->to;
	struct netaddr_net net;
	const char *p = v->text, *end = v->text + v->len;
	size_t len;

	*is_refused = true;
	for (; p < end; p += len + 1) {
		for (len = 0; p + len < end && p[len] != ' ' &&
		    p[len] != ','; len++)
			continue;
		if (len == 0 || str_span_is(p, len, "local"))
			continue;
		if (netaddr_net_parse(&net, p, len) == -1)
			return passdb_unusable;
		if (netaddr_net_has(&net, client))
			*is_refused = false;
	}
	return NULL;
}

const char *
passdb_read_nets(const struct passdb_value *v)
{
	return passdb_nets(v, v->asker->rip);
}

const char *
passdb_read_real_nets(const struct passdb_value *v)
{
	return passdb_nets(v, v->asker->real_rip);
}

/* The value of a hexadecimal digit, or -1. */
static int
passdb_hex(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c == '\0' ? NULL : strchr(digits, c >= 'A' &&
	    c <= 'F' ? c - 'A' + 'a' : c);

	return at == NULL ? -1 : (int)(at - digits);
}

/*
 * Pairs of digits, with a colon between any two pairs or none at all; how
 * many bytes they are, or 0.
 */
static size_t
passdb_print_bytes(const struct passdb_value *v,
    uint8_t dst[LOGIN_AUTH_PRINT_MAX])
{
	const size_t step = v->len > 2 && v->text[2] == ':' ? 3 : 2;
	size_t n = 0;

	for (size_t i = 0; i < v->len; i += step) {
		int high, low;

		if (n == LOGIN_AUTH_PRINT_MAX || i + 2 > v->len ||
		    (i > 0 && step == 3 && v->text[i - 1] != ':'))
			return 0;
		high = passdb_hex(v->text[i]);
		low = passdb_hex(v->text[i + 1]);
		if (high == -1 || low == -1)
			return 0;
		dst[n++] = (uint8_t)(high << 4 | low);
	}
	/* A colon at the end. */
	return v->len == n * step - (step - 2) ? n : 0;
}

/* Fingerprints that the client has; an empty value asks for none. */
static const char *
passdb_prints(const struct passdb_value *v, const uint8_t *a, const uint8_t *b)
{
	const struct login_auth_cert *cert = v->asker->cert;
	enum passdb_print *to = v->to;
	uint8_t want[LOGIN_AUTH_PRINT_MAX];
	size_t len;

	*to = PASSDB_PRINT_ABSENT;
	if (v->len == 0)
		return NULL;
	len = passdb_print_bytes(v, want);
	if (len != 32 && len != 48 && len != 64)
		return passdb_unusable;
	*to = PASSDB_PRINT_DIFFERS;
	if (cert->len == 0)
		return NULL;
	if (cert->len != len)
		return passdb_other_hash;
	if (digest_equal(want, a, len) || (b != NULL &&
	    digest_equal(want, b, len)))
		*to = PASSDB_PRINT_MATCH;
	return NULL;
}

const char *
passdb_read_print(const struct passdb_value *v)
{
	return passdb_prints(v, v->asker->cert->print,
	    v->asker->cert->key_print);
}

const char *
passdb_read_cert_print(const struct passdb_value *v)
{
	return passdb_prints(v, v->asker->cert->print, NULL);
}

const char *
passdb_read_key_print(const struct passdb_value *v)
{
	return passdb_prints(v, v->asker->cert->key_print, NULL);
}

/* Seconds since 1970, and perhaps "+" and up to how many more by chance. */
const char *
passdb_read_delay_until(const struct passdb_value *v)
{
	struct passdb_fields *f = v->fields;
	const char *plus = memchr(v->text, '+', v->len);
	size_t len = plus == NULL ? v->len : (size_t)(plus - v->text);
	uint64_t more = 0;

	f->delay_until_s = 0;
	f->delay_random_s = 0;
	if (v->len == 0)
		return NULL;
	if (str_number(v->text, len, 0, UINT32_MAX, &f->delay_until_s) == -1 ||
	    (plus != NULL && str_number(plus + 1, v->len - len - 1, 0,
	    PASSDB_DELAY_MAX_S, &more) == -1))
		return passdb_unusable;
	f->delay_random_s = (uint32_t)more;
	return NULL;
}
