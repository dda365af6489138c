/*
 * memfile: a file in memory that is written once, sealed, handed to other
 * processes as an fd, and mapped there.  What is copied into it from a file
 * goes by way of the kernel: the writer never holds those bytes.
 */
#ifndef LIB_MEMFILE_H
#define LIB_MEMFILE_H

#include <stddef.h>

/* -1 with errno.  The name shows in /proc only. */
int	memfile_open(const char *name) __attribute__((warn_unused_result));
/* Appends; -1 with errno. */
int	memfile_add(int fd, const void *, size_t)
	    __attribute__((warn_unused_result));
/*
 * Appends exactly len bytes of a file from its beginning; -1 with errno, EBUSY
 * when it has more or fewer.
 */
int	memfile_add_file(int fd, int from, size_t len)
	    __attribute__((warn_unused_result));
/* Nobody can change it any more. */
int	memfile_seal(int fd) __attribute__((warn_unused_result));
/*
 * Maps a sealed file for reading; NULL with errno, EINVAL when it is not
 * sealed, empty or larger than max.
 */
const void	*memfile_map(int fd, size_t max, size_t *len);
void		 memfile_unmap(const void *, size_t len);

#endif
