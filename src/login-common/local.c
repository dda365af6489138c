/*
 * Sessions of users whose mail is on this machine.
 * Runs in: login processes.
 * Hostile input: none; the client's bytes are left where they are.
 * Never: names a user to the master; reads from a connection that was given
 * away.
 */
#include "login-common/local.h"

#include <bsd/string.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "ipc/login_auth.h"
#include "ipc/master_child.h"
#include "ipc/master_mail.h"
#include "lib/channel.h"
#include "lib/clock.h"
#include "lib/sock.h"
#include "lib/wire.h"
#include "login-common/backend.h"
#include "login-common/login_log.h"
#include "login-common/login_process.h"
#include "login-common/session.h"
#include "login-common/session_login.h"
#include "login-common/session_step.h"

/* Programs that are not ours expect a connection that waits. */
static int
local_block(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags == -1 ? -1 : fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
}

/*
 * Can the mail process go on with the connection itself?  Not over TLS, and
 * not when we have read what belongs to it, or owe the client something.
 */
static bool
local_can_hand_over(const struct session *s)
{
	return s->process->service->mail_handover && s->client.tls == NULL &&
	    buf_used(&s->client.in) == 0 && buf_used(&s->client.out) == 0;
}

static void
local_send(struct session *s, const struct mail_ticket *ticket,
    const char *tag, int fd)
{
	struct session_login *login = s->login;
	struct child_mail_start m = { .ticket = *ticket,
	    .is_relayed = !login->is_handed_over };
	uint8_t body[sizeof(m) + 8];
	struct wire_writer w;

	(void)strlcpy(m.tag, tag, sizeof(m.tag));
	login->local_id = ++s->process->last_local_id;
	wire_writer_init(&w, body, sizeof(body));
	child_mail_start_put(&w, &m);
	channel_send(s->process->master, CHILD_MAIL_START, login->local_id,
	    &w, fd);
	explicit_bzero(&m, sizeof(m));
}

/* The far end for the mail process, the near one as a mail host's. */
static int
local_pair(struct session *s)
{
	int fds[2];

	if (sock_pair(SOCK_STREAM, fds) == -1)
		return -1;
	if (local_block(fds[1]) == -1) {
		(void)close(fds[0]);
		(void)close(fds[1]);
		return -1;
	}
	backend_open(s, fds[0]);
	return fds[1];
}

/* No mail process: the client may try again. */
static void
local_give_up(struct session *s, const char *why)
{
	if (s->login->is_handed_over)
		(void)sock_nonblock(s->client.fd);
	s->login->is_handed_over = false;
	login_log_refused(s, why);
	session_refuse(s, LOGIN_ANSWER_TEMP, "", false);
}

void
local_start(struct session *s, const struct login_auth_local *m)
{
	bool is_relayed = !local_can_hand_over(s);
	const char *tag = s->process->protocol->local(s, &is_relayed);
	struct session_login *login = s->login;
	int fd = s->client.fd;

	memset(&login->route, 0, sizeof(login->route));
	login->route.naddrs = 1;
	login->next_addr = 1;
	login->backend_until_ms = clock_ms() +
	    s->process->set->login_proxy_timeout_ms;
	login->is_handed_over = !is_relayed;
	s->is_local = true;
	session_to(s, SESSION_LOCAL);
	if (is_relayed)
		fd = local_pair(s);
	else if (local_block(fd) == -1)
		fd = -1;
	if (fd == -1) {
		local_give_up(s, "no-connection");
		return;
	}
	local_send(s, &m->ticket, tag, fd);
	if (is_relayed)
		(void)close(fd);
}

void
local_step(struct session *s)
{
	if (!s->login->is_handed_over)
		(void)session_read_client(s);
}

void
local_timeout(void *arg)
{
	struct session *s = arg;

	if (backend_has_time(s))
		return;
	/* Who has the connection now is not known: not a word more. */
	if (s->login->is_handed_over) {
		login_log_refused(s, "mail-process-timeout");
		session_die(s);
		return;
	}
	local_give_up(s, "mail-process-timeout");
	session_run_later(s);
}

static struct session *
local_find(struct login_process *process, uint32_t id)
{
	struct session *s;

	TAILQ_FOREACH(s, &process->waiting, entry)
		if (s->state == SESSION_LOCAL && !s->is_dead &&
		    s->login->local_id == id)
			return s;
	return NULL;
}

/* The client is the mail process's now. */
static void
local_handed_over(struct session *s)
{
	login_log_login(s);
	session_die(s);
}

void
local_started(struct login_process *process, uint32_t id,
    const struct master_mail_started *m)
{
	static const char *const words[] = {
		[MASTER_MAIL_OK] = "none",
		[MASTER_MAIL_FULL] = "mail-process-limit",
		[MASTER_MAIL_REFUSED] = "mail-process-refused",
		[MASTER_MAIL_FAILED] = "mail-process-failed",
	};
	struct session *s = local_find(process, id);

	if (s == NULL)
		return;
	s->login->mail_pid = m->pid;
	if (m->result != MASTER_MAIL_OK)
		local_give_up(s, words[m->result]);
	else if (s->login->is_handed_over)
		local_handed_over(s);
	else
		session_to(s, SESSION_BACKEND_LOGIN);
	session_run(s);
}
