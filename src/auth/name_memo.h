/*
 * name_memo: addresses that host names had a moment ago, so that a burst of
 * logins for one mail host asks the resolver once.  Failures are not kept.
 */
#ifndef AUTH_NAME_MEMO_H
#define AUTH_NAME_MEMO_H

#include <stdint.h>

#include "ipc/auth_worker.h"

/* How long an answer is good; Dovecot's figure. */
#define NAME_MEMO_MS	10000
/* More names than this replace those that were learned first. */
#define NAME_MEMO_MAX	64

struct name_memo_entry {
	char			 name[LOGIN_AUTH_HOST_MAX + 1];
	uint64_t		 until_ms;
	uint8_t			 naddrs;
	struct netaddr		 addrs[LOGIN_AUTH_ADDRS_MAX];
};

/* Zeroed: empty. */
struct name_memo {
	struct name_memo_entry	 entries[NAME_MEMO_MAX];
	size_t			 next;		/* the one to replace */
};

/* What the name has, or NULL; valid until the next name_memo_add(). */
const struct name_memo_entry	*name_memo_find(const struct name_memo *,
				    const char *name, size_t len);
/* Remembers an answer; one without addresses is left out. */
void	name_memo_add(struct name_memo *, const char *name, size_t len,
	    const struct auth_worker_resolved *);

#endif
