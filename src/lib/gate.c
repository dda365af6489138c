/*
 * gate: where spare processes wait for a client together.
 * Runs in: login processes that serve one client each.
 * Hostile input: none.
 * Never: wakes more than one process for a client.
 */
#include "lib/gate.h"

#include <errno.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sysexits.h>

#include "lib/log.h"

static void
gate_add(int gate, int fd, uint32_t events, size_t index)
{
	struct epoll_event ev = { .events = events, .data.u64 = index };

	if (epoll_ctl(gate, EPOLL_CTL_ADD, fd, &ev) == -1)
		fatal(EX_OSERR, "gate: %m");
}

int
gate_open(const int *fds, size_t n, int other)
{
	int gate = epoll_create1(EPOLL_CLOEXEC);
	size_t i;

	if (gate == -1)
		fatal(EX_OSERR, "gate: %m");
	for (i = 0; i < n; i++)
		gate_add(gate, fds[i], EPOLLIN | EPOLLEXCLUSIVE, i);
	gate_add(gate, other, EPOLLIN, n);
	return gate;
}

size_t
gate_wait(int gate, size_t n)
{
	struct epoll_event ev;
	int got;

	do {
		got = epoll_wait(gate, &ev, 1, -1);
	} while (got == -1 && errno == EINTR);
	if (got != 1 || ev.data.u64 > n)
		fatal(EX_OSERR, "gate: %m");
	return (size_t)ev.data.u64;
}
