/*
 * backend_sasl: a session's route as SASL responses to its mail host.
 * Runs in: login processes.
 * Hostile input: names, passwords and tokens, free of NUL since they are
 * texts; errors of mail hosts.
 * Never: leaves a password behind in memory.
 */
#include "login-common/backend_sasl.h"

#include <string.h>

#include "ipc/sasl_message.h"
#include "lib/base64.h"
#include "login-common/session.h"
#include "login-common/session_token.h"

/* authzid NUL authcid NUL password; the longest line is 2,052 bytes. */
#define BACKEND_PLAIN_MAX	(2 * LOGIN_AUTH_USER_MAX + \
				    LOGIN_AUTH_PASS_MAX + 2)
/*
 * A response that goes along with its command: in base64 less than the 8,000
 * bytes that all servers take (RFC 2683, 3.2.1.5).
 */
#define BACKEND_SHORT_MAX	5800

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

bool
backend_sasl_is_token(enum login_auth_way way)
{
	return way == LOGIN_AUTH_WAY_OAUTHBEARER ||
	    way == LOGIN_AUTH_WAY_XOAUTH2;
}

static void
backend_sasl_put(struct session *s, const void *data, size_t len)
{
	char text[BASE64_ENCODED_SIZE(SASL_TOKEN_MESSAGE_MAX)];
	ssize_t n = base64_encode(text, sizeof(text), data, len);

	if (n > 0) {
		session_backend_put(s, text, (size_t)n);
		explicit_bzero(text, (size_t)n);
	}
}

/* Appends a text; there is room for all three. */
static void
backend_sasl_add(char *plain, size_t *n, const char *text)
{
	size_t len = strlen(text);

	memcpy(plain + *n, text, len);
	*n += len;
}

static void
backend_sasl_put_plain(struct session *s)
{
	const struct login_auth_route *route = &s->login->route;
	char plain[BACKEND_PLAIN_MAX];
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

/* The row's token or the client's password, or else the client's token. */
static const char *
backend_sasl_token(const struct session *s)
{
	const char *pass = s->login->route.pass;

	return pass[0] != '\0' || s->login->token == NULL ? pass :
	    s->login->token;
}

static int
backend_sasl_put_token(struct session *s, bool is_xoauth2)
{
	const char *token = backend_sasl_token(s);
	char message[SASL_TOKEN_MESSAGE_MAX];
	size_t n;

	n = sasl_token_put(message, is_xoauth2, s->login->route.destuser,
	    token, strlen(token));
	if (n == 0)
		return -1;
	backend_sasl_put(s, message, n);
	explicit_bzero(message, n);
	return 0;
}

bool
backend_sasl_is_short(const struct session *s)
{
	return strlen(backend_sasl_token(s)) +
	    3 * strlen(s->login->route.destuser) <= BACKEND_SHORT_MAX;
}

int
backend_sasl_put_response(struct session *s)
{
	enum login_auth_way way = backend_sasl_way(&s->login->route);

	switch (way) {
	case LOGIN_AUTH_WAY_OAUTHBEARER:
	case LOGIN_AUTH_WAY_XOAUTH2:
		return backend_sasl_put_token(s,
		    way == LOGIN_AUTH_WAY_XOAUTH2);
	case LOGIN_AUTH_WAY_EXTERNAL:
		/* The authzid: for whom our certificate is to do. */
		backend_sasl_put_user(s);
		return 0;
	case LOGIN_AUTH_WAY_COMMAND:
	case LOGIN_AUTH_WAY_LOGIN:
	case LOGIN_AUTH_WAY_PLAIN:
		break;
	}
	backend_sasl_put_plain(s);
	return 0;
}

void
backend_sasl_put_sorry(struct session *s, const char *error, size_t len)
{
	session_token_note(s, error, len);
	/* RFC 7628, 3.2.3: ^A; XOAUTH2: nothing. */
	if (backend_sasl_way(&s->login->route) == LOGIN_AUTH_WAY_OAUTHBEARER)
		backend_sasl_put(s, "\1", 1);
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
