/*
 * Reads the configuration: which setting goes where.
 * Runs in: master.
 * Hostile input: none that counts: the files are root's.
 * Never: knows the meaning of a value; the table and settings_check.c do.
 */
#include "config/settings_read.h"

#include <stdio.h>
#include <string.h>

#include "config/arena.h"
#include "config/config_parse.h"
#include "config/hints.h"
#include "config/setting_value.h"
#include "config/settings_check.h"
#include "config/settings_passdb_check.h"
#include "config/settings_reader.h"
#include "config/settings_sql.h"
#include "config/settings_table.h"

#define READ_ARENA_BYTES	16384
#define READ_NAME_MAX		80

static const char unused_text[] = "a proxy has no use for this";

/* Ports of services without and with TLS, RFC 1939, 3501, 8314. */
static const uint16_t default_ports[SETTINGS_SERVICES][2] = {
	{ 143, 993 },
	{ 110, 995 },
};
static const char *const service_names[SETTINGS_SERVICES] = {
	"imap", "pop3",
};

/* Sections whose content does not matter to a proxy. */
static bool
is_unused_protocol(const char *name)
{
	return strcmp(name, "lda") == 0 || strcmp(name, "managesieve") == 0 ||
	    strcmp(name, "sieve") == 0;
}

/* Those of Dovecot that are not here. */
static bool
is_other_userdb(const char *driver)
{
	static const char *const drivers[] = {
		"checkpassword", "ldap", "nss", "passwd-file", "vpopmail",
	};

	for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++) {
		if (strcmp(drivers[i], driver) == 0)
			return true;
	}
	return false;
}

uint16_t
settings_default_port(const struct setting *row, size_t service)
{
	if (row->scope != SETTING_SERVICE)
		return 0;
	return default_ports[service][strstr(row->name, "ssl") != NULL];
}

void
reader_notice(struct reader *r, const struct config_place *place,
    const char *name, const char *text)
{
	struct reader_notice *notice = r->notices;
	size_t i, used;

	for (i = 0; i < r->nnotices; i++, notice++) {
		if (strcmp(notice->text, text) == 0)
			break;
	}
	if (i == READER_NOTICES_MAX)
		return;
	if (i == r->nnotices) {
		r->nnotices++;
		notice->text = text;
		notice->place = *place;
	}
	used = strlen(notice->names);
	if (used + strlen(name) + 3 > sizeof(notice->names))
		notice->nmore++;
	else
		snprintf(notice->names + used, sizeof(notice->names) - used,
		    "%s%s", used == 0 ? "" : ", ", name);
}

static void
notices_end(struct reader *r)
{
	for (size_t i = 0; i < r->nnotices; i++) {
		const struct reader_notice *notice = &r->notices[i];

		if (notice->nmore == 0)
			faults_notice(r->faults, &notice->place, "%s: %s",
			    notice->names, notice->text);
		else
			faults_notice(r->faults, &notice->place,
			    "%s and %zu more: %s", notice->names,
			    notice->nmore, notice->text);
	}
}

struct config_place
reader_place(const struct reader *r, const char *name, int service)
{
	struct config_place place = { .file = r->path };
	const struct setting *row;
	size_t i;

	row = settings_table_find(name, service < 0 ? SETTING_GLOBAL :
	    SETTING_SERVICE);
	if (row == NULL)
		return place;
	i = (size_t)(row - settings_table);
	if (service >= 0 && r->places[1 + service][i].file != NULL)
		return r->places[1 + service][i];
	if (r->places[0][i].file != NULL)
		return r->places[0][i];
	return place;
}

void
reader_set(struct reader *r, const struct setting *row, void *base,
    const struct config_node *node, uint16_t port)
{
	struct setting_value_ctx ctx = { .arena = r->settings->arena,
	    .port = port };
	void *field = (uint8_t *)base + row->offset;

	if (setting_value_set(row, field, node->value, &ctx) == -1)
		faults_add(r->faults, &node->place, "%s: %s", node->name,
		    ctx.error);
}

