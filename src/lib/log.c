/*
 * log: one line of text per event, from every process.
 * Runs in: every process.
 * Hostile input: only what callers passed through log_safe().
 * Never: blocks; grows beyond LOG_QUEUE_MAX; logs a secret.
 */
#include "lib/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>


/* {magic, level, length u16} before each text. */
#define LOG_HEAD	4
/* A packet of records; more is flushed at once. */
#define LOG_PACKET	8192

enum log_mode { LOG_MODE_STDERR, LOG_MODE_CHILD, LOG_MODE_SINK };

/* The process's one log. */
static struct {
	enum log_mode		 mode;
	enum log_level		 level;
	const char		*name;
	int			 fd;
	enum log_fallback	 fallback;
	int			 fallback_fd;
	log_sink_fn		 sink;
	void			*sink_arg;
	size_t			 queued;	/* bytes of log_queue */
	unsigned long		 nlost;
} logger = { .level = LOG_LEVEL_INFO, .name = "mailwicket", .fd = -1,
    .fallback_fd = -1 };

/* Packets not yet taken.  Not from the heap: only what is used is there. */
static uint8_t log_queue[LOG_QUEUE_MAX];

static const char *const log_words[] = {
	[LOG_LEVEL_DEBUG] = "debug: ",
	[LOG_LEVEL_TRACE] = "debug: ",
	[LOG_LEVEL_INFO] = "",
	[LOG_LEVEL_WARN] = "warning: ",
	[LOG_LEVEL_ERROR] = "error: ",
};

static const int log_priorities[] = {
	[LOG_LEVEL_DEBUG] = LOG_DEBUG,
	[LOG_LEVEL_TRACE] = LOG_DEBUG,
	[LOG_LEVEL_INFO] = LOG_INFO,
	[LOG_LEVEL_WARN] = LOG_WARNING,
	[LOG_LEVEL_ERROR] = LOG_ERR,
};

void
log_init_stderr(const char *name)
{
	logger.mode = LOG_MODE_STDERR;
	logger.name = name;
}

void
log_init_child(const char *name, int fd)
{
	logger.mode = LOG_MODE_CHILD;
	logger.name = name;
	logger.fd = fd;
}

void
log_init_sink(const char *name, log_sink_fn sink, void *arg)
{
	logger.mode = LOG_MODE_SINK;
	logger.name = name;
	logger.sink = sink;
	logger.sink_arg = arg;
}

void
log_set_fallback(enum log_fallback kind, int fd)
{
	if (logger.fallback_fd != -1)
		(void)close(logger.fallback_fd);
	logger.fallback = kind;
	logger.fallback_fd = fd;
}

bool
log_has_file(void)
{
	return logger.fallback_fd != -1 &&
	    logger.fallback == LOG_FALLBACK_FILE;
}

void
log_set_level(enum log_level level)
{
	logger.level = level;
}

bool
log_is_on(enum log_level level)
{
	return level >= logger.level;
}

/* The master is gone: the line goes where it would have put it. */
static void
log_to_fallback(enum log_level level, const char *text, size_t len)
{
	char line[LOG_LINE_MAX + 128], stamp[32];
	time_t now = time(NULL);
	struct tm tm;
	int n;

	if (logger.fallback_fd == -1)
		return;
	if (logger.fallback == LOG_FALLBACK_SYSLOG) {
		n = snprintf(line, sizeof(line), "<%d>mailwicket[%ld]: "
		    "%s[%ld]: %s%.*s", LOG_MAIL | log_priorities[level],
		    (long)getpid(), logger.name, (long)getpid(),
		    log_words[level], (int)len, text);
	} else {
		/* No tzset() in a jail: UTC when the zone was never read. */
		if (localtime_r(&now, &tm) == NULL ||
		    strftime(stamp, sizeof(stamp), "%b %d %H:%M:%S", &tm) == 0)
			stamp[0] = '\0';
		n = snprintf(line, sizeof(line), "%s %s[%ld]: %s%.*s\n", stamp,
		    logger.name, (long)getpid(), log_words[level], (int)len,
		    text);
	}
	if (n > 0 && (size_t)n < sizeof(line) &&
	    write(logger.fallback_fd, line, (size_t)n) == -1)
		logger.nlost++;
}

/* Hands all records of a packet to the fallback, line by line. */
static void
log_packet_to_fallback(const uint8_t *p, size_t len)
{
	size_t n;

	while (len >= LOG_HEAD) {
		n = (size_t)p[2] | (size_t)p[3] << 8;
		log_to_fallback((enum log_level)p[1],
		    (const char *)p + LOG_HEAD, n);
		p += LOG_HEAD + n;
		len -= LOG_HEAD + n;
	}
}

/* Bytes of whole records from p that fit one packet. */
static size_t
log_packet_length(const uint8_t *p, size_t len)
{
	size_t n = 0, next;

	while (len - n >= LOG_HEAD) {
		next = LOG_HEAD + ((size_t)p[n + 2] | (size_t)p[n + 3] << 8);
		if (n > 0 && n + next > LOG_PACKET)
			break;
		n += next;
	}
	return n;
}

