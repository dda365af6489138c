/* child: start, messages, log, violations, end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fake_child.h"
#include "lib/clock.h"
#include "lib/loop.h"
#include "lib/sock.h"
#include "master/child.h"
#include "master/master_log.h"

#define WAIT_MS	5000

/* One child and what it told. */
struct seen {
	struct loop		*loop;
	struct master_log	*log;
	struct child		*child;
	int			 stderr_fd, log_fd;	/* real, captured */
	int			 nready, ntaken, nkept, nwanted, nending;
	pid_t			 hung;
	bool			 has_ended;
	struct child_end	 end;
	char			 text[65536];	/* of the log */
};

static struct seen *
seen_of(struct child *c)
{
	return c->config.owner;
}

static void
on_ready(struct child *c)
{
	seen_of(c)->nready++;
}

static void
on_taken(struct child *c)
{
	seen_of(c)->ntaken++;
}

static void
on_kept(struct child *c)
{
	seen_of(c)->nkept++;
}

static void
on_wanted(struct child *c)
{
	seen_of(c)->nwanted++;
}

static void
on_hung(struct child *c, pid_t pid)
{
	seen_of(c)->hung = pid;
}

static void
on_ending(struct child *c)
{
	seen_of(c)->nending++;
	c->state = CHILD_IS_ENDING;
}

static void
on_ended(struct child *c, const struct child_end *end)
{
	struct seen *s = seen_of(c);

	s->has_ended = true;
	s->end = *end;
	s->child = NULL;
	child_free(c);
}

static const struct child_hooks hooks = {
	.ready = on_ready, .taken = on_taken, .kept = on_kept,
	.worker_wanted = on_wanted, .worker_hung = on_hung,
	.ending = on_ending, .ended = on_ended,
};

/* The log's stderr is caught in a socket. */
static int
set_up(void **state)
{
	struct seen *s = calloc(1, sizeof(*s));
	int fds[2];

	assert_non_null(s);
	s->loop = loop_new();
	s->log = master_log_new(s->loop);
	assert_int_equal(sock_pair(SOCK_STREAM, fds), 0);
	s->stderr_fd = dup(STDERR_FILENO);
	s->log_fd = fds[0];
	(void)dup2(fds[1], STDERR_FILENO);
	(void)close(fds[1]);
	log_init_sink("mailwicket", master_log_sink, s->log);
	*state = s;
	return 0;
}

static int
tear_down(void **state)
{
	struct seen *s = *state;

	if (s->child != NULL) {
		child_kill(s->child);
		child_free(s->child);
	}
	log_init_stderr("test");
	master_log_free(s->log);
	(void)dup2(s->stderr_fd, STDERR_FILENO);
	(void)close(s->stderr_fd);
	(void)close(s->log_fd);
	loop_free(s->loop);
	free(s);
	return 0;
}

static void
read_log(struct seen *s)
{
	size_t used = strlen(s->text);
	ssize_t n;

	master_log_flush(s->log);
	n = read(s->log_fd, s->text + used, sizeof(s->text) - 1 - used);
	if (n > 0)
		s->text[used + (size_t)n] = '\0';
}

static void
on_time(void *arg)
{
	*(bool *)arg = true;
}

/* Turns the loop until the log holds text, or for NULL until the end. */
static void
wait_until(struct seen *s, const char *text)
{
	struct loop_timers timers;
	struct loop_timer timer = { .on = NULL };
	bool is_late = false;

	loop_timers_init(s->loop, &timers, WAIT_MS);
	loop_timer_start(&timers, &timer, on_time, &is_late);
	while (!is_late) {
		read_log(s);
		if (text == NULL ? s->has_ended :
		    strstr(s->text, text) != NULL)
			break;
		loop_turn(s->loop, true);
	}
	loop_timers_clear(&timers);
	if (is_late)
		print_error("no '%s' in: %s\n", text, s->text);
	assert_false(is_late);
}

static void
start_as(struct seen *s, enum role_id role, const char *script,
    uint32_t lines)
{
	struct child_config config = {
		.loop = s->loop, .log = s->log, .path = FAKE_CHILD_PATH,
		.role = role, .log_lines_max = lines, .hooks = &hooks,
		.owner = s,
	};

	s->child = child_new(&config);
	assert_non_null(s->child);
	child_send_settings(s->child, (const uint8_t *)script,
	    strlen(script));
	child_send(s->child, MASTER_START);
}

static void
start(struct seen *s, const char *script)
{
	start_as(s, ROLE_ID_IMAP_LOGIN, script, 1000);
}