/* All rows of one scope at one object from their defaults. */
static void
set_defaults(struct reader *r, struct settings *settings, void *base,
    enum setting_scope scope, size_t service)
{
	struct setting_value_ctx ctx = { .arena = settings->arena };
	const struct setting *row = settings_table;

	for (size_t i = 0; i < settings_table_rows; i++, row++) {
		if (row->scope != scope ||
		    (row->only != 0 && row->only != 1 + service))
			continue;
		ctx.port = settings_default_port(row, service);
		if (setting_value_set(row, (uint8_t *)base + row->offset,
		    row->value, &ctx) == -1)
			faults_add(r->faults, NULL, "default of %s: %s",
			    row->name, ctx.error);
	}
}

static struct settings *
defaults_new(struct reader *r)
{
	struct settings *settings = settings_new(READ_ARENA_BYTES);

	set_defaults(r, settings, settings, SETTING_GLOBAL, 0);
	for (size_t i = 0; i < SETTINGS_SERVICES; i++)
		set_defaults(r, settings, &settings->services[i],
		    SETTING_SERVICE, i);
	for (size_t i = 0; i < SETTINGS_DBS_MAX; i++) {
		set_defaults(r, settings, &settings->passdbs[i],
		    SETTING_PASSDB, i);
		set_defaults(r, settings, &settings->passdbs[i],
		    SETTING_SQL, i);
	}
	return settings;
}

/* A row of a service, for one service or (-1) for all. */
static void
set_service(struct reader *r, const struct config_node *node,
    const struct setting *row, int only)
{
	r->places[1 + only][row - settings_table] = node->place;
	for (size_t i = 0; i < SETTINGS_SERVICES; i++) {
		if (row->only != 0 && row->only != 1 + i)
			continue;
		if (only == -1 || (size_t)only == i)
			reader_set(r, row, &r->settings->services[i], node,
			    settings_default_port(row, i));
	}
}

/* A setting outside of any section, or "auth_NAME" from an auth section. */
static void
set_global(struct reader *r, const struct config_node *node,
    const char *name)
{
	const struct setting *row;
	char hint[HINTS_TEXT_MAX];

	if ((row = settings_table_find(name, SETTING_GLOBAL)) != NULL) {
		r->places[0][row - settings_table] = node->place;
		reader_set(r, row, r->settings, node, 0);
	} else if ((row = settings_table_find(name, SETTING_SERVICE)) != NULL)
		set_service(r, node, row, -1);
	else if (settings_table_is_unused(name))
		reader_notice(r, &node->place, name, unused_text);
	else
		faults_add(r->faults, &node->place, "unknown setting %s%s",
		    node->name, hints_setting(name, SETTING_GLOBAL, hint));
}

static void
read_protocol(struct reader *r, const struct config_node *section)
{
	const struct setting *row;
	int service = -1;

	for (int i = 0; i < SETTINGS_SERVICES; i++) {
		if (strcmp(section->value, service_names[i]) == 0)
			service = i;
	}
	if (service == -1 && is_unused_protocol(section->value)) {
		reader_notice(r, &section->place, section->value,
		    unused_text);
		return;
	}
	if (service == -1) {
		faults_add(r->faults, &section->place,
		    "protocol %s: expected imap or pop3", section->value);
		return;
	}
	for (const struct config_node *node = section->children; node != NULL;
	    node = node->next) {
		row = settings_table_find(node->name, SETTING_SERVICE);
		if (settings_table_is_unused(node->name))
			reader_notice(r, &node->place, node->name,
			    unused_text);
		else if (node->is_section)
			faults_add(r->faults, &node->place,
			    "no section %s in a protocol", node->name);
		else if (row != NULL && (row->only == 0 ||
		    row->only == 1 + service))
			set_service(r, node, row, service);
		else
			faults_add(r->faults, &node->place, row != NULL ||
			    settings_table_find(node->name, SETTING_GLOBAL) !=
			    NULL ? "%s cannot be set for protocol %s" :
			    "unknown setting %s in protocol %s", node->name,
			    section->value);
	}
}

