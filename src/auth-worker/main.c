/*
 * The auth-worker program.
 * Runs in: auth-worker.
 * Hostile input: requests of auth, rows of the database.
 * Never: keeps more than one query.
 */
#include <sysexits.h>

int
main(void)
{
	return EX_UNAVAILABLE;
}
