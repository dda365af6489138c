/*
 * jail: gives up privileges for good.
 * Runs in: every child, before it reads what a stranger sent.
 * Hostile input: none.
 * Never: returns with a privilege left; it ends the process instead.
 */
#include "lib/jail.h"

#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/proc.h"

#ifdef MW_SANITIZE
#define JAIL_IS_SANITIZED	true
#else
#define JAIL_IS_SANITIZED	false
#endif

/*
 * A write beyond RLIMIT_FSIZE is an error, not the end; what a terminal or
 * an administrator sends to a whole group of processes means the master.
 */
static const int jail_ignored[] = {
	SIGXFSZ, SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGALRM, SIGUSR1, SIGUSR2,
};

static _Noreturn void
jail_fail(const char *what)
{
	fatal(PROC_EXIT_JAIL, "jail: %s: %s", what, strerror(errno));
}

static _Noreturn void
jail_unproven(const char *what)
{
	fatal(PROC_EXIT_JAIL, "jail: %s", what);
}

/* The bounding set goes while CAP_SETPCAP is still there. */
static void
jail_bounding_set(void)
{
	int cap;

	for (cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) != -1; cap++)
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == -1)
			jail_fail("PR_CAPBSET_DROP");
}

static void
jail_root(const char *root)
{
	if (JAIL_IS_SANITIZED || root == NULL)
		return;
	if (chroot(root) == -1)
		jail_fail("chroot");
}

static void
jail_user(const struct jail *j)
{
	if (j->uid == 0 || j->gid == 0)
		jail_unproven("user or group is root");
	if (setgroups(0, NULL) == -1)
		jail_fail("setgroups");
	jail_root(j->root);
	if (chdir("/") == -1)
		jail_fail("chdir");
	jail_bounding_set();
	if (setresgid(j->gid, j->gid, j->gid) == -1)
		jail_fail("setresgid");
	if (setresuid(j->uid, j->uid, j->uid) == -1)
		jail_fail("setresuid");
}

static void
jail_capabilities(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct none[2] = { { 0, 0, 0 }, { 0, 0, 0 } };
	struct __user_cap_data_struct left[2];

	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) == -1)
		jail_fail("PR_CAP_AMBIENT_CLEAR_ALL");
	if (syscall(SYS_capset, &header, none) == -1)
		jail_fail("capset");
	memset(left, 0xff, sizeof(left));
	if (syscall(SYS_capget, &header, left) == -1)
		jail_fail("capget");
	if (memcmp(left, none, sizeof(left)) != 0)
		jail_unproven("capabilities are left");
}

/* Nothing to find in the root directory, nothing to be put there. */
static void
jail_prove_empty_root(void)
{
	const struct dirent *entry;
	struct stat st;
	DIR *dir;

	if (stat("/", &st) == -1)
		jail_fail("stat of the root directory");
	if (st.st_uid != 0 || (st.st_mode & 022) != 0)
		jail_unproven("root directory can be written by others");
	if (access("/", W_OK) == 0)
		jail_unproven("root directory can be written");
	/* Mode 0711 would do as well: then nothing can be listed. */
	if ((dir = opendir("/")) == NULL)
		return;
	while ((entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			jail_unproven("root directory is not empty");
	(void)closedir(dir);
}

/* What must fail now, tried. */
static void
jail_prove(const struct jail *j)
{
	uid_t r, e, s;
	gid_t rg, eg, sg;

	if (getresuid(&r, &e, &s) == -1 || getresgid(&rg, &eg, &sg) == -1)
		jail_fail("getresuid");
	if (r != j->uid || e != j->uid || s != j->uid)
		jail_unproven("user was not taken");
	if (rg != j->gid || eg != j->gid || sg != j->gid)
		jail_unproven("group was not taken");
	if (getgroups(0, NULL) != 0)
		jail_unproven("groups are left");
	if (setuid(0) != -1 || setresuid(0, 0, 0) != -1)
		jail_unproven("root could be regained");
	if (setgid(0) != -1 || setgroups(0, NULL) != -1)
		jail_unproven("a group could be regained");
	if (chroot("/") != -1)
		jail_unproven("chroot is still possible");
	if (j->root != NULL && !JAIL_IS_SANITIZED)
		jail_prove_empty_root();
}

/* Lowers soft and hard limit; a hard limit below it already is kept. */
static void
jail_limit(__rlimit_resource_t what, uint64_t most, const char *name)
{
	struct rlimit now, want;

	if (getrlimit(what, &now) == -1)
		jail_fail(name);
	want.rlim_max = now.rlim_max < most ? now.rlim_max : (rlim_t)most;
	want.rlim_cur = want.rlim_max;
	if (setrlimit(what, &want) == -1)
		jail_fail(name);
}

/* Root may raise the hard limit; others take what there is. */
static void
jail_files(const struct jail *j)
{
	struct rlimit want = { j->files, j->files };

	if (j->files == 0)
		return;
	if (setrlimit(RLIMIT_NOFILE, &want) == -1)
		jail_limit(RLIMIT_NOFILE, j->files, "RLIMIT_NOFILE");
}

static void
jail_signals(void)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	size_t i;

	for (i = 0; i < sizeof(jail_ignored) / sizeof(jail_ignored[0]); i++)
		if (sigaction(jail_ignored[i], &ignore, NULL) == -1)
			jail_fail("sigaction");
}

static void
jail_limits(const struct jail *j)
{
	jail_limit(RLIMIT_CORE, 0, "RLIMIT_CORE");
	if (!j->can_write_files)
		jail_limit(RLIMIT_FSIZE, 0, "RLIMIT_FSIZE");
	/* The leak checker clones a thread and needs terabytes. */
	if (JAIL_IS_SANITIZED)
		return;
	jail_limit(RLIMIT_NPROC, 0, "RLIMIT_NPROC");
	if (j->memory_bytes != 0)
		jail_limit(RLIMIT_AS, j->memory_bytes, "RLIMIT_AS");
}

static void
jail_process(void)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		jail_fail("PR_SET_NO_NEW_PRIVS");
	/* The leak checker traces its own process. */
	if (JAIL_IS_SANITIZED)
		return;
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1)
		jail_fail("PR_SET_DUMPABLE");
	if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0 ||
	    prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		jail_unproven("process attributes were not taken");
}

void
jail_enter(const struct jail *j)
{
	bool is_root = geteuid() == 0;

	jail_signals();
	jail_files(j);
	if (is_root)
		jail_user(j);
	jail_capabilities();
	if (is_root)
		jail_prove(j);
	else if (setuid(0) != -1 || setgid(0) != -1 || chroot("/") != -1)
		jail_unproven("privileges are left to a common user");
	jail_limits(j);
	jail_process();
}
