/*
 * fake_child: the child's side of master_child, played by a test program
 * that the master code starts as its own child (path FAKE_CHILD_PATH).
 *
 * What it does stands in its settings, words divided by blanks:
 *   ready         says READY         taken         says TAKEN
 *   wanted        WORKER_WANTED      hung:PID      WORKER_HUNG
 *   status:W,S    STATUS             log:TEXT      a log record
 *   raw:TEXT      writes to stderr   bytes:HEX     writes to the channel
 *   sleep:MS      exit:N             kill:SIGNAL   sends itself
 *   close         closes the channel
 *   leave         answers EVICT by exit 0 (else by KEPT)
 * Then it waits for the end of the channel: exit 81.  DRAIN and STOP end it
 * with 0.  Every message is told in the log: "got NAME".
 */
#ifndef TESTS_FAKE_CHILD_H
#define TESTS_FAKE_CHILD_H

#include <stdbool.h>

#define FAKE_CHILD_PATH	"/proc/self/exe"

/* Was the program started as a child? */
bool	fake_child_is(const char *argv0);
int	fake_child_main(const char *argv0);

#endif
