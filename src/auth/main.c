/*
 * The auth program.
 * Runs in: auth.
 * Hostile input: messages of login processes.
 * Never: touches the network, SQL or fork.
 */
#include <sysexits.h>

int
main(void)
{
	return EX_UNAVAILABLE;
}
