/*
 * auth_client: the login process's side of its channels to auth.
 * Runs in: login processes.
 * Hostile input: none; auth is trusted.
 * Never: leaves a session without an answer.
 */
#include "login-common/auth_client.h"

#include <bsd/string.h>
#include <bsd/sys/tree.h>
#include <stdlib.h>
#include <string.h>

#include "config/settings.h"
#include "ipc/auth_choice.h"
#include "ipc/login_auth.h"
#include "ipc/master_child.h"
#include "ipc/sasl_message.h"
#include "lib/channel.h"
#include "lib/log.h"
#include "lib/xmem.h"
#include "login-common/backend.h"
#include "login-common/client_tls.h"
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

/* A session that has logged in. */
struct auth_lazy {
	uint32_t		 id;
	uint8_t			 addr;
};

/* Where one that was replaced is, until it has answered what it was asked. */
#define AUTH_CLIENT_OLD		MASTER_AUTHS_MAX

/* One auth process. */
struct auth_peer {
	struct auth_client	*client;
	uint8_t			 index;		/* of peers */
	struct channel		*channel;	/* NULL: not there now */
	struct auth_tree	 open;
	uint32_t		 last_id;
	bool			 has_wrapped;	/* ids are used again */
	struct loop_timer	 lazy_timer, tell_timer;
	struct auth_lazy	 lazy[AUTH_CLIENT_LAZY_MAX];
	size_t			 nlazy;
};

struct auth_client {
	struct login_process	*process;
	struct auth_peer	*peers[2 * AUTH_CLIENT_OLD];
	uint32_t		 count;		/* users are split so */
	struct loop_timers	 timers;
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
	return ac;
}

/* The session of an answer; NULL when it was cancelled meanwhile. */
static struct session *
auth_client_find(struct auth_peer *ap, uint32_t id)
{
	struct session_login *login;

	ap->client->key->auth_id = id;
	login = RB_FIND(auth_tree, &ap->open, ap->client->key);
	return login == NULL ? NULL : login->session;
}

static void	auth_client_lose(struct auth_peer *);

/* An old one that was answered by all: its channel may be at work still. */
static void
auth_client_left(void *arg)
{
	auth_client_lose(arg);
}

static void
auth_client_forget(struct auth_peer *ap, struct session *s)
{
	RB_REMOVE(auth_tree, &ap->open, s->login);
	s->login->auth_id = 0;
	if (ap->index >= AUTH_CLIENT_OLD && RB_EMPTY(&ap->open))
		loop_timer_start(&ap->client->timers, &ap->tell_timer,
		    auth_client_left, ap);
}

static int
auth_client_ok(void *arg, uint32_t id, struct wire_reader *r, int fd)
{
	struct auth_peer *ap = arg;
	struct session *s = auth_client_find(ap, id);
	int result;

	(void)fd;
	result = login_auth_route_get(r, s != NULL ? &s->login->route :
	    &ap->client->unused);
	explicit_bzero(ap->client->unused.pass,
	    sizeof(ap->client->unused.pass));
	if (result == 0 && s != NULL) {
		auth_client_forget(ap, s);
		/* An old one will not be there; the new one hears of it. */
		s->grant_id = ap->index < AUTH_CLIENT_OLD ? id : 0;
		session_auth_ok(s);
	}
	return result;
}

static int
auth_client_local(void *arg, uint32_t id, struct wire_reader *r, int fd)
{
	struct auth_peer *ap = arg;
	struct session *s = auth_client_find(ap, id);
	struct login_auth_local m;
	int result;

	(void)fd;
	result = login_auth_local_get(r, &m);
	if (result == 0 && s != NULL) {
		auth_client_forget(ap, s);
		session_auth_local(s, &m);
	}
	explicit_bzero(&m, sizeof(m));
	return result;
}

