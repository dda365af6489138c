/*
 * Has a tls-signer look at certificates and keys.
 * Runs in: master.
 * Hostile input: what that process says.
 * Never: waits for it once the suite runs; trusts a number of it.
 */
#include "master/certs_check.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "config/settings.h"
#include "ipc/cert_set.h"
#include "ipc/master_child.h"
#include "ipc/roles.h"
#include "lib/channel.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/memfile.h"
#include "lib/proc.h"
#include "lib/sock.h"
#include "lib/xmem.h"
#include "master/certs.h"

/* One packet of log records; a child sends at most 8 KiB. */
#define CHECK_LOG_PACKET	16384
#define CHECK_ROOT_TEMPLATE	"/tmp/mailwicket-check-XXXXXX"

/* One check under way. */
struct certs_check {
	struct certs_check_job	 job;
	struct loop		*loop;
	struct loop_deferred	 finish;
	struct loop_timers	 timers;
	struct loop_timer	 deadline;
	struct channel		*channel;	/* NULL: no process */
	pid_t			 pid;
	int			 pidfd, log_fd;
	char			 temporary[sizeof(CHECK_ROOT_TEMPLATE)];
	bool			 is_done;
};

static const struct certs_file check_nothing = {
	.path = "certificates", .setting = "tls-signer", .place = "check",
};

static int	check_on_cert(void *, uint32_t, struct wire_reader *, int);
static int	check_on_fault(void *, uint32_t, struct wire_reader *, int);
static int	check_on_done(void *, uint32_t, struct wire_reader *, int);

static const struct channel_row check_rows[] = {
	{ CHILD_TLS_CERT, "TLS_CERT", 1, 1,
	    sizeof(struct child_tls_cert) + 16, false, false, check_on_cert },
	{ CHILD_TLS_FAULT, "TLS_FAULT", 1, 1,
	    sizeof(struct child_tls_fault) + 16, false, false,
	    check_on_fault },
	{ CHILD_TLS_CHECKED, "TLS_CHECKED", 1, 0, 0, false, true,
	    check_on_done },
};

static struct certs_item *
check_item(const struct certs_check *k, uint16_t number)
{
	if (number == 0 || number > k->job.certs->n)
		return NULL;
	return &k->job.certs->items[number - 1];
}

static int
check_on_cert(void *endpoint, uint32_t id, struct wire_reader *r, int fd)
{
	struct certs_check *k = endpoint;
	struct child_tls_cert m;
	struct certs_item *item;

	(void)id;
	(void)fd;
	if (child_tls_cert_get(r, &m) == -1 ||
	    (item = check_item(k, m.key)) == NULL)
		return -1;
	item->info = m;
	item->has_info = true;
	return 0;
}

bool
certs_item_is_old(const struct certs *c, const struct certs_item *item,
    const struct certs *old)
{
	const uint8_t *a, *b;
	size_t a_len, b_len, i;
	bool is_same = false;

	if (old == NULL || old->certs_fd == -1)
		return false;
	a = memfile_map(c->certs_fd, CERT_SET_MAX, &a_len);
	b = memfile_map(old->certs_fd, CERT_SET_MAX, &b_len);
	for (i = 0; a != NULL && b != NULL && i < old->n && !is_same; i++)
		is_same = old->items[i].pem_len == item->pem_len &&
		    memcmp(a + item->pem_at, b + old->items[i].pem_at,
		    item->pem_len) == 0;
	memfile_unmap(a, a_len);
	memfile_unmap(b, b_len);
	return is_same;
}

