/*
 * Perdition's popmaps as passdb sql: tables of MySQL and PostgreSQL where they
 * are, files as a table for SQLite.
 * Runs in: wicketctl.
 * Hostile input: the options of the map, and the lines of its text.
 * Never: asks a database; puts a word into SQL that is no name or no literal.
 */
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "config/connect_pgsql.h"
#include "config/faults.h"
#include "config/setting_text.h"
#include "config/settings.h"
#include "ctl/convert_perdition_state.h"
#include "lib/strutil.h"

#define POPMAP_GDBM	"/etc/perdition/popmap.gdbm.db"
#define POPMAP_REGEX	"/etc/perdition/popmap.re"
#define POPMAP_SQL_FILE	"/etc/mailwicket/sql.conf"
#define POPMAP_DATABASE	"/var/lib/mailwicket/popmap.db"
/* Formats of query_key. */
#define POPMAP_KEYS_MAX	8

/* Parts of the option string of a map that is a table. */
enum popmap_part { PART_HOST, PART_PORT, PART_DATABASE, PART_TABLE, PART_USER,
    PART_PASSWORD, PART_SERVER, PART_NAME, PART_PORT_COLUMN, PARTS };

static const char *const popmap_defaults[PARTS] = {
	[PART_HOST] = "localhost", [PART_PORT] = "",
	[PART_DATABASE] = "dbPerdition", [PART_TABLE] = "tblPerdition",
	[PART_USER] = "perdition", [PART_PASSWORD] = "perdition",
	[PART_SERVER] = "servername", [PART_NAME] = "user",
	[PART_PORT_COLUMN] = "port",
};

struct popmap {
	struct convert_perdition	*p;
	const struct config_place	*place;
	const char			*options;	/* map_library_opt */
	const char			*parts[PARTS];
	const char			*keys[POPMAP_KEYS_MAX];	/* literals */
	size_t				 nkeys;
};

typedef void (*popmap_fn)(struct popmap *);

