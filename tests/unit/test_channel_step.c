/* channel: blocking use, as before the jail and in the worker. */
#include "channel_end.h"

#include <time.h>

struct fixture {
	struct end	 a, b;		/* both blocking */
	int		 fds_before;
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	int fds[2];

	if (f == NULL)
		return -1;
	f->fds_before = unit_count_fds();
	assert_int_equal(sock_pair(SOCK_STREAM, fds), 0);
	end_open(&f->a, NULL, fds[0], CHANNEL_PEER_LOWER);
	end_open(&f->b, NULL, fds[1], CHANNEL_PEER_HIGHER);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;
	int left;

	channel_free(f->a.ch);
	channel_free(f->b.ch);
	left = unit_count_fds() - f->fds_before;
	free(f);
	return left == 0 ? 0 : -1;
}

static void
test_one_message_a_step(void **state)
{
	struct fixture *f = *state;
	uint32_t i;

	/* Also without a body, and with HELLO in the same read. */
	for (i = 0; i < 10; i++) {
		if (i % 2 == 0)
			channel_send_empty(f->a.ch, END_PLAIN, i);
		else
			end_send(&f->a, END_PLAIN, i, "body", 4);
	}
	/* Sending does not wait for a turn. */
	assert_int_equal(channel_queued(f->a.ch), 0);
	for (i = 0; i < 10; i++) {
		assert_int_equal(f->b.nmsgs, i);
		assert_int_equal(channel_step(f->b.ch), 0);
		assert_int_equal(f->b.nmsgs, i + 1);
		assert_int_equal(f->b.msgs[i].id, i);
	}
	channel_send_empty(f->b.ch, END_PLAIN, 7);
	assert_int_equal(channel_step(f->a.ch), 0);
	assert_int_equal(f->a.nmsgs, 1);
}

static void
test_end_after_the_last_message(void **state)
{
	struct fixture *f = *state;
	int i;

	for (i = 0; i < 5; i++)
		end_send(&f->a, END_PLAIN, 1, "last", 4);
	channel_free(f->a.ch);
	f->a.ch = NULL;
	for (i = 0; i < 5; i++)
		assert_int_equal(channel_step(f->b.ch), 0);
	assert_int_equal(channel_step(f->b.ch), -1);
	assert_int_equal(channel_step(f->b.ch), -1);
	assert_int_equal(f->b.nmsgs, 5);
	/* Talking to nobody does no harm. */
	end_send(&f->b, END_PLAIN, 1, "x", 1);
	end_send(&f->b, END_PLAIN, 1, "x", 1);
	assert_int_equal(channel_queued(f->b.ch), 0);
}

static void
test_end_without_hello(void **state)
{
	struct fixture *f = *state;
	struct end e;
	int fds[2];

	(void)f;
	assert_int_equal(sock_pair(SOCK_STREAM, fds), 0);
	end_open(&e, NULL, fds[0], CHANNEL_PEER_HIGHER);
	(void)close(fds[1]);
	assert_int_equal(channel_step(e.ch), -1);
	channel_free(e.ch);
}

static void
test_violation_ends(void **state)
{
	struct fixture *f = *state;

	log_set_level(LOG_LEVEL_ERROR);
	end_send(&f->b, END_PLAIN, 1, "good", 4);
	end_send(&f->b, END_UNKNOWN, 1, "bad", 3);
	end_send(&f->b, END_PLAIN, 1, "good", 4);
	assert_int_equal(channel_step(f->a.ch), 0);
	assert_int_equal(channel_step(f->a.ch), -1);
	assert_int_equal(channel_step(f->a.ch), -1);
	assert_int_equal(f->a.nmsgs, 1);
	log_set_level(LOG_LEVEL_INFO);
}

