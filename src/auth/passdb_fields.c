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

#include "lib/strutil.h"

/* A value; NULL columns never come so far, text is not terminated. */
struct passdb_value {
	const char			*text;
	size_t				 len;
	struct passdb_fields		*fields;
	const struct passdb_asker	*asker;
	size_t				 offset;	/* of the row's flag */
};

/* NULL, or what is wrong with the value. */
typedef const char *(*passdb_field_fn)(const struct passdb_value *);

struct passdb_field {
	const char	*name;
	passdb_field_fn	 read;
	size_t		 offset;
};

static const char	*read_password(const struct passdb_value *);
static const char	*read_noscheme(const struct passdb_value *);
static const char	*read_bool(const struct passdb_value *);
static const char	*read_host(const struct passdb_value *);
static const char	*read_hostip(const struct passdb_value *);
static const char	*read_port(const struct passdb_value *);
static const char	*read_timeout(const struct passdb_value *);
static const char	*read_mech(const struct passdb_value *);
static const char	*read_text(const struct passdb_value *);
static const char	*read_pass(const struct passdb_value *);
static const char	*read_allow_nets(const struct passdb_value *);
static const char	*read_switch(const struct passdb_value *);
static const char	*read_ssl_hostname(const struct passdb_value *);
static const char	*read_later_text(const struct passdb_value *);

#define AT(member)	offsetof(struct passdb_fields, member)

/* Names that are not here are the administrator's own affair. */
static const struct passdb_field passdb_field_table[] = {
	{ "password", read_password, 0 },
	{ "password_noscheme", read_noscheme, 0 },
	{ "nopassword", read_bool, AT(has_nopassword) },
	{ "allow_nets", read_allow_nets, 0 },
	{ "proxy", read_bool, AT(is_proxy) },
	{ "proxy_maybe", read_bool, AT(is_proxy_maybe) },
	{ "nologin", read_bool, AT(is_nologin) },
	{ "nodelay", read_bool, AT(has_nodelay) },
	{ "host", read_host, 0 },
	{ "hostip", read_hostip, 0 },
	{ "port", read_port, 0 },
	{ "proxy_timeout", read_timeout, 0 },
	{ "user", read_text, AT(user) },
	{ "destuser", read_text, AT(destuser) },
	{ "reason", read_text, AT(reason) },
	{ "master", read_text, AT(master) },
	{ "pass", read_pass, 0 },
	{ "proxy_mech", read_mech, 0 },
	{ "ssl", read_switch, AT(ssl) },
	{ "starttls", read_switch, AT(starttls) },
	{ "ssl_hostname", read_ssl_hostname, 0 },
	/* To ignore these would be weaker than what was asked for. */
	{ "source_ip", read_later_text, 0 },
	{ "allow_real_nets", read_later_text, 0 },
	{ "fail", read_later_text, 0 },
	{ "check_client_fp", read_later_text, 0 },
	{ "check_client_cert_fp", read_later_text, 0 },
	{ "check_client_pubkey_fp", read_later_text, 0 },
};

#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))

static const char passdb_control[] = "control character in";
static const char passdb_unusable[] = "unusable value of";
static const char passdb_too_long[] = "too long a value of";
static const char passdb_not_utf8[] = "invalid UTF-8 in";
static const char passdb_later[] = "this version cannot honour";

void
passdb_fields_clear(struct passdb_fields *f)
{
	explicit_bzero(f, sizeof(*f));
	f->is_net_allowed = true;
}

