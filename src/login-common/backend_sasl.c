/*
 * backend_sasl: a session's route as SASL responses to its mail host.
 * Runs in: login processes.
 * Hostile input: names and passwords, free of NUL since they are texts.
 * Never: leaves a password behind in memory.
 */
#include "login-common/backend_sasl.h"

#include <string.h>

#include "lib/base64.h"
#include "login-common/session.h"

/* authzid NUL authcid NUL password; the longest line is 2,052 bytes. */
#define BACKEND_SASL_MAX	(2 * LOGIN_AUTH_USER_MAX + \
				    LOGIN_AUTH_PASS_MAX + 2)

enum login_auth_way
backend_sasl_way(const struct login_auth_route *route)
{
	if (route->master[0] != '\0')
		return LOGIN_AUTH_WAY_PLAIN;
	return (enum login_auth_way)route->way;
}

const char *
backend_sasl_name(enum login_auth_way way)
{
	static const char *const names[] = {
		[LOGIN_AUTH_WAY_COMMAND] = "",
		[LOGIN_AUTH_WAY_PLAIN] = "PLAIN",
		[LOGIN_AUTH_WAY_LOGIN] = "LOGIN",
		[LOGIN_AUTH_WAY_EXTERNAL] = "EXTERNAL",
		[LOGIN_AUTH_WAY_OAUTHBEARER] = "OAUTHBEARER",
		[LOGIN_AUTH_WAY_XOAUTH2] = "XOAUTH2",
	};

	return names[way];
}

static void
backend_sasl_put(struct session *s, const void *data, size_t len)
{
	char text[BASE64_ENCODED_SIZE(BACKEND_SASL_MAX)];
	ssize_t n = base64_encode(text, sizeof(text), data, len);

	if (n > 0)
		session_backend_put(s, text, (size_t)n);
	explicit_bzero(text, sizeof(text));
}

/* Appends a text; there is room for all three. */
static void
backend_sasl_add(char *plain, size_t *n, const char *text)
{
	size_t len = strlen(text);

	memcpy(plain + *n, text, len);
	*n += len;
}

void
backend_sasl_put_plain(struct session *s)
{
	const struct login_auth_route *route = &s->login->route;
	char plain[BACKEND_SASL_MAX];
	size_t n = 0;

	if (route->master[0] != '\0')
		backend_sasl_add(plain, &n, route->destuser);
	plain[n++] = '\0';
	backend_sasl_add(plain, &n, route->master[0] != '\0' ?
	    route->master : route->destuser);
	plain[n++] = '\0';
	backend_sasl_add(plain, &n, route->pass);
	backend_sasl_put(s, plain, n);
	explicit_bzero(plain, sizeof(plain));
}

void
backend_sasl_put_user(struct session *s)
{
	const char *user = s->login->route.destuser;

	backend_sasl_put(s, user, strlen(user));
}

void
backend_sasl_put_pass(struct session *s)
{
	const char *pass = s->login->route.pass;

	backend_sasl_put(s, pass, strlen(pass));
}
