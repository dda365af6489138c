/*
 * gate: where spare processes wait for a client together.
 *
 * With an ordinary poll each client would wake all of them for one to serve
 * it.  A gate is an epoll of its own in which a listening socket wakes one
 * waiter only (EPOLLEXCLUSIVE), which the loop's cannot do.
 */
#ifndef LIB_GATE_H
#define LIB_GATE_H

#include <stddef.h>

/*
 * A gate over n listening sockets and one other fd, which is not shared.
 * Returns its fd; does not fail but by fatal().
 */
int	gate_open(const int *fds, size_t n, int other);
/* Waits: index of a listening socket that is ready, or n for the other fd. */
size_t	gate_wait(int gate, size_t n);

#endif
