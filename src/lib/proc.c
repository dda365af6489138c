/*
 * proc: starts the programs of the suite.
 * Runs in: master.
 * Hostile input: none.
 * Never: leaks an fd or the environment, waits for what a user may hold up.
 */
#include "lib/proc.h"

#include <bsd/string.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/* Descriptors of a mail program: what it has, and may ask for. */
#define PROC_MAIL_FILES		1024
#define PROC_MAIL_FILES_MAX	65536
/* The child needs little; the kernel's exec does not use it. */
#define PROC_STACK_BYTES	(32u * 1024)
/* No copy of the memory, no race for it: as vfork(2). */
#define PROC_SHARED		(CLONE_VM | CLONE_VFORK)
/* P_PIDFD, a name that glibc has since 2.36, the kernel since 5.4. */
#define PROC_BY_PIDFD		((idtype_t)3)
#define PROC_MAIL_FAILED	"cannot be run: "
/* Above all fds that are given fixed places. */
#define PROC_FD_ASIDE		16

/*
 * What the child sees of its parent.  A child of ours shares all memory until
 * the exec, and the parent stands still so long; a mail program's has a copy.
 */
struct proc_child {
	const struct proc_spawn	*how;		/* one of both */
	const struct proc_mail	*mail;
	sigset_t		 unblocked;
	int			 error;
};

/*
 * The child's frames are never left by a return: a checker of memory would
 * find their traces on the next child's stack.
 */
#define PROC_UNCHECKED	__attribute__((no_sanitize("address")))

/* Whom a signal asks for something shall not die before it can listen. */
static const int proc_ignored[] = {
	SIGHUP, SIGUSR1, SIGUSR2, SIGPIPE, SIGALRM,
};

/* The parent's handlers must not run here, nor its ignored signals stay. */
static void PROC_UNCHECKED
proc_signals_default(const struct proc_child *c)
{
	struct sigaction normal = { .sa_handler = SIG_DFL };
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	size_t i;
	int signo;

	for (signo = 1; signo < NSIG; signo++)
		(void)sigaction(signo, &normal, NULL);
	for (i = 0; i < sizeof(proc_ignored) / sizeof(proc_ignored[0]); i++)
		(void)sigaction(proc_ignored[i], &ignore, NULL);
	(void)sigprocmask(SIG_SETMASK, &c->unblocked, NULL);
}

static int PROC_UNCHECKED
proc_place_fds(const struct proc_spawn *how)
{
	int null, log, master;

	/* Out of the way first: an old number may be a new place. */
	master = fcntl(how->master_fd, F_DUPFD_CLOEXEC, PROC_FD_ASIDE);
	log = fcntl(how->log_fd, F_DUPFD_CLOEXEC, PROC_FD_ASIDE);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (master == -1 || log == -1 || null == -1)
		return -1;
	null = fcntl(null, F_DUPFD_CLOEXEC, PROC_FD_ASIDE);
	if (null == -1)
		return -1;
	if (dup2(null, STDIN_FILENO) == -1 ||
	    dup2(null, STDOUT_FILENO) == -1 ||
	    dup2(log, STDERR_FILENO) == -1 ||
	    dup2(master, PROC_FD_MASTER) == -1 ||
	    dup2(log, PROC_FD_LOG) == -1)
		return -1;
	return close_range(PROC_FD_FIRST_FREE, ~0u, 0);
}

/* Only calls that do not touch the parent's memory (cf. vfork(2)). */
static int PROC_UNCHECKED
proc_child_main(void *arg)
{
	struct proc_child *c = arg;
	char name[64];
	char *argv[2] = { name, NULL };
	char *envp[1] = { NULL };

	(void)strlcpy(name, c->how->name, sizeof(name));
	proc_signals_default(c);
	(void)umask(077);
	/* A terminal's signals and kill(0) end at the session's border. */
	if (setsid() != -1 && chdir("/") == 0 && proc_place_fds(c->how) == 0)
		(void)execve(c->how->path, argv, envp);
	c->error = errno;
	_exit(127);
}

int
proc_wait(int pidfd, int flags, siginfo_t *info)
{
	info->si_pid = 0;
	while (waitid(PROC_BY_PIDFD, (id_t)pidfd, info, WEXITED | flags) == -1)
		if (errno != EINTR)
			return -1;
	return 0;
}

/*
 * With PROC_SHARED both share memory, and the parent stands still, until the
 * child has ended or exec'd; its error is known here.
 */
static pid_t
proc_clone(int (*child_main)(void *), int flags, struct proc_child *c,
    int *pidfd)
{
	alignas(16) char stack[PROC_STACK_BYTES];
	sigset_t all, before;
	siginfo_t info;
	pid_t pid;
	int error;

	(void)sigemptyset(&c->unblocked);
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &before);
	pid = clone(child_main, stack + sizeof(stack),
	    flags | CLONE_PIDFD | SIGCHLD, c, pidfd);
	error = pid == -1 ? errno : c->error;
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	if (error == 0)
		return pid;
	if (pid != -1) {
		(void)proc_wait(*pidfd, 0, &info);
		(void)close(*pidfd);
	}
	*pidfd = -1;
	errno = error;
	return -1;
}

pid_t
proc_spawn(const struct proc_spawn *how, int *pidfd)
{
	struct proc_child c = { .how = how };

	return proc_clone(proc_child_main, PROC_SHARED, &c, pidfd);
}

