/*
 * One database on several hosts.
 * Runs in: auth-worker.
 * Hostile input: what drivers say of servers.
 * Never: logs, asks a host for longer than its share while another is left.
 */
#include "auth-worker/sql_hosts.h"

#include <string.h>

#include "lib/clock.h"
#include "lib/strutil.h"

_Static_assert(CONNECT_HOSTS_MAX == AUTH_WORKER_HOSTS_MAX,
    "a bit and a fault for each host");

/* One question on its way from host to host. */
struct sql_hosts_call {
	const struct sql_query	*query;
	struct sql_row		*row;
	struct sql_fault	 fault;		/* the last one */
	uint64_t		 due_ms;	/* of the host at hand */
	uint64_t		 connected_ms;	/* by when it must be */
	bool			 is_last;	/* the host at hand */
	uint8_t			 host;		/* that has answered */
	uint8_t			 nfaults;
	struct auth_worker_fault faults[AUTH_WORKER_FAULTS_MAX];
};

int
sql_hosts_init(struct sql_hosts *h, const struct sql_driver *driver,
    const char *connect, const char *statement, char *err, size_t err_size)
{
	*h = (struct sql_hosts){
		.driver = driver,
		.connect = connect,
		.statement = statement,
	};
	if (!connect_text_is_for(driver->name))
		return 0;
	return connect_text_parse(&h->words, driver->name, connect, err,
	    err_size);
}

static void
sql_hosts_close(struct sql_hosts *h)
{
	if (h->conn != NULL)
		h->driver->close(h->conn);
	h->conn = NULL;
}

void
sql_hosts_clear(struct sql_hosts *h)
{
	sql_hosts_close(h);
	connect_text_clear(&h->words);
}

static uint64_t
earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Hosts that can be asked: the library's default is one. */
static size_t
sql_hosts_count(const struct sql_hosts *h)
{
	return h->words.nhosts == 0 ? 1 : h->words.nhosts;
}

/* When a connection must be there; connect_timeout=0 is "some time". */
static uint64_t
sql_hosts_patience(const struct sql_hosts *h, uint64_t due_ms)
{
	const char *word = connect_text_get(&h->words, "connect_timeout");
	uint64_t seconds;

	if (word == NULL ||
	    str_number(word, strlen(word), 0, UINT32_MAX, &seconds) == -1)
		return earlier(due_ms, clock_ms() + SQL_HOSTS_CONNECT_MS);
	return seconds == 0 ? due_ms :
	    earlier(due_ms, clock_ms() + seconds * 1000);
}

/* To a host; when it must be there, and when the first answer must. */
static void *
sql_hosts_connect(const struct sql_hosts *h, size_t host, uint64_t due_ms,
    uint64_t answer_due_ms, struct sql_fault *fault)
{
	struct sql_target target = { .connect = h->connect, .host = "" };
	uint64_t now_ms = clock_ms();
	void *conn;

	if (connect_text_is_for(h->driver->name))
		target.words = &h->words;
	if (h->words.nhosts != 0)
		target.host = h->words.hosts[host];
	if (answer_due_ms > now_ms)
		target.answer_ms = answer_due_ms - now_ms < UINT32_MAX ?
		    (uint32_t)(answer_due_ms - now_ms) : UINT32_MAX;
	conn = h->driver->connect(&target, h->statement, due_ms, fault);
	/* Slow or not there: of a server it is the same this early. */
	if (conn == NULL && target.words != NULL &&
	    fault->kind == SQL_FAULT_DEADLINE)
		fault->kind = SQL_FAULT_CONNECT;
	return conn;
}

/* Once, by the connection that there is or by a new one. */
static enum auth_worker_found
sql_hosts_try(struct sql_hosts *h, size_t host, struct sql_hosts_call *call)
{
	enum auth_worker_found found = AUTH_WORKER_FAULT;
	struct sql_query query = *call->query;

	query.due_ms = call->due_ms;
	if (h->conn == NULL) {
		h->conn = sql_hosts_connect(h, host,
		    earlier(call->due_ms, call->connected_ms), call->due_ms,
		    &call->fault);
		h->host = host;
		h->is_last = call->is_last;
	}
	if (h->conn != NULL)
		found = h->driver->query(h->conn, &query, call->row,
		    &call->fault);
	if (found == AUTH_WORKER_FAULT)
		sql_hosts_close(h);
	return found;
}

