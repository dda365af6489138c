/* jail_enter and sandbox_enter: what a child cannot do any more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/jail.h"
#include "lib/log.h"
#include "lib/proc.h"
#include "lib/sandbox.h"

#ifdef MW_SANITIZE
#define IS_SANITIZED	true
#else
#define IS_SANITIZED	false
#endif

#define TEST_UID	54321
#define TEST_GID	54322

typedef int (*inmate_fn)(const struct jail *);

static char dir[64];

/* Exit status of a process that enters the jail and runs fn. */
static int
run(const struct jail *j, inmate_fn fn)
{
	int status, null;
	pid_t pid;

	(void)fflush(NULL);
	pid = fork();
	assert_true(pid != -1);
	if (pid == 0) {
		null = open("/dev/null", O_WRONLY);
		(void)dup2(null, STDERR_FILENO);
		(void)close(null);
		jail_enter(j);
		sandbox_enter(SANDBOX_LOGIN);
		_exit(fn(j));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

#define MUST(condition) do {						\
	if (!(condition))						\
		return __LINE__ % 250 + 1;				\
} while (0)

static int
inmate_fine(const struct jail *j)
{
	(void)j;
	return 0;
}

static int
inmate_user(const struct jail *j)
{
	uid_t r, e, s;
	gid_t rg, eg, sg;

	MUST(getresuid(&r, &e, &s) == 0);
	MUST(r == j->uid && e == j->uid && s == j->uid);
	MUST(getresgid(&rg, &eg, &sg) == 0);
	MUST(rg == j->gid && eg == j->gid && sg == j->gid);
	MUST(getgroups(0, NULL) == 0);
	MUST(setuid(0) == -1 && seteuid(0) == -1 && setgid(0) == -1);
	MUST(setgroups(0, NULL) == -1);
	MUST(kill(getppid(), 0) == -1 && errno == EPERM);
	return 0;
}

/* Inh, Prm, Eff, Bnd and Amb of /proc/self/status, read before the chroot. */
static int
inmate_capabilities(const struct jail *j)
{
	int cap, n = 0;

	(void)j;
	for (cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) != -1; cap++) {
		n++;
		MUST(prctl(PR_CAPBSET_READ, cap, 0, 0, 0) == 0);
		MUST(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, cap, 0,
		    0) == 0);
	}
	MUST(n > 30);
	MUST(chroot("/") == -1 && errno == EPERM);
	MUST(prctl(PR_CAPBSET_DROP, 0, 0, 0, 0) == -1);
	return 0;
}

static int
inmate_files(const struct jail *j)
{
	char cwd[16];

	(void)j;
	MUST(getcwd(cwd, sizeof(cwd)) != NULL && strcmp(cwd, "/") == 0);
	MUST(open("/etc/passwd", O_RDONLY) == -1 && errno == ENOENT);
	MUST(open("/proc/self/maps", O_RDONLY) == -1 && errno == ENOENT);
	MUST(open("../../etc/passwd", O_RDONLY) == -1);
	MUST(open("/x", O_WRONLY | O_CREAT, 0600) == -1 && errno == EACCES);
	MUST(mkdir("/x", 0700) == -1 && errno == EACCES);
	return 0;
}

