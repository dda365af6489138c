/*
 * child_setup: what every child does with the first messages of its master.
 */
#ifndef IPC_CHILD_SETUP_H
#define IPC_CHILD_SETUP_H

#include "lib/wire.h"

struct buf;

/* SETTINGS_PART: appends it; -1 when malformed or over the buf's bound. */
int	child_setup_settings(struct buf *, struct wire_reader *);
/* LOG_FALLBACK: from now on lines go to fd, which is taken, without master. */
int	child_setup_log(struct wire_reader *, int fd);

#endif
