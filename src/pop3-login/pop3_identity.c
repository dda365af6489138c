/*
 * pop3_identity: who a client is, in POP3's XCLIENT command.
 * Runs in: pop3-login.
 * Hostile input: arguments of XCLIENT from anybody; what is forwarded, from
 * trusted proxies and rows.
 * Never: puts a blank or a line end into a value.
 */
#include "pop3-login/pop3_identity.h"

#include <stdio.h>
#include <string.h>

#include "lib/base64.h"
#include "lib/strutil.h"
#include "login-common/identity.h"
#include "login-common/login_log.h"
#include "login-common/session.h"
#include "login-common/session_identity.h"

#define POP3_FORWARD	"FORWARD"

/* One KEY=VALUE. */
static void
pop3_identity_field(struct identity *id, const char *text, size_t len)
{
	const char *equal = memchr(text, '=', len), *value;
	size_t klen, vlen;

	if (equal == NULL) {
		id->is_bad = true;
		return;
	}
	klen = (size_t)(equal - text);
	value = equal + 1;
	vlen = len - klen - 1;
	if (str_span_is(text, klen, POP3_FORWARD))
		identity_forward_all(id, value, vlen);
	else
		identity_set(id, identity_pop3_word(text, klen), value, vlen);
}

int
pop3_identity_take(struct session *s, const char *args, size_t len)
{
	struct identity id;
	const char *blank;
	size_t n;

	identity_init(&id);
	for (; len > 0; args += n, len -= n) {
		blank = memchr(args, ' ', len);
		n = blank == NULL ? len : (size_t)(blank - args);
		if (n > 0)
			pop3_identity_field(&id, args, n);
		n += blank != NULL;
	}
	return session_identity_take(s, &id);
}

/* Base64 of the pairs to be forwarded; "" when there are none. */
static void
pop3_identity_forward(const struct session *s, char *dst, size_t size)
{
	char pairs[LOGIN_AUTH_FORWARD_MAX];
	const struct login_auth_forward *f = &s->login->route.forward;

	dst[0] = '\0';
	if (f->len == 0)
		return;
	/* Between pairs a tab, which no value holds, in place of the NUL. */
	for (size_t i = 0; i < f->len; i++)
		pairs[i] = f->pairs[i] == '\0' ? '\t' : f->pairs[i];
	if (base64_encode(dst, size, pairs, (size_t)f->len - 1) == -1)
		dst[0] = '\0';
}

/* " KEY=ADDRESS KEY=PORT" where there is one. */
static void
pop3_identity_addr(char *dst, size_t size, enum identity_word ip,
    enum identity_word port, const struct netaddr *a)
{
	char text[NETADDR_TEXT_MAX];

	dst[0] = '\0';
	if (a->family == NETADDR_NONE)
		return;
	(void)snprintf(dst, size, " %s=%s %s=%u", identity_pop3_name(ip),
	    netaddr_text(a, text), identity_pop3_name(port),
	    (unsigned int)a->port);
}

void
pop3_identity_put(struct session *s)
{
	char forward[BASE64_ENCODED_SIZE(LOGIN_AUTH_FORWARD_MAX)];
	char line[POP3_XCLIENT_MAX], from[100], to[100];
	int n;

	pop3_identity_addr(from, sizeof(from), IDENTITY_RIP,
	    IDENTITY_RPORT, &s->rip);
	pop3_identity_addr(to, sizeof(to), IDENTITY_LIP,
	    IDENTITY_LPORT, &s->lip);
	n = snprintf(line, sizeof(line), "%s%s%s %s=%s %s=%u %s=%s",
	    POP3_XCLIENT, from, to, identity_pop3_name(IDENTITY_SESSION),
	    s->id, identity_pop3_name(IDENTITY_TTL),
	    session_identity_next_ttl(s),
	    identity_pop3_name(IDENTITY_TRANSPORT),
	    session_identity_transport(s));
	if (n < 0 || (size_t)n >= sizeof(line))
		return;
	session_backend_put(s, line, (size_t)n);
	pop3_identity_forward(s, forward, sizeof(forward));
	if ((size_t)n + strlen(POP3_FORWARD) + 2 + strlen(forward) >
	    POP3_XCLIENT_MAX)
		login_log_backend(s, "what is to be forwarded is too long "
		    "for XCLIENT and left out");
	else if (forward[0] != '\0')
		session_backend_printf(s, " %s=%s", POP3_FORWARD, forward);
	session_backend_put(s, "\r\n", 2);
}
