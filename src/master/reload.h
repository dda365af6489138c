/* reload: SIGHUP. */
#ifndef MASTER_RELOAD_H
#define MASTER_RELOAD_H

struct master;

/* Is told of each fault; may be NULL. */
typedef void (*reload_say_fn)(void *arg, const char *fault);

/*
 * Reads the configuration anew.  With a fault everything stays as it is, each
 * fault is logged and told, and it returns -1; otherwise new processes serve
 * new clients, and those of before end with their last one.
 */
int	reload(struct master *, reload_say_fn, void *arg);
/*
 * Files of certificates or keys have changed: takes them for new connections,
 * or keeps the old ones and says why.
 */
void	reload_certs(struct master *);

#endif
