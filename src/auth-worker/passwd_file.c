/*
 * A passwd-file: who may have written it, and when it must be read again.
 * Runs in: auth-worker.
 * Hostile input: the file system, as other users may have arranged it.
 * Never: serves from a file that others could have written; waits for one.
 */
#include "auth-worker/passwd_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth-worker/passwd_table.h"
#include "config/passwd_args.h"
#include "config/var.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/xmem.h"

/* So many broken lines are named; the rest is counted. */
#define PASSWD_WARNINGS_MAX	10
/*
 * The clock of a file system moves in steps.  A file that changed so shortly
 * before it was read may have changed once more in the same step.
 */
#define PASSWD_STEP_US		INT64_C(100000)
/* Name after expansion, longer than any in the file. */
#define PASSWD_NAME_MAX		1024

struct passwd_file {
	struct passwd_args	 args;
	uint64_t		 bytes_max;
	bool			 is_loaded, is_fresh;	/* see PASSWD_STEP_US */
	struct stat		 st;			/* as it was read */
	struct passwd_table	 table;
	bool			 is_quiet;	/* its faults were told */
	unsigned int		 nwarned;
};

struct passwd_file *
passwd_file_new(const char *args, uint64_t process_bytes, char *err,
    size_t err_size)
{
	struct passwd_file *f = xcalloc(1, sizeof(*f));

	if (passwd_args_parse(&f->args, args, err, err_size) == -1) {
		free(f);
		return NULL;
	}
	f->bytes_max = passwd_args_bytes_max(process_bytes);
	return f;
}

static void
passwd_file_forget(struct passwd_file *f)
{
	passwd_table_clear(&f->table);
	f->is_loaded = false;
}

void
passwd_file_free(struct passwd_file *f)
{
	if (f == NULL)
		return;
	passwd_file_forget(f);
	free(f);
}

static bool
passwd_is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
	    a->st_size == b->st_size && a->st_mode == b->st_mode &&
	    a->st_uid == b->st_uid && a->st_gid == b->st_gid &&
	    a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	    a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	    a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	    a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* Why the file must not be relied on, or NULL. */
static const char *
passwd_fault(const struct passwd_file *f, const struct stat *st)
{
	if (!S_ISREG(st->st_mode))
		return "not a regular file";
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return "must belong to root";
	if ((st->st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return "must not be writable by group or others";
	if ((st->st_mode & S_IRWXO) != 0)
		return "must not be readable by others";
	if ((uint64_t)st->st_size > f->bytes_max)
		return "is too large";
	return NULL;
}

/* The file's bytes; NULL with errno. */
static char *
passwd_bytes(int fd, size_t size, size_t *len)
{
	char *bytes = xcalloc(1, size + 1);
	ssize_t n;

	*len = 0;
	while (*len < size) {
		n = read(fd, bytes + *len, size - *len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1) {
			explicit_bzero(bytes, *len);
			free(bytes);
			return NULL;
		}
		if (n == 0)
			break;
		*len += (size_t)n;
	}
	return bytes;
}

static void
passwd_warn(void *arg, uint32_t line, const char *why)
{
	struct passwd_file *f = arg;

	if (f->nwarned++ < PASSWD_WARNINGS_MAX && !f->is_quiet)
		log_warn("%s:%u: %s; this line is left out", f->args.path,
		    line, why);
}

static void
passwd_file_take(struct passwd_file *f, char *bytes, size_t len)
{
	f->nwarned = 0;
	passwd_table_init(&f->table, bytes, len, passwd_warn, f);
	if (f->nwarned > PASSWD_WARNINGS_MAX && !f->is_quiet)
		log_warn("%s: and %u more broken lines", f->args.path,
		    f->nwarned - PASSWD_WARNINGS_MAX);
	log_debug("%s: read, %zu users", f->args.path, f->table.n);
	f->is_loaded = true;
}

/* Did the file change within the step of the clock before now? */
static bool
passwd_is_fresh(const struct stat *st)
{
	int64_t age_us = (int64_t)clock_wall_us() -
	    (int64_t)st->st_ctim.tv_sec * 1000000 -
	    (int64_t)st->st_ctim.tv_nsec / 1000;

	return age_us >= -PASSWD_STEP_US && age_us < PASSWD_STEP_US;
}

static int
passwd_file_load(struct passwd_file *f, struct sql_fault *fault)
{
	/* A FIFO must not hold us up. */
	int fd = open(f->args.path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW |
	    O_NOCTTY | O_CLOEXEC);
	const struct stat last = f->st;
	const char *why = NULL;
	char *bytes = NULL;
	size_t len = 0;

	passwd_file_forget(f);
	if (fd == -1 && errno == ELOOP)
		why = "must not be a symbolic link";
	else if (fd == -1 || fstat(fd, &f->st) == -1)
		why = strerror(errno);
	else
		why = passwd_fault(f, &f->st);
	if (why == NULL) {
		f->is_fresh = passwd_is_fresh(&f->st);
		f->is_quiet = passwd_is_same(&f->st, &last);
		bytes = passwd_bytes(fd, (size_t)f->st.st_size, &len);
		if (bytes == NULL)
			why = strerror(errno);
	}
	if (fd != -1)
		(void)close(fd);
	if (why != NULL) {
		sql_fault_set(fault, SQL_FAULT_CONNECT, "%s: %s",
		    f->args.path, why);
		return -1;
	}
	passwd_file_take(f, bytes, len);
	return 0;
}

/* Reads the file unless it is the one that was read last. */
static int
passwd_file_refresh(struct passwd_file *f, struct sql_fault *fault)
{
	struct stat st;

	if (f->is_loaded && !f->is_fresh &&
	    lstat(f->args.path, &st) == 0 && passwd_is_same(&st, &f->st))
		return 0;
	return passwd_file_load(f, fault);
}

enum auth_worker_found
passwd_file_find(struct passwd_file *f, const struct var_values *values,
    struct sql_row *row, struct sql_fault *fault)
{
	char name[PASSWD_NAME_MAX];

	sql_row_clear(row);
	row->row.found = AUTH_WORKER_FAULT;
	if (passwd_file_refresh(f, fault) == -1)
		return AUTH_WORKER_FAULT;
	if (var_expand(f->args.format, values, name, sizeof(name)) == -1) {
		sql_fault_set(fault, SQL_FAULT_QUERY,
		    "the name is too long after username_format");
		return AUTH_WORKER_FAULT;
	}
	return passwd_table_find(&f->table, name, row, fault);
}
