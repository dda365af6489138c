/* master_log: targets, reopening, targets that take nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/settings.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "master/master_log.h"

struct bed {
	struct loop		*loop;
	struct master_log	*log;
	char			 dir[64], path[128], info[128], moved[128];
	struct settings		 set;
	char			 text[262144];
};

static int
set_up(void **state)
{
	static char facility[] = "local3", stamp[] = "%Y ", none[] = "";
	struct bed *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	(void)snprintf(b->dir, sizeof(b->dir), "/tmp/test_mlog.XXXXXX");
	assert_non_null(mkdtemp(b->dir));
	(void)snprintf(b->path, sizeof(b->path), "%s/log", b->dir);
	(void)snprintf(b->info, sizeof(b->info), "%s/info", b->dir);
	(void)snprintf(b->moved, sizeof(b->moved), "%s/moved", b->dir);
	b->set.log_path = b->path;
	b->set.info_log_path = none;
	b->set.log_timestamp = stamp;
	b->set.syslog_facility = facility;
	b->loop = loop_new();
	b->log = master_log_new(b->loop);
	log_init_sink("mailwicket", master_log_sink, b->log);
	*state = b;
	return 0;
}

static int
tear_down(void **state)
{
	struct bed *b = *state;

	log_init_stderr("test");
	master_log_free(b->log);
	loop_free(b->loop);
	(void)unlink(b->path);
	(void)unlink(b->info);
	(void)unlink(b->moved);
	assert_int_equal(rmdir(b->dir), 0);
	free(b);
	return 0;
}

static const char *
contents(struct bed *b, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n;

	assert_true(fd != -1);
	n = read(fd, b->text, sizeof(b->text) - 1);
	b->text[n > 0 ? n : 0] = '\0';
	(void)close(fd);
	return b->text;
}

static void
configure(struct bed *b)
{
	assert_int_equal(master_log_configure(b->log, &b->set, true), 0);
}

static void
test_lines(void **state)
{
	struct bed *b = *state;
	struct stat st;
	char want[128];

	configure(b);
	log_info("one");
	log_error("two");
	master_log_child(b->log, "auth", 12, LOG_LEVEL_WARN, "th\nree\x80", 7);
	master_log_flush(b->log);
	assert_int_equal(stat(b->path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	(void)contents(b, b->path);
	(void)snprintf(want, sizeof(want), "%.4s mailwicket: one\n"
	    "%.4s mailwicket: error: two\n"
	    "%.4s auth[12]: warning: th?ree?\n", b->text, b->text, b->text);
	assert_string_equal(b->text, want);
}

static void
test_long_line_is_cut(void **state)
{
	struct bed *b = *state;
	char text[3 * LOG_LINE_MAX];

	memset(text, 'x', sizeof(text));
	configure(b);
	master_log_child(b->log, "auth", 1, LOG_LEVEL_INFO, text,
	    sizeof(text));
	log_info("next");
	master_log_flush(b->log);
	assert_non_null(strstr(contents(b, b->path), "xxx\n"));
	assert_non_null(strstr(b->text, "mailwicket: next\n"));
}

static void
test_info_apart(void **state)
{
	struct bed *b = *state;
	int fd;

	b->set.info_log_path = b->info;
	configure(b);
	log_info("calm");
	log_warn("alarm");
	master_log_flush(b->log);
	assert_non_null(strstr(contents(b, b->info), "calm"));
	assert_null(strstr(b->text, "alarm"));
	assert_non_null(strstr(contents(b, b->path), "alarm"));
	assert_int_equal(master_log_fallback(b->log, &fd), LOG_FALLBACK_FILE);
	assert_int_equal(write(fd, "child\n", 6), 6);
	assert_non_null(strstr(contents(b, b->info), "child\n"));
}

static void
test_reopen(void **state)
{
	struct bed *b = *state;

	configure(b);
	log_info("before");
	assert_int_equal(rename(b->path, b->moved), 0);
	log_info("between");
	assert_int_equal(master_log_reopen(b->log), 0);
	log_info("after");
	master_log_flush(b->log);
	assert_non_null(strstr(contents(b, b->moved), "between"));
	assert_null(strstr(b->text, "after"));
	assert_non_null(strstr(contents(b, b->path), "after"));
}

static void
test_file_that_cannot_be_opened(void **state)
{
	static char nowhere[] = "/nonexistent/log";
	struct bed *b = *state;

	configure(b);
	b->set.log_path = nowhere;
	assert_int_equal(master_log_configure(b->log, &b->set, true), -1);
	b->set.log_path = b->path;
	b->set.info_log_path = nowhere;
	assert_int_equal(master_log_configure(b->log, &b->set, true), -1);
	log_info("still here");
	master_log_flush(b->log);
	assert_non_null(strstr(contents(b, b->path), "still here"));
	assert_non_null(strstr(b->text, "error: log file /nonexistent/log"));
}

/* A disk that is full costs lines, not time nor memory. */
static void
test_full(void **state)
{
	static char full[] = "/dev/full";
	struct bed *b = *state;
	uint64_t start;
	int i;

	b->set.log_path = full;
	configure(b);
	start = clock_ms();
	for (i = 0; i < 20000; i++)
		log_info("line %d of many that nobody will ever read", i);
	master_log_flush(b->log);
	assert_true(clock_ms() - start < 5000);
}

/* A pipe whose reader sleeps; when it reads on, it learns of the loss. */
static void
test_stuck_reader(void **state)
{
	struct bed *b = *state;
	int fd, i;
	ssize_t n;
	char *at;

	assert_int_equal(mkfifo(b->path, 0600), 0);
	fd = open(b->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	configure(b);
	for (i = 0; i < 10000; i++)
		log_info("line %d of many that nobody reads for now", i);
	master_log_flush(b->log);
	log_info("one more that is lost");
	at = b->text;
	for (i = 0; i < 4; i++) {
		/* A pipe holds as much as the queue. */
		for (; (n = read(fd, at, 4096)) > 0; at += n)
			continue;
		if (i == 1)
			log_info("again");
		master_log_flush(b->log);
	}
	*at = '\0';
	(void)close(fd);
	assert_non_null(strstr(b->text, "line 0 of"));
	assert_null(strstr(b->text, "one more"));
	assert_non_null(strstr(b->text, " log lines lost\n"));
	at = strstr(b->text, "mailwicket: again\n");
	assert_non_null(at);
	assert_true(at > strstr(b->text, " log lines lost\n"));
}

#define TEST(name)							\
	cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_lines),
		TEST(test_long_line_is_cut),
		TEST(test_info_apart),
		TEST(test_reopen),
		TEST(test_file_that_cannot_be_opened),
		TEST(test_full),
		TEST(test_stuck_reader),
	};
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	/* As the master does. */
	(void)sigaction(SIGPIPE, &ignore, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
