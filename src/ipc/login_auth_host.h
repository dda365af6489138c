/*
 * login_auth_host: the part of a route that says how to speak with the mail
 * host beside its protection: from where, and with which of the extras.
 */
#ifndef IPC_LOGIN_AUTH_HOST_H
#define IPC_LOGIN_AUTH_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/netaddr.h"

struct wire_reader;
struct wire_writer;

#define LOGIN_AUTH_HAPROXY_LAST	2	/* versions of the PROXY protocol */
/* The setting says how long clients of a dead host may be kept waiting. */
#define LOGIN_AUTH_LEAVE_SETTING	UINT32_MAX

struct login_auth_host {
	/* To connect from, without port; family NONE: as the setting says. */
	struct netaddr	 source;
	bool		 is_untrusted;	/* learns nothing about the client */
	bool		 has_nopipelining;	/* one command at a time */
	uint8_t		 haproxy;	/* version of its header; 0: none */
	uint32_t	 leave_ms;	/* spread of disconnects, or _SETTING */
};

/* As a route has it whose row says nothing. */
void	login_auth_host_init(struct login_auth_host *);
void	login_auth_host_put(struct wire_writer *,
	    const struct login_auth_host *);
void	login_auth_host_get(struct wire_reader *, struct login_auth_host *);

#endif
