/* service and room: how many children, throttle, spares, eviction, reload. */
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
#include <sys/socket.h>
#include <unistd.h>

#include "config/settings.h"
#include "fake_child.h"
#include "lib/clock.h"
#include "lib/loop.h"
#include "lib/netaddr.h"
#include "lib/sock.h"
#include "master/listeners.h"
#include "master/master_log.h"
#include "master/room.h"
#include "master/service.h"

#define WAIT_MS		5000
#define STEP_MS		10

struct bed {
	struct loop		*loop;
	struct master_log	*log;
	struct service		 service;
	struct listeners	 listeners;
	struct loop_timers	 steps;
	struct loop_timer	 step;
	uint64_t		 now_ms;	/* stopped clock; 0: it runs */
	const char		*script;
	int			 saved_stderr;
	int			 nstarted, nready, nended, nearly;
	int			 nwanted;
	pid_t			 hung;
};

static void
on_started(struct service *s, struct child *c)
{
	struct bed *b = s->owner;

	b->nstarted++;
	child_send_settings(c, (const uint8_t *)b->script,
	    strlen(b->script));
	child_send(c, MASTER_START);
}

static void
on_ready(struct service *s, struct child *c)
{
	struct bed *b = s->owner;

	(void)c;
	b->nready++;
}

static void
on_changed(struct service *s)
{
	(void)s;
}

static void
on_ended(struct service *s, struct child *c, const struct child_end *end,
    bool is_early)
{
	struct bed *b = s->owner;

	(void)end;
	b->nended += c != NULL;
	b->nearly += is_early;
}

static void
on_worker_wanted(struct service *s, struct child *c)
{
	struct bed *b = s->owner;

	(void)c;
	b->nwanted++;
}

static void
on_worker_hung(struct service *s, struct child *c, pid_t pid)
{
	struct bed *b = s->owner;

	(void)c;
	b->hung = pid;
}

static const struct service_hooks hooks = {
	.started = on_started, .ready = on_ready, .changed = on_changed,
	.ended = on_ended, .worker_wanted = on_worker_wanted,
	.worker_hung = on_worker_hung,
};

static int
set_up(void **state)
{
	struct bed *b = calloc(1, sizeof(*b));
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	assert_non_null(b);
	b->saved_stderr = dup(STDERR_FILENO);
	if (getenv("VERBOSE") == NULL)
		(void)dup2(null, STDERR_FILENO);
	(void)close(null);
	b->loop = loop_new();
	b->log = master_log_new(b->loop);
	log_init_sink("mailwicket", master_log_sink, b->log);
	service_init(&b->service, ROLE_ID_IMAP_LOGIN, b->loop, b->log,
	    &hooks, b);
	b->service.is_on = true;
	loop_timers_init(b->loop, &b->steps, STEP_MS);
	b->script = "ready";
	*state = b;
	return 0;
}

static int
tear_down(void **state)
{
	struct bed *b = *state;
	struct child *c;

	clock_set_for_test(0);
	TAILQ_FOREACH(c, &b->service.children, entry)
		child_kill(c);
	service_clear(&b->service);
	listeners_close(&b->listeners, NULL);
	loop_timers_clear(&b->steps);
	log_init_stderr("test");
	master_log_free(b->log);
	loop_free(b->loop);
	(void)dup2(b->saved_stderr, STDERR_FILENO);
	(void)close(b->saved_stderr);
	free(b);
	return 0;
}

static void
configure(struct bed *b, bool is_per_connection, uint32_t count, uint32_t max)
{
	struct service_policy policy = {
		.path = FAKE_CHILD_PATH,
		.is_per_connection = is_per_connection,
		.count = count,
		.max = max,
		.log_lines_max = 1000,
	};

	service_configure(&b->service, &policy);
}

/* Real time passes in turns; the service's clock may stand still. */
static void
turns(struct bed *b, unsigned int ms)
{
	unsigned int i;

	for (i = 0; i < ms / STEP_MS; i++) {
		(void)usleep(STEP_MS * 1000);
		loop_turn(b->loop, false);
	}
}

