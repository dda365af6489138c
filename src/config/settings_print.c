/*
 * Prints settings in the syntax that they are read in, and compares two.
 * Runs in: master.
 * Hostile input: none.
 * Never: prints a secret.
 */
#include "config/settings_print.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "config/arena.h"
#include "config/setting_text.h"
#include "config/setting_value.h"
#include "config/settings.h"
#include "config/settings_read.h"
#include "config/settings_table.h"

#define PRINT_ARENA_BYTES	16384

static const char *const service_names[SETTINGS_SERVICES] = {
	"imap", "pop3",
};
struct print {
	FILE			*file;
	const struct settings	*settings, *defaults;
	struct arena		*arena;
	bool			 is_all;
};

static const uint8_t *
field_of(const void *base, const struct setting *row)
{
	return (const uint8_t *)base + row->offset;
}

static bool
is_wanted(const struct print *p, const struct setting *row, const void *base,
    const void *usual)
{
	return p->is_all || !setting_value_is_same(row, field_of(base, row),
	    field_of(usual, row));
}

static void
print_value(const struct print *p, const char *indent,
    const struct setting *row, const char *text)
{
	if (p->is_all)
		fprintf(p->file, "%s# %s\n", indent, row->doc);
	fprintf(p->file, "%s%s =%s%s\n", indent, row->name,
	    *text == '\0' ? "" : " ", text);
}

static const char *
service_text(const struct print *p, const struct setting *row, size_t service)
{
	return setting_text(row,
	    field_of(&p->settings->services[service], row),
	    settings_default_port(row, service), p->arena);
}

static bool
is_for_service(const struct setting *row, size_t service)
{
	return row->scope == SETTING_SERVICE &&
	    (row->only == 0 || row->only == 1 + service);
}

/* Can the setting stand outside of the protocol sections? */
static bool
is_common(const struct print *p, const struct setting *row)
{
	return row->only != 0 ||
	    strcmp(service_text(p, row, 0), service_text(p, row, 1)) == 0;
}

static void
print_common(const struct print *p, const struct setting *row)
{
	size_t service = row->only == 0 ? 0 : row->only - 1u;

	if (row->scope == SETTING_GLOBAL) {
		if (is_wanted(p, row, p->settings, p->defaults))
			print_value(p, "", row, setting_text(row,
			    field_of(p->settings, row), 0, p->arena));
	} else if (row->scope == SETTING_SERVICE && is_common(p, row)) {
		if (is_wanted(p, row, &p->settings->services[service],
		    &p->defaults->services[service]))
			print_value(p, "", row,
			    service_text(p, row, service));
	}
}

static void
print_protocol(const struct print *p, size_t service)
{
	const struct setting *row = settings_table;
	bool is_open = false;

	for (size_t i = 0; i < settings_table_rows; i++, row++) {
		if (!is_for_service(row, service) || is_common(p, row) ||
		    !is_wanted(p, row, &p->settings->services[service],
		    &p->defaults->services[service]))
			continue;
		if (!is_open)
			fprintf(p->file, "protocol %s {\n",
			    service_names[service]);
		is_open = true;
		print_value(p, "  ", row, service_text(p, row, service));
	}
	if (is_open)
		fprintf(p->file, "}\n");
}

/* Fields of a static passdb that are not for every eye. */
static bool
is_secret_field(const char *field, size_t len)
{
	return (len == 4 && strncmp(field, "pass", len) == 0) ||
	    (len == 8 && strncmp(field, "password", len) == 0);
}

static const char *
hidden_args(const struct print *p, const char *args)
{
	/* "pass= " is the shortest that grows, to "pass=<hidden> ". */
	const size_t size = 4 * strlen(args) + 1;
	char *out = arena_alloc(p->arena, size);
	size_t len, name, used = 0;

	for (; *args != '\0'; args += len) {
		len = *args == ' ' ? 1 : strcspn(args, " ");
		name = strcspn(args, "= ");
		if (args[name] == '=' && is_secret_field(args, name))
			used += (size_t)snprintf(out + used, size - used,
			    "%.*s=<hidden>", (int)name, args);
		else
			used += (size_t)snprintf(out + used, size - used,
			    "%.*s", (int)len, args);
	}
	return out;
}

/* A userdb section knows args alone, and has its query under its name. */
static bool
is_of_userdb(const struct setting *row)
{
	return row->scope == SETTING_SQL ? row->offset !=
	    offsetof(struct settings_passdb, sql_password_query) :
	    row->offset == offsetof(struct settings_passdb, args);
}

static void
print_scope(const struct print *p, const struct settings_passdb *passdb,
    enum setting_scope scope, const char *indent)
{
	const struct setting *row = settings_table;
	const char *text;

	for (size_t i = 0; i < settings_table_rows; i++, row++) {
		if (row->scope != scope || (passdb->is_userdb &&
		    !is_of_userdb(row)) || !is_wanted(p, row, passdb,
		    &p->defaults->passdbs[0]))
			continue;
		text = setting_text(row, field_of(passdb, row), 0, p->arena);
		if (passdb->driver == PASSDB_STATIC && row->offset ==
		    offsetof(struct settings_passdb, args))
			text = hidden_args(p, text);
		print_value(p, indent, row, text);
	}
}

