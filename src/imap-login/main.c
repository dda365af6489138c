/*
 * The imap-login program.
 * Runs in: imap-login.
 * Hostile input: none here, the session code reads it.
 * Never: opens a file after the jail.
 */
#include <sysexits.h>

int
main(void)
{
	return EX_UNAVAILABLE;
}
