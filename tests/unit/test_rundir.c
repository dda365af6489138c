/* rundir: what base_dir and login_dir must be, and one master at a time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config/settings.h"
#include "lib/clock.h"
#include "master/rundir.h"

#define OTHER_UID	54321

struct bed {
	char		 top[64], base[128], login[192], pid[192];
	struct settings	 set;
	struct rundir	 rundir;
	char		 fault[RUNDIR_FAULT_MAX];
};

static int
set_up(void **state)
{
	struct bed *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	(void)snprintf(b->top, sizeof(b->top), "/tmp/test_rundir.XXXXXX");
	assert_non_null(mkdtemp(b->top));
	(void)snprintf(b->base, sizeof(b->base), "%s/run", b->top);
	(void)snprintf(b->login, sizeof(b->login), "%s/login", b->base);
	(void)snprintf(b->pid, sizeof(b->pid), "%s/master.pid", b->base);
	b->set.base_dir = b->base;
	b->set.login_dir = b->login;
	b->rundir.dir_fd = b->rundir.pid_fd = -1;
	*state = b;
	return 0;
}

static int
tear_down(void **state)
{
	struct bed *b = *state;

	rundir_release(&b->rundir);
	(void)rmdir(b->login);
	(void)unlink(b->pid);
	(void)rmdir(b->base);
	(void)unlink(b->base);
	(void)rmdir(b->top);
	free(b);
	return 0;
}

static int
take(struct bed *b)
{
	b->fault[0] = '\0';
	return rundir_take(&b->rundir, &b->set, b->fault, sizeof(b->fault));
}

static void
refused(struct bed *b, const char *path, const char *why)
{
	char text[RUNDIR_FAULT_MAX];

	(void)snprintf(text, sizeof(text), "%s: %s", path, why);
	assert_int_equal(take(b), -1);
	assert_int_equal(strncmp(b->fault, text, strlen(text)), 0);
	rundir_release(&b->rundir);
}

static void
read_pid(const struct bed *b, char *text, size_t size)
{
	int fd = open(b->pid, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	assert_true(fd != -1);
	n = read(fd, text, size - 1);
	assert_true(n >= 0);
	text[n] = '\0';
	(void)close(fd);
}

static void
test_made_when_missing(void **state)
{
	struct bed *b = *state;
	mode_t mask = umask(077);
	char text[32], pid[32];
	struct stat st;

	assert_int_equal(rundir_check(&b->set, b->fault, sizeof(b->fault)),
	    0);
	assert_int_equal(take(b), 0);
	(void)umask(mask);
	assert_int_equal(stat(b->base, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_int_equal(stat(b->login, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	read_pid(b, text, sizeof(text));
	(void)snprintf(pid, sizeof(pid), "%ld\n", (long)getpid());
	assert_string_equal(text, pid);
	rundir_release(&b->rundir);
	assert_int_equal(access(b->pid, F_OK), -1);
}

static void
test_unsafe_places(void **state)
{
	struct bed *b = *state;

	assert_int_equal(mkdir(b->base, 0755), 0);
	assert_int_equal(chmod(b->base, 0777), 0);
	refused(b, b->base, "others may write to it");
	assert_int_equal(chmod(b->base, 0775), 0);
	refused(b, b->base, "others may write to it");
	assert_int_equal(chmod(b->base, 0755), 0);
	if (geteuid() == 0) {
		assert_int_equal(chown(b->base, OTHER_UID, 0), 0);
		refused(b, b->base, "is not owned by root");
		assert_int_equal(chown(b->base, 0, 0), 0);
		assert_int_equal(mkdir(b->login, 0755), 0);
		assert_int_equal(chown(b->login, OTHER_UID, 0), 0);
		refused(b, b->login, "is not owned by root");
		assert_int_equal(rmdir(b->login), 0);
	}
	assert_int_equal(mkdir(b->login, 0755), 0);
	assert_int_equal(chmod(b->login, 01777), 0);
	refused(b, b->login, "others may write to it");
	assert_int_equal(rmdir(b->login), 0);
	assert_int_equal(symlink("/tmp", b->login), 0);
	refused(b, b->login, "is a symbolic link");
	assert_int_equal(unlink(b->login), 0);
	assert_int_equal(rmdir(b->base), 0);
	assert_int_equal(symlink("/tmp", b->base), 0);
	refused(b, b->base, "is a symbolic link");
}

static void
test_login_dir_is_empty(void **state)
{
	struct bed *b = *state;
	char path[256];

	assert_int_equal(take(b), 0);
	rundir_release(&b->rundir);
	(void)snprintf(path, sizeof(path), "%s/x", b->login);
	assert_int_equal(mkdir(path, 0700), 0);
	refused(b, b->login, "is not empty");
	/* What was found there is still there. */
	assert_int_equal(rmdir(path), 0);
	b->set.login_dir = b->base;
	refused(b, b->base, "login_dir must not be base_dir");
}

