/*
 * auth_lookup: what a passdb says about a user, from the cache or from a
 * worker.  Questions that are the same and come at the same time make one
 * query: a flight, which the others join.
 *
 * A row that is older than its question may be wrong about a password that
 * was just changed: who is about to refuse for its sake asks again.
 */
#ifndef AUTH_AUTH_LOOKUP_H
#define AUTH_AUTH_LOOKUP_H

#include <bsd/sys/queue.h>
#include <bsd/sys/tree.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/auth_cache.h"
#include "auth/db_health.h"
#include "auth/worker_pool.h"
#include "config/settings.h"
#include "ipc/auth_worker.h"
#include "lib/loop.h"

struct auth_flight;
struct passdb_chain;

/*
 * So long an expired entry waits for a database before it serves: most
 * answer within milliseconds, and the client of a slow one shall not notice.
 */
#define AUTH_LOOKUP_PATIENCE_MS	1000
/*
 * So long a client waits at least, and then as long as a database server has
 * answered anything within this time; else they are taken for gone, and he
 * may try again.  Looked at every so often.
 */
#define AUTH_LOOKUP_SILENCE_MS	4000
#define AUTH_LOOKUP_LOOK_MS	500
/* A passdb that failed is believed to be down for this time. */
#define AUTH_LOOKUP_DOWN_MS	2000
/* At most one line in this time says that expired entries serve. */
#define AUTH_LOOKUP_QUIET_MS	10000

RB_HEAD(auth_flight_tree, auth_flight);
TAILQ_HEAD(auth_lookup_head, auth_lookup);

enum auth_lookup_age {
	AUTH_LOOKUP_NEW,	/* the database was asked after the question */
	AUTH_LOOKUP_OLD,	/* or before it */
	AUTH_LOOKUP_EXPIRED,	/* it does not answer: there is no better row */
};

/* The row, or NULL: the passdb does not answer.  May free the lookup. */
typedef void (*auth_lookup_fn)(void *arg, const struct auth_worker_row *);

/* What all questions share. */
struct auth_lookups {
	struct worker_pool		*pool;		/* borrowed */
	const struct passdb_chain	*chain;		/* borrowed */
	struct auth_cache		*cache;		/* NULL: off */
	struct db_health		 health;
	struct auth_flight_tree		 flights;
	struct worker_lane		 lane;		/* nobody's flights */
	struct loop_timers		 patience, silence;
	uint64_t			 turn;	/* events so far */
	uint64_t			 flushed;	/* turn */
	uint64_t			 njoined, nexpired;
	/* Of each passdb: down until then; quiet until then; not said. */
	uint64_t			 down_ms[SETTINGS_DBS_MAX];
	uint64_t			 quiet_ms[SETTINGS_DBS_MAX];
	uint64_t			 nheld[SETTINGS_DBS_MAX];
	/* Why it did not answer, "" when it did. */
	char				 faults[SETTINGS_DBS_MAX]
					    [AUTH_WORKER_FAULT_MAX + 1];
};

/* One question; embedded in its asker.  Zeroed: none. */
struct auth_lookup {
	TAILQ_ENTRY(auth_lookup) entry;
	struct auth_lookups	*all;
	struct auth_flight	*flight;	/* awaited, or NULL */
	struct worker_lane	*lane;		/* of the asker */
	struct loop_timer	 patience, silence;
	uint64_t		 since_ms;	/* he waits for this passdb */
	uint64_t		 asked;		/* turn of the first question */
	uint16_t		 past_cache;	/* bits 1 << passdb */
	enum auth_lookup_age	 age;		/* of the row */
	bool			 has_expired;	/* an entry, should all fail */
	bool			 is_cached;	/* the row */
	auth_lookup_fn		 done;
	void			*arg;
	struct auth_cache_key	 key;		/* len 0: not for the cache */
	uint32_t		 marks[SETTINGS_DBS_MAX];
};

/* All the borrowed must outlive it. */
void	auth_lookups_init(struct auth_lookups *, const struct settings *,
	    const struct passdb_chain *, struct worker_pool *, struct loop *);
/* After all askers are gone. */
void	auth_lookups_clear(struct auth_lookups *);
/*
 * Asks passdb m->passdb; done may be called before this returns.  -1 when
 * too much waits for workers; then it is not called.
 */
int	auth_lookup_start(struct auth_lookups *, struct auth_lookup *,
	    struct worker_lane *, const struct auth_worker_lookup *m,
	    auth_lookup_fn done, void *arg) __attribute__((warn_unused_result));
/* This question goes to the database now, until there is a new row. */
void	auth_lookup_past_cache(struct auth_lookup *, unsigned int passdb);
/* Forgets the question; harmless when there is none. */
void	auth_lookup_cancel(struct auth_lookup *);
/* The row's age; 0 when it is not from the cache. */
uint64_t	auth_lookup_age_ms(const struct auth_lookup *);
/* Where the row is from, in words: "cache, 12 s old"; returns dst. */
const char	*auth_lookup_source(const struct auth_lookup *, char *dst,
		    size_t size);
/* The next row comes from somewhere else. */
void	auth_lookup_reset(struct auth_lookup *);
/* The row was of no use: it must not be in the cache. */
void	auth_lookup_drop(struct auth_lookup *);
/* What does the cache know of this password for this row's hash? */
enum auth_cache_memory	auth_lookup_recall(const struct auth_lookup *,
			    const char *hash, const char *pass);
/* It was verified: right, or wrong. */
void	auth_lookup_remember(const struct auth_lookup *, const char *hash,
	    const char *pass, bool is_right);
/*
 * The rows with these marks (lookup.marks, one of each passdb, 0: none) have
 * led to a mail host that refused the user or is gone.
 */
void	auth_lookups_distrust(struct auth_lookups *,
	    const uint32_t marks[SETTINGS_DBS_MAX]);

#endif
