/*
 * A passwd-file of any bytes: each name in it is found as its lines say.
 * Runs in: make check, fuzzing.
 * Hostile input: the whole input is the file.
 * Never: ships in a program.
 */
#include <string.h>

#include "auth-worker/passwd_table.h"
#include "check.h"
#include "fuzz.h"
#include "lib/strutil.h"
#include "lib/xmem.h"

#define FUZZ_FILE_MAX	65536

static uint32_t last_line;

static void
fuzz_broken(void *arg, uint32_t line, const char *why)
{
	size_t *n = arg;

	CHECK(line > last_line && why[0] != '\0');
	last_line = line;
	++*n;
}

static void
fuzz_row(const struct sql_row *row)
{
	static uint8_t body[CHANNEL_BODY_MAX];
	struct wire_writer w;

	CHECK(row->row.ncolumns >= 1);
	CHECK(strcmp(row->row.columns[0].name, "password") == 0);
	for (unsigned int i = 0; i < row->row.ncolumns; i++) {
		const struct auth_worker_column *c = &row->row.columns[i];

		CHECK(c->name[0] != '\0' && !c->is_null);
		CHECK(strncmp(c->name, "userdb_", 7) != 0);
		CHECK(!str_has_control((const char *)c->value, c->len));
	}
	wire_writer_init(&w, body, sizeof(body));
	auth_worker_row_put(&w, &row->row);
	CHECK(!w.has_failed);
}

/* How often the name stands there, by the index itself. */
static size_t
fuzz_count(const struct passwd_table *t, const struct passwd_ref *ref)
{
	size_t n = 0;

	for (size_t i = 0; i < t->n; i++)
		n += t->refs[i].name_len == ref->name_len &&
		    memcmp(t->bytes + t->refs[i].off, t->bytes + ref->off,
		    ref->name_len) == 0;
	return n;
}

static void
fuzz_find(const struct passwd_table *t, const struct passwd_ref *ref)
{
	static struct sql_row row;
	struct sql_fault fault;
	enum auth_worker_found found, want;
	char name[256];

	CHECK(ref->name_len > 0 && ref->name_len < sizeof(name));
	memcpy(name, t->bytes + ref->off, ref->name_len);
	name[ref->name_len] = '\0';
	CHECK(!str_has_control(name, ref->name_len));
	want = fuzz_count(t, ref) > 1 ? AUTH_WORKER_MANY :
	    ref->is_broken ? AUTH_WORKER_UNUSABLE : AUTH_WORKER_ONE;
	found = passwd_table_find(t, name, &row, &fault);
	CHECK(found == want);
	if (found == AUTH_WORKER_ONE)
		fuzz_row(&row);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes)
{
	struct passwd_table table;
	size_t nbroken = 0;
	char *bytes;

	if (data_bytes > FUZZ_FILE_MAX)
		return 0;
	bytes = xcalloc(1, data_bytes + 1);
	memcpy(bytes, data, data_bytes);
	last_line = 0;
	passwd_table_init(&table, bytes, data_bytes, fuzz_broken, &nbroken);
	CHECK(table.nbroken == nbroken);
	for (size_t i = 0; i < table.n && i < 64; i++)
		fuzz_find(&table, &table.refs[i]);
	passwd_table_clear(&table);
	return 0;
}
