/*
 * The log socket of one child.
 * Runs in: master.
 * Hostile input: all that the child logs.
 * Never: lets one child's lines crowd out those of others.
 */
#include "master/child_log.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/log.h"
#include "master/master_log.h"

/* One packet of log records; a child sends at most 8 KiB. */
#define CHILD_LOG_PACKET	16384
/* Packets read at one go, and from one that is gone: all the kernel holds. */
#define CHILD_LOG_PACKETS_MAX		32
#define CHILD_LOG_LAST_PACKETS_MAX	512
/*
 * So many lines at one go, and the next go comes after a pause: each go costs
 * the child a wakeup of the master.  The child and the socket keep many more.
 */
#define CHILD_LOG_CROWD		4
#define CHILD_LOG_PAUSE_MS	5

static void	child_log_on_read(void *, unsigned int);
static void	child_log_go(void *);

static void
child_log_line(struct child_log *c, enum log_level level, const void *text,
    size_t len)
{
	master_log_child(c->config.log, c->config.name, c->config.pid, level,
	    text, len);
	c->lines--;
}

/* What a library wrote to stderr. */
static void
child_log_raw(struct child_log *c, const uint8_t *p, size_t len)
{
	const uint8_t *end;
	size_t n;

	while (len > 0) {
		end = memchr(p, '\n', len);
		n = end == NULL ? len : (size_t)(end - p);
		if (n > 0)
			child_log_line(c, c->config.is_foreign ?
			    LOG_LEVEL_INFO : LOG_LEVEL_ERROR, p, n);
		if (end == NULL)
			return;
		p += n + 1;
		len -= n + 1;
	}
}

/* Records {magic, level, length, text}; what is not that is raw text. */
static void
child_log_packet(struct child_log *c, const uint8_t *p, size_t len)
{
	size_t n;

	while (len > 0) {
		if (c->config.is_foreign || len < 4 || p[0] != LOG_MAGIC ||
		    p[1] > LOG_LEVEL_ERROR) {
			child_log_raw(c, p, len);
			return;
		}
		n = (size_t)p[2] | (size_t)p[3] << 8;
		if (n > len - 4)
			n = len - 4;
		child_log_line(c, (enum log_level)p[1], p + 4, n);
		p += 4 + n;
		len -= 4 + n;
	}
}

static void
child_log_read(struct child_log *c, unsigned int packets_max)
{
	uint8_t packet[CHILD_LOG_PACKET];
	unsigned int i;
	ssize_t n;

	for (i = 0; i < packets_max && c->lines > 0; i++) {
		n = recv(c->config.fd, packet, sizeof(packet), MSG_DONTWAIT);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && errno == EAGAIN)
			return;
		if (n <= 0) {
			c->is_over = true;
			return;
		}
		child_log_packet(c, packet, (size_t)n);
	}
}

static void
child_log_watch(struct child_log *c)
{
	loop_io_start(c->config.loop, &c->io, c->config.fd, LOOP_READ,
	    child_log_on_read, c);
}

/* One that says too much waits for the next second: it has its own queue. */
static void
child_log_go(void *arg)
{
	struct child_log *c = arg;
	bool was_watched = c->io.is_on;
	int32_t before = c->lines;

	child_log_read(c, CHILD_LOG_PACKETS_MAX);
	if (c->lines <= 0 || c->is_over) {
		loop_io_stop(&c->io);
	} else if (before - c->lines >= CHILD_LOG_CROWD) {
		loop_io_stop(&c->io);
		loop_timer_start(&c->pauses, &c->pause, child_log_go, c);
	} else if (!was_watched) {
		child_log_watch(c);
	}
}

static void
child_log_on_read(void *arg, unsigned int what)
{
	(void)what;
	child_log_go(arg);
}

void
child_log_start(struct child_log *c, const struct child_log_config *config)
{
	memset(c, 0, sizeof(*c));
	c->config = *config;
	c->lines = (int32_t)config->lines_max;
	loop_timers_init(config->loop, &c->pauses, CHILD_LOG_PAUSE_MS);
	child_log_watch(c);
}

void
child_log_tick(struct child_log *c)
{
	const int32_t most = (int32_t)c->config.lines_max;
	bool was_used_up = c->lines <= 0;

	/* One packet may have been worth many seconds. */
	c->lines = was_used_up ? c->lines + most : most;
	if (was_used_up && c->lines > 0 && !c->is_over)
		child_log_watch(c);
}

void
child_log_drain(struct child_log *c)
{
	c->lines = (int32_t)c->config.lines_max;
	child_log_read(c, CHILD_LOG_LAST_PACKETS_MAX);
}

void
child_log_clear(struct child_log *c)
{
	child_log_drain(c);
	loop_io_stop(&c->io);
	loop_timers_clear(&c->pauses);
	(void)close(c->config.fd);
}
