/*
 * Flushing the cache, and its figures.
 * Runs in: auth.
 * Hostile input: none: administrators ask.
 * Never: tells what an entry holds.
 */
#include "auth/cache_admin.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "auth/passdb.h"
#include "config/query.h"
#include "config/var.h"
#include "ipc/roles.h"

/* Variables that the name alone decides. */
#define CACHE_ADMIN_NAME	(UINT32_C(1) << VAR_USER | \
				UINT32_C(1) << VAR_USERNAME | \
				UINT32_C(1) << VAR_DOMAIN | \
				UINT32_C(1) << VAR_SERVICE)

/* Whose entries are looked for. */
struct cache_admin_user {
	const struct passdb_chain	*chain;
	const char			*name;
};

size_t
cache_admin_flush(struct auth_lookups *all)
{
	all->flushed = ++all->turn;
	return all->cache == NULL ? 0 : auth_cache_flush(all->cache);
}

/* Would a login of the user ask with this value for parameter i? */
static bool
cache_admin_part_fits(const struct cache_admin_user *user,
    const struct query *query, size_t i, uint8_t service,
    const uint8_t *part, size_t len)
{
	const struct var_values values = { .user = user->name,
	    .service = service_name((enum service_id)service) };
	char text[QUERY_VALUE_MAX];

	if ((query_param_variables(query, i) & ~CACHE_ADMIN_NAME) != 0)
		return true;
	return query_param_expand(query, i, &values, text,
	    sizeof(text)) == 0 && strlen(text) == len &&
	    memcmp(text, part, len) == 0;
}

static bool
cache_admin_fits(void *arg, const uint8_t *key, size_t key_len)
{
	const struct cache_admin_user *user = arg;
	const struct query *query = user->chain->dbs[key[0]].query;
	const uint8_t *part;
	size_t off = 0, len;

	for (size_t i = 0; auth_cache_key_part(key, key_len, &off, &part,
	    &len); i++)
		if (!cache_admin_part_fits(user, query, i, key[1], part, len))
			return false;
	return true;
}

size_t
cache_admin_flush_user(struct auth_lookups *all,
    const struct username_rules *rules, const char *name)
{
	char user[LOGIN_AUTH_USER_MAX + 1];
	struct cache_admin_user arg = { .chain = all->chain, .name = user };

	/* The rules do not depend on the service. */
	if (username_apply(rules, service_name(SERVICE_IMAP), name,
	    strlen(name), user) != USERNAME_OK)
		return 0;
	all->flushed = ++all->turn;
	return all->cache == NULL ? 0 : auth_cache_flush_if(all->cache,
	    cache_admin_fits, &arg);
}

void
cache_admin_tell(const struct auth_lookups *all, cache_admin_fn tell,
    void *arg)
{
	struct auth_cache_status s;
	uint64_t asked;

	if (all->cache == NULL)
		return;
	auth_cache_status(all->cache, &s);
	asked = s.hits + s.misses;
	tell(arg, "hits", s.hits);
	tell(arg, "misses", s.misses);
	tell(arg, "hit_percent", asked == 0 ? 0 : s.hits * 100 / asked);
	tell(arg, "negative_hits", s.negative_hits);
	tell(arg, "expired_hits", all->nexpired);
	tell(arg, "joined", all->njoined);
	tell(arg, "inserts", s.inserts);
	tell(arg, "negative_inserts", s.negative_inserts);
	tell(arg, "evictions", s.evictions);
	tell(arg, "entries", s.entries);
	tell(arg, "negative_entries", s.negative_entries);
	tell(arg, "bytes", s.bytes);
	tell(arg, "bytes_max", s.bytes_max);
}

static void
cache_admin_add(void *arg, const char *name, uint64_t value)
{
	char *dst = arg;
	size_t used = strlen(dst);

	(void)snprintf(dst + used, CACHE_ADMIN_STATUS_MAX - used,
	    "%s%s=%" PRIu64, used == 0 ? "" : " ", name, value);
}

void
cache_admin_status(const struct auth_lookups *all,
    char dst[CACHE_ADMIN_STATUS_MAX])
{
	(void)snprintf(dst, CACHE_ADMIN_STATUS_MAX, "%s",
	    all->cache == NULL ? "off" : "");
	cache_admin_tell(all, cache_admin_add, dst);
}