static void
read_passdb(struct reader *r, const struct config_node *section)
{
	struct settings_passdb *passdb;
	const struct setting *row;
	char hint[HINTS_TEXT_MAX];

	if (r->settings->npassdbs == SETTINGS_PASSDBS_MAX) {
		faults_add(r->faults, &section->place,
		    "more than %d passdb sections", SETTINGS_PASSDBS_MAX);
		return;
	}
	passdb = &r->settings->passdbs[r->settings->npassdbs];
	if (settings_passdb_driver(section->value, false,
	    &passdb->driver) == -1) {
		faults_add(r->faults, &section->place, "passdb %s: this "
		    "version has passdb sql, static, passwd-file and "
		    "nginx-http", section->value);
		return;
	}
	r->passdb_places[r->settings->npassdbs++] = section->place;
	for (const struct config_node *node = section->children; node != NULL;
	    node = node->next) {
		row = settings_table_find(node->name, SETTING_PASSDB);
		if (row == NULL || node->is_section) {
			faults_add(r->faults, &node->place,
			    "unknown setting %s in passdb %s%s", node->name,
			    section->value, hints_setting(node->name,
			    SETTING_PASSDB, hint));
			continue;
		}
		reader_set(r, row, passdb, node, 0);
		if (row->offset == offsetof(struct settings_passdb, args))
			r->passdb_places[r->settings->npassdbs - 1] =
			    node->place;
	}
}

static void
read_userdb(struct reader *r, const struct config_node *section)
{
	struct settings_passdb *userdb;
	const struct setting *row;

	if (is_other_userdb(section->value)) {
		reader_notice(r, &section->place, section->value, "no userdb "
		    "of this version; local users are not looked up there");
		return;
	}
	if (r->settings->nuserdbs == SETTINGS_USERDBS_MAX) {
		faults_add(r->faults, &section->place,
		    "more than %d userdb sections", SETTINGS_USERDBS_MAX);
		return;
	}
	userdb = &r->userdbs[r->settings->nuserdbs];
	*userdb = r->settings->passdbs[SETTINGS_DBS_MAX - 1];
	userdb->is_userdb = true;
	if (settings_passdb_driver(section->value, true,
	    &userdb->driver) == -1) {
		faults_add(r->faults, &section->place, "userdb %s: unknown",
		    section->value);
		return;
	}
	r->userdb_places[r->settings->nuserdbs++] = section->place;
	for (const struct config_node *node = section->children; node != NULL;
	    node = node->next) {
		row = settings_table_find("args", SETTING_PASSDB);
		if (strcmp(node->name, row->name) != 0 || node->is_section) {
			faults_add(r->faults, &node->place,
			    "unknown setting %s in userdb %s", node->name,
			    section->value);
			continue;
		}
		reader_set(r, row, userdb, node, 0);
		r->userdb_places[r->settings->nuserdbs - 1] = node->place;
	}
}

/* Behind the passdbs, whose numbers are told in logs. */
static void
append_userdbs(struct reader *r)
{
	struct settings *s = r->settings;

	for (size_t i = 0; i < s->nuserdbs; i++) {
		s->passdbs[s->npassdbs + i] = r->userdbs[i];
		r->passdb_places[s->npassdbs + i] = r->userdb_places[i];
	}
}

/* "user = root" is what a proxy of old says; ours never is root. */
static void
set_auth_user(struct reader *r, const struct config_node *node)
{
	if (strcmp(node->value, "root") == 0 || strcmp(node->value, "0") == 0)
		faults_notice(r->faults, &node->place, "user = %s: auth runs "
		    "as auth_user all the same; the master reads the SQL file",
		    node->value);
	else
		set_global(r, node, "auth_user");
}

