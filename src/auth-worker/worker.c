/*
 * The life of one worker.
 * Runs in: auth-worker.
 * Hostile input: none directly; tasks name users and hosts.
 * Never: reads a task before it is jailed, does two tasks at once.
 */
#include "auth-worker/worker.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "auth-worker/tasks.h"
#include "config/config_wire.h"
#include "config/settings.h"
#include "ipc/auth_worker.h"
#include "ipc/child_setup.h"
#include "ipc/master_child.h"
#include "ipc/roles.h"
#include "lib/buf.h"
#include "lib/channel.h"
#include "lib/jail.h"
#include "lib/log.h"
#include "lib/proc.h"
#include "lib/sandbox.h"
#include "lib/wire.h"

/* Both channels, the log, its fallback, databases, the resolver's sockets. */
#define WORKER_FILES_MAX	64
/* A task's struct, with a length before each text for the NUL behind it. */
#define WORKER_BODY_MAX(type)	(sizeof(struct type) + 16)

/* States of the channel to the master. */
#define WORKER_SETUP	0x1u
#define WORKER_SERVING	0x2u

/* The process's one context. */
struct worker {
	struct channel	*master;
	struct channel	*auth;
	int		 auth_fd;	/* until the channel is made */
	struct buf	 bytes;		/* settings on their way */
	struct settings	*settings;
	struct tasks	*tasks;
	bool		 has_started;	/* START came */
	bool		 is_over;	/* DRAIN or STOP came */
};

static int
worker_settings_part(void *endpoint, uint32_t id, struct wire_reader *r,
    int fd)
{
	struct worker *w = endpoint;

	(void)id;
	(void)fd;
	return child_setup_settings(&w->bytes, r);
}

static int
worker_log_fallback(void *endpoint, uint32_t id, struct wire_reader *r,
    int fd)
{
	(void)endpoint;
	(void)id;
	return child_setup_log(r, fd);
}

static int
worker_auth_peer(void *endpoint, uint32_t id, struct wire_reader *r, int fd)
{
	struct worker *w = endpoint;
	struct master_auth which;

	(void)id;
	w->auth_fd = fd;
	return master_auth_get(r, &which);
}

static int
worker_start(void *endpoint, uint32_t id, struct wire_reader *r, int fd)
{
	struct worker *w = endpoint;

	(void)id;
	(void)fd;
	w->has_started = true;
	return wire_end(r);
}

/* A worker has nothing to finish: auth waits for no answer, or gives it up. */
static int
worker_stop(void *endpoint, uint32_t id, struct wire_reader *r, int fd)
{
	struct worker *w = endpoint;

	(void)id;
	(void)fd;
	w->is_over = true;
	return wire_end(r);
}

static const struct channel_row worker_master_rows[] = {
	{ .type = MASTER_SETTINGS_PART, .name = "SETTINGS_PART",
	  .when = WORKER_SETUP, .min = 2, .max = 2 + MASTER_SETTINGS_PART_MAX,
	  .handler = worker_settings_part },
	{ .type = MASTER_LOG_FALLBACK, .name = "LOG_FALLBACK",
	  .when = WORKER_SETUP | WORKER_SERVING, .min = 1, .max = 1,
	  .takes_fd = true, .handler = worker_log_fallback },
	{ .type = MASTER_AUTH_PEER, .name = "AUTH_PEER",
	  .when = WORKER_SETUP, .min = 2, .max = 2, .takes_fd = true,
	  .is_once = true, .handler = worker_auth_peer },
	{ .type = MASTER_START, .name = "START",
	  .when = WORKER_SETUP, .is_once = true, .handler = worker_start },
	{ .type = MASTER_DRAIN, .name = "DRAIN",
	  .when = WORKER_SETUP | WORKER_SERVING, .handler = worker_stop },
	{ .type = MASTER_STOP, .name = "STOP",
	  .when = WORKER_SETUP | WORKER_SERVING, .handler = worker_stop },
};

