/*
 * Rules that concern more than one setting, a function each, and what is
 * derived from others when nobody set it.
 * Runs in: master.
 * Hostile input: none that counts: the files are root's.
 * Never: changes what somebody has set.
 */
#include "config/settings_check.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config/arena.h"
#include "config/setting_value.h"
#include "config/settings_listen.h"
#include "config/settings_passdb_check.h"
#include "config/settings_reader.h"
#include "config/settings_table.h"
#include "config/var.h"
#include "lib/strutil.h"

#define MB	(UINT64_C(1024) * 1024)
/* Address space of a login process: its own, and of each session. */
#define LOGIN_SIZE_BASE		(64 * MB)
#define LOGIN_SIZE_SESSION	(UINT64_C(2) * 16 * 1024)
/* Largest uid and gid that can be somebody; the last two are special. */
#define ID_MAX	(UINT32_MAX - 2)
#define CHECK_ERROR_MAX	128
/* Where Dovecot's programs imap and pop3 are. */
#define SETTINGS_MAIL_PROGRAMS	"/usr/lib/dovecot/"

typedef void (*check_fn)(struct reader *);

static const char *const service_names[SETTINGS_SERVICES] = {
	"imap", "pop3",
};
static const char *const service_programs[SETTINGS_SERVICES] = {
	PKGLIBEXECDIR "/imap-login",
	PKGLIBEXECDIR "/pop3-login",
};
static const uint16_t service_ssl_ports[SETTINGS_SERVICES] = { 993, 995 };

/* One of the accounts, in the order in which they are told. */
struct check_user {
	const char	*setting;
	size_t		 name_offset, ids_offset;
};

static const struct check_user check_users[] = {
	{ "login_user", offsetof(struct settings, login_user),
	  offsetof(struct settings, login_ids) },
	{ "auth_user", offsetof(struct settings, auth_user),
	  offsetof(struct settings, auth_ids) },
	{ "auth_worker_user", offsetof(struct settings, auth_worker_user),
	  offsetof(struct settings, auth_worker_ids) },
	{ "tls_signer_user", offsetof(struct settings, tls_signer_user),
	  offsetof(struct settings, tls_signer_ids) },
};
#define CHECK_USERS	(sizeof(check_users) / sizeof(check_users[0]))

static bool
list_has(const struct settings_list *list, const char *word, const char *more)
{
	char want[16];

	snprintf(want, sizeof(want), "%s%s", word, more);
	for (size_t i = 0; i < list->n; i++) {
		if (strcmp(list->items[i], want) == 0)
			return true;
	}
	return false;
}

static char *
join(struct reader *r, const char *a, const char *b)
{
	size_t size = strlen(a) + strlen(b) + 1;
	char *text;

	text = arena_alloc(r->settings->arena, size);
	snprintf(text, size, "%s%s", a, b);
	return text;
}

/*
 * "ssl_listen" empty: the addresses of listen with the other port, unless TLS
 * is for proxies only.
 */
static void
derive_ssl_listen(struct reader *r, size_t service)
{
	struct settings_service *s = &r->settings->services[service];

	if (s->ssl_listen.n > 0 || s->haproxy_ssl_listen.n > 0)
		return;
	s->ssl_listen.n = s->listen.n;
	s->ssl_listen.items = arena_array(r->settings->arena, s->listen.n,
	    sizeof(*s->listen.items));
	for (size_t i = 0; i < s->listen.n; i++) {
		s->ssl_listen.items[i] = s->listen.items[i];
		s->ssl_listen.items[i].port = service_ssl_ports[service];
	}
}

static void
derive_service(struct reader *r, size_t service)
{
	struct settings *set = r->settings;
	struct settings_service *s = &set->services[service];
	const char *name = service_names[service];

	s->has_plain = list_has(&set->protocols, name, "");
	s->has_ssl = list_has(&set->protocols, name, "s") && set->has_tls;
	s->is_enabled = s->has_plain || s->has_ssl;
	derive_ssl_listen(r, service);
	if (!s->has_plain)
		s->listen.n = s->haproxy_listen.n = 0;
	if (!s->has_ssl)
		s->ssl_listen.n = s->haproxy_ssl_listen.n = 0;
	if (s->login_executable[0] == '\0')
		s->login_executable = arena_strdup(set->arena,
		    service_programs[service]);
	if (s->mail_executable[0] == '\0')
		s->mail_executable = join(r, SETTINGS_MAIL_PROGRAMS, name);
	if (s->login_process_size_bytes == 0) {
		s->login_process_size_bytes = LOGIN_SIZE_BASE;
		if (!s->login_process_per_connection)
			s->login_process_size_bytes +=
			    set->login_max_sessions * LOGIN_SIZE_SESSION;
	}
}

