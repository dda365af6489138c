/*
 * Writes the lines of the master and of its children to files, syslog or
 * stderr.
 * Runs in: master.
 * Hostile input: the text of children's lines.
 * Never: waits for a full disk, a full pipe or a stuck syslogd.
 */
#include "master/master_log.h"

#include <bsd/string.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "config/settings.h"
#include "lib/loop.h"
#include "lib/xmem.h"

/* Kept while a target takes nothing (SECURITY R-15). */
#define MASTER_LOG_QUEUE_MAX	65536
/* A pipe that is writable takes so much without waiting: PIPE_BUF. */
#define MASTER_LOG_WRITE_MAX	4096
#define MASTER_LOG_NAME		"mailwicket"

enum master_log_kind {
	MASTER_LOG_STDERR,
	MASTER_LOG_FILE,
	MASTER_LOG_SYSLOG,
};

struct master_log_target {
	enum master_log_kind	 kind;
	char			*path;		/* of a file */
	int			 fd;
	char			 queue[MASTER_LOG_QUEUE_MAX];
	size_t			 queued;
	unsigned long		 nlost;
};

/* Targets: errors and warnings; the rest, where it is apart. */
#define MASTER_LOG_MAIN		0
#define MASTER_LOG_INFO		1
#define MASTER_LOG_TARGETS	2

struct master_log {
	struct loop			*loop;
	struct loop_hook		 hook;
	struct master_log_target	 targets[MASTER_LOG_TARGETS];
	bool				 has_info;
	bool				 has_stderr_copy;
	int				 facility;
	char				*stamp;	/* for strftime(3) */
	time_t				 stamped_at;
	char				 stamped[128];
};

struct master_log_word {
	const char	*name;
	int		 value;
};

static const struct master_log_word master_log_facilities[] = {
	{ "auth", LOG_AUTH }, { "authpriv", LOG_AUTHPRIV },
	{ "daemon", LOG_DAEMON }, { "mail", LOG_MAIL }, { "user", LOG_USER },
	{ "local0", LOG_LOCAL0 }, { "local1", LOG_LOCAL1 },
	{ "local2", LOG_LOCAL2 }, { "local3", LOG_LOCAL3 },
	{ "local4", LOG_LOCAL4 }, { "local5", LOG_LOCAL5 },
	{ "local6", LOG_LOCAL6 }, { "local7", LOG_LOCAL7 },
};

static const char *const master_log_words[] = {
	[LOG_LEVEL_DEBUG] = "debug: ",
	[LOG_LEVEL_TRACE] = "debug: ",
	[LOG_LEVEL_INFO] = "",
	[LOG_LEVEL_WARN] = "warning: ",
	[LOG_LEVEL_ERROR] = "error: ",
};

static const int master_log_priorities[] = {
	[LOG_LEVEL_DEBUG] = LOG_DEBUG,
	[LOG_LEVEL_TRACE] = LOG_DEBUG,
	[LOG_LEVEL_INFO] = LOG_INFO,
	[LOG_LEVEL_WARN] = LOG_WARNING,
	[LOG_LEVEL_ERROR] = LOG_ERR,
};

static void
master_log_on_turn(void *arg)
{
	master_log_flush(arg);
}

struct master_log *
master_log_new(struct loop *loop)
{
	struct master_log *log = xcalloc(1, sizeof(*log));

	log->loop = loop;
	log->targets[MASTER_LOG_MAIN].fd = STDERR_FILENO;
	log->targets[MASTER_LOG_INFO].fd = -1;
	log->stamp = xstrdup("%b %d %H:%M:%S ");
	log->stamped_at = -1;
	log->facility = LOG_MAIL;
	loop_hook_add(loop, &log->hook, master_log_on_turn, log);
	return log;
}

static void
master_log_target_close(struct master_log_target *t)
{
	if (t->fd > STDERR_FILENO)
		(void)close(t->fd);
	t->fd = -1;
	free(t->path);
	t->path = NULL;
}

void
master_log_free(struct master_log *log)
{
	master_log_flush(log);
	loop_hook_del(log->loop, &log->hook);
	master_log_target_close(&log->targets[MASTER_LOG_MAIN]);
	master_log_target_close(&log->targets[MASTER_LOG_INFO]);
	free(log->stamp);
	free(log);
}

/* A connected socket of its own: syslog(3) would wait. */
static int
master_log_open_syslog(void)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd;

	(void)strlcpy(sun.sun_path, "/dev/log", sizeof(sun.sun_path));
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd != -1 && connect(fd, (const struct sockaddr *)&sun,
	    sizeof(sun)) == -1) {
		(void)close(fd);
		fd = -1;
	}
	return fd;
}