void
log_flush(void)
{
	size_t done = 0, n;

	if (logger.mode != LOG_MODE_CHILD)
		return;
	while (done < logger.queued) {
		n = log_packet_length(log_queue + done,
		    logger.queued - done);
		if (send(logger.fd, log_queue + done, n,
		    MSG_NOSIGNAL | MSG_DONTWAIT) == -1) {
			if (errno == EINTR)
				continue;
			if (errno == EAGAIN || errno == ENOBUFS)
				break;
			log_packet_to_fallback(log_queue + done, n);
		}
		done += n;
	}
	memmove(log_queue, log_queue + done, logger.queued - done);
	logger.queued -= done;
}

/* Room for a line of the given length, counting it as lost otherwise. */
static bool
log_make_room(size_t len)
{
	if (logger.queued + LOG_HEAD + len <= LOG_QUEUE_MAX)
		return true;
	log_flush();
	if (logger.queued + LOG_HEAD + len <= LOG_QUEUE_MAX)
		return true;
	logger.nlost++;
	return false;
}

static void
log_append(enum log_level level, const char *text, size_t len)
{
	uint8_t *p = log_queue + logger.queued;

	p[0] = LOG_MAGIC;
	p[1] = (uint8_t)level;
	p[2] = (uint8_t)len;
	p[3] = (uint8_t)(len >> 8);
	memcpy(p + LOG_HEAD, text, len);
	logger.queued += LOG_HEAD + len;
}

static void
log_to_master(enum log_level level, const char *text, size_t len)
{
	char lost[64];
	int n;

	if (logger.nlost == 0) {
		if (!log_make_room(len))
			return;
	} else {
		/* Room for both, or the line is one of the lost. */
		if (!log_make_room(len + LOG_HEAD + sizeof(lost)))
			return;
		n = snprintf(lost, sizeof(lost), "%lu log lines lost",
		    logger.nlost);
		logger.nlost = 0;
		log_append(LOG_LEVEL_WARN, lost, (size_t)n);
	}
	log_append(level, text, len);
	if (level >= LOG_LEVEL_WARN || logger.queued > LOG_PACKET)
		log_flush();
}

/* One event is one line, whatever slipped into it. */
static void
log_blank_controls(char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if ((uint8_t)text[i] < 0x20 || text[i] == 0x7f)
			text[i] = '?';
	}
}

static void __attribute__((format(printf, 2, 0)))
log_line(enum log_level level, const char *fmt, va_list ap)
{
	char text[LOG_LINE_MAX];
	int n, saved_errno = errno;

	if (!log_is_on(level))
		return;
	n = vsnprintf(text, sizeof(text), fmt, ap);
	if (n < 0)
		return;
	if ((size_t)n >= sizeof(text))
		n = (int)sizeof(text) - 1;
	log_blank_controls(text, (size_t)n);
	switch (logger.mode) {
	case LOG_MODE_CHILD:
		log_to_master(level, text, (size_t)n);
		break;
	case LOG_MODE_SINK:
		logger.sink(logger.sink_arg, level, text);
		break;
	case LOG_MODE_STDERR:
		(void)fprintf(stderr, "%s: %s%s\n", logger.name,
		    log_words[level], text);
		break;
	}
	errno = saved_errno;
}

#define LOG_FUNCTION(name, level)					\
void									\
name(const char *fmt, ...)						\
{									\
	va_list ap;							\
									\
	va_start(ap, fmt);						\
	log_line(level, fmt, ap);					\
	va_end(ap);							\
}

LOG_FUNCTION(log_debug, LOG_LEVEL_DEBUG)
LOG_FUNCTION(log_trace, LOG_LEVEL_TRACE)
LOG_FUNCTION(log_info, LOG_LEVEL_INFO)
LOG_FUNCTION(log_warn, LOG_LEVEL_WARN)
LOG_FUNCTION(log_error, LOG_LEVEL_ERROR)

void
fatal(int status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_line(LOG_LEVEL_ERROR, fmt, ap);
	va_end(ap);
	log_flush();
	exit(status);
}

/* A byte that stands for itself in a log line. */
static bool
log_is_plain(uint8_t c)
{
	return c >= 0x20 && c <= 0x7e && c != '\\' && c != '<' && c != '>' &&
	    c != '"';
}

const char *
log_safe(char *dst, size_t size, const char *src, size_t len)
{
	static const char hex[] = "0123456789abcdef";
	size_t i, n = 0;
	uint8_t c;

	for (i = 0; i < len; i++) {
		c = (uint8_t)src[i];
		/* Keep room for the longest form and for "...". */
		if (n + 4 + 3 + 1 > size) {
			if (size > 3)
				n += (size_t)snprintf(dst + n, 4, "...");
			break;
		}
		if (log_is_plain(c)) {
			dst[n++] = (char)c;
			continue;
		}
		dst[n++] = '\\';
		dst[n++] = 'x';
		dst[n++] = hex[c >> 4];
		dst[n++] = hex[c & 15];
	}
	if (size > 0)
		dst[n] = '\0';
	return dst;
}
