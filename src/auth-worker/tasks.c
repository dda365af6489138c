/*
 * What auth has done by a worker.
 * Runs in: auth-worker.
 * Hostile input: names of users, rows of the database, stored hashes.
 * Never: builds SQL text from a value, logs a value of a row or a password.
 */
#include "auth-worker/tasks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "auth-worker/passwd_file.h"
#include "auth-worker/resolver.h"
#include "auth-worker/sql.h"
#include "config/query.h"
#include "config/settings.h"
#include "config/var.h"
#include "ipc/roles.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/password.h"
#include "lib/xmem.h"

/* A failing database fails each login; its log line comes this often. */
#define TASKS_QUIET_MS		10000
/* A task ends this much (one part in ten) before auth gives the worker up. */
#define TASKS_MARGIN		10

typedef char tasks_value[QUERY_VALUE_MAX];

/* One passdb; what its driver has no use for stays NULL. */
struct tasks_passdb {
	struct passwd_file	*file;
	struct query		*query;
	struct sql_source	 source;
	tasks_value		*values;	/* of the parameters */
	struct sql_param	*params;
	size_t			 nparams;
};

/* Log lines of one kind. */
struct tasks_quiet {
	uint64_t	 until_ms;
	unsigned long	 nheld;
};

struct tasks {
	const struct settings	*settings;
	struct tasks_passdb	 passdbs[SETTINGS_PASSDBS_MAX];
	struct tasks_quiet	 quiet[SQL_FAULT_LAST + 1];
	struct sql_row		 row;
};

static const char *const tasks_kinds[SQL_FAULT_LAST + 1] = {
	[SQL_FAULT_CONNECT] = "no connection",
	[SQL_FAULT_QUERY] = "query failed",
	[SQL_FAULT_DEADLINE] = "too slow",
	[SQL_FAULT_ROW] = "unusable row",
};

static const char *
tasks_driver_name(const struct settings_passdb *s)
{
	return s->driver == PASSDB_SQL ? s->sql_driver :
	    settings_passdb_word(s->driver);
}

/* The line that explains why logins fail, but not once for each. */
static void
tasks_log(struct tasks *t, unsigned int i, const struct sql_fault *fault)
{
	struct tasks_quiet *quiet = &t->quiet[fault->kind];
	char text[2 * SQL_FAULT_TEXT_MAX], held[48] = "";
	uint64_t now_ms = clock_ms();

	if (now_ms < quiet->until_ms) {
		quiet->nheld++;
		return;
	}
	if (quiet->nheld > 0)
		(void)snprintf(held, sizeof(held), " (and %lu before it)",
		    quiet->nheld);
	log_error("passdb %u (%s): %s: %s%s", i + 1,
	    tasks_driver_name(&t->settings->passdbs[i]),
	    tasks_kinds[fault->kind],
	    log_safe(text, sizeof(text), fault->text, strlen(fault->text)),
	    held);
	quiet->until_ms = now_ms + TASKS_QUIET_MS;
	quiet->nheld = 0;
}

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
	if (sql_source_init(&p->source, driver, s->sql_connect,
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
	case PASSDB_STATIC:
	case PASSDB_NGINX_HTTP:
		break;
	}
	if (err[0] != '\0')
		log_error("passdb %zu (%s): %s", i + 1, tasks_driver_name(s),
		    err);
}

struct tasks *
tasks_new(const struct settings *settings)
{
	struct tasks *t = xcalloc(1, sizeof(*t));

	t->settings = settings;
	for (size_t i = 0; i < settings->npassdbs; i++)
		tasks_open(t, i);
	return t;
}

void
tasks_free(struct tasks *t)
{
	struct tasks_passdb *p;

	if (t == NULL)
		return;
	for (size_t i = 0; i < SETTINGS_PASSDBS_MAX; i++) {
		p = &t->passdbs[i];
		passwd_file_free(p->file);
		if (p->query == NULL)
			continue;
		sql_source_clear(&p->source);
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
		.is_secured = m->is_secured,
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

static enum auth_worker_found
tasks_query(struct tasks *t, struct tasks_passdb *p,
    const struct auth_worker_lookup *m, struct sql_fault *fault)
{
	struct sql_query query;

	if (tasks_expand(p, m, fault) == -1)
		return AUTH_WORKER_FAULT;
	query.params = p->params;
	query.nparams = p->nparams;
	query.due_ms = clock_ms() + tasks_time_ms(t);
	return sql_source_query(&p->source, &query, &t->row, fault);
}

static enum auth_worker_found
tasks_ask(struct tasks *t, const struct auth_worker_lookup *m,
    struct sql_fault *fault)
{
	struct tasks_passdb *p = &t->passdbs[m->passdb];
	const struct var_values values = tasks_values(m);

	if (p->query != NULL)
		return tasks_query(t, p, m, fault);
	if (p->file != NULL)
		return passwd_file_find(p->file, &values, &t->row, fault);
	sql_fault_set(fault, SQL_FAULT_QUERY, "not usable");
	return AUTH_WORKER_FAULT;
}

const struct auth_worker_row *
tasks_lookup(struct tasks *t, const struct auth_worker_lookup *m)
{
	struct sql_fault fault = { .kind = SQL_FAULT_QUERY };
	enum auth_worker_found found;

	if (m->passdb >= t->settings->npassdbs ||
	    t->settings->passdbs[m->passdb].driver == PASSDB_STATIC)
		return NULL;
	sql_row_clear(&t->row);
	found = tasks_ask(t, m, &fault);
	if (found == AUTH_WORKER_FAULT || found == AUTH_WORKER_UNUSABLE)
		tasks_log(t, m->passdb, &fault);
	return &t->row.row;
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
