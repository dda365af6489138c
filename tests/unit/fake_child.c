/* A child of the suite with prescribed behaviour. */
#include "fake_child.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ipc/master_child.h"
#include "ipc/roles.h"
#include "lib/channel.h"
#include "lib/log.h"
#include "lib/proc.h"

struct fake_child {
	struct channel	*channel;
	char		 script[4096];
	size_t		 len;
	bool		 has_started;
	bool		 leaves;
	enum role_id	 role;
};

bool
fake_child_is(const char *argv0)
{
	int role;

	for (role = ROLE_ID_MASTER + 1; role <= ROLE_ID_LAST; role++)
		if (strcmp(argv0, role_name((enum role_id)role)) == 0)
			return true;
	return false;
}

static int
fake_got(const char *name, int fd)
{
	log_info("got %s", name);
	log_flush();
	if (fd != -1)
		(void)close(fd);
	return 0;
}

static int
fake_settings(void *arg, uint32_t id, struct wire_reader *r, int fd)
{
	struct fake_child *f = arg;
	struct master_settings_part part;

	(void)id;
	(void)fd;
	if (master_settings_part_get(r, &part) == -1 ||
	    f->len + part.len >= sizeof(f->script))
		return -1;
	memcpy(f->script + f->len, part.data, part.len);
	f->len += part.len;
	return 0;
}

static int
fake_fallback(void *arg, uint32_t id, struct wire_reader *r, int fd)
{
	struct master_log_fallback m;

	(void)arg;
	(void)id;
	return master_log_fallback_get(r, &m) == -1 ? -1 :
	    fake_got("LOG_FALLBACK", fd);
}

static int
fake_listener(void *arg, uint32_t id, struct wire_reader *r, int fd)
{
	struct master_listener m;

	(void)arg;
	(void)id;
	return master_listener_get(r, &m) == -1 ? -1 :
	    fake_got("LISTENER", fd);
}

static int
fake_auth_peer(void *arg, uint32_t id, struct wire_reader *r, int fd)
{
	(void)arg;
	(void)id;
	(void)r;
	return fake_got("AUTH_PEER", fd);
}

static int
fake_peer(void *arg, uint32_t id, struct wire_reader *r, int fd)
{
	struct master_peer m;
	char text[64];

	(void)arg;
	(void)id;
	if (master_peer_get(r, &m) == -1)
		return -1;
	(void)snprintf(text, sizeof(text), "PEER %u", m.pid);
	return fake_got(text, fd);
}

static int
fake_start(void *arg, uint32_t id, struct wire_reader *r, int fd)
{
	struct fake_child *f = arg;

	(void)id;
	(void)r;
	f->has_started = true;
	return fake_got("START", fd);
}

static int
fake_end(void *arg, uint32_t id, struct wire_reader *r, int fd)
{
	(void)arg;
	(void)id;
	(void)r;
	(void)fake_got("DRAIN or STOP", fd);
	exit(0);
}

static int
fake_evict(void *arg, uint32_t id, struct wire_reader *r, int fd)
{
	struct fake_child *f = arg;

	(void)id;
	(void)r;
	(void)fake_got("EVICT", fd);
	if (f->leaves)
		exit(0);
	channel_send_empty(f->channel, CHILD_KEPT, 0);
	return 0;
}