static void
pass(struct bed *b, uint64_t ms)
{
	b->now_ms += ms;
	clock_set_for_test(b->now_ms);
}

#define WAIT_FOR(b, condition) do {					\
	unsigned int left = WAIT_MS / STEP_MS;				\
									\
	while (!(condition) && left-- > 0)				\
		turns(b, STEP_MS);					\
	assert_true(condition);						\
} while (0)

static void
test_shared_count_is_kept(void **state)
{
	struct bed *b = *state;
	struct service *s = &b->service;

	configure(b, false, 3, 0);
	service_fill(s);
	WAIT_FOR(b, s->n[CHILD_IS_SERVING] == 3);
	service_fill(s);
	assert_int_equal(b->nstarted, 3);
	/* One that dies is replaced at once; a late death is no failure. */
	clock_set_for_test(clock_ms() + 2000);
	child_kill(TAILQ_FIRST(&s->children));
	WAIT_FOR(b, b->nended == 1);
	assert_int_equal(b->nearly, 0);
	service_fill(s);
	assert_int_equal(b->nstarted, 4);
	WAIT_FOR(b, s->n[CHILD_IS_SERVING] == 3);
	assert_int_equal(service_total(s), 3);
}

/* Those that serve do not make up for one that started later and failed. */
static void
test_throttle_beside_others(void **state)
{
	struct bed *b = *state;
	struct service *s = &b->service;

	b->now_ms = clock_ms();
	clock_set_for_test(b->now_ms);
	configure(b, false, 1, 0);
	service_fill(s);
	WAIT_FOR(b, s->n[CHILD_IS_SERVING] == 1);
	pass(b, 5000);
	s->policy.count = 2;
	b->script = "exit:1";
	service_fill(s);
	WAIT_FOR(b, b->nended == 1);
	pass(b, 1000);
	service_tick(s);
	assert_int_equal(s->nfailures, 1);
	service_fill(s);
	WAIT_FOR(b, b->nended == 2);
	service_fill(s);
	assert_int_equal(b->nstarted, 3);
	pass(b, 1000);
	service_fill(s);
	assert_int_equal(b->nstarted, 4);
}

/* Five that are killed at once are one failure. */
static void
test_throttle_of_a_crowd(void **state)
{
	struct bed *b = *state;
	struct service *s = &b->service;

	b->now_ms = clock_ms();
	clock_set_for_test(b->now_ms);
	b->script = "exit:1";
	configure(b, false, 5, 0);
	service_fill(s);
	assert_int_equal(b->nstarted, 5);
	pass(b, 10);
	WAIT_FOR(b, b->nended == 5);
	assert_int_equal(b->nearly, 5);
	assert_int_equal(s->nfailures, 1);
	service_fill(s);
	assert_int_equal(b->nstarted, 10);
	/* Their successors are the next. */
	pass(b, 10);
	WAIT_FOR(b, b->nended == 10);
	assert_int_equal(s->nfailures, 2);
	service_fill(s);
	assert_int_equal(b->nstarted, 10);
	pass(b, 1000);
	service_fill(s);
	assert_int_equal(b->nstarted, 15);
}

/* The first replacement comes at once, then after 1, 2, 4 ... 60 s. */
static void
test_throttle(void **state)
{
	static const uint32_t stalls[] = {
		0, 1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000,
	};
	struct bed *b = *state;
	struct service *s = &b->service;
	size_t i;

	b->now_ms = clock_ms();
	clock_set_for_test(b->now_ms);
	b->script = "exit:78";
	configure(b, false, 1, 0);
	for (i = 0; i < sizeof(stalls) / sizeof(stalls[0]); i++) {
		service_fill(s);
		assert_int_equal(b->nstarted, i + 1);
		WAIT_FOR(b, b->nended == (int)i + 1);
		assert_int_equal(b->nearly, i + 1);
		if (stalls[i] == 0)
			continue;
		service_fill(s);
		assert_int_equal(b->nstarted, i + 1);
		pass(b, stalls[i] - 1);
		service_fill(s);
		assert_int_equal(b->nstarted, i + 1);
		pass(b, 1);
	}
	/* One that serves for a second makes up for all. */
	b->script = "ready";
	service_fill(s);
	WAIT_FOR(b, s->n[CHILD_IS_SERVING] == 1);
	pass(b, 1001);
	service_tick(s);
	assert_int_equal(s->nfailures, 0);
}

