/*
 * sandbox: what the kernel still lets a jailed process do, by role.  The
 * call stands in every process behind jail_enter().
 */
#ifndef LIB_SANDBOX_H
#define LIB_SANDBOX_H

enum sandbox_kind {
	SANDBOX_LOGIN,
	SANDBOX_AUTH,
	SANDBOX_WORKER,
};

/*
 * Closes the door behind a process that has read its settings: no new
 * executable mappings through exec (RLIMIT_NPROC 0 is set by jail).  Proves,
 * for login and auth, that no file can be opened any more; ends the process
 * with PROC_EXIT_JAIL when the proof fails.
 */
void	sandbox_enter(enum sandbox_kind);

#endif