#define FAKE_ROW(type, most, takes_fd, handler)				\
	{ type, #type, 1, 0, most, takes_fd, false, handler }

static const struct channel_row fake_rows[] = {
	FAKE_ROW(MASTER_SETTINGS_PART, 16384, false, fake_settings),
	FAKE_ROW(MASTER_LOG_FALLBACK, 1, true, fake_fallback),
	FAKE_ROW(MASTER_LISTENER, 64, true, fake_listener),
	FAKE_ROW(MASTER_AUTH_PEER, 2, true, fake_auth_peer),
	FAKE_ROW(MASTER_LOGIN_PEER, 4, true, fake_peer),
	FAKE_ROW(MASTER_WORKER_PEER, 4, true, fake_peer),
	FAKE_ROW(MASTER_START, 0, false, fake_start),
	FAKE_ROW(MASTER_DRAIN, 0, false, fake_end),
	FAKE_ROW(MASTER_EVICT, 0, false, fake_evict),
	FAKE_ROW(MASTER_STOP, 0, false, fake_end),
};

static void
fake_sleep(long ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	while (nanosleep(&ts, &ts) == -1 && errno == EINTR)
		continue;
}

static void
fake_bytes(const struct fake_child *f, const char *hex)
{
	unsigned int byte;
	uint8_t b;

	for (; sscanf(hex, "%2x", &byte) == 1; hex += 2) {
		b = (uint8_t)byte;
		if (write(channel_fd(f->channel), &b, 1) == -1)
			return;
	}
}

static void
fake_status(const struct fake_child *f, const char *text)
{
	struct child_status m = { 0, 0 };
	struct wire_writer w;
	uint8_t body[8];

	(void)sscanf(text, "%u,%u", &m.waiting, &m.sessions);
	wire_writer_init(&w, body, sizeof(body));
	child_status_put(&w, &m);
	channel_send(f->channel, CHILD_STATUS, 0, &w, -1);
}

static void
fake_hung(const struct fake_child *f, const char *text)
{
	struct master_peer m = { (uint32_t)strtoul(text, NULL, 10) };
	struct wire_writer w;
	uint8_t body[4];

	wire_writer_init(&w, body, sizeof(body));
	master_peer_put(&w, &m);
	channel_send(f->channel, CHILD_WORKER_HUNG, 0, &w, -1);
}

static void
fake_word(struct fake_child *f, const char *word, const char *value)
{
	long number = strtol(value, NULL, 10);

	if (strcmp(word, "ready") == 0)
		channel_send_empty(f->channel, CHILD_READY, 0);
	else if (strcmp(word, "taken") == 0)
		channel_send_empty(f->channel, CHILD_TAKEN, 0);
	else if (strcmp(word, "wanted") == 0)
		channel_send_empty(f->channel, CHILD_WORKER_WANTED, 0);
	else if (strcmp(word, "hung") == 0)
		fake_hung(f, value);
	else if (strcmp(word, "status") == 0)
		fake_status(f, value);
	else if (strcmp(word, "bytes") == 0)
		fake_bytes(f, value);
	else if (strcmp(word, "log") == 0)
		log_info("%s", value);
	else if (strcmp(word, "raw") == 0)
		(void)fprintf(stderr, "%s\n", value);
	else if (strcmp(word, "sleep") == 0)
		fake_sleep(number);
	else if (strcmp(word, "leave") == 0)
		f->leaves = true;
	else if (strcmp(word, "close") == 0)
		(void)close(PROC_FD_MASTER);
	else if (strcmp(word, "kill") == 0)
		(void)raise((int)number);
	else if (strcmp(word, "exit") == 0)
		exit((int)number);
	log_flush();
}

static void
fake_play(struct fake_child *f)
{
	char *rest = f->script, *word, *value;

	f->script[f->len] = '\0';
	while ((word = strsep(&rest, " ")) != NULL) {
		value = strchr(word, ':');
		if (value != NULL)
			*value++ = '\0';
		fake_word(f, word, value == NULL ? "" : value);
	}
}

int
fake_child_main(const char *argv0)
{
	struct fake_child f = { .role = ROLE_ID_MASTER };
	struct channel_config config = {
		.fd = PROC_FD_MASTER,
		.contract = &master_child_contract,
		.rows = fake_rows,
		.nrows = sizeof(fake_rows) / sizeof(fake_rows[0]),
		.policy = CHANNEL_PEER_HIGHER,
		.peer = "master",
		.endpoint = &f,
	};
	const char *name;

	while (strcmp(name = role_name(f.role), argv0) != 0)
		f.role++;
	log_init_child(name, PROC_FD_LOG);
	config.role = (uint16_t)f.role;
	f.channel = channel_new(&config);
	while (!f.has_started)
		if (channel_step(f.channel) == -1)
			return PROC_EXIT_MASTER_GONE;
	fake_play(&f);
	while (channel_step(f.channel) == 0)
		continue;
	channel_free(f.channel);
	return PROC_EXIT_MASTER_GONE;
}
