/*
 * SQLite databases, read only.
 * Runs in: auth-worker.
 * Hostile input: names and values of columns, the database file.
 * Never: writes, attaches, loads extensions, waits beyond the deadline.
 */
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "auth-worker/sql.h"
#include "lib/clock.h"
#include "lib/strutil.h"
#include "lib/xmem.h"

/* How long a writer's lock is waited for if "connect" does not say. */
#define SQL_SQLITE_BUSY_MS		1000
#define SQL_SQLITE_BUSY_MAX_MS	60000
/* Between two tries to get past a lock. */
#define SQL_SQLITE_BUSY_STEP_NS		(5L * 1000 * 1000)
/* Instructions of its virtual machine between two looks at the clock. */
#define SQL_SQLITE_PROGRESS_STEPS	1000
/* Bounds what one value, one sort or one hostile file can take. */
#define SQL_SQLITE_VALUE_MAX		(1024 * 1024)
#define SQL_SQLITE_HEAP_MAX		(32 * 1024 * 1024)

/* The words of a "connect" text. */
struct sqlite_options {
	char		 path[PATH_MAX];
	uint64_t	 busy_timeout_ms;
};

struct sqlite_conn {
	sqlite3			*db;
	sqlite3_stmt		*statement;
	char			*path;		/* no link in its last part */
	dev_t			 dev;		/* which file it was */
	ino_t			 ino;
	uint64_t		 busy_timeout_ms;
	uint64_t		 due_ms;	/* of the call at work */
	uint64_t		 busy_until_ms;
};

struct sqlite_limit {
	int	 id;
	int	 value;
};

static const struct sqlite_limit sqlite_limits[] = {
	{ SQLITE_LIMIT_LENGTH, SQL_SQLITE_VALUE_MAX },
	{ SQLITE_LIMIT_SQL_LENGTH, 65536 },
	{ SQLITE_LIMIT_COLUMN, 2000 },	/* of any table in the file */
	{ SQLITE_LIMIT_EXPR_DEPTH, 100 },
	{ SQLITE_LIMIT_COMPOUND_SELECT, 50 },
	{ SQLITE_LIMIT_ATTACHED, 0 },
	{ SQLITE_LIMIT_TRIGGER_DEPTH, 1 },
	{ SQLITE_LIMIT_WORKER_THREADS, 0 },
};

static const struct sqlite_limit sqlite_switches[] = {
	{ SQLITE_DBCONFIG_DEFENSIVE, 1 },
	{ SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0 },
	{ SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0 },
	{ SQLITE_DBCONFIG_ENABLE_TRIGGER, 0 },
	{ SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, 0 },
};

#define SQLITE_HINT_MAX	128

/* What the library's words do not tell; dst may be written. */
static const char *
sqlite_hint(const struct sqlite_conn *c, char *dst, size_t size)
{
	int code = c->db == NULL ? SQLITE_OK :
	    sqlite3_errcode(c->db) & 0xff, saved;

	if (code == SQLITE_READONLY)
		return " (a file in WAL mode can be read only while "
		    "its writer has it open)";
	if (code != SQLITE_CANTOPEN)
		return "";
	saved = sqlite3_system_errno(c->db);
	(void)snprintf(dst, size, ": %s (as uid %u, auth_worker_user)",
	    saved == 0 ? "a symbolic link, or no file" : strerror(saved),
	    (unsigned int)geteuid());
	return dst;
}

/* What went wrong, in the library's words. */
static void
sqlite_fault(const struct sqlite_conn *c, enum sql_fault_kind kind,
    struct sql_fault *fault)
{
	char hint[SQLITE_HINT_MAX];

	if (clock_ms() >= c->due_ms)
		sql_fault_set(fault, SQL_FAULT_DEADLINE,
		    "%s: not done in time", c->path);
	else
		sql_fault_set(fault, kind, "%s: %s%s", c->path,
		    c->db == NULL ? "out of memory" : sqlite3_errmsg(c->db),
		    sqlite_hint(c, hint, sizeof(hint)));
}

