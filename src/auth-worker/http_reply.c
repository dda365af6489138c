/*
 * Answers of nginx's auth_http protocol, read strictly.
 * Runs in: auth-worker.
 * Hostile input: every line: the service, or who stands in front of it.
 * Never: takes a fault for a refusal, or what it does not know for a yes.
 */
#include "auth-worker/http_reply.h"

#include <bsd/string.h>
#include <stdio.h>
#include <string.h>

#include "lib/strutil.h"

/* A refusal's text is cut here; passdb fields hold 255 bytes. */
#define HTTP_REASON_MAX		200

/* Headers that mean something here, and their columns. */
static const struct {
	const char	*name;		/* lower case */
	const char	*column;	/* NULL: read by itself */
} http_headers[] = {
	{ "auth-status", NULL },
	{ "auth-wait", NULL },
	{ "auth-error-code", NULL },
	{ "auth-server", "host" },
	{ "auth-port", "port" },
	{ "auth-user", "destuser" },
	{ "auth-pass", "pass" },
	{ "proxy-ssl", "ssl" },
	{ "proxy-starttls", "starttls" },
	{ "proxy-mech", "proxy_mech" },
	{ "proxy-master-user", "master" },
	{ "proxy-timeout", "proxy_timeout" },
	{ "proxy-source-ip", "source_ip" },
};
#define HTTP_NELEM(a)	(sizeof(a) / sizeof((a)[0]))
#define HTTP_HEADERS	HTTP_NELEM(http_headers)
static const char http_extra[] = "x-passdb-";

/* Texts of a status that mean trouble, and codes of IMAP and POP3 in them. */
static const char *const http_trouble[] = { "WAIT", "UNAVAILABLE" };
static const char *const http_trouble_codes[] = {
	"[UNAVAILABLE]", "[SYS/TEMP]",
};

void
http_reply_init(struct http_reply *r, bool is_compat)
{
	memset(r, 0, sizeof(*r));
	r->is_compat = is_compat;
}

void
http_reply_clear(struct http_reply *r)
{
	explicit_bzero(r, sizeof(*r));
}

static int
http_fail(struct http_reply *r, const char *fault, const char *culprit)
{
	if (r->fault != NULL)
		return -1;
	r->fault = fault;
	(void)strlcpy(r->culprit, culprit, sizeof(r->culprit));
	return -1;
}

static int
http_count(struct http_reply *r, size_t n)
{
	if (n > HTTP_REPLY_BYTES_MAX - r->nbytes)
		return http_fail(r, "the answer is longer than 16384 bytes",
		    "");
	r->nbytes += n;
	return 0;
}

/* "HTTP/1.1 200 OK" */
static int
http_read_status(struct http_reply *r, const char *line, size_t len)
{
	const char *blank = memchr(line, ' ', len);
	uint64_t status;
	size_t left;

	if (len < 5 || memcmp(line, "HTTP/", 5) != 0 || blank == NULL)
		return http_fail(r, "no HTTP status line", "");
	left = len - (size_t)(blank - line) - 1;
	if (left < 3 || (left > 3 && blank[4] != ' ') ||
	    str_number(blank + 1, 3, 100, 999, &status) == -1)
		return http_fail(r, "bad HTTP status line", "");
	r->status = (unsigned int)status;
	return 0;
}

/* Does a header mean anything to us? */
static bool
http_is_known(const char *name)
{
	if (strncmp(name, http_extra, sizeof(http_extra) - 1) == 0)
		return true;
	for (size_t i = 0; i < HTTP_HEADERS; i++)
		if (strcmp(http_headers[i].name, name) == 0)
			return true;
	return false;
}

static const struct http_header *
http_find(const struct http_reply *r, const char *name)
{
	for (size_t i = 0; i < r->nheaders; i++)
		if (strcmp(r->headers[i].name, name) == 0)
			return &r->headers[i];
	return NULL;
}

