/*
 * auth_cache: what the databases said about users, for a while.
 *
 * An entry is a row as bytes, or "none" (of length 0).  Its key holds all
 * that the answer depends on, each part with its length, so that no two
 * questions have one key.  All of the cache, with its index, lies in one
 * piece of memory of the size that was asked for; the entries that were not
 * used for the longest time make room for new ones.
 *
 * Beside a row with a password stand marks of the one that was verified last,
 * and of the one that was refused last: keyed digests, never the passwords.
 */
#ifndef AUTH_AUTH_CACHE_H
#define AUTH_AUTH_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The longest name twice, and some; a longer key is not cached. */
#define AUTH_CACHE_KEY_MAX	640
/* Much more than any sensible row; a longer one is not cached. */
#define AUTH_CACHE_VALUE_MAX	4096
/* Less memory than this is no cache: a long row must not fill it. */
#define AUTH_CACHE_BYTES_MIN	16384
/* Unknown users have at most one part in four of the memory. */
#define AUTH_CACHE_NEGATIVE	4
/*
 * So long the same wrong password is refused without asking the database:
 * long for a mail program that tries every few seconds, short for somebody
 * who has just made that password the right one.
 */
#define AUTH_CACHE_REFUSED_MS	60000

struct auth_cache;

struct auth_cache_config {
	uint64_t	bytes;
	uint32_t	ttl_ms, negative_ttl_ms, stale_ttl_ms;
};

struct auth_cache_key {
	size_t	len;		/* 0: this question is not cached */
	uint8_t	bytes[AUTH_CACHE_KEY_MAX];
};

enum auth_cache_age {
	AUTH_CACHE_MISS,
	AUTH_CACHE_FRESH,
	AUTH_CACHE_STALE,	/* serves when the database does not */
};

/* What is known of a password. */
enum auth_cache_memory {
	AUTH_CACHE_UNKNOWN,
	AUTH_CACHE_RIGHT,	/* for this stored hash */
	AUTH_CACHE_WRONG,	/* and the database has been asked for it */
};

struct auth_cache_status {
	uint64_t	hits, negative_hits, misses;
	uint64_t	inserts, negative_inserts, evictions;
	uint64_t	bytes, bytes_max;	/* with all overhead */
	uint64_t	entries, negative_entries;
};

typedef bool (*auth_cache_match_fn)(void *arg, const uint8_t *key,
    size_t len);

/* A key without parts; they are added in their order. */
void	auth_cache_key_init(struct auth_cache_key *, uint8_t passdb,
	    uint8_t service);
/* One that does not fit makes the key useless. */
void	auth_cache_key_add(struct auth_cache_key *, const void *part,
	    size_t len);
/* The next part behind *off (at first 0); false at the end. */
bool	auth_cache_key_part(const uint8_t *key, size_t key_len, size_t *off,
	    const uint8_t **part, size_t *len);

/* NULL when there is too little memory for a cache. */
struct auth_cache	*auth_cache_new(const struct auth_cache_config *);
void	auth_cache_free(struct auth_cache *);	/* wiped */
/* The key's mark, by which it can be named later; never 0. */
uint32_t	auth_cache_mark(const struct auth_cache *,
		    const struct auth_cache_key *);
/* Copies the value to room of AUTH_CACHE_VALUE_MAX; len 0 is "none". */
enum auth_cache_age	auth_cache_get(struct auth_cache *,
			    const struct auth_cache_key *, uint8_t *room,
			    size_t *len);
/* The same for an expired one that was not found fresh before. */
bool	auth_cache_get_stale(struct auth_cache *,
	    const struct auth_cache_key *, uint8_t *room, size_t *len);
/* How old what is there for this key is; 0 when nothing is. */
uint64_t	auth_cache_age_ms(const struct auth_cache *,
		    const struct auth_cache_key *);
/*
 * Keeps a value over what was there; with room for marks of passwords if
 * has_password.  False when it cannot be kept; then nothing is there.
 */
bool	auth_cache_put(struct auth_cache *, const struct auth_cache_key *,
	    const uint8_t *value, size_t len, bool has_password);
/* Forgets an entry. */
void	auth_cache_drop(struct auth_cache *, uint32_t mark);
/* An entry that is not to be believed before the database was asked. */
void	auth_cache_distrust(struct auth_cache *, uint32_t mark);
/* Was this password the right one, or a wrong one, for this hash? */
enum auth_cache_memory	auth_cache_recall(struct auth_cache *,
			    const struct auth_cache_key *, const char *hash,
			    const char *pass);
/* It is right, or it is wrong by a row that the database just gave. */
void	auth_cache_remember(struct auth_cache *, const struct auth_cache_key *,
	    const char *hash, const char *pass, bool is_right);
/* Forgets all; how many entries that were. */
size_t	auth_cache_flush(struct auth_cache *);
/* Forgets those whose keys match; how many. */
size_t	auth_cache_flush_if(struct auth_cache *, auth_cache_match_fn,
	    void *arg);
void	auth_cache_status(const struct auth_cache *,
	    struct auth_cache_status *);

#endif