/* Keeps what was written, for settings_print(), and fills in the rest. */
static void
derive(struct reader *r)
{
	struct settings *set = r->settings, *written;

	written = arena_alloc(set->arena, sizeof(*written));
	*written = *set;
	set->written = written;
	if (set->login_dir[0] == '\0')
		set->login_dir = join(r, set->base_dir, "/login");
	settings_tls_derive(r);
	for (size_t i = 0; i < SETTINGS_SERVICES; i++)
		derive_service(r, i);
}

static void
check_base_dir(struct reader *r)
{
	struct config_place place = reader_place(r, "base_dir", -1);

	if (strcmp(r->settings->base_dir, "/") == 0 ||
	    r->settings->base_dir[0] == '\0')
		faults_add(r->faults, &place,
		    "base_dir: expected a directory of its own");
}

static void
check_login_dir(struct reader *r)
{
	struct config_place place = reader_place(r, "login_dir", -1);

	if (strcmp(r->settings->login_dir, "/") == 0 ||
	    strcmp(r->settings->login_dir, r->settings->base_dir) == 0)
		faults_add(r->faults, &place,
		    "login_dir: expected a directory of its own");
}

static void
check_protocols(struct reader *r)
{
	struct config_place place = reader_place(r, "protocols", -1);
	const struct settings *set = r->settings;
	bool is_off = set->ssl_disable || strcmp(set->ssl, "no") == 0;
	bool is_any = false;

	for (size_t i = 0; i < SETTINGS_SERVICES; i++) {
		is_any |= set->services[i].is_enabled;
		if (!is_off && !set->has_tls &&
		    list_has(&set->protocols, service_names[i], "s"))
			reader_notice(r, &place, i == 0 ? "imaps" : "pop3s",
			    "not listened for: ssl_cert_file is not set");
	}
	if (!is_any)
		faults_add(r->faults, &place, "protocols: nothing is left "
		    "to listen for");
	if (list_has(&r->settings->protocols, "managesieve", ""))
		reader_notice(r, &place, "managesieve",
		    "a proxy has no use for this");
}

static void
check_listen(struct reader *r)
{
	for (int i = 0; i < SETTINGS_SERVICES; i++) {
		const struct settings_service *s = &r->settings->services[i];
		struct config_place place = reader_place(r, "listen", i);

		if (s->has_plain && s->listen.n + s->haproxy_listen.n == 0)
			faults_add(r->faults, &place,
			    "listen: no address for %s", service_names[i]);
	}
}

static void
check_counts(struct reader *r)
{
	for (int i = 0; i < SETTINGS_SERVICES; i++) {
		const struct settings_service *s = &r->settings->services[i];
		struct config_place place;

		if (s->login_max_processes_count == 0 ||
		    s->login_processes_count <= s->login_max_processes_count)
			continue;
		place = reader_place(r, "login_processes_count", i);
		faults_add(r->faults, &place, "login_processes_count: %u is "
		    "more than login_max_processes_count, %u",
		    s->login_processes_count, s->login_max_processes_count);
	}
}

/* Each auth process needs one. */
static void
check_auth_workers(struct reader *r)
{
	const struct settings *s = r->settings;
	struct config_place place;

	if (s->auth_worker_max_count >= s->auth_count)
		return;
	place = reader_place(r, "auth_worker_max_count", -1);
	faults_add(r->faults, &place, "auth_worker_max_count: %u is less than "
	    "auth_count, %u", s->auth_worker_max_count, s->auth_count);
}

static void
check_process_size(struct reader *r)
{
	for (int i = 0; i < SETTINGS_SERVICES; i++) {
		const struct settings_service *s = &r->settings->services[i];
		struct config_place place;

		if (s->login_process_size_bytes >= 16 * MB)
			continue;
		place = reader_place(r, "login_process_size", i);
		faults_add(r->faults, &place,
		    "login_process_size: a program needs at least 16M");
	}
}

static void
check_plaintext(struct reader *r)
{
	for (int i = 0; i < SETTINGS_SERVICES; i++) {
		const struct settings_service *s = &r->settings->services[i];
		struct config_place place;

		if (!s->has_plain || !s->disable_plaintext_auth ||
		    r->settings->has_tls)
			continue;
		place = reader_place(r, "disable_plaintext_auth", i);
		faults_notice(r->faults, &place, "disable_plaintext_auth = "
		    "yes, and no ssl_cert_file: only clients in "
		    "login_trusted_networks can log in to %s",
		    service_names[i]);
	}
}