static bool
is_sql_name(const char *text)
{
	static const char bytes[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.";
	size_t len = strlen(text);

	return len > 0 && strspn(text, bytes) == len;
}

/* What is looked up: one literal for each format of query_key. */

/* A byte of a format as it stands in a literal of a query. */
static const char *
key_byte(struct popmap *m, char c)
{
	if (c == '%')
		return "%%";
	if (c == '\'')
		return "''";
	if (c == '\\')
		faults_add(m->p->out->faults, perdition_place(m->p,
		    PERDITION_QUERY_KEY), "query_key: no backslashes");
	return convert_text(m->p->out, "%c", c);
}

static const char *
key_escape(struct popmap *m, char c)
{
	switch (c) {
	case 'U':
		return m->p->long_name;
	case 'u':
		return m->p->short_name;
	case 'D':
		return "@";
	case 'd':
		return m->p->domain;
	case 'i':
		return "%r";
	case 'I':
		return "%l";
	case 'p':
		return "%b";
	case 'P':
		return "%a";
	default:
		faults_add(m->p->out->faults, perdition_place(m->p,
		    PERDITION_QUERY_KEY), "query_key: unknown escape \\%c", c);
		return "";
	}
}

static void
popmap_keys(struct popmap *m)
{
	const char *format = perdition_value(m->p, PERDITION_QUERY_KEY);
	const char *key = "";

	if (format == NULL)
		format = "\\U";
	for (;; format++) {
		if (*format == '\\' && format[1] != '\0') {
			key = convert_text(m->p->out, "%s%s", key,
			    key_escape(m, *++format));
			continue;
		}
		if (*format != '\0' && *format != ',') {
			key = convert_text(m->p->out, "%s%s", key,
			    key_byte(m, *format));
			continue;
		}
		if (m->nkeys == POPMAP_KEYS_MAX)
			faults_add(m->p->out->faults, perdition_place(m->p,
			    PERDITION_QUERY_KEY), "query_key: more than %d",
			    POPMAP_KEYS_MAX);
		else if (key[0] != '\0')
			m->keys[m->nkeys++] = convert_text(m->p->out, "'%s'",
			    key);
		key = "";
		if (*format == '\0')
			return;
	}
}

/* The condition for all keys, and the order in which they count. */
static const char *
popmap_where(struct popmap *m, const char *column, bool is_glob)
{
	struct convert *c = m->p->out;
	const char *where = "", *order = "", *one;

	for (size_t i = 0; i < m->nkeys; i++) {
		one = convert_text(c, is_glob ? "%s GLOB %s" : "%s = %s",
		    is_glob ? m->keys[i] : column,
		    is_glob ? column : m->keys[i]);
		where = convert_text(c, "%s%s%s", where, i == 0 ? "" : " OR ",
		    one);
		order = convert_text(c, "%s WHEN %s THEN %zu", order, one, i);
	}
	if (m->nkeys > 1)
		order = convert_text(c, "CASE%s END", order);
	else
		order = "";
	if (is_glob)
		order = convert_text(c, "%s%srank", order,
		    order[0] == '\0' ? "" : ", ");
	return convert_text(c, "%s%s%s LIMIT 1", where,
	    order[0] == '\0' ? "" : " ORDER BY ", order);
}

/* The SQL file. */

static void
popmap_put(struct popmap *m, const char *driver, const char *connect,
    const char *query)
{
	struct convert *c = m->p->out;

	convert_put(c, &c->sql, "# To be saved as %s, mode 0600.\n"
	    "driver = %s\nconnect = %s\npassword_query = %s\n",
	    POPMAP_SQL_FILE, driver, setting_text_quoted(connect, c->arena),
	    setting_text_quoted(query, c->arena));
	faults_notice(c->faults, m->place, "map_library: the SQL file is "
	    "printed by --sql, and is to be saved as %s, mode 0600",
	    POPMAP_SQL_FILE);
	(void)convert_passdb_add(c, "sql", POPMAP_SQL_FILE);
}

/* The columns that every user has. */
static const char *
popmap_select(struct popmap *m)
{
	return convert_text(m->p->out, "SELECT NULL AS password, "
	    "'Y' AS proxy, 'Y' AS nopassword%s", m->p->columns);
}

/* The name for the mail host: that of the map, or ours, or NULL. */
static const char *
popmap_destuser(struct popmap *m, const char *from_map)
{
	bool is_used = m->p->options[PERDITION_USERNAME_FROM_DATABASE] != NULL;
	const char *own = m->p->destuser == NULL ? "NULL" :
	    convert_text(m->p->out, "'%s'", m->p->destuser);

	if (!is_used)
		return own;
	return convert_text(m->p->out, "COALESCE(%s, %s)", from_map, own);
}

/* The port of hosts that the map names without one, or NULL. */
static const char *
popmap_port(struct popmap *m)
{
	const char *text = perdition_value(m->p, PERDITION_OUTGOING_PORT);
	unsigned int port = text == NULL ? 0 : perdition_port(text);

	if (text != NULL && port == 0)
		faults_add(m->p->out->faults, perdition_place(m->p,
		    PERDITION_OUTGOING_PORT), "outgoing_port %s: unknown",
		    text);
	return port == 0 ? "NULL" : convert_text(m->p->out, "'%u'", port);
}

/* Maps that are tables. */

/* host:port:database:table:user:password:columns, cut off at any place. */
static void
popmap_parts(struct popmap *m)
{
	const char *text = m->options;
	size_t len;

	for (size_t i = 0; i < PARTS; i++) {
		m->parts[i] = popmap_defaults[i];
		if (text == NULL)
			continue;
		len = strcspn(text, ":");
		if (len > 0)
			m->parts[i] = convert_text(m->p->out, "%.*s",
			    (int)len, text);
		text = text[len] == ':' ? text + len + 1 : NULL;
	}
	if (!is_sql_name(m->parts[PART_TABLE]) ||
	    !is_sql_name(m->parts[PART_SERVER]) ||
	    !is_sql_name(m->parts[PART_NAME]) ||
	    !is_sql_name(m->parts[PART_PORT_COLUMN]))
		faults_add(m->p->out->faults, m->place, "map_library_opt: a "
		    "table or a column has a name with other bytes than "
		    "letters, digits and '_'");
}

/* A word of connect; quoted, so that no byte means anything. */
static const char *
popmap_word(struct popmap *m, const char *key, const char *value)
{
	const char *text = "";

	if (value[0] == '\0')
		return "";
	for (; *value != '\0'; value++)
		text = convert_text(m->p->out, "%s%s%c", text,
		    *value == '\'' || *value == '\\' ? "\\" : "", *value);
	return convert_text(m->p->out, " %s='%s'", key, text);
}

static const char *
popmap_connect(struct popmap *m)
{
	const char *hosts = m->parts[PART_HOST], *text = "";
	struct convert *c = m->p->out;
	size_t len;

	for (; *hosts != '\0'; hosts += len) {
		hosts += strspn(hosts, ",");
		len = strcspn(hosts, ",");
		text = convert_text(c, "%s%s", text, popmap_word(m, "host",
		    convert_text(c, "%.*s", (int)len, hosts)));
	}
	text = convert_text(c, "%s%s%s%s%s", text,
	    strcmp(m->parts[PART_PORT], "0") == 0 ? "" :
	    popmap_word(m, "port", m->parts[PART_PORT]),
	    popmap_word(m, "dbname", m->parts[PART_DATABASE]),
	    popmap_word(m, "user", m->parts[PART_USER]),
	    popmap_word(m, "password", m->parts[PART_PASSWORD]));
	return text[0] == ' ' ? text + 1 : text;
}

/* "[user@]host[:port]" is taken apart by the database. */
static void
popmap_mysql(struct popmap *m)
{
	struct convert *c = m->p->out;
	const char *server, *port, *host;

	popmap_parts(m);
	server = m->parts[PART_SERVER];
	port = m->parts[PART_PORT_COLUMN];
	host = convert_text(c, "SUBSTRING_INDEX(%s, '@', -1)", server);
	popmap_put(m, "mysql", popmap_connect(m), convert_text(c,
	    "%s, SUBSTRING_INDEX(%s, ':', 1) AS host, "
	    "CASE WHEN %s <> '' THEN %s "
	    "WHEN LOCATE(':', %s) > 0 THEN SUBSTRING_INDEX(%s, ':', -1) "
	    "ELSE %s END AS port, %s AS destuser FROM %s WHERE %s",
	    popmap_select(m), host, port, port, host, host, popmap_port(m),
	    popmap_destuser(m, convert_text(c, "CASE WHEN LOCATE('@', %s) > 0 "
	    "THEN SUBSTRING(%s, 1, CHAR_LENGTH(%s) - CHAR_LENGTH(%s) - 1) END",
	    server, server, server, host)), m->parts[PART_TABLE],
	    popmap_where(m, m->parts[PART_NAME], false)));
}

/* Its hosts, and that the password is for them alone. */
static const char *
popmap_pgsql_connect(struct popmap *m)
{
	struct convert *c = m->p->out;
	const char *hosts = m->parts[PART_HOST];
	bool is_here = true;
	size_t len;

	for (; *hosts != '\0'; hosts += len + (hosts[len] == ',')) {
		len = strcspn(hosts, ",");
		is_here &= connect_pgsql_is_here(convert_text(c, "%.*s",
		    (int)len, hosts));
	}
	if (is_here)
		return popmap_connect(m);
	faults_notice(c->faults, m->place, "map_library: "
	    "channel_binding=require was added, without which the password "
	    "would be given to anybody who asks for it; see POSTGRESQL in "
	    "mailwicket.conf(5)");
	return convert_text(c, "%s channel_binding=require",
	    popmap_connect(m));
}

static void
popmap_pgsql(struct popmap *m)
{
	struct convert *c = m->p->out;
	const char *server, *host, *name;

	popmap_parts(m);
	server = m->parts[PART_SERVER];
	/* Without quotes, that is who has connected to the database. */
	name = strcasecmp(m->parts[PART_NAME], "user") == 0 ? "\"user\"" :
	    m->parts[PART_NAME];
	host = convert_text(c, "regexp_replace(%s, '^.*@', '')", server);
	popmap_put(m, "pgsql", popmap_pgsql_connect(m), convert_text(c,
	    "%s, split_part(%s, ':', 1) AS host, "
	    "COALESCE(NULLIF(CAST(%s AS text), ''), "
	    "NULLIF(split_part(%s, ':', 2), ''), %s) AS port, "
	    "%s AS destuser FROM %s WHERE %s", popmap_select(m), host,
	    m->parts[PART_PORT_COLUMN], host, popmap_port(m),
	    popmap_destuser(m, convert_text(c, "CASE WHEN position('@' in %s) "
	    "> 0 THEN regexp_replace(%s, '@[^@]*$', '') END", server,
	    server)), m->parts[PART_TABLE], popmap_where(m, name, false)));
}

/* Maps that are files: their lines become rows. */

/* A literal for SQLite. */
static const char *
sql_literal(struct convert *c, const char *text, size_t len)
{
	char *copy = convert_text(c, "'%*s'", (int)(2 * len), ""), *to;

	for (to = copy + 1; len > 0; text++, len--) {
		*to++ = *text;
		if (*text == '\'')
			*to++ = '\'';
	}
	*to++ = '\'';
	*to = '\0';
	return copy;
}

/* "[user@]host[:port]" of a line; -1 after a fault. */
static int
popmap_row(struct popmap *m, const struct perdition_line *line,
    const char *pattern, bool is_user_first)
{
	const char *value = line->value, *at = strrchr(value, '@');
	const char *host = at == NULL ? value : at + 1, *user = "NULL";
	const char *colon = strchr(host, ':');
	unsigned int port = colon == NULL ? 0 : perdition_port(colon + 1);
	size_t len = colon == NULL ? strlen(host) : (size_t)(colon - host);
	struct convert *c = m->p->out;
	bool is_group = is_user_first && at != NULL && at - value == 2 &&
	    memcmp(value, "$1", 2) == 0;

	if (len == 0 || (colon != NULL && port == 0) ||
	    strpbrk(host, " \t") != NULL ||
	    str_has_control(value, strlen(value)) ||
	    str_has_control(pattern, strlen(pattern)) ||
	    (pattern != line->key && !is_group &&
	    strchr(value, '$') != NULL)) {
		faults_add(c->faults, &line->place, "%s: expected "
		    "[user@]host[:port]%s", line->key, pattern == line->key ?
		    "" : ", with $1 for the user before an '@' only");
		return -1;
	}
	if (is_group)
		user = "1, NULL";
	else if (at == NULL)
		user = "0, NULL";
	else
		user = convert_text(c, "0, %s", sql_literal(c, value,
		    (size_t)(at - value)));
	convert_put(c, &c->data, "INSERT OR IGNORE INTO popmap "
	    "(name, strip, destuser, host, port) VALUES (%s, %s, %s, ",
	    sql_literal(c, pattern, strlen(pattern)), user,
	    sql_literal(c, host, len));
	convert_put(c, &c->data, port == 0 ? "NULL);\n" : "%u);\n", port);
	return 0;
}

/* The table for rows; is_glob: the patterns are tried in their order. */
static void
popmap_sqlite(struct popmap *m, bool is_glob)
{
	struct convert *c = m->p->out;
	const char *user = convert_text(c, "CASE strip WHEN 1 THEN '%s' ELSE "
	    "%s END", m->p->short_name, popmap_destuser(m, "destuser"));

	faults_notice(c->faults, m->place, "map_library: what fills the "
	    "database is printed by --data: ... --data | sqlite3 %s; "
	    "auth_worker_user must be able to read it", POPMAP_DATABASE);
	if (m->p->options[PERDITION_USERNAME_FROM_DATABASE] == NULL)
		user = popmap_destuser(m, "destuser");
	popmap_put(m, "sqlite", POPMAP_DATABASE, convert_text(c,
	    "%s, host, COALESCE(port, %s) AS port, %s AS destuser "
	    "FROM popmap WHERE %s", popmap_select(m), popmap_port(m), user,
	    popmap_where(m, "name", is_glob)));
}

static void
popmap_data_begin(struct popmap *m, bool is_glob)
{
	struct convert *c = m->p->out;

	convert_put(c, &c->data, "BEGIN;\nDROP TABLE IF EXISTS popmap;\n"
	    "CREATE TABLE popmap (%s TEXT NOT NULL%s, strip INTEGER, "
	    "destuser TEXT, host TEXT NOT NULL, port INTEGER%s);\n", "name",
	    is_glob ? "" : " PRIMARY KEY",
	    is_glob ? ", rank INTEGER PRIMARY KEY" : "");
}

/* The text that makegdbm and its like were given. */
static const char *
popmap_text_path(struct popmap *m, const char *path)
{
	static const char *const ends[] = { ".gdbm.db", ".bdb.db", ".cdb",
	    ".db" };
	size_t len = strlen(path), end;

	if (m->p->map != NULL)
		return m->p->map;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		end = strlen(ends[i]);
		if (len > end && strcmp(path + len - end, ends[i]) == 0)
			return convert_text(m->p->out, "%.*s",
			    (int)(len - end), path);
	}
	return path;
}

