/*
 * auth_hosts: the last word about a login that may be: whether any of its
 * mail hosts is up, and which is tried first.
 */
#ifndef AUTH_AUTH_HOSTS_H
#define AUTH_AUTH_HOSTS_H

struct auth_request;
struct login_auth_route;

/*
 * A row from the cache that leads to dead hosts only is doubted when it is
 * this old, since the user may have got another host; and at once when it is
 * older than the hosts' end.
 */
#define AUTH_HOSTS_DOUBT_MS	30000

/* Ends in OK, or in a refusal when there is no host to be tried now. */
void	auth_hosts_allow(struct auth_request *, struct login_auth_route *);

#endif
