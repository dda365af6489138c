/*
 * cache_admin: what an administrator may do with the cache: throw away all of
 * it or one user's part, and see how it is doing.
 */
#ifndef AUTH_CACHE_ADMIN_H
#define AUTH_CACHE_ADMIN_H

#include <stddef.h>
#include <stdint.h>

#include "auth/auth_lookup.h"
#include "auth/username.h"

/* Room for cache_admin_status(). */
#define CACHE_ADMIN_STATUS_MAX	512

typedef void (*cache_admin_fn)(void *arg, const char *name, uint64_t value);

/* Forgets all; how many entries that were.  What is asked now is not kept. */
size_t	cache_admin_flush(struct auth_lookups *);
/*
 * Forgets what a login under this name would find, after the rules for names
 * were applied to it.  Parts of a key that depend on more than the name match
 * any.  How many entries that were; none for a name that cannot be.
 */
size_t	cache_admin_flush_user(struct auth_lookups *,
	    const struct username_rules *, const char *name);
/* Figures since the start, one by one; none when there is no cache. */
void	cache_admin_tell(const struct auth_lookups *, cache_admin_fn,
	    void *arg);
/* The same in one line, of "name=number" or "off". */
void	cache_admin_status(const struct auth_lookups *,
	    char dst[CACHE_ADMIN_STATUS_MAX]);

#endif
