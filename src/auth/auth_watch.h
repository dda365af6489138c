/*
 * auth_watch: tells wicketctl step by step what becomes of a request that it
 * has made.  The request takes the way of every login; where something is
 * worth telling, the chain calls here.  Nothing happens for logins.  What is
 * told holds no secret and is escaped.
 */
#ifndef AUTH_AUTH_WATCH_H
#define AUTH_AUTH_WATCH_H

#include <stdbool.h>

struct auth_lookup;
struct auth_reply;
struct auth_request;
struct auth_worker_row;

/* Who watches; part of a map, so that all its requests have it. */
struct auth_watch {
	/* key: words joined by dots; value: printable ASCII. */
	void	(*tell)(void *arg, const char *key, const char *value);
	void	*arg;
	/* EXPLAIN: there is no password, any is taken as the right one. */
	bool	 has_no_password;
};

/* Is this request without a password? */
bool	auth_watch_is_explain(const struct auth_request *);
/* The name that counts is known. */
void	auth_watch_name(const struct auth_request *);
/* The passdb at hand is asked. */
void	auth_watch_ask(const struct auth_request *);
/* It has answered; without a lookup the row is of the configuration. */
void	auth_watch_row(const struct auth_request *,
	    const struct auth_lookup *, const struct auth_worker_row *);
/* It has not; the reason is known, perhaps. */
void	auth_watch_fault(const struct auth_request *);
/* A step or a reason; may hold foreign text. */
void	auth_watch_note(const struct auth_request *, const char *text);
/* The end: route or refusal. */
void	auth_watch_reply(const struct auth_request *,
	    const struct auth_reply *);

#endif