static void
popmap_file(struct popmap *m)
{
	const char *path = m->options == NULL ? POPMAP_GDBM : m->options;
	const char *text = popmap_text_path(m, path);
	struct convert *c = m->p->out;
	const struct perdition_line *line;
	size_t before = c->faults->n;

	line = perdition_popmap_read(text, c->arena, c->faults);
	if (c->faults->n > before) {
		/* One with faults of its own was found. */
		if (text == path || access(text, R_OK) == -1)
			faults_add(c->faults, m->place, "map_library: the "
			    "text that %s was made from is wanted: --map "
			    "FILE; \"makegdbm -u %s | tr -d '\\0'\" prints "
			    "it", path, path);
		return;
	}
	popmap_sqlite(m, false);
	popmap_data_begin(m, false);
	for (; line != NULL; line = line->next)
		if (popmap_row(m, line, line->key, false) == -1)
			return;
	convert_put(c, &c->data, "COMMIT;\n");
}

/* One line of popmap.re; a colon may end the expression. */
static int
popmap_regex_row(struct popmap *m, struct perdition_line *line)
{
	size_t len = strlen(line->key), first = strcspn(line->value, " \t");
	struct convert *c = m->p->out;
	bool is_user_first;
	char *glob;

	if (len > 1 && line->key[len - 1] == ':')
		len--;
	line->key = convert_text(c, "%.*s", (int)len, line->key);
	line->value = convert_text(c, "%.*s", (int)first, line->value);
	glob = perdition_glob(c, line->key, &is_user_first);
	if (glob == NULL) {
		faults_add(c->faults, &line->place, "%s: this expression "
		    "cannot be taken over: write it without '|', repetitions "
		    "and classes, in several lines perhaps", line->key);
		return -1;
	}
	return popmap_row(m, line, glob, is_user_first);
}

