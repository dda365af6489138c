/* convert_nginx_state: what the parts of convert_nginx share. */
#ifndef CTL_CONVERT_NGINX_STATE_H
#define CTL_CONVERT_NGINX_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ctl/convert_out.h"
#include "ctl/nginx_conf.h"

/* One for each address and protocol is common, more are not. */
#define CONVERT_NGINX_SERVERS_MAX	128

struct nginx_server {
	const struct nginx_node	*node, *mail;	/* its block, and around it */
	enum convert_section	 section;	/* of its protocol */
	bool			 has_plain, has_ssl;	/* listeners */
};

/* SMTP servers are not among them. */
struct convert_nginx {
	struct convert		*out;
	const char		*path;		/* of the first file */
	struct nginx_server	 servers[CONVERT_NGINX_SERVERS_MAX];
	size_t			 nservers;
	bool			 has_tls;
};

/* Where a directive may stand. */
#define NGINX_MAIN	0x1u
#define NGINX_EVENTS	0x2u
#define NGINX_MAIL	0x4u
#define NGINX_SERVER	0x8u

/*
 * Tells of the directives of a block that nginx would refuse there, and of
 * those that come to nothing here.
 */
void	nginx_rules_check(struct convert *, const struct nginx_node *first,
	    unsigned int where);
/* The last directive of that name in a list, or NULL. */
const struct nginx_node	*nginx_last(const struct nginx_node *,
			    const char *name);
/* That which counts for a server: its own, or else the one around it. */
const struct nginx_node	*nginx_effective(const struct nginx_server *,
			    const char *name);
/* The list in which those that count for a server stand; may be NULL. */
const struct nginx_node	*nginx_effective_list(const struct nginx_server *,
			    const char *name);
/* "on" and "off"; anything else is a fault and false. */
bool	nginx_is_on(struct convert *, const struct nginx_node *);
/* "1h30m" in milliseconds; -1 when it is no time of nginx's. */
int	nginx_time(const char *, uint64_t *ms)
	    __attribute__((warn_unused_result));
/* A path, from the directory of the first file on. */
const char	*nginx_path(const struct convert_nginx *, const char *);
/* Settings that follow from one directive each. */
void	nginx_values_set(struct convert_nginx *);
/* auth_http and its like: the passdb. */
void	nginx_auth_set(struct convert_nginx *);

#endif