static int
worker_lookup(void *endpoint, uint32_t id, struct wire_reader *r, int fd)
{
	const struct auth_worker_row *row;
	uint8_t body[CHANNEL_BODY_MAX];
	struct auth_worker_lookup m;
	struct worker *w = endpoint;
	struct wire_writer writer;

	(void)fd;
	row = auth_worker_lookup_get(r, &m) == -1 ? NULL :
	    tasks_lookup(w->tasks, &m);
	explicit_bzero(&m, sizeof(m));
	if (row == NULL)
		return -1;
	wire_writer_init(&writer, body, sizeof(body));
	auth_worker_row_put(&writer, row);
	tasks_forget(w->tasks);
	channel_send(w->auth, AUTH_WORKER_ROW, id, &writer, -1);
	return 0;
}

static int
worker_verify(void *endpoint, uint32_t id, struct wire_reader *r, int fd)
{
	struct auth_worker_verified verified;
	struct auth_worker_verify m;
	struct worker *w = endpoint;
	struct wire_writer writer;
	uint8_t body[1];
	int rc;

	(void)fd;
	rc = auth_worker_verify_get(r, &m);
	if (rc == 0) {
		tasks_verify(&m, &verified);
		wire_writer_init(&writer, body, sizeof(body));
		auth_worker_verified_put(&writer, &verified);
		channel_send(w->auth, AUTH_WORKER_VERIFIED, id, &writer, -1);
	}
	explicit_bzero(&m, sizeof(m));
	return rc;
}

static int
worker_resolve(void *endpoint, uint32_t id, struct wire_reader *r, int fd)
{
	struct auth_worker_resolved resolved;
	struct auth_worker_resolve m;
	struct worker *w = endpoint;
	struct wire_writer writer;
	uint8_t body[WORKER_BODY_MAX(auth_worker_resolved)];

	(void)fd;
	if (auth_worker_resolve_get(r, &m) == -1)
		return -1;
	tasks_resolve(w->tasks, &m, &resolved);
	wire_writer_init(&writer, body, sizeof(body));
	auth_worker_resolved_put(&writer, &resolved);
	channel_send(w->auth, AUTH_WORKER_RESOLVED, id, &writer, -1);
	return 0;
}

static int
worker_probe(void *endpoint, uint32_t id, struct wire_reader *r, int fd)
{
	struct auth_worker_probed probed;
	struct auth_worker_probe m;
	struct worker *w = endpoint;
	struct wire_writer writer;
	uint8_t body[WORKER_BODY_MAX(auth_worker_probed)];

	(void)fd;
	if (auth_worker_probe_get(r, &m) == -1 ||
	    tasks_probe(w->tasks, &m, &probed) == -1)
		return -1;
	wire_writer_init(&writer, body, sizeof(body));
	auth_worker_probed_put(&writer, &probed);
	channel_send(w->auth, AUTH_WORKER_PROBED, id, &writer, -1);
	return 0;
}

static const struct channel_row worker_auth_rows[] = {
	{ .type = AUTH_WORKER_LOOKUP, .name = "LOOKUP",
	  .when = WORKER_SETUP, .min = 1,
	  .max = WORKER_BODY_MAX(auth_worker_lookup),
	  .handler = worker_lookup },
	{ .type = AUTH_WORKER_VERIFY, .name = "VERIFY",
	  .when = WORKER_SETUP, .min = 1,
	  .max = WORKER_BODY_MAX(auth_worker_verify),
	  .handler = worker_verify },
	{ .type = AUTH_WORKER_RESOLVE, .name = "RESOLVE",
	  .when = WORKER_SETUP, .min = 1,
	  .max = WORKER_BODY_MAX(auth_worker_resolve),
	  .handler = worker_resolve },
	{ .type = AUTH_WORKER_PROBE, .name = "PROBE",
	  .when = WORKER_SETUP, .min = 2, .max = 2, .handler = worker_probe },
};

