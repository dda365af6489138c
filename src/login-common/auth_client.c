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

/*
 * That a session has logged in is not urgent: it goes with the next message,
 * or after so long, or when so many wait.
 */
#define AUTH_CLIENT_LAZY_MS	50
#define AUTH_CLIENT_LAZY_MAX	64
/* A new auth is told of so many sessions at a time, some 250 kB. */
#define AUTH_CLIENT_TELL_MAX	4096

struct auth_client {
	struct login_process	*process;
	struct channel		*channel;	/* NULL: no auth now */
	struct auth_tree	 open;
	uint32_t		 last_id;
	bool			 has_wrapped;	/* ids are used again */
	struct loop_timers	 timers;
	struct loop_timer	 lazy_timer, tell_timer;
	uint32_t		 lazy[AUTH_CLIENT_LAZY_MAX];	/* logged in */
	size_t			 nlazy;
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
	loop_timers_init(process->loop, &ac->timers, AUTH_CLIENT_LAZY_MS);
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
		s->grant_id = id;
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

static void
auth_client_no_grants(struct session_list *list)
{
	struct session *s;

	TAILQ_FOREACH(s, list, entry)
		s->grant_id = 0;
}

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
auth_client_lose(struct auth_client *ac)
{
	channel_free(ac->channel);
	ac->channel = NULL;
	ac->last_id = 0;
	ac->has_wrapped = false;
	ac->nlazy = 0;
	loop_timer_stop(&ac->lazy_timer);
	loop_timer_stop(&ac->tell_timer);
	auth_client_no_grants(&ac->process->waiting);
	auth_client_no_grants(&ac->process->relayed);
	auth_client_fail_all(ac);
}

static void
auth_client_closed(void *arg, enum channel_end end)
{
	struct auth_client *ac = arg;

	(void)end;
	auth_client_lose(ac);
}

/* All messages go this way, behind those that were not urgent. */
static void
auth_client_send(struct auth_client *ac, enum login_auth_type type,
    uint32_t id, struct wire_writer *w)
{
	struct login_auth_outcome m = { .result = LOGIN_AUTH_LOGGED_IN };
	struct wire_writer lazy;
	uint8_t body[4];
	size_t i;

	for (i = 0; i < ac->nlazy; i++) {
		wire_writer_init(&lazy, body, sizeof(body));
		login_auth_outcome_put(&lazy, &m);
		channel_send(ac->channel, LOGIN_AUTH_OUTCOME, ac->lazy[i],
		    &lazy, -1);
	}
	ac->nlazy = 0;
	loop_timer_stop(&ac->lazy_timer);
	if (w != NULL)
		channel_send(ac->channel, (uint16_t)type, id, w, -1);
}

static bool
auth_client_has_id(const struct session_list *list, uint32_t id)
{
	const struct session *s;

	TAILQ_FOREACH(s, list, entry)
		if (s->grant_id == id)
			return true;
	return false;
}

/* A number that nothing of this channel has, also when they come again. */
static uint32_t
auth_client_next_id(struct auth_client *ac)
{
	do {
		if (++ac->last_id == 0) {
			ac->has_wrapped = true;
			ac->last_id = 1;
		}
	} while (ac->has_wrapped &&
	    (auth_client_find(ac, ac->last_id) != NULL ||
	    auth_client_has_id(&ac->process->waiting, ac->last_id) ||
	    auth_client_has_id(&ac->process->relayed, ac->last_id)));
	return ac->last_id;
}

static void
auth_client_session(struct auth_client *ac, struct session *s)
{
	struct login_auth_session m = {
		.service = (uint8_t)s->process->protocol->service,
		.rip = s->rip,
	};
	struct wire_writer w;

	s->grant_id = auth_client_next_id(ac);
	/* It has said its END already. */
	if (s->state == SESSION_CLOSING)
		return;
	(void)strlcpy(m.user, s->user, sizeof(m.user));
	wire_writer_init(&w, ac->body, sizeof(ac->body));
	login_auth_session_put(&w, &m);
	auth_client_send(ac, LOGIN_AUTH_SESSION, s->grant_id, &w);
}

/*
 * Tells a new auth of the sessions that live, as many as it may have to take
 * at once.  Those that it does not know are the first of the list: who has
 * been told, or logs in now, goes to its end.
 */
static void
auth_client_tell(void *arg)
{
	struct auth_client *ac = arg;
	struct session_list *list = &ac->process->relayed;
	struct session *s;
	unsigned int n = 0;

	while ((s = TAILQ_FIRST(list)) != NULL && s->grant_id == 0) {
		if (n == AUTH_CLIENT_TELL_MAX ||
		    channel_queued(ac->channel) > CHANNEL_QUEUE_HIGH) {
			loop_timer_start(&ac->timers, &ac->tell_timer,
			    auth_client_tell, ac);
			return;
		}
		auth_client_session(ac, s);
		TAILQ_REMOVE(list, s, entry);
		TAILQ_INSERT_TAIL(list, s, entry);
		n++;
	}
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

	auth_client_lose(ac);
	ac->channel = channel_new(&config);
	auth_client_tell(ac);
}

void
auth_client_close(struct auth_client *ac)
{
	auth_client_lose(ac);
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
	m.attempt = s->login->ntries > UINT16_MAX ? UINT16_MAX :
	    (uint16_t)s->login->ntries;
	(void)strlcpy(m.mech, s->login->mech, sizeof(m.mech));
	(void)strlcpy(m.session, s->id, sizeof(m.session));
	m.rip = s->rip;
	m.lip = s->lip;
	m.initial.data = initial;
	m.initial.len = len;
	wire_writer_init(&w, ac->body, sizeof(ac->body));
	login_auth_request_put(&w, &m);
	s->login->auth_id = auth_client_next_id(ac);
	RB_INSERT(auth_tree, &ac->open, s->login);
	auth_client_send(ac, LOGIN_AUTH_REQUEST, s->login->auth_id, &w);
}

void
auth_client_continue(struct auth_client *ac, struct session *s,
    const void *response, size_t len)
{
	struct login_auth_bytes m = { .data = response, .len = len };
	struct wire_writer w;

	wire_writer_init(&w, ac->body, sizeof(ac->body));
	login_auth_bytes_put(&w, &m);
	auth_client_send(ac, LOGIN_AUTH_CONTINUE, s->login->auth_id, &w);
}

static void
auth_client_send_empty(struct auth_client *ac, enum login_auth_type type,
    uint32_t id)
{
	struct wire_writer w;

	wire_writer_init(&w, ac->body, 0);
	auth_client_send(ac, type, id, &w);
}

void
auth_client_cancel(struct auth_client *ac, struct session *s)
{
	if (s->login == NULL || s->login->auth_id == 0)
		return;
	if (ac->channel != NULL)
		auth_client_send_empty(ac, LOGIN_AUTH_CANCEL,
		    s->login->auth_id);
	auth_client_forget(ac, s);
}

static void
auth_client_lazy_over(void *arg)
{
	auth_client_send(arg, LOGIN_AUTH_OUTCOME, 0, NULL);
}

/*
 * With the message that comes next, unless none will: a process with a
 * client of its own has nothing else to say.
 */
static void
auth_client_logged_in(struct auth_client *ac, uint32_t id)
{
	ac->lazy[ac->nlazy++] = id;
	if (ac->process->is_single || ac->nlazy == AUTH_CLIENT_LAZY_MAX)
		auth_client_lazy_over(ac);
	else if (ac->lazy_timer.on == NULL)
		loop_timer_start(&ac->timers, &ac->lazy_timer,
		    auth_client_lazy_over, ac);
}

void
auth_client_outcome(struct auth_client *ac, struct session *s,
    enum login_auth_result result)
{
	struct login_auth_outcome m = { .result = (uint8_t)result };
	struct wire_writer w;

	if (result == LOGIN_AUTH_LOGGED_IN) {
		if (s->grant_id != 0)
			auth_client_logged_in(ac, s->grant_id);
		else if (ac->channel != NULL)
			auth_client_session(ac, s);
		return;
	}
	if (s->grant_id == 0)
		return;
	wire_writer_init(&w, ac->body, sizeof(ac->body));
	login_auth_outcome_put(&w, &m);
	auth_client_send(ac, LOGIN_AUTH_OUTCOME, s->grant_id, &w);
	s->grant_id = 0;
}

void
auth_client_end(struct auth_client *ac, struct session *s)
{
	/* The end of the process says the same. */
	if (s->grant_id != 0 && !ac->process->is_single)
		auth_client_send_empty(ac, LOGIN_AUTH_END, s->grant_id);
	s->grant_id = 0;
}
