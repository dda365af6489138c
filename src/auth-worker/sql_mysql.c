/*
 * MySQL and MariaDB servers, by MariaDB Connector/C or libmysqlclient.
 * Runs in: auth-worker.
 * Hostile input: all that the server says, before and after the login.
 * Never: reads option files, sends a file, sends a password that can be read
 * to a server that TLS does not verify, keeps more than one row.
 */
#include <mysql.h>
#include <errmsg.h>

#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "auth-worker/sql.h"
#include "config/connect_text.h"
#include "config/query.h"
#include "lib/clock.h"
#include "lib/strutil.h"
#include "lib/xmem.h"

#define SQL_MYSQL_PORT		3306
/* Seconds, where "connect" says nothing and the deadline allows it. */
#define SQL_MYSQL_CONNECT_S	5
#define SQL_MYSQL_ANSWER_S	30
/*
 * The library takes a packet into memory before anything can look at it: room
 * for a row that is within the limits, and not for one that is far beyond.
 */
#define SQL_MYSQL_PACKET_MAX	(1024 * 1024)
/* So many rows that nobody needs are read; behind them the connection ends. */
#define SQL_MYSQL_DRAIN_MAX	1000
/* Results of one procedure. */
#define SQL_MYSQL_RESULTS_MAX	64
/* Of a host in messages. */
#define SQL_MYSQL_LABEL_MAX	128

/* my_bool of the one library, bool of the other. */
typedef __typeof__(*((MYSQL_BIND *)0)->is_null) mysql_flag;

/* Where the library puts the columns of a row. */
struct mysql_columns {
	size_t		 n;
	MYSQL_BIND	 binds[AUTH_WORKER_COLUMNS_MAX];
	unsigned long	 lens[AUTH_WORKER_COLUMNS_MAX];
	mysql_flag	 nulls[AUTH_WORKER_COLUMNS_MAX];
	char		(*values)[AUTH_WORKER_VALUE_MAX];
};

struct mysql_conn {
	MYSQL			*db;
	MYSQL_STMT		*statement;
	struct mysql_columns	 columns;
	char			 label[SQL_MYSQL_LABEL_MAX];
	unsigned int		 answer_s;	/* a read may take so long */
	uint64_t		 began_ms;	/* the call at work */
	uint64_t		 due_ms;
	bool			 is_broken;	/* of no more use */
	bool			 is_ascii;	/* all parameters are */
};

/* Keys of "connect" that are options of the same kind. */
static const struct {
	const char		*key;
	enum mysql_option	 option;
} mysql_tls_options[] = {
	{ "ssl_ca", MYSQL_OPT_SSL_CA },
	{ "ssl_ca_path", MYSQL_OPT_SSL_CAPATH },
	{ "ssl_cert", MYSQL_OPT_SSL_CERT },
	{ "ssl_key", MYSQL_OPT_SSL_KEY },
	{ "ssl_cipher", MYSQL_OPT_SSL_CIPHER },
};

/*
 * Errors of a server that cannot compare a name with its column, since the
 * column's character set lacks a character of it, or since it is none.
 */
static const unsigned int mysql_charset_errors[] = {
	1267,	/* ER_CANT_AGGREGATE_2COLLATIONS */
	1270,	/* ER_CANT_AGGREGATE_3COLLATIONS */
	1271,	/* ER_CANT_AGGREGATE_NCOLLATIONS */
	1300,	/* ER_INVALID_CHARACTER_STRING */
	1366,	/* ER_TRUNCATED_WRONG_VALUE_FOR_FIELD */
	1977,	/* ER_CANNOT_CONVERT_CHARACTER, MariaDB */
	3854,	/* ER_CANNOT_CONVERT_STRING, MySQL */
};

