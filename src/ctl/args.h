/* args: what wicketctl was asked for, from its arguments. */
#ifndef CTL_ARGS_H
#define CTL_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/netaddr.h"

enum args_task {
	ARGS_AUTH_TEST,
	ARGS_CACHE_FLUSH,
	ARGS_CACHE_STATUS,
	ARGS_CONVERT_NGINX,
	ARGS_CONVERT_PERDITION,
	ARGS_EXPLAIN,
	ARGS_HELP,
	ARGS_HOSTS,
	ARGS_HOSTS_SET,
	ARGS_RELOAD,
	ARGS_STATUS,
	ARGS_STOP,
	ARGS_TLS,
	ARGS_VERSION,
};

/* Which of the results of a conversion is printed. */
enum args_part { ARGS_PART_CONF, ARGS_PART_SQL, ARGS_PART_DATA };

/* Texts are borrowed from argv. */
struct args {
	enum args_task	 task;
	const char	*config, *socket;	/* NULL: not given */
	bool		 has_keys;		/* -k: key=value lines */
	bool		 is_all;		/* --all */
	const char	*user;			/* "": none */
	const char	*host;			/* HOST[:PORT], or NULL */
	uint8_t		 mode;			/* enum host_mode */
	const char	*password_file;		/* NULL: none */
	uint8_t		 service;		/* enum service_id */
	struct netaddr	 rip, lip;
	const char	*file;			/* of another proxy */
	const char	*map;			/* --map; NULL: none */
	enum args_part	 part;
};

/* -1 with a reason in why: wrong usage. */
int	args_get(struct args *, int argc, char *const argv[], char *why,
	    size_t size) __attribute__((warn_unused_result));
/* What may be said, in some lines. */
const char	*args_usage(void);

#endif
