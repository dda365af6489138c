/*
 * child_setup: what every child does with the first messages of its master.
 * Runs in: login processes, auth, auth-worker.
 * Hostile input: none; the master is trusted.
 * Never: keeps an fd of a message that does not decode.
 */
#include "ipc/child_setup.h"

#include <unistd.h>

#include "ipc/master_child.h"
#include "lib/buf.h"
#include "lib/log.h"

int
child_setup_settings(struct buf *settings, struct wire_reader *r)
{
	struct master_settings_part m;

	if (master_settings_part_get(r, &m) == -1)
		return -1;
	return buf_add(settings, m.data, m.len);
}

int
child_setup_log(struct wire_reader *r, int fd)
{
	struct master_log_fallback m;

	if (master_log_fallback_get(r, &m) == -1) {
		(void)close(fd);
		return -1;
	}
	log_set_fallback((enum log_fallback)m.kind, fd);
	return 0;
}
