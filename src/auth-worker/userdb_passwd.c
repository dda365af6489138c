/*
 * Accounts of the system as a userdb.
 * Runs in: auth-worker.
 * Hostile input: the name, which a client chose.
 * Never: tells of a password; takes a failure for "no such account".
 */
#include "auth-worker/userdb_passwd.h"

#include <errno.h>
#include <pwd.h>
#include <stdbool.h>
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

/* getpwnam(3): these mean that there is no such name. */
static bool
userdb_passwd_is_none(int error)
{
	return error == 0 || error == ENOENT || error == ESRCH ||
	    error == EBADF || error == EPERM;
}

enum auth_worker_found
userdb_passwd_find(const char *user, struct sql_row *row,
    struct sql_fault *fault)
{
	enum auth_worker_found found = AUTH_WORKER_ONE;
	const struct passwd *pw;

	sql_row_clear(row);
	errno = 0;
	pw = getpwnam(user);
	if (pw == NULL && !userdb_passwd_is_none(errno)) {
		sql_fault_set(fault, SQL_FAULT_CONNECT, "accounts: %s",
		    strerror(errno));
		found = AUTH_WORKER_FAULT;
	} else if (pw == NULL) {
		found = AUTH_WORKER_NONE;
	} else if (userdb_passwd_add(row, pw, fault) == -1) {
		found = AUTH_WORKER_UNUSABLE;
	}
	row->row.found = (uint8_t)found;
	return found;
}
