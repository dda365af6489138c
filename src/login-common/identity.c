/*
 * Who a client is, in the words of proxies: names, and values one by one.
 * Runs in: login processes.
 * Hostile input: values of ID and XCLIENT from anybody.
 * Never: takes a host name for an address; keeps a control character.
 */
#include "login-common/identity.h"

#include <string.h>

#include "lib/base64.h"
#include "lib/strutil.h"

/* Decoded pairs, and more than can be kept of them. */
#define IDENTITY_PAIRS_MAX	(2 * LOGIN_AUTH_FORWARD_MAX)

static int
set_ip(struct netaddr *a, const char *value, size_t len)
{
	return netaddr_parse(a, value, len);
}

static int
set_port(uint16_t *port, const char *value, size_t len)
{
	uint64_t n;

	if (str_number(value, len, 0, UINT16_MAX, &n) == -1)
		return -1;
	*port = (uint16_t)n;
	return 0;
}

static int
set_rip(struct identity *id, const char *value, size_t len)
{
	return set_ip(&id->rip, value, len);
}

static int
set_rport(struct identity *id, const char *value, size_t len)
{
	return set_port(&id->rport, value, len);
}

static int
set_lip(struct identity *id, const char *value, size_t len)
{
	return set_ip(&id->lip, value, len);
}

static int
set_lport(struct identity *id, const char *value, size_t len)
{
	return set_port(&id->lport, value, len);
}

/* An id stands in log lines, in quotes and between blanks. */
static int
set_session(struct identity *id, const char *value, size_t len)
{
	static const char set[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/=_.:-";

	for (size_t i = 0; i < len; i++)
		if (value[i] == '\0' || strchr(set, value[i]) == NULL)
			return -1;
	return len == 0 ? -1 :
	    str_copy(id->session, sizeof(id->session), value, len);
}

static int
set_ttl(struct identity *id, const char *value, size_t len)
{
	uint64_t n;

	if (str_number(value, len, 0, UINT8_MAX, &n) == -1)
		return -1;
	id->ttl = (uint8_t)n;
	return 0;
}

static int
set_transport(struct identity *id, const char *value, size_t len)
{
	id->is_tls = str_span_is(value, len, "TLS");
	return id->is_tls || str_span_is(value, len, "insecure") ? 0 : -1;
}

static const struct {
	const char	*imap, *pop3;
	int		(*set)(struct identity *, const char *, size_t);
} words[] = {
	[IDENTITY_RIP] = { "x-originating-ip", "ADDR", set_rip },
	[IDENTITY_RPORT] = { "x-originating-port", "PORT", set_rport },
	[IDENTITY_LIP] = { "x-connected-ip", "DESTADDR", set_lip },
	[IDENTITY_LPORT] = { "x-connected-port", "DESTPORT", set_lport },
	[IDENTITY_SESSION] = { "x-session-id", "SESSION", set_session },
	[IDENTITY_TTL] = { "x-proxy-ttl", "TTL", set_ttl },
	[IDENTITY_TRANSPORT] =
	    { "x-client-transport", "CLIENT-TRANSPORT", set_transport },
};

_Static_assert(sizeof(words) / sizeof(words[0]) == IDENTITY_WORDS,
    "a row for each word");

const char *
identity_imap_name(enum identity_word word)
{
	return words[word].imap;
}

const char *
identity_pop3_name(enum identity_word word)
{
	return words[word].pop3;
}

enum identity_word
identity_imap_word(const char *name, size_t len)
{
	for (int i = 0; i < IDENTITY_WORDS; i++)
		if (str_span_is(name, len, words[i].imap))
			return (enum identity_word)i;
	/* Dovecot's other name for it. */
	return str_span_is(name, len, "x-session-ext-id") ? IDENTITY_SESSION :
	    IDENTITY_NONE;
}

enum identity_word
identity_pop3_word(const char *name, size_t len)
{
	for (int i = 0; i < IDENTITY_WORDS; i++)
		if (str_span_is(name, len, words[i].pop3))
			return (enum identity_word)i;
	return IDENTITY_NONE;
}

void
identity_init(struct identity *id)
{
	memset(id, 0, sizeof(*id));
}

void
identity_set(struct identity *id, enum identity_word word, const char *value,
    size_t len)
{
	if (word == IDENTITY_NONE)
		return;
	if (id->has[word] || words[word].set(id, value, len) == -1)
		id->is_bad = true;
	id->has[word] = true;
}

void
identity_forward(struct identity *id, const char *name, size_t nlen,
    const char *value, size_t vlen)
{
	if (login_auth_forward_set(&id->forward, name, nlen, value, vlen) ==
	    -1)
		id->is_bad = true;
}

void
identity_forward_all(struct identity *id, const char *b64, size_t len)
{
	char pairs[IDENTITY_PAIRS_MAX], *pair = pairs, *end, *equal;
	ssize_t n = base64_decode(pairs, sizeof(pairs), b64, len);

	if (n == -1) {
		id->is_bad = true;
		return;
	}
	/*
	 * A tab within a value would be escaped, as any control character: by
	 * one, which a value must not hold.
	 */
	for (char *stop = pairs + n; pair < stop && !id->is_bad;
	    pair = end + 1) {
		end = memchr(pair, '\t', (size_t)(stop - pair));
		if (end == NULL)
			end = stop;
		equal = memchr(pair, '=', (size_t)(end - pair));
		if (equal == NULL)
			id->is_bad = true;
		else
			identity_forward(id, pair, (size_t)(equal - pair),
			    equal + 1, (size_t)(end - equal - 1));
	}
}
