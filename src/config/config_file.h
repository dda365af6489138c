/* config_file: reads a file that only root, or the caller, may have made. */
#ifndef CONFIG_CONFIG_FILE_H
#define CONFIG_CONFIG_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

#define CONFIG_FILE_MAX	(1024u * 1024)	/* bytes */

/*
 * The file's bytes, in the arena.  The file must be a regular one, owned by
 * root (or by the caller, when that is not root) and not writable by group or
 * others; so must the directory that it stands in.  A secret one must also
 * have no permission for group and others, and not be a symbolic link.  All
 * is checked on what was opened.  NULL with a reason, without the path, in
 * err; errno is ENOENT when there is no such file.
 */
char	*config_file_read(const char *path, bool is_secret, struct arena *,
	    size_t *len, char *err, size_t err_size);

/*
 * Opens a file that is handed on to a child, and not read here: *bytes says
 * how long it is, between 1 and bytes_max.  The same must hold as above, but it
 * may be a symbolic link, and a group may read what is secret.  -1 with a
 * reason, without the path, in err.
 */
int	config_file_open(const char *path, bool is_secret, uint64_t bytes_max,
	    uint64_t *bytes, char *err, size_t err_size)
	    __attribute__((warn_unused_result));

/* Who shall be able to read a file later, and what else must hold. */
struct config_file_reader {
	const char	*setting;	/* that names the account */
	uint32_t	 uid, gid;
	bool		 is_secret;	/* for nobody else's eyes */
	uint64_t	 bytes_max;
};

/*
 * Is this a file that only root, or the caller, may have made, and that this
 * account can read?  A secret one must not be readable by others, nor be a
 * symbolic link.  -1 with a reason, without the path, in err.
 */
int	config_file_check(const char *path, const struct config_file_reader *,
	    char *err, size_t err_size) __attribute__((warn_unused_result));

#endif