static const struct passdb_field *
passdb_field_find(const char *name)
{
	for (size_t i = 0; i < NELEM(passdb_field_table); i++)
		if (strcasecmp(passdb_field_table[i].name, name) == 0)
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

int
passdb_fields_read(struct passdb_fields *f, const struct auth_worker_row *row,
    const struct passdb_asker *asker, char *why)
{
	struct passdb_value v = { .fields = f, .asker = asker };
	const char *fault = passdb_repeated(row);

	if (fault != NULL) {
		passdb_say(why, "repeated column", fault);
		return -1;
	}
	f->has_password = f->has_nopassword = f->is_password_empty = false;
	explicit_bzero(f->hash, sizeof(f->hash));
	for (size_t i = 0; i < row->ncolumns; i++) {
		const struct auth_worker_column *c = &row->columns[i];
		const struct passdb_field *field = passdb_field_find(c->name);

		if (field == NULL || c->is_null)
			continue;
		v.text = c->len == 0 ? "" : (const char *)c->value;
		v.len = c->len;
		v.offset = field->offset;
		fault = field->read(&v);
		if (fault != NULL) {
			passdb_say(why, fault, field->name);
			return -1;
		}
	}
	if (f->ssl != PASSDB_OFF && f->starttls != PASSDB_OFF) {
		passdb_say(why, "starttls as well as", "ssl");
		return -1;
	}
	return 0;
}

/* PRODUCT: on, off, or a fault. */
static const char *
passdb_bool(const char *text, size_t len, bool *is_on)
{
	static const struct {
		const char	*word;
		bool		 is_on;
	} words[] = {
		{ "y", true }, { "yes", true }, { "1", true },
		{ "true", true }, { "n", false }, { "no", false },
		{ "0", false }, { "false", false }, { "", false },
	};

	for (size_t i = 0; i < NELEM(words); i++)
		if (str_span_is(text, len, words[i].word)) {
			*is_on = words[i].is_on;
			return NULL;
		}
	return passdb_unusable;
}

static const char *
read_bool(const struct passdb_value *v)
{
	return passdb_bool(v->text, v->len,
	    (bool *)((char *)v->fields + v->offset));
}

/* As a bool, or on in its own way. */
static const char *
read_switch(const struct passdb_value *v)
{
	enum passdb_switch *to = (enum passdb_switch *)(void *)
	    ((char *)v->fields + v->offset);
	const char *fault;
	bool is_on = false;

	if (str_span_is(v->text, v->len, "any-cert")) {
		*to = PASSDB_ANY_CERT;
		return NULL;
	}
	fault = passdb_bool(v->text, v->len, &is_on);
	if (fault == NULL)
		*to = is_on ? PASSDB_ON : PASSDB_OFF;
	return fault;
}

static const char *
read_password(const struct passdb_value *v)
{
	struct passdb_fields *f = v->fields;

	if (f->has_password ||
	    password_full_hash(f->hash, sizeof(f->hash), v->text, v->len,
	    v->asker->default_scheme) == -1)
		return passdb_unusable;
	f->has_password = true;
	f->is_password_empty = v->len == 0;
	return NULL;
}

/* A password in clear that may begin with a brace. */
static const char *
read_noscheme(const struct passdb_value *v)
{
	struct passdb_fields *f = v->fields;
	size_t n;

	if (f->has_password || str_has_control(v->text, v->len))
		return passdb_unusable;
	n = strlcpy(f->hash, "{PLAIN}", sizeof(f->hash));
	if (str_copy(f->hash + n, sizeof(f->hash) - n, v->text, v->len) == -1)
		return passdb_unusable;
	f->has_password = true;
	f->is_password_empty = v->len == 0;
	return NULL;
}

/* Text that goes to a mail host or a client: rules of SECURITY 4.4. */
static const char *
passdb_text(char *dst, size_t size, const struct passdb_value *v)
{
	if (str_has_control(v->text, v->len))
		return passdb_control;
	if (!str_is_utf8(v->text, v->len))
		return passdb_not_utf8;
	if (str_copy(dst, size, v->text, v->len) == -1)
		return passdb_too_long;
	return NULL;
}

/* user, destuser, master and reason have the same room. */
_Static_assert(LOGIN_AUTH_USER_MAX == LOGIN_AUTH_REASON_MAX,
    "read_text has one size");

static const char *
read_text(const struct passdb_value *v)
{
	return passdb_text((char *)v->fields + v->offset,
	    LOGIN_AUTH_USER_MAX + 1, v);
}

static const char *
read_pass(const struct passdb_value *v)
{
	return passdb_text(v->fields->pass, sizeof(v->fields->pass), v);
}

static bool
is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z');
}

