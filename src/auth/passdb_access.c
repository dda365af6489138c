/*
 * Columns that say who may log in, from where and when.
 * Runs in: auth.
 * Hostile input: every column; a database may be in other hands.
 * Never: lets in for the sake of a value that it cannot read.
 */
#include "auth/passdb_value.h"

#include <bsd/string.h>
#include <string.h>

#include "auth/passdb_fields.h"
#include "lib/netaddr.h"
#include "lib/strutil.h"

const char *
passdb_read_password(const struct passdb_value *v)
{
	struct passdb_fields *f = v->fields;

	if (f->has_password ||
	    password_full_hash(f->hash, sizeof(f->hash), v->text, v->len,
	    v->asker->default_scheme) == -1)
		return passdb_unusable;
	f->has_password = true;
	f->is_password_empty = v->len == 0;
	return NULL;
}

/* A password in clear that may begin with a brace. */
const char *
passdb_read_noscheme(const struct passdb_value *v)
{
	struct passdb_fields *f = v->fields;
	size_t n;

	if (f->has_password || str_has_control(v->text, v->len))
		return passdb_unusable;
	n = strlcpy(f->hash, "{PLAIN}", sizeof(f->hash));
	if (str_copy(f->hash + n, sizeof(f->hash) - n, v->text, v->len) == -1)
		return passdb_unusable;
	f->has_password = true;
	f->is_password_empty = v->len == 0;
	return NULL;
}

/* "local" stands for clients without an address, of which we have none. */
static const char *
passdb_nets(const struct passdb_value *v, const struct netaddr *client)
{
	bool *is_refused = v->to;
	struct netaddr_net net;
	const char *p = v->text, *end = v->text + v->len;
	size_t len;

	*is_refused = true;
	for (; p < end; p += len + 1) {
		for (len = 0; p + len < end && p[len] != ' ' &&
		    p[len] != ','; len++)
			continue;
		if (len == 0 || str_span_is(p, len, "local"))
			continue;
		if (netaddr_net_parse(&net, p, len) == -1)
			return passdb_unusable;
		if (netaddr_net_has(&net, client))
			*is_refused = false;
	}
	return NULL;
}

const char *
passdb_read_nets(const struct passdb_value *v)
{
	return passdb_nets(v, v->asker->rip);
}

const char *
passdb_read_real_nets(const struct passdb_value *v)
{
	return passdb_nets(v, v->asker->real_rip);
}

/* Seconds since 1970, and perhaps "+" and up to how many more by chance. */
const char *
passdb_read_delay_until(const struct passdb_value *v)
{
	struct passdb_fields *f = v->fields;
	const char *plus = memchr(v->text, '+', v->len);
	size_t len = plus == NULL ? v->len : (size_t)(plus - v->text);
	uint64_t more = 0;

	f->delay_until_s = 0;
	f->delay_random_s = 0;
	if (v->len == 0)
		return NULL;
	if (str_number(v->text, len, 0, UINT32_MAX, &f->delay_until_s) == -1 ||
	    (plus != NULL && str_number(plus + 1, v->len - len - 1, 0,
	    PASSDB_DELAY_MAX_S, &more) == -1))
		return passdb_unusable;
	f->delay_random_s = (uint32_t)more;
	return NULL;
}
