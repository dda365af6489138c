/*
 * Accounts of the system as a userdb.
 * Runs in: auth-worker.
 * Hostile input: the name, which a client chose.
 * Never: tells of a password; takes a failure for "no such account".
 */
#include "auth-worker/userdb_passwd.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

/* The number of an id, as text. */
#define USERDB_ID_MAX	16

static int
userdb_passwd_add(struct sql_row *row, const struct passwd *pw,
    struct sql_fault *fault)
{
	char uid[USERDB_ID_MAX], gid[USERDB_ID_MAX];

	(void)snprintf(uid, sizeof(uid), "%u", (unsigned int)pw->pw_uid);
	(void)snprintf(gid, sizeof(gid), "%u", (unsigned int)pw->pw_gid);
	if (sql_row_add(row, "uid", uid, strlen(uid), fault) == -1 ||
	    sql_row_add(row, "gid", gid, strlen(gid), fault) == -1 ||
	    sql_row_add(row, "home", pw->pw_dir, strlen(pw->pw_dir),
	    fault) == -1)
		return -1;
	return 0;
}

enum auth_worker_found
userdb_passwd_find(const char *user, struct sql_row *row,
    struct sql_fault *fault)
{
	const struct passwd *pw;

	errno = 0;
	pw = getpwnam(user);
	/* getpwnam(3): these mean that there is no such name. */
	if (pw == NULL && errno != 0 && errno != ENOENT && errno != ESRCH &&
	    errno != EBADF && errno != EPERM) {
		sql_fault_set(fault, SQL_FAULT_CONNECT, "accounts: %s",
		    strerror(errno));
		return AUTH_WORKER_FAULT;
	}
	if (pw == NULL)
		return AUTH_WORKER_NONE;
	if (userdb_passwd_add(row, pw, fault) == -1)
		return AUTH_WORKER_UNUSABLE;
	row->row.found = AUTH_WORKER_ONE;
	return AUTH_WORKER_ONE;
}
