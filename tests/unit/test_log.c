/* log: records for the master, lost lines, and who listens when it is gone. */
#include "unit.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sysexits.h>

#include "lib/log.h"
#include "lib/sock.h"

#define PACKET_MAX	16384

/* Lines that came, as a master sees them. */
static struct {
	uint8_t	packet[PACKET_MAX];
	size_t	left, off;
	int	npackets;
} got;

static int	pair[2] = { -1, -1 };

static int
setup(void **state)
{
	(void)state;
	assert_int_equal(sock_pair(SOCK_SEQPACKET, pair), 0);
	log_init_child("child", pair[1]);
	log_set_fallback(LOG_FALLBACK_NONE, -1);
	log_set_level(LOG_LEVEL_INFO);
	memset(&got, 0, sizeof(got));
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	if (pair[0] != -1)
		(void)close(pair[0]);
	/* What is still queued has nowhere to go. */
	log_flush();
	(void)close(pair[1]);
	log_init_stderr("test");
	return 0;
}

/* The next record's text, terminated; NULL when there is none. */
static const char *
next_line(enum log_level *level)
{
	static char text[LOG_LINE_MAX];
	const uint8_t *p;
	ssize_t n;
	size_t len;

	if (got.left == 0) {
		n = recv(pair[0], got.packet, sizeof(got.packet), 0);
		if (n <= 0)
			return NULL;
		got.left = (size_t)n;
		got.off = 0;
		got.npackets++;
	}
	p = got.packet + got.off;
	assert_true(got.left >= 4);
	assert_int_equal(p[0], LOG_MAGIC);
	*level = (enum log_level)p[1];
	len = (size_t)p[2] | (size_t)p[3] << 8;
	assert_true(len < sizeof(text));
	assert_true(len + 4 <= got.left);
	memcpy(text, p + 4, len);
	text[len] = '\0';
	got.off += 4 + len;
	got.left -= 4 + len;
	return text;
}

static void
expect(enum log_level expected, const char *text)
{
	enum log_level level = LOG_LEVEL_DEBUG;
	const char *line = next_line(&level);

	assert_non_null(line);
	assert_string_equal(line, text);
	assert_int_equal(level, expected);
}

static void
expect_none(void)
{
	enum log_level level;

	assert_null(next_line(&level));
}

static void
test_records(void **state)
{
	(void)state;
	log_info("one %d", 1);
	log_info("two");
	/* Lines of no hurry wait for the end of the turn. */
	expect_none();
	log_flush();
	expect(LOG_LEVEL_INFO, "one 1");
	expect(LOG_LEVEL_INFO, "two");
	expect_none();
	assert_int_equal(got.npackets, 1);
	/* Those that tell of trouble do not, and keep the order. */
	log_info("before");
	log_warn("warned");
	expect(LOG_LEVEL_INFO, "before");
	expect(LOG_LEVEL_WARN, "warned");
	log_error("%s", "");
	expect(LOG_LEVEL_ERROR, "");
	log_flush();
	expect_none();
}

static void
test_levels(void **state)
{
	(void)state;
	assert_false(log_is_on(LOG_LEVEL_DEBUG));
	assert_true(log_is_on(LOG_LEVEL_INFO));
	log_debug("no");
	log_trace("no");
	log_set_level(LOG_LEVEL_TRACE);
	log_debug("no");
	log_trace("trace");
	log_set_level(LOG_LEVEL_DEBUG);
	log_debug("debug");
	log_set_level(LOG_LEVEL_ERROR);
	log_warn("no");
	log_info("no");
	log_error("error");
	expect(LOG_LEVEL_TRACE, "trace");
	expect(LOG_LEVEL_DEBUG, "debug");
	expect(LOG_LEVEL_ERROR, "error");
	expect_none();
}

static void
test_errno_is_kept(void **state)
{
	(void)state;
	errno = ENOENT;
	log_error("cannot: %m");
	assert_int_equal(errno, ENOENT);
	expect(LOG_LEVEL_ERROR, "cannot: No such file or directory");
}