static void
popmap_regex(struct popmap *m)
{
	const char *path = m->p->map != NULL ? m->p->map :
	    m->options == NULL ? POPMAP_REGEX : m->options;
	struct convert *c = m->p->out;
	struct perdition_line *line;
	size_t before = c->faults->n;

	line = perdition_conf_read(path, c->arena, c->faults);
	if (c->faults->n > before)
		return;
	popmap_sqlite(m, true);
	popmap_data_begin(m, true);
	for (; line != NULL; line = line->next)
		if (popmap_regex_row(m, line) == -1)
			return;
	convert_put(c, &c->data, "COMMIT;\n");
}

static void
popmap_unknown(struct popmap *m)
{
	faults_add(m->p->out->faults, m->place, "map_library: there is no "
	    "passdb for this map: make a table of it");
}

/* By a word in the library's name. */
static const struct {
	const char	*word;
	popmap_fn	 take;
} popmap_kinds[] = {
	{ "mysql", popmap_mysql }, { "postgresql", popmap_pgsql },
	{ "posix_regex", popmap_regex }, { "gdbm", popmap_file },
	{ "bdb", popmap_file }, { "cdb", popmap_file },
	{ "", popmap_unknown },
};

void
perdition_popmap(struct convert_perdition *p)
{
	const struct perdition_line *library = p->options[
	    PERDITION_MAP_LIBRARY];
	const struct config_place file = { .file = p->path };
	struct popmap m = { .p = p, .options = perdition_value(p,
	    PERDITION_MAP_LIBRARY_OPT) };
	const char *name = library == NULL ? "gdbm" : library->value;
	size_t i = 0;

	/* Its default is there everywhere, and often is not used. */
	if (name[0] == '\0' || (library == NULL && m.options == NULL &&
	    p->map == NULL && perdition_value(p,
	    PERDITION_OUTGOING_SERVER) != NULL)) {
		if (library == NULL)
			faults_notice(p->out->faults, &file,
			    "no map_library: the default, %s, was left out; "
			    "with --map it is taken over", POPMAP_GDBM);
		return;
	}
	m.place = perdition_place(p, library != NULL ? PERDITION_MAP_LIBRARY :
	    PERDITION_MAP_LIBRARY_OPT);
	if (m.place == NULL)
		m.place = &file;
	popmap_keys(&m);
	if (m.nkeys == 0)
		faults_add(p->out->faults, m.place, "query_key: nothing is "
		    "asked");
	while (strstr(name, popmap_kinds[i].word) == NULL)
		i++;
	if (p->out->faults->n == 0)
		popmap_kinds[i].take(&m);
}