/* Errors of a host that does not serve now, or takes too long. */
static const struct {
	unsigned int		 code;
	enum sql_fault_kind	 kind;
} mysql_host_errors[] = {
	{ 1021, SQL_FAULT_CONNECT },	/* ER_DISK_FULL */
	{ 1030, SQL_FAULT_CONNECT },	/* ER_GET_ERRNO: its storage */
	{ 1040, SQL_FAULT_CONNECT },	/* ER_CON_COUNT_ERROR */
	{ 1047, SQL_FAULT_CONNECT },	/* ER_UNKNOWN_COM_ERROR: no quorum */
	{ 1053, SQL_FAULT_CONNECT },	/* ER_SERVER_SHUTDOWN */
	{ 1194, SQL_FAULT_CONNECT },	/* ER_CRASHED_ON_USAGE */
	{ 1226, SQL_FAULT_CONNECT },	/* ER_USER_LIMIT_REACHED */
	{ 1927, SQL_FAULT_CONNECT },	/* ER_CONNECTION_KILLED, MariaDB */
	{ 1205, SQL_FAULT_DEADLINE },	/* ER_LOCK_WAIT_TIMEOUT */
	{ 1317, SQL_FAULT_DEADLINE },	/* ER_QUERY_INTERRUPTED */
	{ 1969, SQL_FAULT_DEADLINE },	/* ER_STATEMENT_TIMEOUT, MariaDB */
	{ 3024, SQL_FAULT_DEADLINE },	/* ER_QUERY_TIMEOUT, MySQL */
};

#ifdef WITH_MARIADB
/*
 * How to log in. In the clear, none of these shows the password; the others,
 * caching_sha2_password too, give it to a server that is not the right one.
 */
#define SQL_MYSQL_AUTH_CLEAR	"mysql_native_password,client_ed25519,parsec"
#define SQL_MYSQL_AUTH_SAFE	SQL_MYSQL_AUTH_CLEAR \
	",caching_sha2_password,sha256_password,mysql_clear_password,dialog"
#endif

/* What the server's code says of the host; else kind. */
static enum sql_fault_kind
mysql_kind(unsigned int code, enum sql_fault_kind kind)
{
	const size_t n = sizeof(mysql_host_errors) /
	    sizeof(mysql_host_errors[0]);

	for (size_t i = 0; i < n; i++)
		if (mysql_host_errors[i].code == code)
			return mysql_host_errors[i].kind;
	return kind;
}

/* What went wrong, in the words of the library or the server. */
static enum auth_worker_found
mysql_fault(struct mysql_conn *c, enum sql_fault_kind kind, unsigned int code,
    const char *text, struct sql_fault *fault)
{
	const uint64_t now_ms = clock_ms();
	const bool is_theirs = code < CR_MIN_ERROR || code > CR_MAX_ERROR;

	if (code == CR_NET_PACKET_TOO_LARGE) {
		c->is_broken = true;
		sql_fault_set(fault, SQL_FAULT_ROW, "%s: a row is too long",
		    c->label);
		return AUTH_WORKER_UNUSABLE;
	}
	if (!is_theirs && (now_ms >= c->due_ms ||
	    now_ms - c->began_ms >= c->answer_s * 1000u))
		sql_fault_set(fault, SQL_FAULT_DEADLINE,
		    "%s: no answer in time: %s (%u)", c->label, text, code);
	else
		sql_fault_set(fault, is_theirs ? mysql_kind(code, kind) :
		    SQL_FAULT_CONNECT,
		    "%s: %s (%u)", c->label, text, code);
	return AUTH_WORKER_FAULT;
}

/* A name that cannot stand in the column stands in no row. */
static enum auth_worker_found
mysql_failed(struct mysql_conn *c, struct sql_fault *fault)
{
	const size_t n = sizeof(mysql_charset_errors) /
	    sizeof(mysql_charset_errors[0]);
	unsigned int code = mysql_stmt_errno(c->statement);

	for (size_t i = 0; i < n; i++)
		if (code == mysql_charset_errors[i] && !c->is_ascii)
			return AUTH_WORKER_NONE;
	return mysql_fault(c, SQL_FAULT_QUERY, code,
	    mysql_stmt_error(c->statement), fault);
}

