/*
 * child_log: the log socket of one child, read by the master.  A child's
 * lines are a bounded number a second; what comes in crowds is read in
 * batches, a few milliseconds apart.
 */
#ifndef MASTER_CHILD_LOG_H
#define MASTER_CHILD_LOG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/loop.h"

struct master_log;

struct child_log_config {
	struct loop		*loop;
	struct master_log	*log;		/* borrowed */
	const char		*name;		/* of the child; static */
	pid_t			 pid;
	int			 fd;		/* taken */
	uint32_t		 lines_max;	/* a second */
	bool			 is_foreign;	/* no program of ours: text */
};

struct child_log {
	struct child_log_config	 config;
	struct loop_io		 io;
	int32_t			 lines;		/* left; < 0: ahead of time */
	bool			 is_over;	/* the child has closed it */
	struct loop_timers	 pauses;
	struct loop_timer	 pause;		/* between two batches */
};

void	child_log_start(struct child_log *, const struct child_log_config *);
/* A new second: one that has not said too much is read again. */
void	child_log_tick(struct child_log *);
/* All that it has said; for a child that is gone, or soon out of sight. */
void	child_log_drain(struct child_log *);
/* Drains and closes it. */
void	child_log_clear(struct child_log *);

#endif