static int
http_keep(struct http_reply *r, const char *name, const char *value,
    size_t len)
{
	struct http_header *h;

	if (str_has_control(value, len))
		return http_fail(r, "control character in", name);
	if (http_find(r, name) != NULL)
		return http_fail(r, "repeated header", name);
	if (r->nheaders == HTTP_REPLY_HEADERS_MAX ||
	    len > sizeof(r->values) - r->used)
		return http_fail(r, "too many headers", "");
	h = &r->headers[r->nheaders++];
	(void)strlcpy(h->name, name, sizeof(h->name));
	h->off = (uint16_t)r->used;
	h->len = (uint16_t)len;
	memcpy(r->values + r->used, value, len);
	r->used += len;
	return 0;
}

/* "Name: value"; blanks around the value are none of it (RFC 9110, 5.5). */
static int
http_read_header(struct http_reply *r, const char *line, size_t len)
{
	const char *colon = memchr(line, ':', len), *value;
	char name[AUTH_WORKER_NAME_MAX + 1];
	size_t n, left;

	if (line[0] == ' ' || line[0] == '\t')
		return http_fail(r, "a header that goes on in a second line",
		    "");
	if (colon == NULL || colon == line)
		return http_fail(r, "a line that is no header", "");
	n = (size_t)(colon - line);
	/* Long names are none of ours. */
	if (str_copy(name, sizeof(name), line, n) == -1)
		return 0;
	str_lower(name);
	if (strlen(name) != n || !http_is_known(name))
		return 0;
	value = colon + 1;
	left = len - n - 1;
	while (left > 0 && (value[0] == ' ' || value[0] == '\t')) {
		value++;
		left--;
	}
	while (left > 0 && (value[left - 1] == ' ' || value[left - 1] == '\t'))
		left--;
	return http_keep(r, name, value, left);
}

int
http_reply_line(struct http_reply *r, const char *line, size_t len)
{
	if (http_count(r, len) == -1)
		return -1;
	/* Trailers come behind the body: too late to mean anything. */
	if (r->has_head)
		return 0;
	if (len > 0 && line[len - 1] == '\n')
		len--;
	if (len > 0 && line[len - 1] == '\r')
		len--;
	if (r->status == 0)
		return http_read_status(r, line, len);
	if (len > 0)
		return http_read_header(r, line, len);
	if (r->status >= 200) {
		r->has_head = true;
		return 0;
	}
	/* A provisional answer: the real one follows. */
	r->status = 0;
	r->nheaders = r->used = 0;
	return 0;
}

int
http_reply_body(struct http_reply *r, size_t n)
{
	return http_count(r, n);
}

static bool
http_value_is(const struct http_reply *r, const struct http_header *h,
    const char *text)
{
	return h->len == strlen(text) &&
	    memcmp(r->values + h->off, text, h->len) == 0;
}

static bool
http_begins_with(const struct http_reply *r, const struct http_header *h,
    const char *text)
{
	size_t n = strlen(text);

	return h->len >= n && str_span_is(r->values + h->off, n, text);
}

/* Does a refusal say that the service is in trouble? */
static bool
http_is_trouble(const struct http_reply *r, const struct http_header *status)
{
	const struct http_header *code = http_find(r, "auth-error-code");

	/* SMTP's 4xx, RFC 5321, 4.2.1 */
	if (code != NULL && code->len >= 3 && r->values[code->off] == '4')
		return true;
	for (size_t i = 0; i < HTTP_NELEM(http_trouble); i++)
		if (http_value_is(r, status, http_trouble[i]))
			return true;
	for (size_t i = 0; i < HTTP_NELEM(http_trouble_codes); i++)
		if (http_begins_with(r, status, http_trouble_codes[i]))
			return true;
	return false;
}

/* "auth-server" is the column host, "x-passdb-allow-nets" is allow_nets. */
static int
http_column(const struct http_header *h, char *column, size_t size)
{
	const size_t n = sizeof(http_extra) - 1;

	for (size_t i = 0; i < HTTP_HEADERS; i++) {
		if (strcmp(http_headers[i].name, h->name) != 0)
			continue;
		if (http_headers[i].column != NULL)
			(void)strlcpy(column, http_headers[i].column, size);
		else
			column[0] = '\0';
		return 0;
	}
	(void)strlcpy(column, h->name + n, size);
	for (char *p = column; *p != '\0'; p++) {
		if (*p == '-')
			*p = '_';
		else if (*p != '_' && (*p < 'a' || *p > 'z') &&
		    (*p < '0' || *p > '9'))
			return -1;
	}
	return column[0] == '\0' ? -1 : 0;
}

