/*
 * The cache of what databases said about users.
 * Runs in: auth.
 * Hostile input: keys and values are any bytes; clients choose the keys.
 * Never: grows beyond its memory, keeps a password, asks anybody.
 */
#include "auth/auth_cache.h"

#include <bsd/stdlib.h>
#include <string.h>

#include "auth/cache_slab.h"
#include "lib/clock.h"
#include "lib/digest.h"
#include "lib/rnd.h"
#include "lib/siphash.h"
#include "lib/xmem.h"

/* The system gives memory in pages, and malloc(3) takes some of it. */
#define CACHE_PAGE		4096
#define CACHE_MALLOC_MAX	64
/* Chunks for each bucket of the index: an entry has two or more. */
#define CACHE_BUCKET_CHUNKS	2
#define CACHE_MAC_KEY_BYTES	32
#define CACHE_RIGHT_BYTES	32	/* HMAC-SHA256 */
/* Two passwords with one of these cost a refusal each: it may be short. */
#define CACHE_WRONG_BYTES	8
/* "{SCHEME}hash", password and key, with their lengths, and some. */
#define CACHE_MAC_MAX		2560

/* Flags of an entry. */
#define CACHE_NEGATIVE		0x1u
#define CACHE_DISTRUSTED	0x2u
#define CACHE_HAS_MARKS		0x4u

/* Behind the value of a row with a password. */
struct cache_marks {
	uint8_t		right[CACHE_RIGHT_BYTES];
	uint8_t		wrong[CACHE_WRONG_BYTES];
	uint64_t	wrong_ms;	/* 0: none */
};

/* Entries by their last use: rows, and "none". */
struct cache_list {
	uint32_t	oldest, newest;
	uint32_t	nentries, nchunks;
};

struct auth_cache {
	struct auth_cache_config config;
	uint8_t			 hash_key[SIPHASH_KEY_BYTES];
	uint8_t			 mac_key[CACHE_MAC_KEY_BYTES];
	uint64_t		 bytes;		/* of this piece of memory */
	uint32_t		 nbuckets;	/* a power of two */
	uint32_t		*buckets;
	struct cache_slab	 slab;
	struct cache_list	 rows, nones;
	uint32_t		 nuses;
	struct auth_cache_status counts;
};

void
auth_cache_key_init(struct auth_cache_key *key, uint8_t passdb,
    uint8_t service)
{
	key->bytes[0] = passdb;
	key->bytes[1] = service;
	key->len = 2;
}

void
auth_cache_key_add(struct auth_cache_key *key, const void *part, size_t len)
{
	if (key->len == 0 || len + 2 > sizeof(key->bytes) - key->len) {
		key->len = 0;
		return;
	}
	key->bytes[key->len] = (uint8_t)(len >> 8);
	key->bytes[key->len + 1] = (uint8_t)len;
	memcpy(key->bytes + key->len + 2, part, len);
	key->len += 2 + len;
}

bool
auth_cache_key_part(const uint8_t *key, size_t key_len, size_t *off,
    const uint8_t **part, size_t *len)
{
	if (*off == 0)
		*off = 2;
	if (*off >= key_len)
		return false;
	*len = (size_t)key[*off] << 8 | key[*off + 1];
	*part = key + *off + 2;
	*off += 2 + *len;
	return true;
}

struct auth_cache *
auth_cache_new(const struct auth_cache_config *config)
{
	struct auth_cache *c;
	size_t size, n;

	if (config->bytes < AUTH_CACHE_BYTES_MIN)
		return NULL;
	size = config->bytes / CACHE_PAGE * CACHE_PAGE - CACHE_MALLOC_MAX;
	c = xcalloc(1, size);
	c->config = *config;
	c->bytes = size + CACHE_MALLOC_MAX;
	rnd_bytes(c->hash_key, sizeof(c->hash_key));
	rnd_bytes(c->mac_key, sizeof(c->mac_key));
	/* Behind the struct: chunks, which need the alignment, and index. */
	n = sizeof(*c) / CACHE_CHUNK_BYTES + 1;
	size -= n * CACHE_CHUNK_BYTES;
	for (c->nbuckets = 1; c->nbuckets < size / CACHE_CHUNK_BYTES /
	    CACHE_BUCKET_CHUNKS / 2;)
		c->nbuckets *= 2;
	size -= c->nbuckets * sizeof(*c->buckets);
	cache_slab_init(&c->slab, (union cache_chunk *)(void *)c + n,
	    (uint32_t)(size / CACHE_CHUNK_BYTES));
	c->buckets = (uint32_t *)(void *)(c->slab.chunks + c->slab.n);
	return c;
}