static const char *
mysql_word(const struct sql_target *target, const char *key)
{
	const char *value = connect_text_get(target->words, key);

	return value == NULL ? "" : value;
}

static unsigned int
mysql_number(const struct sql_target *target, const char *key,
    unsigned int other)
{
	const char *value = mysql_word(target, key);
	uint64_t number;

	if (str_number(value, strlen(value), 0, UINT_MAX, &number) == -1)
		return other;
	return (unsigned int)number;
}

/* The library counts whole seconds, and 0 is no limit. */
static unsigned int
mysql_seconds(const struct sql_target *target, const char *key,
    unsigned int other, uint64_t due_ms)
{
	unsigned int wanted_s = mysql_number(target, key, other);
	uint64_t now_ms = clock_ms();
	uint64_t left_s = due_ms > now_ms ? (due_ms - now_ms) / 1000 : 0;

	if (left_s < wanted_s)
		wanted_s = (unsigned int)left_s;
	return wanted_s == 0 ? 1 : wanted_s;
}

/* The library's default and the name localhost are its default socket. */
static bool
mysql_is_socket(const struct sql_target *target)
{
	return target->host[0] == '/' || target->host[0] == '\0' ||
	    strcmp(target->host, "localhost") == 0;
}

static bool
mysql_wants_tls(const struct sql_target *target)
{
	const size_t n = sizeof(mysql_tls_options) /
	    sizeof(mysql_tls_options[0]);
	bool is_wanted = connect_text_get(target->words,
	    "ssl_verify_server_cert") != NULL;

	for (size_t i = 0; i < n; i++)
		is_wanted |= connect_text_get(target->words,
		    mysql_tls_options[i].key) != NULL;
	return is_wanted;
}

/*
 * Verified, or not at all where a key of TLS is given.  Without a key nobody
 * knows who the server is, and it is not told a password.
 */
