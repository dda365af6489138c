/*
 * Sealed files in memory (memfd_create(2)).
 * Runs in: master, login processes, tls-signer.
 * Hostile input: a file that changes while it is copied.
 * Never: reads what it copies; maps what could change later.
 */
#include "lib/memfile.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#define MEMFILE_SEALS \
	(F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

int
memfile_open(const char *name)
{
	return memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
}

int
memfile_add(int fd, const void *data, size_t len)
{
	const char *p = data;
	ssize_t n;

	while (len > 0) {
		n = write(fd, p, len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

int
memfile_add_file(int fd, int from, size_t len)
{
	off_t at = 0;
	ssize_t n;

	/* One byte more would show that the file has grown. */
	while ((size_t)at <= len) {
		n = sendfile(fd, from, &at, len + 1 - (size_t)at);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		if (n == 0)
			break;
	}
	if ((size_t)at == len)
		return 0;
	errno = EBUSY;
	return -1;
}

int
memfile_seal(int fd)
{
	return fcntl(fd, F_ADD_SEALS, MEMFILE_SEALS);
}

const void *
memfile_map(int fd, size_t max, size_t *len)
{
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat st;
	void *p;

	if (seals == -1 || fstat(fd, &st) == -1)
		return NULL;
	if ((seals & MEMFILE_SEALS) != MEMFILE_SEALS || st.st_size <= 0 ||
	    (size_t)st.st_size > max) {
		errno = EINVAL;
		return NULL;
	}
	*len = (size_t)st.st_size;
	p = mmap(NULL, *len, PROT_READ, MAP_SHARED, fd, 0);
	return p == MAP_FAILED ? NULL : p;
}

void
memfile_unmap(const void *data, size_t len)
{
	if (data != NULL)
		(void)munmap((void *)(size_t)data, len);
}