static int
sqlite_option(struct sqlite_options *o, const char *word, size_t len)
{
	static const char path[] = "path=", busy[] = "busy_timeout=";

	if (len > sizeof(path) - 1 &&
	    memcmp(word, path, sizeof(path) - 1) == 0)
		return str_copy(o->path, sizeof(o->path),
		    word + sizeof(path) - 1, len - (sizeof(path) - 1));
	if (len > sizeof(busy) - 1 &&
	    memcmp(word, busy, sizeof(busy) - 1) == 0)
		return str_number(word + sizeof(busy) - 1,
		    len - (sizeof(busy) - 1), 0, SQL_SQLITE_BUSY_MAX_MS,
		    &o->busy_timeout_ms);
	return -1;
}

/* "/path/of the/file", or words: path=/path busy_timeout=milliseconds. */
static int
sqlite_options_parse(struct sqlite_options *o, const char *text)
{
	size_t len;

	o->path[0] = '\0';
	o->busy_timeout_ms = SQL_SQLITE_BUSY_MS;
	text += strspn(text, " \t");
	if (text[0] == '/')
		return str_copy(o->path, sizeof(o->path), text, strlen(text));
	for (; *text != '\0'; text += len + strspn(text + len, " \t")) {
		len = strcspn(text, " \t");
		if (sqlite_option(o, text, len) == -1)
			return -1;
	}
	return o->path[0] == '/' ? 0 : -1;
}

/*
 * The path with the links in its folders followed; the file itself must be
 * a regular one, since opening a FIFO would wait and a link may lead away.
 */
static char *
sqlite_path(const char *path, struct sql_fault *fault)
{
	const char *slash = strrchr(path, '/');
	char *folder, *real, *whole;
	struct stat st;

	folder = xstrndup(path, slash == path ? 1 : (size_t)(slash - path));
	real = realpath(folder, NULL);
	free(folder);
	if (real == NULL) {
		sql_fault_set(fault, SQL_FAULT_CONNECT, "%s: %m", path);
		return NULL;
	}
	xasprintf(&whole, "%s/%s", strcmp(real, "/") == 0 ? "" : real,
	    slash + 1);
	free(real);
	if (lstat(whole, &st) == -1)
		sql_fault_set(fault, SQL_FAULT_CONNECT, "%s: %m", path);
	else if (!S_ISREG(st.st_mode))
		sql_fault_set(fault, SQL_FAULT_CONNECT,
		    "%s: not a regular file", path);
	else
		return whole;
	free(whole);
	return NULL;
}

/* Waits for a lock: not too long, and not beyond the deadline. */
static int
sqlite_busy(void *arg, int tries)
{
	const struct timespec step = { .tv_nsec = SQL_SQLITE_BUSY_STEP_NS };
	const struct sqlite_conn *c = arg;
	uint64_t now_ms = clock_ms();

	(void)tries;
	if (now_ms >= c->busy_until_ms || now_ms >= c->due_ms)
		return 0;
	(void)nanosleep(&step, NULL);
	return 1;
}

static int
sqlite_progress(void *arg)
{
	const struct sqlite_conn *c = arg;

	return clock_ms() >= c->due_ms;
}

/* A statement may read tables and call functions, nothing else. */
static int
sqlite_authorize(void *arg, int action, const char *one, const char *two,
    const char *database, const char *trigger)
{
	(void)arg;
	(void)one;
	(void)database;
	(void)trigger;
	switch (action) {
	case SQLITE_SELECT:
	case SQLITE_READ:
	case SQLITE_RECURSIVE:	/* without end: the deadline's business */
		return SQLITE_OK;
	case SQLITE_FUNCTION:
		return two != NULL && strcmp(two, "load_extension") != 0 ?
		    SQLITE_OK : SQLITE_DENY;
	default:
		return SQLITE_DENY;
	}
}

