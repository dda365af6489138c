/*
 * The auth-worker program.
 * Runs in: auth-worker.
 * Hostile input: tasks of auth, rows of the database.
 * Never: does more than one task at a time.
 */
#include "auth-worker/worker.h"
#include "ipc/roles.h"
#include "lib/log.h"
#include "lib/proc.h"

int
main(void)
{
	log_init_child(role_name(ROLE_ID_AUTH_WORKER), PROC_FD_LOG);
	return worker_run(PROC_FD_MASTER);
}