static enum auth_worker_found
http_fault(struct sql_fault *fault, const char *why, const char *culprit)
{
	sql_fault_set(fault, SQL_FAULT_ROW, "%s%s%s", why,
	    culprit[0] == '\0' ? "" : " ", culprit);
	return AUTH_WORKER_FAULT;
}

/* The columns of an answer that lets the user in. */
static enum auth_worker_found
http_accepted(const struct http_reply *r, struct sql_row *row,
    struct sql_fault *fault)
{
	const struct http_header *host = http_find(r, "auth-server");
	char column[AUTH_WORKER_NAME_MAX + 1];

	if ((host == NULL) != (http_find(r, "auth-port") == NULL))
		return http_fault(fault, "Auth-Server and Auth-Port must come "
		    "together", "");
	/* The service has checked the password. */
	if (sql_row_add(row, "nopassword", "y", 1, fault) == -1 ||
	    (host != NULL && sql_row_add(row, "proxy", "y", 1, fault) == -1))
		return AUTH_WORKER_FAULT;
	for (size_t i = 0; i < r->nheaders; i++) {
		const struct http_header *h = &r->headers[i];

		if (http_column(h, column, sizeof(column)) == -1)
			return http_fault(fault, "no field can have the name "
			    "of", h->name);
		if (column[0] != '\0' && sql_row_add(row, column,
		    r->values + h->off, h->len, fault) == -1)
			return AUTH_WORKER_FAULT;
	}
	return AUTH_WORKER_ONE;
}

/* The text is for a log; nodelay is the only field that counts. */
static enum auth_worker_found
http_refused(const struct http_reply *r, const struct http_header *status,
    struct sql_row *row, struct sql_fault *fault)
{
	const struct http_header *nodelay = http_find(r, "x-passdb-nodelay");
	size_t len = status->len < HTTP_REASON_MAX ? status->len :
	    HTTP_REASON_MAX;
	char text[HTTP_REASON_MAX];

	for (size_t i = 0; i < len; i++) {
		char c = r->values[status->off + i];

		text[i] = c >= ' ' && c <= '~' ? c : '?';
	}
	if (sql_row_add(row, "reason", text, len, fault) == -1)
		return AUTH_WORKER_FAULT;
	if (nodelay != NULL && sql_row_add(row, "nodelay",
	    r->values + nodelay->off, nodelay->len, fault) == -1)
		return AUTH_WORKER_FAULT;
	return AUTH_WORKER_REFUSED;
}

static enum auth_worker_found
http_decide(const struct http_reply *r, struct sql_row *row,
    struct sql_fault *fault)
{
	const struct http_header *status = http_find(r, "auth-status");
	char number[16];

	if (r->fault != NULL)
		return http_fault(fault, r->fault, r->culprit);
	if (!r->has_head)
		return http_fault(fault, "the answer is cut off", "");
	if (!r->is_compat && r->status > 299) {
		(void)snprintf(number, sizeof(number), "%u", r->status);
		return http_fault(fault, "HTTP status", number);
	}
	if (status == NULL && r->is_compat &&
	    http_find(r, "auth-server") != NULL)
		return http_accepted(r, row, fault);
	if (status == NULL || status->len == 0)
		return http_fault(fault, "no Auth-Status", "");
	if (http_value_is(r, status, "OK"))
		return http_accepted(r, row, fault);
	if (http_is_trouble(r, status))
		return http_fault(fault, "the service has trouble of its own",
		    "");
	return http_refused(r, status, row, fault);
}

enum auth_worker_found
http_reply_row(const struct http_reply *r, struct sql_row *row,
    struct sql_fault *fault)
{
	enum auth_worker_found found;

	sql_row_init(row);
	found = http_decide(r, row, fault);
	if (found == AUTH_WORKER_FAULT)
		sql_row_clear(row);
	row->row.found = (uint8_t)found;
	return found;
}
