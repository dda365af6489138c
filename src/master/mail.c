/*
 * Mail processes: tickets for them, their start and their end.
 * Runs in: master.
 * Hostile input: what auth and login processes say; what mail programs log.
 * Never: starts one for root; reads what the client has sent.
 */
#include "master/mail.h"

#include <bsd/stdlib.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "config/settings.h"
#include "ipc/auth_choice.h"
#include "ipc/master_mail.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/proc.h"
#include "lib/rnd.h"
#include "lib/sock.h"
#include "lib/wire.h"
#include "lib/xmem.h"
#include "master/child.h"
#include "master/child_log.h"
#include "master/mail_env.h"
#include "master/master.h"
#include "master/service.h"

/* At most one line in this time says that there are too many. */
#define MAIL_WARN_MS		10000
/* The same of tickets that are none: who shows one may show many. */
#define MAIL_BAD_MS		1000
/* Lines of one mail process in a second. */
#define MAIL_LOG_LINES		100
/* A name in a log line. */
#define MAIL_LOG_USER_MAX	400

/* One user's place: a ticket, then a process. */
struct mail {
	TAILQ_ENTRY(mail)	 entry;
	struct mails		*all;
	pid_t			 auth;		/* that is to hear of it */
	struct master_auth	 which;		/* it is, of how many */
	uint32_t		 id;		/* by which */
	struct child_mail_ask	 who;
	/* until it was shown */
	struct mail_ticket	 ticket;
	uint64_t		 until_ms;
	/* from then on */
	bool			 is_relayed;
	pid_t			 pid;
	int			 pidfd;
	uint64_t		 started_ms;
	struct loop_io		 exit_io;
	struct child_log	 log;
};

void
mail_init(struct mails *all, struct master *m)
{
	memset(all, 0, sizeof(*all));
	all->master = m;
	TAILQ_INIT(&all->tickets);
	TAILQ_INIT(&all->running);
}

void
mail_count(const struct mails *all, uint32_t *counts)
{
	const struct mail *mail;

	TAILQ_FOREACH(mail, &all->running, entry)
		counts[mail->who.service]++;
}

static struct child *
mail_auth(const struct mails *all, pid_t pid)
{
	struct child *c;

	TAILQ_FOREACH(c, &all->master->services[MASTER_AUTH].children, entry)
		if (c->pid == pid)
			return c;
	return NULL;
}

/* Is the auth process that knows of the place one that is asked now? */
static bool
mail_has_owner(const struct mail *mail)
{
	const struct child *auth = mail_auth(mail->all, mail->auth);

	return auth != NULL &&
	    mail->all->master->auths[auth->self.index] == auth;
}

static void
mail_tell_one(struct mail *mail, struct child *auth)
{
	struct master_mail_session m = { .service = mail->who.service,
		.rip = mail->who.rip };
	uint8_t body[sizeof(m) + 8];
	struct wire_writer w;

	memcpy(m.user, mail->who.user, sizeof(m.user));
	mail->auth = auth->pid;
	mail->which = auth->self;
	mail->id = MASTER_MAIL_ADOPTED | ++mail->all->last_id;
	wire_writer_init(&w, body, sizeof(body));
	master_mail_session_put(&w, &m);
	child_send_mail(auth, MASTER_MAIL_SESSION, mail->id, &w);
}

/*
 * The auth process that is asked about the user: as many of them as before
 * share users as before.  Of another number of them it is the one by his name
 * here, which is most often the one that he has typed.
 */
static uint32_t
mail_auth_index(const struct mail *mail)
{
	const struct master *m = mail->all->master;
	const char *user = mail->who.user;

	if (mail->which.count == m->nauths)
		return mail->which.index;
	return auth_choice(user, strlen(user),
	    m->settings->auth_master_user_separator) % m->nauths;
}

/* Whose user it is now; one that does not serve yet asks when it does. */
static void
mail_find_owner(struct mail *mail)
{
	const struct master *m = mail->all->master;
	struct child *auth;

	if (mail_has_owner(mail) || m->nauths == 0)
		return;
	auth = m->auths[mail_auth_index(mail)];
	if (auth != NULL && auth->state == CHILD_IS_SERVING)
		mail_tell_one(mail, auth);
}

void
mail_tell(struct mails *all)
{
	struct mail *mail;

	TAILQ_FOREACH(mail, &all->running, entry)
		mail_find_owner(mail);
}