void
auth_cache_free(struct auth_cache *c)
{
	if (c == NULL)
		return;
	cache_slab_wipe(&c->slab);
	explicit_bzero(c, sizeof(*c));
	free(c);
}

uint32_t
auth_cache_mark(const struct auth_cache *c, const struct auth_cache_key *key)
{
	uint8_t bytes[SIPHASH_BYTES];
	struct siphash hash;
	uint32_t mark;

	siphash_init(&hash, c->hash_key);
	siphash_add(&hash, key->bytes, key->len);
	siphash_end(&hash, bytes);
	memcpy(&mark, bytes, sizeof(mark));
	return mark == 0 ? 1 : mark;
}

static struct cache_head *
cache_head(const struct auth_cache *c, uint32_t entry)
{
	return cache_slab_head(&c->slab, entry);
}

static uint32_t *
cache_bucket(const struct auth_cache *c, uint32_t hash)
{
	return &c->buckets[hash & (c->nbuckets - 1)];
}

static struct cache_list *
cache_list(struct auth_cache *c, const struct cache_head *h)
{
	return (h->flags & CACHE_NEGATIVE) != 0 ? &c->nones : &c->rows;
}

static void
cache_list_add(struct auth_cache *c, uint32_t entry)
{
	struct cache_head *h = cache_head(c, entry);
	struct cache_list *list = cache_list(c, h);

	h->older = list->newest;
	h->newer = 0;
	h->used = c->nuses++;
	if (list->newest != 0)
		cache_head(c, list->newest)->newer = entry;
	else
		list->oldest = entry;
	list->newest = entry;
}

static void
cache_list_remove(struct auth_cache *c, uint32_t entry)
{
	struct cache_head *h = cache_head(c, entry);
	struct cache_list *list = cache_list(c, h);

	if (h->older != 0)
		cache_head(c, h->older)->newer = h->newer;
	else
		list->oldest = h->newer;
	if (h->newer != 0)
		cache_head(c, h->newer)->older = h->older;
	else
		list->newest = h->older;
}

static void
cache_remove(struct auth_cache *c, uint32_t entry)
{
	struct cache_head *h = cache_head(c, entry);
	struct cache_list *list = cache_list(c, h);
	uint32_t *at = cache_bucket(c, h->hash);

	while (*at != entry)
		at = &cache_head(c, *at)->chain;
	*at = h->chain;
	cache_list_remove(c, entry);
	list->nentries--;
	list->nchunks -= cache_slab_give(&c->slab, entry);
}

/* The entry of a key, or 0. */
static uint32_t
cache_find(const struct auth_cache *c, const struct auth_cache_key *key)
{
	uint32_t hash = auth_cache_mark(c, key), entry;
	const struct cache_head *h;

	for (entry = *cache_bucket(c, hash); entry != 0; entry = h->chain) {
		h = cache_head(c, entry);
		if (h->hash == hash && h->key_len == key->len &&
		    cache_slab_is(&c->slab, entry, key->bytes, key->len))
			return entry;
	}
	return 0;
}

static enum auth_cache_age
cache_age(const struct auth_cache *c, const struct cache_head *h)
{
	uint64_t age_ms = clock_ms() - h->born_ms;

	if ((h->flags & CACHE_NEGATIVE) != 0)
		return age_ms < c->config.negative_ttl_ms ? AUTH_CACHE_FRESH :
		    AUTH_CACHE_MISS;
	if (age_ms < c->config.ttl_ms && (h->flags & CACHE_DISTRUSTED) == 0)
		return AUTH_CACHE_FRESH;
	return age_ms < (uint64_t)c->config.ttl_ms + c->config.stale_ttl_ms ?
	    AUTH_CACHE_STALE : AUTH_CACHE_MISS;
}

