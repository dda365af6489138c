/* worker_pool: order, deadlines, deaths, and how many workers there are. */
#include "unit.h"

#include <bsd/string.h>
#include <time.h>

#include "auth/worker_pool.h"
#include "fake_worker.h"
#include "lib/log.h"

#define TASKS	8
#define WORKERS	4

struct fixture;

struct job {
	struct worker_task	 task;
	struct fixture		*f;
	char			 name[32];
	unsigned int		 ndone, nfailed;
};

struct fixture {
	struct loop		*loop;
	struct worker_pool	 pool;
	struct worker_lane	 lanes[2];
	struct fake_worker	 w[WORKERS];
	struct job		 jobs[TASKS];
	unsigned int		 nwanted, nhung;
	uint32_t		 hung_pid;
};

static void
on_want(void *arg)
{
	((struct fixture *)arg)->nwanted++;
}

static void
on_hung(void *arg, uint32_t pid)
{
	struct fixture *f = arg;

	f->nhung++;
	f->hung_pid = pid;
}

static void
open_pool(struct fixture *f, uint32_t count_max, uint32_t timeout_ms,
    uint32_t idle_ms, uint32_t requests_max)
{
	struct worker_pool_config c = { .loop = f->loop,
		.count_max = count_max, .timeout_ms = timeout_ms,
		.idle_ms = idle_ms, .requests_max = requests_max,
		.want = on_want, .hung = on_hung, .arg = f };

	worker_pool_init(&f->pool, &c);
	worker_lane_init(&f->lanes[0]);
	worker_lane_init(&f->lanes[1]);
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return -1;
	log_set_level(LOG_LEVEL_ERROR);
	f->loop = loop_new();
	for (size_t i = 0; i < TASKS; i++) {
		f->jobs[i].f = f;
		(void)snprintf(f->jobs[i].name, sizeof(f->jobs[i].name),
		    "host%zu", i);
	}
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	worker_pool_clear(&f->pool);
	for (size_t i = 0; i < WORKERS; i++)
		channel_free(f->w[i].channel);
	loop_free(f->loop);
	free(f);
	return 0;
}

static void
put(void *arg, struct wire_writer *w)
{
	struct job *job = arg;
	struct auth_worker_resolve m = { .name = "" };

	(void)strlcpy(m.name, job->name, sizeof(m.name));
	auth_worker_resolve_put(w, &m);
}

static void
done(void *arg, const struct worker_answer *a)
{
	struct job *job = arg;

	if (a->outcome == WORKER_DONE) {
		assert_non_null(a->resolved);
		job->ndone++;
	} else {
		job->nfailed++;
	}
}

static const struct worker_work work = { AUTH_WORKER_RESOLVE, put, done };

static void
submit_to(struct fixture *f, size_t lane, size_t i)
{
	assert_int_equal(worker_pool_submit(&f->pool, &f->lanes[lane],
	    &f->jobs[i].task, &work, &f->jobs[i]), 0);
}

static void
submit(struct fixture *f, size_t i)
{
	submit_to(f, 0, i);
}

static void
add(struct fixture *f, size_t i)
{
	fake_worker_open(&f->w[i]);
	worker_pool_add(&f->pool, f->w[i].fd, (uint32_t)(100 + i));
}

/* Lets everything happen that can happen now. */
static void
settle(struct fixture *f)
{
	for (int turn = 0; turn < 4; turn++) {
		loop_turn(f->loop, false);
		for (size_t i = 0; i < WORKERS; i++)
			if (f->w[i].channel != NULL)
				(void)fake_worker_look(&f->w[i]);
	}
}

/* The same for some time. */
static void
wait_ms(struct fixture *f, unsigned int ms)
{
	struct timespec ts = { 0, 1000000 };

	for (unsigned int i = 0; i < ms; i++) {
		(void)nanosleep(&ts, NULL);
		settle(f);
	}
}

static void
answer(struct fixture *f, size_t i)
{
	struct auth_worker_resolved none = { .naddrs = 0 };

	fake_worker_say_resolved(&f->w[i], &none);
	settle(f);
}

static void
test_one_task(void **state)
{
	struct fixture *f = *state;

	open_pool(f, 2, 1000, 1000, 0);
	submit(f, 0);
	assert_int_equal(f->nwanted, 1);
	add(f, 0);
	settle(f);
	assert_int_equal(f->w[0].type, AUTH_WORKER_RESOLVE);
	assert_string_equal(f->w[0].resolve.name, "host0");
	assert_int_equal(f->jobs[0].ndone, 0);
	answer(f, 0);
	assert_int_equal(f->jobs[0].ndone, 1);
	assert_int_equal(f->jobs[0].nfailed, 0);
	wait_ms(f, 30);
	assert_int_equal(f->nwanted, 1);
}