static void
check_mechanisms(struct reader *r)
{
	struct config_place place = reader_place(r, "auth_mechanisms", -1);

	if (r->settings->auth_mechanisms.n == 0)
		faults_add(r->faults, &place, "mechanisms: none is named");
}

/* Each variable of a text must be known. */
static void
check_variables(struct reader *r, const struct config_place *place,
    const char *name, const char *text)
{
	struct var_piece piece;
	char err[CHECK_ERROR_MAX];

	while ((text = strchr(text, '%')) != NULL) {
		text++;
		if (var_parse(&text, &piece, err, sizeof(err)) == 0)
			continue;
		faults_add(r->faults, place, "%s: %s", name, err);
		return;
	}
}

static void
check_passdbs(struct reader *r)
{
	struct config_place place = { .file = r->path };

	/* A faulty section counts, so that nobody hears of it twice. */
	if (r->settings->npassdbs == 0 && r->faults->n == 0)
		faults_add(r->faults, &place,
		    "no passdb: an auth section must hold one");
	for (size_t i = 0; i < r->settings->npassdbs; i++) {
		const struct settings_passdb *p = &r->settings->passdbs[i];

		if (p->args[0] == '\0')
			faults_add(r->faults, &r->passdb_places[i],
			    "passdb: args is missing");
		else if (p->driver == PASSDB_SQL && p->args[0] != '/')
			faults_add(r->faults, &r->passdb_places[i],
			    "passdb sql: args is the absolute path of a file");
		else if (p->driver == PASSDB_STATIC)
			check_variables(r, &r->passdb_places[i], "args",
			    p->args);
		else
			settings_passdb_args(r, i);
	}
}

/* Master users: a passdb for them, one for the others, and a separator. */
static void
check_masters(struct reader *r)
{
	const char *name = "auth_master_user_separator";
	const char *separator = r->settings->auth_master_user_separator;
	struct config_place place = reader_place(r, name, -1);
	size_t n = 0;

	if (separator[0] != '\0' && (separator[1] != '\0' ||
	    separator[0] <= ' ' || separator[0] > '~'))
		faults_add(r->faults, &place,
		    "%s: expected one character of ASCII", name);
	for (size_t i = 0; i < r->settings->npassdbs; i++)
		n += r->settings->passdbs[i].master;
	if (n != 0 && n == r->settings->npassdbs)
		faults_add(r->faults, &r->passdb_places[0],
		    "master: no passdb is left for ordinary users");
	else if (n != 0 && separator[0] == '\0')
		faults_notice(r->faults, &place,
		    "master: nobody can use it without %s", name);
	else if (n == 0 && separator[0] != '\0')
		faults_notice(r->faults, &place,
		    "%s: no passdb has master = yes", name);
}

/* "?" before the first says that only those count that exist here. */
static void
check_sources(struct reader *r)
{
	const char *name = "login_source_ips";
	const struct settings_list *list = &r->settings->login_source_ips;
	struct config_place place = reader_place(r, name, -1);
	struct netaddr a;

	if (list->n > SETTINGS_SOURCES_MAX)
		faults_add(r->faults, &place, "%s: more than %d", name,
		    SETTINGS_SOURCES_MAX);
	for (size_t i = 0; i < list->n; i++) {
		const char *text = list->items[i];

		text += i == 0 && *text == '?';
		if (netaddr_parse(&a, text, strlen(text)) == -1 ||
		    netaddr_same_ip(&a, &(struct netaddr){
		    .family = a.family }))
			faults_add(r->faults, &place, "%s: expected addresses "
			    "of this machine, not %.64s", name, text);
	}
}

static void
check_translation(struct reader *r)
{
	struct config_place place = reader_place(r,
	    "auth_username_translation", -1);

	if (strlen(r->settings->auth_username_translation) % 2 != 0)
		faults_add(r->faults, &place, "auth_username_translation: "
		    "expected pairs of characters");
}

static void
check_format(struct reader *r)
{
	struct config_place place = reader_place(r, "auth_username_format", -1);
	char err[CHECK_ERROR_MAX];

	if (var_check_name(r->settings->auth_username_format, err,
	    sizeof(err)) == -1)
		faults_add(r->faults, &place, "auth_username_format: %s", err);
}

static void
check_realm(struct reader *r)
{
	struct config_place place = reader_place(r, "auth_default_realm", -1);

	if (strchr(r->settings->auth_default_realm, '@') != NULL)
		faults_add(r->faults, &place,
		    "auth_default_realm: expected a domain, without '@'");
}

