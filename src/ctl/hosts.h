/*
 * hosts: the mail hosts as all auth processes know them, and which addresses
 * an administrator means.
 */
#ifndef CTL_HOSTS_H
#define CTL_HOSTS_H

#include <stddef.h>

#include "lib/netaddr.h"

struct ctl_auth_host;
struct hosts;

/* Addresses of one name; more are left out. */
#define HOSTS_ADDRS_MAX		8
/* Of all auth processes together; more are not kept. */
#define HOSTS_MAX		65536

struct hosts	*hosts_new(void);
void		 hosts_free(struct hosts *);
/* What one auth process says. */
void		 hosts_add(struct hosts *, const struct ctl_auth_host *);
/* A line for each address, in their order. */
void		 hosts_print(struct hosts *);
/*
 * The addresses of "HOST", "HOST:PORT", "[ADDR]:PORT" or "ADDR", with the
 * port or 0; how many.  0: there are none, which was said.
 */
size_t		 hosts_find(const char *text, struct netaddr
		    addrs[HOSTS_ADDRS_MAX]);

#endif
