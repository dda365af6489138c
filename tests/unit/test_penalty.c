/* penalty: who waits, how long, and who does not, with a clock of its own. */
#include "unit.h"

#include "auth/penalty.h"
#include "lib/clock.h"
#include "lib/log.h"

#define MAX_MS		15000
#define TRIES		2000
#define START_MS	1000000

struct fixture {
	struct penalty		 p;
	uint64_t		 now;
	struct penalty_try	 tries[TRIES];
	enum { NOTHING, BEGAN, LATE }	 said[TRIES];
	unsigned int		 nwoken;
};

static struct fixture f;

static void
on_go(void *arg, bool may_begin)
{
	f.said[(struct penalty_try *)arg - f.tries] = may_begin ? BEGAN : LATE;
}

static void
on_wake(void *arg)
{
	(void)arg;
	f.nwoken++;
}

static int
setup(void **state)
{
	(void)state;
	memset(&f, 0, sizeof(f));
	log_set_level((enum log_level)(LOG_LEVEL_ERROR + 1));
	penalty_init(&f.p, MAX_MS);
	f.p.go = on_go;
	f.p.wake = on_wake;
	f.now = START_MS;
	clock_set_for_test(f.now);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	for (size_t i = 0; i < TRIES; i++)
		penalty_cancel(&f.p, &f.tries[i]);
	assert_int_equal(f.p.nwaiting, 0);
	penalty_clear(&f.p);
	clock_set_for_test(0);
	return 0;
}

/* Time goes by, and those whose turn it is are called. */
static void
pass(uint64_t ms)
{
	f.now += ms;
	clock_set_for_test(f.now);
	penalty_run(&f.p);
}

static enum penalty_answer
begin(size_t i, const char *rip, const char *user, const char *pass_word)
{
	struct netaddr addr;

	f.said[i] = NOTHING;
	f.tries[i].arg = &f.tries[i];
	if (rip != NULL)
		assert_int_equal(netaddr_parse(&addr, rip, strlen(rip)), 0);
	return penalty_begin(&f.p, &f.tries[i], rip == NULL ? NULL : &addr,
	    user, pass_word);
}

static void
fails(size_t i)
{
	penalty_failed(&f.p, &f.tries[i].mark);
	penalty_cancel(&f.p, &f.tries[i]);
}

static void
logs_in(size_t i)
{
	penalty_succeeded(&f.p, &f.tries[i].mark);
	penalty_cancel(&f.p, &f.tries[i]);
}

/* One wrong password after the other; each began at once. */
static void
guess(unsigned int n, const char *rip, const char *user)
{
	static unsigned int serial;
	char wrong[32];

	for (unsigned int i = 0; i < n; i++) {
		(void)snprintf(wrong, sizeof(wrong), "wrong%u", serial++);
		assert_int_equal(begin(i, rip, user, wrong), PENALTY_GO);
	}
	for (unsigned int i = 0; i < n; i++)
		fails(i);
}

/* How long somebody who comes now waits; the try is given up then. */
static uint64_t
waits(const char *rip, const char *user)
{
	const size_t i = TRIES - 1;
	uint64_t ms = 0;

	if (begin(i, rip, user, "?") == PENALTY_WAIT) {
		while (f.said[i] == NOTHING) {
			pass(100);
			ms += 100;
		}
	}
	penalty_cancel(&f.p, &f.tries[i]);
	return ms;
}

static void
test_grows(void **state)
{
	static const uint64_t want[] = { 1000, 2000, 4000, 8000, 15000, 15000,
		15000 };

	(void)state;
	assert_int_equal(waits("192.0.2.1", "joe"), 0);
	/* Each comes at once after the failure, and fails again. */
	for (size_t i = 0; i < UNIT_LENGTH(want); i++) {
		char user[16];

		(void)snprintf(user, sizeof(user), "user%zu", i);
		if (i == 0) {
			guess(1, "192.0.2.1", user);
		} else {
			assert_int_equal(begin(0, "192.0.2.1", user, "x"),
			    PENALTY_WAIT);
			pass(want[i - 1] - 100);
			assert_int_equal(f.said[0], NOTHING);
			pass(100);
			assert_int_equal(f.said[0], BEGAN);
			fails(0);
		}
		assert_int_equal(waits("192.0.2.2", "joe"), 0);
	}
	/* The time counts from the failure: who comes late does not wait. */
	pass(14000);
	assert_int_equal(waits("192.0.2.1", "joe"), 1000);
	assert_int_equal(waits("192.0.2.1", "joe"), 0);
}