static int
inmate_process(const struct jail *j)
{
	void *p;

	(void)j;
	MUST(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	MUST(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0);
	MUST(fork() == -1 && errno == EAGAIN);
	/* Where the kernel refuses at all: data never becomes code. */
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	MUST(p != MAP_FAILED);
	if (prctl(66, 0, 0, 0, 0) >= 1)
		MUST(mprotect(p, 4096, PROT_READ | PROT_EXEC) == -1);
	return 0;
}

static bool
limit_is(__rlimit_resource_t what, rlim_t most)
{
	struct rlimit limit;

	return getrlimit(what, &limit) == 0 && limit.rlim_cur == most &&
	    limit.rlim_max == most;
}

static int
inmate_limits(const struct jail *j)
{
	MUST(limit_is(RLIMIT_CORE, 0));
	MUST(limit_is(RLIMIT_FSIZE, 0));
	MUST(limit_is(RLIMIT_NOFILE, j->files));
	if (!IS_SANITIZED) {
		MUST(limit_is(RLIMIT_NPROC, 0));
		MUST(limit_is(RLIMIT_AS, j->memory_bytes));
		MUST(mmap(NULL, j->memory_bytes, PROT_READ,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
	}
	return 0;
}

static int
inmate_may_write(const struct jail *j)
{
	struct rlimit limit;

	(void)j;
	MUST(getrlimit(RLIMIT_FSIZE, &limit) == 0);
	MUST(limit.rlim_cur != 0);
	return 0;
}

/* EFBIG, not death. */
static int
inmate_writes_anyway(const struct jail *j)
{
	(void)j;
	MUST(write(STDIN_FILENO, "x", 1) == -1 && errno == EFBIG);
	return 0;
}

/* A storm of what means the master; a plain end is still possible. */
static int
inmate_signals(const struct jail *j)
{
	static const int storm[] = {
		SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGALRM, SIGUSR1, SIGUSR2,
	};
	struct sigaction sa;
	size_t i;

	(void)j;
	for (i = 0; i < sizeof(storm) / sizeof(storm[0]); i++)
		MUST(raise(storm[i]) == 0);
	MUST(sigaction(SIGTERM, NULL, &sa) == 0);
	MUST(sa.sa_handler == SIG_DFL);
	return 0;
}

static const struct jail full = {
	.uid = TEST_UID, .gid = TEST_GID, .root = dir,
	.memory_bytes = 512ull * 1024 * 1024, .files = 64,
};

static void
need_root(void)
{
	if (geteuid() != 0)
		skip();
}

static void
test_user(void **state)
{
	struct jail j = full;

	(void)state;
	need_root();
	assert_int_equal(run(&full, inmate_user), 0);
	j.root = NULL;
	assert_int_equal(run(&j, inmate_user), 0);
}

static void
test_capabilities(void **state)
{
	(void)state;
	need_root();
	assert_int_equal(run(&full, inmate_capabilities), 0);
}

static void
test_files(void **state)
{
	(void)state;
	need_root();
	if (IS_SANITIZED)
		skip();
	assert_int_equal(run(&full, inmate_files), 0);
}

static void
test_process(void **state)
{
	(void)state;
	need_root();
	if (IS_SANITIZED)
		skip();
	assert_int_equal(run(&full, inmate_process), 0);
}

static void
test_limits(void **state)
{
	struct jail j = full;
	char path[128];
	int fd, saved;

	(void)state;
	need_root();
	assert_int_equal(run(&full, inmate_limits), 0);
	j.can_write_files = true;
	assert_int_equal(run(&j, inmate_may_write), 0);

	(void)snprintf(path, sizeof(path), "%s.file", dir);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd != -1);
	saved = dup(STDIN_FILENO);
	(void)dup2(fd, STDIN_FILENO);
	assert_int_equal(run(&full, inmate_writes_anyway), 0);
	(void)dup2(saved, STDIN_FILENO);
	(void)close(saved);
	(void)close(fd);
	(void)unlink(path);
}

static void
test_refusals(void **state)
{
	struct jail j = full;
	char path[128];

	(void)state;
	need_root();
	j.uid = 0;
	assert_int_equal(run(&j, inmate_fine), PROC_EXIT_JAIL);
	j = full;
	j.gid = 0;
	assert_int_equal(run(&j, inmate_fine), PROC_EXIT_JAIL);
	if (IS_SANITIZED)
		return;
	j = full;
	j.root = "/nonexistent";
	assert_int_equal(run(&j, inmate_fine), PROC_EXIT_JAIL);
	/* Not empty. */
	(void)snprintf(path, sizeof(path), "%s/sub", dir);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(run(&full, inmate_fine), PROC_EXIT_JAIL);
	assert_int_equal(rmdir(path), 0);
	/* Writable, by whomever. */
	assert_int_equal(chmod(dir, 0777), 0);
	assert_int_equal(run(&full, inmate_fine), PROC_EXIT_JAIL);
	assert_int_equal(chmod(dir, 0755), 0);
	assert_int_equal(chown(dir, TEST_UID, TEST_GID), 0);
	assert_int_equal(run(&full, inmate_fine), PROC_EXIT_JAIL);
	assert_int_equal(chown(dir, 0, 0), 0);
	assert_int_equal(run(&full, inmate_fine), 0);
}

static int
inmate_again(const struct jail *j)
{
	(void)j;
	MUST(getuid() == TEST_UID);
	MUST(chroot("/") == -1);
	MUST(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	return 0;
}

/* Started by a common user: the user stays, the rest is done. */
static int
inmate_common(const struct jail *j)
{
	struct jail again = { .uid = 1, .gid = 1, .root = "/nonexistent" };

	jail_enter(&again);
	return inmate_again(j);
}

static void
test_without_root(void **state)
{
	struct jail j = full;

	(void)state;
	need_root();
	j.root = NULL;
	assert_int_equal(run(&j, inmate_common), 0);
}

static void
test_signals(void **state)
{
	(void)state;
	need_root();
	assert_int_equal(run(&full, inmate_signals), 0);
}

static int
set_up(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof(dir), "/tmp/test_jail.XXXXXX");
	return mkdtemp(dir) == NULL || chmod(dir, 0755) == -1 ? -1 : 0;
}

static int
tear_down(void **state)
{
	(void)state;
	return rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_user),
		cmocka_unit_test(test_capabilities),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_process),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_signals),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_without_root),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
