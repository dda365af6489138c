/*
 * perdition_conf: the files of Perdition as lines.
 *
 * perdition.conf and popmap.re: a key, blanks, a value up to the end of the
 * line; quotes, backslashes, '#' comments, and lines that go on behind a
 * backslash.  popmap, which makegdbm and makebdb take: "key:value".
 */
#ifndef CTL_PERDITION_CONF_H
#define CTL_PERDITION_CONF_H

#include <stddef.h>

#include "config/faults.h"

struct arena;
struct settings_faults;

#define PERDITION_LINE_MAX	4096	/* key and value */
#define PERDITION_LINES_MAX	500000	/* users of a popmap */

struct perdition_line {
	struct perdition_line	*next;
	const char		*key, *value;	/* value: "" without one */
	struct config_place	 place;
};

/*
 * Reads a file; the lines live in the arena.  A fault ends it, is added, and
 * NULL is returned; so is a file without lines.
 */
struct perdition_line	*perdition_conf_read(const char *path, struct arena *,
			    struct settings_faults *);
struct perdition_line	*perdition_popmap_read(const char *path,
			    struct arena *, struct settings_faults *);
/* The same from memory, as the named files. */
struct perdition_line	*perdition_conf_parse(const char *name,
			    const char *text, size_t len, struct arena *,
			    struct settings_faults *);
struct perdition_line	*perdition_popmap_parse(const char *name,
			    const char *text, size_t len, struct arena *,
			    struct settings_faults *);

#endif