static int
check_on_fault(void *endpoint, uint32_t id, struct wire_reader *r, int fd)
{
	struct certs_check *k = endpoint;
	const struct certs_check_job *job = &k->job;
	struct certs_item *item;
	struct child_tls_fault m;

	(void)id;
	(void)fd;
	if (child_tls_fault_get(r, &m) == -1)
		return -1;
	item = check_item(k, m.key);
	if (m.file == CHILD_TLS_FILE_CA || m.file == CHILD_TLS_FILE_HOST_CA) {
		certs_fault(job->faults, m.file == CHILD_TLS_FILE_CA ?
		    &job->certs->ca : &job->certs->host_ca, m.text);
		return 0;
	}
	if (item == NULL)
		return -1;
	/* At a first start an old certificate is better than no service. */
	certs_fault(m.is_date && (job->old == NULL ||
	    certs_item_is_old(job->certs, item, job->old)) ?
	    job->warnings : job->faults,
	    m.file == CHILD_TLS_FILE_KEY ? &item->key : &item->cert, m.text);
	return 0;
}

static void	check_finish(void *);

static int
check_on_done(void *endpoint, uint32_t id, struct wire_reader *r, int fd)
{
	struct certs_check *k = endpoint;

	(void)id;
	(void)fd;
	k->is_done = true;
	loop_defer(k->loop, &k->finish, check_finish, k);
	return wire_end(r);
}

static void
check_on_closed(void *endpoint, enum channel_end end)
{
	struct certs_check *k = endpoint;

	(void)end;
	loop_defer(k->loop, &k->finish, check_finish, k);
}

static void
check_on_deadline(void *arg)
{
	struct certs_check *k = arg;

	loop_defer(k->loop, &k->finish, check_finish, k);
}

/* Starts the program; -1 with errno. */
static int
check_spawn(struct certs_check *k)
{
	struct channel_config config = {
		.contract = &master_child_contract,
		.rows = check_rows,
		.nrows = sizeof(check_rows) / sizeof(check_rows[0]),
		.policy = CHANNEL_PEER_LOWER,
		.role = ROLE_ID_MASTER,
		.peer = role_name(ROLE_ID_TLS_SIGNER),
		.endpoint = k,
		.closed_fn = check_on_closed,
		.loop = k->loop,
	};
	struct proc_spawn how = {
		.path = k->job.set->tls_signer_executable,
		.name = role_name(ROLE_ID_TLS_SIGNER),
	};
	int master[2], log[2], saved_errno;

	if (sock_pair(SOCK_STREAM, master) == -1)
		return -1;
	if (sock_pair(SOCK_SEQPACKET, log) == -1) {
		saved_errno = errno;
		(void)close(master[0]);
		(void)close(master[1]);
		errno = saved_errno;
		return -1;
	}
	how.master_fd = master[1];
	how.log_fd = log[1];
	k->pid = proc_spawn(&how, &k->pidfd);
	saved_errno = errno;
	(void)close(master[1]);
	(void)close(log[1]);
	if (k->pid == -1) {
		(void)close(master[0]);
		(void)close(log[0]);
		errno = saved_errno;
		return -1;
	}
	k->log_fd = log[0];
	config.fd = master[0];
	k->channel = channel_new(&config);
	return 0;
}

void
certs_signer_put(struct wire_writer *w, const struct settings *set,
    const char *root, const char *password)
{
	static struct master_signer m;

	memset(&m, 0, sizeof(m));
	m.uid = set->tls_signer_ids.uid;
	m.gid = set->tls_signer_ids.gid;
	m.is_debug = set->auth_debug;
	(void)snprintf(m.root, sizeof(m.root), "%s", root);
	(void)snprintf(m.password, sizeof(m.password), "%s", password);
	master_signer_put(w, &m);
	explicit_bzero(&m, sizeof(m));
}

static void
check_tell(struct certs_check *k, const char *root)
{
	const struct settings *set = k->job.set;
	uint8_t body[sizeof(struct master_signer) + 16];
	struct wire_writer w;

	wire_writer_init(&w, body, sizeof(body));
	certs_signer_put(&w, set, root, set->ssl_key_password);
	channel_send(k->channel, MASTER_SIGNER, 0, &w, -1);
	wire_writer_init(&w, body, 0);
	channel_send(k->channel, MASTER_KEYS, 0, &w, k->job.certs->keys_fd);
	wire_writer_init(&w, body, 0);
	channel_send(k->channel, MASTER_CHECK, 0, &w, k->job.certs->certs_fd);
}

