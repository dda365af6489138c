/* loop: lists of timers, by the test's clock. */
#include "unit.h"

#include <time.h>

#include "lib/clock.h"
#include "lib/loop.h"

/*
 * The loop wakes by the kernel's clock and asks clock_ms() what is due: with
 * that clock moved by hand a list is looked at soon and shows what it would
 * do at that time.
 */
#define START_MS	1000000
#define SHORT_MS	2

struct fixture;

struct timer {
	struct loop_timer	 timer;
	struct fixture		*f;
	char			 letter;
	struct timer		*stops;		/* when it expires */
	struct timer		*restarts;	/* when it expires */
};

struct fixture {
	struct loop		*loop;
	struct loop_timers	 timers, others;
	struct timer		 t[4];
	uint64_t		 now_ms;
	char			 letters[64];
	size_t			 n;
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	size_t i;

	if (f == NULL)
		return -1;
	for (i = 0; i < UNIT_LENGTH(f->t); i++) {
		f->t[i].f = f;
		f->t[i].letter = (char)('a' + i);
	}
	f->now_ms = START_MS;
	clock_set_for_test(f->now_ms);
	f->loop = loop_new();
	loop_timers_init(f->loop, &f->timers, SHORT_MS);
	loop_timers_init(f->loop, &f->others, SHORT_MS * 2);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	loop_timers_clear(&f->timers);
	loop_timers_clear(&f->others);
	loop_free(f->loop);
	free(f);
	clock_set_for_test(0);
	return 0;
}

static void	start(struct timer *);

static void
on_timer(void *arg)
{
	struct timer *t = arg;

	assert_null(t->timer.on);
	assert_true(t->f->n < sizeof(t->f->letters) - 1);
	t->f->letters[t->f->n++] = t->letter;
	t->f->letters[t->f->n] = '\0';
	if (t->stops != NULL)
		loop_timer_stop(&t->stops->timer);
	if (t->restarts != NULL)
		start(t->restarts);
}

static void
start(struct timer *t)
{
	loop_timer_start(&t->f->timers, &t->timer, on_timer, t);
	assert_ptr_equal(t->timer.on, &t->f->timers);
}

static void
advance(struct fixture *f, uint64_t ms)
{
	f->now_ms += ms;
	clock_set_for_test(f->now_ms);
}

/* The letters of what expires now: turns for longer than any list is. */
static const char *
expired(struct fixture *f)
{
	struct timespec wait = { .tv_nsec = 1000 * 1000 };
	int i;

	f->n = 0;
	f->letters[0] = '\0';
	for (i = 0; i < 20; i++) {
		(void)nanosleep(&wait, NULL);
		loop_turn(f->loop, false);
	}
	return f->letters;
}

static void
test_in_order(void **state)
{
	struct fixture *f = *state;
	struct timer *t = f->t;

	start(&t[1]);
	start(&t[0]);
	advance(f, 1);
	start(&t[2]);
	assert_string_equal(expired(f), "");
	advance(f, 1);
	assert_string_equal(expired(f), "ba");
	assert_string_equal(expired(f), "");
	advance(f, 1);
	assert_string_equal(expired(f), "c");
	advance(f, 100);
	assert_string_equal(expired(f), "");
}

static void
test_restart_moves_to_the_end(void **state)
{
	struct fixture *f = *state;
	struct timer *t = f->t;

	start(&t[0]);
	start(&t[1]);
	advance(f, 1);
	start(&t[0]);
	advance(f, 1);
	assert_string_equal(expired(f), "b");
	advance(f, 1);
	assert_string_equal(expired(f), "a");
}

static void
test_stop(void **state)
{
	struct fixture *f = *state;
	struct timer *t = f->t;

	start(&t[0]);
	start(&t[1]);
	start(&t[2]);
	loop_timer_stop(&t[0].timer);
	loop_timer_stop(&t[0].timer);
	loop_timer_stop(&t[2].timer);
	assert_null(t[0].timer.on);
	advance(f, 2);
	assert_string_equal(expired(f), "b");
	/* Armed for one that was stopped: the next is not early. */
	start(&t[0]);
	advance(f, 1);
	start(&t[1]);
	loop_timer_stop(&t[0].timer);
	advance(f, 1);
	assert_string_equal(expired(f), "");
	advance(f, 1);
	assert_string_equal(expired(f), "b");
	/* All are stopped, then one is started again. */
	start(&t[0]);
	loop_timer_stop(&t[0].timer);
	assert_string_equal(expired(f), "");
	start(&t[0]);
	advance(f, 2);
	assert_string_equal(expired(f), "a");
}

static void
test_stop_inside_callback(void **state)
{
	struct fixture *f = *state;
	struct timer *t = f->t;

	t[0].stops = &t[1];	/* the next one, due as well */
	t[2].stops = &t[2];	/* itself: over already */
	start(&t[0]);
	start(&t[1]);
	start(&t[2]);
	start(&t[3]);
	advance(f, 2);
	assert_string_equal(expired(f), "acd");
}

static void
test_restart_inside_callback(void **state)
{
	struct fixture *f = *state;
	struct timer *t = f->t;

	t[0].restarts = &t[0];
	start(&t[0]);
	start(&t[1]);
	t[1].restarts = &t[2];	/* due in the same turn: put off */
	start(&t[2]);
	advance(f, 2);
	assert_string_equal(expired(f), "ab");
	advance(f, 1);
	assert_string_equal(expired(f), "");
	advance(f, 1);
	assert_string_equal(expired(f), "ac");
	advance(f, 2);
	assert_string_equal(expired(f), "a");
}

static void
test_moves_between_lists(void **state)
{
	struct fixture *f = *state;
	struct timer *t = f->t;

	start(&t[0]);
	start(&t[1]);
	loop_timer_start(&f->others, &t[0].timer, on_timer, &t[0]);
	assert_ptr_equal(t[0].timer.on, &f->others);
	advance(f, 2);
	assert_string_equal(expired(f), "b");
	advance(f, 2);
	assert_string_equal(expired(f), "a");
}

static void
test_clear(void **state)
{
	struct fixture *f = *state;
	struct timer *t = f->t;

	start(&t[0]);
	start(&t[1]);
	loop_timers_clear(&f->timers);
	assert_null(t[0].timer.on);
	assert_null(t[1].timer.on);
	advance(f, 10);
	assert_string_equal(expired(f), "");
	start(&t[1]);
	advance(f, 2);
	assert_string_equal(expired(f), "b");
}

/* With the real clock: never early, and the loop sleeps until then. */
static void
test_real_time(void **state)
{
	struct fixture *f = *state;
	struct loop_timers timers;
	uint64_t from;
	int turns = 0;

	clock_set_for_test(0);
	loop_timers_init(f->loop, &timers, 50);
	from = clock_ms();
	loop_timer_start(&timers, &f->t[0].timer, on_timer,
	    &f->t[0]);
	while (f->n == 0) {
		loop_turn(f->loop, true);
		turns++;
	}
	assert_true(clock_ms() >= from + 50);
	assert_true(turns < 20);
	loop_timers_clear(&timers);
}

#define TEST(fn)	cmocka_unit_test_setup_teardown(fn, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_in_order),
		TEST(test_restart_moves_to_the_end),
		TEST(test_stop),
		TEST(test_stop_inside_callback),
		TEST(test_restart_inside_callback),
		TEST(test_moves_between_lists),
		TEST(test_clear),
		TEST(test_real_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
