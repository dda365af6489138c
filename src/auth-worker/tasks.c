/*
 * What auth has done by a worker.
 * Runs in: auth-worker.
 * Hostile input: names of users, rows of the database, stored hashes.
 * Never: builds SQL text from a value, logs what a database says.
 */
#include "auth-worker/tasks.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "auth-worker/nginx_http.h"
#include "auth-worker/passwd_file.h"
#include "auth-worker/resolver.h"
#include "auth-worker/sql.h"
#include "auth-worker/sql_hosts.h"
#include "auth-worker/userdb_passwd.h"
#include "config/query.h"
#include "config/settings.h"
#include "config/var.h"
#include "ipc/roles.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/password.h"
#include "lib/strutil.h"
#include "lib/xmem.h"

/* A task ends this much (one part in ten) before auth gives the worker up. */
#define TASKS_MARGIN		10
/* A host that is back answers at once; the worker is wanted elsewhere. */
#define TASKS_PROBE_MS		2000

typedef char tasks_value[QUERY_VALUE_MAX];

/* One passdb; what its driver has no use for stays NULL. */
struct tasks_passdb {
	struct passwd_file	*file;
	struct nginx_http	*http;
	struct query		*query;
	struct sql_hosts	 hosts;
	tasks_value		*values;	/* of the parameters */
	struct sql_param	*params;
	size_t			 nparams;
};

struct tasks {
	const struct settings	*settings;
	struct tasks_passdb	 passdbs[SETTINGS_DBS_MAX];
	struct sql_row		 row;
};

/* The master has tried this already: a fault means that they differ. */
static int
tasks_compile(struct tasks_passdb *p, const struct settings_passdb *s)
{
	const struct sql_driver *driver = sql_driver_find(s->sql_driver);
	enum query_dialect dialect;
	char err[SQL_FAULT_TEXT_MAX];

	if (driver == NULL ||
	    query_dialect_get(s->sql_driver, &dialect) == -1) {
		log_error("driver = %s: not in this build", s->sql_driver);
		return -1;
	}
	p->query = query_compile(s->sql_password_query, dialect, err,
	    sizeof(err));
	if (p->query == NULL) {
		log_error("password_query: %s", err);
		return -1;
	}
	if (sql_hosts_init(&p->hosts, driver, s->sql_connect,
	    query_statement(p->query), err, sizeof(err)) == -1) {
		log_error("connect: %s", err);
		query_free(p->query);
		p->query = NULL;
		return -1;
	}
	p->nparams = query_nparams(p->query);
	p->values = xcalloc(p->nparams + 1, sizeof(*p->values));
	p->params = xcalloc(p->nparams + 1, sizeof(*p->params));
	return 0;
}

/* A driver that cannot be used has said so: its lookups are faults. */
static void
tasks_open(struct tasks *t, size_t i)
{
	const struct settings_passdb *s = &t->settings->passdbs[i];
	struct tasks_passdb *p = &t->passdbs[i];
	char err[SQL_FAULT_TEXT_MAX] = "";

	switch (s->driver) {
	case PASSDB_SQL:
		(void)tasks_compile(p, s);
		break;
	case PASSDB_PASSWD_FILE:
		p->file = passwd_file_new(s->args,
		    t->settings->auth_process_size_bytes, err, sizeof(err));
		break;
	case PASSDB_NGINX_HTTP:
		p->http = nginx_http_new(s->args, err, sizeof(err));
		break;
	case PASSDB_STATIC:
	case USERDB_PASSWD:
	case USERDB_PREFETCH:
		break;
	}
	if (err[0] != '\0')
		log_error("passdb %zu (%s): %s", i + 1,
		    settings_passdb_word(s->driver), err);
}

struct tasks *
tasks_new(const struct settings *settings)
{
	struct tasks *t = xcalloc(1, sizeof(*t));

	t->settings = settings;
	for (size_t i = 0; i < settings->npassdbs + settings->nuserdbs; i++)
		tasks_open(t, i);
	return t;
}

void
tasks_free(struct tasks *t)
{
	struct tasks_passdb *p;

	if (t == NULL)
		return;
	for (size_t i = 0; i < SETTINGS_DBS_MAX; i++) {
		p = &t->passdbs[i];
		passwd_file_free(p->file);
		nginx_http_free(p->http);
		if (p->query == NULL)
			continue;
		sql_hosts_clear(&p->hosts);
		query_free(p->query);
		free(p->values);
		free(p->params);
	}
	sql_row_clear(&t->row);
	free(t);
}

/* When the answer must be on its way. */
static uint32_t
tasks_time_ms(const struct tasks *t)
{
	uint32_t timeout_ms = t->settings->auth_worker_timeout_ms;

	return timeout_ms - timeout_ms / TASKS_MARGIN;
}

static struct var_values
tasks_values(const struct auth_worker_lookup *m)
{
	return (struct var_values){
		.user = m->user,
		.login_user = m->login_user,
		.auth_user = m->auth_user,
		.service = service_name((enum service_id)m->service),
		.mech = m->mech,
		.session = m->session,
		.rip = &m->rip,
		.lip = &m->lip,
		.real_rip = &m->real_rip,
		.real_lip = &m->real_lip,
		.cert_print = m->cert.print,
		.cert_key_print = m->cert.key_print,
		.print_bytes = m->cert.len,
		.is_secured = m->is_secured,
		.forward = m->forward.pairs,
		.forward_len = m->forward.len,
		.pid = (uint32_t)getpid(),
	};
}

