/*
 * link: wicketctl's channels to the master and to auth; every wait has an
 * end.  One answer at a time.
 */
#ifndef CTL_LINK_H
#define CTL_LINK_H

#include <stdbool.h>
#include <stdint.h>

struct channel;

/* The master answers in a turn of its loop. */
#define LINK_MASTER_MS	15000u
/* Thousands of certificates are looked at in that time. */
#define LINK_RELOAD_MS	120000u
/*
 * A request ends within auth_request_timeout, at most that many times one
 * after the other; what takes longer than this is no answer.
 */
#define LINK_AUTH_MS	120000u

/* The socket's fd; -1 with errno. */
int	link_connect(const char *path) __attribute__((warn_unused_result));
/* Handles messages until *is_done; -1 with errno (EPIPE: the peer ended). */
int	link_wait(struct channel *, const bool *is_done, uint64_t timeout_ms)
	    __attribute__((warn_unused_result));

#endif