/* The place is free; auth hears of it once. */
static void
mail_free(struct mail *mail)
{
	struct child *auth = mail_auth(mail->all, mail->auth);

	if (auth != NULL)
		child_send_mail(auth, MASTER_MAIL_ENDED, mail->id, NULL);
	freezero(mail, sizeof(*mail));
}

static void
mail_drop_ticket(struct mail *mail)
{
	TAILQ_REMOVE(&mail->all->tickets, mail, entry);
	mail->all->ntickets--;
	mail_free(mail);
}

void
mail_tick(struct mails *all)
{
	struct mail *mail, *next;
	const uint64_t now = clock_ms();

	TAILQ_FOREACH_SAFE(mail, &all->tickets, entry, next)
		if (mail->until_ms <= now)
			mail_drop_ticket(mail);
	TAILQ_FOREACH(mail, &all->running, entry)
		child_log_tick(&mail->log);
}

/* Auth asks. */

static bool
mail_id_is_valid(uint32_t id, uint32_t first, uint32_t last)
{
	return id != 0 && id >= first && (last == 0 || id <= last);
}

/* Auth has looked at the same; who starts processes looks again. */
static bool
mail_is_allowed(const struct master *m, const struct child_mail_ask *who)
{
	const struct settings_mail *s = &m->settings->mail;

	if (!m->has_root && (who->uid != geteuid() || who->gid != getegid()))
		return false;
	return mail_id_is_valid(who->uid, s->first_valid_uid,
	    s->last_valid_uid) && mail_id_is_valid(who->gid,
	    s->first_valid_gid, s->last_valid_gid) &&
	    (who->home[0] == '\0' || who->home[0] == '/');
}

static bool
mail_has_room(struct mails *all)
{
	const uint32_t max = all->master->settings->mail.max_mail_processes;
	uint64_t now = clock_ms();

	if (all->ntickets < MAIL_TICKETS_MAX &&
	    all->ntickets + all->nrunning < max)
		return true;
	if (all->warned_ms == 0 || now - all->warned_ms >= MAIL_WARN_MS) {
		all->warned_ms = now;
		log_warn("mail processes: %u run and %u are about to; "
		    "max_mail_processes = %u: users are refused",
		    all->nrunning, all->ntickets, max);
	}
	return false;
}

static enum master_mail_result
mail_verdict(struct mails *all, const struct child_mail_ask *who)
{
	char user[MAIL_LOG_USER_MAX];

	if (all->master->is_stopping)
		return MASTER_MAIL_FAILED;
	if (!mail_is_allowed(all->master, who)) {
		log_error("no mail process with uid=%u gid=%u for user=<%s>: "
		    "see first_valid_uid, first_valid_gid", who->uid,
		    who->gid, log_safe(user, sizeof(user), who->user,
		    strlen(who->user)));
		return MASTER_MAIL_REFUSED;
	}
	return mail_has_room(all) ? MASTER_MAIL_OK : MASTER_MAIL_FULL;
}

static bool
mail_is_known(const struct mail_head *head, pid_t auth, uint32_t id)
{
	const struct mail *mail;

	TAILQ_FOREACH(mail, head, entry)
		if (mail->auth == auth && mail->id == id)
			return true;
	return false;
}

/* A ticket for the login process that auth has named. */
static struct mail *
mail_new(struct mails *all, struct child *auth, uint32_t id,
    const struct child_mail_ask *who)
{
	struct mail *mail = xcalloc(1, sizeof(*mail));

	mail->all = all;
	mail->auth = auth->pid;
	mail->which = auth->self;
	mail->id = id;
	mail->who = *who;
	mail->pidfd = -1;
	rnd_bytes(&mail->ticket, sizeof(mail->ticket));
	mail->until_ms = clock_ms() + MAIL_TICKET_MS;
	TAILQ_INSERT_TAIL(&all->tickets, mail, entry);
	all->ntickets++;
	return mail;
}

int
mail_on_ask(struct service *s, struct child *auth, uint32_t id,
    const struct child_mail_ask *who)
{
	struct mails *all = &((struct master *)s->owner)->mails;
	struct master_mail_ticket m = { .result = MASTER_MAIL_OK };
	uint8_t body[sizeof(m) + 8];
	struct wire_writer w;

	if (id == 0 || (id & MASTER_MAIL_ADOPTED) != 0 ||
	    mail_is_known(&all->tickets, auth->pid, id) ||
	    mail_is_known(&all->running, auth->pid, id))
		return -1;
	m.result = (uint8_t)mail_verdict(all, who);
	if (m.result == MASTER_MAIL_OK)
		m.ticket = mail_new(all, auth, id, who)->ticket;
	wire_writer_init(&w, body, sizeof(body));
	master_mail_ticket_put(&w, &m);
	child_send_mail(auth, MASTER_MAIL_TICKET, id, &w);
	explicit_bzero(&m, sizeof(m));
	return 0;
}

