/* base_dir: where a configuration keeps its run-time files. */
#ifndef CONFIG_BASE_DIR_H
#define CONFIG_BASE_DIR_H

#include <stddef.h>

struct settings_faults;

/*
 * The base_dir of a configuration file, or its default, in dst.  Nothing
 * else is looked at, so that a file whose settings have faults still tells.
 * -1 when the file cannot be read; faults in its syntax are no reason.
 */
int	base_dir_find(const char *path, char *dst, size_t size,
	    struct settings_faults *) __attribute__((warn_unused_result));

#endif