static void
worker_hello(struct worker *w, int master_fd)
{
	const struct channel_config config = {
		.fd = master_fd,
		.contract = &master_child_contract,
		.rows = worker_master_rows,
		.nrows = sizeof(worker_master_rows) /
		    sizeof(worker_master_rows[0]),
		.policy = CHANNEL_PEER_HIGHER,
		.role = ROLE_ID_AUTH_WORKER,
		.peer = "master",
		.endpoint = w,
	};

	w->auth_fd = -1;
	buf_init(&w->bytes, MASTER_SETTINGS_MAX);
	w->master = channel_new(&config);
}

/* All that the master tells before the jail; false when it is gone. */
static bool
worker_setup(struct worker *w)
{
	while (!w->has_started && !w->is_over)
		if (channel_step(w->master) == -1)
			return false;
	if (w->is_over)
		return true;
	w->settings = config_wire_get(buf_head(&w->bytes),
	    buf_used(&w->bytes));
	buf_clear(&w->bytes);
	if (w->settings == NULL)
		fatal(PROC_EXIT_PROTOCOL, "malformed settings");
	if (w->auth_fd == -1)
		fatal(PROC_EXIT_PROTOCOL, "no channel to auth");
	if (w->settings->auth_debug)
		log_set_level(LOG_LEVEL_DEBUG);
	return true;
}

static void
worker_enter(struct worker *w)
{
	const struct jail jail = {
		.uid = w->settings->jail_uid,
		.gid = w->settings->jail_gid,
		.root = NULL,	/* databases, resolver and CA files */
		.memory_bytes = w->settings->auth_process_size_bytes,
		.files = WORKER_FILES_MAX,
	};
	const struct channel_config config = {
		.fd = w->auth_fd,
		.contract = &auth_worker_contract,
		.rows = worker_auth_rows,
		.nrows = sizeof(worker_auth_rows) /
		    sizeof(worker_auth_rows[0]),
		.policy = CHANNEL_PEER_HIGHER,
		.role = ROLE_ID_AUTH_WORKER,
		.peer = "auth",
		.endpoint = w,
	};

	jail_enter(&jail);
	sandbox_enter(SANDBOX_WORKER);
	w->tasks = tasks_new(w->settings);
	w->auth = channel_new(&config);
	w->auth_fd = -1;
	channel_set_state(w->master, WORKER_SERVING);
	channel_send_empty(w->master, CHILD_READY, 0);
}

/* The master first: after STOP no task is begun. */
static int
worker_serve(struct worker *w)
{
	struct pollfd fds[2] = {
		{ .fd = channel_fd(w->master), .events = POLLIN },
		{ .fd = channel_fd(w->auth), .events = POLLIN },
	};

	/* What came behind START was read with it. */
	fds[0].revents = POLLIN;
	while (!w->is_over) {
		if (fds[0].revents != 0 && channel_turn(w->master) == -1)
			return PROC_EXIT_MASTER_GONE;
		if (fds[1].revents != 0 && !w->is_over &&
		    channel_turn(w->auth) == -1)
			break;
		log_flush();
		if (w->is_over)
			break;
		if (poll(fds, 2, -1) == -1 && errno != EINTR)
			fatal(EX_OSERR, "poll: %m");
	}
	return 0;
}

static void
worker_clear(struct worker *w)
{
	tasks_free(w->tasks);
	channel_free(w->auth);
	channel_free(w->master);
	if (w->auth_fd != -1)
		(void)close(w->auth_fd);
	buf_clear(&w->bytes);
	if (w->settings != NULL)
		settings_free(w->settings);
	log_flush();
}

int
worker_run(int master_fd)
{
	struct worker w = { .auth_fd = -1 };
	int status = 0;

	worker_hello(&w, master_fd);
	if (!worker_setup(&w))
		status = PROC_EXIT_MASTER_GONE;
	else if (!w.is_over) {
		worker_enter(&w);
		status = worker_serve(&w);
	}
	worker_clear(&w);
	return status;
}
