/*
 * base_dir, the empty root directory of login processes and auth, and the pid
 * file that tells whether a master runs.
 * Runs in: master.
 * Hostile input: what local users may have put in the way.
 * Never: follows a symbolic link; touches what a running master owns.
 */
#include "master/rundir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "config/settings.h"
#include "lib/clock.h"

#define RUNDIR_PID_FILE		"master.pid"
#define RUNDIR_STOPPING		" stopping\n"
/* A master that was told to stop says so within a turn of its loop. */
#define RUNDIR_WAIT_MS		1000
#define RUNDIR_WAIT_STOPPING_MS	5000
#define RUNDIR_RETRY_NS		(20L * 1000 * 1000)

static int
rundir_fault(char *fault, size_t size, const char *path, const char *what)
{
	(void)snprintf(fault, size, "%s: %s", path, what);
	return -1;
}

/* Nobody but root and the caller may put anything there. */
static int
rundir_look(const char *path, char *fault, size_t size)
{
	struct stat st;

	if (lstat(path, &st) == -1) {
		if (errno == ENOENT)
			return 0;
		return rundir_fault(fault, size, path, strerror(errno));
	}
	if (S_ISLNK(st.st_mode))
		return rundir_fault(fault, size, path, "is a symbolic link");
	if (!S_ISDIR(st.st_mode))
		return rundir_fault(fault, size, path, "is not a directory");
	if (st.st_uid != 0 && st.st_uid != geteuid())
		return rundir_fault(fault, size, path, geteuid() == 0 ?
		    "is not owned by root" : "is not owned by you");
	if ((st.st_mode & 022) != 0)
		return rundir_fault(fault, size, path,
		    "others may write to it");
	return 0;
}

static int
rundir_look_empty(const char *path, char *fault, size_t size)
{
	const struct dirent *entry;
	bool is_empty = true;
	DIR *dir;

	if ((dir = opendir(path)) == NULL) {
		if (errno == ENOENT)
			return 0;
		return rundir_fault(fault, size, path, strerror(errno));
	}
	while ((entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			is_empty = false;
	(void)closedir(dir);
	if (!is_empty)
		return rundir_fault(fault, size, path,
		    "is not empty; it is the root directory of login "
		    "processes");
	return 0;
}

int
rundir_check(const struct settings *set, char *fault, size_t size)
{
	if (strcmp(set->base_dir, set->login_dir) == 0)
		return rundir_fault(fault, size, set->login_dir,
		    "login_dir must not be base_dir");
	if (rundir_look(set->base_dir, fault, size) == -1 ||
	    rundir_look(set->login_dir, fault, size) == -1)
		return -1;
	return rundir_look_empty(set->login_dir, fault, size);
}

/* Whatever the umask is, mode 0755. */
static int
rundir_make(const char *path, char *fault, size_t size)
{
	if (mkdir(path, 0755) == -1) {
		if (errno == EEXIST)
			return 0;
		return rundir_fault(fault, size, path, strerror(errno));
	}
	if (chmod(path, 0755) == -1)
		return rundir_fault(fault, size, path, strerror(errno));
	return 0;
}

static void
rundir_read_pid(int fd, char *text, size_t size)
{
	ssize_t n = pread(fd, text, size - 1, 0);

	text[n > 0 ? n : 0] = '\0';
}

/* The file may have been removed while we waited for its lock. */
static bool
rundir_is_current(const struct rundir *r)
{
	struct stat mine, there;

	return fstat(r->pid_fd, &mine) == 0 &&
	    fstatat(r->dir_fd, RUNDIR_PID_FILE, &there,
	    AT_SYMLINK_NOFOLLOW) == 0 &&
	    mine.st_dev == there.st_dev && mine.st_ino == there.st_ino;
}

static void
rundir_close_pid(struct rundir *r)
{
	int saved_errno = errno;

	(void)close(r->pid_fd);
	r->pid_fd = -1;
	errno = saved_errno;
}

/* 0: locked; 1: another process has it, or had it; -1 with errno. */
static int
rundir_try_lock(struct rundir *r, char *pid, size_t size)
{
	pid[0] = '\0';
	r->pid_fd = openat(r->dir_fd, RUNDIR_PID_FILE,
	    O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);
	if (r->pid_fd == -1)
		return -1;
	if (flock(r->pid_fd, LOCK_EX | LOCK_NB) == -1) {
		if (errno != EWOULDBLOCK) {
			rundir_close_pid(r);
			return -1;
		}
		rundir_read_pid(r->pid_fd, pid, size);
		rundir_close_pid(r);
		return 1;
	}
	if (rundir_is_current(r))
		return 0;
	rundir_close_pid(r);
	return 1;
}

static int
rundir_lock(struct rundir *r, const char *path, char *fault, size_t size)
{
	const struct timespec pause = { 0, RUNDIR_RETRY_NS };
	uint64_t start = clock_ms(), waited, most;
	char pid[64];
	int result;

	while ((result = rundir_try_lock(r, pid, sizeof(pid))) == 1) {
		most = strstr(pid, RUNDIR_STOPPING) != NULL ?
		    RUNDIR_WAIT_STOPPING_MS : RUNDIR_WAIT_MS;
		waited = clock_ms() - start;
		if (waited >= most)
			break;
		(void)nanosleep(&pause, NULL);
	}
	if (result == 0)
		return 0;
	if (result == -1)
		return rundir_fault(fault, size, path, strerror(errno));
	pid[strcspn(pid, " \n")] = '\0';
	(void)snprintf(fault, size, "%s: already running with pid %s", path,
	    pid);
	return -1;
}

static int
rundir_write_pid(const struct rundir *r, const char *suffix)
{
	char text[64];
	int n;

	n = snprintf(text, sizeof(text), "%ld%s", (long)getpid(), suffix);
	if (fchmod(r->pid_fd, 0644) == -1 || ftruncate(r->pid_fd, 0) == -1)
		return -1;
	return pwrite(r->pid_fd, text, (size_t)n, 0) == n ? 0 : -1;
}

int
rundir_take(struct rundir *r, const struct settings *set, char *fault,
    size_t size)
{
	r->dir_fd = r->pid_fd = -1;
	if (rundir_make(set->base_dir, fault, size) == -1 ||
	    rundir_look(set->base_dir, fault, size) == -1)
		return -1;
	r->dir_fd = open(set->base_dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
	    O_CLOEXEC);
	if (r->dir_fd == -1)
		return rundir_fault(fault, size, set->base_dir,
		    strerror(errno));
	if (rundir_lock(r, set->base_dir, fault, size) == -1)
		return -1;
	if (rundir_make(set->login_dir, fault, size) == -1 ||
	    rundir_check(set, fault, size) == -1)
		return -1;
	if (rundir_write_pid(r, "\n") == -1)
		return rundir_fault(fault, size, set->base_dir,
		    strerror(errno));
	return 0;
}

void
rundir_release(struct rundir *r)
{
	if (r->pid_fd != -1) {
		(void)rundir_write_pid(r, RUNDIR_STOPPING);
		if (rundir_is_current(r))
			(void)unlinkat(r->dir_fd, RUNDIR_PID_FILE, 0);
		(void)flock(r->pid_fd, LOCK_UN);
		rundir_close_pid(r);
	}
	if (r->dir_fd != -1)
		(void)close(r->dir_fd);
	r->dir_fd = -1;
}
