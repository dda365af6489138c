/*
 * The cache of auth by itself: 200,000 users with rows like those of the
 * mission's table; bytes for each, and time for each hit.
 * Runs in: make bench.
 * Hostile input: none.
 * Never: ships in a program.
 */
#include <bsd/string.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "auth/auth_cache.h"
#include "auth/cache_row.h"
#include "bench.h"
#include "config/query.h"
#include "config/var.h"

#define CACHE_USERS	200000u
#define CACHE_ROUNDS	5u
#define CACHE_QUERY \
	"SELECT NULL AS password, host, destuser, 'Y' AS nologin, " \
	"'Y' AS nodelay, 'Y' AS proxy, 'Y' AS nopassword " \
	"FROM proxy WHERE user = '%u'"

static double
cache_seconds(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts) == -1)
		err(1, "clock_gettime");
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void
cache_key(const struct query *query, unsigned int i,
    struct auth_cache_key *key)
{
	char user[64], text[QUERY_VALUE_MAX];
	const struct var_values v = { .user = user, .service = "imap" };

	(void)snprintf(user, sizeof(user), "user%06u@example.org", i);
	auth_cache_key_init(key, 0, 0);
	if (query_param_expand(query, 0, &v, text, sizeof(text)) == -1)
		errx(1, "query_param_expand");
	auth_cache_key_add(key, text, strlen(text));
}

static void
cache_column(struct auth_worker_row *row, const char *name,
    const char *value)
{
	struct auth_worker_column *c = &row->columns[row->ncolumns++];

	(void)strlcpy(c->name, name, sizeof(c->name));
	c->is_null = value == NULL;
	c->value = (const uint8_t *)value;
	c->len = value == NULL ? 0 : strlen(value);
}

static size_t
cache_value(unsigned int i, uint8_t *dst, size_t size, const char *password)
{
	struct auth_worker_row row = { .found = AUTH_WORKER_ONE };
	char host[32], user[64];

	(void)snprintf(host, sizeof(host), "10.1.%u.%u", i / 250 % 250,
	    i % 250);
	(void)snprintf(user, sizeof(user), "user%06u@example.org", i);
	cache_column(&row, "password", password);
	cache_column(&row, "host", host);
	cache_column(&row, "destuser", user);
	cache_column(&row, "nologin", "Y");
	cache_column(&row, "nodelay", "Y");
	cache_column(&row, "proxy", "Y");
	if (password == NULL)
		cache_column(&row, "nopassword", "Y");
	return cache_row_put(&row, dst, size);
}

/* All users once; then as many hits for those who are there. */
static void
cache_run(const char *what, uint64_t bytes, const char *password)
{
	struct auth_cache *cache = auth_cache_new(&(struct auth_cache_config){
	    .bytes = bytes, .ttl_ms = 3600000, .negative_ttl_ms = 3600000 });
	char err[128];
	struct query *query = query_compile(CACHE_QUERY, QUERY_SQLITE, err,
	    sizeof(err));
	uint8_t room[AUTH_CACHE_VALUE_MAX];
	struct auth_cache_status s;
	struct auth_worker_row row;
	struct auth_cache_key key;
	double begin, put, get;
	uint64_t nhits = 0;
	size_t len = 0;

	if (cache == NULL || query == NULL)
		errx(1, "no cache or no query");
	begin = cache_seconds();
	for (unsigned int i = 0; i < CACHE_USERS; i++) {
		cache_key(query, i, &key);
		len = cache_value(i, room, sizeof(room), password);
		(void)auth_cache_put(cache, &key, room, len,
		    password != NULL);
	}
	put = cache_seconds() - begin;
	auth_cache_status(cache, &s);
	begin = cache_seconds();
	for (unsigned int i = 0; i < CACHE_USERS * CACHE_ROUNDS; i++) {
		unsigned int user = (i * UINT32_C(2654435761)) % CACHE_USERS;

		if (user < CACHE_USERS - s.entries)
			user = CACHE_USERS - 1 - user % (unsigned int)s.entries;
		cache_key(query, user, &key);
		if (auth_cache_get(cache, &key, room, &len) ==
		    AUTH_CACHE_FRESH && cache_row_get(&row, room, len) == 0)
			nhits++;
	}
	get = cache_seconds() - begin;
	printf("%-22s %9" PRIu64 " bytes: %6" PRIu64 " of %u users, "
	    "%5.1f bytes each, put %4.0f ns, hit %4.0f ns\n", what,
	    s.bytes_max, s.entries, CACHE_USERS, (double)s.bytes /
	    (double)s.entries, put / CACHE_USERS * 1e9,
	    get / (double)nhits * 1e9);
	query_free(query);
	auth_cache_free(cache);
}

int
main(void)
{
	static const char hash[] =
	    "{BLF-CRYPT}$2b$05$abcdefghijklmnopqrstuuHIrMEWpUCQe2YqFR3sXwQ75u"
	    "4od..9q";
	struct rusage usage;

	cache_run("no password", UINT64_C(4) << 20, NULL);
	cache_run("no password", UINT64_C(64) << 20, NULL);
	cache_run("bcrypt, with its marks", UINT64_C(4) << 20, hash);
	cache_run("bcrypt, with its marks", UINT64_C(64) << 20, hash);
	if (getrusage(RUSAGE_SELF, &usage) == -1)
		err(1, "getrusage");
	printf("largest resident set: %ld kB\n", usage.ru_maxrss);
	return 0;
}
