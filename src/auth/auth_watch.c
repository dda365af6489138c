/*
 * What wicketctl is told of its requests.
 * Runs in: auth.
 * Hostile input: rows of databases, names.
 * Never: tells a password or a hash; decides anything.
 */
#include "auth/auth_watch.h"

#include <stdio.h>
#include <string.h>

#include "auth/auth_chain.h"
#include "auth/auth_request.h"
#include "auth/passdb.h"
#include "auth/userdb.h"
#include "config/query.h"
#include "config/var.h"
#include "ipc/ctl_auth.h"
#include "lib/strutil.h"

#define AUTH_WATCH_HIDDEN	"<hidden>"
#define AUTH_WATCH_SOURCE_MAX	64

/* Columns whose names hold one of these are secrets... */
static const char *const auth_watch_secrets[] = {
	"pass", "hash", "secret", "token", "key",
};
/* ...but this is a flag. */
#define AUTH_WATCH_FLAG		"nopassword"

static const char *const auth_watch_found[AUTH_WORKER_FOUND_LAST + 1] = {
	[AUTH_WORKER_NONE] = "no row",
	[AUTH_WORKER_ONE] = "one row",
	[AUTH_WORKER_MANY] = "several rows",
	[AUTH_WORKER_FAULT] = "no answer",
	[AUTH_WORKER_UNUSABLE] = "a row beyond all limits",
	[AUTH_WORKER_REFUSED] = "a refusal",
};

static const struct auth_watch *
auth_watch_of(const struct auth_request *r)
{
	return r->map->watch;
}

bool
auth_watch_is_explain(const struct auth_request *r)
{
	const struct auth_watch *w = auth_watch_of(r);

	return w != NULL && w->has_no_password;
}

static void
auth_watch_tell(const struct auth_watch *w, const char *key,
    const char *value, size_t len)
{
	char text[CTL_AUTH_VALUE_MAX + 1];

	w->tell(w->arg, key, str_escape(text, sizeof(text), value, len));
}

/* Something about the passdb at hand. */
static void
auth_watch_passdb(const struct auth_request *r, const char *name,
    const char *value)
{
	char key[CTL_AUTH_KEY_MAX + 1];

	(void)snprintf(key, sizeof(key), "passdb.%u.%s", r->passdb + 1u,
	    name);
	auth_watch_tell(auth_watch_of(r), key, value, strlen(value));
}

void
auth_watch_name(const struct auth_request *r)
{
	const struct auth_watch *w = auth_watch_of(r);

	if (w == NULL)
		return;
	auth_watch_tell(w, "user", r->user, strlen(r->user));
	if (r->master[0] != '\0')
		auth_watch_tell(w, "master", r->master, strlen(r->master));
}

static void
auth_watch_query(const struct auth_request *r, const struct query *q)
{
	char value[QUERY_VALUE_MAX], text[QUERY_VALUE_MAX + 2], name[24];
	struct var_values values;

	auth_chain_values(r, &values);
	auth_watch_passdb(r, "query", query_statement(q));
	for (size_t i = 0; i < query_nparams(q); i++) {
		(void)snprintf(name, sizeof(name), "$%zu", i + 1);
		if (query_param_expand(q, i, &values, value,
		    sizeof(value)) == -1)
			(void)snprintf(text, sizeof(text), "too long");
		else
			(void)snprintf(text, sizeof(text), "'%s'", value);
		auth_watch_passdb(r, name, text);
	}
}

/* The hosts of a database, and who of them is up. */
static void
auth_watch_hosts(const struct auth_request *r)
{
	char text[DB_HEALTH_TEXT_MAX], name[24];
	const char *said;

	for (unsigned int i = 0; (said = db_health_describe(
	    &r->env->lookups.health, r->passdb, i, text, sizeof(text))) !=
	    NULL; i++) {
		(void)snprintf(name, sizeof(name), "host.%u", i + 1);
		auth_watch_passdb(r, name, said);
	}
}

void
auth_watch_ask(const struct auth_request *r)
{
	const struct passdb *db = &r->env->chain.dbs[r->passdb];

	if (auth_watch_of(r) == NULL)
		return;
	auth_watch_passdb(r, "driver", passdb_driver_name(db));
	/* The others' args may hold secrets. */
	if (db->settings->driver == PASSDB_SQL ||
	    db->settings->driver == PASSDB_PASSWD_FILE)
		auth_watch_passdb(r, "args", db->settings->args);
	auth_watch_hosts(r);
	if (db->query != NULL)
		auth_watch_query(r, db->query);
}

static bool
auth_watch_is_secret(const char *name)
{
	const size_t n = sizeof(auth_watch_secrets) /
	    sizeof(auth_watch_secrets[0]);

	if (strcasecmp(name, AUTH_WATCH_FLAG) == 0)
		return false;
	for (size_t i = 0; i < n; i++)
		if (strcasestr(name, auth_watch_secrets[i]) != NULL)
			return true;
	return false;
}

