/*
 * db_health: which hosts of the passdbs' databases are up, as all workers
 * have found out.  What one of them learns of a dead host spares the others
 * the timeout; when all hosts are down nobody is kept waiting.
 *
 * A host that is down is asked by an idle worker from time to time (PROBE),
 * less and less often while another one serves, and used again when it
 * answers.  Files are never down: to look again costs nothing.
 *
 * Faults are logged here, for all workers: a line for each change, and one in
 * ten seconds of each kind of fault and host.
 */
#ifndef AUTH_DB_HEALTH_H
#define AUTH_DB_HEALTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/worker_pool.h"
#include "config/settings.h"
#include "ipc/auth_worker.h"
#include "lib/loop.h"

/* The first wait before a probe, and the longest while another host serves. */
#define DB_HEALTH_FIRST_MS	1000
#define DB_HEALTH_LONGEST_MS	30000
/* The longest while none does: users wait for it. */
#define DB_HEALTH_URGENT_MS	2000
/* So long after an answer a broken connection is not the host's end. */
#define DB_HEALTH_BROKEN_MS	300
/*
 * Who has answered nobody for this long is not slow, but gone.  So long a
 * question is waited for before somebody looks what is the matter.
 */
#define DB_HEALTH_SLOW_MS	2000
/* Lines of one kind about one host. */
#define DB_HEALTH_QUIET_MS	10000
/* How often it is looked whether a probe is due, while a host is down. */
#define DB_HEALTH_TICK_MS	100
/*
 * All hosts are down: so often one user's question is let through all the
 * same, since it may find what no probe has found yet; and the next one may
 * try after this time if that one has not come back.
 */
#define DB_HEALTH_TRY_MS	500
#define DB_HEALTH_TRYING_MS	5000
/* Of db_health_describe(). */
#define DB_HEALTH_TEXT_MAX	192

struct db_health;

struct db_health_quiet {
	uint64_t	 until_ms;
	unsigned long	 nheld;
};

/* One host of one passdb. */
struct db_host {
	struct db_health	*health;
	uint8_t			 passdb, index;
	bool			 is_down;
	bool			 is_suspect;	/* to be probed at once */
	bool			 is_probing;
	uint64_t		 ok_ms;		/* last answer; 0: none yet */
	uint64_t		 down_ms;	/* since when */
	uint64_t		 due_ms;	/* of the next probe */
	uint32_t		 wait_ms;	/* before it; 0: all is well */
	struct db_health_quiet	 quiet[AUTH_WORKER_FAULT_LAST + 1];
	struct worker_task	 task;		/* the probe */
};

struct db_health {
	const struct settings	*settings;	/* borrowed */
	struct worker_pool	*pool;		/* borrowed */
	struct worker_lane	 lane;
	struct loop_timers	 ticks;
	struct loop_timer	 tick;
	size_t			 nhosts[SETTINGS_DBS_MAX];
	uint64_t		 try_ms[SETTINGS_DBS_MAX];
	/* The first question since the last answer; 0: none. */
	uint64_t		 asked_ms[SETTINGS_DBS_MAX];
	struct db_health_quiet	 unasked;
	struct db_host		 hosts[SETTINGS_DBS_MAX]
				    [AUTH_WORKER_HOSTS_MAX];
};

/* All hosts are up until somebody finds otherwise. */
void	db_health_init(struct db_health *, const struct settings *,
	    struct worker_pool *, struct loop *);
void	db_health_clear(struct db_health *);
/* All hosts are down, and have been asked just now: it is of no use. */
bool	db_health_is_hopeless(const struct db_health *, unsigned int passdb);
/* It is on servers, and none has answered a question or a probe since then. */
bool	db_health_is_silent(const struct db_health *, unsigned int passdb,
	    uint64_t since_ms);
/* A question goes to a worker: bits of the hosts that it need not ask. */
uint32_t	db_health_skip(struct db_health *, unsigned int passdb);
/* What came back from a worker: who has answered, who has not. */
void	db_health_note(struct db_health *, unsigned int passdb,
	    const struct auth_worker_row *);
/* No worker has put a question: the line about it. */
void	db_health_unasked(struct db_health *, unsigned int passdb);
/* "db1: down for 12 s, asked again in 3 s"; NULL: no such host. */
const char	*db_health_describe(const struct db_health *,
		    unsigned int passdb, unsigned int host, char *dst,
		    size_t size);

#endif
