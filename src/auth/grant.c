/*
 * Logins that auth has allowed: who holds which places.
 * Runs in: auth.
 * Hostile input: what login processes say of their sessions.
 * Never: refuses a user because its own tables are full.
 */
#include "auth/grant.h"

#include <stdlib.h>
#include <string.h>

#include "auth/auth_lookup.h"
#include "auth/grant_host.h"
#include "auth/penalty.h"
#include "config/settings.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/rnd.h"
#include "lib/xmem.h"

/* Sessions of one user from one address at one service. */
struct grant_place {
	RB_ENTRY(grant_place)	 entry;
	uint8_t			 key[SIPHASH_BYTES];
	uint32_t		 n;
};

struct grant {
	RB_ENTRY(grant)		 entry;
	struct grant_place	*place;
	struct penalty_mark	*mark;	/* until it has logged in */
	uint32_t		*rows;	/* the same; marks, or NULL */
	uint32_t		 id;
	struct grant_tries	*tries;	/* the same; or NULL */
	struct mail_host	*host;	/* of its session; or NULL */
	bool			 is_logged_in;
};

static int
grant_compare(const struct grant *a, const struct grant *b)
{
	return a->id < b->id ? -1 : a->id > b->id;
}

static int
grant_place_compare(const struct grant_place *a, const struct grant_place *b)
{
	return memcmp(a->key, b->key, sizeof(a->key));
}

#define GRANT_TREE_ATTR	static __attribute__((unused))
RB_GENERATE_INTERNAL(grant_tree, grant, entry, grant_compare,
    GRANT_TREE_ATTR)
RB_GENERATE_INTERNAL(grant_place_tree, grant_place, entry,
    grant_place_compare, GRANT_TREE_ATTR)

void
grants_init(struct grants *all, const struct settings *settings,
    struct penalty *penalty, struct auth_lookups *lookups,
    struct mail_hosts *hosts)
{
	memset(all, 0, sizeof(*all));
	all->settings = settings;
	all->penalty = penalty;
	all->lookups = lookups;
	all->hosts = hosts;
	RB_INIT(&all->places);
	all->map_max = (size_t)settings->login_max_sessions +
	    LOGIN_AUTH_OPEN_MAX;
	all->max = (size_t)GRANTS_SHARES * settings->login_max_sessions +
	    GRANTS_OPEN_MAX;
	rnd_bytes(all->key, sizeof(all->key));
}

void
grant_map_init(struct grant_map *map, struct grants *all)
{
	RB_INIT(&map->tree);
	map->all = all;
	map->n = 0;
	map->peer = NULL;
	map->told = 0;
}

static struct grant *
grant_find(const struct grant_map *map, uint32_t id)
{
	const struct grant key = { .id = id };
	/* RB_FIND takes what it does not change as if it did. */
	struct grant_tree tree = map->tree;

	return RB_FIND(grant_tree, &tree, (struct grant *)(uintptr_t)&key);
}

bool
grant_has(const struct grant_map *map, uint32_t id)
{
	return grant_find(map, id) != NULL;
}

/* Tells of the outcome what counts failed logins; once. */
static void
grant_judge(struct grant_map *map, struct grant *g,
    enum login_auth_result result)
{
	struct penalty *penalty = map->all->penalty;

	if (g->mark == NULL)
		return;
	if (result == LOGIN_AUTH_LOGGED_IN)
		penalty_succeeded(penalty, g->mark);
	else if (result == LOGIN_AUTH_REFUSED)
		penalty_failed(penalty, g->mark);
	else
		penalty_unknown(penalty, g->mark);
	free(g->mark);
	g->mark = NULL;
}

/* Rows that lead nowhere are not believed a second time; once. */
static void
grant_doubt(struct grant_map *map, struct grant *g,
    enum login_auth_result result)
{
	if (g->rows == NULL)
		return;
	if (result == LOGIN_AUTH_REFUSED || result == LOGIN_AUTH_HOST_FAILED)
		auth_lookups_distrust(map->all->lookups, g->rows);
	free(g->rows);
	g->rows = NULL;
}

static void
grant_free(struct grant_map *map, struct grant *g)
{
	struct grant_place *place = g->place;

	grant_judge(map, g, LOGIN_AUTH_GONE);
	grant_doubt(map, g, LOGIN_AUTH_GONE);
	grant_tries_free(g->tries);
	if (g->host != NULL)
		g->host->nsessions--;
	(void)RB_REMOVE(grant_tree, &map->tree, g);
	map->n--;
	map->all->n--;
	free(g);
	if (--place->n == 0) {
		(void)RB_REMOVE(grant_place_tree, &map->all->places, place);
		free(place);
	}
}

void
grant_map_clear(struct grant_map *map)
{
	struct grant *g;

	while ((g = RB_ROOT(&map->tree)) != NULL)
		grant_free(map, g);
}

static void
grant_place_key(const struct grants *all, const struct grant_who *who,
    uint8_t key[SIPHASH_BYTES])
{
	const struct netaddr source = netaddr_source(who->rip);
	struct siphash hash;

	siphash_init(&hash, all->key);
	siphash_add(&hash, &who->service, sizeof(who->service));
	siphash_add(&hash, &source.family, sizeof(source.family));
	siphash_add(&hash, source.ip, sizeof(source.ip));
	siphash_add_text(&hash, who->user);
	siphash_end(&hash, key);
}

