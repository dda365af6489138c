/*
 * auth_client: the login process's side of its channel to auth.
 * Runs in: login processes.
 * Hostile input: none; auth is trusted.
 * Never: leaves a session without an answer.
 */
#include "login-common/auth_client.h"

#include <bsd/string.h>
#include <bsd/sys/tree.h>
#include <stdlib.h>
#include <string.h>

#include "ipc/login_auth.h"
#include "lib/channel.h"
#include "lib/log.h"
#include "lib/xmem.h"
#include "login-common/login_process.h"
#include "login-common/sasl.h"
#include "login-common/session.h"
#include "login-common/session_login.h"

RB_HEAD(auth_tree, session_login);

struct auth_client {
	struct login_process	*process;
	struct channel		*channel;	/* NULL: no auth now */
	struct auth_tree	 open;
	uint32_t		 last_id;
	struct session_login	*key;		/* to look up with */
	struct login_auth_route	 unused;	/* of a cancelled request */
	uint8_t			 body[CHANNEL_BODY_MAX]; /* to send */
};

static int
auth_id_compare(const struct session_login *a, const struct session_login *b)
{
	return a->auth_id < b->auth_id ? -1 : a->auth_id > b->auth_id;
}

#define AUTH_TREE_ATTR	static __attribute__((unused))
RB_GENERATE_INTERNAL(auth_tree, session_login, by_id, auth_id_compare,
    AUTH_TREE_ATTR)

struct auth_client *
auth_client_new(struct login_process *process)
{
	struct auth_client *ac = xcalloc(1, sizeof(*ac));

	ac->process = process;
	ac->key = xcalloc(1, sizeof(*ac->key));
	RB_INIT(&ac->open);
	return ac;
}

/* The session of an answer; NULL when it was cancelled meanwhile. */
static struct session *
auth_client_find(struct auth_client *ac, uint32_t id)
{
	struct session_login *login;

	ac->key->auth_id = id;
	login = RB_FIND(auth_tree, &ac->open, ac->key);
	return login == NULL ? NULL : login->session;
}

static void
auth_client_forget(struct auth_client *ac, struct session *s)
{
	RB_REMOVE(auth_tree, &ac->open, s->login);
	s->login->auth_id = 0;
}

static int
auth_client_ok(void *arg, uint32_t id, struct wire_reader *r, int fd)
{
	struct auth_client *ac = arg;
	struct session *s = auth_client_find(ac, id);
	int result;

	(void)fd;
	result = login_auth_route_get(r, s != NULL ? &s->login->route :
	    &ac->unused);
	explicit_bzero(ac->unused.pass, sizeof(ac->unused.pass));
	if (result == 0 && s != NULL) {
		auth_client_forget(ac, s);
		session_auth_ok(s);
	}
	return result;
}

static int
auth_client_challenge(void *arg, uint32_t id, struct wire_reader *r, int fd)
{
	struct auth_client *ac = arg;
	struct session *s = auth_client_find(ac, id);
	struct login_auth_bytes bytes;

	(void)fd;
	if (login_auth_bytes_get(r, &bytes) == -1)
		return -1;
	if (s != NULL)
		sasl_challenge(s, bytes.data, bytes.len);
	return 0;
}

static int
auth_client_fail(void *arg, uint32_t id, struct wire_reader *r, int fd)
{
	struct auth_client *ac = arg;
	struct session *s = auth_client_find(ac, id);
	struct login_auth_fail fail;

	(void)fd;
	if (login_auth_fail_get(r, &fail) == -1)
		return -1;
	if (s != NULL) {
		auth_client_forget(ac, s);
		session_auth_fail(s, &fail);
	}
	return 0;
}

static const struct channel_row auth_client_rows[] = {
	{ .type = LOGIN_AUTH_OK, .name = "OK", .when = 1,
	  .max = CHANNEL_BODY_MAX, .handler = auth_client_ok },
	{ .type = LOGIN_AUTH_CHALLENGE, .name = "CHALLENGE", .when = 1,
	  .max = CHANNEL_BODY_MAX, .handler = auth_client_challenge },
	{ .type = LOGIN_AUTH_FAIL, .name = "FAIL", .when = 1,
	  .max = CHANNEL_BODY_MAX, .handler = auth_client_fail },
};

/* No answer will come for what is open: "temporary", to each. */
static void
auth_client_fail_all(struct auth_client *ac)
{
	struct login_auth_fail fail = { .code = LOGIN_AUTH_CODE_TEMP };
	struct session_login *login;
	struct session *s;

	while ((login = RB_MIN(auth_tree, &ac->open)) != NULL) {
		s = login->session;
		auth_client_forget(ac, s);
		session_auth_fail(s, &fail);
	}
}

static void
auth_client_closed(void *arg, enum channel_end end)
{
	struct auth_client *ac = arg;

	(void)end;
	channel_free(ac->channel);
	ac->channel = NULL;
	auth_client_fail_all(ac);
}

void
auth_client_open(struct auth_client *ac, int fd)
{
	struct channel_config config = {
		.loop = ac->process->loop,
		.fd = fd,
		.contract = &login_auth_contract,
		.rows = auth_client_rows,
		.nrows = sizeof(auth_client_rows) /
		    sizeof(auth_client_rows[0]),
		.policy = CHANNEL_PEER_HIGHER,
		.role = (uint16_t)ac->process->protocol->role,
		.peer = "auth",
		.endpoint = ac,
		.closed_fn = auth_client_closed,
	};

	auth_client_close(ac);
	ac->channel = channel_new(&config);
}

void
auth_client_close(struct auth_client *ac)
{
	channel_free(ac->channel);
	ac->channel = NULL;
	auth_client_fail_all(ac);
}

void
auth_client_submit(struct auth_client *ac, struct session *s,
    bool has_initial, const void *initial, size_t len)
{
	struct login_auth_fail fail = { .code = LOGIN_AUTH_CODE_TEMP };
	struct login_auth_request m;
	struct wire_writer w;

	if (ac->channel == NULL) {
		session_auth_fail(s, &fail);
		return;
	}
	m.service = (uint8_t)s->process->protocol->service;
	m.is_secured = s->login->is_secured;
	m.has_initial = has_initial;
	(void)strlcpy(m.mech, s->login->mech, sizeof(m.mech));
	(void)strlcpy(m.session, s->id, sizeof(m.session));
	m.rip = s->rip;
	m.lip = s->lip;
	m.initial.data = initial;
	m.initial.len = len;
	wire_writer_init(&w, ac->body, sizeof(ac->body));
	login_auth_request_put(&w, &m);
	if (++ac->last_id == 0)
		ac->last_id = 1;
	s->login->auth_id = ac->last_id;
	RB_INSERT(auth_tree, &ac->open, s->login);
	channel_send(ac->channel, LOGIN_AUTH_REQUEST, s->login->auth_id, &w,
	    -1);
}

void
auth_client_continue(struct auth_client *ac, struct session *s,
    const void *response, size_t len)
{
	struct login_auth_bytes m = { .data = response, .len = len };
	struct wire_writer w;

	wire_writer_init(&w, ac->body, sizeof(ac->body));
	login_auth_bytes_put(&w, &m);
	channel_send(ac->channel, LOGIN_AUTH_CONTINUE, s->login->auth_id, &w,
	    -1);
}

void
auth_client_cancel(struct auth_client *ac, struct session *s)
{
	if (s->login == NULL || s->login->auth_id == 0)
		return;
	if (ac->channel != NULL)
		channel_send_empty(ac->channel, LOGIN_AUTH_CANCEL,
		    s->login->auth_id);
	auth_client_forget(ac, s);
}
