/* users: whom the children run as. */
#ifndef MASTER_USERS_H
#define MASTER_USERS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "ipc/roles.h"

struct settings;

struct users {
	uid_t	 uid[ROLE_ID_LAST + 1];
	gid_t	 gid[ROLE_ID_LAST + 1];
};

/*
 * Looks up the users that the settings name (names or numbers).  They must be
 * four, none of them root.  Without root all are the caller.  -1 with a text
 * that names the setting.
 */
int	users_find(struct users *, const struct settings *, bool has_root,
	    char *fault, size_t size);

#endif
