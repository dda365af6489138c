/*
 * PostgreSQL databases, through libpq.
 * Runs in: auth-worker.
 * Hostile input: every byte of the server, which may be an impostor.
 * Never: waits beyond the deadline, heeds the environment or files of libpq.
 */
#include <bsd/string.h>
#include <errno.h>
#include <libpq-fe.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth-worker/resolver.h"
#include "auth-worker/sql.h"
#include "config/connect_text.h"
#include "config/query.h"
#include "lib/clock.h"
#include "lib/netaddr.h"
#include "lib/strutil.h"
#include "lib/xmem.h"

/* host, hostaddr and the NULL at the end, besides our rows and the words. */
#define PGSQL_PARAMS_MAX	(CONNECT_WORDS_MAX + 16)
/* The addresses of a host, or its name so many times, with commas. */
#define PGSQL_LIST_MAX \
	(LOGIN_AUTH_ADDRS_MAX * (LOGIN_AUTH_HOST_MAX + 1) + 1)

/* What libpq is told, as it wants it. */
struct pgsql_params {
	const char	*keys[PGSQL_PARAMS_MAX];
	const char	*values[PGSQL_PARAMS_MAX];
	size_t		 n;
	char		 names[PGSQL_LIST_MAX];
	char		 addrs[PGSQL_LIST_MAX];
};

struct pgsql_conn {
	PGconn		*pg;
	const char	*statement;
	uint64_t	 due_ms;	/* of the call at work */
	bool		 is_spent;	/* rows are left that nobody reads */
};

struct pgsql_word {
	const char	*key, *value;
};

/* "connect" may say otherwise.  Times are seconds, but for the last one. */
static const struct pgsql_word pgsql_defaults[] = {
	/* Names and hosts are UTF-8, whatever the database holds. */
	{ "client_encoding", "UTF8" },
	{ "fallback_application_name", "mailwicket" },
	{ "gssencmode", "disable" },
	{ "keepalives_idle", "60" },
	{ "keepalives_interval", "10" },
	{ "keepalives_count", "3" },
	{ "tcp_user_timeout", "30000" },
};

/* A file that cannot be: /dev/null itself costs a line in the log. */
static const struct pgsql_word pgsql_fixed[] = {
	{ "passfile", "/dev/null/none" },
};

/* Words of ours, of which libpq knows nothing. */
static const char *const pgsql_own_keys[] = { "password_without_tls" };

/*
 * SQLSTATEs that say of a parameter that it is no value of its type or of
 * the database's character set: no row can have it.
 */
static const char *const pgsql_no_value[] = {
	"22021",	/* character_not_in_repertoire */
	"22P05",	/* untranslatable_character */
	"22P02",	/* invalid_text_representation */
	"22003",	/* numeric_value_out_of_range */
	"22007",	/* invalid_datetime_format */
	"22008",	/* datetime_field_overflow */
};

/*
 * SQLSTATEs, or classes of them, that say that this host does not serve now:
 * another one may.
 */
static const char *const pgsql_host_trouble[] = {
	"08",		/* connection_exception */
	"53",		/* insufficient_resources */
	"57P01",	/* admin_shutdown */
	"57P02",	/* crash_shutdown */
	"57P03",	/* cannot_connect_now */
	"58",		/* system_error: its disks */
};

/* The server's own way to say that it took too long (query_canceled). */
static const char pgsql_too_long[] = "57014";

#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))

/* A message of libpq in one line: its line ends become blanks. */
static void
pgsql_fault(struct sql_fault *fault, enum sql_fault_kind kind,
    const char *message)
{
	size_t len = strlen(message);
	char line[SQL_FAULT_TEXT_MAX];

	(void)strlcpy(line, message, sizeof(line));
	while (len > 0 && len < sizeof(line) && line[len - 1] == '\n')
		line[--len] = '\0';
	for (char *c = line; (c = strchr(c, '\n')) != NULL; c++)
		*c = ' ';
	sql_fault_set(fault, kind, "%s", line);
}

static void
pgsql_late(struct sql_fault *fault)
{
	sql_fault_set(fault, SQL_FAULT_DEADLINE, "no answer in time");
}

/* What happened to the connection, in libpq's words. */
static void
pgsql_lost(const struct pgsql_conn *c, struct sql_fault *fault)
{
	pgsql_fault(fault, SQL_FAULT_CONNECT, PQerrorMessage(c->pg));
}

