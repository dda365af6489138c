/*
 * Rules for user names.
 * Runs in: auth.
 * Hostile input: names that clients gave.
 * Never: repairs a name; lets a control character or broken UTF-8 through.
 */
#include "auth/username.h"

#include <bsd/string.h>
#include <string.h>

#include "config/settings.h"
#include "config/var.h"
#include "lib/strutil.h"

void
username_rules_init(struct username_rules *r, const struct settings *s)
{
	const uint8_t *p = (const uint8_t *)s->auth_username_translation;
	const char *chars = s->auth_username_chars;

	memset(r, 0, sizeof(*r));
	r->realm = s->auth_default_realm;
	r->format = s->auth_username_format;
	for (unsigned int i = 0; i < 256; i++) {
		r->map[i] = (uint8_t)i;
		r->is_allowed[i] = *chars == '\0';
	}
	for (; p[0] != '\0' && p[1] != '\0'; p += 2)
		r->map[p[0]] = p[1];
	for (; *chars != '\0'; chars++)
		r->is_allowed[(uint8_t)*chars] = true;
}

static enum username_verdict
username_check(const char *name, size_t len)
{
	if (len == 0)
		return USERNAME_EMPTY;
	if (len > LOGIN_AUTH_USER_MAX)
		return USERNAME_LONG;
	if (str_has_control(name, len))
		return USERNAME_CONTROL;
	if (!str_is_utf8(name, len))
		return USERNAME_NOT_UTF8;
	return USERNAME_OK;
}

static enum username_verdict
username_map(const struct username_rules *r, char *name)
{
	for (; *name != '\0'; name++) {
		uint8_t c = r->map[(uint8_t)*name];

		if (!r->is_allowed[c])
			return USERNAME_CHARS;
		*name = (char)c;
	}
	return USERNAME_OK;
}

static enum username_verdict
username_format(const struct username_rules *r, const char *service,
    char *name)
{
	char old[LOGIN_AUTH_USER_MAX + 1];
	struct var_values v = { .user = old, .service = service };

	if (*r->format == '\0')
		return USERNAME_OK;
	(void)strlcpy(old, name, sizeof(old));
	if (var_expand(r->format, &v, name, sizeof(old)) == -1)
		return USERNAME_LONG;
	return USERNAME_OK;
}

enum username_verdict
username_apply(const struct username_rules *r, const char *service,
    const char *name, size_t len, char *dst)
{
	enum username_verdict verdict = username_check(name, len);
	size_t size = LOGIN_AUTH_USER_MAX + 1;

	dst[0] = '\0';
	if (verdict != USERNAME_OK)
		return verdict;
	memcpy(dst, name, len);
	dst[len] = '\0';
	if (*r->realm != '\0' && strchr(dst, '@') == NULL &&
	    (strlcat(dst, "@", size) >= size ||
	    strlcat(dst, r->realm, size) >= size))
		verdict = USERNAME_LONG;
	if (verdict == USERNAME_OK)
		verdict = username_map(r, dst);
	if (verdict == USERNAME_OK)
		verdict = username_format(r, service, dst);
	if (verdict == USERNAME_OK)
		verdict = username_check(dst, strlen(dst));
	if (verdict != USERNAME_OK)
		dst[0] = '\0';
	return verdict;
}

const char *
username_verdict_text(enum username_verdict verdict)
{
	static const char *const text[] = {
		[USERNAME_OK] = "good",
		[USERNAME_EMPTY] = "empty user name",
		[USERNAME_LONG] = "user name is too long",
		[USERNAME_CONTROL] = "control character in user name",
		[USERNAME_NOT_UTF8] = "user name is not UTF-8",
		[USERNAME_CHARS] =
		    "user name has a character not in auth_username_chars",
	};

	return text[verdict];
}