static void
auth_watch_column(const struct auth_request *r,
    const struct auth_worker_column *c)
{
	char key[CTL_AUTH_KEY_MAX + 1], name[CTL_AUTH_KEY_MAX / 2 + 1];
	const char *value = (const char *)c->value;
	size_t len = c->len;

	(void)str_escape(name, sizeof(name), c->name, strlen(c->name));
	(void)snprintf(key, sizeof(key), "passdb.%u.field.%s",
	    r->passdb + 1u, name);
	if (c->is_null) {
		value = "NULL";
		len = strlen(value);
	} else if (len > 0 && auth_watch_is_secret(c->name)) {
		value = AUTH_WATCH_HIDDEN;
		len = strlen(value);
	}
	auth_watch_tell(auth_watch_of(r), key, value, len);
}

void
auth_watch_fault(const struct auth_request *r)
{
	const char *text = r->map->env->lookups.faults[r->passdb];

	if (auth_watch_of(r) != NULL && text[0] != '\0')
		auth_watch_passdb(r, "fault", text);
}

void
auth_watch_row(const struct auth_request *r, const struct auth_lookup *l,
    const struct auth_worker_row *row)
{
	char source[AUTH_WATCH_SOURCE_MAX];

	if (auth_watch_of(r) == NULL)
		return;
	auth_watch_passdb(r, "from", l == NULL ? "configuration" :
	    auth_lookup_source(l, source, sizeof(source)));
	auth_watch_passdb(r, "found", auth_watch_found[row->found]);
	for (size_t i = 0; i < row->ncolumns; i++)
		auth_watch_column(r, &row->columns[i]);
}

void
auth_watch_note(const struct auth_request *r, const char *text)
{
	if (auth_watch_of(r) != NULL)
		auth_watch_passdb(r, "decision", text);
}

/* How the connection to the host is protected. */
static void
auth_watch_tls(const struct auth_watch *w, const struct login_auth_tls *t)
{
	if (t->kind == LOGIN_AUTH_TLS_NONE)
		return;
	w->tell(w->arg, "route.tls", t->kind == LOGIN_AUTH_TLS_IMPLICIT ?
	    "implicit" : "starttls");
	if (t->is_any_cert)
		w->tell(w->arg, "route.certificate", "any");
	else
		auth_watch_tell(w, "route.certificate", t->names,
		    strlen(t->names));
}

static void
auth_watch_route(const struct auth_watch *w,
    const struct login_auth_route *route)
{
	char addr[NETADDR_PORT_TEXT_MAX];

	auth_watch_tell(w, "route.user", route->user, strlen(route->user));
	auth_watch_tell(w, "route.destuser", route->destuser,
	    strlen(route->destuser));
	if (route->master[0] != '\0')
		auth_watch_tell(w, "route.master", route->master,
		    strlen(route->master));
	if (route->pass[0] != '\0')
		w->tell(w->arg, "route.pass", AUTH_WATCH_HIDDEN);
	auth_watch_tell(w, "route.host", route->host, strlen(route->host));
	for (size_t i = 0; i < route->naddrs; i++)
		w->tell(w->arg, "route.address",
		    netaddr_port_text(&route->addrs[i], addr));
	auth_watch_tls(w, &route->tls);
}

static void
auth_watch_local(const struct auth_watch *w, const char *user,
    const struct userdb_fields *f)
{
	char id[16];

	auth_watch_tell(w, "local.user", user, strlen(user));
	(void)snprintf(id, sizeof(id), "%u", f->uid);
	w->tell(w->arg, "local.uid", id);
	(void)snprintf(id, sizeof(id), "%u", f->gid);
	w->tell(w->arg, "local.gid", id);
	auth_watch_tell(w, "local.home", f->home, strlen(f->home));
	auth_watch_tell(w, "local.mail", f->mail, strlen(f->mail));
}

void
auth_watch_reply(const struct auth_request *r, const struct auth_reply *reply)
{
	const struct auth_watch *w = auth_watch_of(r);

	if (w == NULL)
		return;
	if (reply->route != NULL) {
		auth_watch_route(w, reply->route);
		w->tell(w->arg, "result", "ok");
	} else if (reply->local != NULL) {
		auth_watch_local(w, reply->local->user, r->userdb);
		w->tell(w->arg, "result", "ok");
	} else if (reply->fail != NULL) {
		w->tell(w->arg, "result", "refused");
		w->tell(w->arg, "reason",
		    login_auth_code_word(reply->fail->code));
		if (reply->fail->reason[0] != '\0')
			auth_watch_tell(w, "text", reply->fail->reason,
			    strlen(reply->fail->reason));
	}
}
