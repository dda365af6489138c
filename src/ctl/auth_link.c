/*
 * wicketctl's side of a channel to auth.
 * Runs in: wicketctl.
 * Hostile input: lines of auth, with values from databases that it escaped.
 * Never: keeps a password longer than it takes to send it.
 */
#include "ctl/auth_link.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "ctl/hosts.h"
#include "ctl/link.h"
#include "ctl/output.h"
#include "ipc/roles.h"
#include "lib/channel.h"
#include "lib/wire.h"

struct auth_link {
	const char		*prefix;
	bool			 is_done;
	struct ctl_auth_done	 done;
	struct ctl_auth_line	 line;
	struct hosts		*hosts;		/* NULL: not asked for */
};

static int	auth_link_line(void *, uint32_t, struct wire_reader *, int);
static int	auth_link_host(void *, uint32_t, struct wire_reader *, int);
static int	auth_link_done(void *, uint32_t, struct wire_reader *, int);

static const struct channel_row auth_link_rows[] = {
	{ CTL_AUTH_LINE, "LINE", 1, 4, CHANNEL_BODY_MAX, false, false,
	    auth_link_line },
	{ CTL_AUTH_HOST, "HOST", 1, 20, CHANNEL_BODY_MAX, false, false,
	    auth_link_host },
	{ CTL_AUTH_DONE, "DONE", 1, 1, 1, false, false, auth_link_done },
};

static int
auth_link_line(void *arg, uint32_t id, struct wire_reader *r, int fd)
{
	struct auth_link *l = arg;
	char key[2 * CTL_AUTH_KEY_MAX];

	(void)id;
	(void)fd;
	if (ctl_auth_line_get(r, &l->line) == -1)
		return -1;
	(void)snprintf(key, sizeof(key), "%s%s%s", l->prefix,
	    l->prefix[0] != '\0' ? "." : "", l->line.key);
	output_pair(key, l->line.value);
	return 0;
}

static int
auth_link_host(void *arg, uint32_t id, struct wire_reader *r, int fd)
{
	struct auth_link *l = arg;
	struct ctl_auth_host m;

	(void)id;
	(void)fd;
	if (ctl_auth_host_get(r, &m) == -1 || l->hosts == NULL)
		return -1;
	hosts_add(l->hosts, &m);
	return 0;
}

static int
auth_link_done(void *arg, uint32_t id, struct wire_reader *r, int fd)
{
	struct auth_link *l = arg;

	(void)id;
	(void)fd;
	l->is_done = true;
	return ctl_auth_done_get(r, &l->done);
}

static int
auth_link_wait(struct auth_link *l, struct channel *ch)
{
	if (link_wait(ch, &l->is_done, LINK_AUTH_MS) == 0)
		return l->done.result;
	output_fault("auth does not answer: %s", errno == EPIPE ?
	    "it has closed the channel" : strerror(errno));
	return -1;
}

/* Takes the fd. */
static struct channel *
auth_link_open(struct auth_link *l, int fd)
{
	return channel_new(&(struct channel_config){
		.fd = fd,
		.contract = &ctl_auth_contract,
		.rows = auth_link_rows,
		.nrows = sizeof(auth_link_rows) / sizeof(auth_link_rows[0]),
		.policy = CHANNEL_PEER_HIGHER,
		.role = ROLE_ID_CTL,
		.peer = "auth",
		.endpoint = l,
	});
}

int
auth_link_hosts(int fd, struct hosts *hosts)
{
	struct auth_link l = { .prefix = "", .hosts = hosts };
	struct channel *ch = auth_link_open(&l, fd);
	int result;

	channel_send_empty(ch, CTL_AUTH_HOSTS, 0);
	result = auth_link_wait(&l, ch);
	channel_free(ch);
	return result;
}

int
auth_link_ask(int fd, enum ctl_auth_type type,
    const struct ctl_auth_ask *ask, const struct ctl_auth_flush *flush,
    const char *prefix)
{
	struct auth_link l = { .prefix = prefix };
	struct channel *ch = auth_link_open(&l, fd);
	uint8_t body[sizeof(*ask) + 16];
	struct wire_writer w;
	int result;

	wire_writer_init(&w, body, sizeof(body));
	if (ask != NULL)
		ctl_auth_ask_put(&w, ask);
	if (flush != NULL)
		ctl_auth_flush_put(&w, flush);
	channel_send(ch, (uint16_t)type, 0, &w, -1);
	result = auth_link_wait(&l, ch);
	channel_free(ch);
	return result;
}