static void
test_turn_does_not_wait(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(channel_turn(f->b.ch), 0);
	assert_int_equal(channel_turn(f->b.ch), 0);
	assert_int_equal(f->b.nmsgs, 0);
	end_send(&f->a, END_PLAIN, 1, "one", 3);
	end_send(&f->a, END_PLAIN, 2, "two", 3);
	assert_int_equal(channel_turn(f->b.ch), 0);
	assert_int_equal(f->b.nmsgs, 2);
	/* What a step left behind comes with the next turn. */
	end_send(&f->a, END_PLAIN, 3, "three", 5);
	end_send(&f->a, END_PLAIN, 4, "four", 4);
	assert_int_equal(channel_step(f->b.ch), 0);
	assert_int_equal(f->b.nmsgs, 3);
	assert_int_equal(channel_turn(f->b.ch), 0);
	assert_int_equal(f->b.nmsgs, 4);
	end_send(&f->a, END_PLAIN, 5, "five", 4);
	channel_free(f->a.ch);
	f->a.ch = NULL;
	while (channel_turn(f->b.ch) == 0)
		assert_true(f->b.nmsgs <= 5);
	assert_int_equal(f->b.nmsgs, 5);
}

/* A child's way: steps until START, then a loop. */
static void
test_attach(void **state)
{
	struct fixture *f = *state;
	struct loop *loop = loop_new();
	int fds[2], received;

	assert_int_equal(pipe(fds), 0);
	end_send(&f->a, END_PLAIN, 1, "settings", 8);
	end_send_fd(&f->a, 2, fds[0]);
	end_send(&f->a, END_PLAIN, 3, "behind", 6);
	assert_int_equal(channel_step(f->b.ch), 0);
	assert_int_equal(f->b.nmsgs, 1);
	channel_attach(f->b.ch, loop);
	end_settle(loop);
	assert_int_equal(f->b.nmsgs, 3);
	received = f->b.msgs[1].fd;
	assert_true(received >= 0);
	assert_int_equal(close(received), 0);

	/* From now on output leaves at the end of a turn. */
	end_send(&f->b, END_PLAIN, 4, "answer", 6);
	assert_true(channel_queued(f->b.ch) > 0);
	end_settle(loop);
	assert_int_equal(channel_step(f->a.ch), 0);
	assert_int_equal(f->a.msgs[0].id, 4);
	channel_free(f->a.ch);
	f->a.ch = NULL;
	end_settle(loop);
	assert_int_equal(f->b.nclosed, 1);
	channel_free(f->b.ch);
	f->b.ch = NULL;
	loop_free(loop);
	(void)close(fds[0]);
	(void)close(fds[1]);
}

/* Another process answers slowly; big messages need both to move. */
static void
echo(void *arg)
{
	static uint8_t body[END_BODY_MAX];
	const struct timespec wait = { .tv_nsec = 2000 * 1000 };
	struct fixture *f = arg;
	size_t i;

	channel_free(f->a.ch);
	f->a.ch = NULL;
	for (i = 0; i < 100; i++) {
		if (i % 10 == 0)
			(void)nanosleep(&wait, NULL);
		if (channel_step(f->b.ch) == -1)
			_exit(1);
	}
	for (i = 0; i < 100; i++)
		end_send(&f->b, END_PLAIN, f->b.msgs[i].id, body,
		    f->b.msgs[i].len);
	channel_free(f->b.ch);
	_exit(0);
}

static void
test_between_processes(void **state)
{
	static uint8_t body[END_BODY_MAX];
	struct fixture *f = *state;
	int status = -1;
	size_t i;
	pid_t pid;

	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		echo(f);
	channel_free(f->b.ch);
	f->b.ch = NULL;
	/* More than the socket holds: sending waits. */
	for (i = 0; i < 100; i++)
		end_send(&f->a, END_PLAIN, (uint32_t)i, body, END_BODY_MAX);
	for (i = 0; i < 100; i++) {
		assert_int_equal(channel_step(f->a.ch), 0);
		assert_int_equal(f->a.msgs[i].id, i);
		assert_int_equal(f->a.msgs[i].len, END_BODY_MAX);
	}
	assert_int_equal(channel_step(f->a.ch), -1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

#define TEST(fn)	cmocka_unit_test_setup_teardown(fn, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_one_message_a_step),
		TEST(test_end_after_the_last_message),
		TEST(test_end_without_hello),
		TEST(test_violation_ends),
		TEST(test_turn_does_not_wait),
		TEST(test_attach),
		TEST(test_between_processes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