static void
test_program_is_missing(void **state)
{
	struct bed *b = *state;
	struct service *s = &b->service;
	struct service_policy policy = { .path = "/nonexistent", .count = 2 };

	b->now_ms = clock_ms();
	clock_set_for_test(b->now_ms);
	service_configure(s, &policy);
	service_fill(s);
	service_fill(s);
	assert_int_equal(b->nearly, 1);
	pass(b, 1000);
	service_fill(s);
	assert_int_equal(b->nearly, 2);
	assert_int_equal(b->nended, 0);
	assert_int_equal(service_total(s), 0);
}

/* A crash by what a client sent must not stop the service. */
static void
test_death_with_client_is_no_failure(void **state)
{
	struct bed *b = *state;
	struct service *s = &b->service;

	b->script = "ready taken kill:11";
	configure(b, true, 1, 10);
	service_fill(s);
	WAIT_FOR(b, b->nended == 1);
	assert_int_equal(b->nearly, 0);
	assert_int_equal(s->nfailures, 0);
}

/* Clients that come faster than processes start do not make them breed. */
static void
test_spares_most(void **state)
{
	struct bed *b = *state;
	struct service *s = &b->service;
	int i;

	b->script = "ready taken";
	configure(b, true, 2, 1000);
	for (i = 0; i < 7; i++) {
		service_tick(s);
		service_fill(s);
		WAIT_FOR(b, s->n[CHILD_IS_SERVING] == 0 &&
		    s->n[CHILD_IS_STARTING] == 0);
		assert_true(s->spares <= SERVICE_SPARES_MOST);
	}
	assert_int_equal(s->spares, SERVICE_SPARES_MOST);
}

static void
test_spares(void **state)
{
	struct bed *b = *state;
	struct service *s = &b->service;

	b->script = "ready sleep:100 taken";
	configure(b, true, 2, 20);
	service_fill(s);
	assert_int_equal(b->nstarted, 2);
	WAIT_FOR(b, s->n[CHILD_IS_BUSY] == 2);
	/* All were used in this second: twice as many from now on. */
	assert_int_equal(s->spares, 4);
	b->script = "ready";
	service_fill(s);
	assert_int_equal(b->nstarted, 6);
	WAIT_FOR(b, s->n[CHILD_IS_SERVING] == 4);
	/* One fewer is wanted a second. */
	service_tick(s);
	assert_int_equal(s->spares, 4);
	service_tick(s);
	assert_int_equal(s->spares, 3);
	service_tick(s);
	assert_int_equal(s->spares, 2);
	assert_int_equal(s->n[CHILD_IS_SERVING], 4);
	/* Seconds later those that are too many are let go. */
	service_tick(s);
	assert_int_equal(s->n[CHILD_IS_SERVING], 2);
	WAIT_FOR(b, service_total(s) == 4);
	assert_int_equal(b->nearly, 0);
}

static void
test_processes_are_bounded(void **state)
{
	struct bed *b = *state;
	struct service *s = &b->service;

	b->script = "ready taken";
	configure(b, true, 2, 3);
	service_fill(s);
	WAIT_FOR(b, s->n[CHILD_IS_BUSY] == 2);
	service_fill(s);
	WAIT_FOR(b, s->n[CHILD_IS_BUSY] == 3);
	service_fill(s);
	service_tick(s);
	service_fill(s);
	assert_int_equal(b->nstarted, 3);
}