/* In order, one at a time. */
static void
test_order(void **state)
{
	struct fixture *f = *state;
	char want[32];

	open_pool(f, 1, 1000, 1000, 0);
	for (size_t i = 0; i < TASKS; i++)
		submit(f, i);
	add(f, 0);
	for (size_t i = 0; i < TASKS; i++) {
		settle(f);
		(void)snprintf(want, sizeof(want), "host%zu", i);
		assert_string_equal(f->w[0].resolve.name, want);
		assert_int_equal(f->w[0].ntasks, i + 1);
		answer(f, 0);
		assert_int_equal(f->jobs[i].ndone, 1);
	}
	assert_int_equal(f->nwanted, 1);
}

/* More workers come one by one while work waits, never more than allowed. */
static void
test_growth(void **state)
{
	struct fixture *f = *state;

	open_pool(f, 3, 5000, 5000, 0);
	for (size_t i = 0; i < TASKS; i++)
		submit(f, i);
	assert_int_equal(f->nwanted, 1);
	wait_ms(f, 100);
	assert_int_equal(f->nwanted, 3);
	for (size_t i = 0; i < 3; i++)
		add(f, i);
	wait_ms(f, 50);
	assert_int_equal(f->nwanted, 3);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(f->w[i].ntasks, 1);
}

/* A worker that hangs is named to the master, its task goes to another. */
static void
test_hung(void **state)
{
	struct fixture *f = *state;

	open_pool(f, 2, 400, 5000, 0);
	add(f, 0);
	submit(f, 0);
	settle(f);
	assert_int_equal(f->w[0].ntasks, 1);
	for (int i = 0; i < 5000 && f->nhung == 0; i++)
		wait_ms(f, 1);
	assert_int_equal(f->nhung, 1);
	assert_int_equal(f->hung_pid, 100);
	assert_false(fake_worker_look(&f->w[0]));
	assert_int_equal(f->jobs[0].nfailed, 0);
	add(f, 1);
	settle(f);
	assert_string_equal(f->w[1].resolve.name, "host0");
	answer(f, 1);
	assert_int_equal(f->jobs[0].ndone, 1);
}

/* Two chances, not three. */
static void
test_two_deaths(void **state)
{
	struct fixture *f = *state;

	open_pool(f, 2, 1000, 1000, 0);
	add(f, 0);
	add(f, 1);
	submit(f, 0);
	settle(f);
	/* the one that came last is taken first */
	assert_int_equal(f->w[1].ntasks, 1);
	fake_worker_close(&f->w[1]);
	settle(f);
	assert_int_equal(f->w[0].ntasks, 1);
	assert_int_equal(f->jobs[0].nfailed, 0);
	fake_worker_close(&f->w[0]);
	settle(f);
	assert_int_equal(f->jobs[0].nfailed, 1);
	assert_int_equal(f->jobs[0].ndone, 0);
	assert_int_equal(f->nhung, 0);
	assert_int_equal(f->pool.nworkers, 0);
}

/* Nobody comes: the task fails at its deadline. */
static void
test_no_worker(void **state)
{
	struct fixture *f = *state;

	open_pool(f, 2, 40, 1000, 0);
	submit(f, 0);
	wait_ms(f, 60);
	assert_int_equal(f->jobs[0].nfailed, 1);
	assert_int_equal(f->pool.nqueued, 0);
}

/* T-A6: a cancelled task is forgotten, in the queue and at work. */
static void
test_cancel(void **state)
{
	struct fixture *f = *state;

	open_pool(f, 1, 1000, 1000, 0);
	add(f, 0);
	for (size_t i = 0; i < 3; i++)
		submit(f, i);
	settle(f);
	worker_pool_cancel(&f->jobs[0].task);
	worker_pool_cancel(&f->jobs[1].task);
	worker_pool_cancel(&f->jobs[1].task);
	memset(&f->jobs[0].task, 0xa5, sizeof(f->jobs[0].task));
	answer(f, 0);
	assert_int_equal(f->jobs[0].ndone + f->jobs[1].ndone, 0);
	assert_string_equal(f->w[0].resolve.name, "host2");
	answer(f, 0);
	assert_int_equal(f->jobs[2].ndone, 1);
	assert_int_equal(f->w[0].ntasks, 2);
}