static int
auth_client_challenge(void *arg, uint32_t id, struct wire_reader *r, int fd)
{
	struct auth_peer *ap = arg;
	struct session *s = auth_client_find(ap, id);
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
	struct auth_peer *ap = arg;
	struct session *s = auth_client_find(ap, id);
	struct login_auth_fail fail;

	(void)fd;
	if (login_auth_fail_get(r, &fail) == -1)
		return -1;
	if (s != NULL) {
		auth_client_forget(ap, s);
		session_auth_fail(s, &fail);
	}
	return 0;
}

/* Those whom this auth has sent there do not wait for it any more. */
static int
auth_client_host_down(void *arg, uint32_t id, struct wire_reader *r, int fd)
{
	struct auth_peer *ap = arg;
	struct login_auth_host_down m;
	struct session *s;

	(void)id;
	(void)fd;
	if (login_auth_host_down_get(r, &m) == -1)
		return -1;
	TAILQ_FOREACH(s, &ap->client->process->waiting, entry)
		if (s->grant_id != 0 && s->auth == ap->index)
			backend_host_down(s, &m);
	return 0;
}

static const struct channel_row auth_client_rows[] = {
	{ .type = LOGIN_AUTH_OK, .name = "OK", .when = 1,
	  .max = CHANNEL_BODY_MAX, .handler = auth_client_ok },
	{ .type = LOGIN_AUTH_CHALLENGE, .name = "CHALLENGE", .when = 1,
	  .max = CHANNEL_BODY_MAX, .handler = auth_client_challenge },
	{ .type = LOGIN_AUTH_LOCAL, .name = "LOCAL", .when = 1,
	  .max = CHANNEL_BODY_MAX, .handler = auth_client_local },
	{ .type = LOGIN_AUTH_FAIL, .name = "FAIL", .when = 1,
	  .max = CHANNEL_BODY_MAX, .handler = auth_client_fail },
	{ .type = LOGIN_AUTH_HOST_DOWN, .name = "HOST_DOWN", .when = 1,
	  .min = 8, .max = 20, .handler = auth_client_host_down },
};

static void
auth_client_no_grants(const struct auth_peer *ap, struct session_list *list)
{
	struct session *s;

	TAILQ_FOREACH(s, list, entry)
		if (s->auth == ap->index)
			s->grant_id = 0;
}

/* No answer will come for what is open: "temporary", to each. */
static void
auth_client_fail_all(struct auth_peer *ap)
{
	struct login_auth_fail fail = { .code = LOGIN_AUTH_CODE_TEMP };
	struct session_login *login;
	struct session *s;

	while ((login = RB_MIN(auth_tree, &ap->open)) != NULL) {
		s = login->session;
		auth_client_forget(ap, s);
		session_auth_fail(s, &fail);
	}
}

/* It hears no more of the sessions that it has allowed. */
static void
auth_client_quit(struct auth_peer *ap)
{
	ap->nlazy = 0;
	loop_timer_stop(&ap->lazy_timer);
	loop_timer_stop(&ap->tell_timer);
	auth_client_no_grants(ap, &ap->client->process->waiting);
	auth_client_no_grants(ap, &ap->client->process->relayed);
}

static void
auth_client_lose(struct auth_peer *ap)
{
	channel_free(ap->channel);
	ap->channel = NULL;
	ap->last_id = 0;
	ap->has_wrapped = false;
	auth_client_quit(ap);
	auth_client_fail_all(ap);
}

static void
auth_client_closed(void *arg, enum channel_end end)
{
	struct auth_peer *ap = arg;

	(void)end;
	auth_client_lose(ap);
}