/* libpq takes defaults from variables; ours come from the file alone. */
static void
pgsql_forget_environment(void)
{
	PQconninfoOption *options = PQconndefaults();

	for (PQconninfoOption *o = options; o != NULL && o->keyword != NULL;
	    o++)
		if (o->envvar != NULL)
			(void)unsetenv(o->envvar);
	PQconninfoFree(options);
	(void)unsetenv("PGSYSCONFDIR");
	(void)unsetenv("HOME");
}

static void
pgsql_param(struct pgsql_params *p, const char *key, const char *value)
{
	p->keys[p->n] = key;
	p->values[p->n++] = value;
}

static bool
pgsql_is_own_key(const char *key)
{
	for (size_t i = 0; i < NELEM(pgsql_own_keys); i++)
		if (strcmp(pgsql_own_keys[i], key) == 0)
			return true;
	return false;
}

/* Addresses of a name: libpq itself would wait for the resolver. */
static int
pgsql_resolve(struct pgsql_params *p, const char *name, uint64_t due_ms,
    struct sql_fault *fault)
{
	uint64_t now_ms = clock_ms(), left_ms;
	struct auth_worker_resolved found;
	char text[NETADDR_TEXT_MAX];

	left_ms = due_ms > now_ms ? due_ms - now_ms : 0;
	resolver_ask(name, left_ms < UINT32_MAX ? (uint32_t)left_ms :
	    UINT32_MAX, &found);
	if (found.naddrs == 0) {
		sql_fault_set(fault, SQL_FAULT_CONNECT,
		    "host %s has no address%s", name,
		    found.is_temporary ? " now" : "");
		return -1;
	}
	p->names[0] = p->addrs[0] = '\0';
	for (unsigned int i = 0; i < found.naddrs; i++) {
		(void)strlcat(p->names, i == 0 ? "" : ",", sizeof(p->names));
		(void)strlcat(p->names, name, sizeof(p->names));
		(void)strlcat(p->addrs, i == 0 ? "" : ",", sizeof(p->addrs));
		(void)strlcat(p->addrs, netaddr_text(&found.addrs[i], text),
		    sizeof(p->addrs));
	}
	pgsql_param(p, "host", p->names);
	pgsql_param(p, "hostaddr", p->addrs);
	return 0;
}

/* The host that was chosen: a folder of sockets, an address, or a name. */
static int
pgsql_host(struct pgsql_params *p, const struct sql_target *t,
    uint64_t due_ms, struct sql_fault *fault)
{
	const char *host = t->host;
	struct netaddr addr;

	if (host[0] == '\0')
		return 0;
	if (host[0] != '/' && host[0] != '@' &&
	    connect_text_get(t->words, "hostaddr") == NULL &&
	    netaddr_parse(&addr, host, strlen(host)) == -1)
		return pgsql_resolve(p, host, due_ms, fault);
	pgsql_param(p, "host", host);
	return 0;
}

/* Of two values of a key libpq takes the second. */
static int
pgsql_params_fill(struct pgsql_params *p, const struct sql_target *t,
    uint64_t due_ms, struct sql_fault *fault)
{
	p->n = 0;
	for (size_t i = 0; i < NELEM(pgsql_defaults); i++)
		pgsql_param(p, pgsql_defaults[i].key, pgsql_defaults[i].value);
	for (size_t i = 0; i < t->words->nwords; i++)
		if (!pgsql_is_own_key(t->words->words[i].key))
			pgsql_param(p, t->words->words[i].key,
			    t->words->words[i].value);
	for (size_t i = 0; i < NELEM(pgsql_fixed); i++)
		pgsql_param(p, pgsql_fixed[i].key, pgsql_fixed[i].value);
	if (pgsql_host(p, t, due_ms, fault) == -1)
		return -1;
	pgsql_param(p, NULL, NULL);
	return 0;
}

/* Waits until the socket is ready; false when the time is over. */
static bool
pgsql_wait(const struct pgsql_conn *c, short events)
{
	struct pollfd fd = { .fd = PQsocket(c->pg), .events = events };
	uint64_t now_ms;
	int rc = 0;

	while (rc <= 0) {
		now_ms = clock_ms();
		if (now_ms >= c->due_ms)
			return false;
		rc = poll(&fd, 1, c->due_ms - now_ms < INT_MAX ?
		    (int)(c->due_ms - now_ms) : INT_MAX);
		if (rc == -1 && errno != EINTR)
			return false;
	}
	return true;
}