/* For the log: the parent goes on and cannot be told. */
static _Noreturn void PROC_UNCHECKED
proc_mail_fail(void)
{
	const char *why = strerrordesc_np(errno);
	struct iovec line[] = {
		{ (void *)(uintptr_t)PROC_MAIL_FAILED,
		    sizeof(PROC_MAIL_FAILED) - 1 },
		{ (void *)(uintptr_t)why, why == NULL ? 0 : strlen(why) },
		{ (void *)(uintptr_t)"\n", 1 },
	};

	(void)!writev(STDERR_FILENO, line, 3);
	_exit(127);
}

/* The kernel is asked directly: there are no threads that must follow. */
static int PROC_UNCHECKED
proc_mail_ids(const struct proc_mail *m)
{
	if (!m->has_root)
		return 0;
	if (syscall(SYS_setgroups, m->ngroups, m->groups) == -1 ||
	    syscall(SYS_setresgid, m->gid, m->gid, m->gid) == -1 ||
	    syscall(SYS_setresuid, m->uid, m->uid, m->uid) == -1 ||
	    prctl(PR_SET_DUMPABLE, 0) == -1)
		return -1;
	/* It must not be possible to go back. */
	if (syscall(SYS_setresuid, 0, 0, 0) == 0 ||
	    syscall(SYS_setresgid, 0, 0, 0) == 0) {
		errno = EPERM;
		return -1;
	}
	return 0;
}

static int PROC_UNCHECKED
proc_mail_limits(const struct proc_mail *m)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
		return -1;
	if (limit.rlim_max > PROC_MAIL_FILES_MAX)
		limit.rlim_max = PROC_MAIL_FILES_MAX;
	limit.rlim_cur = limit.rlim_max < PROC_MAIL_FILES ? limit.rlim_max :
	    PROC_MAIL_FILES;
	if (setrlimit(RLIMIT_NOFILE, &limit) == -1)
		return -1;
	if (m->memory_bytes == 0)
		return 0;
	limit.rlim_cur = limit.rlim_max = (rlim_t)m->memory_bytes;
	return setrlimit(RLIMIT_AS, &limit);
}

static int PROC_UNCHECKED
proc_mail_fds(const struct proc_mail *m)
{
	int fd, log;

	fd = fcntl(m->fd, F_DUPFD_CLOEXEC, PROC_FD_ASIDE);
	log = fcntl(m->log_fd, F_DUPFD_CLOEXEC, PROC_FD_ASIDE);
	if (fd == -1 || log == -1 || dup2(fd, STDIN_FILENO) == -1 ||
	    dup2(fd, STDOUT_FILENO) == -1 || dup2(log, STDERR_FILENO) == -1)
		return -1;
	return close_range(STDERR_FILENO + 1, ~0u, 0);
}

static int PROC_UNCHECKED
proc_mail_main(void *arg)
{
	struct sigaction normal = { .sa_handler = SIG_DFL };
	struct proc_child *c = arg;
	const struct proc_mail *m = c->mail;

	proc_signals_default(c);
	(void)sigaction(SIGUSR1, &normal, NULL);
	(void)sigaction(SIGUSR2, &normal, NULL);
	(void)sigaction(SIGALRM, &normal, NULL);
	(void)umask(077);
	if (setsid() != -1 && proc_mail_fds(m) == 0 &&
	    proc_mail_limits(m) == 0 && proc_mail_ids(m) == 0 &&
	    ((m->home[0] != '\0' && chdir(m->home) == 0) || chdir("/") == 0))
		(void)execve(m->path, m->argv, m->envp);
	proc_mail_fail();
}

/*
 * The user may stop what has his uid, and his home may hang: the parent must
 * not wait for this child, nor share memory with it.
 */
pid_t
proc_spawn_mail(const struct proc_mail *mail, int *pidfd)
{
	struct proc_child c = { .mail = mail };

	*pidfd = -1;
	if (access(mail->path, X_OK) == -1)
		return -1;
	return proc_clone(proc_mail_main, 0, &c, pidfd);
}

/* The starter: nothing of its own runs any more. */
static _Noreturn void
proc_await_ready(int fd)
{
	char is_ready = 0;
	ssize_t n;

	do {
		n = read(fd, &is_ready, 1);
	} while (n == -1 && errno == EINTR);
	_exit(n == 1 ? EXIT_SUCCESS : EXIT_FAILURE);
}

int
proc_detach(void)
{
	int fds[2], saved_errno;

	if (pipe2(fds, O_CLOEXEC) == -1)
		return -1;
	switch (fork()) {
	case -1:
		saved_errno = errno;
		(void)close(fds[0]);
		(void)close(fds[1]);
		errno = saved_errno;
		return -1;
	case 0:
		(void)close(fds[0]);
		(void)setsid();
		return fds[1];
	default:
		(void)close(fds[1]);
		proc_await_ready(fds[0]);
	}
}

void
proc_detach_ready(int fd)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null != -1) {
		(void)dup2(null, STDIN_FILENO);
		(void)dup2(null, STDOUT_FILENO);
		(void)dup2(null, STDERR_FILENO);
		if (null > STDERR_FILENO)
			(void)close(null);
	}
	/* The starter may be gone: that is its affair. */
	(void)!write(fd, "1", 1);
	(void)close(fd);
}