/* -1 only for a file; a syslogd may come later. */
static int
master_log_open(enum master_log_kind kind, const char *path, int *fd)
{
	switch (kind) {
	case MASTER_LOG_STDERR:
		*fd = STDERR_FILENO;
		return 0;
	case MASTER_LOG_SYSLOG:
		*fd = master_log_open_syslog();
		return 0;
	case MASTER_LOG_FILE:
		*fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC |
		    O_NOCTTY | O_NONBLOCK, 0600);
		if (*fd != -1)
			return 0;
		log_error("log file %s: %m", path);
		return -1;
	}
	return -1;
}

static void
master_log_target_set(struct master_log_target *t, enum master_log_kind kind,
    const char *path, int fd)
{
	master_log_target_close(t);
	t->kind = kind;
	t->path = xstrdup(path);
	t->fd = fd;
}

static void
master_log_set_facility(struct master_log *log, const char *name)
{
	size_t i, n = sizeof(master_log_facilities) /
	    sizeof(master_log_facilities[0]);

	for (i = 0; i < n; i++)
		if (strcmp(master_log_facilities[i].name, name) == 0)
			log->facility = master_log_facilities[i].value;
}

int
master_log_configure(struct master_log *log, const struct settings *set,
    bool is_foreground)
{
	enum master_log_kind kind = MASTER_LOG_FILE;
	int fd = -1, info_fd = -1;

	if (set->log_path[0] == '\0')
		kind = is_foreground ? MASTER_LOG_STDERR : MASTER_LOG_SYSLOG;
	if (master_log_open(kind, set->log_path, &fd) == -1)
		return -1;
	if (set->info_log_path[0] != '\0' &&
	    master_log_open(MASTER_LOG_FILE, set->info_log_path, &info_fd) ==
	    -1) {
		if (fd > STDERR_FILENO)
			(void)close(fd);
		return -1;
	}
	master_log_flush(log);
	master_log_target_set(&log->targets[MASTER_LOG_MAIN], kind,
	    set->log_path, fd);
	log->has_info = info_fd != -1;
	master_log_target_set(&log->targets[MASTER_LOG_INFO], MASTER_LOG_FILE,
	    set->info_log_path, info_fd);
	free(log->stamp);
	log->stamp = xstrdup(set->log_timestamp);
	log->stamped_at = -1;
	master_log_set_facility(log, set->syslog_facility);
	return 0;
}

static int
master_log_target_reopen(struct master_log_target *t)
{
	int fd;

	if (t->fd == -1 && t->kind != MASTER_LOG_SYSLOG)
		return 0;
	if (master_log_open(t->kind, t->path, &fd) == -1)
		return -1;
	if (t->fd > STDERR_FILENO)
		(void)close(t->fd);
	t->fd = fd;
	return 0;
}

int
master_log_reopen(struct master_log *log)
{
	int result;

	master_log_flush(log);
	result = master_log_target_reopen(&log->targets[MASTER_LOG_MAIN]);
	if (log->has_info && master_log_target_reopen(
	    &log->targets[MASTER_LOG_INFO]) == -1)
		result = -1;
	return result;
}

void
master_log_copy_to_stderr(struct master_log *log, bool on)
{
	log->has_stderr_copy = on;
}

/* Bytes that the target took; 0 when it takes no more now. */
static size_t
master_log_write(struct master_log_target *t, const char *p, size_t len)
{
	struct pollfd pfd = { .fd = t->fd, .events = POLLOUT };
	ssize_t n;

	if (poll(&pfd, 1, 0) != 1)
		return 0;
	n = write(t->fd, p, len);
	return n > 0 ? (size_t)n : 0;
}

/*
 * Whole lines, at most MASTER_LOG_WRITE_MAX bytes of them if there is more
 * than one.
 */
static size_t
master_log_piece(const struct master_log_target *t, size_t done)
{
	const char *p = t->queue + done;
	size_t len = t->queued - done;

	if (len <= MASTER_LOG_WRITE_MAX)
		return len;
	len = MASTER_LOG_WRITE_MAX;
	while (len > 0 && p[len - 1] != '\n')
		len--;
	return len > 0 ? len : MASTER_LOG_WRITE_MAX;
}

static void
master_log_target_flush(struct master_log_target *t)
{
	size_t done = 0, n;

	if (t->fd == -1)
		return;
	while (done < t->queued) {
		n = master_log_write(t, t->queue + done,
		    master_log_piece(t, done));
		if (n == 0)
			break;
		done += n;
	}
	memmove(t->queue, t->queue + done, t->queued - done);
	t->queued -= done;
}

void
master_log_flush(struct master_log *log)
{
	master_log_target_flush(&log->targets[MASTER_LOG_MAIN]);
	if (log->has_info)
		master_log_target_flush(&log->targets[MASTER_LOG_INFO]);
}