static int
tasks_expand(struct tasks_passdb *p, const struct auth_worker_lookup *m,
    struct sql_fault *fault)
{
	const struct var_values values = tasks_values(m);

	for (size_t i = 0; i < p->nparams; i++) {
		if (query_param_expand(p->query, i, &values, p->values[i],
		    sizeof(p->values[i])) == -1) {
			sql_fault_set(fault, SQL_FAULT_QUERY,
			    "parameter %zu is too long", i + 1);
			return -1;
		}
		p->params[i].data = p->values[i];
		p->params[i].len = strlen(p->values[i]);
	}
	return 0;
}

/* What was wrong where there are no hosts to name. */
static void
tasks_note(struct tasks *t, enum auth_worker_found found,
    const struct sql_fault *fault)
{
	struct auth_worker_row *row = &t->row.row;

	if (found != AUTH_WORKER_FAULT)
		row->host = 0;
	if (found != AUTH_WORKER_FAULT && found != AUTH_WORKER_UNUSABLE)
		return;
	row->nfaults = 1;
	row->faults[0] = (struct auth_worker_fault){
		.kind = (uint8_t)fault->kind };
	str_copy_clean(row->faults[0].text, sizeof(row->faults[0].text),
	    fault->text, strlen(fault->text));
}

static void
tasks_query(struct tasks *t, struct tasks_passdb *p,
    const struct auth_worker_lookup *m)
{
	const struct sql_query query = { .params = p->params,
		.nparams = p->nparams,
		.due_ms = clock_ms() + tasks_time_ms(t) };
	struct sql_fault fault;

	if (tasks_expand(p, m, &fault) == -1)
		tasks_note(t, AUTH_WORKER_FAULT, &fault);
	else
		(void)sql_hosts_query(&p->hosts, &query, m->skip_hosts,
		    &t->row);
}

const struct auth_worker_row *
tasks_lookup(struct tasks *t, const struct auth_worker_lookup *m)
{
	const struct var_values values = tasks_values(m);
	struct sql_fault fault = { .kind = SQL_FAULT_QUERY };
	enum auth_worker_found found = AUTH_WORKER_FAULT;
	struct tasks_passdb *p;

	if (m->passdb >= t->settings->npassdbs + t->settings->nuserdbs ||
	    t->settings->passdbs[m->passdb].driver == PASSDB_STATIC ||
	    t->settings->passdbs[m->passdb].driver == USERDB_PREFETCH)
		return NULL;
	p = &t->passdbs[m->passdb];
	sql_row_clear(&t->row);
	if (p->query != NULL) {
		tasks_query(t, p, m);
		return &t->row.row;
	}
	if (p->http != NULL) {
		nginx_http_find(p->http, m, clock_ms() + tasks_time_ms(t),
		    &t->row);
		return &t->row.row;
	}
	if (t->settings->passdbs[m->passdb].driver == USERDB_PASSWD)
		found = userdb_passwd_find(m->user, &t->row, &fault);
	else if (p->file != NULL)
		found = passwd_file_find(p->file, &values, &t->row, &fault);
	else
		sql_fault_set(&fault, SQL_FAULT_QUERY, "not usable");
	tasks_note(t, found, &fault);
	return &t->row.row;
}

static int
tasks_probe_sql(struct tasks_passdb *p, const struct auth_worker_probe *m,
    struct sql_fault *fault)
{
	const struct auth_worker_lookup nobody = { .passdb = m->passdb };
	const struct sql_query query = { .params = p->params,
		.nparams = p->nparams,
		.due_ms = clock_ms() + TASKS_PROBE_MS };

	if (tasks_expand(p, &nobody, fault) == -1)
		return -1;
	return sql_hosts_probe(&p->hosts, m->host, &query, fault);
}

int
tasks_probe(struct tasks *t, const struct auth_worker_probe *m,
    struct auth_worker_probed *to)
{
	struct tasks_passdb *p;
	struct sql_fault fault;

	memset(to, 0, sizeof(*to));
	if (m->passdb >= t->settings->npassdbs + t->settings->nuserdbs)
		return -1;
	p = &t->passdbs[m->passdb];
	if (p->query != NULL)
		to->is_ok = tasks_probe_sql(p, m, &fault) == 0;
	else if (p->http != NULL)
		to->is_ok = nginx_http_probe(p->http, m->host,
		    clock_ms() + TASKS_PROBE_MS, &fault) == 0;
	else
		return -1;
	if (!to->is_ok)
		str_copy_clean(to->text, sizeof(to->text), fault.text,
		    strlen(fault.text));
	return 0;
}

void
tasks_forget(struct tasks *t)
{
	sql_row_clear(&t->row);
}

void
tasks_verify(const struct auth_worker_verify *m,
    struct auth_worker_verified *to)
{
	to->match = AUTH_WORKER_BAD_HASH;
	switch (password_verify(m->hash, m->pass)) {
	case PASSWORD_MATCH:
		to->match = AUTH_WORKER_MATCH;
		break;
	case PASSWORD_MISMATCH:
		to->match = AUTH_WORKER_MISMATCH;
		break;
	case PASSWORD_BAD_HASH:
		break;
	}
}

void
tasks_resolve(const struct tasks *t, const struct auth_worker_resolve *m,
    struct auth_worker_resolved *to)
{
	resolver_ask(m->name, tasks_time_ms(t), to);
}
