/*
 * The mailwicket program.
 * Runs in: master, as root.
 * Hostile input: none here.
 * Never: reads a byte from the network.
 */
#include <sysexits.h>

int
main(void)
{
	return EX_UNAVAILABLE;
}