/* A login process shows a ticket. */

/* In a time that does not depend on how much of it is right. */
static bool
mail_ticket_is(const struct mail_ticket *a, const struct mail_ticket *b)
{
	return ((a->high ^ b->high) | (a->low ^ b->low)) == 0;
}

static bool
mail_is_service(const struct child *login, uint8_t service)
{
	return login->config.role == (service == SERVICE_IMAP ?
	    ROLE_ID_IMAP_LOGIN : ROLE_ID_POP3_LOGIN);
}

/* The place of this ticket, if this process may have it; now it is used. */
static struct mail *
mail_redeem(struct mails *all, const struct child *login,
    const struct mail_ticket *ticket)
{
	struct mail *mail, *found = NULL;

	TAILQ_FOREACH(mail, &all->tickets, entry)
		if (mail_ticket_is(&mail->ticket, ticket))
			found = mail;
	if (found == NULL || found->until_ms <= clock_ms() ||
	    found->who.login != (uint32_t)login->pid ||
	    !mail_is_service(login, found->who.service))
		return NULL;
	TAILQ_REMOVE(&all->tickets, found, entry);
	all->ntickets--;
	explicit_bzero(&found->ticket, sizeof(found->ticket));
	return found;
}

static void
mail_log_end(const struct mail *mail, const struct child_end *end)
{
	bool is_good = end->code == CLD_EXITED && end->status == 0;
	char user[MAIL_LOG_USER_MAX], text[96], rip[NETADDR_TEXT_MAX];
	char session[4 * LOGIN_AUTH_SESSION_MAX + 1];

	/* The login process tells of the end of what it has relayed. */
	if (is_good && mail->is_relayed)
		return;
	(void)log_safe(user, sizeof(user), mail->who.user,
	    strlen(mail->who.user));
	(void)log_safe(session, sizeof(session), mail->who.session,
	    strlen(mail->who.session));
	log_info("disconnected: user=<%s> service=%s rip=%s session=%s "
	    "mail-process=%ld reason=%s%s%s secs=%llu", user,
	    service_name(mail->who.service), netaddr_text(&mail->who.rip, rip),
	    session, (long)mail->pid, is_good ? "" : "\"",
	    is_good ? "ended" : child_end_text(end, text, sizeof(text)),
	    is_good ? "" : "\"",
	    (unsigned long long)(clock_ms() - mail->started_ms) / 1000);
}

/* Its descriptors are closed; the process may go on. */
static void
mail_release(struct mail *mail)
{
	TAILQ_REMOVE(&mail->all->running, mail, entry);
	mail->all->nrunning--;
	loop_io_stop(&mail->exit_io);
	child_log_clear(&mail->log);
	(void)close(mail->pidfd);
}

static void
mail_on_exit(void *arg, unsigned int what)
{
	struct mail *mail = arg;
	siginfo_t info;

	(void)what;
	if (proc_wait(mail->pidfd, WNOHANG, &info) == -1)
		fatal(EX_OSERR, "waitid: %m");
	if (info.si_pid == 0)
		return;
	child_log_drain(&mail->log);
	mail_log_end(mail, &(struct child_end){ .code = info.si_code,
	    .status = info.si_status });
	mail_release(mail);
	mail_free(mail);
}

static int
mail_spawn(struct mail *mail, const struct mail_env *e, int fd, int log_fd)
{
	const struct master *m = mail->all->master;
	const struct settings_mail *s = &m->settings->mail;
	const struct proc_mail how = {
		.path = e->path, .argv = e->argv, .envp = e->envp,
		.fd = fd, .log_fd = log_fd, .has_root = m->has_root,
		.uid = mail->who.uid, .gid = mail->who.gid,
		.groups = s->groups, .ngroups = s->ngroups,
		.home = mail->who.home,
		.memory_bytes = s->mail_process_size_bytes,
	};

	mail->pid = proc_spawn_mail(&how, &mail->pidfd);
	return mail->pid == -1 ? -1 : 0;
}