/* A pid file that is a link must not let us write elsewhere. */
static void
test_pid_file_is_no_link(void **state)
{
	struct bed *b = *state;
	char target[128];

	(void)snprintf(target, sizeof(target), "%s/target", b->top);
	assert_int_equal(mkdir(b->base, 0755), 0);
	assert_int_equal(symlink(target, b->pid), 0);
	refused(b, b->base, "");
	assert_int_equal(access(target, F_OK), -1);
}

static void
test_stale_pid_of_a_living_process(void **state)
{
	struct bed *b = *state;
	char text[32];
	int fd;

	assert_int_equal(mkdir(b->base, 0755), 0);
	fd = open(b->pid, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	assert_int_equal(write(fd, "1\nlonger than a pid\n", 20), 20);
	(void)close(fd);
	assert_int_equal(take(b), 0);
	read_pid(b, text, sizeof(text));
	assert_int_equal(strtol(text, NULL, 10), getpid());
	assert_null(strstr(text, "longer"));
}

/* Another process that holds the pid file and releases it after a while. */
static pid_t
other_master(struct bed *b, unsigned int release_after_ms)
{
	int fds[2];
	char c = 0;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_true(pid != -1);
	if (pid == 0) {
		if (take(b) == -1 || write(fds[1], &c, 1) != 1)
			_exit(1);
		(void)usleep(release_after_ms * 1000);
		rundir_release(&b->rundir);
		_exit(0);
	}
	assert_int_equal(read(fds[0], &c, 1), 1);
	(void)close(fds[0]);
	(void)close(fds[1]);
	return pid;
}

static void
test_second_start_is_refused(void **state)
{
	struct bed *b = *state;
	char why[64], before[32], after[32];
	pid_t pid = other_master(b, 60000);
	uint64_t start = clock_ms();

	read_pid(b, before, sizeof(before));
	(void)snprintf(why, sizeof(why), "already running with pid %ld",
	    (long)pid);
	assert_int_equal(take(b), -1);
	assert_non_null(strstr(b->fault, why));
	assert_true(clock_ms() - start < 4000);
	/* As often as one likes. */
	rundir_release(&b->rundir);
	read_pid(b, after, sizeof(after));
	assert_string_equal(before, after);
	(void)kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	/* It died without a word: the next start finds its file. */
	assert_int_equal(take(b), 0);
}

static void
test_start_right_after_stop(void **state)
{
	struct bed *b = *state;
	pid_t pid;
	int i;

	for (i = 0; i < 5; i++) {
		pid = other_master(b, 100);
		assert_int_equal(take(b), 0);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		assert_int_equal(access(b->pid, F_OK), 0);
		rundir_release(&b->rundir);
	}
}

#define TEST(name)							\
	cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_made_when_missing),
		TEST(test_unsafe_places),
		TEST(test_login_dir_is_empty),
		TEST(test_pid_file_is_no_link),
		TEST(test_stale_pid_of_a_living_process),
		TEST(test_second_start_is_refused),
		TEST(test_start_right_after_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