/* "0x7f000001" and "127" are labels that inet_aton(3) takes for numbers. */
static bool
passdb_is_number_label(const char *p, size_t len)
{
	size_t hex = len, dec;

	dec = strspn(p, "0123456789");
	if (len > 1 && p[0] == '0' && (p[1] == 'x' || p[1] == 'X'))
		hex = 2 + strspn(p + 2, "0123456789abcdefABCDEF");
	else
		hex = 0;
	return dec >= len || hex >= len;
}

bool
passdb_is_host_name(const char *name, size_t len)
{
	char copy[LOGIN_AUTH_HOST_MAX + 1], *label = copy;

	if (len == 0 || str_copy(copy, sizeof(copy), name, len) == -1 ||
	    strlen(copy) != len)
		return false;
	for (;;) {
		size_t n = strcspn(label, ".");

		if (n == 0 || n > 63 || label[0] == '-' ||
		    label[n - 1] == '-')
			return false;
		for (size_t i = 0; i < n; i++)
			if (!is_alnum(label[i]) && label[i] != '-')
				return false;
		if (label[n] == '\0')
			return !passdb_is_number_label(label, n);
		label += n + 1;
	}
}

/* An address; the form of PostgreSQL's inet has the bits of a host. */
static int
passdb_address(struct netaddr *addr, const char *p, size_t len)
{
	const char *slash = memchr(p, '/', len);
	size_t left;

	if (slash == NULL)
		return netaddr_parse(addr, p, len);
	left = len - (size_t)(slash - p);
	if (netaddr_parse(addr, p, (size_t)(slash - p)) == -1)
		return -1;
	if (addr->family == NETADDR_V4 && memchr(p, ':', len) == NULL)
		return left == 3 && memcmp(slash, "/32", 3) == 0 ? 0 : -1;
	return left == 4 && memcmp(slash, "/128", 4) == 0 ? 0 : -1;
}

/* Adds one host; off and len are of its text in fields->host. */
static const char *
passdb_host_add(struct passdb_fields *f, size_t off, size_t len)
{
	struct passdb_host h = { .off = (uint16_t)off,
	    .len = (uint16_t)len };

	if (f->nhosts == LOGIN_AUTH_ADDRS_MAX)
		return "too many hosts in";
	if (passdb_address(&h.addr, f->host + off, len) == -1) {
		h.addr.family = NETADDR_NONE;
		if (!passdb_is_host_name(f->host + off, len))
			return passdb_unusable;
	}
	f->hosts[f->nhosts++] = h;
	return NULL;
}

/* Addresses or names, separated by blanks or a comma, none at the ends. */
static const char *
read_host(const struct passdb_value *v)
{
	struct passdb_fields *f = v->fields;
	const char *fault;
	size_t off = 0, len, gap;

	f->nhosts = 0;
	if (str_copy(f->host, sizeof(f->host), v->text, v->len) == -1)
		return passdb_too_long;
	if (strlen(f->host) != v->len)
		return passdb_control;
	if (v->len == 0)
		return NULL;
	for (;;) {
		len = strcspn(f->host + off, " ,");
		if (len == 0)
			return passdb_unusable;
		fault = passdb_host_add(f, off, len);
		off += len;
		if (fault != NULL || f->host[off] == '\0')
			return fault;
		gap = strspn(f->host + off, " ");
		if (f->host[off + gap] == ',')
			gap += 1 + strspn(f->host + off + gap + 1, " ");
		off += gap;
	}
}

static const char *
read_hostip(const struct passdb_value *v)
{
	struct netaddr *addr = &v->fields->hostip;

	if (v->len == 0) {
		addr->family = NETADDR_NONE;
		return NULL;
	}
	if (passdb_address(addr, v->text, v->len) == -1)
		return passdb_unusable;
	return NULL;
}

