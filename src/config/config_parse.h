/*
 * config_parse: the syntax of Dovecot 1.x as a tree.
 *
 * "name = value", "name {" and "name key {" up to "}", "!include FILE" and
 * "!include_try FILE" with wildcards; '#' begins a comment at the start of a
 * line or behind a blank, but not inside of quotes; a value that stands in
 * one pair of quotes loses them; a line that ends with '\' goes on in the
 * next.  Names mean nothing here.
 */
#ifndef CONFIG_CONFIG_PARSE_H
#define CONFIG_CONFIG_PARSE_H

#include <stdbool.h>
#include <stddef.h>

#include "config/faults.h"

struct arena;
struct settings_faults;

#define CONFIG_LINE_MAX		8192	/* one line of a file, bytes */
#define CONFIG_VALUE_MAX	32768	/* a line with all that it goes on */
#define CONFIG_DEPTH_MAX	8	/* sections in sections */
#define CONFIG_INCLUDES_MAX	8	/* files in files */
#define CONFIG_FILES_MAX	200
#define CONFIG_NODES_MAX	60000	/* thousands of local_names */

/* A setting, or a section with what is in it. */
struct config_node {
	struct config_node	*next;
	struct config_node	*children;	/* section only */
	const char		*name;
	const char		*value;		/* key of a section; or "" */
	struct config_place	 place;
	bool			 is_section;
};

/*
 * Reads a file and what it includes.  The nodes live in the arena.  Faults
 * are added and reading goes on; NULL may also mean an empty file.
 */
struct config_node	*config_parse_file(const char *path, struct arena *,
			    struct settings_faults *);
/* The same from memory, as the named file; includes are refused. */
struct config_node	*config_parse_text(const char *name, const char *text,
			    size_t len, struct arena *,
			    struct settings_faults *);
/*
 * An SQL file: the same syntax, but must be secret (config_file.h).  When it
 * cannot be read, the place that names it is told.
 */
struct config_node	*config_parse_secret(const char *path,
			    const struct config_place *, struct arena *,
			    struct settings_faults *);

#endif
