/*
 * Logins of users whose mail is on this machine.
 * Runs in: auth.
 * Hostile input: rows of userdbs; the master's word is trusted.
 * Never: lets somebody in whose password nobody has checked.
 */
#include "auth/auth_local.h"

#include <bsd/string.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/auth_chain.h"
#include "auth/auth_proof.h"
#include "auth/auth_request.h"
#include "auth/auth_watch.h"
#include "auth/userdb.h"
#include "config/settings.h"
#include "config/var.h"
#include "ipc/master_child.h"
#include "ipc/master_mail.h"
#include "lib/channel.h"
#include "lib/wire.h"
#include "lib/xmem.h"

static void	auth_local_looked_up(void *, const struct auth_worker_row *);

static int
auth_local_compare(const struct auth_local_ask *a,
    const struct auth_local_ask *b)
{
	return a->id < b->id ? -1 : a->id > b->id;
}

/* RB_GENERATE_STATIC relies on __unused, which is not everywhere. */
RB_GENERATE_INTERNAL(auth_local_tree, auth_local_ask, entry,
    auth_local_compare, __attribute__((__unused__)) static)

void
auth_local_init(struct auth_local *l, struct grants *grants,
    struct channel *master)
{
	memset(l, 0, sizeof(*l));
	l->master = master;
	RB_INIT(&l->asks);
	grant_map_init(&l->places, grants);
}

static struct userdb_fields *
auth_local_fields(struct auth_request *r)
{
	if (r->userdb == NULL)
		r->userdb = xcalloc(1, sizeof(*r->userdb));
	return r->userdb;
}

int
auth_local_prefetch(struct auth_request *r, const struct auth_worker_row *row,
    char *why)
{
	if (!userdb_has_prefix(row, USERDB_PREFETCH_PREFIX))
		return 0;
	r->has_prefetch = true;
	return userdb_fields_read(auth_local_fields(r), row,
	    USERDB_PREFETCH_PREFIX, why);
}

void
auth_local_forget(struct auth_request *r)
{
	if (r->has_prefetch)
		explicit_bzero(r->userdb, sizeof(*r->userdb));
	r->has_prefetch = false;
}

/* The address of the connection, or one that the administrator names. */
static bool
auth_local_is_self(const struct auth_request *r, const struct netaddr *a)
{
	const struct settings_nets *self = &r->env->settings->auth_proxy_self;

	for (size_t i = 0; i < self->n; i++)
		if (netaddr_net_has(&self->items[i], a))
			return true;
	return netaddr_same_ip(a, &r->real_lip);
}

static bool
auth_local_has_port(const struct settings_addrs *listen, uint16_t port)
{
	for (size_t i = 0; i < listen->n; i++)
		if (listen->items[i].port == port)
			return true;
	return false;
}

/*
 * None, that of the connection, or another of this protocol here: a row says
 * the one without TLS where clients come to the other.
 */
static bool
auth_local_is_port(const struct auth_request *r)
{
	const struct settings_service *s =
	    &r->env->settings->services[r->service];
	uint16_t port = r->fields.port;

	return port == 0 || port == r->real_lip.port ||
	    auth_local_has_port(&s->listen, port) ||
	    auth_local_has_port(&s->ssl_listen, port);
}

bool
auth_local_is_here(const struct auth_request *r)
{
	if (!r->fields.is_proxy_maybe || !auth_local_is_port(r))
		return false;
	for (size_t i = 0; i < r->nfound; i++)
		if (auth_local_is_self(r, &r->found[i]))
			return true;
	return false;
}

/* The name that counts from here on. */
static const char *
auth_local_user(const struct auth_request *r)
{
	return r->fields.user[0] != '\0' ? r->fields.user : r->user;
}

static void
auth_local_values(const struct auth_request *r, struct var_values *v)
{
	auth_chain_values(r, v);
	v->user = v->auth_user = v->login_user = auth_local_user(r);
}

static struct passdb *
auth_local_userdb(const struct auth_request *r)
{
	struct passdb_chain *chain = &r->env->chain;

	return r->nuserdbs >= chain->nuserdbs ? NULL :
	    &chain->dbs[chain->n + r->nuserdbs];
}