static void
listen_on(struct bed *b)
{
	struct netaddr addr;
	struct settings_service set = { .has_plain = true, .is_enabled = true };
	struct listeners_fault fault;

	assert_int_equal(netaddr_parse(&addr, "127.0.0.1", 9), 0);
	set.listen.items = &addr;
	set.listen.n = 1;
	assert_int_equal(listeners_open(&b->listeners, SERVICE_IMAP, &set,
	    NULL, 0, &fault), 0);
	b->service.listeners = &b->listeners;
}

static int
connect_to(struct bed *b)
{
	bool is_pending;
	int fd;

	fd = sock_connect(&b->listeners.items[0].is.addr, NULL, &is_pending);
	assert_true(fd != -1);
	return fd;
}

/* The oldest is asked first; one that keeps its client is passed over. */
static void
test_room_for_a_client(void **state)
{
	struct bed *b = *state;
	struct service *s = &b->service;
	struct child *first, *second;
	int fd;

	listen_on(b);
	configure(b, true, 1, 3);
	b->script = "ready taken";
	service_fill(s);
	WAIT_FOR(b, s->n[CHILD_IS_BUSY] == 1);
	b->script = "leave ready taken";
	service_fill(s);
	WAIT_FOR(b, s->n[CHILD_IS_BUSY] == 3);
	first = TAILQ_FIRST(&s->children);
	second = TAILQ_NEXT(first, entry);

	service_fill(s);
	assert_true(s->is_watching);
	turns(b, 50);
	/* Nobody waits: nobody is asked. */
	assert_null(s->asked);
	assert_int_equal(first->kept_ms, 0);

	fd = connect_to(b);
	WAIT_FOR(b, s->asked != NULL || first->kept_ms != 0);
	assert_false(s->is_watching);
	WAIT_FOR(b, b->nended == 1);
	assert_true(first->kept_ms != 0);
	assert_ptr_equal(TAILQ_FIRST(&s->children), first);
	assert_ptr_not_equal(TAILQ_NEXT(first, entry), second);
	b->script = "ready";
	service_fill(s);
	assert_int_equal(b->nstarted, 4);
	assert_false(s->is_watching);
	(void)close(fd);
}

/* Who relays is never asked; nobody to ask: no spinning. */
static void
test_no_room(void **state)
{
	struct bed *b = *state;
	struct service *s = &b->service;
	struct child *c;
	int fd;

	listen_on(b);
	configure(b, true, 1, 2);
	b->script = "leave ready taken status:0,1";
	service_fill(s);
	WAIT_FOR(b, s->n[CHILD_IS_BUSY] == 1);
	service_fill(s);
	WAIT_FOR(b, s->n[CHILD_IS_BUSY] == 2);
	TAILQ_FOREACH(c, &s->children, entry)
		WAIT_FOR(b, c->status.sessions == 1);
	fd = connect_to(b);
	service_fill(s);
	WAIT_FOR(b, s->is_out_of_room);
	service_fill(s);
	assert_false(s->is_watching);
	assert_int_equal(b->nended, 0);
	/* The next second looks again. */
	service_tick(s);
	service_fill(s);
	assert_true(s->is_watching);
	(void)close(fd);
}

static void
test_silent_one_is_passed_over(void **state)
{
	struct bed *b = *state;
	struct service *s = &b->service;
	int fd;

	listen_on(b);
	configure(b, true, 1, 1);
	b->script = "ready taken sleep:60000";
	service_fill(s);
	WAIT_FOR(b, s->n[CHILD_IS_BUSY] == 1);
	fd = connect_to(b);
	service_fill(s);
	WAIT_FOR(b, s->asked != NULL);
	clock_set_for_test(clock_ms() + 1500);
	service_tick(s);
	assert_null(s->asked);
	(void)close(fd);
}

static void
test_reload(void **state)
{
	struct bed *b = *state;
	struct service *s = &b->service;

	configure(b, false, 2, 0);
	service_fill(s);
	WAIT_FOR(b, s->n[CHILD_IS_SERVING] == 2);
	service_retire(s);
	service_fill(s);
	WAIT_FOR(b, s->n[CHILD_IS_SERVING] == 2);
	assert_int_equal(s->n[CHILD_IS_OLD], 2);
	assert_int_equal(b->nended, 0);
	service_drain_old(s);
	WAIT_FOR(b, b->nended == 2);
	assert_int_equal(service_total(s), 2);
	assert_int_equal(b->nearly, 0);
}

