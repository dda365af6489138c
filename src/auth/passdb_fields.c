/*
 * The columns of a passdb row.
 * Runs in: auth.
 * Hostile input: every column; a database may be in other hands.
 * Never: guesses what a value may have meant; puts a secret into a reason.
 */
#include "auth/passdb_fields.h"

#include <bsd/string.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "auth/passdb_value.h"
#include "lib/strutil.h"

/* Parts of the user's name that a row gives by themselves. */
struct passdb_names {
	char	 username[LOGIN_AUTH_USER_MAX + 1];
	char	 domain[LOGIN_AUTH_USER_MAX + 1];
};

/* off and size: of the place in struct passdb_fields, or of the name. */
struct passdb_field {
	const char	*name;
	passdb_field_fn	 read;
	size_t		 off, size;
	bool		 is_name;
};

#define AT(member)	offsetof(struct passdb_fields, member),		\
	sizeof(((struct passdb_fields *)0)->member), false
#define NAME(member)	offsetof(struct passdb_names, member),		\
	sizeof(((struct passdb_names *)0)->member), true

/* Names that are not here are the administrator's own affair. */
static const struct passdb_field passdb_field_table[] = {
	{ "password", passdb_read_password, AT(has_password) },
	{ "password_noscheme", passdb_read_noscheme, AT(has_password) },
	{ "nopassword", passdb_read_bool, AT(has_nopassword) },
	{ "noauthenticate", passdb_read_bool, AT(has_noauthenticate) },
	{ "fail", passdb_read_given, AT(is_failed) },
	{ "allow_nets", passdb_read_nets, AT(is_net_refused) },
	{ "allow_real_nets", passdb_read_real_nets, AT(is_real_net_refused) },
	{ "check_client_fp", passdb_read_print, AT(print) },
	{ "check_client_cert_fp", passdb_read_cert_print, AT(cert_print) },
	{ "check_client_pubkey_fp", passdb_read_key_print, AT(key_print) },
	{ "delay_until", passdb_read_delay_until, AT(delay_until_s) },
	{ "proxy", passdb_read_proxy, AT(is_proxy) },
	{ "proxy_maybe", passdb_read_bool, AT(is_proxy_maybe) },
	{ "nologin", passdb_read_bool, AT(is_nologin) },
	{ "nodelay", passdb_read_bool, AT(has_nodelay) },
	{ "host", passdb_read_host, AT(nhosts) },
	{ "hostip", passdb_read_addr, AT(hostip) },
	{ "port", passdb_read_port, AT(port) },
	{ "source_ip", passdb_read_addr, AT(source) },
	{ "proxy_timeout", passdb_read_ms, AT(timeout_ms) },
	{ "login_proxy_timeout", passdb_read_ms, AT(timeout_ms) },
	{ "login_proxy_max_disconnect_delay", passdb_read_leave,
	    AT(has_leave) },
	{ "proxy_host_immediate_failure_after", passdb_read_ms,
	    AT(down_ms) },
	{ "proxy_nopipelining", passdb_read_bool, AT(has_nopipelining) },
	{ "proxy_not_trusted", passdb_read_bool, AT(is_untrusted) },
	{ "haproxy", passdb_read_haproxy, AT(haproxy) },
	{ "user", passdb_read_text, AT(user) },
	{ "username", passdb_read_text, NAME(username) },
	{ "domain", passdb_read_text, NAME(domain) },
	{ "destuser", passdb_read_text, AT(destuser) },
	{ "reason", passdb_read_text, AT(reason) },
	{ "master", passdb_read_text, AT(master) },
	{ "pass", passdb_read_text, AT(pass) },
	{ "proxy_mech", passdb_read_mech, AT(way) },
	{ "ssl", passdb_read_switch, AT(ssl) },
	{ "starttls", passdb_read_switch, AT(starttls) },
	{ "ssl_hostname", passdb_read_ssl_hostname, AT(ssl_hostname) },
	/* To ignore it would be weaker than what was asked for. */
	{ "proxy_noauth", passdb_read_later_bool, 0, 0, false },
};

#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))

/* What is remembered of each column is one bit. */
_Static_assert(NELEM(passdb_field_table) <= 64, "bits of is_given");

void
passdb_fields_clear(struct passdb_fields *f)
{
	explicit_bzero(f, sizeof(*f));
}

static const struct passdb_field *
passdb_field_find(const char *name, size_t len)
{
	for (size_t i = 0; i < NELEM(passdb_field_table); i++)
		if (str_span_is(name, len, passdb_field_table[i].name))
			return &passdb_field_table[i];
	return NULL;
}

/* The first column that stands in the row twice, or NULL. */
static const char *
passdb_repeated(const struct auth_worker_row *row)
{
	for (size_t i = 1; i < row->ncolumns; i++)
		for (size_t k = 0; k < i; k++)
			if (strcasecmp(row->columns[i].name,
			    row->columns[k].name) == 0)
				return row->columns[i].name;
	return NULL;
}

static void
passdb_say(char *why, const char *what, const char *column)
{
	char safe[AUTH_WORKER_NAME_MAX + 1];

	for (size_t i = 0; i <= AUTH_WORKER_NAME_MAX; i++) {
		char c = column[i];

		safe[i] = c == '\0' || (c >= ' ' && c <= '~') ? c : '?';
		if (c == '\0')
			break;
	}
	(void)snprintf(why, PASSDB_WHY_MAX, "%s %s", what, safe);
}