/* A number that no place and no request has. */
static uint32_t
auth_local_next_id(struct auth_local *l)
{
	do {
		l->last_id = (l->last_id + 1) % MASTER_MAIL_ADOPTED;
	} while (l->last_id == 0 || grant_has(&l->places, l->last_id));
	return l->last_id;
}

static void
auth_local_send(const struct auth_request *r)
{
	const struct auth_local *l = &r->env->local;
	struct child_mail_ask m = { .login = r->map->pid,
		.service = r->service, .is_secured = r->is_secured,
		.uid = r->userdb->uid, .gid = r->userdb->gid,
		.rip = r->rip, .lip = r->lip };
	uint8_t body[sizeof(m) + 32];
	struct wire_writer w;

	(void)strlcpy(m.user, auth_local_user(r), sizeof(m.user));
	(void)strlcpy(m.home, r->userdb->home, sizeof(m.home));
	(void)strlcpy(m.mail, r->userdb->mail, sizeof(m.mail));
	(void)strlcpy(m.session, r->session, sizeof(m.session));
	wire_writer_init(&w, body, sizeof(body));
	child_mail_ask_put(&w, &m);
	channel_send(l->master, CHILD_MAIL_ASK, r->ask.id, &w, -1);
}

static void
auth_local_answer(struct auth_request *r, const struct mail_ticket *ticket)
{
	struct login_auth_local m = { .ticket = *ticket };

	(void)strlcpy(m.user, auth_local_user(r), sizeof(m.user));
	auth_request_answer(r, &(struct auth_reply){
	    .type = LOGIN_AUTH_LOCAL, .local = &m });
}

/* All is known: a place for the user, and a ticket. */
static void
auth_local_ask(struct auth_request *r)
{
	static const struct mail_ticket none;
	struct auth_local *l = &r->env->local;
	const struct grant_who who = { .user = auth_local_user(r),
	    .service = r->service, .rip = &r->rip };

	/* wicketctl only wants to know. */
	if (r->map->watch != NULL) {
		auth_local_answer(r, &none);
		return;
	}
	r->ask.id = auth_local_next_id(l);
	r->ask.request = r;
	if (!grant_open(&l->places, r->ask.id, &who, &r->turn.mark)) {
		r->ask.id = 0;
		auth_request_say(r, "mail_max_userip_connections");
		auth_request_fail(r, LOGIN_AUTH_CODE_LIMIT);
		return;
	}
	grant_verified(&l->places, r->ask.id);
	auth_request_to(r, AUTH_REQUEST_TICKET);
	(void)RB_INSERT(auth_local_tree, &l->asks, &r->ask);
	auth_local_send(r);
}

/* Where the mail is, unless the userdb has said it. */
static int
auth_local_place(struct auth_request *r)
{
	struct userdb_fields *f = r->userdb;
	struct var_values values;

	if (f->mail[0] != '\0')
		return 0;
	auth_local_values(r, &values);
	return userdb_place(f->mail, sizeof(f->mail),
	    r->env->settings->mail.mail_location, &values, f->home);
}

/* A userdb knows the user. */
static void
auth_local_found(struct auth_request *r)
{
	const char *why = userdb_fields_fault(r->userdb,
	    &r->env->settings->mail);

	if (why == NULL && auth_local_place(r) == -1)
		why = "mail_location: no place for this name";
	if (why == NULL && r->userdb->mail[0] != '\0' &&
	    strchr(auth_local_user(r), '/') != NULL)
		why = "a slash in the name";
	if (why != NULL)
		auth_request_trouble(r, why);
	else
		auth_local_ask(r);
}

static void
auth_local_row(struct auth_request *r, const struct auth_worker_row *row)
{
	char why[PASSDB_WHY_MAX];

	explicit_bzero(r->userdb, sizeof(*r->userdb));
	if (userdb_fields_read(r->userdb, row, "", why) == -1)
		auth_request_trouble(r, why);
	else
		auth_local_found(r);
}

static void
auth_local_static(struct auth_request *r, const struct passdb *db)
{
	char room[PASSDB_STATIC_ROW_MAX];
	struct auth_worker_row row;
	struct var_values values;

	auth_local_values(r, &values);
	if (passdb_static_row(db, &values, &row, room) == -1)
		auth_request_trouble(r, "userdb: the row is too long");
	else
		auth_local_row(r, &row);
}