static int
sqlite_open(struct sqlite_conn *c)
{
	const int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX |
	    SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_NOFOLLOW;
	int rc;

	(void)sqlite3_hard_heap_limit64(SQL_SQLITE_HEAP_MAX);
	rc = sqlite3_open_v2(c->path, &c->db, flags, NULL);
	if (rc != SQLITE_OK)
		return rc;
	(void)sqlite3_extended_result_codes(c->db, 1);
	for (size_t i = 0; i < sizeof(sqlite_limits) / sizeof(sqlite_limits[0]);
	    i++)
		(void)sqlite3_limit(c->db, sqlite_limits[i].id,
		    sqlite_limits[i].value);
	for (size_t i = 0;
	    i < sizeof(sqlite_switches) / sizeof(sqlite_switches[0]); i++)
		(void)sqlite3_db_config(c->db, sqlite_switches[i].id,
		    sqlite_switches[i].value, NULL);
	(void)sqlite3_busy_handler(c->db, sqlite_busy, c);
	sqlite3_progress_handler(c->db, SQL_SQLITE_PROGRESS_STEPS,
	    sqlite_progress, c);
	/* Damaged pages are found early; sorting writes no files. */
	rc = sqlite3_exec(c->db, "PRAGMA cell_size_check = ON;"
	    "PRAGMA temp_store = MEMORY;", NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_set_authorizer(c->db, sqlite_authorize, NULL);
	return rc;
}

/* One statement that reads, and no second one behind it. */
static int
sqlite_prepare(struct sqlite_conn *c, const char *text,
    struct sql_fault *fault)
{
	const char *rest = NULL;

	if (sqlite3_prepare_v3(c->db, text, -1, SQLITE_PREPARE_PERSISTENT,
	    &c->statement, &rest) != SQLITE_OK) {
		sqlite_fault(c, SQL_FAULT_QUERY, fault);
		return -1;
	}
	if (c->statement == NULL || rest[strspn(rest, "; \t\r\n")] != '\0' ||
	    !sqlite3_stmt_readonly(c->statement) ||
	    sqlite3_stmt_isexplain(c->statement) != 0 ||
	    sqlite3_column_count(c->statement) == 0) {
		sql_fault_set(fault, SQL_FAULT_QUERY,
		    "%s: the query is not a single SELECT", c->path);
		return -1;
	}
	return 0;
}

static void
sqlite_close(void *conn)
{
	struct sqlite_conn *c = conn;

	(void)sqlite3_finalize(c->statement);
	(void)sqlite3_close(c->db);
	free(c->path);
	free(c);
}

static void
sqlite_due(struct sqlite_conn *c, uint64_t due_ms)
{
	c->due_ms = due_ms;
	c->busy_until_ms = clock_ms() + c->busy_timeout_ms;
}

static bool
sqlite_is_current(void *conn)
{
	const struct sqlite_conn *c = conn;
	struct stat st;

	return lstat(c->path, &st) == 0 && S_ISREG(st.st_mode) &&
	    st.st_dev == c->dev && st.st_ino == c->ino;
}

static void *
sqlite_connect(const struct sql_target *target, const char *statement,
    uint64_t due_ms, struct sql_fault *fault)
{
	struct sqlite_options o;
	struct sqlite_conn *c;
	struct stat st;
	char *path;

	if (sqlite_options_parse(&o, target->connect) == -1) {
		sql_fault_set(fault, SQL_FAULT_CONNECT,
		    "connect must be an absolute path, or "
		    "path=... busy_timeout=milliseconds");
		return NULL;
	}
	if ((path = sqlite_path(o.path, fault)) == NULL)
		return NULL;
	c = xcalloc(1, sizeof(*c));
	c->path = path;
	c->busy_timeout_ms = o.busy_timeout_ms;
	sqlite_due(c, due_ms);
	/* Another file that takes its place from here on is noticed. */
	if (lstat(path, &st) == 0) {
		c->dev = st.st_dev;
		c->ino = st.st_ino;
	}
	if (sqlite_open(c) != SQLITE_OK) {
		sqlite_fault(c, SQL_FAULT_CONNECT, fault);
	} else if (sqlite_prepare(c, statement, fault) == 0) {
		if (sqlite_is_current(c))
			return c;
		sql_fault_set(fault, SQL_FAULT_CONNECT,
		    "%s: replaced just now", path);
	}
	sqlite_close(c);
	return NULL;
}

static int
sqlite_bind(struct sqlite_conn *c, const struct sql_query *q,
    struct sql_fault *fault)
{
	int n = sqlite3_bind_parameter_count(c->statement);

	if (n < 0 || (size_t)n != q->nparams) {
		sql_fault_set(fault, SQL_FAULT_QUERY,
		    "%s: the query takes %d parameters, not %zu", c->path, n,
		    q->nparams);
		return -1;
	}
	for (int i = 0; i < n; i++)
		if (sqlite3_bind_text64(c->statement, i + 1, q->params[i].data,
		    q->params[i].len, SQLITE_STATIC, SQLITE_UTF8) !=
		    SQLITE_OK) {
			sqlite_fault(c, SQL_FAULT_QUERY, fault);
			return -1;
		}
	return 0;
}

/* The value as bytes; false when there is no memory for it. */
static bool
sqlite_value(sqlite3_stmt *statement, int i, const void **value, size_t *len)
{
	int type = sqlite3_column_type(statement, i);

	*value = NULL;
	*len = 0;
	if (type == SQLITE_NULL)
		return true;
	*value = type == SQLITE_BLOB ? sqlite3_column_blob(statement, i) :
	    (const void *)sqlite3_column_text(statement, i);
	*len = (size_t)sqlite3_column_bytes(statement, i);
	if (*value == NULL && type == SQLITE_BLOB && *len == 0)
		*value = "";	/* an empty blob is not NULL */
	return *value != NULL;
}

static enum auth_worker_found
sqlite_row(struct sqlite_conn *c, struct sql_row *row,
    struct sql_fault *fault)
{
	/* Not known before: the table may have changed since prepare. */
	int n = sqlite3_column_count(c->statement);
	const char *name;
	const void *value;
	size_t len;

	for (int i = 0; i < n; i++) {
		name = sqlite3_column_name(c->statement, i);
		if (name == NULL ||
		    !sqlite_value(c->statement, i, &value, &len)) {
			sqlite_fault(c, SQL_FAULT_QUERY, fault);
			return AUTH_WORKER_FAULT;
		}
		if (sql_row_add(row, name, value, len, fault) == -1)
			return AUTH_WORKER_UNUSABLE;
	}
	return AUTH_WORKER_ONE;
}

static enum auth_worker_found
sqlite_failed(struct sqlite_conn *c, int rc, struct sql_fault *fault)
{
	if ((rc & 0xff) == SQLITE_TOOBIG) {
		sql_fault_set(fault, SQL_FAULT_ROW,
		    "%s: a value is too long", c->path);
		return AUTH_WORKER_UNUSABLE;
	}
	sqlite_fault(c, SQL_FAULT_QUERY, fault);
	return AUTH_WORKER_FAULT;
}

static enum auth_worker_found
sqlite_step(struct sqlite_conn *c, struct sql_row *row,
    struct sql_fault *fault)
{
	enum auth_worker_found found;
	int rc;

	rc = sqlite3_step(c->statement);
	if (rc == SQLITE_DONE)
		return AUTH_WORKER_NONE;
	if (rc != SQLITE_ROW)
		return sqlite_failed(c, rc, fault);
	found = sqlite_row(c, row, fault);
	if (found != AUTH_WORKER_ONE)
		return found;
	rc = sqlite3_step(c->statement);
	if (rc == SQLITE_ROW)
		return AUTH_WORKER_MANY;
	return rc == SQLITE_DONE ? AUTH_WORKER_ONE :
	    sqlite_failed(c, rc, fault);
}

static enum auth_worker_found
sqlite_query(void *conn, const struct sql_query *q, struct sql_row *row,
    struct sql_fault *fault)
{
	enum auth_worker_found found = AUTH_WORKER_FAULT;
	struct sqlite_conn *c = conn;

	sqlite_due(c, q->due_ms);
	if (sqlite_bind(c, q, fault) == 0)
		found = sqlite_step(c, row, fault);
	/* Gives back the read lock, then forgets the borrowed values. */
	(void)sqlite3_reset(c->statement);
	(void)sqlite3_clear_bindings(c->statement);
	return found;
}

const struct sql_driver sql_sqlite_driver = {
	.name = "sqlite",
	.connect = sqlite_connect,
	.is_current = sqlite_is_current,
	.query = sqlite_query,
	.close = sqlite_close,
};
