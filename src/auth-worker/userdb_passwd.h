/* userdb_passwd: accounts of the system as a userdb. */
#ifndef AUTH_WORKER_USERDB_PASSWD_H
#define AUTH_WORKER_USERDB_PASSWD_H

#include "auth-worker/sql.h"

/*
 * The account with this name as a row of uid, gid and home; or NONE, or FAULT
 * when the system cannot tell.  Never more than that: no password.
 */
enum auth_worker_found	userdb_passwd_find(const char *user,
			    struct sql_row *, struct sql_fault *);

#endif