static void
test_life(void **state)
{
	struct seen *s = *state;
	char line[128];
	pid_t pid;

	start(s, "ready log:hello status:3,4 taken exit:0");
	pid = s->child->pid;
	wait_until(s, "hello");
	(void)snprintf(line, sizeof(line), "imap-login[%ld]: hello\n",
	    (long)pid);
	assert_non_null(strstr(s->text, line));
	wait_until(s, NULL);
	assert_int_equal(s->nready, 1);
	assert_int_equal(s->end.code, CLD_EXITED);
	assert_int_equal(s->end.status, 0);
}

static void
test_end_is_told(void **state)
{
	struct seen *s = *state;
	char text[128];

	start(s, "ready kill:9");
	wait_until(s, NULL);
	assert_int_equal(s->end.code, CLD_KILLED);
	assert_string_equal(child_end_text(&s->end, text, sizeof(text)),
	    "killed by signal 9 (SIGKILL)");
	s->end.code = CLD_EXITED;
	s->end.status = 80;
	assert_string_equal(child_end_text(&s->end, text, sizeof(text)),
	    "exit status 80 (privileges could not be given up)");
}

/* All that was logged before a death is read after it. */
static void
test_last_words(void **state)
{
	struct seen *s = *state;

	start(s, "log:one log:two raw:three kill:11");
	wait_until(s, NULL);
	read_log(s);
	assert_non_null(strstr(s->text, ": one\n"));
	assert_non_null(strstr(s->text, ": two\n"));
	assert_non_null(strstr(s->text, "]: error: three\n"));
}

static void
test_hostile_log(void **state)
{
	struct seen *s = *state;
	/* A record with control bytes, one with a wrong level, a short one. */
	static const char records[] =
	    "\x01\x02\x07\x00" "a\nb\x1b\x7f\xff" "c"
	    "\x01\x09\x02\x00" "xy"
	    "";

	start(s, "ready");
	wait_until(s, "START");
	child_free(s->child);
	s->child = NULL;
	start(s, "ready");
	wait_until(s, "START");
	/* The socket's other end, as the child would use it. */
	{
		int fds[2];

		assert_int_equal(sock_pair(SOCK_SEQPACKET, fds), 0);
		assert_true(dup2(fds[0], s->child->log.config.fd) != -1);
		assert_int_equal(send(fds[1], records, sizeof(records) - 1,
		    0), sizeof(records) - 1);
		loop_io_stop(&s->child->log.io);
		s->child->log.lines = 0;
		child_tick(s->child);
		(void)close(fds[0]);
		wait_until(s, "xy");
		(void)close(fds[1]);
	}
	assert_non_null(strstr(s->text, "]: a?b???c\n"));
	assert_non_null(strstr(s->text, "]: error: ????xy\n"));
}

static void
test_log_rate(void **state)
{
	struct seen *s = *state;

	start_as(s, ROLE_ID_IMAP_LOGIN,
	    "log:1 log:2 log:3 log:4 log:5 log:6 ready sleep:60000", 3);
	wait_until(s, "imap-login");
	while (s->nready == 0)
		loop_turn(s->loop, true);
	loop_turn(s->loop, false);
	read_log(s);
	assert_null(strstr(s->text, ": 4\n"));
	/* The next seconds bring the rest. */
	child_tick(s->child);
	loop_turn(s->loop, false);
	child_tick(s->child);
	loop_turn(s->loop, false);
	read_log(s);
	assert_non_null(strstr(s->text, ": 6\n"));
}

/* A packet of many lines takes the time of so many. */
static void
test_log_rate_of_packets(void **state)
{
	static const char many[] = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n";
	struct seen *s = *state;
	int fds[2];

	start_as(s, ROLE_ID_IMAP_LOGIN, "ready sleep:60000", 3);
	while (s->nready == 0)
		loop_turn(s->loop, true);
	loop_io_stop(&s->child->log.io);
	assert_int_equal(sock_pair(SOCK_SEQPACKET, fds), 0);
	assert_true(dup2(fds[0], s->child->log.config.fd) != -1);
	(void)close(fds[0]);
	assert_int_equal(send(fds[1], many, sizeof(many) - 1, 0),
	    sizeof(many) - 1);
	assert_int_equal(send(fds[1], "behind", 6, 0), 6);
	s->child->log.lines = 0;
	child_tick(s->child);
	wait_until(s, ": 11\n");
	for (unsigned int i = 0; i < 2; i++) {
		child_tick(s->child);
		loop_turn(s->loop, false);
	}
	read_log(s);
	assert_null(strstr(s->text, "behind"));
	child_tick(s->child);
	wait_until(s, "behind");
	(void)close(fds[1]);
}