static int
mysql_set_tls(MYSQL *db, const struct sql_target *target)
{
	const size_t n = sizeof(mysql_tls_options) /
	    sizeof(mysql_tls_options[0]);
	const bool is_wanted = mysql_wants_tls(target);
	const bool is_verified = is_wanted &&
	    strcasecmp(mysql_word(target, "ssl_verify_server_cert"), "no") != 0;
	int rc = 0;

	for (size_t i = 0; i < n; i++) {
		const char *value = connect_text_get(target->words,
		    mysql_tls_options[i].key);

		if (value != NULL)
			rc |= mysql_options(db, mysql_tls_options[i].option,
			    value);
	}
#ifdef WITH_MARIADB
	const mysql_flag enforce = is_wanted, verify = is_verified;

	rc |= mysql_options(db, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
	if (is_wanted)
		rc |= mysql_options(db, MYSQL_OPT_SSL_ENFORCE, &enforce);
	rc |= mysql_options(db, MARIADB_OPT_RESTRICTED_AUTH,
	    is_verified || mysql_is_socket(target) ? SQL_MYSQL_AUTH_SAFE :
	    SQL_MYSQL_AUTH_CLEAR);
#else
	/*
	 * It shows a password over TLS only, but there to each server: none
	 * is better than TLS that verifies nothing.
	 */
	const unsigned int mode = !is_wanted ? SSL_MODE_DISABLED :
	    is_verified ? SSL_MODE_VERIFY_IDENTITY : SSL_MODE_VERIFY_CA;

	rc |= mysql_options(db, MYSQL_OPT_SSL_MODE, &mode);
#endif
	return rc == 0 ? 0 : -1;
}

static int
mysql_set_options(struct mysql_conn *c, const struct sql_target *target)
{
	const unsigned long packet_max = SQL_MYSQL_PACKET_MAX;
	const unsigned int no_files = 0, connect_s = mysql_seconds(target,
	    "connect_timeout", SQL_MYSQL_CONNECT_S, c->due_ms);
	const uint64_t answer_due_ms = clock_ms() + target->answer_ms;
	const unsigned int write_s = mysql_seconds(target, "write_timeout",
	    SQL_MYSQL_ANSWER_S, answer_due_ms);
	int rc = 0;

	c->answer_s = mysql_seconds(target, "read_timeout",
	    SQL_MYSQL_ANSWER_S, answer_due_ms);
	/* Of the process in the one library, of the connection in both. */
	rc |= mysql_options(NULL, MYSQL_OPT_MAX_ALLOWED_PACKET, &packet_max);
	rc |= mysql_options(c->db, MYSQL_OPT_MAX_ALLOWED_PACKET, &packet_max);
	rc |= mysql_options(c->db, MYSQL_OPT_CONNECT_TIMEOUT, &connect_s);
	rc |= mysql_options(c->db, MYSQL_OPT_READ_TIMEOUT, &c->answer_s);
	rc |= mysql_options(c->db, MYSQL_OPT_WRITE_TIMEOUT, &write_s);
	rc |= mysql_options(c->db, MYSQL_OPT_LOCAL_INFILE, &no_files);
	rc |= mysql_options(c->db, MYSQL_SET_CHARSET_NAME, "utf8mb4");
	return rc == 0 ? mysql_set_tls(c->db, target) : -1;
}

static int
mysql_open(struct mysql_conn *c, const struct sql_target *target,
    struct sql_fault *fault)
{
	const char *host = mysql_is_socket(target) ? "localhost" :
	    target->host;
	const char *path = target->host[0] == '/' ? target->host : NULL;
	const unsigned long flags = CLIENT_MULTI_RESULTS |
	    mysql_number(target, "client_flags", 0);

	c->db = mysql_init(NULL);
	if (c->db == NULL || mysql_set_options(c, target) == -1) {
		sql_fault_set(fault, SQL_FAULT_CONNECT,
		    "%s: the library takes not all options", c->label);
		return -1;
	}
	/* What is NULL here, the library would take from the environment. */
	if (mysql_real_connect(c->db, host, mysql_word(target, "user"),
	    mysql_word(target, "password"), mysql_word(target, "dbname"),
	    mysql_number(target, "port", SQL_MYSQL_PORT),
	    path, flags) == NULL) {
		(void)mysql_fault(c, SQL_FAULT_CONNECT, mysql_errno(c->db),
		    mysql_error(c->db), fault);
		return -1;
	}
	if (mysql_wants_tls(target) && mysql_get_ssl_cipher(c->db) == NULL) {
		sql_fault_set(fault, SQL_FAULT_CONNECT,
		    "%s: the connection has no TLS", c->label);
		return -1;
	}
	return 0;
}

static int
mysql_prepare(struct mysql_conn *c, const char *text, struct sql_fault *fault)
{
	c->statement = mysql_stmt_init(c->db);
	if (c->statement == NULL) {
		sql_fault_set(fault, SQL_FAULT_QUERY, "%s: out of memory",
		    c->label);
		return -1;
	}
	if (mysql_stmt_prepare(c->statement, text, strlen(text)) != 0) {
		(void)mysql_failed(c, fault);
		return -1;
	}
	return 0;
}

/* The connection first: a statement that ends alone reads all its rows. */
static void
mysql_driver_close(void *conn)
{
	struct mysql_conn *c = conn;

	if (c->db != NULL)
		mysql_close(c->db);
	if (c->statement != NULL)
		(void)mysql_stmt_close(c->statement);
	free(c->columns.values);
	free(c);
}

static void *
mysql_driver_connect(const struct sql_target *target, const char *statement,
    uint64_t due_ms, struct sql_fault *fault)
{
	struct mysql_conn *c = xcalloc(1, sizeof(*c));

	(void)snprintf(c->label, sizeof(c->label), "%s",
	    target->host[0] == '\0' ? "localhost" : target->host);
	c->began_ms = clock_ms();
	c->due_ms = due_ms;
	c->is_ascii = true;
	if (mysql_open(c, target, fault) == 0 &&
	    mysql_prepare(c, statement, fault) == 0)
		return c;
	mysql_driver_close(c);
	return NULL;
}

/* An idle server says nothing: what can be read is its end. */
static bool
mysql_driver_is_current(void *conn)
{
	const struct mysql_conn *c = conn;
	struct pollfd pfd = { .fd = c->db->net.fd, .events = POLLIN };

	return !c->is_broken && poll(&pfd, 1, 0) == 0;
}

static int
mysql_execute(struct mysql_conn *c, const struct sql_query *q)
{
	MYSQL_BIND binds[QUERY_PARAMS_MAX];

	c->is_ascii = true;
	memset(binds, 0, sizeof(binds));
	for (size_t i = 0; i < q->nparams; i++) {
		binds[i].buffer_type = MYSQL_TYPE_STRING;
		binds[i].buffer = (void *)(uintptr_t)q->params[i].data;
		binds[i].buffer_length = q->params[i].len;
		for (size_t j = 0; j < q->params[i].len; j++)
			if ((unsigned char)q->params[i].data[j] > 0x7f)
				c->is_ascii = false;
	}
	/* The library keeps a copy of the binds, and the values for now. */
	if (q->nparams != 0 && mysql_stmt_bind_param(c->statement, binds) != 0)
		return -1;
	return mysql_stmt_execute(c->statement) == 0 ? 0 : -1;
}

/* Each column as text of up to the longest value. */
static int
mysql_bind_columns(struct mysql_conn *c, size_t n)
{
	struct mysql_columns *columns = &c->columns;

	if (columns->n < n)
		columns->values = xreallocarray(columns->values, n,
		    sizeof(*columns->values));
	if (columns->n < n)
		columns->n = n;
	memset(columns->binds, 0, sizeof(columns->binds));
	for (size_t i = 0; i < n; i++) {
		columns->binds[i].buffer_type = MYSQL_TYPE_STRING;
		columns->binds[i].buffer = columns->values[i];
		columns->binds[i].buffer_length = sizeof(columns->values[i]);
		columns->binds[i].length = &columns->lens[i];
		columns->binds[i].is_null = &columns->nulls[i];
	}
	return mysql_stmt_bind_result(c->statement, columns->binds) == 0 ?
	    0 : -1;
}

/* The row that was fetched; its values are wiped where the library put them. */
static enum auth_worker_found
mysql_take_row(struct mysql_conn *c, size_t n, struct sql_row *row,
    struct sql_fault *fault)
{
	enum auth_worker_found found = AUTH_WORKER_ONE;
	MYSQL_RES *meta = mysql_stmt_result_metadata(c->statement);
	const MYSQL_FIELD *fields;

	if (meta == NULL || mysql_num_fields(meta) != n) {
		sql_fault_set(fault, SQL_FAULT_QUERY,
		    "%s: the columns have no names", c->label);
		found = AUTH_WORKER_FAULT;
	}
	fields = found == AUTH_WORKER_ONE ? mysql_fetch_fields(meta) : NULL;
	for (size_t i = 0; i < n && found == AUTH_WORKER_ONE; i++)
		if (sql_row_add(row, fields[i].name, c->columns.nulls[i] ?
		    NULL : c->columns.values[i], c->columns.lens[i],
		    fault) == -1)
			found = AUTH_WORKER_UNUSABLE;
	if (meta != NULL)
		mysql_free_result(meta);
	explicit_bzero(c->columns.values, n * sizeof(*c->columns.values));
	return found;
}

/* The first row of the result at hand. */
static enum auth_worker_found
mysql_first_row(struct mysql_conn *c, size_t n, struct sql_row *row,
    struct sql_fault *fault)
{
	switch (mysql_stmt_fetch(c->statement)) {
	case 0:
	case MYSQL_DATA_TRUNCATED:
		return mysql_take_row(c, n, row, fault);
	case MYSQL_NO_DATA:
		return AUTH_WORKER_NONE;
	default:
		return mysql_failed(c, fault);
	}
}

/*
 * Reads the rest of a result, so that the connection can be used again; true
 * if there were any rows.  If there are very many, the connection is lost.
 */
static bool
mysql_drain(struct mysql_conn *c)
{
	int rc = 0;
	size_t n;

	for (n = 0; n < SQL_MYSQL_DRAIN_MAX && clock_ms() < c->due_ms; n++) {
		rc = mysql_stmt_fetch(c->statement);
		if (rc != 0 && rc != MYSQL_DATA_TRUNCATED)
			break;
	}
	explicit_bzero(c->columns.values, c->columns.n *
	    sizeof(*c->columns.values));
	if (rc == MYSQL_NO_DATA)
		(void)mysql_stmt_free_result(c->statement);
	else
		c->is_broken = true;
	return n > 0;
}

/* One of the results; only the first that has a row counts. */
static enum auth_worker_found
mysql_result(struct mysql_conn *c, enum auth_worker_found found,
    struct sql_row *row, struct sql_fault *fault)
{
	const size_t n = mysql_stmt_field_count(c->statement);
	const bool is_wanted = found == AUTH_WORKER_NONE;
	bool has_rest;

	if (n == 0)
		return found;
	if (n > AUTH_WORKER_COLUMNS_MAX) {
		c->is_broken = true;
		sql_fault_set(fault, SQL_FAULT_ROW, "%s: more than %d columns",
		    c->label, AUTH_WORKER_COLUMNS_MAX);
		return is_wanted ? AUTH_WORKER_UNUSABLE : found;
	}
	if (mysql_bind_columns(c, n) == -1)
		return mysql_failed(c, fault);
	if (is_wanted)
		found = mysql_first_row(c, n, row, fault);
	if (found == AUTH_WORKER_FAULT || c->is_broken)
		return found;
	has_rest = mysql_drain(c);
	return is_wanted && has_rest && found == AUTH_WORKER_ONE ?
	    AUTH_WORKER_MANY : found;
}

static enum auth_worker_found
mysql_results(struct mysql_conn *c, struct sql_row *row,
    struct sql_fault *fault)
{
	enum auth_worker_found found = AUTH_WORKER_NONE;
	size_t n = 0;
	int rc = 0;

	while (rc == 0 && !c->is_broken && n++ < SQL_MYSQL_RESULTS_MAX) {
		found = mysql_result(c, found, row, fault);
		if (found == AUTH_WORKER_FAULT)
			return found;
		if (!c->is_broken)
			rc = mysql_stmt_next_result(c->statement);
	}
	/* Behind a row it is no matter of the name. */
	if (rc > 0 && found != AUTH_WORKER_NONE)
		return mysql_fault(c, SQL_FAULT_QUERY,
		    mysql_stmt_errno(c->statement),
		    mysql_stmt_error(c->statement), fault);
	if (rc > 0)
		return mysql_failed(c, fault);
	if (rc == 0)
		c->is_broken = true;
	return found;
}

static enum auth_worker_found
mysql_driver_query(void *conn, const struct sql_query *q, struct sql_row *row,
    struct sql_fault *fault)
{
	struct mysql_conn *c = conn;

	c->began_ms = clock_ms();
	c->due_ms = q->due_ms;
	if (mysql_stmt_param_count(c->statement) != q->nparams ||
	    q->nparams > QUERY_PARAMS_MAX) {
		sql_fault_set(fault, SQL_FAULT_QUERY,
		    "%s: the query takes %lu parameters, not %zu", c->label,
		    mysql_stmt_param_count(c->statement), q->nparams);
		return AUTH_WORKER_FAULT;
	}
	if (mysql_execute(c, q) == -1)
		return mysql_failed(c, fault);
	return mysql_results(c, row, fault);
}

const struct sql_driver sql_mysql_driver = {
	.name = "mysql",
	.connect = mysql_driver_connect,
	.is_current = mysql_driver_is_current,
	.query = mysql_driver_query,
	.close = mysql_driver_close,
};
