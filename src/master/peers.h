/* peers: the channels that the master makes between its children. */
#ifndef MASTER_PEERS_H
#define MASTER_PEERS_H

struct child;
struct master;

/*
 * Joins a login process with auth.  Without an auth process it gets an end
 * whose other end is closed, and a new one when there is an auth process.
 */
void	peers_join_login(struct master *, struct child *login);
/* Makes this auth process the one that all login processes talk to. */
void	peers_use_auth(struct master *, struct child *auth);
/* Starts the workers that auth processes wait for. */
void	peers_fill_workers(struct master *);
/* Auth gave a worker up: ends it if it is one of that auth process. */
void	peers_kill_worker(struct master *, const struct child *auth,
	    int pid);

#endif