static void
test_wears_off(void **state)
{
	(void)state;
	guess(6, "192.0.2.1", "joe");
	for (int left = 5; left > 0; left--)
		pass(MAX_MS);
	/* one is left, and that was long ago */
	assert_int_equal(waits("192.0.2.1", "joe"), 0);
	guess(1, "192.0.2.1", "ann");
	assert_int_equal(waits("192.0.2.1", "joe"), 2000);
	pass(3 * MAX_MS);
	guess(1, "192.0.2.1", "ann");
	assert_int_equal(waits("192.0.2.1", "joe"), 1000);
}

/* IPv6 clients have 64 bits to choose from; IPv4 ones do not. */
static void
test_prefix(void **state)
{
	(void)state;
	guess(5, "2001:db8:1:2:3:4:5:6", "joe");
	assert_int_equal(waits("2001:db8:1:2:9:9:9:9", "ann"), 15000);
	assert_int_equal(waits("2001:db8:1:3::", "ann"), 0);
	assert_int_equal(waits("192.0.2.1", "ann"), 0);
}

/* A hundred connections are no faster than one. */
static void
test_parallel(void **state)
{
	unsigned int began = 0, late = 0;
	char user[16];

	(void)state;
	guess(100, "192.0.2.1", "joe");
	for (size_t i = 0; i < 100; i++) {
		(void)snprintf(user, sizeof(user), "user%zu", i);
		assert_int_equal(begin(i, "192.0.2.1", user, user),
		    PENALTY_WAIT);
	}
	for (int t = 0; t < 300; t++) {
		pass(100);
		for (size_t i = 0; i < 100; i++) {
			if (f.said[i] == BEGAN) {
				began++;
				fails(i);
			}
			late += f.said[i] == LATE;
			f.said[i] = NOTHING;
		}
	}
	assert_int_equal(began, 1);
	assert_int_equal(late, 99);
	/* The burst is paid for: a quarter of an hour. */
	pass(10 * 60 * 1000);
	assert_int_not_equal(waits("192.0.2.1", "ann") +
	    (begin(0, "192.0.2.1", "ann", "x") == PENALTY_GO ? 0 : 1), 1);
	fails(0);
	assert_int_equal(waits("192.0.2.1", "ann"), 15000);
}

/* After few failures others are looked at together. */
static void
test_at_once(void **state)
{
	static const unsigned int want[] = { 8, 4, 2, 1 };

	(void)state;
	for (size_t level = 0; level < UNIT_LENGTH(want); level++) {
		unsigned int n = 0;
		char user[16];

		(void)snprintf(user, sizeof(user), "bad%zu", level);
		if (begin(99, "192.0.2.1", user, "x") == PENALTY_WAIT)
			while (f.said[99] == NOTHING)
				pass(100);
		fails(99);
		for (size_t i = 0; i < 20; i++) {
			(void)snprintf(user, sizeof(user), "user%zu.%zu",
			    level, i);
			(void)begin(i, "192.0.2.1", user, "right");
		}
		for (int t = 0; t < 150 && n == 0; t++) {
			pass(100);
			for (size_t i = 0; i < 20; i++)
				n += f.said[i] == BEGAN;
		}
		assert_int_equal(n, want[level]);
		/* One who has logged in makes room for the next, at once. */
		f.nwoken = 0;
		logs_in(0);
		assert_true(f.nwoken > 0);
		penalty_run(&f.p);
		assert_int_equal(f.said[n], BEGAN);
		for (size_t i = 1; i < 20; i++)
			penalty_cancel(&f.p, &f.tries[i]);
	}
}

