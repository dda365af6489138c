/*
 * What all SQL drivers share: rows with limits, faults.
 * Runs in: auth-worker.
 * Hostile input: names and values of columns.
 * Never: logs, waits, builds SQL text.
 */
#include "auth-worker/sql.h"

#include <bsd/string.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/strutil.h"

/* found u8, host u8, nfaults u8, ncolumns u16 */
#define SQL_ROW_HEAD_BYTES	5
/* host u8, kind u8, length of the text u16, text */
#define SQL_ROW_FAULT_BYTES	(4 + AUTH_WORKER_FAULT_MAX)
/* length of the name u16, is_null u8, length of the value u16 */
#define SQL_COLUMN_HEAD_BYTES	5

static const struct sql_driver *const sql_drivers[] = {
#ifdef WITH_PGSQL
	&sql_pgsql_driver,
#endif
#ifdef WITH_SQLITE
	&sql_sqlite_driver,
#endif
#ifdef WITH_MYSQL
	&sql_mysql_driver,
#endif
	NULL,
};

const struct sql_driver *
sql_driver_find(const char *name)
{
	for (size_t i = 0; sql_drivers[i] != NULL; i++)
		if (strcmp(sql_drivers[i]->name, name) == 0)
			return sql_drivers[i];
	return NULL;
}

void
sql_row_init(struct sql_row *row)
{
	row->row.found = AUTH_WORKER_FAULT;
	row->row.host = AUTH_WORKER_HOST_NONE;
	row->row.nfaults = 0;
	row->row.ncolumns = 0;
	row->body_bytes = SQL_ROW_HEAD_BYTES +
	    AUTH_WORKER_FAULTS_MAX * SQL_ROW_FAULT_BYTES;
	row->used = 0;
}

void
sql_row_clear(struct sql_row *row)
{
	explicit_bzero(row->bytes, row->used);
	sql_row_init(row);
}

static int
sql_row_check(const struct sql_row *row, const char *name, size_t len,
    struct sql_fault *fault)
{
	size_t name_len = strlen(name);

	if (row->row.ncolumns == AUTH_WORKER_COLUMNS_MAX) {
		sql_fault_set(fault, SQL_FAULT_ROW, "more than %d columns",
		    AUTH_WORKER_COLUMNS_MAX);
		return -1;
	}
	if (name_len > AUTH_WORKER_NAME_MAX ||
	    str_has_control(name, name_len)) {
		sql_fault_set(fault, SQL_FAULT_ROW,
		    "column %u has an unusable name", row->row.ncolumns + 1u);
		return -1;
	}
	if (len > AUTH_WORKER_VALUE_MAX ||
	    len > sizeof(row->bytes) - row->used ||
	    row->body_bytes + SQL_COLUMN_HEAD_BYTES + name_len + len >
	    auth_worker_contract.body_max) {
		sql_fault_set(fault, SQL_FAULT_ROW,
		    "value of column %s is too long", name);
		return -1;
	}
	return 0;
}

int
sql_row_add(struct sql_row *row, const char *name, const void *value,
    size_t len, struct sql_fault *fault)
{
	struct auth_worker_column *c;

	if (sql_row_check(row, name, len, fault) == -1)
		return -1;
	c = &row->row.columns[row->row.ncolumns++];
	(void)strlcpy(c->name, name, sizeof(c->name));
	c->is_null = value == NULL;
	c->value = c->is_null ? NULL : row->bytes + row->used;
	c->len = c->is_null ? 0 : len;
	if (c->len != 0)
		memcpy(row->bytes + row->used, value, c->len);
	row->used += c->len;
	row->body_bytes += SQL_COLUMN_HEAD_BYTES + strlen(name) + c->len;
	return 0;
}

void
sql_fault_set(struct sql_fault *fault, enum sql_fault_kind kind,
    const char *format, ...)
{
	va_list ap;

	fault->kind = kind;
	va_start(ap, format);
	(void)vsnprintf(fault->text, sizeof(fault->text), format, ap);
	va_end(ap);
}
