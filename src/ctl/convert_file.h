/* convert_file: reads the files of another proxy. */
#ifndef CTL_CONVERT_FILE_H
#define CTL_CONVERT_FILE_H

#include <stddef.h>

struct arena;

/* No such file is written by hand, and no popmap beyond this is a text. */
#define CONVERT_FILE_MAX	(8u * 1024 * 1024)

/*
 * All bytes of a regular file, in the arena; NULL with a reason in err, and
 * errno.
 */
char	*convert_file_read(const char *path, struct arena *, size_t *len,
	    char *err, size_t err_size);

#endif