static void
test_retired_before_ready(void **state)
{
	struct bed *b = *state;
	struct service *s = &b->service;

	b->script = "sleep:100 ready";
	configure(b, false, 1, 0);
	service_fill(s);
	service_retire(s);
	service_drain_old(s);
	WAIT_FOR(b, b->nended == 1);
	assert_int_equal(b->nready, 1);
	assert_int_equal(b->nearly, 0);
}

/* As workers whose auth has died are: no failure, no pause. */
static void
test_left_before_ready(void **state)
{
	struct bed *b = *state;
	struct service *s = &b->service;

	b->script = "sleep:100 ready";
	configure(b, false, 1, 0);
	service_fill(s);
	child_leave(TAILQ_FIRST(&s->children));
	WAIT_FOR(b, b->nended == 1);
	assert_int_equal(b->nready, 0);
	assert_int_equal(b->nearly, 0);
	service_fill(s);
	assert_int_equal(b->nstarted, 2);
}

static void
test_stop(void **state)
{
	struct bed *b = *state;
	struct service *s = &b->service;

	configure(b, false, 2, 0);
	service_fill(s);
	WAIT_FOR(b, s->n[CHILD_IS_SERVING] == 2);
	s->is_on = false;
	service_leave(s);
	WAIT_FOR(b, b->nended == 2);
	assert_int_equal(b->nearly, 0);
	service_fill(s);
	assert_int_equal(b->nstarted, 2);
}

static void
test_listeners_stay_over_a_reload(void **state)
{
	struct bed *b = *state;
	struct settings_service set = { .has_plain = true, .is_enabled = true };
	struct netaddr addrs[2];
	struct listeners_fault fault;
	struct listeners new;
	uint16_t port;

	listen_on(b);
	port = b->listeners.items[0].is.addr.port;
	assert_true(port != 0);
	assert_int_equal(netaddr_parse(&addrs[0], "127.0.0.1", 9), 0);
	assert_int_equal(netaddr_parse(&addrs[1], "::1", 3), 0);
	set.listen.items = addrs;
	set.listen.n = 2;
	assert_int_equal(listeners_open(&new, SERVICE_IMAP, &set,
	    &b->listeners, 0, &fault), 0);
	assert_int_equal(new.n, 2);
	assert_int_equal(new.items[0].fd, b->listeners.items[0].fd);
	listeners_close(&b->listeners, &new);
	b->listeners = new;
	(void)close(connect_to(b));

	/* An address in use: the fault names it, the old ones stay. */
	addrs[0].port = port;
	assert_int_equal(listeners_open(&new, SERVICE_IMAP, &set,
	    &b->listeners, 0, &fault), -1);
	assert_non_null(strstr(fault.text, "imap: cannot listen on "
	    "127.0.0.1:"));
	(void)close(connect_to(b));
}

#define TEST(name)							\
	cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(int argc, char *argv[])
{
	const struct CMUnitTest tests[] = {
		TEST(test_shared_count_is_kept),
		TEST(test_throttle),
		TEST(test_throttle_beside_others),
		TEST(test_throttle_of_a_crowd),
		TEST(test_program_is_missing),
		TEST(test_death_with_client_is_no_failure),
		TEST(test_spares),
		TEST(test_spares_most),
		TEST(test_processes_are_bounded),
		TEST(test_room_for_a_client),
		TEST(test_no_room),
		TEST(test_silent_one_is_passed_over),
		TEST(test_reload),
		TEST(test_retired_before_ready),
		TEST(test_left_before_ready),
		TEST(test_stop),
		TEST(test_listeners_stay_over_a_reload),
	};

	(void)argc;
	if (fake_child_is(argv[0]))
		return fake_child_main(argv[0]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
