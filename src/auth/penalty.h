/*
 * penalty: who fails to log in waits longer each time before the next try
 * begins.
 *
 * Failures count for the client's address (IPv6: /64), for the user's name
 * (known or not), and for the two together.  They wear off, one in each
 * auth_penalty_max without another.  The next try of a source with failures
 * begins only some time after the last failure, and few begin at once, so
 * that a hundred connections guess no faster than one.  Nobody is locked out:
 * an address from which the user has logged in lately is held back by its own
 * failures with that name alone.
 */
#ifndef AUTH_PENALTY_H
#define AUTH_PENALTY_H

#include <bsd/sys/queue.h>
#include <bsd/sys/tree.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/netaddr.h"
#include "lib/siphash.h"

struct penalty_source;

/* Sources of each kind, some 100 bytes each; the oldest that is idle goes. */
#define PENALTY_SOURCES_MAX	65536
/* After the first failure; doubled by each one up to auth_penalty_max. */
#define PENALTY_FIRST_MS	1000
/* Failures of a name before all its unknown addresses are held back. */
#define PENALTY_USER_FREE	8
/* Failures that are remembered: with 15 seconds each, an hour's. */
#define PENALTY_LEVEL_MAX	240
/* Tries at once after the first failure; halved by each one down to one. */
#define PENALTY_AT_ONCE		8
/* Tries that wait: of one source, and of all (6 kB each). */
#define PENALTY_WAITING_MAX	256
#define PENALTY_WAITING_ALL_MAX	8192
/* An address is good for a user for so long after a login. */
#define PENALTY_GOOD_MS		(7 * 24 * 3600 * UINT64_C(1000))
/* Wrong passwords of a name and address that are known when they come again. */
#define PENALTY_SEEN		4

enum penalty_kind {
	PENALTY_ADDR,
	PENALTY_USER,
	PENALTY_PAIR,	/* failures of a name from an address */
	PENALTY_GOOD,	/* logins of a name from an address */
};
#define PENALTY_KINDS	4

/* Who it is that tries, kept until the outcome is known. */
struct penalty_mark {
	uint8_t			 addr[SIPHASH_BYTES], user[SIPHASH_BYTES];
	uint8_t			 pair[SIPHASH_BYTES];
	uint64_t		 pass;		/* keyed digest */
	bool			 has_addr;	/* false: a trusted network */
	bool			 has_user;
	struct penalty_source	*held[PENALTY_KINDS];	/* in flight there */
};

enum penalty_state {
	PENALTY_IDLE,
	PENALTY_WAITING,
	PENALTY_READY,	/* is about to be called */
	PENALTY_LATE,	/* the same, it has waited too long */
	PENALTY_RUNNING,
};

/* One try to log in; embedded in its owner, zeroed at first. */
struct penalty_try {
	TAILQ_ENTRY(penalty_try) entry;
	enum penalty_state	 state;
	uint64_t		 since_ms;
	struct penalty_mark	 mark;
	void			*arg;
};

TAILQ_HEAD(penalty_queue, penalty_try);
TAILQ_HEAD(penalty_lru, penalty_source);
RB_HEAD(penalty_tree, penalty_source);

struct penalty_table {
	struct penalty_tree	 tree;
	struct penalty_lru	 lru;	/* oldest first */
	size_t			 n;
};

struct penalty {
	uint64_t		 max_ms;	/* 0: no penalties */
	struct penalty_table	 tables[PENALTY_KINDS];
	struct penalty_queue	 waiting, ready;
	size_t			 nwaiting;
	uint8_t			 key[SIPHASH_KEY_BYTES];
	/* May begin, or has waited too long and is over. */
	void			(*go)(void *try_arg, bool may_begin);
	/* Somebody who waits may begin now: penalty_run(), please. */
	void			(*wake)(void *arg);
	void			*arg;
};

/* What a try has come to. */
enum penalty_answer { PENALTY_GO, PENALTY_WAIT, PENALTY_REFUSE };

/* go, wake and arg are the caller's to set. */
void	penalty_init(struct penalty *, uint64_t max_ms);
/* After all tries and marks are gone. */
void	penalty_clear(struct penalty *);
/*
 * A try begins, waits in the queue, or is refused as too many wait.  rip: NULL
 * in a trusted network; user: NULL when there is no name.
 */
enum penalty_answer	penalty_begin(struct penalty *, struct penalty_try *,
			    const struct netaddr *rip, const char *user,
			    const char *pass);
/* Calls those who may begin now, and those who have waited too long. */
void	penalty_run(struct penalty *);
/* Forgets a try, wherever it is; nothing is known of its outcome. */
void	penalty_cancel(struct penalty *, struct penalty_try *);

/* Outcomes.  The first that is told counts; the mark is empty then. */
void	penalty_failed(struct penalty *, struct penalty_mark *);
void	penalty_succeeded(struct penalty *, struct penalty_mark *);
void	penalty_unknown(struct penalty *, struct penalty_mark *);
/* The password was right: it holds back nobody, but is not over yet. */
void	penalty_verified(struct penalty *, struct penalty_mark *);

#endif