/* All of it until the server is ready for a query. */
static int
pgsql_handshake(const struct pgsql_conn *c, struct sql_fault *fault)
{
	PostgresPollingStatusType want = PGRES_POLLING_WRITING;

	if (PQstatus(c->pg) == CONNECTION_BAD)
		want = PGRES_POLLING_FAILED;
	while (want != PGRES_POLLING_OK) {
		if (want == PGRES_POLLING_FAILED) {
			pgsql_lost(c, fault);
			return -1;
		}
		if (!pgsql_wait(c, want == PGRES_POLLING_READING ? POLLIN :
		    POLLOUT)) {
			sql_fault_set(fault, SQL_FAULT_CONNECT,
			    "not connected in time");
			return -1;
		}
		want = PQconnectPoll(c->pg);
	}
	return 0;
}

/* Notices would go to stderr. */
static void
pgsql_notice(void *arg, const PGresult *result)
{
	(void)arg;
	(void)result;
}

static void
pgsql_close(void *conn)
{
	struct pgsql_conn *c = conn;

	PQfinish(c->pg);
	free(c);
}

static void *
pgsql_connect(const struct sql_target *target, const char *statement,
    uint64_t due_ms, struct sql_fault *fault)
{
	struct pgsql_params params;
	struct pgsql_conn *c;

	pgsql_forget_environment();
	if (pgsql_params_fill(&params, target, due_ms, fault) == -1)
		return NULL;
	c = xcalloc(1, sizeof(*c));
	c->statement = statement;
	c->due_ms = due_ms;
	c->pg = PQconnectStartParams(params.keys, params.values, 0);
	if (c->pg == NULL) {
		sql_fault_set(fault, SQL_FAULT_CONNECT, "out of memory");
	} else {
		(void)PQsetNoticeReceiver(c->pg, pgsql_notice, NULL);
		if (pgsql_handshake(c, fault) == 0) {
			(void)PQsetnonblocking(c->pg, 1);
			return c;
		}
	}
	pgsql_close(c);
	return NULL;
}

/* An idle server says nothing but that it goes. */
static bool
pgsql_is_current(void *conn)
{
	struct pgsql_conn *c = conn;
	struct pollfd fd = { .fd = PQsocket(c->pg), .events = POLLIN };

	return !c->is_spent && PQstatus(c->pg) == CONNECTION_OK &&
	    poll(&fd, 1, 0) == 0;
}

/* 1: sent; 0: a parameter that no database can hold; -1: a fault. */
static int
pgsql_send(const struct pgsql_conn *c, const struct sql_query *q,
    struct sql_fault *fault)
{
	const char *values[QUERY_PARAMS_MAX];
	int rest;

	for (size_t i = 0; i < q->nparams; i++) {
		values[i] = q->params[i].data;
		if (strlen(values[i]) != q->params[i].len)
			return 0;
	}
	if (PQsendQueryParams(c->pg, c->statement, (int)q->nparams, NULL,
	    values, NULL, NULL, 0) == 0 || PQsetSingleRowMode(c->pg) == 0) {
		pgsql_lost(c, fault);
		return -1;
	}
	while ((rest = PQflush(c->pg)) > 0) {
		if (!pgsql_wait(c, POLLIN | POLLOUT)) {
			pgsql_late(fault);
			return -1;
		}
		if (PQconsumeInput(c->pg) == 0)
			rest = -1;
	}
	if (rest == -1)
		pgsql_lost(c, fault);
	return rest == -1 ? -1 : 1;
}

/* The next result, NULL behind the last; -1 when none comes. */
static int
pgsql_next(const struct pgsql_conn *c, PGresult **result,
    struct sql_fault *fault)
{
	while (PQisBusy(c->pg) != 0) {
		if (!pgsql_wait(c, POLLIN)) {
			pgsql_late(fault);
			return -1;
		}
		if (PQconsumeInput(c->pg) == 0) {
			pgsql_lost(c, fault);
			return -1;
		}
	}
	*result = PQgetResult(c->pg);
	return 0;
}

static bool
pgsql_is_among(const char *state, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strncmp(state, list[i], strlen(list[i])) == 0)
			return true;
	return false;
}

/*
 * Is it a parameter of ours that is wrong, not a row?  One line of context
 * names it as $1, in each language; a function's context has several lines,
 * or quotes its statement, which may have a $1 of its own.  Servers before 14
 * do not tell: then it is a fault.
 */
