/*
 * Rows as bytes: for each column a byte that says which and whether it is
 * NULL, the name if it is no known one, and the value.
 * Runs in: auth.
 * Hostile input: rows of databases.
 * Never: keeps anything.
 */
#include "auth/cache_row.h"

#include <bsd/string.h>
#include <string.h>
#include <strings.h>

#include "lib/wire.h"

/* The byte before a column. */
#define CACHE_ROW_KNOWN		0x80u
#define CACHE_ROW_NULL		0x40u
#define CACHE_ROW_INDEX		0x3fu

/* No row outlives the process: the order is free. */
static const char *const cache_row_names[] = {
	"password", "host", "destuser", "proxy", "nopassword", "nodelay",
	"nologin", "user", "port", "hostip", "pass", "master", "ssl",
	"starttls", "reason", "allow_nets", "proxy_maybe", "proxy_timeout",
	"password_noscheme", "proxy_mech", "source_ip", "userdb_home",
	"userdb_uid", "userdb_gid",
};
#define CACHE_ROW_NAMES	(sizeof(cache_row_names) / sizeof(*cache_row_names))

static void
cache_row_put_column(struct wire_writer *w, const struct auth_worker_column *c)
{
	const unsigned int null = c->is_null ? CACHE_ROW_NULL : 0;
	unsigned int i;

	for (i = 0; i < CACHE_ROW_NAMES; i++)
		if (strcmp(cache_row_names[i], c->name) == 0)
			break;
	if (i < CACHE_ROW_NAMES) {
		wire_put_u8(w, (uint8_t)(CACHE_ROW_KNOWN | null | i));
	} else {
		wire_put_u8(w, (uint8_t)null);
		wire_put_text(w, c->name);
	}
	if (!c->is_null)
		wire_put_bytes(w, c->value, c->len);
}

size_t
cache_row_put(const struct auth_worker_row *row, uint8_t *dst, size_t size)
{
	struct wire_writer w;

	wire_writer_init(&w, dst, size);
	for (unsigned int i = 0; i < row->ncolumns; i++)
		cache_row_put_column(&w, &row->columns[i]);
	return w.has_failed ? 0 : w.len;
}

static void
cache_row_get_column(struct wire_reader *r, struct auth_worker_column *c)
{
	const uint8_t byte = wire_get_u8(r);

	c->name[0] = '\0';
	if ((byte & CACHE_ROW_KNOWN) == 0)
		wire_get_text(r, c->name, sizeof(c->name));
	else if ((byte & CACHE_ROW_INDEX) < CACHE_ROW_NAMES)
		(void)strlcpy(c->name, cache_row_names[byte & CACHE_ROW_INDEX],
		    sizeof(c->name));
	else
		r->has_failed = true;
	c->is_null = (byte & CACHE_ROW_NULL) != 0;
	c->value = NULL;
	c->len = 0;
	if (!c->is_null)
		c->value = wire_get_span(r, &c->len);
}

int
cache_row_get(struct auth_worker_row *row, const uint8_t *src, size_t len)
{
	struct wire_reader r;

	row->found = AUTH_WORKER_ONE;
	row->ncolumns = 0;
	wire_reader_init(&r, src, len);
	while (!r.has_failed && r.left > 0) {
		if (row->ncolumns == AUTH_WORKER_COLUMNS_MAX)
			return -1;
		cache_row_get_column(&r, &row->columns[row->ncolumns++]);
	}
	return wire_end(&r);
}

bool
cache_row_has_password(const struct auth_worker_row *row)
{
	for (unsigned int i = 0; i < row->ncolumns; i++) {
		const struct auth_worker_column *c = &row->columns[i];

		if (!c->is_null && c->len > 0 &&
		    (strcasecmp(c->name, "password") == 0 ||
		    strcasecmp(c->name, "password_noscheme") == 0))
			return true;
	}
	return false;
}
