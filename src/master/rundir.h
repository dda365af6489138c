/* rundir: base_dir, the login processes' root directory, the pid file. */
#ifndef MASTER_RUNDIR_H
#define MASTER_RUNDIR_H

#include <stdbool.h>
#include <stddef.h>

struct settings;

struct rundir {
	int	dir_fd;		/* base_dir */
	int	pid_fd;		/* base_dir/master.pid, locked */
};

#define RUNDIR_FAULT_MAX	512

/*
 * Looks at base_dir and login_dir without changing anything: what exists must
 * be a directory (no symbolic link) of root or the caller that others cannot
 * write to, login_dir must be empty.  -1 with a text naming the path.
 */
int	rundir_check(const struct settings *, char *fault, size_t size);
/*
 * Makes the directories that are missing, and takes the pid file for this
 * process.  Waits a second for a master that runs (it may have been told to
 * stop just now), five for one that says it is stopping.  -1 with a text;
 * nothing of a running master is touched then.
 */
int	rundir_take(struct rundir *, const struct settings *, char *fault,
	    size_t size);
/* Gives the pid file away: another master may start now. */
void	rundir_release(struct rundir *);

#endif
