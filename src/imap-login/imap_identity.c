/*
 * imap_identity: who a client is, in IMAP's ID command.
 * Runs in: imap-login.
 * Hostile input: fields of ID from anybody; what is forwarded, from trusted
 * proxies and rows.
 * Never: lets a value end its quotes.
 */
#include "imap-login/imap_identity.h"

#include <stdio.h>
#include <string.h>

#include "imap-login/imap_quote.h"
#include "lib/buf.h"
#include "lib/strutil.h"
#include "login-common/identity.h"
#include "login-common/session.h"
#include "login-common/session_identity.h"

#define IMAP_FORWARD_PREFIX	"x-forward-"
#define IMAP_FORWARD_PREFIX_LEN	(sizeof(IMAP_FORWARD_PREFIX) - 1)
/* What is forwarded, quoted, with 16 names of its fields; and our own. */
#define IMAP_IDENTITY_LINE_MAX	(2 * LOGIN_AUTH_FORWARD_MAX + 2048)

static void
imap_identity_field(struct identity *id, const char *key, size_t klen,
    const char *value, size_t vlen)
{
	size_t n = IMAP_FORWARD_PREFIX_LEN;

	if (klen > n && str_span_is(key, n, IMAP_FORWARD_PREFIX))
		identity_forward(id, key + n, klen - n, value, vlen);
	else
		identity_set(id, identity_imap_word(key, klen), value, vlen);
}

int
imap_identity_take(struct session *s, const struct imap_token *list,
    const char *buf)
{
	char key[IMAP_ID_STRING_MAX + 1], value[IMAP_ID_STRING_MAX + 1];
	struct imap_token k, v;
	struct identity id;
	uint32_t pos = 0;
	size_t klen, vlen;

	if (list->kind != IMAP_LIST)
		return 0;
	identity_init(&id);
	while (imap_id_next(list, buf, &pos, &k, &v)) {
		klen = imap_token_text(&k, buf, key, sizeof(key));
		vlen = imap_token_text(&v, buf, value, sizeof(value));
		/* NIL says nothing. */
		if (klen != (size_t)-1 && vlen != (size_t)-1)
			imap_identity_field(&id, key, klen, value, vlen);
	}
	return session_identity_take(s, &id);
}

/* The line for a mail host grows; its bound is beyond all that there is. */
static void
imap_identity_add(struct buf *line, const char *text)
{
	(void)!buf_add(line, text, strlen(text));
}

static void
imap_identity_add_field(struct buf *line, enum identity_word word,
    const char *value)
{
	imap_identity_add(line, "\"");
	imap_identity_add(line, identity_imap_name(word));
	imap_identity_add(line, "\" \"");
	imap_identity_add(line, value);
	imap_identity_add(line, "\" ");
}

static void
imap_identity_add_addr(struct buf *line, enum identity_word ip,
    enum identity_word port, const struct netaddr *a)
{
	char text[NETADDR_TEXT_MAX];

	if (a->family == NETADDR_NONE)
		return;
	imap_identity_add_field(line, ip, netaddr_text(a, text));
	(void)snprintf(text, sizeof(text), "%u", (unsigned int)a->port);
	imap_identity_add_field(line, port, text);
}

static void
imap_identity_add_forward(struct buf *line, const struct session *s)
{
	char quoted[IMAP_QUOTE_SIZE(LOGIN_AUTH_FORWARD_MAX)];
	const char *name, *value;
	size_t pos = 0, nlen;
	ssize_t n;

	while (login_auth_forward_next(&s->login->route.forward, &pos, &name,
	    &nlen, &value)) {
		/* -1 when it is not ASCII. */
		n = imap_quote_put(quoted, sizeof(quoted), value,
		    strlen(value));
		if (n == -1)
			continue;
		imap_identity_add(line, "\"" IMAP_FORWARD_PREFIX);
		(void)!buf_add(line, name, nlen);
		imap_identity_add(line, "\" ");
		(void)!buf_add(line, quoted, (size_t)n);
		imap_identity_add(line, " ");
	}
}

void
imap_identity_put(struct session *s, const char *tag)
{
	struct buf line;
	char ttl[8];

	(void)snprintf(ttl, sizeof(ttl), "%u", session_identity_next_ttl(s));
	buf_init(&line, IMAP_IDENTITY_LINE_MAX);
	imap_identity_add(&line, tag);
	imap_identity_add(&line, " ID (");
	imap_identity_add_field(&line, IDENTITY_SESSION, s->id);
	imap_identity_add_addr(&line, IDENTITY_RIP, IDENTITY_RPORT, &s->rip);
	imap_identity_add_addr(&line, IDENTITY_LIP, IDENTITY_LPORT, &s->lip);
	imap_identity_add_field(&line, IDENTITY_TTL, ttl);
	imap_identity_add_forward(&line, s);
	/* The last one: each of the others has a blank behind it. */
	imap_identity_add(&line, "\"");
	imap_identity_add(&line, identity_imap_name(IDENTITY_TRANSPORT));
	imap_identity_add(&line, "\" \"");
	imap_identity_add(&line, session_identity_transport(s));
	imap_identity_add(&line, "\")\r\n");
	/* In one piece: over TLS each piece is a record of its own. */
	session_backend_put(s, (const char *)buf_head(&line),
	    buf_used(&line));
	buf_clear(&line);
}
