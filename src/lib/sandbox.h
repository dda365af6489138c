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
	SANDBOX_SIGNER,
};

/*
 * Memory that could be written never becomes code (where the kernel knows
 * how).  That no file can be opened any more is proven by jail_enter(), which
 * knows whether there is a root directory.  Ends the process with
 * PROC_EXIT_JAIL when the kernel refuses.
 */
void	sandbox_enter(enum sandbox_kind);

#endif