/* Many addresses that guess the password of one user wait for each other. */
static void
test_user(void **state)
{
	char rip[32];

	(void)state;
	/* Joe has a good address. */
	assert_int_equal(begin(0, "198.51.100.1", "joe", "right"), PENALTY_GO);
	logs_in(0);
	for (unsigned int i = 0; i < PENALTY_USER_FREE; i++) {
		(void)snprintf(rip, sizeof(rip), "192.0.2.%u", i);
		assert_int_equal(waits("203.0.113.1", "joe"), 0);
		guess(1, rip, "joe");
	}
	assert_int_equal(waits("203.0.113.1", "joe"), 0);
	for (unsigned int i = 100; i < 105; i++) {
		(void)snprintf(rip, sizeof(rip), "192.0.2.%u", i);
		while (begin(0, rip, "joe", rip) != PENALTY_GO) {
			penalty_cancel(&f.p, &f.tries[0]);
			pass(500);
		}
		fails(0);
	}
	assert_true(waits("203.0.113.1", "joe") >= 4000);
	/* Nobody else waits, and joe does not where he was before. */
	assert_int_equal(waits("203.0.113.1", "ann"), 0);
	assert_int_equal(waits("198.51.100.1", "joe"), 0);
}

/* A good address is held back by its own failures with that name. */
static void
test_good(void **state)
{
	(void)state;
	assert_int_equal(begin(0, "192.0.2.1", "joe", "right"), PENALTY_GO);
	logs_in(0);
	guess(1, "192.0.2.1", "ann");
	assert_int_equal(waits("192.0.2.1", "bob"), 1000);
	pass(5000);
	guess(5, "192.0.2.1", "ann");
	assert_int_equal(waits("192.0.2.1", "joe"), 0);
	guess(5, "192.0.2.1", "joe");
	assert_int_equal(waits("192.0.2.1", "joe"), 15000);
	/* Not for ever. */
	pass(PENALTY_GOOD_MS);
	guess(5, "192.0.2.1", "ann");
	assert_int_equal(waits("192.0.2.1", "joe"), 15000);
}

/* A phone with an old password, and one that is in a hurry. */
static void
test_repeat(void **state)
{
	(void)state;
	guess(1, "192.0.2.1", "ann");
	for (int i = 0; i < 20; i++) {
		pass(30000);
		assert_int_equal(begin(0, "192.0.2.1", "joe", "old"),
		    PENALTY_GO);
		fails(0);
	}
	/* Only the first of them counted. */
	assert_int_equal(waits("192.0.2.1", "bob"), 0);
	for (int i = 0; i < 20; i++) {
		while (begin(0, "192.0.2.1", "ann", "other") != PENALTY_GO) {
			penalty_cancel(&f.p, &f.tries[0]);
			pass(100);
		}
		fails(0);
	}
	assert_int_equal(waits("192.0.2.1", "bob"), 1000);
	/* The same password of somebody else is a guess. */
	guess(0, "192.0.2.1", "bob");
	assert_int_equal(begin(0, "192.0.2.1", "bob", "other"), PENALTY_GO);
	fails(0);
	assert_int_equal(waits("192.0.2.1", "carl"), 2000);
}

/* Who logs in after all takes back what he did, and nothing else. */
static void
test_success(void **state)
{
	(void)state;
	guess(3, "192.0.2.1", "joe");
	pass(4000);
	assert_int_equal(begin(0, "192.0.2.1", "joe", "right"), PENALTY_GO);
	logs_in(0);
	guess(1, "192.0.2.1", "ann");
	assert_int_equal(waits("192.0.2.1", "bob"), 1000);
	/* An account of one's own does not help to guess others. */
	guess(4, "192.0.2.1", "bob");
	for (int i = 0; i < 10; i++) {
		assert_int_equal(begin(0, "192.0.2.1", "joe", "right"),
		    PENALTY_GO);
		logs_in(0);
	}
	assert_true(waits("192.0.2.1", "carl") > 8000);
}

static void
test_trusted(void **state)
{
	(void)state;
	for (int i = 0; i < 100; i++) {
		char user[16];

		(void)snprintf(user, sizeof(user), "user%d", i);
		guess(1, NULL, user);
	}
	assert_int_equal(waits(NULL, "joe"), 0);
	/* The users are still protected. */
	guess(PENALTY_USER_FREE + 5, NULL, "joe");
	assert_int_equal(waits(NULL, "joe"), 15000);
}

