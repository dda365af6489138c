/*
 * Columns that name a mail host.
 * Runs in: auth.
 * Hostile input: every column; a database may be in other hands.
 * Never: takes for a name what somebody may read as a number.
 */
#include "auth/passdb_value.h"

#include <string.h>

#include "auth/passdb_fields.h"
#include "lib/netaddr.h"
#include "lib/strutil.h"

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
const char *
passdb_read_host(const struct passdb_value *v)
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

const char *
passdb_read_addr(const struct passdb_value *v)
{
	struct netaddr *addr = v->to;

	if (v->len == 0)
		addr->family = NETADDR_NONE;
	else if (passdb_address(addr, v->text, v->len) == -1)
		return passdb_unusable;
	return NULL;
}

/* Whom the certificate must name, when it is not the host as given. */
const char *
passdb_read_ssl_hostname(const struct passdb_value *v)
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
