/*
 * Reads the files that are converted.
 * Runs in: wicketctl.
 * Hostile input: files of whoever may write them; nothing here believes them.
 * Never: waits for a FIFO; reads more than a limit.
 */
#include "ctl/convert_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/arena.h"

static char *
file_bytes(int fd, size_t size, struct arena *arena, size_t *len)
{
	char *bytes = arena_alloc(arena, size + 1);
	ssize_t n;

	*len = 0;
	while (*len < size) {
		n = read(fd, bytes + *len, size - *len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return NULL;
		if (n == 0)
			break;
		*len += (size_t)n;
	}
	bytes[*len] = '\0';
	return bytes;
}

char *
convert_file_read(const char *path, struct arena *arena, size_t *len,
    char *err, size_t err_size)
{
	const char *why = NULL;
	char *bytes = NULL;
	struct stat st;
	int fd, saved = 0;

	*len = 0;
	fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd == -1 || fstat(fd, &st) == -1) {
		saved = errno;
		why = strerror(saved);
	} else if (!S_ISREG(st.st_mode))
		why = "not a regular file";
	else if (st.st_size > (off_t)CONVERT_FILE_MAX)
		why = "is too large";
	else if ((bytes = file_bytes(fd, (size_t)st.st_size, arena,
	    len)) == NULL) {
		saved = errno;
		why = strerror(saved);
	}
	if (why != NULL)
		(void)snprintf(err, err_size, "%s", why);
	if (fd != -1)
		(void)close(fd);
	errno = saved == 0 ? EINVAL : saved;
	return bytes;
}