/* All messages go this way, behind those that were not urgent. */
static void
auth_client_send(struct auth_peer *ap, enum login_auth_type type,
    uint32_t id, struct wire_writer *w)
{
	struct login_auth_outcome m = { .result = LOGIN_AUTH_LOGGED_IN };
	struct wire_writer lazy;
	uint8_t body[4];
	size_t i;

	for (i = 0; i < ap->nlazy; i++) {
		wire_writer_init(&lazy, body, sizeof(body));
		m.addr = ap->lazy[i].addr;
		login_auth_outcome_put(&lazy, &m);
		channel_send(ap->channel, LOGIN_AUTH_OUTCOME, ap->lazy[i].id,
		    &lazy, -1);
	}
	ap->nlazy = 0;
	loop_timer_stop(&ap->lazy_timer);
	if (w != NULL)
		channel_send(ap->channel, (uint16_t)type, id, w, -1);
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
auth_client_next_id(struct auth_peer *ap)
{
	do {
		if (++ap->last_id == 0) {
			ap->has_wrapped = true;
			ap->last_id = 1;
		}
	} while (ap->has_wrapped &&
	    (auth_client_find(ap, ap->last_id) != NULL ||
	    auth_client_has_id(&ap->client->process->waiting, ap->last_id) ||
	    auth_client_has_id(&ap->client->process->relayed, ap->last_id)));
	return ap->last_id;
}

static void
auth_client_session(struct auth_peer *ap, struct session *s)
{
	struct login_auth_session m = {
		.service = (uint8_t)s->process->protocol->service,
		.rip = s->rip,
		.host = s->host,
	};
	struct wire_writer w;

	s->grant_id = auth_client_next_id(ap);
	s->auth = ap->index;
	/* It has said its END already. */
	if (s->state == SESSION_CLOSING)
		return;
	(void)strlcpy(m.user, s->user, sizeof(m.user));
	wire_writer_init(&w, ap->client->body, sizeof(ap->client->body));
	login_auth_session_put(&w, &m);
	auth_client_send(ap, LOGIN_AUTH_SESSION, s->grant_id, &w);
}

/* The auth process to ask about this user; NULL when it is not there. */
static struct auth_peer *
auth_client_choose(const struct auth_client *ac, const struct session *s)
{
	struct auth_peer *ap;

	if (ac->count == 0)
		return NULL;
	ap = ac->peers[s->auth_number % ac->count];
	return ap->channel == NULL ? NULL : ap;
}

/* The one that was asked. */
static struct auth_peer *
auth_client_asked(const struct auth_client *ac, const struct session *s)
{
	return ac->peers[s->auth];
}

/*
 * Tells a new auth of the sessions that live and are its own, as many as it
 * may have to take at once.
 */
static void
auth_client_tell(void *arg)
{
	struct auth_peer *ap = arg;
	struct auth_client *ac = ap->client;
	struct session *s;
	unsigned int n = 0;

	TAILQ_FOREACH(s, &ac->process->relayed, entry) {
		if (s->grant_id != 0 || s->is_local ||
		    auth_client_choose(ac, s) != ap)
			continue;
		if (n++ == AUTH_CLIENT_TELL_MAX ||
		    channel_queued(ap->channel) > CHANNEL_QUEUE_HIGH) {
			loop_timer_start(&ac->timers, &ap->tell_timer,
			    auth_client_tell, ap);
			return;
		}
		auth_client_session(ap, s);
	}
}

static void	auth_client_send_empty(struct auth_peer *,
		    enum login_auth_type, uint32_t);

static struct auth_peer *
auth_client_peer(struct auth_client *ac, uint8_t index)
{
	struct auth_peer *ap = ac->peers[index];

	if (ap != NULL)
		return ap;
	ap = xcalloc(1, sizeof(*ap));
	ap->client = ac;
	ap->index = index;
	RB_INIT(&ap->open);
	ac->peers[index] = ap;
	return ap;
}

/*
 * One without a channel in place of one that is to go: what that was asked it
 * still answers.
 */
static struct auth_peer *
auth_client_replace(struct auth_client *ac, uint8_t index)
{
	struct auth_peer *ap = auth_client_peer(ac, index), *old;
	struct session *s;

	if (ap->channel == NULL || RB_EMPTY(&ap->open)) {
		auth_client_lose(ap);
		return ap;
	}
	auth_client_quit(ap);
	old = auth_client_peer(ac, (uint8_t)(AUTH_CLIENT_OLD + index));
	auth_client_lose(old);
	old->index = index;
	ac->peers[index] = old;
	ap->index = (uint8_t)(AUTH_CLIENT_OLD + index);
	ac->peers[ap->index] = ap;
	TAILQ_FOREACH(s, &ac->process->waiting, entry)
		if (s->auth == index && s->login->auth_id != 0)
			s->auth = ap->index;
	return old;
}

/* Users are split in another way now: their sessions move. */
static void
auth_client_recount(struct auth_client *ac, uint32_t count)
{
	struct session *s;
	uint32_t i;

	ac->count = count;
	TAILQ_FOREACH(s, &ac->process->relayed, entry) {
		if (s->grant_id == 0 || s->auth == s->auth_number % count)
			continue;
		auth_client_send_empty(auth_client_asked(ac, s),
		    LOGIN_AUTH_END, s->grant_id);
		s->grant_id = 0;
	}
	for (i = count; i < MASTER_AUTHS_MAX; i++)
		if (ac->peers[i] != NULL)
			auth_client_replace(ac, (uint8_t)i);
	for (i = 0; i < count; i++)
		if (ac->peers[i]->channel != NULL)
			auth_client_tell(ac->peers[i]);
}

/* Are there channels to so many? */
static bool
auth_client_has_all(const struct auth_client *ac, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (ac->peers[i] == NULL || ac->peers[i]->channel == NULL)
			return false;
	return true;
}

void
auth_client_open(struct auth_client *ac, const struct master_auth *which,
    int fd)
{
	struct auth_peer *ap = auth_client_replace(ac, which->index);
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
		.endpoint = ap,
		.closed_fn = auth_client_closed,
	};

	ap->channel = channel_new(&config);
	/* Another count is used when it can be. */
	if (ac->count != which->count &&
	    auth_client_has_all(ac, which->count))
		auth_client_recount(ac, which->count);
	else
		auth_client_tell(ap);
}