/* Whom the certificate must name, when it is not the host as given. */
static const char *
read_ssl_hostname(const struct passdb_value *v)
{
	char *name = v->fields->ssl_hostname;
	struct netaddr addr;

	if (v->len != 0 && netaddr_parse(&addr, v->text, v->len) == -1 &&
	    !passdb_is_host_name(v->text, v->len))
		return passdb_unusable;
	if (str_copy(name, sizeof(v->fields->ssl_hostname), v->text,
	    v->len) == -1)
		return passdb_too_long;
	return NULL;
}

static const char *
read_port(const struct passdb_value *v)
{
	uint64_t port;

	if (v->text[0] == '0' ||
	    str_number(v->text, v->len, 1, 65535, &port) == -1)
		return passdb_unusable;
	v->fields->port = (uint16_t)port;
	return NULL;
}

/* Seconds, or a number with a unit; nothing and 0 are the setting. */
static const char *
read_timeout(const struct passdb_value *v)
{
	static const struct {
		const char	*word;
		uint32_t	 ms;
	} units[] = {
		{ "", 1000 }, { "s", 1000 }, { "sec", 1000 },
		{ "secs", 1000 }, { "ms", 1 }, { "msecs", 1 },
		{ "m", 60000 }, { "min", 60000 }, { "mins", 60000 },
	};
	uint64_t n = 0;
	size_t digits = 0;

	while (digits < v->len && v->text[digits] >= '0' &&
	    v->text[digits] <= '9')
		digits++;
	if (v->len != 0 && str_number(v->text, digits, 0,
	    PASSDB_TIMEOUT_MAX_S * 1000, &n) == -1)
		return passdb_unusable;
	for (size_t i = 0; i < NELEM(units); i++)
		if (str_span_is(v->text + digits, v->len - digits,
		    units[i].word) &&
		    n * units[i].ms <= PASSDB_TIMEOUT_MAX_S * 1000) {
			v->fields->timeout_ms = (uint32_t)n * units[i].ms;
			return NULL;
		}
	return passdb_unusable;
}

/* SASL mechanisms towards the mail host; nothing is the usual command. */
static const char *
read_mech(const struct passdb_value *v)
{
	static const struct {
		const char		*word;
		enum login_auth_way	 way;
	} words[] = {
		{ "", LOGIN_AUTH_WAY_COMMAND },
		{ "plain", LOGIN_AUTH_WAY_PLAIN },
		{ "login", LOGIN_AUTH_WAY_LOGIN },
		{ "external", LOGIN_AUTH_WAY_EXTERNAL },
		{ "oauthbearer", LOGIN_AUTH_WAY_OAUTHBEARER },
		{ "xoauth2", LOGIN_AUTH_WAY_XOAUTH2 },
	};

	for (size_t i = 0; i < NELEM(words); i++)
		if (str_span_is(v->text, v->len, words[i].word)) {
			v->fields->way = (uint8_t)words[i].way;
			return NULL;
		}
	return passdb_later;
}

/* "local" stands for clients without an address, of which we have none. */
static const char *
read_allow_nets(const struct passdb_value *v)
{
	struct netaddr_net net;
	const char *p = v->text, *end = v->text + v->len;
	size_t len;

	v->fields->is_net_allowed = false;
	for (; p < end; p += len + 1) {
		for (len = 0; p + len < end && p[len] != ' ' &&
		    p[len] != ','; len++)
			continue;
		if (len == 0 || str_span_is(p, len, "local"))
			continue;
		if (netaddr_net_parse(&net, p, len) == -1)
			return passdb_unusable;
		if (netaddr_net_has(&net, v->asker->rip))
			v->fields->is_net_allowed = true;
	}
	return NULL;
}

static const char *
read_later_text(const struct passdb_value *v)
{
	return v->len == 0 ? NULL : passdb_later;
}
