/* reload: SIGHUP, and certificates that have changed. */
#ifndef MASTER_RELOAD_H
#define MASTER_RELOAD_H

struct master;

/* Who is told what became of it; each may be NULL. */
struct reload_teller {
	void	(*say)(void *arg, const char *fault);
	void	(*done)(void *arg, int result);		/* 0, -1 */
	void	*arg;
};

/*
 * Reads the configuration anew.  With a fault everything stays as it is, and
 * each fault is logged and told; otherwise new processes serve new clients,
 * and those of before end with their last one.  While certificates are looked
 * at the loop goes on: done may be called before or after this returns, and
 * master_can_reload() says no until then.
 */
void	reload(struct master *, const struct reload_teller *);
/*
 * Files of certificates or keys have changed: takes them for new connections,
 * or keeps the old ones and says why.
 */
void	reload_certs(struct master *);
/* The teller with this arg is gone: it is told nothing any more. */
void	reload_forget(struct master *, const void *arg);
/* What is under way is given up: the suite ends. */
void	reload_cancel(struct master *);

#endif
