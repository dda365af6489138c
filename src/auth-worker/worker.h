/*
 * worker: the life of one worker: settings from the master, the jail, then
 * one task of auth after another until either of them is gone.
 */
#ifndef AUTH_WORKER_WORKER_H
#define AUTH_WORKER_WORKER_H

/*
 * Serves until there is nobody left to serve; master_fd is the channel to
 * the master and is taken.  Returns the exit status of the process: 0 when
 * auth needs it no more or the master says so, else one of lib/proc.h.
 */
int	worker_run(int master_fd);

#endif
