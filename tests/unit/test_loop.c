/* loop: fds by edge and by level, deferred work, hooks and signals. */
#include "unit.h"

#include <signal.h>
#include <sys/socket.h>

#include "lib/loop.h"
#include "lib/sock.h"

/* What callbacks did, one letter each. */
static struct {
	char	letters[64];
	size_t	n;
} seen;

static void
note(char c)
{
	assert_true(seen.n < sizeof(seen.letters) - 1);
	seen.letters[seen.n++] = c;
	seen.letters[seen.n] = '\0';
}

/* What was noted since the last time. */
static const char *
noted(void)
{
	static char last[sizeof(seen.letters)];

	memcpy(last, seen.letters, seen.n + 1);
	seen.n = 0;
	seen.letters[0] = '\0';
	return last;
}

static int
setup(void **state)
{
	*state = loop_new();
	(void)noted();
	return 0;
}

static int
teardown(void **state)
{
	loop_free(*state);
	return 0;
}

static void
on_letter(void *arg)
{
	note(*(const char *)arg);
}

/* An end of a pair that notes what is ready: r, w or b for both. */
struct watcher {
	struct loop_io	 io;
	int		 fds[2];
	struct watcher	*stops;
	struct loop	*stops_loop;
};

static void
on_io(void *arg, unsigned int what)
{
	struct watcher *w = arg;

	note(what == LOOP_READ ? 'r' : what == LOOP_WRITE ? 'w' :
	    what == (LOOP_READ | LOOP_WRITE) ? 'b' : '?');
	if (w->stops != NULL)
		loop_io_stop(&w->stops->io);
	if (w->stops_loop != NULL)
		loop_stop(w->stops_loop);
}

static void
watch(struct loop *loop, struct watcher *w, unsigned int what)
{
	memset(w, 0, sizeof(*w));
	assert_int_equal(sock_pair(SOCK_STREAM, w->fds), 0);
	loop_io_start(loop, &w->io, w->fds[0], what, on_io, w);
	assert_true(w->io.is_on);
}

static void
unwatch(struct watcher *w)
{
	loop_io_stop(&w->io);
	loop_io_stop(&w->io);
	(void)close(w->fds[0]);
	(void)close(w->fds[1]);
}

static void
poke(const struct watcher *w)
{
	assert_int_equal(write(w->fds[1], "x", 1), 1);
}

static void
test_level(void **state)
{
	struct loop *loop = *state;
	struct watcher w;

	watch(loop, &w, LOOP_READ);
	loop_turn(loop, false);
	assert_string_equal(noted(), "");
	poke(&w);
	loop_turn(loop, true);
	loop_turn(loop, true);
	assert_string_equal(noted(), "rr");
	loop_io_stop(&w.io);
	assert_false(w.io.is_on);
	loop_turn(loop, false);
	assert_string_equal(noted(), "");
	/* Starting again tells what is there. */
	loop_io_start(loop, &w.io, w.fds[0], LOOP_READ | LOOP_WRITE, on_io,
	    &w);
	loop_turn(loop, true);
	assert_string_equal(noted(), "b");
	unwatch(&w);
}

static void
test_edge(void **state)
{
	struct loop *loop = *state;
	struct watcher w;

	watch(loop, &w, LOOP_READ | LOOP_WRITE | LOOP_EDGE);
	loop_turn(loop, false);
	assert_string_equal(noted(), "w");
	loop_turn(loop, false);
	assert_string_equal(noted(), "");
	poke(&w);
	loop_turn(loop, false);
	assert_string_equal(noted(), "b");
	/* Not read, and not told again. */
	loop_turn(loop, false);
	assert_string_equal(noted(), "");
	poke(&w);
	loop_turn(loop, false);
	assert_string_equal(noted(), "b");
	unwatch(&w);
}

static void
test_peer_gone(void **state)
{
	struct loop *loop = *state;
	struct watcher w;

	watch(loop, &w, LOOP_READ);
	assert_int_equal(shutdown(w.fds[1], SHUT_WR), 0);
	loop_turn(loop, true);
	assert_string_equal(noted(), "r");
	unwatch(&w);
}

