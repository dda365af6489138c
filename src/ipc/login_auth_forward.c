/*
 * What proxies tell one another of a client, as pairs, as bytes and back.
 * Runs in: imap-login, pop3-login, auth.
 * Hostile input: pairs of a login process that was taken over.
 * Never: keeps a pair that could break a line or a list; allocates, logs.
 */
#include "ipc/login_auth_forward.h"

#include <string.h>

#include "lib/strutil.h"
#include "lib/wire.h"

static bool
forward_name_ok(const char *name, size_t len)
{
	static const char set[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";

	if (len == 0 || len > LOGIN_AUTH_FORWARD_NAME_MAX)
		return false;
	for (size_t i = 0; i < len; i++)
		if (name[i] == '\0' || strchr(set, name[i]) == NULL)
			return false;
	return true;
}

bool
login_auth_forward_next(const struct login_auth_forward *f, size_t *pos,
    const char **name, size_t *nlen, const char **value)
{
	if (*pos >= f->len)
		return false;
	*name = f->pairs + *pos;
	*nlen = strcspn(*name, "=");
	*value = *name + *nlen + 1;
	*pos += *nlen + 1 + strlen(*value) + 1;
	return true;
}

/* Takes the pair of this name out; how many others there are. */
static unsigned int
forward_remove(struct login_auth_forward *f, const char *name, size_t len)
{
	size_t pos = 0, start = 0, nlen;
	const char *n, *value;
	unsigned int count = 0;

	for (; login_auth_forward_next(f, &pos, &n, &nlen, &value);
	    start = pos) {
		if (nlen != len || memcmp(n, name, len) != 0) {
			count++;
			continue;
		}
		memmove(f->pairs + start, f->pairs + pos, f->len - pos);
		f->len = (uint16_t)(f->len - (pos - start));
		pos = start;
	}
	return count;
}

int
login_auth_forward_set(struct login_auth_forward *f, const char *name,
    size_t nlen, const char *value, size_t vlen)
{
	char key[LOGIN_AUTH_FORWARD_NAME_MAX + 1];
	struct login_auth_forward old = *f;
	unsigned int count;

	if (vlen > sizeof(f->pairs) ||
	    str_copy(key, sizeof(key), name, nlen) == -1)
		return -1;
	str_lower(key);
	if (!forward_name_ok(key, nlen) || str_has_control(value, vlen) ||
	    !str_is_utf8(value, vlen))
		return -1;
	count = forward_remove(f, key, nlen);
	if (count == LOGIN_AUTH_FORWARD_PAIRS_MAX ||
	    f->len + nlen + vlen + 2 > sizeof(f->pairs)) {
		*f = old;
		return -1;
	}
	memcpy(f->pairs + f->len, key, nlen);
	f->len = (uint16_t)(f->len + nlen);
	f->pairs[f->len++] = '=';
	memcpy(f->pairs + f->len, value, vlen);
	f->len = (uint16_t)(f->len + vlen);
	f->pairs[f->len++] = '\0';
	return 0;
}

void
login_auth_forward_put(struct wire_writer *w,
    const struct login_auth_forward *f)
{
	wire_put_bytes(w, f->pairs, f->len);
}

/* Each pair is set anew: what is left must be what has come. */
static bool
forward_is_sound(const struct login_auth_forward *f)
{
	struct login_auth_forward made = { .len = 0 };
	const char *name, *value;
	size_t pos = 0, nlen;

	if (f->len > 0 && f->pairs[f->len - 1] != '\0')
		return false;
	while (pos < f->len) {
		if (strchr(f->pairs + pos, '=') == NULL)
			return false;
		if (!login_auth_forward_next(f, &pos, &name, &nlen, &value) ||
		    login_auth_forward_set(&made, name, nlen, value,
		    strlen(value)) == -1)
			return false;
	}
	return made.len == f->len &&
	    memcmp(made.pairs, f->pairs, f->len) == 0;
}

void
login_auth_forward_get(struct wire_reader *r, struct login_auth_forward *f)
{
	f->len = (uint16_t)wire_get_bytes(r, f->pairs, sizeof(f->pairs));
	if (r->has_failed)
		f->len = 0;
	else if (!forward_is_sound(f))
		r->has_failed = true;
}