static const char *
master_log_time(struct master_log *log)
{
	/* The administrator's format: no compiler can check it. */
	size_t (*format)(char *, size_t, const char *, const struct tm *) =
	    strftime;
	time_t now = time(NULL);
	struct tm tm;

	if (now == log->stamped_at)
		return log->stamped;
	log->stamped_at = now;
	if (localtime_r(&now, &tm) == NULL || format(log->stamped,
	    sizeof(log->stamped), log->stamp, &tm) == 0)
		log->stamped[0] = '\0';
	return log->stamped;
}

/* One datagram a line; a daemon that went away is looked for again. */
static void
master_log_to_syslog(struct master_log *log, struct master_log_target *t,
    enum log_level level, const char *text)
{
	char line[LOG_LINE_MAX + 256];
	int n, tries;

	n = snprintf(line, sizeof(line), "<%d>%s[%ld]: %s%s",
	    log->facility | master_log_priorities[level], MASTER_LOG_NAME,
	    (long)getpid(), text, t->nlost > 0 ? " (lines were lost)" : "");
	if ((size_t)n >= sizeof(line))
		n = (int)sizeof(line) - 1;
	for (tries = 0; tries < 2; tries++) {
		if (t->fd == -1)
			t->fd = master_log_open_syslog();
		if (send(t->fd, line, (size_t)n, MSG_NOSIGNAL) != -1) {
			t->nlost = 0;
			return;
		}
		if (errno == EAGAIN || errno == ENOBUFS || t->fd == -1)
			break;
		(void)close(t->fd);
		t->fd = -1;
	}
	t->nlost++;
}

static void
master_log_append(struct master_log_target *t, const char *stamp,
    const char *text)
{
	size_t room = sizeof(t->queue) - t->queued;
	char *at = t->queue + t->queued;
	int n;

	if (t->nlost > 0 && room > LOG_LINE_MAX) {
		n = snprintf(at, room, "%s%s: warning: %lu log lines lost\n",
		    stamp, MASTER_LOG_NAME, t->nlost);
		t->nlost = 0;
		t->queued += (size_t)n;
		at += n;
		room -= (size_t)n;
	}
	n = snprintf(at, room, "%s%s\n", stamp, text);
	if ((size_t)n < room)
		t->queued += (size_t)n;
	else
		t->nlost++;
}

/* Makes room before a line would be lost. */
static void
master_log_to_file(struct master_log *log, struct master_log_target *t,
    const char *text)
{
	if (sizeof(t->queue) - t->queued < 2 * LOG_LINE_MAX)
		master_log_target_flush(t);
	master_log_append(t, master_log_time(log), text);
}

/* A finished line with its name in front. */
static void
master_log_put(struct master_log *log, enum log_level level, const char *text)
{
	struct master_log_target *t = &log->targets[MASTER_LOG_MAIN];

	if (log->has_info && level <= LOG_LEVEL_INFO)
		t = &log->targets[MASTER_LOG_INFO];
	if (log->has_stderr_copy && level >= LOG_LEVEL_WARN &&
	    t->kind != MASTER_LOG_STDERR)
		(void)dprintf(STDERR_FILENO, "%s\n", text);
	if (t->kind == MASTER_LOG_SYSLOG)
		master_log_to_syslog(log, t, level, text);
	else
		master_log_to_file(log, t, text);
}

void
master_log_sink(void *arg, enum log_level level, const char *text)
{
	char line[LOG_LINE_MAX + 64];

	(void)snprintf(line, sizeof(line), "%s: %s%s", MASTER_LOG_NAME,
	    master_log_words[level], text);
	master_log_put(arg, level, line);
	/* A fatal line comes just before the end. */
	if (level >= LOG_LEVEL_WARN)
		master_log_flush(arg);
}

void
master_log_child(struct master_log *log, const char *name, pid_t pid,
    enum log_level level, const char *text, size_t len)
{
	char line[LOG_LINE_MAX + 64];
	size_t i, n;

	n = (size_t)snprintf(line, sizeof(line), "%s[%ld]: %s", name,
	    (long)pid, master_log_words[level]);
	for (i = 0; i < len && n < sizeof(line) - 1; i++, n++)
		line[n] = text[i] >= 0x20 && text[i] < 0x7f ? text[i] : '?';
	line[n] = '\0';
	master_log_put(log, level, line);
}

enum log_fallback
master_log_fallback(const struct master_log *log, int *fd)
{
	const struct master_log_target *t = &log->targets[MASTER_LOG_MAIN];

	if (log->has_info)
		t = &log->targets[MASTER_LOG_INFO];
	*fd = t->fd;
	if (t->fd == -1)
		return LOG_FALLBACK_NONE;
	return t->kind == MASTER_LOG_SYSLOG ? LOG_FALLBACK_SYSLOG :
	    LOG_FALLBACK_FILE;
}
