/* proc: the only fork and exec; exit statuses that the master understands. */
#ifndef LIB_PROC_H
#define LIB_PROC_H

#include <sys/types.h>

/* Exit statuses beside 0 (drained) and those of <sysexits.h>. */
#define PROC_EXIT_CONFIG	78	/* EX_CONFIG */
#define PROC_EXIT_PROTOCOL	76	/* EX_PROTOCOL: peer broke the rules */
#define PROC_EXIT_VERSION	79	/* parts of different versions */
#define PROC_EXIT_JAIL		80	/* privileges could not be given up */
#define PROC_EXIT_MASTER_GONE	81	/* ended since the master did */

/* Fixed descriptors of every child. */
#define PROC_FD_MASTER		3
#define PROC_FD_LOG		4
#define PROC_FD_FIRST_FREE	5

struct proc_spawn {
	const char	*path;		/* program */
	const char	*name;		/* argv[0], the only argument */
	int		 master_fd;	/* becomes 3 */
	int		 log_fd;	/* becomes 4 and 2 */
};

/*
 * Runs a program with an empty environment, /dev/null on 0 and 1, default
 * signals but for HUP and USR2, which are ignored until it wants them, umask
 * 077 and no other fd than named above.  Returns its pid, or
 * -1 with errno (of fork or exec).  *pidfd, close-on-exec, is the caller's.
 */
pid_t	proc_spawn(const struct proc_spawn *, int *pidfd);

/*
 * Goes on in the background, in a session of its own.  The starter stays
 * until proc_detach_ready() and exits with 0, or with 1 when this process
 * ends before that.  Returns the fd for proc_detach_ready(), or -1 with errno.
 */
int	proc_detach(void);
/* The start has succeeded; 0, 1 and 2 become /dev/null. */
void	proc_detach_ready(int fd);

#endif