static void
test_long_line_is_cut(void **state)
{
	char line[LOG_LINE_MAX + 100], cut[LOG_LINE_MAX];

	(void)state;
	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	memcpy(cut, line, sizeof(cut) - 1);
	cut[sizeof(cut) - 1] = '\0';
	log_warn("%s", line);
	expect(LOG_LEVEL_WARN, cut);
}

/* Whole records in packets of a size that the master takes. */
static void
test_packets(void **state)
{
	enum log_level level;
	char line[512];
	int i, n;

	(void)state;
	for (i = 0; i < 100; i++)
		log_info("%0*d", i % 2 == 0 ? 300 : 7, i);
	log_flush();
	for (i = 0; i < 100; i++) {
		n = snprintf(line, sizeof(line), "%0*d",
		    i % 2 == 0 ? 300 : 7, i);
		assert_true(n > 0);
		assert_string_equal(next_line(&level), line);
		assert_true(got.off + got.left <= 8192 + 4 + LOG_LINE_MAX);
	}
	expect_none();
	assert_true(got.npackets > 1);
	assert_true(got.npackets < 10);
}

/* Writes lines until some must be lost; how many were tried. */
static int
write_too_many(void)
{
	char text[1000];
	int i, n = 5000;

	memset(text, 'q', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (i = 0; i < n; i++)
		log_info("%d %s", i, text);
	return n;
}

static void
test_lost_lines_are_counted(void **state)
{
	int written = write_too_many(), came = 0;
	enum log_level level;
	unsigned long lost;
	const char *line;
	char *end;

	(void)state;
	/* The master reads again: what was kept is the beginning, in order. */
	do {
		while ((line = next_line(&level)) != NULL)
			assert_int_equal(strtol(line, NULL, 10), came++);
		log_flush();
		line = next_line(&level);
		if (line != NULL)
			assert_int_equal(strtol(line, NULL, 10), came++);
	} while (line != NULL);
	assert_true(came < written);

	/* The next line says how many were lost before it. */
	log_info("after");
	log_flush();
	line = next_line(&level);
	assert_non_null(line);
	lost = strtoul(line, &end, 10);
	assert_string_equal(end, " log lines lost");
	assert_int_equal(level, LOG_LEVEL_WARN);
	assert_int_equal(lost, written - came);
	expect(LOG_LEVEL_INFO, "after");
	log_info("once");
	log_flush();
	expect(LOG_LEVEL_INFO, "once");
	expect_none();
}

/* A fallback of the kind, read by the returned fd. */
static int
fallback_of(enum log_fallback kind)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, kind == LOG_FALLBACK_SYSLOG ?
	    SOCK_DGRAM : SOCK_STREAM, 0, fds), 0);
	log_set_fallback(kind, fds[1]);
	return fds[0];
}

static void
test_fallback_file(void **state)
{
	char text[1000], expected[100], *at;
	int fd = fallback_of(LOG_FALLBACK_FILE);
	ssize_t n;

	(void)state;
	log_info("not yet sent");
	(void)close(pair[0]);
	pair[0] = -1;
	log_error("the last");
	n = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);
	assert_true(n > 0);
	text[n] = '\0';
	/* "Mmm dd HH:MM:SS name[pid]: text", as the master writes a file. */
	(void)snprintf(expected, sizeof(expected),
	    " child[%ld]: not yet sent\n", (long)getpid());
	at = strchr(text, '\n');
	assert_non_null(at);
	assert_true(at + 1 - text == (ptrdiff_t)(15 + strlen(expected)));
	assert_memory_equal(text + 15, expected, strlen(expected));
	(void)snprintf(expected, sizeof(expected),
	    " child[%ld]: error: the last\n", (long)getpid());
	assert_string_equal(at + 1 + 15, expected);
	(void)close(fd);
}

