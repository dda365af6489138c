/*
 * worker_pool: slow work is done by auth-workers, one task at a time each.
 * Tasks of one asker wait in order, askers take turns: one with a thousand
 * tasks does not hold up the others.  A task that a worker's death or
 * deadline interrupts is tried once more on another.  Workers are asked for
 * when work waits, and let go when they idle.
 */
#ifndef AUTH_WORKER_POOL_H
#define AUTH_WORKER_POOL_H

#include <bsd/sys/queue.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc/auth_worker.h"
#include "lib/loop.h"

/* More tasks of one asker than this do not wait, they fail. */
#define WORKER_LANE_MAX			4096
/* A worker that was asked for comes within this time, or not at all. */
#define WORKER_POOL_WANTED_MS		5000
/* Work that waits so long is a reason for one more worker. */
#define WORKER_POOL_PRESSURE_MS		10

struct worker;
struct worker_pool;

enum worker_outcome {
	WORKER_DONE,
	WORKER_FAILED,		/* no worker did it: a temporary failure */
};

/* Exactly one is set for WORKER_DONE, by the type of the task. */
struct worker_answer {
	enum worker_outcome			 outcome;
	const struct auth_worker_row		*row;
	const struct auth_worker_verified	*verified;
	const struct auth_worker_resolved	*resolved;
	const struct auth_worker_probed		*probed;
};

/* Writes the body when a worker is free. */
typedef void (*worker_put_fn)(void *arg, struct wire_writer *);
/* Called once unless the task is cancelled; may free the task. */
typedef void (*worker_done_fn)(void *arg, const struct worker_answer *);

/* A kind of work; constant. */
struct worker_work {
	uint8_t		type;	/* enum auth_worker_type */
	worker_put_fn	put;
	worker_done_fn	done;
};

TAILQ_HEAD(worker_task_head, worker_task);
TAILQ_HEAD(worker_lane_head, worker_lane);
TAILQ_HEAD(worker_head, worker);

/* Waiting tasks of one asker; embedded in it. */
struct worker_lane {
	TAILQ_ENTRY(worker_lane) entry;		/* while tasks wait */
	struct worker_task_head	 tasks;
	size_t			 ntasks;
};

/* Embedded in its owner. */
struct worker_task {
	TAILQ_ENTRY(worker_task) entry;
	struct worker_pool	*pool;
	struct worker_lane	*lane;
	struct worker		*worker;	/* in flight, or NULL */
	bool			 is_queued;
	uint8_t			 type;		/* enum auth_worker_type */
	unsigned int		 tries;
	struct loop_timer	 timer;		/* while queued */
	worker_put_fn		 put;
	worker_done_fn		 done;
	void			*arg;
};

struct worker_pool_config {
	struct loop	*loop;
	uint32_t	 count_max;
	uint32_t	 timeout_ms;
	uint32_t	 idle_ms;
	uint32_t	 requests_max;	/* of one worker; 0 = no limit */
	/* One more worker, please; this worker hangs. */
	void		(*want)(void *arg);
	void		(*hung)(void *arg, uint32_t pid);
	void		*arg;
};

struct worker_pool {
	struct worker_pool_config	 config;
	struct worker_lane_head		 lanes;	/* next turn first */
	struct worker_head		 busy;
	struct worker_head		 idle;	/* last used first */
	size_t				 nqueued, nworkers, nwanted;
	uint64_t			 wanted_ms;	/* of the last wish */
	uint32_t			 last_id;
	struct loop_timers		 task_timers, idle_timers;
	struct loop_timers		 pressure_timers;
	struct loop_timer		 pressure;
};

void	worker_pool_init(struct worker_pool *,
	    const struct worker_pool_config *);
/* Closes all workers; tasks are forgotten, their owners not called. */
void	worker_pool_clear(struct worker_pool *);
/* A worker came: fd of its channel (taken), pid for logs. */
void	worker_pool_add(struct worker_pool *, int fd, uint32_t pid);
/* Asks for a first worker, so that it is there when the first user comes. */
void	worker_pool_warm(struct worker_pool *);
/* An asker without tasks; nothing is to be undone when it has none. */
void	worker_lane_init(struct worker_lane *);
/* Fills the task and takes it; -1 when too many wait (done is not called). */
int	worker_pool_submit(struct worker_pool *, struct worker_lane *,
	    struct worker_task *, const struct worker_work *, void *arg)
	    __attribute__((warn_unused_result));
/* Its asker is gone, another one takes it over. */
void	worker_pool_move(struct worker_task *, struct worker_lane *);
/* Forgets a task, wherever it is; harmless when it is nowhere. */
void	worker_pool_cancel(struct worker_task *);

#endif
