/*
 * Whom the children run as.
 * Runs in: master.
 * Hostile input: none.
 * Never: lets two kinds of process share a user, or one be root.
 */
#include "master/users.h"

#include <errno.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config/settings.h"
#include "lib/strutil.h"

/* Uids above this one mean "none" somewhere. */
#define USERS_ID_MAX	(UINT32_MAX - 2)
/* login_user, auth_user, auth_worker_user, tls_signer_user */
#define USERS_NAMED	4

struct users_named {
	const char	*setting, *name;
	uid_t		 uid;
	gid_t		 gid;
};

/* A name, or a number that needs no account. */
static int
users_look_up(struct users_named *u)
{
	const struct passwd *pw;
	uint64_t number;

	if (str_number(u->name, strlen(u->name), 0, USERS_ID_MAX,
	    &number) == 0) {
		u->uid = (uid_t)number;
		u->gid = (gid_t)number;
		pw = getpwuid(u->uid);
	} else if ((pw = getpwnam(u->name)) == NULL)
		return -1;
	if (pw != NULL) {
		u->uid = pw->pw_uid;
		u->gid = pw->pw_gid;
	}
	return 0;
}

static int
users_check(struct users_named *u, size_t n, char *fault, size_t size)
{
	size_t i, k;

	for (i = 0; i < n; i++) {
		if (users_look_up(&u[i]) == -1) {
			(void)snprintf(fault, size, "%s: no user '%s'; a "
			    "number needs no account", u[i].setting,
			    u[i].name);
			return -1;
		}
		if (u[i].uid == 0 || u[i].gid == 0) {
			(void)snprintf(fault, size, "%s: '%s' is root or in "
			    "its group", u[i].setting, u[i].name);
			return -1;
		}
		for (k = 0; k < i; k++) {
			if (u[k].uid != u[i].uid)
				continue;
			(void)snprintf(fault, size, "%s and %s are the same "
			    "user '%s'; each needs one of its own",
			    u[k].setting, u[i].setting, u[i].name);
			return -1;
		}
	}
	return 0;
}

static void
users_set(struct users *users, enum role_id role, uid_t uid, gid_t gid)
{
	users->uid[role] = uid;
	users->gid[role] = gid;
}

int
users_find(struct users *users, const struct settings *set, bool has_root,
    char *fault, size_t size)
{
	struct users_named named[USERS_NAMED] = {
		{ "login_user", set->login_user, 0, 0 },
		{ "auth_user", set->auth_user, 0, 0 },
		{ "auth_worker_user", set->auth_worker_user, 0, 0 },
		{ "tls_signer_user", set->tls_signer_user, 0, 0 },
	};
	int role;

	for (role = 0; role <= ROLE_ID_LAST; role++)
		users_set(users, (enum role_id)role, getuid(), getgid());
	if (!has_root)
		return 0;
	if (users_check(named, USERS_NAMED, fault, size) == -1)
		return -1;
	users_set(users, ROLE_ID_IMAP_LOGIN, named[0].uid, named[0].gid);
	users_set(users, ROLE_ID_POP3_LOGIN, named[0].uid, named[0].gid);
	users_set(users, ROLE_ID_AUTH, named[1].uid, named[1].gid);
	users_set(users, ROLE_ID_AUTH_WORKER, named[2].uid, named[2].gid);
	return 0;
}
