/* convert_file: reads the files of another proxy. */
#ifndef CTL_CONVERT_FILE_H
#define CTL_CONVERT_FILE_H

#include <stddef.h>

struct arena;

/* A popmap of half a million users. */
#define CONVERT_FILE_MAX	(32u * 1024 * 1024)

/*
 * All bytes of a regular file, in the arena; NULL with a reason in err, and
 * errno.
 */
char	*convert_file_read(const char *path, struct arena *, size_t *len,
	    char *err, size_t err_size);

#endif