/* One that is ready too, and stopped by a callback of the same turn. */
static void
test_stop_another(void **state)
{
	struct loop *loop = *state;
	struct watcher a, b;

	watch(loop, &a, LOOP_READ);
	watch(loop, &b, LOOP_READ);
	a.stops = &b;
	b.stops = &a;
	poke(&a);
	poke(&b);
	loop_turn(loop, true);
	assert_string_equal(noted(), "r");
	assert_int_equal(a.io.is_on + b.io.is_on, 1);
	unwatch(&a);
	unwatch(&b);
}

static void
test_stop_itself(void **state)
{
	struct loop *loop = *state;
	struct watcher w;

	watch(loop, &w, LOOP_READ | LOOP_EDGE);
	w.stops = &w;
	poke(&w);
	loop_turn(loop, true);
	poke(&w);
	loop_turn(loop, false);
	assert_string_equal(noted(), "r");
	unwatch(&w);
}

static void
test_run_and_stop(void **state)
{
	struct loop *loop = *state;
	struct loop_deferred d = { .is_queued = false };
	char letter = 'd';
	struct watcher w;

	watch(loop, &w, LOOP_READ);
	w.stops_loop = loop;
	poke(&w);
	loop_run(loop);
	assert_string_equal(noted(), "r");
	/* What was deferred before the stop is still done. */
	loop_defer(loop, &d, on_letter, &letter);
	loop_run(loop);
	assert_string_equal(noted(), "dr");
	unwatch(&w);
}

struct chain {
	struct loop		*loop;
	struct loop_deferred	 first, second;
};

static void
on_second(void *arg)
{
	(void)arg;
	note('2');
}

static void
on_first(void *arg)
{
	struct chain *c = arg;

	note('1');
	loop_defer(c->loop, &c->second, on_second, c);
}

static void
test_deferred(void **state)
{
	struct loop *loop = *state;
	struct loop_deferred d[3];
	struct chain chain = { .loop = loop };
	char letters[] = "abc";
	size_t i;

	memset(d, 0, sizeof(d));
	for (i = 0; i < 3; i++)
		loop_defer(loop, &d[i], on_letter, &letters[i]);
	/* Queued once, however often it is asked for. */
	loop_defer(loop, &d[0], on_letter, &letters[2]);
	assert_string_equal(noted(), "");
	loop_turn(loop, false);
	assert_string_equal(noted(), "abc");
	loop_turn(loop, false);
	assert_string_equal(noted(), "");

	for (i = 0; i < 3; i++)
		loop_defer(loop, &d[i], on_letter, &letters[i]);
	loop_undefer(loop, &d[1]);
	loop_undefer(loop, &d[1]);
	assert_false(d[1].is_queued);
	loop_turn(loop, false);
	assert_string_equal(noted(), "ac");

	/* What deferred work defers is done in the same turn. */
	loop_defer(loop, &chain.first, on_first, &chain);
	loop_turn(loop, false);
	assert_string_equal(noted(), "12");
}

/* Work that is never done. */
struct busy {
	struct loop		*loop;
	struct loop_deferred	 more;
	struct loop_timers	 timers;
	struct loop_timer	 timer;
	unsigned int		 ngoes;
};

/* More than a test can bear to wait for. */
#define GOES_MAX	100000

static void
on_more(void *arg)
{
	struct busy *b = arg;

	if (++b->ngoes < GOES_MAX)
		loop_defer(b->loop, &b->more, on_more, b);
}

/* It is done again and again, and others are heard all the same. */
static void
test_deferred_for_ever(void **state)
{
	struct loop *loop = *state;
	static struct busy b;
	static struct watcher w;
	static char letter = 't';
	const char *got;

	b.loop = loop;
	watch(loop, &w, LOOP_READ);
	poke(&w);
	loop_timers_init(loop, &b.timers, 0);
	loop_timer_start(&b.timers, &b.timer, on_letter, &letter);
	loop_defer(loop, &b.more, on_more, &b);
	loop_turn(loop, true);
	got = noted();
	assert_non_null(strchr(got, 'r'));
	assert_non_null(strchr(got, 't'));
	assert_true(b.ngoes <= 2);
	/* Nobody waits for fds while there is work. */
	loop_io_stop(&w.io);
	loop_turn(loop, true);
	loop_turn(loop, true);
	assert_true(b.ngoes >= 3 && b.ngoes <= 6);
	/* What was put off to the next turn can be called off. */
	loop_undefer(loop, &b.more);
	assert_false(b.more.is_queued);
	b.ngoes = 0;
	loop_turn(loop, false);
	assert_int_equal(b.ngoes, 0);
	loop_timers_clear(&b.timers);
	unwatch(&w);
}