/* One that hangs at a cancelled task is still given up. */
static void
test_cancelled_hung(void **state)
{
	struct fixture *f = *state;

	open_pool(f, 1, 40, 1000, 0);
	add(f, 0);
	submit(f, 0);
	settle(f);
	worker_pool_cancel(&f->jobs[0].task);
	wait_ms(f, 60);
	assert_int_equal(f->nhung, 1);
	assert_int_equal(f->jobs[0].nfailed, 0);
	assert_int_equal(f->pool.nworkers, 0);
}

static void
test_idle(void **state)
{
	struct fixture *f = *state;

	open_pool(f, 3, 1000, 30, 0);
	add(f, 0);
	add(f, 1);
	wait_ms(f, 80);
	assert_int_equal(f->pool.nworkers, 1);
}

/* A worker has so many requests, then another takes its place. */
static void
test_requests_max(void **state)
{
	struct fixture *f = *state;

	open_pool(f, 1, 1000, 1000, 2);
	add(f, 0);
	for (size_t i = 0; i < 3; i++)
		submit(f, i);
	settle(f);
	answer(f, 0);
	assert_int_equal(f->w[0].ntasks, 2);
	answer(f, 0);
	assert_int_equal(f->w[0].ntasks, 2);
	assert_false(fake_worker_look(&f->w[0]));
	assert_int_equal(f->pool.nworkers, 0);
	assert_int_equal(f->nwanted, 1);
	add(f, 1);
	settle(f);
	answer(f, 1);
	assert_int_equal(f->jobs[2].ndone, 1);
}

/* An answer that was not asked for costs the worker its life. */
static void
test_violations(void **state)
{
	struct fixture *f = *state;

	open_pool(f, 2, 1000, 1000, 0);
	add(f, 0);
	settle(f);
	answer(f, 0);
	assert_int_equal(f->pool.nworkers, 0);
	assert_int_equal(f->nhung, 1);
	add(f, 1);
	submit(f, 0);
	settle(f);
	fake_worker_say_verified(&f->w[1], AUTH_WORKER_MATCH);
	settle(f);
	assert_int_equal(f->nhung, 2);
	assert_int_equal(f->jobs[0].ndone, 0);
	add(f, 2);
	settle(f);
	f->w[2].id++;
	answer(f, 2);
	assert_int_equal(f->nhung, 3);
	assert_int_equal(f->jobs[0].ndone, 0);
	assert_int_equal(f->jobs[0].nfailed, 1);
}

/* One asker's many tasks do not hold up another's few. */
static void
test_turns(void **state)
{
	static const char *const want[] = { "host0", "host5", "host1",
	    "host6", "host2", "host3", "host4" };
	struct fixture *f = *state;

	open_pool(f, 1, 5000, 5000, 0);
	for (size_t i = 0; i < 5; i++)
		submit_to(f, 0, i);
	submit_to(f, 1, 5);
	submit_to(f, 1, 6);
	add(f, 0);
	for (size_t i = 0; i < UNIT_LENGTH(want); i++) {
		settle(f);
		assert_string_equal(f->w[0].resolve.name, want[i]);
		answer(f, 0);
	}
	assert_true(TAILQ_EMPTY(&f->pool.lanes));
	assert_int_equal(f->lanes[0].ntasks + f->lanes[1].ntasks, 0);
}

static void
test_lane_bound(void **state)
{
	struct fixture *f = *state;
	struct job *many = calloc(WORKER_LANE_MAX, sizeof(*many));

	assert_non_null(many);
	open_pool(f, 1, 1000, 1000, 0);
	for (size_t i = 0; i < WORKER_LANE_MAX; i++)
		assert_int_equal(worker_pool_submit(&f->pool, &f->lanes[0],
		    &many[i].task, &work, &many[i]), 0);
	assert_int_equal(worker_pool_submit(&f->pool, &f->lanes[0],
	    &f->jobs[0].task, &work, &f->jobs[0]), -1);
	submit_to(f, 1, 0);
	worker_pool_cancel(&f->jobs[0].task);
	for (size_t i = 0; i < WORKER_LANE_MAX; i++)
		worker_pool_cancel(&many[i].task);
	assert_int_equal(f->pool.nqueued, 0);
	free(many);
}

#define T(fn)	cmocka_unit_test_setup_teardown(fn, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_one_task),
		T(test_order),
		T(test_growth),
		T(test_hung),
		T(test_two_deaths),
		T(test_no_worker),
		T(test_cancel),
		T(test_cancelled_hung),
		T(test_idle),
		T(test_requests_max),
		T(test_violations),
		T(test_turns),
		T(test_lane_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
