/*
 * The pop3-login program.
 * Runs in: pop3-login.
 * Hostile input: none here, the session code reads it.
 * Never: opens a file after the jail.
 */
#include <sysexits.h>

int
main(void)
{
	return EX_UNAVAILABLE;
}