/* Deferred in a callback: after all callbacks, before the turn is over. */
static void
on_io_defer(void *arg, unsigned int what)
{
	struct chain *c = arg;

	(void)what;
	note('i');
	loop_defer(c->loop, &c->second, on_second, c);
}

static void
test_deferred_by_callbacks(void **state)
{
	struct loop *loop = *state;
	struct chain chain = { .loop = loop };
	struct watcher a, b;

	watch(loop, &a, LOOP_READ);
	watch(loop, &b, LOOP_READ);
	loop_io_stop(&a.io);
	loop_io_stop(&b.io);
	loop_io_start(loop, &a.io, a.fds[0], LOOP_READ, on_io_defer, &chain);
	loop_io_start(loop, &b.io, b.fds[0], LOOP_READ, on_io_defer, &chain);
	poke(&a);
	poke(&b);
	loop_turn(loop, true);
	assert_string_equal(noted(), "ii2");
	unwatch(&a);
	unwatch(&b);
}

struct hooked {
	struct loop		*loop;
	struct loop_hook	 hook;
};

static void
on_hook_once(void *arg)
{
	struct hooked *h = arg;

	note('o');
	loop_hook_del(h->loop, &h->hook);
}

static void
test_hooks(void **state)
{
	struct loop *loop = *state;
	struct loop_deferred d = { .is_queued = false };
	struct hooked once = { .loop = loop };
	struct loop_hook h;
	char letters[] = "hd";
	const char *got;

	loop_hook_add(loop, &once.hook, on_hook_once, &once);
	loop_hook_add(loop, &h, on_letter, &letters[0]);
	loop_defer(loop, &d, on_letter, &letters[1]);
	loop_turn(loop, false);
	got = noted();
	/* After what was deferred; one that removes itself does no harm. */
	assert_memory_equal(got, "doh", 3);
	assert_null(strchr(got + 3, 'o'));
	loop_turn(loop, false);
	got = noted();
	assert_true(strlen(got) > 0);
	assert_int_equal(strspn(got, "h"), strlen(got));
	loop_hook_del(loop, &h);
	loop_turn(loop, false);
	assert_string_equal(noted(), "");
}

static void
test_signals(void **state)
{
	struct loop *loop = *state;
	char letters[] = "us";

	loop_signal(loop, SIGUSR1, on_letter, &letters[0]);
	loop_signal(loop, SIGUSR2, on_letter, &letters[1]);
	assert_int_equal(raise(SIGUSR1), 0);
	/* Not in signal context. */
	assert_string_equal(noted(), "");
	loop_turn(loop, true);
	assert_string_equal(noted(), "u");
	assert_int_equal(raise(SIGUSR2), 0);
	loop_turn(loop, true);
	assert_string_equal(noted(), "s");
	assert_int_equal(raise(SIGUSR1), 0);
	loop_turn(loop, true);
	assert_string_equal(noted(), "u");
	loop_turn(loop, false);
	assert_string_equal(noted(), "");
}

static void
test_no_fd_is_left(void **state)
{
	int before = unit_count_fds();
	struct loop *loop;
	char letter = 's';

	(void)state;
	loop = loop_new();
	loop_signal(loop, SIGUSR1, on_letter, &letter);
	loop_turn(loop, false);
	loop_free(loop);
	assert_int_equal(unit_count_fds(), before);
}

#define TEST(fn)	cmocka_unit_test_setup_teardown(fn, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_level),
		TEST(test_edge),
		TEST(test_peer_gone),
		TEST(test_stop_another),
		TEST(test_stop_itself),
		TEST(test_run_and_stop),
		TEST(test_deferred),
		TEST(test_deferred_for_ever),
		TEST(test_deferred_by_callbacks),
		TEST(test_hooks),
		TEST(test_signals),
		cmocka_unit_test(test_no_fd_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