/* Copies an entry out and makes it the newest. */
static void
cache_read(struct auth_cache *c, uint32_t entry, uint8_t *room, size_t *len)
{
	const struct cache_head *h = cache_head(c, entry);

	cache_list_remove(c, entry);
	cache_list_add(c, entry);
	*len = h->value_len;
	cache_slab_get(&c->slab, entry, h->key_len, room, *len);
}

enum auth_cache_age
auth_cache_get(struct auth_cache *c, const struct auth_cache_key *key,
    uint8_t *room, size_t *len)
{
	uint32_t entry = cache_find(c, key);
	enum auth_cache_age age = AUTH_CACHE_MISS;

	if (entry != 0)
		age = cache_age(c, cache_head(c, entry));
	if (age == AUTH_CACHE_FRESH) {
		cache_read(c, entry, room, len);
		c->counts.hits++;
		c->counts.negative_hits += *len == 0;
		return age;
	}
	c->counts.misses++;
	if (age == AUTH_CACHE_MISS && entry != 0)
		cache_remove(c, entry);
	return age;
}

bool
auth_cache_get_stale(struct auth_cache *c, const struct auth_cache_key *key,
    uint8_t *room, size_t *len)
{
	uint32_t entry = cache_find(c, key);

	if (entry == 0 ||
	    cache_age(c, cache_head(c, entry)) == AUTH_CACHE_MISS)
		return false;
	cache_read(c, entry, room, len);
	return true;
}

uint64_t
auth_cache_age_ms(const struct auth_cache *c,
    const struct auth_cache_key *key)
{
	uint32_t entry = cache_find(c, key);

	return entry == 0 ? 0 : clock_ms() - cache_head(c, entry)->born_ms;
}

/* The one that was not used for the longest time, of a list or of both. */
static uint32_t
cache_oldest(const struct auth_cache *c)
{
	uint32_t row = c->rows.oldest, none = c->nones.oldest;

	if (row == 0 || none == 0)
		return row + none;
	return c->nuses - cache_head(c, row)->used >
	    c->nuses - cache_head(c, none)->used ? row : none;
}

static void
cache_make_room(struct auth_cache *c, uint32_t need, bool is_negative)
{
	while (is_negative && c->nones.nentries > 0 &&
	    c->nones.nchunks + need > c->slab.n / AUTH_CACHE_NEGATIVE) {
		cache_remove(c, c->nones.oldest);
		c->counts.evictions++;
	}
	while (cache_slab_left(&c->slab) < need) {
		cache_remove(c, cache_oldest(c));
		c->counts.evictions++;
	}
}

static void
cache_insert(struct auth_cache *c, uint32_t entry, uint32_t nchunks)
{
	struct cache_head *h = cache_head(c, entry);
	uint32_t *bucket = cache_bucket(c, h->hash);
	struct cache_list *list = cache_list(c, h);

	h->chain = *bucket;
	*bucket = entry;
	cache_list_add(c, entry);
	list->nentries++;
	list->nchunks += nchunks;
	c->counts.inserts++;
	c->counts.negative_inserts += list == &c->nones;
}

static size_t
cache_marks_at(const struct cache_head *h)
{
	return (size_t)h->key_len + h->value_len;
}

/* Takes the entry of a key away, but for its marks. */
static void
cache_take(struct auth_cache *c, const struct auth_cache_key *key,
    struct cache_marks *marks)
{
	uint32_t entry = cache_find(c, key);

	memset(marks, 0, sizeof(*marks));
	if (entry == 0)
		return;
	if ((cache_head(c, entry)->flags & CACHE_HAS_MARKS) != 0)
		cache_slab_get(&c->slab, entry,
		    cache_marks_at(cache_head(c, entry)), marks,
		    sizeof(*marks));
	cache_remove(c, entry);
}