/* One host.  An old connection may have ended without a word. */
static enum auth_worker_found
sql_hosts_ask(struct sql_hosts *h, size_t host, struct sql_hosts_call *call)
{
	enum auth_worker_found found;
	bool is_old;

	if (h->conn != NULL &&
	    (h->host != host || h->is_last != call->is_last ||
	    !h->driver->is_current(h->conn)))
		sql_hosts_close(h);
	is_old = h->conn != NULL;
	found = sql_hosts_try(h, host, call);
	if (found == AUTH_WORKER_FAULT && is_old &&
	    call->fault.kind == SQL_FAULT_CONNECT &&
	    clock_ms() < call->due_ms)
		found = sql_hosts_try(h, host, call);
	return found;
}

static void
sql_hosts_note(struct sql_hosts_call *call, size_t host)
{
	struct auth_worker_fault *f;

	if (call->nfaults == AUTH_WORKER_FAULTS_MAX)
		return;
	f = &call->faults[call->nfaults++];
	f->host = (uint8_t)host;
	f->kind = (uint8_t)call->fault.kind;
	str_copy_clean(f->text, sizeof(f->text), call->fault.text,
	    strlen(call->fault.text));
}

/* The first host from this one on that is not to be skipped. */
static size_t
sql_hosts_next(const struct sql_hosts *h, size_t host, uint32_t skip)
{
	while (host < sql_hosts_count(h) && (skip & UINT32_C(1) << host) != 0)
		host++;
	return host;
}

/* From host to host while it is the host's fault. */
static enum auth_worker_found
sql_hosts_walk(struct sql_hosts *h, struct sql_hosts_call *call,
    uint32_t skip)
{
	enum auth_worker_found found = AUTH_WORKER_FAULT;
	const size_t n = sql_hosts_count(h);
	uint64_t due_ms = call->query->due_ms;
	size_t host = sql_hosts_next(h, 0, skip), next;

	for (; host < n && clock_ms() < due_ms; host = next) {
		next = sql_hosts_next(h, host + 1, skip);
		call->is_last = next == n;
		call->due_ms = call->is_last ? due_ms :
		    earlier(due_ms, clock_ms() + SQL_HOSTS_SHARE_MS);
		found = sql_hosts_ask(h, host, call);
		if (found == AUTH_WORKER_FAULT ||
		    found == AUTH_WORKER_UNUSABLE)
			sql_hosts_note(call, host);
		/* A refused query is an answer, and the same everywhere. */
		if (found != AUTH_WORKER_FAULT ||
		    call->fault.kind == SQL_FAULT_QUERY) {
			call->host = (uint8_t)host;
			break;
		}
	}
	return found;
}

enum auth_worker_found
sql_hosts_query(struct sql_hosts *h, const struct sql_query *query,
    uint32_t skip, struct sql_row *row)
{
	struct sql_hosts_call call = { .query = query, .row = row,
		.host = AUTH_WORKER_HOST_NONE };
	enum auth_worker_found found;

	sql_row_init(row);
	call.connected_ms = sql_hosts_patience(h, query->due_ms);
	found = sql_hosts_walk(h, &call, skip);
	if (found != AUTH_WORKER_ONE)
		sql_row_clear(row);
	row->row.found = (uint8_t)found;
	row->row.host = call.host;
	row->row.nfaults = call.nfaults;
	memcpy(row->row.faults, call.faults, sizeof(call.faults));
	return found;
}

int
sql_hosts_probe(const struct sql_hosts *h, size_t host,
    const struct sql_query *query, struct sql_fault *fault)
{
	enum auth_worker_found found;
	struct sql_row row;
	void *conn;

	if (host >= sql_hosts_count(h)) {
		sql_fault_set(fault, SQL_FAULT_CONNECT, "no such host");
		return -1;
	}
	conn = sql_hosts_connect(h, host, sql_hosts_patience(h, query->due_ms),
	    query->due_ms, fault);
	if (conn == NULL)
		return fault->kind == SQL_FAULT_QUERY ? 0 : -1;
	sql_row_init(&row);
	found = h->driver->query(conn, query, &row, fault);
	sql_row_clear(&row);
	h->driver->close(conn);
	/* That it refuses the query is an answer, too. */
	return found == AUTH_WORKER_FAULT && fault->kind != SQL_FAULT_QUERY ?
	    -1 : 0;
}