/* Asks the cache or a worker. */
static void
auth_local_look_up(struct auth_request *r, const struct passdb *db)
{
	const char *user = auth_local_user(r);
	struct auth_worker_lookup m;

	auth_request_lookup(r, db->index, &m);
	(void)strlcpy(m.user, user, sizeof(m.user));
	(void)strlcpy(m.login_user, user, sizeof(m.login_user));
	(void)strlcpy(m.auth_user, user, sizeof(m.auth_user));
	auth_request_to(r, AUTH_REQUEST_USERDB);
	if (auth_lookup_start(&r->env->lookups, &r->lookup, &r->map->lane, &m,
	    auth_local_looked_up, r) == -1)
		auth_request_overload(r, "too much work waits for workers");
}

/* The userdb at hand, or the one behind it. */
static void
auth_local_next(struct auth_request *r)
{
	const struct passdb *db;

	for (; (db = auth_local_userdb(r)) != NULL; r->nuserdbs++) {
		if (db->settings->driver != USERDB_PREFETCH)
			break;
		if (r->has_prefetch && r->userdb->has_uid) {
			auth_local_found(r);
			return;
		}
	}
	if (db == NULL)
		auth_request_trouble(r, "no userdb knows the user");
	else if (passdb_is_asked(db))
		auth_local_look_up(r, db);
	else
		auth_local_static(r, db);
}

static void
auth_local_looked_up(void *arg, const struct auth_worker_row *row)
{
	struct auth_request *r = arg;

	if (row == NULL) {
		auth_request_trouble(r, "a userdb did not answer");
	} else if (row->found == AUTH_WORKER_NONE) {
		r->nuserdbs++;
		auth_local_next(r);
	} else if (row->found == AUTH_WORKER_ONE) {
		auth_local_row(r, row);
	} else {
		auth_request_trouble(r, "userdb: not one usable row");
	}
}

void
auth_local_start(struct auth_request *r)
{
	if (!auth_proof_is_verified(r)) {
		auth_request_trouble(r, "local login, and nobody has checked "
		    "the password");
		return;
	}
	(void)auth_local_fields(r);
	auth_local_next(r);
}

void
auth_local_cancel(struct auth_request *r)
{
	if (r->ask.id == 0)
		return;
	/* The ticket comes all the same; the place is free when it has aged. */
	(void)RB_REMOVE(auth_local_tree, &r->env->local.asks, &r->ask);
	r->ask.id = 0;
}

static void
auth_local_refused(struct auth_request *r, uint8_t result)
{
	if (result == MASTER_MAIL_FULL)
		auth_request_unavailable(r, "max_mail_processes");
	else
		auth_request_trouble(r, "the master starts no mail process");
}

int
auth_local_ticket(struct auth_local *l, uint32_t id,
    const struct master_mail_ticket *m)
{
	struct auth_local_ask key = { .id = id }, *ask;
	bool is_ok = m->result == MASTER_MAIL_OK;
	const struct login_auth_outcome outcome = {
		.result = is_ok ? LOGIN_AUTH_LOGGED_IN : LOGIN_AUTH_GONE,
		.addr = LOGIN_AUTH_ADDR_NONE,
	};
	struct auth_request *r;

	if (grant_outcome(&l->places, id, &outcome) == -1)
		return -1;
	ask = RB_FIND(auth_local_tree, &l->asks, &key);
	if (ask == NULL)
		return 0;
	r = ask->request;
	auth_local_cancel(r);
	if (is_ok)
		auth_local_answer(r, &m->ticket);
	else
		auth_local_refused(r, m->result);
	return 0;
}

int
auth_local_session(struct auth_local *l, uint32_t id,
    const struct master_mail_session *m)
{
	const struct netaddr none = { .family = NETADDR_NONE };

	if ((id & MASTER_MAIL_ADOPTED) == 0 || grant_has(&l->places, id))
		return -1;
	grant_adopt(&l->places, id, &(struct grant_who){
	    .user = m->user, .service = m->service, .rip = &m->rip }, &none);
	return 0;
}

int
auth_local_ended(struct auth_local *l, uint32_t id)
{
	return grant_end(&l->places, id);
}
