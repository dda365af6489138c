/* host_admin: what wicketctl is told of the mail hosts. */
#ifndef AUTH_HOST_ADMIN_H
#define AUTH_HOST_ADMIN_H

struct ctl_auth_host;
struct mail_hosts;

typedef void (*host_admin_fn)(void *arg, const struct ctl_auth_host *);

/* Tells of each host, and of each order about one that is not known. */
void	host_admin_tell(struct mail_hosts *, host_admin_fn, void *arg);

#endif