static void
test_verified(void **state)
{
	(void)state;
	guess(5, "192.0.2.1", "ann");
	pass(15000);
	assert_int_equal(begin(0, "192.0.2.1", "joe", "x"), PENALTY_GO);
	assert_int_equal(begin(1, "192.0.2.1", "bob", "x"), PENALTY_WAIT);
	penalty_run(&f.p);
	assert_int_equal(f.said[1], NOTHING);
	/* On its way to the mail host it does not hold back the next. */
	penalty_verified(&f.p, &f.tries[0].mark);
	assert_int_equal(f.nwoken, 1);
	penalty_run(&f.p);
	assert_int_equal(f.said[1], BEGAN);
	/* But the refusal there counts. */
	fails(0);
	penalty_cancel(&f.p, &f.tries[1]);
	assert_int_equal(waits("192.0.2.1", "carl"), 15000);
}

/* Tables and queues have bounds, and nobody is refused for the former. */
static void
test_bounds(void **state)
{
	struct netaddr addr = { .family = NETADDR_V4 };
	struct penalty_try t = { .arg = NULL };
	size_t nrefused = 0;

	(void)state;
	for (uint32_t i = 0; i < PENALTY_SOURCES_MAX + 1000; i++) {
		char user[16];

		memcpy(addr.ip, &i, sizeof(i));
		(void)snprintf(user, sizeof(user), "user%u", i);
		assert_int_equal(penalty_begin(&f.p, &t, &addr, user, "x"),
		    PENALTY_GO);
		if (i % 2 == 0)
			penalty_failed(&f.p, &t.mark);
		else
			penalty_succeeded(&f.p, &t.mark);
		penalty_cancel(&f.p, &t);
		memset(&t, 0, sizeof(t));
	}
	for (size_t i = 0; i < PENALTY_KINDS; i++)
		assert_true(f.p.tables[i].n <= PENALTY_SOURCES_MAX);
	guess(5, "192.0.2.1", "ann");
	for (size_t i = 0; i < PENALTY_WAITING_MAX + 10; i++)
		nrefused += begin(i, "192.0.2.1", "joe", "x") ==
		    PENALTY_REFUSE;
	assert_int_equal(nrefused, 10);
	assert_int_equal(f.p.nwaiting, PENALTY_WAITING_MAX);
	/* What has tries in flight is not forgotten. */
	for (uint32_t i = 0; i < 2 * PENALTY_SOURCES_MAX; i++) {
		uint32_t net = i | 1u << 24;

		memcpy(addr.ip, &net, sizeof(net));
		(void)penalty_begin(&f.p, &t, &addr, NULL, "x");
		penalty_failed(&f.p, &t.mark);
		penalty_cancel(&f.p, &t);
		memset(&t, 0, sizeof(t));
	}
	assert_int_equal(f.p.tables[PENALTY_ADDR].n, PENALTY_SOURCES_MAX);
	pass(15000);
	assert_int_equal(f.said[0], BEGAN);
	assert_int_equal(f.said[1], LATE);
}

static void
test_off(void **state)
{
	(void)state;
	f.p.max_ms = 0;
	guess(100, "192.0.2.1", "joe");
	assert_int_equal(waits("192.0.2.1", "joe"), 0);
	assert_int_equal(f.p.tables[PENALTY_ADDR].n, 0);
}

/* A try is given up in each of its states. */
static void
test_cancel(void **state)
{
	(void)state;
	guess(5, "192.0.2.1", "ann");
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(begin(i, "192.0.2.1", "joe", "x"),
		    PENALTY_WAIT);
	penalty_cancel(&f.p, &f.tries[1]);
	penalty_cancel(&f.p, &f.tries[1]);
	pass(15000);
	assert_int_equal(f.said[0], BEGAN);
	assert_int_equal(f.said[1], NOTHING);
	penalty_cancel(&f.p, &f.tries[0]);
	assert_int_equal(begin(3, "192.0.2.1", "joe", "x"), PENALTY_GO);
}

#define T(fn)	cmocka_unit_test_setup_teardown(fn, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_grows), T(test_wears_off), T(test_prefix),
		T(test_parallel), T(test_at_once), T(test_user),
		T(test_good), T(test_repeat), T(test_success),
		T(test_trusted), T(test_verified), T(test_bounds),
		T(test_off), T(test_cancel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
