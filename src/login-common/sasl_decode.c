/*
 * SASL response lines to bytes, and PLAIN and LOGIN to credentials.
 * Runs in: imap-login, pop3-login.
 * Hostile input: response lines and credentials from clients.
 * Never: changes a credential; leaves a copy of one on the stack.
 */
#include "login-common/sasl_decode.h"

#include <string.h>

#include "lib/base64.h"
#include "lib/strutil.h"

/* The longest PLAIN response that can be right: two names, one password. */
#define PLAIN_BYTES_MAX	(SASL_USER_MAX + 1 + SASL_USER_MAX + 1 + SASL_PASS_MAX)

enum sasl_line_result
sasl_line_find(struct sasl_line *l, const char *buf, size_t len,
    size_t *line_len, size_t *consumed)
{
	size_t end = len < SASL_LINE_MAX ? len : SASL_LINE_MAX;
	const char *lf = NULL;
	size_t eol;

	if (l->pos < end)
		lf = memchr(buf + l->pos, '\n', end - l->pos);
	eol = lf == NULL ? end : (size_t)(lf - buf);
	if (eol > l->pos && memchr(buf + l->pos, '\0', eol - l->pos) != NULL)
		return SASL_LINE_FATAL;
	l->pos = eol;
	if (lf == NULL) {
		/* Nothing but a line end may follow what is allowed. */
		if (eol < len && buf[eol] == '\r')
			eol++;
		if (eol == len)
			return SASL_LINE_MORE;
		if (buf[eol] != '\n')
			return buf[eol] == '\0' ? SASL_LINE_FATAL :
			    SASL_LINE_TOO_LONG;
	}
	l->pos = 0;
	*line_len = eol > 0 && buf[eol - 1] == '\r' ? eol - 1 : eol;
	*consumed = eol + 1;
	return SASL_LINE_DONE;
}

bool
sasl_is_cancel(const char *line, size_t len)
{
	return len == 1 && line[0] == '*';
}

enum sasl_result
sasl_decode_line(const char *line, size_t len, bool is_initial, void *dst,
    size_t size, size_t *dst_len)
{
	ssize_t n;

	*dst_len = 0;
	if (is_initial) {
		if (len == 0)
			return SASL_BAD;
		if (len == 1 && line[0] == '=')
			return SASL_OK;
	}
	n = base64_decode(dst, size, line, len);
	if (n == -1)
		return base64_is_valid(line, len) ? SASL_FAIL : SASL_BAD;
	*dst_len = (size_t)n;
	return SASL_OK;
}

enum sasl_result
sasl_plain_parse(const void *response, size_t len, struct sasl_credentials *c)
{
	const char *authzid = response, *end = authzid + len;
	const char *authcid, *pass, *nul;
	size_t authzid_len, authcid_len;

	sasl_credentials_clear(c);
	nul = len == 0 ? NULL : memchr(authzid, '\0', len);
	if (nul == NULL)
		return SASL_FAIL;
	authzid_len = (size_t)(nul - authzid);
	authcid = nul + 1;
	nul = authcid == end ? NULL :
	    memchr(authcid, '\0', (size_t)(end - authcid));
	if (nul == NULL)
		return SASL_FAIL;
	authcid_len = (size_t)(nul - authcid);
	pass = nul + 1;
	/* A third NUL is a control character of the password. */
	if (sasl_user_set(c, authcid, authcid_len) != SASL_OK ||
	    sasl_pass_set(c, pass, (size_t)(end - pass)) != SASL_OK) {
		sasl_credentials_clear(c);
		return SASL_FAIL;
	}
	if (authzid_len != 0 && (authzid_len != authcid_len ||
	    memcmp(authzid, authcid, authcid_len) != 0)) {
		sasl_credentials_clear(c);
		return SASL_AUTHZ;
	}
	return SASL_OK;
}

enum sasl_result
sasl_plain_line(const char *line, size_t len, bool is_initial,
    struct sasl_credentials *c)
{
	char response[PLAIN_BYTES_MAX];
	enum sasl_result result;
	size_t n;

	sasl_credentials_clear(c);
	result = sasl_decode_line(line, len, is_initial, response,
	    sizeof(response), &n);
	if (result == SASL_OK)
		result = sasl_plain_parse(response, n, c);
	explicit_bzero(response, sizeof(response));
	return result;
}

/* Checks text and copies it, terminated, into dst of max + 1 bytes. */
static enum sasl_result
text_set(char *dst, size_t max, size_t *dst_len, const char *text, size_t len)
{
	dst[0] = '\0';
	*dst_len = 0;
	if (len == 0 || len > max || !sasl_text_ok(text, len))
		return SASL_FAIL;
	memcpy(dst, text, len);
	dst[len] = '\0';
	*dst_len = len;
	return SASL_OK;
}

enum sasl_result
sasl_user_set(struct sasl_credentials *c, const char *user, size_t len)
{
	return text_set(c->user, SASL_USER_MAX, &c->user_len, user, len);
}

enum sasl_result
sasl_pass_set(struct sasl_credentials *c, const char *pass, size_t len)
{
	/* What was there may be longer than what comes. */
	explicit_bzero(c->pass, sizeof(c->pass));
	return text_set(c->pass, SASL_PASS_MAX, &c->pass_len, pass, len);
}

enum sasl_result
sasl_user_line(const char *line, size_t len, bool is_initial,
    struct sasl_credentials *c)
{
	char user[SASL_USER_MAX];
	enum sasl_result result;
	size_t n;

	result = sasl_decode_line(line, len, is_initial, user, sizeof(user),
	    &n);
	if (result != SASL_OK)
		n = 0;
	/* Nothing is never valid, and leaves the name empty. */
	if (sasl_user_set(c, user, n) != SASL_OK && result == SASL_OK)
		result = SASL_FAIL;
	return result;
}

enum sasl_result
sasl_pass_line(const char *line, size_t len, struct sasl_credentials *c)
{
	char pass[SASL_PASS_MAX];
	enum sasl_result result;
	size_t n;

	result = sasl_decode_line(line, len, false, pass, sizeof(pass), &n);
	if (result != SASL_OK)
		n = 0;
	if (sasl_pass_set(c, pass, n) != SASL_OK && result == SASL_OK)
		result = SASL_FAIL;
	explicit_bzero(pass, sizeof(pass));
	return result;
}

bool
sasl_text_ok(const char *text, size_t len)
{
	return !str_has_control(text, len) && str_is_utf8(text, len);
}

void
sasl_credentials_clear(struct sasl_credentials *c)
{
	explicit_bzero(c, sizeof(*c));
}
