/*
 * wicketctl's side of the control socket.
 * Runs in: wicketctl.
 * Hostile input: none; the master is trusted.
 * Never: keeps more than a bounded number of processes.
 */
#include "ctl/master_link.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ctl/link.h"
#include "ctl/output.h"
#include "ipc/roles.h"
#include "lib/channel.h"
#include "lib/clock.h"
#include "lib/wire.h"
#include "lib/xmem.h"

/* "Not now" is asked again after this. */
#define MASTER_LINK_RETRY_NS	(100L * 1000 * 1000)

static int	master_link_suite(void *, uint32_t, struct wire_reader *, int);
static int	master_link_process(void *, uint32_t, struct wire_reader *,
		    int);
static int	master_link_cert(void *, uint32_t, struct wire_reader *, int);
static int	master_link_fault(void *, uint32_t, struct wire_reader *, int);
static int	master_link_peer(void *, uint32_t, struct wire_reader *, int);
static int	master_link_done(void *, uint32_t, struct wire_reader *, int);

static const struct channel_row master_link_rows[] = {
	{ MASTER_CTL_SUITE, "SUITE", 1, 30, CHANNEL_BODY_MAX, false, false,
	    master_link_suite },
	{ MASTER_CTL_PROCESS, "PROCESS", 1, 22, 22, false, false,
	    master_link_process },
	{ MASTER_CTL_FAULT, "FAULT", 1, 2, CHANNEL_BODY_MAX, false, false,
	    master_link_fault },
	{ MASTER_CTL_AUTH_PEER, "AUTH_PEER", 1, 8, 8, true, false,
	    master_link_peer },
	{ MASTER_CTL_CERT, "CERT", 1, 24, CHANNEL_BODY_MAX, false, false,
	    master_link_cert },
	{ MASTER_CTL_DONE, "DONE", 1, 1, 1, false, false, master_link_done },
};

static int
master_link_suite(void *arg, uint32_t id, struct wire_reader *r, int fd)
{
	struct master_link *l = arg;

	(void)id;
	(void)fd;
	return master_ctl_suite_get(r, &l->suite);
}

static int
master_link_process(void *arg, uint32_t id, struct wire_reader *r, int fd)
{
	struct master_link *l = arg;
	struct master_ctl_process m;

	(void)id;
	(void)fd;
	if (master_ctl_process_get(r, &m) == -1)
		return -1;
	if (l->nprocesses == MASTER_LINK_PROCESSES_MAX)
		return 0;
	if (l->processes == NULL)
		l->processes = xcalloc(MASTER_LINK_PROCESSES_MAX,
		    sizeof(*l->processes));
	l->processes[l->nprocesses++] = m;
	return 0;
}

static int
master_link_cert(void *arg, uint32_t id, struct wire_reader *r, int fd)
{
	struct master_link *l = arg;
	struct master_ctl_cert m;

	(void)id;
	(void)fd;
	if (master_ctl_cert_get(r, &m) == -1)
		return -1;
	if (l->ncerts == MASTER_LINK_CERTS_MAX)
		return 0;
	if (l->certs == NULL)
		l->certs = xcalloc(MASTER_LINK_CERTS_MAX, sizeof(*l->certs));
	l->certs[l->ncerts++] = m;
	return 0;
}

static int
master_link_fault(void *arg, uint32_t id, struct wire_reader *r, int fd)
{
	struct master_ctl_fault m;

	(void)arg;
	(void)id;
	(void)fd;
	if (master_ctl_fault_get(r, &m) == -1)
		return -1;
	output_fault("%s", m.text);
	return 0;
}

static int
master_link_peer(void *arg, uint32_t id, struct wire_reader *r, int fd)
{
	struct master_link *l = arg;

	(void)id;
	if (l->peer_fd != -1)
		(void)close(l->peer_fd);
	l->peer_fd = fd;
	return master_ctl_peer_get(r, &l->peer);
}

static int
master_link_done(void *arg, uint32_t id, struct wire_reader *r, int fd)
{
	struct master_link *l = arg;

	(void)id;
	(void)fd;
	l->is_done = true;
	return master_ctl_done_get(r, &l->done);
}

void
master_link_open(struct master_link *l, int fd)
{
	memset(l, 0, sizeof(*l));
	l->peer_fd = -1;
	l->channel = channel_new(&(struct channel_config){
		.fd = fd,
		.contract = &master_ctl_contract,
		.rows = master_link_rows,
		.nrows = sizeof(master_link_rows) /
		    sizeof(master_link_rows[0]),
		.policy = CHANNEL_PEER_HIGHER,
		.role = ROLE_ID_CTL,
		.peer = "master",
		.endpoint = l,
	});
}

void
master_link_close(struct master_link *l)
{
	channel_free(l->channel);
	l->channel = NULL;
	if (l->peer_fd != -1)
		(void)close(l->peer_fd);
	l->peer_fd = -1;
	free(l->processes);
	l->processes = NULL;
	free(l->certs);
	l->certs = NULL;
}

/* One question, one answer. */
static int
master_link_send(struct master_link *l, enum master_ctl_type type,
    struct wire_writer *w)
{
	l->is_done = false;
	l->nprocesses = 0;
	l->ncerts = 0;
	channel_send(l->channel, (uint16_t)type, 0, w, -1);
	if (link_wait(l->channel, &l->is_done, type == MASTER_CTL_RELOAD ?
	    LINK_RELOAD_MS : LINK_MASTER_MS) == -1) {
		output_fault("the master does not answer: %s",
		    errno == EPIPE ? "it has closed the connection" :
		    strerror(errno));
		return -1;
	}
	return l->done.result;
}

static int
master_link_ask_once(struct master_link *l, enum master_ctl_type type,
    const struct master_ctl_auth *auth)
{
	uint8_t body[sizeof(*auth) + 2];
	struct wire_writer w;

	wire_writer_init(&w, body, sizeof(body));
	if (auth != NULL)
		master_ctl_auth_put(&w, auth);
	return master_link_send(l, type, &w);
}

int
master_link_order(struct master_link *l, const struct host_order *order)
{
	uint8_t body[sizeof(*order) + 2];
	struct wire_writer w;

	wire_writer_init(&w, body, sizeof(body));
	host_order_put(&w, order);
	return master_link_send(l, MASTER_CTL_HOST, &w);
}

int
master_link_ask(struct master_link *l, enum master_ctl_type type,
    const struct master_ctl_auth *auth)
{
	const struct timespec pause = { .tv_nsec = MASTER_LINK_RETRY_NS };
	uint64_t due = clock_ms() + LINK_MASTER_MS;
	int result;

	while ((result = master_link_ask_once(l, type, auth)) ==
	    MASTER_CTL_NOT_NOW && clock_ms() < due)
		(void)nanosleep(&pause, NULL);
	if (result == MASTER_CTL_NOT_NOW)
		output_fault("%s", type == MASTER_CTL_AUTH ?
		    "there is no auth process now" :
		    "a start, a reload or a stop is under way");
	return result;
}