/* Its last words become a fault: a jail that fails, a library's text. */
static void
check_words(struct certs_check *k)
{
	uint8_t packet[CHECK_LOG_PACKET];
	char text[LOG_LINE_MAX];
	ssize_t n = recv(k->log_fd, packet, sizeof(packet), MSG_DONTWAIT);
	size_t skip = n >= 4 && packet[0] == LOG_MAGIC ? 4 : 0;

	if (n <= (ssize_t)skip)
		certs_fault(k->job.faults, &check_nothing, "it ended, or did "
		    "not answer in time");
	else
		certs_fault(k->job.faults, &check_nothing, log_safe(text,
		    sizeof(text), (const char *)packet + skip,
		    (size_t)n - skip));
}

static void
check_end(struct certs_check *k)
{
	siginfo_t info;

	if (k->channel == NULL)
		return;
	/* It has ended by itself, or has nothing more to say. */
	channel_free(k->channel);
	(void)syscall(SYS_pidfd_send_signal, k->pidfd, SIGKILL, NULL, 0);
	(void)proc_wait(k->pidfd, 0, &info);
	if (!k->is_done)
		check_words(k);
	(void)close(k->log_fd);
	(void)close(k->pidfd);
}

/* Before the first start there is no login_dir: an empty one for so long. */
static const char *
check_root(struct certs_check *k)
{
	struct stat st;

	if (stat(k->job.set->login_dir, &st) == 0)
		return k->job.set->login_dir;
	memcpy(k->temporary, CHECK_ROOT_TEMPLATE,
	    sizeof(CHECK_ROOT_TEMPLATE));
	return mkdtemp(k->temporary);
}

static void
check_free(struct certs_check *k)
{
	check_end(k);
	if (k->temporary[0] != '\0')
		(void)rmdir(k->temporary);
	loop_undefer(k->loop, &k->finish);
	loop_timers_clear(&k->timers);
	free(k);
}

static void
check_finish(void *arg)
{
	struct certs_check *k = arg;
	struct certs_check_job job = k->job;

	check_free(k);
	job.done(job.arg, job.faults->n == 0 ? 0 : -1);
}

struct certs_check *
certs_check_start(struct loop *loop, const struct certs_check_job *job)
{
	struct certs_check *k = xcalloc(1, sizeof(*k));
	const char *root;

	k->job = *job;
	k->loop = loop;
	loop_timers_init(loop, &k->timers, CERTS_CHECK_MS +
	    CERTS_CHECK_KEY_MS * job->certs->n);
	loop_timer_start(&k->timers, &k->deadline, check_on_deadline, k);
	/* What the system trusts is looked at by the process that needs it. */
	if (job->certs->certs_fd == -1 ||
	    (job->certs->n == 0 && !job->certs->has_own_ca)) {
		loop_defer(loop, &k->finish, check_finish, k);
	} else if ((root = check_root(k)) == NULL || check_spawn(k) == -1) {
		certs_fault(job->faults, &check_nothing, strerror(errno));
		loop_defer(loop, &k->finish, check_finish, k);
	} else
		check_tell(k, root);
	return k;
}

void
certs_check_cancel(struct certs_check *k)
{
	k->is_done = true;
	check_free(k);
}

/* Where nothing else is to be done meanwhile. */
struct certs_check_wait {
	struct loop	*loop;
	int		 result;
};

static void
check_on_waited(void *arg, int result)
{
	struct certs_check_wait *wait = arg;

	wait->result = result;
	loop_stop(wait->loop);
}

int
certs_check(struct certs *certs, const struct settings *set,
    struct certs_faults *faults, struct certs_faults *warnings)
{
	struct certs_check_wait wait = { .loop = loop_new() };
	struct certs_check_job job = {
		.certs = certs,
		.set = set,
		.faults = faults,
		.warnings = warnings,
		.done = check_on_waited,
		.arg = &wait,
	};

	(void)certs_check_start(wait.loop, &job);
	loop_run(wait.loop);
	loop_free(wait.loop);
	return wait.result;
}
