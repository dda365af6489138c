/*
 * jail: gives up privileges for good, in one order for every process:
 * setgroups, chroot, chdir "/", setresgid, setresuid, proof that root cannot
 * be regained, capabilities off, rlimits, no-new-privs, not dumpable.
 */
#ifndef LIB_JAIL_H
#define LIB_JAIL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct jail {
	uid_t		 uid;
	gid_t		 gid;
	const char	*root;		/* directory, or NULL to stay in "/" */
	uint64_t	 memory_bytes;	/* RLIMIT_AS; 0 = unlimited */
	uint64_t	 files;		/* RLIMIT_NOFILE; 0 = leave */
	bool		 can_write_files;	/* else RLIMIT_FSIZE 0 */
};

/*
 * Enters the jail or ends the process with PROC_EXIT_JAIL.  Tries what must
 * fail afterwards; a root directory must be root's, not writable and empty.
 * SIGXFSZ is ignored: who may not write files gets EFBIG; so are signals that
 * mean the master (SIGHUP, SIGINT, ...), SIGTERM is not.  Started without
 * root, uid, gid and root directory stay as they are, the rest is done.  In
 * a sanitizer build the limits on memory and processes, chroot and
 * not-dumpable are left out.
 */
void	jail_enter(const struct jail *);

#endif