/* A column's name may end in what shall become of an earlier value. */
enum passdb_suffix {
	PASSDB_SET,
	PASSDB_DEFAULT,		/* the earlier one stays */
	PASSDB_REMOVE,
};

static enum passdb_suffix
passdb_suffix(const char *name, size_t *len)
{
	static const struct {
		const char		*text;
		enum passdb_suffix	 suffix;
	} rows[] = {
		{ ":default", PASSDB_DEFAULT },
		{ ":protected", PASSDB_DEFAULT },
		{ ":remove", PASSDB_REMOVE },
	};
	const char *colon = strchr(name, ':');

	*len = strlen(name);
	for (size_t i = 0; colon != NULL && i < NELEM(rows); i++)
		if (strcasecmp(colon, rows[i].text) == 0) {
			*len = (size_t)(colon - name);
			return rows[i].suffix;
		}
	return PASSDB_SET;
}

/* Reads a value to its place; NULL, or what is wrong with it. */
static const char *
passdb_take(struct passdb_value *v, const struct passdb_field *field,
    enum passdb_suffix suffix)
{
	uint64_t bit = UINT64_C(1) << (field - passdb_field_table);
	char *base = field->is_name ? (char *)v->names : (char *)v->fields;

	v->to = base + field->off;
	v->size = field->size;
	if (suffix == PASSDB_REMOVE) {
		memset(v->to, 0, v->size);
		v->fields->is_given &= ~bit;
		return NULL;
	}
	if (suffix == PASSDB_DEFAULT && (v->fields->is_given & bit) != 0)
		return NULL;
	v->fields->is_given |= bit;
	return field->read(v);
}

static void
passdb_unknown(const struct passdb_asker *asker, const char *column)
{
	char text[PASSDB_WHY_MAX];

	if (asker->note == NULL)
		return;
	passdb_say(text, "nothing is known of field", column);
	asker->note(asker->arg, text);
}

/* user, username and domain in one: the last two change a part of it. */
static const char *
passdb_fields_name(struct passdb_fields *f, const struct passdb_names *names,
    const char *user)
{
	char whole[2 * LOGIN_AUTH_USER_MAX + 2];
	const char *old = f->user[0] != '\0' ? f->user : user;
	const char *local = names->username[0] != '\0' ? names->username :
	    old;
	const char *at = strchr(old, '@');
	int len = (int)strlen(local);

	if (names->username[0] == '\0' && names->domain[0] == '\0')
		return NULL;
	if (names->domain[0] != '\0')
		len = (int)strcspn(local, "@");
	else if (strchr(local, '@') != NULL)
		at = NULL;
	(void)snprintf(whole, sizeof(whole), "%.*s%s%s", len, local,
	    names->domain[0] != '\0' ? "@" : at != NULL ? at : "",
	    names->domain);
	if (strlcpy(f->user, whole, sizeof(f->user)) >= sizeof(f->user))
		return passdb_too_long;
	return NULL;
}

/* forward_NAME: for the mail host, under a name of the row's own. */
static const char *
passdb_forward(struct passdb_fields *f, const char *name, size_t len,
    const struct passdb_value *v)
{
	return login_auth_forward_set(&f->forward, name, len, v->text,
	    v->len) == -1 ? passdb_unusable : NULL;
}

/* One column that is not NULL; -1 with a reason in why. */
static int
passdb_column(struct passdb_value *v, const struct auth_worker_column *c,
    char *why)
{
	static const char prefix[] = "forward_";
	size_t len;
	enum passdb_suffix suffix = passdb_suffix(c->name, &len);
	const struct passdb_field *field = passdb_field_find(c->name, len);
	const char *fault;

	v->text = c->len == 0 ? "" : (const char *)c->value;
	v->len = c->len;
	if (field != NULL) {
		fault = passdb_take(v, field, suffix);
	} else if (strncasecmp(c->name, prefix, sizeof(prefix) - 1) == 0) {
		fault = passdb_forward(v->fields, c->name + sizeof(prefix) - 1,
		    strlen(c->name) - (sizeof(prefix) - 1), v);
	} else {
		passdb_unknown(v->asker, c->name);
		return 0;
	}
	if (fault == NULL)
		return 0;
	passdb_say(why, fault, field != NULL ? field->name : c->name);
	return -1;
}

/* What is for one row only is forgotten. */
static void
passdb_fields_begin(struct passdb_fields *f)
{
	f->has_password = f->has_nopassword = f->is_password_empty = false;
	f->has_noauthenticate = f->is_failed = false;
	explicit_bzero(f->hash, sizeof(f->hash));
}

int
passdb_fields_read(struct passdb_fields *f, const struct auth_worker_row *row,
    const struct passdb_asker *asker, char *why)
{
	struct passdb_names names = { .username = "" };
	struct passdb_value v = { .fields = f, .names = &names,
	    .asker = asker };
	const char *fault = passdb_repeated(row);

	if (fault != NULL) {
		passdb_say(why, "repeated column", fault);
		return -1;
	}
	passdb_fields_begin(f);
	for (size_t i = 0; i < row->ncolumns; i++)
		if (!row->columns[i].is_null &&
		    passdb_column(&v, &row->columns[i], why) == -1)
			return -1;
	fault = passdb_fields_name(f, &names, asker->user);
	if (fault != NULL) {
		passdb_say(why, fault, "user");
		return -1;
	}
	if (f->ssl != PASSDB_OFF && f->starttls != PASSDB_OFF) {
		passdb_say(why, "starttls as well as", "ssl");
		return -1;
	}
	return 0;
}
