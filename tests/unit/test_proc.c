/* proc_spawn: what a child finds, and what it must not find. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <bsd/string.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/proc.h"
#include "lib/sock.h"

#define PROBE	"proc-probe"
#define PROBE_MAIL	"mail-probe"

extern char **environ;

/* What a child says of itself. */
struct probe {
	int	nargs, nenv;
	char	fds[64];	/* "0123..." in any order, sorted */
	int	is_null[2];
	int	is_same_log;
	int	nblocked, nignored;
	mode_t	mask;
	int	is_leader;
	char	cwd[64];
};

static int
by_char(const void *a, const void *b)
{
	return *(const char *)a - *(const char *)b;
}

static void
probe_fds(struct probe *p)
{
	const struct dirent *e;
	size_t n = 0;
	DIR *dir = opendir("/proc/self/fd");

	while (dir != NULL && (e = readdir(dir)) != NULL) {
		int fd = (int)strtol(e->d_name, NULL, 10);

		if (e->d_name[0] == '.' || fd == dirfd(dir))
			continue;
		if (n < sizeof(p->fds) - 1)
			p->fds[n++] = (char)(fd < 10 ? '0' + fd : 'x');
	}
	if (dir != NULL)
		(void)closedir(dir);
	qsort(p->fds, n, 1, by_char);
}

static void
probe_signals(struct probe *p)
{
	struct sigaction sa;
	sigset_t set;
	int signo;

	(void)sigprocmask(SIG_SETMASK, NULL, &set);
	for (signo = 1; signo < NSIG; signo++) {
		p->nblocked += sigismember(&set, signo) == 1;
		if (sigaction(signo, NULL, &sa) == 0)
			p->nignored += sa.sa_handler == SIG_IGN;
	}
}

/* The program is its own child, known by its name. */
static int
probe_main(int argc, int to)
{
	struct probe p = { .nargs = argc };
	struct stat null, st[2];
	char **e;

	for (e = environ; *e != NULL; e++)
		p.nenv++;
	probe_fds(&p);
	probe_signals(&p);
	(void)stat("/dev/null", &null);
	(void)fstat(0, &st[0]);
	(void)fstat(1, &st[1]);
	p.is_null[0] = st[0].st_rdev == null.st_rdev;
	p.is_null[1] = st[1].st_rdev == null.st_rdev;
	(void)fstat(2, &st[0]);
	(void)fstat(4, &st[1]);
	p.is_same_log = st[0].st_ino == st[1].st_ino;
	p.mask = umask(0);
	p.is_leader = getsid(0) == getpid() && getpgrp() == getpid();
	if (getcwd(p.cwd, sizeof(p.cwd)) == NULL)
		p.cwd[0] = '\0';
	return write(to, &p, sizeof(p)) == sizeof(p) ? 23 : 1;
}

static void
on_signal(int signo)
{
	(void)signo;
}

static int
wait_for(int pidfd)
{
	siginfo_t info = { 0 };

	assert_int_equal(proc_wait(pidfd, 0, &info), 0);
	assert_int_equal(info.si_code, CLD_EXITED);
	return info.si_status;
}