/* Room for one more?  Sessions that are not counted are told of. */
static bool
grant_has_room(struct grant_map *map)
{
	struct grants *all = map->all;
	uint64_t now = clock_ms();

	if (all->n < all->max && map->n < all->map_max)
		return true;
	if (all->warned_ms == 0 || now - all->warned_ms >= GRANTS_WARN_MS) {
		all->warned_ms = now;
		log_warn("too many sessions: mail_max_userip_connections "
		    "counts no more than %zu, and %zu of one login process",
		    all->max, all->map_max);
	}
	return false;
}

static struct grant *
grant_new(struct grant_map *map, uint32_t id, struct grant_place *place)
{
	struct grant *g = xcalloc(1, sizeof(*g));

	g->id = id;
	g->place = place;
	place->n++;
	(void)RB_INSERT(grant_tree, &map->tree, g);
	map->n++;
	map->all->n++;
	return g;
}

/* The place with this key, or a new one; NULL if it is full already. */
static struct grant_place *
grant_place_get(struct grants *all, const struct grant_who *who,
    uint32_t limit)
{
	struct grant_place key, *place;

	grant_place_key(all, who, key.key);
	place = RB_FIND(grant_place_tree, &all->places, &key);
	if (place != NULL)
		return limit != 0 && place->n >= limit ? NULL : place;
	place = xcalloc(1, sizeof(*place));
	memcpy(place->key, key.key, sizeof(place->key));
	(void)RB_INSERT(grant_place_tree, &all->places, place);
	return place;
}

bool
grant_open(struct grant_map *map, uint32_t id, const struct grant_who *who,
    struct penalty_mark *mark)
{
	const struct settings *s = map->all->settings;
	struct grant_place *place;
	struct grant *g;

	if (!grant_has_room(map))
		return true;
	place = grant_place_get(map->all, who,
	    s->services[who->service].mail_max_userip_connections);
	if (place == NULL)
		return false;
	g = grant_new(map, id, place);
	if (!mark->has_addr && !mark->has_user)
		return true;
	g->mark = xcalloc(1, sizeof(*g->mark));
	*g->mark = *mark;
	memset(mark, 0, sizeof(*mark));
	return true;
}

void
grant_verified(struct grant_map *map, uint32_t id)
{
	struct grant *g = grant_find(map, id);

	if (g != NULL && g->mark != NULL)
		penalty_verified(map->all->penalty, g->mark);
}

void
grant_rows(struct grant_map *map, uint32_t id,
    const uint32_t marks[SETTINGS_DBS_MAX])
{
	struct grant *g = grant_find(map, id);
	bool has_any = false;

	for (size_t i = 0; i < SETTINGS_DBS_MAX; i++)
		has_any |= marks[i] != 0;
	if (g == NULL || !has_any)
		return;
	g->rows = xcalloc(SETTINGS_DBS_MAX, sizeof(*g->rows));
	memcpy(g->rows, marks, SETTINGS_DBS_MAX * sizeof(*g->rows));
}

void
grant_route(struct grant_map *map, uint32_t id,
    const struct login_auth_route *route, const struct grant_who *who)
{
	struct grant *g = grant_find(map, id);

	if (g != NULL)
		g->tries = grant_tries_new(map, route, who);
}

/* Its session is on this host, if that is known. */
static void
grant_settle(struct grant *g, struct mail_host *host)
{
	g->is_logged_in = true;
	g->host = host;
	if (host != NULL)
		host->nsessions++;
	grant_tries_free(g->tries);
	g->tries = NULL;
}

void
grant_adopt(struct grant_map *map, uint32_t id, const struct grant_who *who,
    const struct netaddr *host)
{
	if (grant_has_room(map))
		grant_settle(grant_new(map, id, grant_place_get(map->all,
		    who, 0)), host->family == NETADDR_NONE ? NULL :
		    mail_hosts_said(map->all->hosts, host));
}

int
grant_tried(struct grant_map *map, uint32_t id,
    const struct login_auth_tried *tried)
{
	struct grant *g = grant_find(map, id);

	if (g == NULL)
		return 0;
	/* One that wicketctl asked for goes nowhere. */
	return g->tries == NULL ? -1 : grant_tries_failed(map->all, g->tries,
	    tried);
}

int
grant_outcome(struct grant_map *map, uint32_t id,
    const struct login_auth_outcome *m)
{
	enum login_auth_result result = (enum login_auth_result)m->result;
	struct grant *g = grant_find(map, id);
	struct mail_host *host = NULL;

	if (g == NULL)
		return 0;
	if (g->is_logged_in || (g->tries != NULL &&
	    grant_tries_answered(g->tries, m->addr, &host) == -1))
		return -1;
	grant_judge(map, g, result);
	grant_doubt(map, g, result);
	if (result == LOGIN_AUTH_LOGGED_IN)
		grant_settle(g, host);
	else
		grant_free(map, g);
	return 0;
}

int
grant_end(struct grant_map *map, uint32_t id)
{
	struct grant *g = grant_find(map, id);

	if (g == NULL)
		return 0;
	if (!g->is_logged_in)
		return -1;
	grant_free(map, g);
	return 0;
}

int
grant_cancel(struct grant_map *map, uint32_t id)
{
	return grant_outcome(map, id, &(struct login_auth_outcome){
	    .result = LOGIN_AUTH_GONE, .addr = LOGIN_AUTH_ADDR_NONE });
}
