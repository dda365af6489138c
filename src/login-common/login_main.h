/* login_main: the life of a login process, from exec to exit. */
#ifndef LOGIN_COMMON_LOGIN_MAIN_H
#define LOGIN_COMMON_LOGIN_MAIN_H

struct login_protocol;

/*
 * Greets the master on PROC_FD_MASTER, gets settings and listeners, jails
 * itself, serves clients until told to end.  Returns the exit status.
 */
int	login_main(const struct login_protocol *);

#endif
