/*
 * The first messages of SASL mechanisms: names and tokens.
 * Runs in: imap-login, pop3-login, auth.
 * Hostile input: messages of clients.
 * Never: repairs what a client sent; keeps a token.
 */
#include "ipc/sasl_message.h"

#include <string.h>

#include "lib/strutil.h"

#define SASL_SEPARATOR	'\1'

static const char sasl_bearer[] = "Bearer ";

/* What "=XX" stands for; 0 for anything but the two that there are. */
static char
sasl_escape_get(const char *p, size_t len)
{
	if (len >= 3 && memcmp(p, "=2C", 3) == 0)
		return ',';
	if (len >= 3 && memcmp(p, "=3D", 3) == 0)
		return '=';
	return '\0';
}

int
sasl_name_get(char dst[LOGIN_AUTH_USER_MAX + 1], const char *p, size_t len)
{
	size_t n = 0;

	dst[0] = '\0';
	for (size_t i = 0; i < len; i++) {
		char c = p[i];

		if (c == '=') {
			c = sasl_escape_get(p + i, len - i);
			i += 2;
		}
		if (c == '\0' || p[i] == ',' || n == LOGIN_AUTH_USER_MAX) {
			dst[0] = '\0';
			return -1;
		}
		dst[n++] = c;
	}
	dst[n] = '\0';
	return n == 0 ? -1 : 0;
}

size_t
sasl_name_put(char *dst, const char *name)
{
	size_t n = 0;

	for (; *name != '\0'; name++) {
		if (*name != ',' && *name != '=') {
			dst[n++] = *name;
			continue;
		}
		memcpy(dst + n, *name == ',' ? "=2C" : "=3D", 3);
		n += 3;
	}
	dst[n] = '\0';
	return n;
}

int
sasl_gs2_get(struct sasl_gs2 *g, const char *p, size_t len)
{
	const char *end;

	memset(g, 0, sizeof(*g));
	/* "y": the client could bind, and saw that we offer no such thing. */
	if (len < 3 || (p[0] != 'n' && p[0] != 'y') || p[1] != ',')
		return -1;
	end = memchr(p + 2, ',', len - 2);
	if (end == NULL)
		return -1;
	g->len = (size_t)(end - p) + 1;
	if (end == p + 2)
		return 0;
	g->has_authzid = true;
	if (g->len < 6 || memcmp(p + 2, "a=", 2) != 0)
		return -1;
	return sasl_name_get(g->authzid, p + 4, (size_t)(end - p) - 4);
}

/* Visible ASCII: more than RFC 6750 allows, nothing that could end it. */
static bool
sasl_is_token(const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (p[i] < 0x21 || p[i] > 0x7e)
			return false;
	return len > 0 && len <= SASL_TOKEN_MAX;
}

/* The value of "auth". */
static int
sasl_auth_get(struct sasl_token *t, const char *p, size_t len)
{
	size_t n = sizeof(sasl_bearer) - 1;

	if (t->token != NULL || len <= n || !str_span_is(p, n, sasl_bearer) ||
	    !sasl_is_token(p + n, len - n))
		return -1;
	t->token = p + n;
	t->len = len - n;
	return 0;
}

/* A name as it stands, which XOAUTH2 has. */
static int
sasl_user_get(struct sasl_token *t, const char *p, size_t len)
{
	return len == 0 || t->user[0] != '\0' ? -1 :
	    str_copy(t->user, sizeof(t->user), p, len);
}

/* One pair: key=value, the key of letters. */
static int
sasl_pair_get(struct sasl_token *t, bool is_xoauth2, const char *p, size_t len)
{
	const char *eq = memchr(p, '=', len), *value;
	size_t klen = eq == NULL ? 0 : (size_t)(eq - p), vlen;

	if (klen == 0 || str_has_control(p, len) || !str_is_utf8(p, len))
		return -1;
	for (size_t i = 0; i < klen; i++)
		if ((p[i] | 0x20) < 'a' || (p[i] | 0x20) > 'z')
			return -1;
	value = eq + 1;
	vlen = len - klen - 1;
	if (str_span_is(p, klen, "auth"))
		return sasl_auth_get(t, value, vlen);
	if (is_xoauth2 && str_span_is(p, klen, "user"))
		return sasl_user_get(t, value, vlen);
	return 0;
}