static bool
pgsql_is_parameter(const PGresult *result)
{
	const char *context = PQresultErrorField(result, PG_DIAG_CONTEXT);
	size_t at;

	if (context == NULL || strchr(context, '\n') != NULL)
		return false;
	at = strcspn(context, "$\"'");
	return context[at] == '$' && context[at + 1] >= '0' &&
	    context[at + 1] <= '9';
}

/* The server refuses. */
static enum auth_worker_found
pgsql_refused(const struct pgsql_conn *c, const PGresult *result,
    struct sql_fault *fault)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *said = PQresultErrorField(result,
	    PG_DIAG_MESSAGE_PRIMARY);
	enum sql_fault_kind kind = SQL_FAULT_QUERY;
	char text[SQL_FAULT_TEXT_MAX];

	if (state == NULL || PQstatus(c->pg) == CONNECTION_BAD) {
		pgsql_lost(c, fault);
		return AUTH_WORKER_FAULT;
	}
	if (pgsql_is_among(state, pgsql_no_value, NELEM(pgsql_no_value)) &&
	    pgsql_is_parameter(result))
		return AUTH_WORKER_NONE;
	if (pgsql_is_among(state, pgsql_host_trouble,
	    NELEM(pgsql_host_trouble)))
		kind = SQL_FAULT_CONNECT;
	else if (strcmp(state, pgsql_too_long) == 0)
		kind = SQL_FAULT_DEADLINE;
	(void)snprintf(text, sizeof(text), "%s (SQLSTATE %s)",
	    said != NULL ? said : "no message", state);
	pgsql_fault(fault, kind, text);
	return AUTH_WORKER_FAULT;
}

static enum auth_worker_found
pgsql_row(const PGresult *result, struct sql_row *row,
    struct sql_fault *fault)
{
	const void *value;
	int n = PQnfields(result);

	for (int i = 0; i < n; i++) {
		value = PQgetisnull(result, 0, i) ? NULL :
		    PQgetvalue(result, 0, i);
		if (sql_row_add(row, PQfname(result, i), value,
		    (size_t)PQgetlength(result, 0, i), fault) == -1)
			return AUTH_WORKER_UNUSABLE;
	}
	if (n > 0)
		return AUTH_WORKER_ONE;
	sql_fault_set(fault, SQL_FAULT_ROW, "a row without columns");
	return AUTH_WORKER_UNUSABLE;
}

/* One more result; *is_over when it was the last that matters. */
static enum auth_worker_found
pgsql_take(struct pgsql_conn *c, enum auth_worker_found found,
    const PGresult *result, struct sql_row *row, struct sql_fault *fault)
{
	/* No enum here: newer libraries know more of these. */
	switch ((int)PQresultStatus(result)) {
	case PGRES_SINGLE_TUPLE:
		return found == AUTH_WORKER_NONE ?
		    pgsql_row(result, row, fault) : AUTH_WORKER_MANY;
	case PGRES_TUPLES_OK:
		return found;
	case PGRES_FATAL_ERROR:
		return pgsql_refused(c, result, fault);
	default:	/* no rows */
		break;
	}
	sql_fault_set(fault, SQL_FAULT_QUERY, "the query returns no rows");
	return AUTH_WORKER_FAULT;
}

static enum auth_worker_found
pgsql_query(void *conn, const struct sql_query *q, struct sql_row *row,
    struct sql_fault *fault)
{
	enum auth_worker_found found = AUTH_WORKER_NONE;
	struct pgsql_conn *c = conn;
	PGresult *result = NULL;
	int sent;

	c->due_ms = q->due_ms;
	sent = pgsql_send(c, q, fault);
	if (sent <= 0)
		return sent == 0 ? AUTH_WORKER_NONE : AUTH_WORKER_FAULT;
	while (found == AUTH_WORKER_NONE || found == AUTH_WORKER_ONE) {
		if (pgsql_next(c, &result, fault) == -1)
			return AUTH_WORKER_FAULT;
		if (result == NULL)
			return found;
		found = pgsql_take(c, found, result, row, fault);
		PQclear(result);
	}
	/* What else comes, and the memory it takes, ends with it. */
	c->is_spent = true;
	return found;
}

const struct sql_driver sql_pgsql_driver = {
	.name = "pgsql",
	.connect = pgsql_connect,
	.is_current = pgsql_is_current,
	.query = pgsql_query,
	.close = pgsql_close,
};
