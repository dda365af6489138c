/*
 * nginx_conf: the syntax of nginx.conf as a tree.
 *
 * "name argument ... ;" and "name argument ... { }", quotes, backslashes and
 * comments as nginx reads them; "include" with wildcards, seen from the
 * directory of the first file.  What stands in a http or stream block is
 * passed over.  Names mean nothing else here.
 */
#ifndef CTL_NGINX_CONF_H
#define CTL_NGINX_CONF_H

#include <stdbool.h>
#include <stddef.h>

#include "config/faults.h"

struct arena;
struct settings_faults;

#define NGINX_CONF_WORD_MAX	4096	/* nginx's own buffer */
#define NGINX_CONF_ARGS_MAX	2048	/* as large as a map of http */
#define NGINX_CONF_DEPTH_MAX	16	/* blocks in blocks */
#define NGINX_CONF_INCLUDES_MAX	8	/* files in files */
#define NGINX_CONF_FILES_MAX	200
#define NGINX_CONF_NODES_MAX	20000

/* A directive; args[0] is its name. */
struct nginx_node {
	struct nginx_node	*next;
	struct nginx_node	*children;	/* of a block */
	const char *const	*args;
	size_t			 nargs;		/* with the name */
	struct config_place	 place;
	bool			 is_block;
};

/*
 * Reads a file and what it includes.  The nodes live in the arena.  The first
 * fault ends it, is added, and NULL is returned; so is an empty file.
 */
struct nginx_node	*nginx_conf_read(const char *path, struct arena *,
			    struct settings_faults *);
/* The same from memory, as the named file; includes are refused. */
struct nginx_node	*nginx_conf_parse(const char *name, const char *text,
			    size_t len, struct arena *,
			    struct settings_faults *);

#endif
