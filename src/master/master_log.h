/* master_log: where the lines of the whole suite go. */
#ifndef MASTER_MASTER_LOG_H
#define MASTER_MASTER_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "lib/log.h"

struct loop;
struct master_log;
struct settings;

/*
 * A log that writes to stderr until master_log_configure().  Lines leave at
 * the end of the loop's turn; a target that takes no more loses lines, which
 * are counted; nothing waits.
 */
struct master_log	*master_log_new(struct loop *);
void			 master_log_free(struct master_log *);	/* flushes */

/*
 * Takes the targets of the settings: log_path and info_log_path, else syslog,
 * or stderr when in the foreground.  -1, with an error line, when a file
 * cannot be opened; the old targets stay then.
 */
int	master_log_configure(struct master_log *, const struct settings *,
	    bool is_foreground);
/* Opens the same targets anew. */
int	master_log_reopen(struct master_log *);
/* Warnings and errors go to stderr too: the starter is still waiting. */
void	master_log_copy_to_stderr(struct master_log *, bool);
void	master_log_flush(struct master_log *);

/* log_sink_fn of the master's own lines. */
void	master_log_sink(void *, enum log_level, const char *);
/* A line of a child: bytes that are not printable become '?'. */
void	master_log_child(struct master_log *, const char *name, pid_t,
	    enum log_level, const char *text, size_t len);
/* Where a child's lines go without a master; fd is borrowed, may be -1. */
enum log_fallback	master_log_fallback(const struct master_log *,
			    int *fd);

#endif
