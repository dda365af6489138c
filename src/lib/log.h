/*
 * log: one line of text per event, from every process.
 *
 * A child writes records to the log socket (fd 4, SOCK_SEQPACKET) that the
 * master made: one packet holds several records, each {u8 LOG_MAGIC, u8 level,
 * u16 length little endian, text}.  A packet that does not begin with
 * LOG_MAGIC is raw text that a library wrote to stderr.  When the master is
 * gone the line goes to the fallback (log file opened to append, or a
 * connected syslog socket).  The master itself writes through a sink.
 */
#ifndef LIB_LOG_H
#define LIB_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level {
	LOG_LEVEL_DEBUG,
	LOG_LEVEL_TRACE,
	LOG_LEVEL_INFO,
	LOG_LEVEL_WARN,
	LOG_LEVEL_ERROR,
};

#define LOG_MAGIC	0x01
/* A line is cut here: a hostile name must not fill the log. */
#define LOG_LINE_MAX	2048
/* What a child keeps while the master does not read; the rest is counted. */
#define LOG_QUEUE_MAX	65536

enum log_fallback { LOG_FALLBACK_NONE, LOG_FALLBACK_FILE, LOG_FALLBACK_SYSLOG };

/* Writes one finished line (no newline) somewhere; used by the master. */
typedef void (*log_sink_fn)(void *arg, enum log_level, const char *line);

/* Until one of these is called, lines go to stderr as "name: text". */
void	log_init_stderr(const char *name);
/* Child: records to fd, which becomes non-blocking. */
void	log_init_child(const char *name, int fd);
/* Master: every line of its own goes to the sink. */
void	log_init_sink(const char *name, log_sink_fn, void *arg);
/* Child: where lines go when the master is gone. Takes fd; -1 for none. */
void	log_set_fallback(enum log_fallback, int fd);
/* Child: the fallback is a file, which must be allowed to grow. */
bool	log_has_file(void);
/* Lines below this level are dropped (default LOG_LEVEL_INFO). */
void	log_set_level(enum log_level);
bool	log_is_on(enum log_level);
/* Child: hands over what is queued; called after each turn of the loop. */
void	log_flush(void);

void	log_debug(const char *, ...) __attribute__((format(printf, 1, 2)));
void	log_trace(const char *, ...) __attribute__((format(printf, 1, 2)));
void	log_info(const char *, ...) __attribute__((format(printf, 1, 2)));
void	log_warn(const char *, ...) __attribute__((format(printf, 1, 2)));
void	log_error(const char *, ...) __attribute__((format(printf, 1, 2)));

/*
 * Ends the process after one error line, with an exit status of <sysexits.h>
 * or lib/proc.h, which the master's supervision reads.
 */
_Noreturn void	fatal(int status, const char *, ...)
		    __attribute__((format(printf, 2, 3)));

/*
 * Copies len bytes of foreign text into dst so that it is safe inside a log
 * line: bytes outside 0x20..0x7e, and \ < > " become \xHH; cut with "..." when
 * dst is full.  Always NUL-terminates; returns dst for use as an argument.
 */
const char	*log_safe(char *dst, size_t size, const char *src, size_t len);

#endif
