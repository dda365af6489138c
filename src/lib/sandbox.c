/*
 * sandbox: what the kernel still lets a jailed process do.
 * Runs in: every child, right behind jail_enter().
 * Hostile input: none.
 * Never: gives anything back.
 */
#include "lib/sandbox.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>

#include "lib/log.h"
#include "lib/proc.h"

/* Kernels from 6.3 on; the numbers are not in older headers. */
#ifndef PR_SET_MDWE
#define PR_SET_MDWE			65
#define PR_MDWE_REFUSE_EXEC_GAIN	1
#endif

/* Memory that could be written never becomes code. */
static void
sandbox_no_new_code(void)
{
#ifndef MW_SANITIZE
	if (prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0) == -1 &&
	    errno != EINVAL)
		fatal(PROC_EXIT_JAIL, "sandbox: PR_SET_MDWE: %s",
		    strerror(errno));
#endif
}

void
sandbox_enter(enum sandbox_kind kind)
{
	switch (kind) {
	case SANDBOX_LOGIN:
	case SANDBOX_AUTH:
	case SANDBOX_WORKER:
	case SANDBOX_SIGNER:
		sandbox_no_new_code();
		break;
	}
}