static void
print_passdbs(const struct print *p)
{
	const struct settings *s = p->settings;
	const size_t n = s->npassdbs + s->nuserdbs;

	if (n == 0)
		return;
	fprintf(p->file, "auth default {\n");
	for (size_t i = 0; i < n; i++) {
		fprintf(p->file, "  %s %s {\n", s->passdbs[i].is_userdb ?
		    "userdb" : "passdb",
		    settings_passdb_word(s->passdbs[i].driver));
		print_scope(p, &s->passdbs[i], SETTING_PASSDB, "    ");
		fprintf(p->file, "  }\n");
	}
	fprintf(p->file, "}\n");
	for (size_t i = 0; i < n; i++) {
		if (s->passdbs[i].driver != PASSDB_SQL)
			continue;
		fprintf(p->file, "# %s:\n", s->passdbs[i].args);
		print_scope(p, &s->passdbs[i], SETTING_SQL, "#   ");
	}
}

/* A row of a section that says something. */
static void
print_local_row(const struct print *p, const struct setting *row,
    const struct settings_local_name *local)
{
	const char *text = *(char *const *)(const void *)
	    field_of(local, row);

	if (text[0] != '\0')
		fprintf(p->file, "  %s = %s\n", row->name, text);
}

static void
print_local_names(const struct print *p)
{
	for (size_t i = 0; i < p->settings->nlocal_names; i++) {
		const struct settings_local_name *local =
		    &p->settings->local_names[i];

		fprintf(p->file, "local_name %s {\n", local->names);
		for (size_t k = 0; k < settings_table_rows; k++)
			if (settings_table[k].scope == SETTING_LOCAL_NAME)
				print_local_row(p, &settings_table[k], local);
		fprintf(p->file, "}\n");
	}
}

void
settings_print(FILE *file, const struct settings *settings, bool is_all)
{
	struct settings *defaults = settings_defaults();
	struct print p = { .file = file, .settings = settings,
	    .defaults = defaults, .is_all = is_all };

	p.arena = arena_new(PRINT_ARENA_BYTES);
	/* What was derived is no difference; the SQL files came later. */
	if (!is_all && settings->written != NULL)
		p.settings = settings->written;
	for (size_t i = 0; i < settings_table_rows; i++)
		print_common(&p, &settings_table[i]);
	for (size_t i = 0; i < SETTINGS_SERVICES; i++)
		print_protocol(&p, i);
	p.settings = settings;
	print_local_names(&p);
	print_passdbs(&p);
	arena_free(p.arena);
	settings_free(defaults);
}

static bool
passdbs_are_same(const struct settings *a, const struct settings *b)
{
	if (a->npassdbs != b->npassdbs || a->nuserdbs != b->nuserdbs)
		return false;
	for (size_t i = 0; i < a->npassdbs + a->nuserdbs; i++) {
		const struct setting *row = settings_table;

		if (a->passdbs[i].driver != b->passdbs[i].driver)
			return false;
		for (size_t k = 0; k < settings_table_rows; k++, row++) {
			if ((row->scope == SETTING_PASSDB ||
			    row->scope == SETTING_SQL) &&
			    !setting_value_is_same(row,
			    field_of(&a->passdbs[i], row),
			    field_of(&b->passdbs[i], row)))
				return false;
		}
	}
	return true;
}

static bool
local_names_are_same(const struct settings *a, const struct settings *b)
{
	const struct settings_local_name *x = a->local_names;
	const struct settings_local_name *y = b->local_names;

	if (a->nlocal_names != b->nlocal_names)
		return false;
	for (size_t i = 0; i < a->nlocal_names; i++, x++, y++) {
		if (strcmp(x->names, y->names) != 0 ||
		    strcmp(x->ssl_cert_file, y->ssl_cert_file) != 0 ||
		    strcmp(x->ssl_key_file, y->ssl_key_file) != 0 ||
		    strcmp(x->ssl_alt_cert_file, y->ssl_alt_cert_file) != 0 ||
		    strcmp(x->ssl_alt_key_file, y->ssl_alt_key_file) != 0)
			return false;
	}
	return true;
}

static bool
row_is_same(const struct setting *row, const struct settings *a,
    const struct settings *b)
{
	if (row->scope == SETTING_GLOBAL)
		return setting_value_is_same(row, field_of(a, row),
		    field_of(b, row));
	for (size_t i = 0; i < SETTINGS_SERVICES; i++) {
		if (is_for_service(row, i) && !setting_value_is_same(row,
		    field_of(&a->services[i], row),
		    field_of(&b->services[i], row)))
			return false;
	}
	return true;
}

void
settings_diff(const struct settings *old, const struct settings *new,
    settings_diff_fn fn, void *arg)
{
	const struct setting *row = settings_table;

	for (size_t i = 0; i < settings_table_rows; i++, row++) {
		if (!row_is_same(row, old, new))
			fn(arg, row->name, row->needs_restart);
	}
	if (!local_names_are_same(old, new))
		fn(arg, "local_name", false);
	if (!passdbs_are_same(old, new))
		fn(arg, "passdb", false);
}
