/*
 * How the connection to the mail host is protected, as bytes and back.
 * Runs in: imap-login, pop3-login, auth.
 * Hostile input: none; login processes trust auth.
 * Never: keeps anything, allocates, logs.
 */
#include "ipc/login_auth_tls.h"

#include <string.h>

#include "lib/wire.h"

/* The word with this number; its length is 0 when there is none. */
static const char *
tls_word(const char *names, unsigned int number, size_t *len)
{
	for (;; number--) {
		*len = strcspn(names, " ");
		if (number == 0 || names[*len] == '\0')
			break;
		names += *len + 1;
	}
	if (number > 0)
		*len = 0;
	return names;
}

int
login_auth_tls_add(struct login_auth_tls *t, unsigned int i, const char *name)
{
	size_t used = strlen(t->names), len = strlen(name), n;
	unsigned int number;
	const char *word;

	if (len == 0 || len > LOGIN_AUTH_NAME_MAX)
		return -1;
	for (number = 0;; number++) {
		word = tls_word(t->names, number, &n);
		if (n == 0)
			break;
		if (n == len && memcmp(word, name, n) == 0) {
			t->word[i] = (uint8_t)number;
			return 0;
		}
	}
	if (used + len + 2 > sizeof(t->names))
		return -1;
	if (used > 0)
		t->names[used++] = ' ';
	memcpy(t->names + used, name, len + 1);
	t->word[i] = (uint8_t)number;
	return 0;
}

const char *
login_auth_tls_name(const struct login_auth_tls *t, unsigned int i,
    char dst[LOGIN_AUTH_NAME_MAX + 1])
{
	size_t len;
	const char *word = tls_word(t->names, t->word[i], &len);

	if (len > LOGIN_AUTH_NAME_MAX)
		len = 0;
	memcpy(dst, word, len);
	dst[len] = '\0';
	return dst;
}

void
login_auth_tls_put(struct wire_writer *w, const struct login_auth_tls *t,
    unsigned int naddrs)
{
	wire_put_u8(w, t->kind);
	wire_put_bool(w, t->is_any_cert);
	wire_put_text(w, t->names);
	for (unsigned int i = 0; i < naddrs && !w->has_failed; i++)
		wire_put_u8(w, t->word[i]);
}

void
login_auth_tls_get(struct wire_reader *r, struct login_auth_tls *t,
    unsigned int naddrs)
{
	t->kind = (uint8_t)wire_get_enum(r, LOGIN_AUTH_TLS_LAST);
	t->is_any_cert = wire_get_bool(r);
	wire_get_text(r, t->names, sizeof(t->names));
	for (unsigned int i = 0; i < naddrs && !r->has_failed; i++)
		t->word[i] = (uint8_t)wire_get_enum(r,
		    LOGIN_AUTH_ADDRS_MAX - 1);
}