/* Lines that come in crowds are read with pauses, and none is left over. */
static void
test_log_crowds(void **state)
{
	struct seen *s = *state;

	start(s, "log:1 log:2 log:3 log:4 log:5 log:6 ready sleep:50 "
	    "log:7 log:8 log:9 log:10 log:11 sleep:50 log:12 sleep:60000");
	wait_until(s, ": 6\n");
	wait_until(s, ": 11\n");
	wait_until(s, ": 12\n");
	assert_true(strstr(s->text, ": 1\n") < strstr(s->text, ": 11\n"));
}

/* What it has said is read before it is out of sight. */
static void
test_log_of_one_left(void **state)
{
	struct seen *s = *state;

	start(s, "log:last ready sleep:60000");
	/* As in a pause: the loop does not read it. */
	loop_io_stop(&s->child->log.io);
	while (s->nready == 0)
		loop_turn(s->loop, true);
	child_kill(s->child);
	child_free(s->child);
	s->child = NULL;
	read_log(s);
	assert_non_null(strstr(s->text, ": last\n"));
}

/* Each breaks the rules in its way, and dies for it. */
static void
test_violations(void **state)
{
	static const char *const scripts[] = {
		"taken sleep:60000",		/* before READY */
		"ready ready sleep:60000",
		"ready taken taken sleep:60000",
		"ready wanted sleep:60000",	/* not by a login process */
		"ready bytes:ffffffffffffffffffffffff sleep:60000",
		"ready bytes:000000006900000000000000 sleep:60000",
		"ready bytes:00000000e703000000000000 sleep:60000",
		"ready bytes:040000006900000000000000aabbccdd sleep:60000",
	};
	struct seen *s = *state;
	size_t i;

	for (i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		s->has_ended = false;
		s->nending = 0;
		s->text[0] = '\0';
		start(s, scripts[i]);
		wait_until(s, NULL);
		assert_int_equal(s->nending, 1);
		assert_int_equal(s->end.code, CLD_KILLED);
		assert_int_equal(s->end.status, SIGKILL);
		read_log(s);
		assert_non_null(strstr(s->text, "violation by imap-login["));
	}
}

static void
test_kept_only_when_asked(void **state)
{
	struct seen *s = *state;

	start(s, "ready");
	wait_until(s, "START");
	while (s->nready == 0)
		loop_turn(s->loop, true);
	s->child->asked_ms = clock_ms();
	child_send(s->child, MASTER_EVICT);
	wait_until(s, "EVICT");
	while (s->nkept == 0)
		loop_turn(s->loop, true);
	assert_int_equal(s->child->asked_ms, 0);
	assert_true(s->child->kept_ms > 0);
	/* The fake answers a second time, to no question. */
	child_send(s->child, MASTER_EVICT);
	wait_until(s, NULL);
	assert_int_equal(s->end.status, SIGKILL);
}

static void
test_auth_asks(void **state)
{
	struct seen *s = *state;

	start_as(s, ROLE_ID_AUTH, "ready wanted wanted hung:1234 log:end",
	    1000);
	wait_until(s, "end");
	while (s->hung == 0)
		loop_turn(s->loop, true);
	assert_int_equal(s->nwanted, 2);
	assert_int_equal(s->hung, 1234);
	child_leave(s->child);
	wait_until(s, NULL);
	assert_int_equal(s->end.status, 81);
}

static void
test_killed_in_time(void **state)
{
	struct seen *s = *state;

	start(s, "ready close sleep:60000");
	wait_until(s, "START");
	while (s->nending == 0)
		loop_turn(s->loop, true);
	assert_null(s->child->channel);
	s->child->kill_at_ms = clock_ms();
	child_tick(s->child);
	wait_until(s, NULL);
	assert_int_equal(s->end.status, SIGKILL);
}

static void
test_no_program(void **state)
{
	struct seen *s = *state;
	struct child_config config = {
		.loop = s->loop, .log = s->log, .path = "/nonexistent",
		.role = ROLE_ID_AUTH, .hooks = &hooks, .owner = s,
	};

	assert_null(child_new(&config));
}

#define TEST(name)							\
	cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(int argc, char *argv[])
{
	const struct CMUnitTest tests[] = {
		TEST(test_life),
		TEST(test_end_is_told),
		TEST(test_last_words),
		TEST(test_hostile_log),
		TEST(test_log_rate),
		TEST(test_log_rate_of_packets),
		TEST(test_log_crowds),
		TEST(test_log_of_one_left),
		TEST(test_violations),
		TEST(test_kept_only_when_asked),
		TEST(test_auth_asks),
		TEST(test_killed_in_time),
		TEST(test_no_program),
	};

	(void)argc;
	if (fake_child_is(argv[0]))
		return fake_child_main(argv[0]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
