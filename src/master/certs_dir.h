/* certs_dir: files of authorities, put together to one. */
#ifndef MASTER_CERTS_DIR_H
#define MASTER_CERTS_DIR_H

#include <stddef.h>
#include <stdint.h>

/* Files of a bundle; systems have about 150. */
#define CERTS_BUNDLE_MAX	1024

struct certs_bundle {
	size_t	 n;
	size_t	 bytes;		/* with a newline behind each file */
	struct {
		int	 fd;
		size_t	 len;
	} files[CERTS_BUNDLE_MAX];
};

/* A file; -1 with a reason. */
int	certs_bundle_add(struct certs_bundle *, const char *path,
	    size_t bytes_max, char *why, size_t size)
	    __attribute__((warn_unused_result));
/* Those of a directory whose names "openssl rehash" has made. */
int	certs_bundle_add_dir(struct certs_bundle *, const char *path,
	    size_t bytes_max, char *why, size_t size)
	    __attribute__((warn_unused_result));
/*
 * A number that is another one when files that the above would take have come
 * or gone, or are other files, or have changed; 0: it cannot be read.
 */
uint64_t	certs_dir_mark(const char *path);
/* The system's own bundle of authorities, as far as it has one; else "". */
const char	*certs_bundle_system(size_t bytes_max);
/* Appends all to a memory file; -1 with errno. */
int	certs_bundle_copy(const struct certs_bundle *, int to)
	    __attribute__((warn_unused_result));
void	certs_bundle_clear(struct certs_bundle *);

#endif
