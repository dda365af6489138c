/* status: the master's answer to STATUS, printed. */
#ifndef CTL_STATUS_H
#define CTL_STATUS_H

#include <stdbool.h>

struct master_link;

/* The suite and its processes by role and state; is_all: each of them. */
void	status_print(const struct master_link *, bool is_all);

#endif