bool
auth_cache_put(struct auth_cache *c, const struct auth_cache_key *key,
    const uint8_t *value, size_t len, bool has_password)
{
	size_t size = key->len + len +
	    (has_password ? sizeof(struct cache_marks) : 0);
	uint32_t need = cache_slab_need(size), entry;
	struct cache_marks marks;
	struct cache_head *h;

	cache_take(c, key, &marks);
	if ((len == 0 ? c->config.negative_ttl_ms : c->config.ttl_ms) == 0 ||
	    key->len == 0 || len > AUTH_CACHE_VALUE_MAX)
		return false;
	cache_make_room(c, need, len == 0);
	entry = cache_slab_take(&c->slab, size);
	h = cache_head(c, entry);
	h->hash = auth_cache_mark(c, key);
	h->born_ms = clock_ms();
	h->key_len = (uint16_t)key->len;
	h->value_len = (uint16_t)len;
	h->flags = (uint8_t)((len == 0 ? CACHE_NEGATIVE : 0) |
	    (has_password ? CACHE_HAS_MARKS : 0));
	cache_slab_put(&c->slab, entry, 0, key->bytes, key->len);
	cache_slab_put(&c->slab, entry, key->len, value, len);
	if (has_password)
		cache_slab_put(&c->slab, entry, cache_marks_at(h), &marks,
		    sizeof(marks));
	cache_insert(c, entry, need);
	explicit_bzero(&marks, sizeof(marks));
	return true;
}

/* Two entries of one mark, should there ever be two, share their fate. */
static void
cache_each_marked(struct auth_cache *c, uint32_t mark,
    void (*fn)(struct auth_cache *, uint32_t entry))
{
	uint32_t entry, next;

	for (entry = *cache_bucket(c, mark); entry != 0; entry = next) {
		next = cache_head(c, entry)->chain;
		if (cache_head(c, entry)->hash == mark)
			fn(c, entry);
	}
}

static void
cache_distrust(struct auth_cache *c, uint32_t entry)
{
	cache_head(c, entry)->flags |= CACHE_DISTRUSTED;
}

void
auth_cache_drop(struct auth_cache *c, uint32_t mark)
{
	cache_each_marked(c, mark, cache_remove);
}

void
auth_cache_distrust(struct auth_cache *c, uint32_t mark)
{
	cache_each_marked(c, mark, cache_distrust);
}

static size_t
cache_mac_add(uint8_t *bytes, size_t at, const void *part, size_t len)
{
	bytes[at] = (uint8_t)(len >> 8);
	bytes[at + 1] = (uint8_t)len;
	memcpy(bytes + at + 2, part, len);
	return at + 2 + len;
}

/* Bound to key and hash: of no use with another entry or another hash. */
static int
cache_mac(const struct auth_cache *c, const struct auth_cache_key *key,
    const char *hash, const char *pass, uint8_t mac[DIGEST_BYTES_MAX])
{
	size_t hash_len = strlen(hash), pass_len = strlen(pass), n = 0;
	uint8_t bytes[CACHE_MAC_MAX];
	int result;

	if (key->len + hash_len + pass_len + 6 > sizeof(bytes))
		return -1;
	n = cache_mac_add(bytes, n, key->bytes, key->len);
	n = cache_mac_add(bytes, n, hash, hash_len);
	n = cache_mac_add(bytes, n, pass, pass_len);
	result = digest_hmac(DIGEST_SHA256, c->mac_key, sizeof(c->mac_key),
	    bytes, n, mac);
	explicit_bzero(bytes, n);
	return result;
}

/* The entry of a key and its marks; 0 when it has none. */
static uint32_t
cache_find_marks(const struct auth_cache *c, const struct auth_cache_key *key,
    struct cache_marks *marks)
{
	uint32_t entry = key->len == 0 ? 0 : cache_find(c, key);
	const struct cache_head *h = cache_head(c, entry);