static void
read_auth_setting(struct reader *r, const struct config_node *node)
{
	char name[READ_NAME_MAX];

	if (strcmp(node->name, "user") == 0) {
		set_auth_user(r, node);
		return;
	}
	snprintf(name, sizeof(name), "%s%s",
	    strncmp(node->name, "auth_", 5) == 0 ? "" : "auth_", node->name);
	set_global(r, node, name);
}

static void
read_auth(struct reader *r, const struct config_node *section)
{
	if (r->auth_name != NULL && strcmp(r->auth_name, section->value) != 0)
		faults_add(r->faults, &section->place,
		    "a second auth section is not supported");
	r->auth_name = section->value;
	for (const struct config_node *node = section->children; node != NULL;
	    node = node->next) {
		if (!node->is_section)
			read_auth_setting(r, node);
		else if (strcmp(node->name, "passdb") == 0)
			read_passdb(r, node);
		else if (strcmp(node->name, "socket") == 0)
			reader_notice(r, &node->place, node->name,
			    "auth serves no other programs");
		else if (strcmp(node->name, "userdb") == 0)
			read_userdb(r, node);
		else
			faults_add(r->faults, &node->place,
			    "no section %s in an auth section", node->name);
	}
}

static void
read_section(struct reader *r, const struct config_node *node)
{
	char hint[HINTS_TEXT_MAX];

	if (strcmp(node->name, "protocol") == 0)
		read_protocol(r, node);
	else if (strcmp(node->name, "auth") == 0)
		read_auth(r, node);
	else if (strcmp(node->name, "local_name") == 0)
		settings_tls_local_name(r, node);
	else if (settings_table_is_unused(node->name))
		reader_notice(r, &node->place, node->name, unused_text);
	else
		faults_add(r->faults, &node->place, "unknown section %s%s",
		    node->name, hints_section(node->name, hint));
}

/* Sections win over what stands outside, in whatever order they come. */
static void
read_nodes(struct reader *r, const struct config_node *nodes)
{
	for (const struct config_node *node = nodes; node != NULL;
	    node = node->next) {
		if (!node->is_section)
			set_global(r, node, node->name);
	}
	for (const struct config_node *node = nodes; node != NULL;
	    node = node->next) {
		if (node->is_section)
			read_section(r, node);
	}
	append_userdbs(r);
}

static void
reader_init(struct reader *r, const char *path,
    struct settings_faults *faults)
{
	memset(r, 0, sizeof(*r));
	r->path = path;
	r->faults = faults;
	r->arena = arena_new(READ_ARENA_BYTES);
	for (size_t i = 0; i < 1 + SETTINGS_SERVICES; i++)
		r->places[i] = arena_array(r->arena, settings_table_rows,
		    sizeof(**r->places));
	r->settings = defaults_new(r);
	r->defaults = defaults_new(r);
}

static struct settings *
reader_end(struct reader *r)
{
	notices_end(r);
	settings_free(r->defaults);
	arena_free(r->arena);
	if (r->faults->n > 0) {
		settings_free(r->settings);
		return NULL;
	}
	return r->settings;
}

struct settings *
settings_read(const char *path, struct settings_faults *faults)
{
	struct config_node *nodes;
	struct reader r;

	reader_init(&r, path, faults);
	nodes = config_parse_file(path, r.arena, faults);
	read_nodes(&r, nodes);
	settings_check(&r);
	settings_check_users(&r);
	settings_mail_accounts(&r);
	settings_sql_read(&r);
	settings_passdb_files(&r);
	return reader_end(&r);
}

struct settings *
settings_read_text(const char *name, const char *text, size_t len,
    struct settings_faults *faults)
{
	struct config_node *nodes;
	struct reader r;

	reader_init(&r, name, faults);
	nodes = config_parse_text(name, text, len, r.arena, faults);
	read_nodes(&r, nodes);
	settings_check(&r);
	return reader_end(&r);
}

struct settings *
settings_defaults(void)
{
	struct settings_faults faults = { 0 };
	struct reader r = { .faults = &faults };
	struct settings *settings = defaults_new(&r);

	settings_faults_clear(&faults);
	return settings;
}
