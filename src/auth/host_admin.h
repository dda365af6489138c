/* host_admin: what wicketctl is told of the mail hosts, and what it orders. */
#ifndef AUTH_HOST_ADMIN_H
#define AUTH_HOST_ADMIN_H

struct ctl_auth_host;
struct grants;
struct host_order;
struct mail_hosts;

typedef void (*host_admin_fn)(void *arg, const struct ctl_auth_host *);

/* Tells of each host, and of each order about one that is not known. */
void	host_admin_tell(struct mail_hosts *, host_admin_fn, void *arg);
/* Holds from now on; -1: there is no room for one more. */
int	host_admin_order(struct grants *, const struct host_order *)
	    __attribute__((warn_unused_result));

#endif