/* "key=value^A" any number of times, then one more ^A, then nothing. */
static int
sasl_pairs_get(struct sasl_token *t, bool is_xoauth2, const char *p,
    size_t len)
{
	const char *end;

	for (unsigned int n = 0; n <= SASL_PAIRS_MAX; n++) {
		end = len == 0 ? NULL : memchr(p, SASL_SEPARATOR, len);
		if (end == NULL)
			return -1;
		if (end == p)
			return len == 1 && t->token != NULL ? 0 : -1;
		if (sasl_pair_get(t, is_xoauth2, p, (size_t)(end - p)) == -1)
			return -1;
		len -= (size_t)(end - p) + 1;
		p = end + 1;
	}
	return -1;
}

int
sasl_token_get(struct sasl_token *t, bool is_xoauth2, const char *p,
    size_t len)
{
	struct sasl_gs2 gs2;

	memset(t, 0, sizeof(*t));
	if (is_xoauth2)
		return sasl_pairs_get(t, true, p, len);
	if (sasl_gs2_get(&gs2, p, len) == -1 || gs2.len == len ||
	    p[gs2.len] != SASL_SEPARATOR)
		return -1;
	memcpy(t->user, gs2.authzid, sizeof(t->user));
	return sasl_pairs_get(t, false, p + gs2.len + 1, len - gs2.len - 1);
}

static void
sasl_add(char *dst, size_t *n, const char *text, size_t len)
{
	memcpy(dst + *n, text, len);
	*n += len;
}

size_t
sasl_token_put(char *dst, bool is_xoauth2, const char *user,
    const char *token, size_t len)
{
	size_t n = 0;

	if (!sasl_is_token(token, len))
		return 0;
	if (is_xoauth2) {
		sasl_add(dst, &n, "user=", 5);
		sasl_add(dst, &n, user, strlen(user));
	} else {
		sasl_add(dst, &n, "n,a=", 4);
		n += sasl_name_put(dst + n, user);
		sasl_add(dst, &n, ",", 1);
	}
	sasl_add(dst, &n, "\1auth=", 6);
	sasl_add(dst, &n, sasl_bearer, sizeof(sasl_bearer) - 1);
	sasl_add(dst, &n, token, len);
	sasl_add(dst, &n, "\1\1", 2);
	return n;
}

/* PLAIN: for whom, or who (RFC 4616: authzid NUL authcid NUL password). */
static void
sasl_plain_name(const char *p, size_t len, char *dst)
{
	const char *end;

	if (len > 0 && p[0] == '\0') {
		p++;
		len--;
	}
	end = len == 0 ? NULL : memchr(p, '\0', len);
	if (end != NULL)
		len = (size_t)(end - p);
	(void)!str_copy(dst, LOGIN_AUTH_USER_MAX + 1, p, len);
}

/* SCRAM: n=name behind the header, up to a comma. */
static void
sasl_scram_name(const char *p, size_t len, char *dst)
{
	struct sasl_gs2 gs2;
	const char *end;

	if (sasl_gs2_get(&gs2, p, len) == -1 || len - gs2.len < 3 ||
	    memcmp(p + gs2.len, "n=", 2) != 0)
		return;
	p += gs2.len + 2;
	len -= gs2.len + 2;
	end = memchr(p, ',', len);
	(void)!sasl_name_get(dst, p, end == NULL ? len : (size_t)(end - p));
}

void
sasl_message_name(const char *mech, const char *p, size_t len,
    char dst[LOGIN_AUTH_USER_MAX + 1])
{
	struct sasl_token token;
	bool is_xoauth2 = strcmp(mech, "XOAUTH2") == 0;

	dst[0] = '\0';
	if (strcmp(mech, "PLAIN") == 0) {
		sasl_plain_name(p, len, dst);
	} else if (strncmp(mech, "SCRAM-", 6) == 0) {
		sasl_scram_name(p, len, dst);
	} else if (is_xoauth2 || strcmp(mech, "OAUTHBEARER") == 0) {
		if (sasl_token_get(&token, is_xoauth2, p, len) == 0)
			memcpy(dst, token.user, sizeof(token.user));
	} else {
		(void)!str_copy(dst, LOGIN_AUTH_USER_MAX + 1, p, len);
	}
}