static void
check_timeouts(struct reader *r)
{
	struct config_place place = reader_place(r, "auth_worker_timeout", -1);

	if (r->settings->auth_worker_timeout_ms >
	    r->settings->auth_request_timeout_ms)
		faults_add(r->faults, &place, "auth_worker_timeout: longer "
		    "than auth_request_timeout");
}

/* Rows that do nothing in this version. */
static void
check_row(struct reader *r, const struct setting *row, int service)
{
	struct config_place place = reader_place(r, row->name, service);
	const uint8_t *base = (const uint8_t *)r->settings;
	const uint8_t *usual = (const uint8_t *)r->defaults;

	if (place.line == 0)
		return;
	if (service >= 0) {
		base = (const uint8_t *)&r->settings->services[service];
		usual = (const uint8_t *)&r->defaults->services[service];
	}
	if (row->notice != NULL && !setting_value_is_same(row,
	    base + row->offset, usual + row->offset))
		reader_notice(r, &place, row->name, row->notice);
}

static void
check_rows(struct reader *r)
{
	const struct setting *row = settings_table;

	for (size_t i = 0; i < settings_table_rows; i++, row++) {
		if (row->notice == NULL)
			continue;
		if (row->scope == SETTING_GLOBAL)
			check_row(r, row, -1);
		else if (row->scope == SETTING_SERVICE)
			check_row(r, row, row->only == 2 ? 1 : 0);
	}
}

static const check_fn checks[] = {
	check_rows,
	check_base_dir,
	check_sources,
	check_login_dir,
	check_protocols,
	check_listen,
	settings_listen_check,
	check_counts,
	check_auth_workers,
	check_process_size,
	settings_tls_check,
	check_plaintext,
	check_mechanisms,
	check_passdbs,
	settings_mail_check,
	check_masters,
	check_translation,
	check_format,
	check_realm,
	check_timeouts,
};

void
settings_check(struct reader *r)
{
	derive(r);
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		checks[i](r);
}

/* Numbers of an account's name, or of a number; -1 when there is none. */
static int
user_ids(const char *name, struct settings_ids *ids)
{
	const struct passwd *pw;
	uint64_t number;

	if (str_number(name, strlen(name), 0, ID_MAX, &number) == 0) {
		ids->uid = ids->gid = (uint32_t)number;
		return 0;
	}
	pw = getpwnam(name);
	if (pw == NULL)
		return -1;
	ids->uid = pw->pw_uid;
	ids->gid = pw->pw_gid;
	return 0;
}

static struct settings_ids *
user_field(struct reader *r, size_t i)
{
	return (struct settings_ids *)(void *)((uint8_t *)r->settings +
	    check_users[i].ids_offset);
}

/* Finds account i; false when it cannot be used at all. */
static bool
user_find(struct reader *r, size_t i, const struct config_place *place)
{
	const char *name = *(char *const *)(const void *)
	    ((const uint8_t *)r->settings + check_users[i].name_offset);
	const char *setting = check_users[i].setting;
	struct settings_ids *ids = user_field(r, i);

	if (user_ids(name, ids) == -1)
		faults_add(r->faults, place, "%s: no account %s; make it, or "
		    "give an unused uid as a number", setting, name);
	else if (ids->uid == 0 || ids->gid == 0)
		faults_add(r->faults, place, "%s: must not be root", setting);
	else
		return true;
	return false;
}

/* Without a key no process runs as tls_signer_user: it may be missing. */
static bool
user_is_unused(const struct reader *r, size_t i,
    const struct config_place *place)
{
	return strcmp(check_users[i].setting, "tls_signer_user") == 0 &&
	    place->line == 0 && !r->settings->has_tls &&
	    r->settings->ssl_client_key_file[0] == '\0';
}

void
settings_check_users(struct reader *r)
{
	const bool is_root = geteuid() == 0;

	for (size_t i = 0; i < CHECK_USERS; i++) {
		struct config_place place =
		    reader_place(r, check_users[i].setting, -1);

		if (!is_root) {
			user_field(r, i)->uid = geteuid();
			user_field(r, i)->gid = getegid();
			continue;
		}
		if (user_is_unused(r, i, &place) || !user_find(r, i, &place))
			continue;
		for (size_t k = 0; k < i; k++) {
			if (user_field(r, k)->uid == user_field(r, i)->uid)
				faults_add(r->faults, &place,
				    "%s: must not be the same as %s",
				    check_users[i].setting,
				    check_users[k].setting);
		}
	}
}
