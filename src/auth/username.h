/*
 * username: from the name that a client gave to the one that is looked up.
 * In Dovecot's order: auth_default_realm is appended when there is no "@",
 * auth_username_translation maps bytes, auth_username_chars refuses others,
 * auth_username_format rewrites the whole.
 */
#ifndef AUTH_USERNAME_H
#define AUTH_USERNAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc/login_auth.h"

struct settings;

struct username_rules {
	const char	*realm;		/* borrowed from the settings */
	const char	*format;
	uint8_t		 map[256];
	bool		 is_allowed[256];
};

enum username_verdict {
	USERNAME_OK,
	USERNAME_EMPTY,
	USERNAME_LONG,
	USERNAME_CONTROL,
	USERNAME_NOT_UTF8,
	USERNAME_CHARS,
};

/* The settings, whose format has been checked with them, are kept. */
void	username_rules_init(struct username_rules *, const struct settings *);
/*
 * Writes the name that counts into dst of LOGIN_AUTH_USER_MAX + 1.  Names
 * are refused, never repaired: no control characters, valid UTF-8, 1 to
 * LOGIN_AUTH_USER_MAX bytes before and after the rules.
 */
enum username_verdict	username_apply(const struct username_rules *,
			    const char *service, const char *name, size_t len,
			    char *dst);
/* Why, for a log line. */
const char	*username_verdict_text(enum username_verdict);

#endif