void
auth_client_close(struct auth_client *ac)
{
	for (uint32_t i = 0; i < 2 * AUTH_CLIENT_OLD; i++)
		if (ac->peers[i] != NULL)
			auth_client_lose(ac->peers[i]);
}

bool
auth_client_needs_name(const struct auth_client *ac)
{
	return ac->count > 1;
}

/*
 * The name in a first response, whose form is auth's to judge; or that of the
 * certificate, where it is what counts.
 */
static void
auth_client_number(const struct auth_client *ac, struct session *s,
    const char *cert_user, const char *initial, size_t len)
{
	const struct settings *set = ac->process->set;
	char name[LOGIN_AUTH_USER_MAX + 1];

	sasl_message_name(s->login->mech, initial, len, name);
	if (cert_user[0] != '\0' && (set->auth_ssl_username_from_cert ||
	    strcmp(s->login->mech, "EXTERNAL") == 0))
		(void)strlcpy(name, cert_user, sizeof(name));
	s->auth_number = auth_choice(name, strlen(name),
	    set->auth_master_user_separator);
}

void
auth_client_submit(struct auth_client *ac, struct session *s,
    bool has_initial, const void *initial, size_t len)
{
	struct login_auth_fail fail = { .code = LOGIN_AUTH_CODE_TEMP };
	struct login_auth_request m;
	struct auth_peer *ap;
	struct wire_writer w;

	client_tls_user(s, m.cert_user, sizeof(m.cert_user));
	client_tls_cert(s, &m.cert);
	auth_client_number(ac, s, m.cert_user, has_initial ? initial : "",
	    has_initial ? len : 0);
	if ((ap = auth_client_choose(ac, s)) == NULL) {
		session_auth_fail(s, &fail);
		return;
	}
	s->auth = ap->index;
	m.service = (uint8_t)s->process->protocol->service;
	m.is_secured = s->login->is_secured;
	m.has_initial = has_initial;
	m.attempt = s->login->ntries > UINT16_MAX ? UINT16_MAX :
	    (uint16_t)s->login->ntries;
	(void)strlcpy(m.mech, s->login->mech, sizeof(m.mech));
	(void)strlcpy(m.session, s->id, sizeof(m.session));
	m.rip = s->rip;
	m.lip = s->lip;
	m.real_rip = s->real_rip;
	m.real_lip = s->real_lip;
	m.forward = s->login->forward;
	m.initial.data = initial;
	m.initial.len = len;
	wire_writer_init(&w, ac->body, sizeof(ac->body));
	login_auth_request_put(&w, &m);
	s->login->auth_id = auth_client_next_id(ap);
	RB_INSERT(auth_tree, &ap->open, s->login);
	auth_client_send(ap, LOGIN_AUTH_REQUEST, s->login->auth_id, &w);
}

