/*
 * login_process: what one login process owns, and when it ends.
 * Runs in: login processes.
 * Hostile input: none.
 * Never: ends while a session lives.
 */
#include "login-common/login_process.h"

#include "ipc/master_child.h"
#include "lib/channel.h"
#include "login-common/login_tls.h"

struct loop_timers *
login_process_timers(struct login_process *process, uint64_t ms)
{
	size_t i = 0;

	while (i + 1 < LOGIN_TIMERS_MAX &&
	    process->host_timers[i + 1].length_ms <= ms)
		i++;
	return &process->host_timers[i];
}

/* Who has logged in needs neither a handshake nor a signature any more. */
static void
login_process_check_end(struct login_process *process)
{
	if (!process->is_draining || process->nwaiting > 0)
		return;
	if (process->tls != NULL)
		login_tls_leave(process->tls);
	if (process->nrelayed == 0)
		loop_stop(process->loop);
}

static void
login_process_send_status(void *arg)
{
	struct login_process *process = arg;
	struct child_status m = { .waiting = process->nwaiting,
	    .sessions = process->nrelayed };
	struct wire_writer w;
	uint8_t body[16];

	wire_writer_init(&w, body, sizeof(body));
	child_status_put(&w, &m);
	channel_send(process->master, CHILD_STATUS, 0, &w, -1);
}

void
login_process_changed(struct login_process *process)
{
	login_process_check_end(process);
	if (process->status.on != NULL)
		return;
	loop_timer_start(&process->status_timers, &process->status,
	    login_process_send_status, process);
}

void
login_process_drain(struct login_process *process)
{
	process->is_draining = true;
	listeners_close(process);
	login_process_check_end(process);
}