/* The process runs: it is watched, and what it says is logged. */
static void
mail_run(struct mail *mail, int log_fd)
{
	struct mails *all = mail->all;

	mail->started_ms = clock_ms();
	TAILQ_INSERT_TAIL(&all->running, mail, entry);
	all->nrunning++;
	loop_io_start(all->master->loop, &mail->exit_io, mail->pidfd,
	    LOOP_READ, mail_on_exit, mail);
	child_log_start(&mail->log, &(struct child_log_config){
		.loop = all->master->loop,
		.log = all->master->log,
		.name = service_name(mail->who.service),
		.pid = mail->pid,
		.fd = log_fd,
		.lines_max = MAIL_LOG_LINES,
		.is_foreign = true,
	});
	mail_find_owner(mail);
}

static bool
mail_is_connection(int fd)
{
	int type = 0;
	socklen_t len = sizeof(type);

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 &&
	    type == SOCK_STREAM;
}

/* Starts the program for a place whose ticket was good. */
static enum master_mail_result
mail_start(struct mail *mail, const char *tag, int fd)
{
	const struct settings *set = mail->all->master->settings;
	const char *executable =
	    set->services[mail->who.service].mail_executable;
	struct mail_env env;
	int log[2], result;

	/* Who must end has been told: this one would live on. */
	if (mail->all->master->is_stopping)
		return MASTER_MAIL_FAILED;
	if (!mail_is_connection(fd))
		return MASTER_MAIL_REFUSED;
	if (mail_env_make(&env, executable, &mail->who, tag) == -1) {
		log_error("%s: arguments or environment are too long",
		    executable);
		return MASTER_MAIL_FAILED;
	}
	if (sock_pair(SOCK_SEQPACKET, log) == -1) {
		log_error("%s: not started: %m", env.path);
		return MASTER_MAIL_FAILED;
	}
	result = mail_spawn(mail, &env, fd, log[1]);
	if (result == -1)
		log_error("%s: not started for uid %u: %m", env.path,
		    mail->who.uid);
	(void)close(log[1]);
	if (result == -1)
		(void)close(log[0]);
	else
		mail_run(mail, log[0]);
	return result == -1 ? MASTER_MAIL_FAILED : MASTER_MAIL_OK;
}

static void
mail_warn_bad(struct mails *all, const struct child *login)
{
	uint64_t now = clock_ms();

	if (all->bad_ms != 0 && now - all->bad_ms < MAIL_BAD_MS) {
		all->nbad++;
		return;
	}
	log_warn("%s[%ld]: shows a ticket that is none (and %u such before)",
	    child_name(login), (long)login->pid, all->nbad);
	all->bad_ms = now;
	all->nbad = 0;
}

int
mail_on_start(struct service *s, struct child *login, uint32_t id,
    const struct child_mail_start *shown, int fd)
{
	struct mails *all = &((struct master *)s->owner)->mails;
	struct master_mail_started m = { .result = MASTER_MAIL_REFUSED };
	struct mail *mail = mail_redeem(all, login, &shown->ticket);
	uint8_t body[sizeof(m)];
	struct wire_writer w;

	if (mail == NULL) {
		mail_warn_bad(all, login);
	} else {
		mail->is_relayed = shown->is_relayed;
		m.result = (uint8_t)mail_start(mail, shown->tag, fd);
		if (m.result == MASTER_MAIL_OK)
			m.pid = (uint32_t)mail->pid;
		else
			mail_free(mail);
	}
	(void)close(fd);
	wire_writer_init(&w, body, sizeof(body));
	master_mail_started_put(&w, &m);
	child_send_mail(login, MASTER_MAIL_STARTED, id, &w);
	return 0;
}

/* The end. */

void
mail_end_all(struct mails *all)
{
	struct mail *mail;

	TAILQ_FOREACH(mail, &all->running, entry)
		if (syscall(SYS_pidfd_send_signal, mail->pidfd, SIGTERM, NULL,
		    0) == -1 && errno != ESRCH)
			log_error("%s[%ld]: cannot be ended: %m",
			    service_name(mail->who.service),
			    (long)mail->pid);
}

void
mail_clear(struct mails *all)
{
	struct mail *mail;

	while ((mail = TAILQ_FIRST(&all->tickets)) != NULL)
		mail_drop_ticket(mail);
	while ((mail = TAILQ_FIRST(&all->running)) != NULL) {
		mail_release(mail);
		mail_free(mail);
	}
}
