/* reload: SIGHUP. */
#ifndef MASTER_RELOAD_H
#define MASTER_RELOAD_H

struct master;

/*
 * Reads the configuration anew.  With a fault everything stays as it is and
 * each fault is logged; otherwise new processes serve new clients, and those
 * of before end with their last one.
 */
void	reload(struct master *);

#endif
