/* gate: one client wakes one process. */
#include "unit.h"

#include <poll.h>
#include <sys/socket.h>

#include "lib/gate.h"
#include "lib/netaddr.h"
#include "lib/sock.h"

#define WAITERS	6

struct fixture {
	int		lfd[2];
	struct netaddr	at[2];
	int		other[2];
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	size_t i;

	if (f == NULL)
		return -1;
	for (i = 0; i < 2; i++) {
		assert_int_equal(netaddr_parse(&f->at[i], "127.0.0.1", 9), 0);
		f->lfd[i] = sock_listen(&f->at[i], 16);
		assert_true(f->lfd[i] >= 0);
		assert_int_equal(sock_local(f->lfd[i], &f->at[i]), 0);
	}
	assert_int_equal(sock_pair(SOCK_STREAM, f->other), 0);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < 2; i++) {
		(void)close(f->lfd[i]);
		(void)close(f->other[i]);
	}
	free(f);
	return 0;
}

static int
client(const struct fixture *f, size_t i)
{
	bool is_pending;
	int fd = sock_connect(&f->at[i], NULL, &is_pending);

	assert_true(fd >= 0);
	return fd;
}

static void
test_which_one(void **state)
{
	struct fixture *f = *state;
	int gate = gate_open(f->lfd, 2, f->other[0]), cfd, fd;
	struct netaddr peer;
	size_t i;

	assert_true(fcntl(gate, F_GETFD) & FD_CLOEXEC);
	for (i = 0; i < 2; i++) {
		cfd = client(f, i);
		assert_int_equal(gate_wait(gate, 2), i);
		/* Level: told until it is taken. */
		assert_int_equal(gate_wait(gate, 2), i);
		fd = sock_accept(f->lfd[i], &peer);
		assert_true(fd >= 0);
		(void)close(fd);
		(void)close(cfd);
	}
	assert_int_equal(write(f->other[1], "x", 1), 1);
	assert_int_equal(gate_wait(gate, 2), 2);
	(void)close(gate);
	/* Without listeners there is still the other one. */
	gate = gate_open(NULL, 0, f->other[0]);
	assert_int_equal(gate_wait(gate, 0), 0);
	(void)close(gate);
}

/* Waits at a gate of its own and says each time that it was woken. */
static void
be_spare(const struct fixture *f, int to)
{
	int gate = gate_open(f->lfd, 2, f->other[0]), fd;
	struct netaddr peer;
	size_t i;

	(void)!write(to, "r", 1);
	while ((i = gate_wait(gate, 2)) < 2) {
		fd = sock_accept(f->lfd[i], &peer);
		(void)!write(to, fd == -1 ? "v" : "a", 1);
		if (fd != -1)
			(void)close(fd);
	}
	_exit(0);
}

static char
next(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	char c = 0;

	assert_int_equal(poll(&pfd, 1, 30000), 1);
	assert_int_equal(read(fd, &c, 1), 1);
	return c;
}

static void
test_each_client_is_accepted_once(void **state)
{
	struct fixture *f = *state;
	int fds[2], cfd[20], status;
	size_t i, naccepted = 0, nvain = 0;
	pid_t pids[WAITERS];

	assert_int_equal(pipe(fds), 0);
	for (i = 0; i < WAITERS; i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] == 0)
			be_spare(f, fds[1]);
	}
	for (i = 0; i < WAITERS; i++)
		assert_int_equal(next(fds[0]), 'r');
	for (i = 0; i < UNIT_LENGTH(cfd); i++) {
		cfd[i] = client(f, i % 2);
		while (naccepted <= i) {
			if (next(fds[0]) == 'a')
				naccepted++;
			else
				nvain++;
		}
	}
	/* The kernel may wake another one now and then, not all of them. */
	assert_true(nvain < UNIT_LENGTH(cfd) * (WAITERS - 1) / 2);
	/* The master is gone: all of them hear of it. */
	(void)shutdown(f->other[1], SHUT_RDWR);
	for (i = 0; i < WAITERS; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	for (i = 0; i < UNIT_LENGTH(cfd); i++)
		(void)close(cfd[i]);
	(void)close(fds[0]);
	(void)close(fds[1]);
}

#define TEST(fn)	cmocka_unit_test_setup_teardown(fn, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_which_one),
		TEST(test_each_client_is_accepted_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