	if (entry == 0 || (h->flags & CACHE_HAS_MARKS) == 0)
		return 0;
	cache_slab_get(&c->slab, entry, cache_marks_at(h), marks,
	    sizeof(*marks));
	return entry;
}

static uint32_t
cache_refused_ms(const struct auth_cache *c)
{
	return c->config.negative_ttl_ms < AUTH_CACHE_REFUSED_MS ?
	    c->config.negative_ttl_ms : AUTH_CACHE_REFUSED_MS;
}

enum auth_cache_memory
auth_cache_recall(struct auth_cache *c, const struct auth_cache_key *key,
    const char *hash, const char *pass)
{
	enum auth_cache_memory memory = AUTH_CACHE_UNKNOWN;
	uint8_t mac[DIGEST_BYTES_MAX];
	struct cache_marks marks;

	if (cache_find_marks(c, key, &marks) == 0 ||
	    cache_mac(c, key, hash, pass, mac) == -1)
		return AUTH_CACHE_UNKNOWN;
	if (digest_equal(mac, marks.right, sizeof(marks.right)))
		memory = AUTH_CACHE_RIGHT;
	else if (marks.wrong_ms != 0 &&
	    clock_ms() - marks.wrong_ms < cache_refused_ms(c) &&
	    digest_equal(mac, marks.wrong, sizeof(marks.wrong)))
		memory = AUTH_CACHE_WRONG;
	explicit_bzero(mac, sizeof(mac));
	explicit_bzero(&marks, sizeof(marks));
	return memory;
}

void
auth_cache_remember(struct auth_cache *c, const struct auth_cache_key *key,
    const char *hash, const char *pass, bool is_right)
{
	uint8_t mac[DIGEST_BYTES_MAX];
	struct cache_marks marks;
	uint32_t entry = cache_find_marks(c, key, &marks);

	if (entry == 0 || cache_mac(c, key, hash, pass, mac) == -1)
		return;
	if (is_right) {
		memcpy(marks.right, mac, sizeof(marks.right));
		marks.wrong_ms = 0;
	} else {
		memcpy(marks.wrong, mac, sizeof(marks.wrong));
		marks.wrong_ms = clock_ms();
	}
	cache_slab_put(&c->slab, entry, cache_marks_at(cache_head(c, entry)),
	    &marks, sizeof(marks));
	explicit_bzero(mac, sizeof(mac));
	explicit_bzero(&marks, sizeof(marks));
}

size_t
auth_cache_flush(struct auth_cache *c)
{
	size_t n = (size_t)c->rows.nentries + c->nones.nentries;

	cache_slab_wipe(&c->slab);
	memset(c->buckets, 0, c->nbuckets * sizeof(*c->buckets));
	memset(&c->rows, 0, sizeof(c->rows));
	memset(&c->nones, 0, sizeof(c->nones));
	return n;
}

static size_t
cache_flush_list(struct auth_cache *c, const struct cache_list *list,
    auth_cache_match_fn match, void *arg)
{
	uint8_t key[AUTH_CACHE_KEY_MAX];
	uint32_t entry, older;
	size_t n = 0;

	for (entry = list->newest; entry != 0; entry = older) {
		const struct cache_head *h = cache_head(c, entry);

		older = h->older;
		cache_slab_get(&c->slab, entry, 0, key, h->key_len);
		if (!match(arg, key, h->key_len))
			continue;
		cache_remove(c, entry);
		n++;
	}
	return n;
}

size_t
auth_cache_flush_if(struct auth_cache *c, auth_cache_match_fn match,
    void *arg)
{
	return cache_flush_list(c, &c->rows, match, arg) +
	    cache_flush_list(c, &c->nones, match, arg);
}

void
auth_cache_status(const struct auth_cache *c, struct auth_cache_status *to)
{
	*to = c->counts;
	to->entries = (uint64_t)c->rows.nentries + c->nones.nentries;
	to->negative_entries = c->nones.nentries;
	to->bytes_max = c->bytes;
	to->bytes = c->bytes -
	    (uint64_t)cache_slab_left(&c->slab) * CACHE_CHUNK_BYTES;
}