static void
test_fallback_syslog(void **state)
{
	char text[1000], expected[200];
	int fd = fallback_of(LOG_FALLBACK_SYSLOG);
	long pid = (long)getpid();
	ssize_t n;

	(void)state;
	(void)close(pair[0]);
	pair[0] = -1;
	log_info("first");
	log_warn("second");
	/* Facility mail is 2: 2 * 8 + severity. */
	n = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);
	assert_true(n > 0);
	text[n] = '\0';
	(void)snprintf(expected, sizeof(expected),
	    "<22>mailwicket[%ld]: child[%ld]: first", pid, pid);
	assert_string_equal(text, expected);
	n = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);
	assert_true(n > 0);
	text[n] = '\0';
	(void)snprintf(expected, sizeof(expected),
	    "<20>mailwicket[%ld]: child[%ld]: warning: second", pid, pid);
	assert_string_equal(text, expected);
	(void)close(fd);
}

/* A name cannot add a line of its own where no master looks at lines. */
static void
test_fallback_is_one_line_each(void **state)
{
	char text[1000];
	int fd = fallback_of(LOG_FALLBACK_FILE);
	ssize_t n;

	(void)state;
	(void)close(pair[0]);
	pair[0] = -1;
	log_error("a\nJan  1 00:00:00 login: forged\x1b[2J");
	n = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);
	assert_true(n > 0);
	text[n] = '\0';
	assert_ptr_equal(strchr(text, '\n'), text + n - 1);
	assert_null(strchr(text, '\x1b'));
	(void)close(fd);
}

/* Full queue, then the master dies: the queue goes to the fallback. */
static void
test_queue_goes_to_fallback(void **state)
{
	int fds[2], written = write_too_many(), first = -1, last = -1;
	char line[LOG_LINE_MAX + 200], name[64];
	FILE *file;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_true(fcntl(fds[1], F_SETPIPE_SZ, 1024 * 1024) >= 0);
	log_set_fallback(LOG_FALLBACK_FILE, fds[1]);
	(void)close(pair[0]);
	pair[0] = -1;
	log_flush();
	log_set_fallback(LOG_FALLBACK_NONE, -1);
	file = fdopen(fds[0], "r");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file) != NULL) {
		assert_int_equal(sscanf(line + 15, " %63[^:]: %d ", name,
		    &last), 2);
		if (first == -1)
			first = last - 1;
		assert_int_equal(last, ++first);
	}
	assert_true(last > 0);
	assert_true(last < written);
	(void)fclose(file);
	/* The lines that found no room are still owed; nobody hears them. */
	log_info("x");
	log_flush();
}

struct sunk {
	enum log_level	level;
	char		line[LOG_LINE_MAX];
	int		n;
};

static void
sink(void *arg, enum log_level level, const char *line)
{
	struct sunk *s = arg;

	s->level = level;
	s->n++;
	(void)snprintf(s->line, sizeof(s->line), "%s", line);
}

static void
test_sink(void **state)
{
	struct sunk s = { .n = 0 };

	(void)state;
	log_init_sink("master", sink, &s);
	log_warn("to the %s", "sink");
	assert_int_equal(s.n, 1);
	assert_int_equal(s.level, LOG_LEVEL_WARN);
	assert_string_equal(s.line, "to the sink");
	log_debug("off");
	assert_int_equal(s.n, 1);
	log_flush();
	expect_none();
}

static void
die(void *arg)
{
	(void)arg;
	log_info("first");
	fatal(EX_CONFIG, "cannot go on: %d", 7);
}

static void
test_fatal(void **state)
{
	(void)state;
	assert_int_equal(unit_status_of(die, NULL), EX_CONFIG);
	expect(LOG_LEVEL_INFO, "first");
	expect(LOG_LEVEL_ERROR, "cannot go on: 7");
}

#define TEST(fn)	cmocka_unit_test_setup_teardown(fn, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_records),
		TEST(test_levels),
		TEST(test_errno_is_kept),
		TEST(test_long_line_is_cut),
		TEST(test_packets),
		TEST(test_lost_lines_are_counted),
		TEST(test_fallback_file),
		TEST(test_fallback_syslog),
		TEST(test_fallback_is_one_line_each),
		TEST(test_sink),
		TEST(test_fatal),
		TEST(test_queue_goes_to_fallback),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