static void
run_probe(struct probe *p, int master_at, int log_at)
{
	struct proc_spawn how = { .path = "/proc/self/exe", .name = PROBE };
	int m[2], l[2], pidfd = -1;
	pid_t pid;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, m),
	    0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
	    l), 0);
	how.master_fd = m[1];
	how.log_fd = l[1];
	if (master_at >= 0)
		how.master_fd = fcntl(m[1], F_DUPFD_CLOEXEC, master_at);
	if (log_at >= 0)
		how.log_fd = fcntl(l[1], F_DUPFD_CLOEXEC, log_at);
	pid = proc_spawn(&how, &pidfd);
	assert_true(pid > 0);
	assert_true(fcntl(pidfd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(read(m[0], p, sizeof(*p)), sizeof(*p));
	assert_int_equal(wait_for(pidfd), 23);
	(void)close(pidfd);
	(void)close(m[0]);
	(void)close(m[1]);
	(void)close(l[0]);
	(void)close(l[1]);
	if (how.master_fd != m[1])
		(void)close(how.master_fd);
	if (how.log_fd != l[1])
		(void)close(how.log_fd);
}

static void
check_probe(const struct probe *p)
{
	assert_int_equal(p->nargs, 1);
	assert_int_equal(p->nenv, 0);
	assert_string_equal(p->fds, "01234");
	assert_true(p->is_null[0]);
	assert_true(p->is_null[1]);
	assert_true(p->is_same_log);
	assert_int_equal(p->nblocked, 0);
	assert_int_equal(p->nignored, 5);	/* proc_ignored */
	assert_int_equal(p->mask, 077);
	assert_true(p->is_leader);
	assert_string_equal(p->cwd, "/");
}

static void
test_child_is_clean(void **state)
{
	struct sigaction sa = { .sa_handler = SIG_IGN };
	struct probe p;
	sigset_t set, now;
	int leak;

	(void)state;
	/* All that a parent could leave to its child. */
	leak = open("/etc/passwd", O_RDONLY);
	assert_true(leak >= 0);
	assert_int_equal(setenv("SECRET", "x", 1), 0);
	assert_int_equal(sigaction(SIGPIPE, &sa, NULL), 0);
	sa.sa_handler = on_signal;
	assert_int_equal(sigaction(SIGUSR1, &sa, NULL), 0);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	assert_int_equal(sigprocmask(SIG_SETMASK, &set, NULL), 0);

	run_probe(&p, -1, -1);
	check_probe(&p);

	/* The parent keeps what it had. */
	assert_int_equal(sigprocmask(SIG_SETMASK, NULL, &now), 0);
	assert_int_equal(sigismember(&now, SIGTERM), 1);
	assert_int_equal(sigismember(&now, SIGINT), 0);
	assert_int_equal(sigaction(SIGUSR1, NULL, &sa), 0);
	assert_ptr_equal(sa.sa_handler, on_signal);
	assert_int_not_equal(umask(022), 077);
	(void)close(leak);
}

static void
test_any_fd_numbers(void **state)
{
	struct probe p;
	int i, saved[8];

	(void)state;
	/* Frees the fixed places so that old numbers may be new places. */
	for (i = 0; i < 8; i++)
		saved[i] = fcntl(i, F_DUPFD_CLOEXEC, 100);
	for (i = 3; i < 8; i++)
		(void)close(i);
	run_probe(&p, -1, -1);
	check_probe(&p);
	run_probe(&p, 4, 3);
	check_probe(&p);
	run_probe(&p, 200, 16);
	check_probe(&p);
	(void)close(0);
	run_probe(&p, 16, 17);
	check_probe(&p);
	for (i = 0; i < 8; i++)
		if (saved[i] != -1) {
			(void)dup2(saved[i], i);
			(void)close(saved[i]);
		}
}

/* A mail program: other places, one more argument, an environment. */
static void
test_mail_program_is_clean(void **state)
{
	char name[] = PROBE_MAIL, more[] = "x", var[] = "A=b";
	char *const argv[] = { name, more, NULL };
	char *const envp[] = { var, NULL };
	struct proc_mail how = { .path = "/proc/self/exe", .argv = argv,
	    .envp = envp, .home = "/proc", .uid = 1, .gid = 1 };
	int c[2], l[2], leak, pidfd = -1, turn;
	struct probe p;

	(void)state;
	leak = open("/etc/passwd", O_RDONLY);
	for (turn = 0; turn < 2; turn++) {
		assert_int_equal(sock_pair(SOCK_STREAM, c), 0);
		assert_int_equal(sock_pair(SOCK_SEQPACKET, l), 0);
		assert_int_equal(fcntl(c[0], F_SETFL, 0), 0);
		how.fd = c[1];
		how.log_fd = l[1];
		assert_true(proc_spawn_mail(&how, &pidfd) > 0);
		(void)close(c[1]);
		assert_int_equal(read(c[0], &p, sizeof(p)), sizeof(p));
		assert_int_equal(wait_for(pidfd), 23);
		assert_int_equal(p.nargs, 2);
		assert_int_equal(p.nenv, 1);
		assert_string_equal(p.fds, "012");
		assert_int_equal(p.nblocked, 0);
		assert_int_equal(p.nignored, 2);	/* HUP, PIPE */
		assert_int_equal(p.mask, 077);
		assert_true(p.is_leader);
		/* A home that is not there: the root directory. */
		assert_string_equal(p.cwd, turn == 0 ? "/proc" : "/");
		how.home = turn == 0 ? "/nonexistent" : "";
		(void)close(pidfd);
		(void)close(c[0]);
		(void)close(l[0]);
		(void)close(l[1]);
	}
	(void)close(leak);
}

static void
test_mail_program_that_cannot_run(void **state)
{
	char name[] = "x";
	char *const argv[] = { name, NULL }, *const envp[] = { NULL };
	struct proc_mail how = { .path = "/nonexistent/program",
	    .argv = argv, .envp = envp, .home = "", .fd = 2, .log_fd = 2 };
	int pidfd = 0;

	(void)state;
	assert_int_equal(proc_spawn_mail(&how, &pidfd), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(pidfd, -1);
	/* What fails behind the fork is a status. */
	how.path = "/bin/sh";
	how.fd = -1;
	assert_true(proc_spawn_mail(&how, &pidfd) > 0);
	assert_int_equal(wait_for(pidfd), 127);
	(void)close(pidfd);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

/* Root is given up, or nothing runs. */
static void
test_mail_program_has_no_root(void **state)
{
	char name[] = "sh", flag[] = "-c";
	char text[] = "exec test \"$(id -u) $(id -g) $(id -G)\" = "
	    "'61999 61998 61998 61997'";
	char *const argv[] = { name, flag, text, NULL };
	char path[] = "PATH=/bin:/usr/bin";
	char *const envp[] = { path, NULL };
	const gid_t groups[] = { 61997 };
	struct proc_mail how = { .path = "/bin/sh", .argv = argv,
	    .envp = envp, .home = "/", .has_root = true, .uid = 61999,
	    .gid = 61998, .groups = groups, .ngroups = 1, .fd = 2,
	    .log_fd = 2 };
	int pidfd;

	(void)state;
	if (geteuid() != 0) {
		assert_true(proc_spawn_mail(&how, &pidfd) > 0);
		assert_int_equal(wait_for(pidfd), 127);
		(void)close(pidfd);
		return;
	}
	assert_true(proc_spawn_mail(&how, &pidfd) > 0);
	assert_int_equal(wait_for(pidfd), 0);
	(void)close(pidfd);
	/* One whose uid is root's has not given it up. */
	how.uid = 0;
	assert_true(proc_spawn_mail(&how, &pidfd) > 0);
	assert_int_equal(wait_for(pidfd), 127);
	(void)close(pidfd);
	how.uid = 61999;
	how.gid = 0;
	assert_true(proc_spawn_mail(&how, &pidfd) > 0);
	assert_int_equal(wait_for(pidfd), 127);
	(void)close(pidfd);
}

/* For three seconds nothing that this user has gets far. */
static pid_t
stop_all_of(uid_t uid)
{
	struct timespec end, now;
	pid_t pid = fork();

	assert_int_not_equal(pid, -1);
	if (pid != 0)
		return pid;
	if (setgroups(0, NULL) == -1 || setresgid(uid, uid, uid) == -1 ||
	    setresuid(uid, uid, uid) == -1)
		_exit(1);
	(void)clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += 3;
	do {
		(void)kill(-1, SIGSTOP);
		(void)clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_sec < end.tv_sec);
	(void)kill(-1, SIGKILL);
	_exit(0);
}

/* The master is not held up by what its child becomes. */
static void
test_mail_program_that_is_stopped(void **state)
{
	char name[] = "true";
	char *const argv[] = { name, NULL }, *const envp[] = { NULL };
	struct proc_mail how = { .path = "/bin/true", .argv = argv,
	    .envp = envp, .home = "/", .has_root = true, .uid = 61996,
	    .gid = 61996, .fd = 2, .log_fd = 2 };
	struct timespec begin, end;
	siginfo_t info = { 0 };
	int pidfds[20], i, status;
	pid_t stopper;

	(void)state;
	if (geteuid() != 0)
		return;		/* then all have its uid */
	stopper = stop_all_of(how.uid);
	(void)clock_gettime(CLOCK_MONOTONIC, &begin);
	for (i = 0; i < 20; i++)
		assert_true(proc_spawn_mail(&how, &pidfds[i]) > 0);
	(void)clock_gettime(CLOCK_MONOTONIC, &end);
	assert_int_equal(waitpid(stopper, &status, 0), stopper);
	assert_int_equal(status, 0);
	for (i = 0; i < 20; i++) {
		(void)syscall(SYS_pidfd_send_signal, pidfds[i], SIGKILL, NULL,
		    0);
		assert_int_equal(proc_wait(pidfds[i], 0, &info), 0);
		(void)close(pidfds[i]);
	}
	assert_true(end.tv_sec - begin.tv_sec < 3);
}

/* Before the end, at it, and after it. */
static void
test_wait(void **state)
{
	char name[] = "cat";
	char *const argv[] = { name, NULL }, *const envp[] = { NULL };
	struct proc_mail how = { .path = "/bin/cat", .argv = argv,
	    .envp = envp, .home = "/", .log_fd = 2 };
	siginfo_t info;
	pid_t pid;
	int c[2], pidfd;

	(void)state;
	assert_int_equal(sock_pair(SOCK_STREAM, c), 0);
	how.fd = c[1];
	pid = proc_spawn_mail(&how, &pidfd);
	assert_true(pid > 0);
	(void)close(c[1]);
	memset(&info, 1, sizeof(info));
	assert_int_equal(proc_wait(pidfd, WNOHANG, &info), 0);
	assert_int_equal(info.si_pid, 0);
	assert_int_equal(syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL,
	    0), 0);
	assert_int_equal(proc_wait(pidfd, 0, &info), 0);
	assert_int_equal(info.si_pid, pid);
	assert_int_equal(info.si_code, CLD_KILLED);
	assert_int_equal(info.si_status, SIGKILL);
	assert_int_equal(proc_wait(pidfd, WNOHANG, &info), -1);
	assert_int_equal(errno, ECHILD);
	(void)close(pidfd);
	(void)close(c[0]);
}

static void
test_exec_failure(void **state)
{
	struct proc_spawn how = {
		.path = "/nonexistent/program", .name = "x",
		.master_fd = -1, .log_fd = -1,
	};
	int pidfd = 0;

	(void)state;
	errno = 0;
	assert_int_equal(proc_spawn(&how, &pidfd), -1);
	assert_int_equal(errno, EBADF);
	how.master_fd = how.log_fd = 2;
	assert_int_equal(proc_spawn(&how, &pidfd), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(pidfd, -1);
	how.path = "/etc/passwd";
	assert_int_equal(proc_spawn(&how, &pidfd), -1);
	assert_int_equal(errno, EACCES);
	/* Nothing is left to wait for. */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

int
main(int argc, char *argv[])
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_child_is_clean),
		cmocka_unit_test(test_any_fd_numbers),
		cmocka_unit_test(test_mail_program_is_clean),
		cmocka_unit_test(test_mail_program_that_cannot_run),
		cmocka_unit_test(test_mail_program_has_no_root),
		cmocka_unit_test(test_mail_program_that_is_stopped),
		cmocka_unit_test(test_wait),
		cmocka_unit_test(test_exec_failure),
	};

	if (strcmp(argv[0], PROBE) == 0)
		return probe_main(argc, PROC_FD_MASTER);
	if (strcmp(argv[0], PROBE_MAIL) == 0)
		return probe_main(argc, STDOUT_FILENO);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