void
auth_client_continue(struct auth_client *ac, struct session *s,
    const void *response, size_t len)
{
	struct auth_peer *ap = auth_client_asked(ac, s);
	struct login_auth_bytes m = { .data = response, .len = len };
	struct wire_writer w;

	wire_writer_init(&w, ap->client->body, sizeof(ap->client->body));
	login_auth_bytes_put(&w, &m);
	auth_client_send(ap, LOGIN_AUTH_CONTINUE, s->login->auth_id, &w);
}

static void
auth_client_send_empty(struct auth_peer *ap, enum login_auth_type type,
    uint32_t id)
{
	struct wire_writer w;

	wire_writer_init(&w, ap->client->body, 0);
	auth_client_send(ap, type, id, &w);
}

void
auth_client_cancel(struct auth_client *ac, struct session *s)
{
	struct auth_peer *ap = auth_client_asked(ac, s);

	if (s->login == NULL || s->login->auth_id == 0)
		return;
	if (ap->channel != NULL)
		auth_client_send_empty(ap, LOGIN_AUTH_CANCEL,
		    s->login->auth_id);
	auth_client_forget(ap, s);
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
auth_client_logged_in(struct auth_peer *ap, const struct session *s)
{
	ap->lazy[ap->nlazy++] = (struct auth_lazy){ s->grant_id, s->addr };
	if (ap->client->process->is_single || ap->nlazy == AUTH_CLIENT_LAZY_MAX)
		auth_client_lazy_over(ap);
	else if (ap->lazy_timer.on == NULL)
		loop_timer_start(&ap->client->timers, &ap->lazy_timer,
		    auth_client_lazy_over, ap);
}

void
auth_client_outcome(struct auth_client *ac, struct session *s,
    enum login_auth_result result, bool has_answered)
{
	struct auth_peer *ap = auth_client_asked(ac, s);
	struct login_auth_outcome m = { .result = (uint8_t)result,
	    .addr = has_answered ? s->addr : LOGIN_AUTH_ADDR_NONE };
	struct wire_writer w;

	/* The master tells of mail processes. */
	if (s->is_local)
		return;
	if (result == LOGIN_AUTH_LOGGED_IN) {
		if (s->grant_id != 0)
			auth_client_logged_in(ap, s);
		else if ((ap = auth_client_choose(ac, s)) != NULL)
			auth_client_session(ap, s);
		return;
	}
	if (s->grant_id == 0)
		return;
	wire_writer_init(&w, ap->client->body, sizeof(ap->client->body));
	login_auth_outcome_put(&w, &m);
	auth_client_send(ap, LOGIN_AUTH_OUTCOME, s->grant_id, &w);
	s->grant_id = 0;
}

void
auth_client_tried(struct auth_client *ac, struct session *s,
    enum login_auth_trouble trouble, bool has_login)
{
	struct auth_peer *ap = auth_client_asked(ac, s);
	struct login_auth_tried m = { .addr = s->addr,
	    .trouble = (uint8_t)trouble, .has_login = has_login };
	struct wire_writer w;

	if (s->grant_id == 0)
		return;
	wire_writer_init(&w, ap->client->body, sizeof(ap->client->body));
	login_auth_tried_put(&w, &m);
	auth_client_send(ap, LOGIN_AUTH_TRIED, s->grant_id, &w);
}

void
auth_client_end(struct auth_client *ac, struct session *s)
{
	/* The end of the process says the same. */
	if (s->grant_id != 0 && !ac->process->is_single)
		auth_client_send_empty(auth_client_asked(ac, s),
		    LOGIN_AUTH_END, s->grant_id);
	s->grant_id = 0;
}
