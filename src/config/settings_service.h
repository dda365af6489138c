/*
 * settings_service: the settings of one protocol, and lists as settings have
 * them.
 */
#ifndef CONFIG_SETTINGS_SERVICE_H
#define CONFIG_SETTINGS_SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/netaddr.h"

struct settings_list {
	char	**items;
	size_t	  n;
};

struct settings_addrs {
	struct netaddr	*items;
	size_t		 n;
};

struct settings_nets {
	struct netaddr_net	*items;
	size_t			 n;
};

/* Settings that a "protocol imap { }" section may override. */
struct settings_service {
	bool			 is_enabled;	/* "imap" or "imaps" */
	bool			 has_plain;	/* "imap" in protocols */
	bool			 has_ssl;	/* "imaps", and SSL not off */
	struct settings_addrs	 listen;	/* plain; addresses and ports */
	struct settings_addrs	 ssl_listen;	/* port 0: kernel picks */
	struct settings_addrs	 haproxy_listen, haproxy_ssl_listen;
	char			*login_executable;
	char			*login_greeting;
	char			*capability;	/* imap_capability, ... */
	bool			 login_process_per_connection;
	bool			 disable_plaintext_auth;
	bool			 login_greeting_capability;
	uint32_t		 login_processes_count;
	uint32_t		 login_max_processes_count;	/* 0: derived */
	uint32_t		 login_max_connections;	/* not logged in */
	uint64_t		 login_process_size_bytes;
	uint32_t		 mail_max_userip_connections;
	char			*mail_executable;	/* with arguments */
	bool			 mail_handover;	/* it gets the connection */
};

#endif
