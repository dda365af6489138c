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
cache_admin_status(const struct auth_lookups *all, char *dst, size_t size)
{
	struct auth_cache_status s;
	uint64_t asked;

	if (all->cache == NULL) {
		(void)snprintf(dst, size, "off");
		return;
	}
	auth_cache_status(all->cache, &s);
	asked = s.hits + s.misses;
	(void)snprintf(dst, size, "hits=%" PRIu64 " misses=%" PRIu64
	    " rate=%" PRIu64 "%% negative_hits=%" PRIu64 " expired=%" PRIu64
	    " joined=%" PRIu64 " inserts=%" PRIu64 " negative_inserts=%" PRIu64
	    " evictions=%" PRIu64 " entries=%" PRIu64
	    " negative_entries=%" PRIu64 " bytes=%" PRIu64
	    " bytes_max=%" PRIu64, s.hits, s.misses,
	    asked == 0 ? 0 : s.hits * 100 / asked, s.negative_hits,
	    all->nexpired, all->njoined, s.inserts, s.negative_inserts,
	    s.evictions, s.entries, s.negative_entries, s.bytes, s.bytes_max);
}
