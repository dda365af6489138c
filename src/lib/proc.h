/* proc: the only fork and exec; exit statuses that the master understands. */
#ifndef LIB_PROC_H
#define LIB_PROC_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
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

/* A program that is not ours, run as a user of this machine. */
struct proc_mail {
	const char	*path;
	char *const	*argv, *const *envp;	/* both end in NULL */
	int		 fd;		/* becomes 0 and 1 */
	int		 log_fd;	/* becomes 2 */
	bool		 has_root;	/* else the ids stay what they are */
	uid_t		 uid;		/* not 0 */
	gid_t		 gid;		/* not 0 */
	const gid_t	*groups;	/* further ones */
	size_t		 ngroups;
	const char	*home;		/* to be in; or "" */
	uint64_t	 memory_bytes;	/* RLIMIT_AS; 0 = unlimited */
};

/*
 * Runs it with no other fd, default signals but for HUP and PIPE, which are
 * ignored, umask 077, in a session of its own, in the home directory or (if
 * that cannot be entered) in "/".  Root is given up for good before the
 * program begins.  Does not wait for any of that: returns its pid, or -1 with
 * errno (of fork, or there is no such program); what fails later is a line on
 * log_fd and exit status 127.
 */
pid_t	proc_spawn_mail(const struct proc_mail *, int *pidfd);

/*
 * A child's end, by its pidfd, as waitid(2) tells it; the child is no more
 * then.  With WNOHANG in flags, and no end yet, si_pid is 0.  Returns 0, or
 * -1 with errno, never EINTR.
 */
int	proc_wait(int pidfd, int flags, siginfo_t *);

/*
 * Goes on in the background, in a session of its own.  The starter stays
 * until proc_detach_ready() and exits with 0, or with 1 when this process
 * ends before that.  Returns the fd for proc_detach_ready(), or -1 with errno.
 */
int	proc_detach(void);
/* The start has succeeded; 0, 1 and 2 become /dev/null. */
void	proc_detach_ready(int fd);

#endif
