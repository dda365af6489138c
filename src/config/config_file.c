/*
 * Opens a file, checks on the open descriptor who could have written it,
 * and reads it.
 * Runs in: master, wicketctl.
 * Hostile input: the file system, as other users may have arranged it.
 * Never: checks a path and then opens it again.
 */
#include "config/config_file.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config/arena.h"
#include "lib/strutil.h"

static bool
file_has_trusted_owner(const struct stat *st)
{
	return st->st_uid == 0 || st->st_uid == geteuid();
}

/* Why nobody should rely on this directory, or NULL. */
static const char *
directory_fault(const struct stat *st)
{
	if (!file_has_trusted_owner(st))
		return "its directory belongs to neither root nor the caller";
	if ((st->st_mode & S_IWOTH) != 0)
		return "its directory is writable by everybody";
	if ((st->st_mode & S_IWGRP) != 0 && st->st_gid != 0 &&
	    st->st_gid != getegid())
		return "its directory is writable by a group";
	return NULL;
}

/* Why the directories above could be exchanged under us, or NULL. */
static const char *
ancestors_fault(int dir)
{
	struct stat st, above;
	const char *fault = NULL;
	int fd, next;

	if (fstat(dir, &st) == -1 || (fd = openat(dir, ".",
	    O_PATH | O_DIRECTORY | O_CLOEXEC)) == -1)
		return strerror(errno);
	for (;;) {
		next = openat(fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
		close(fd);
		if (next == -1)
			return strerror(errno);
		fd = next;
		if (fstat(fd, &above) == -1) {
			fault = strerror(errno);
			break;
		}
		if (above.st_dev == st.st_dev && above.st_ino == st.st_ino)
			break;
		if (!file_has_trusted_owner(&above))
			fault = "a directory above belongs to another user";
		else if ((above.st_mode & (S_IWOTH | S_ISVTX)) == S_IWOTH)
			fault = "a directory above is writable by everybody";
		if (fault != NULL)
			break;
		st = above;
	}
	close(fd);
	return fault;
}

static const char *
file_fault(const struct stat *st, bool is_secret)
{
	if (!S_ISREG(st->st_mode))
		return "not a regular file";
	if (!file_has_trusted_owner(st))
		return geteuid() == 0 ? "must belong to root" :
		    "must belong to root or to the caller";
	if (is_secret && (st->st_mode & (S_IRWXG | S_IRWXO)) != 0)
		return "must have mode 0600: it holds a password";
	if ((st->st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return "must not be writable by group or others";
	if (st->st_size > (off_t)CONFIG_FILE_MAX)
		return "is too large";
	return NULL;
}

/* Opens the file in its checked directory, which may be wanted too. */
static int
file_open(const char *path, bool is_secret, int *dir_fd, const char **fault)
{
	char dir_path[PATH_MAX], base[PATH_MAX], *name;
	struct stat st;
	int dir, fd, flags;

	if (str_copy(dir_path, sizeof(dir_path), path, strlen(path)) == -1 ||
	    str_copy(base, sizeof(base), path, strlen(path)) == -1) {
		*fault = strerror(ENAMETOOLONG);
		return -1;
	}
	name = basename(base);
	dir = open(dirname(dir_path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir == -1 || fstat(dir, &st) == -1) {
		*fault = strerror(errno);
		if (dir != -1)
			close(dir);
		return -1;
	}
	fd = -1;
	*fault = directory_fault(&st);
	if (*fault == NULL)
		*fault = ancestors_fault(dir);
	if (*fault == NULL) {
		/* A FIFO must not hold us up. */
		flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
		fd = openat(dir, name, is_secret ? flags | O_NOFOLLOW : flags);
		if (fd == -1 && errno == ELOOP)
			*fault = "must not be a symbolic link";
		else if (fd == -1)
			*fault = strerror(errno);
	} else
		errno = EPERM;
	flags = errno;
	if (dir_fd != NULL && fd != -1)
		*dir_fd = dir;
	else
		close(dir);
	errno = flags;
	return fd;
}

static char *
file_bytes(int fd, size_t size, struct arena *arena, size_t *len)
{
	char *bytes;
	ssize_t n;

	/* One byte more, so that a file that grows meanwhile shows. */
	bytes = arena_alloc(arena, size + 1);
	*len = 0;
	while (*len <= size) {
		n = read(fd, bytes + *len, size + 1 - *len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return NULL;
		if (n == 0)
			return bytes;
		*len += (size_t)n;
	}
	errno = EBUSY;
	return NULL;
}

char *
config_file_read(const char *path, bool is_secret, struct arena *arena,
    size_t *len, char *err, size_t err_size)
{
	const char *fault = NULL;
	struct stat st;
	char *bytes = NULL;
	int fd, saved;

	fd = file_open(path, is_secret, NULL, &fault);
	if (fd == -1) {
		saved = errno;
		snprintf(err, err_size, "%s", fault);
		errno = saved;
		return NULL;
	}
	if (fstat(fd, &st) == -1)
		fault = strerror(errno);
	else
		fault = file_fault(&st, is_secret);
	if (fault == NULL) {
		bytes = file_bytes(fd, (size_t)st.st_size, arena, len);
		if (bytes == NULL)
			fault = strerror(errno);
	}
	if (fault != NULL)
		snprintf(err, err_size, "%s", fault);
	close(fd);
	errno = EPERM;
	return bytes;
}

/* Why a key or a certificate must not be relied on, or NULL. */
static const char *
handed_fault(const struct stat *st, bool is_secret, uint64_t bytes_max)
{
	if (!S_ISREG(st->st_mode))
		return "not a regular file";
	if (!file_has_trusted_owner(st))
		return geteuid() == 0 ? "must belong to root" :
		    "must belong to root or to the caller";
	if ((st->st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return "must not be writable by group or others";
	if (is_secret && (st->st_mode & S_IRWXO) != 0)
		return "must have mode 0600 or 0640: it holds a private key";
	if (st->st_size <= 0)
		return "is empty";
	if ((uint64_t)st->st_size > bytes_max)
		return "is too large";
	return NULL;
}

int
config_file_open(const char *path, bool is_secret, uint64_t bytes_max,
    uint64_t *bytes, char *err, size_t err_size)
{
	const char *fault = NULL;
	struct stat st;
	int fd;

	/* The names under which keys are renewed are symbolic links. */
	fd = file_open(path, false, NULL, &fault);
	if (fd != -1)
		fault = fstat(fd, &st) == -1 ? strerror(errno) :
		    handed_fault(&st, is_secret, bytes_max);
	if (fault != NULL) {
		snprintf(err, err_size, "%s", fault);
		if (fd != -1)
			close(fd);
		return -1;
	}
	*bytes = (uint64_t)st.st_size;
	return fd;
}

/* Has the account this permission (4 to read, 1 to search)? */
static bool
reader_may(const struct config_file_reader *reader, const struct stat *st,
    mode_t bit)
{
	if (st->st_uid == reader->uid)
		return (st->st_mode & (bit << 6)) != 0;
	if (st->st_gid == reader->gid)
		return (st->st_mode & (bit << 3)) != 0;
	return (st->st_mode & bit) != 0;
}

/* Can the account come to this directory?  Takes the descriptor. */
static bool
reader_reaches(const struct config_file_reader *reader, int dir)
{
	struct stat st, above;
	int up;

	for (;;) {
		if (fstat(dir, &st) == -1 || !reader_may(reader, &st, 1) ||
		    (up = openat(dir, "..",
		    O_PATH | O_DIRECTORY | O_CLOEXEC)) == -1)
			break;
		close(dir);
		dir = up;
		if (fstat(dir, &above) == -1)
			break;
		if (above.st_dev == st.st_dev && above.st_ino == st.st_ino) {
			close(dir);
			return true;
		}
	}
	close(dir);
	return false;
}

/* Why the file must not be relied on, or NULL. */
static const char *
shared_fault(const struct stat *st, const struct config_file_reader *reader)
{
	if (!S_ISREG(st->st_mode))
		return "not a regular file";
	if (!file_has_trusted_owner(st))
		return geteuid() == 0 ? "must belong to root" :
		    "must belong to root or to the caller";
	if ((st->st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return "must not be writable by group or others";
	if (reader->is_secret && (st->st_mode & S_IRWXO) != 0)
		return "must not be readable by others, mode 0640 at most: "
		    "it holds secrets";
	if (st->st_size > 0 && (uint64_t)st->st_size > reader->bytes_max)
		return "is too large";
	return NULL;
}

/* Says in err why the account cannot use the file; takes dir. */
static int
reader_check(const struct config_file_reader *reader, const struct stat *st,
    int dir, char *err, size_t err_size)
{
	const bool is_reached = reader_reaches(reader, dir);

	if (!reader_may(reader, st, 4))
		snprintf(err, err_size, "cannot be read by %s: give it group "
		    "%u and mode 0640", reader->setting, reader->gid);
	else if (reader->is_secret && st->st_gid != reader->gid &&
	    (st->st_mode & S_IRWXG) != 0)
		snprintf(err, err_size, "must not be readable by another "
		    "group than that of %s, %u", reader->setting,
		    reader->gid);
	else if (!is_reached)
		snprintf(err, err_size, "its directory, or one above, cannot "
		    "be entered by %s", reader->setting);
	else
		return 0;
	return -1;
}

int
config_file_check(const char *path, const struct config_file_reader *reader,
    char *err, size_t err_size)
{
	const char *fault = NULL;
	struct stat st;
	int fd, dir = -1, rc = -1;

	fd = file_open(path, reader->is_secret, &dir, &fault);
	if (fd != -1)
		fault = fstat(fd, &st) == -1 ? strerror(errno) :
		    shared_fault(&st, reader);
	if (fault != NULL) {
		snprintf(err, err_size, "%s", fault);
		if (dir != -1)
			close(dir);
	} else {
		rc = reader_check(reader, &st, dir, err, err_size);
	}
	if (fd != -1)
		close(fd);
	return rc;
}
