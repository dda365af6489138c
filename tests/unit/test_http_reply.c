/*
 * Answers and questions of nginx's auth_http protocol.
 * Runs in: make check.
 * Hostile input: made here.
 * Never: ships in a program.
 */
#include "unit.h"

#include <bsd/string.h>

#include "auth-worker/http_reply.h"
#include "auth-worker/http_request.h"
#include "config/http_args.h"
#include "ipc/roles.h"

#define OK	"HTTP/1.1 200 OK\r\n"
#define GOOD	"Auth-Status: OK\r\nAuth-Server: 192.0.2.1\r\n" \
		"Auth-Port: 143\r\n"

static struct http_reply reply;
static struct sql_row row;
static struct sql_fault fault;

/* Reads a whole head; the empty line is added. */
static int
take(const char *head, bool is_compat)
{
	const char *end;
	char text[8192];

	(void)snprintf(text, sizeof(text), "%s\r\n", head);
	http_reply_init(&reply, is_compat);
	for (const char *line = text; *line != '\0'; line = end) {
		end = strchr(line, '\n') + 1;
		if (http_reply_line(&reply, line, (size_t)(end - line)) == -1)
			break;
	}
	fault.text[0] = '\0';
	return (int)http_reply_row(&reply, &row, &fault);
}

static const char *
column(const char *name)
{
	static char value[AUTH_WORKER_VALUE_MAX + 1];

	for (unsigned int i = 0; i < row.row.ncolumns; i++) {
		const struct auth_worker_column *c = &row.row.columns[i];

		if (strcmp(c->name, name) != 0)
			continue;
		memcpy(value, c->value, c->len);
		value[c->len] = '\0';
		return value;
	}
	return NULL;
}

static void
test_accepted(void **state)
{
	(void)state;
	assert_int_equal(take(OK GOOD, false), AUTH_WORKER_ONE);
	assert_int_equal(row.row.ncolumns, 4);
	assert_string_equal(column("nopassword"), "y");
	assert_string_equal(column("proxy"), "y");
	assert_string_equal(column("host"), "192.0.2.1");
	assert_string_equal(column("port"), "143");
	assert_int_equal(take(OK "Server: x\r\nauth-status:OK\r\n"
	    "AUTH-SERVER: \t mail.example.org \t\r\nAuth-Port: 1143\r\n"
	    "Auth-User: a%20b c\r\nAuth-Pass: p:w=%41\r\nAuth-Wait: 3\r\n"
	    "Proxy-SSL: no\r\nProxy-Starttls: yes\r\nProxy-Mech: PLAIN\r\n"
	    "Proxy-Master-User: m\r\nProxy-Timeout: 9\r\n"
	    "Proxy-Source-IP: 192.0.2.2\r\nX-Passdb-Allow-Nets: ::1\r\n"
	    "x-passdb-reason: \r\nAuth-User-Exists: 1\r\n", false),
	    AUTH_WORKER_ONE);
	assert_int_equal(row.row.ncolumns, 14);
	assert_string_equal(column("host"), "mail.example.org");
	assert_string_equal(column("destuser"), "a%20b c");
	assert_string_equal(column("pass"), "p:w=%41");
	assert_string_equal(column("ssl"), "no");
	assert_string_equal(column("starttls"), "yes");
	assert_string_equal(column("proxy_mech"), "PLAIN");
	assert_string_equal(column("master"), "m");
	assert_string_equal(column("proxy_timeout"), "9");
	assert_string_equal(column("source_ip"), "192.0.2.2");
	assert_string_equal(column("allow_nets"), "::1");
	assert_string_equal(column("reason"), "");
	/* Only authenticated: another passdb knows the host. */
	assert_int_equal(take(OK "Auth-Status: OK\r\n", false),
	    AUTH_WORKER_ONE);
	assert_int_equal(row.row.ncolumns, 1);
	/* A provisional answer is none, and lines may end as they like. */
	assert_int_equal(take("HTTP/1.1 100 Continue\r\n"
	    "Auth-Status: no\r\n\r\n" OK GOOD, false), AUTH_WORKER_ONE);
	assert_int_equal(take("HTTP/1.0 299 \nAuth-Status: OK\n", false),
	    AUTH_WORKER_ONE);
}

static void
test_refused(void **state)
{
	(void)state;
	assert_int_equal(take(OK "Auth-Status: Invalid login\r\n"
	    "Auth-Wait: 3\r\nAuth-Error-Code: 535 5.7.0\r\n", false),
	    AUTH_WORKER_REFUSED);
	assert_int_equal(row.row.ncolumns, 1);
	assert_string_equal(column("reason"), "Invalid login");
	/* Whatever else it says. */
	assert_int_equal(take(OK "Auth-Status: ok\r\nAuth-Server: 1.2.3.4\r\n"
	    "Auth-Port: 143\r\nX-Passdb-Nodelay: y\r\nAuth-Pass: x\r\n",
	    false), AUTH_WORKER_REFUSED);
	assert_int_equal(row.row.ncolumns, 2);
	assert_string_equal(column("reason"), "ok");
	assert_string_equal(column("nodelay"), "y");
	/* Any bytes may stand there, but they do not go on. */
	assert_int_equal(take(OK "Auth-Status: n\xf6 \xff\r\n", false),
	    AUTH_WORKER_REFUSED);
	assert_string_equal(column("reason"), "n? ?");
	assert_int_equal(take(OK "Auth-Status: OK, but no\r\n", false),
	    AUTH_WORKER_REFUSED);
	assert_int_equal(take(OK "Auth-Status: OKAY\r\n", true),
	    AUTH_WORKER_REFUSED);
	assert_int_equal(take("HTTP/1.1 500 x\r\nAuth-Status: no\r\n", true),
	    AUTH_WORKER_REFUSED);
}

/* P5: what is no clear answer is a fault. */
static const struct {
	const char	*head, *why;
	bool		 is_compat;
} fault_cases[] = {
	{ "", "no HTTP status line", false },
	{ GOOD, "no HTTP status line", false },
	{ GOOD, "no HTTP status line", true },
	{ "HTTP/1.1\r\n" GOOD, "no HTTP status line", false },
	{ "HTTP/1.1 2000\r\n" GOOD, "bad HTTP status line", false },
	{ "HTTP/1.1  200\r\n" GOOD, "bad HTTP status line", false },
	{ "HTTP/1.1 20\r\n" GOOD, "bad HTTP status line", false },
	{ "HTTP/1.1 302 Found\r\nLocation: /x\r\n" GOOD,
	    "HTTP status 302", false },
	{ "HTTP/1.1 401 x\r\n" GOOD, "HTTP status 401", false },
	{ "HTTP/1.1 500 x\r\nAuth-Status: no\r\n", "HTTP status 500",
	    false },
	{ OK, "no Auth-Status", false },
	{ OK "Auth-Server: 1.2.3.4\r\nAuth-Port: 1\r\n",
	    "no Auth-Status", false },
	{ OK, "no Auth-Status", true },
	{ OK "Auth-Port: 1\r\n", "no Auth-Status", true },
	{ OK "Auth-Server: 1.2.3.4\r\n",
	    "Auth-Server and Auth-Port must come together", true },
	{ OK "Auth-Status: OK\r\nAuth-Server: 1.2.3.4\r\n",
	    "Auth-Server and Auth-Port must come together", false },
	{ OK "Auth-Status: OK\r\nAuth-Port: 143\r\n",
	    "Auth-Server and Auth-Port must come together", false },
	{ OK "Auth-Status: \r\n", "no Auth-Status", false },
	{ OK "Auth-Status: WAIT\r\nAuth-Wait: 1\r\n",
	    "the service has trouble of its own", false },
	{ OK "Auth-Status: [UNAVAILABLE] later\r\n",
	    "the service has trouble of its own", false },
	{ OK "Auth-Status: [sys/temp] later\r\n",
	    "the service has trouble of its own", true },
	{ OK "Auth-Status: Temporary server problem\r\n"
	    "Auth-Error-Code: 451 4.3.0\r\n",
	    "the service has trouble of its own", false },
	{ OK "Auth-Status: OK\r\nAuth-Status: no\r\n",
	    "repeated header auth-status", false },
	{ OK "Auth-Status: OK\r\nAuth-Status: OK\r\n",
	    "repeated header auth-status", true },
	{ OK GOOD "Auth-Server: 192.0.2.2\r\n",
	    "repeated header auth-server", false },
	{ OK GOOD "Auth-User: a\tb\r\n",
	    "control character in auth-user", false },
	{ OK GOOD "Auth-Pass: a\rb\r\n",
	    "control character in auth-pass", false },
	{ OK GOOD "X-Passdb-Reason: \x1b[0m\r\n",
	    "control character in x-passdb-reason", false },
	{ OK GOOD "X-Passdb-: x\r\n",
	    "no field can have the name of x-passdb-", false },
	{ OK GOOD "X-Passdb-a.b: x\r\n",
	    "no field can have the name of x-passdb-a.b", false },
	{ OK "Auth-Status: OK\r\n folded\r\n",
	    "a header that goes on in a second line", false },
	{ OK "Auth-Status\r\n", "a line that is no header", false },
	{ OK ": x\r\n", "a line that is no header", false },
};

static void
test_faults(void **state)
{
	(void)state;
	for (size_t i = 0; i < UNIT_LENGTH(fault_cases); i++) {
		if (take(fault_cases[i].head, fault_cases[i].is_compat) !=
		    AUTH_WORKER_FAULT)
			fail_msg("case %zu", i);
		assert_string_equal(fault.text, fault_cases[i].why);
		assert_int_equal(row.row.ncolumns, 0);
	}
}

/* nginx reads them so. */
static void
test_compat(void **state)
{
	static const char no_status[] = "Auth-Server: 192.0.2.1\r\n"
	    "Auth-Port: 143\r\n";
	char head[256];

	(void)state;
	(void)snprintf(head, sizeof(head), "%s%s", OK, no_status);
	assert_int_equal(take(head, true), AUTH_WORKER_ONE);
	assert_string_equal(column("host"), "192.0.2.1");
	(void)snprintf(head, sizeof(head), "HTTP/1.0 500 No\r\n%s", GOOD);
	assert_int_equal(take(head, true), AUTH_WORKER_ONE);
}

static void
test_cut_and_trailers(void **state)
{
	static const char status[] = OK, good[] = "Auth-Status: OK\r\n";

	(void)state;
	http_reply_init(&reply, false);
	assert_int_equal(http_reply_row(&reply, &row, &fault),
	    AUTH_WORKER_FAULT);
	assert_int_equal(http_reply_line(&reply, status,
	    sizeof(status) - 1), 0);
	assert_int_equal(http_reply_line(&reply, good, sizeof(good) - 1), 0);
	assert_int_equal(http_reply_row(&reply, &row, &fault),
	    AUTH_WORKER_FAULT);
	assert_string_equal(fault.text, "the answer is cut off");
	http_reply_init(&reply, false);
	assert_int_equal(http_reply_line(&reply, status,
	    sizeof(status) - 1), 0);
	assert_int_equal(http_reply_line(&reply, "\r\n", 2), 0);
	assert_int_equal(http_reply_body(&reply, 10), 0);
	assert_int_equal(http_reply_line(&reply, good, sizeof(good) - 1), 0);
	assert_int_equal(http_reply_row(&reply, &row, &fault),
	    AUTH_WORKER_FAULT);
	assert_string_equal(fault.text, "no Auth-Status");
}

static void
test_limits(void **state)
{
	static const char status[] = OK;
	char line[512], *end = line;

	(void)state;
	http_reply_init(&reply, false);
	assert_int_equal(http_reply_line(&reply, status,
	    sizeof(status) - 1), 0);
	assert_int_equal(http_reply_line(&reply, "\r\n", 2), 0);
	assert_int_equal(http_reply_body(&reply,
	    HTTP_REPLY_BYTES_MAX - sizeof(status) - 1), 0);
	assert_int_equal(http_reply_body(&reply, 1), -1);
	assert_int_equal(http_reply_row(&reply, &row, &fault),
	    AUTH_WORKER_FAULT);
	assert_string_equal(fault.text,
	    "the answer is longer than 16384 bytes");
	http_reply_init(&reply, false);
	assert_int_equal(http_reply_line(&reply, status,
	    sizeof(status) - 1), 0);
	for (unsigned int i = 0; i <= HTTP_REPLY_HEADERS_MAX; i++) {
		int n = snprintf(line, sizeof(line), "X-Passdb-f%u: x\r\n",
		    i);

		assert_int_equal(http_reply_line(&reply, line, (size_t)n),
		    i == HTTP_REPLY_HEADERS_MAX ? -1 : 0);
	}
	assert_int_equal(http_reply_row(&reply, &row, &fault),
	    AUTH_WORKER_FAULT);
	/* A name that no header of ours has. */
	http_reply_init(&reply, false);
	assert_int_equal(http_reply_line(&reply, status,
	    sizeof(status) - 1), 0);
	memset(line, 'x', 300);
	end += 300;
	(void)strlcpy(end, ": \t\x01\r\n", 32);
	assert_int_equal(http_reply_line(&reply, line, strlen(line)), 0);
	assert_int_equal(reply.nheaders, 0);
}

static void
test_escape(void **state)
{
	char all[256], dst[3 * 255 + 1], *p = dst;

	(void)state;
	for (int i = 1; i < 256; i++)
		all[i - 1] = (char)i;
	all[255] = '\0';
	http_request_escape(dst, all);
	for (int i = 1; i < 256; i++) {
		char want[8];

		(void)snprintf(want, sizeof(want), i <= ' ' || i == '%' ?
		    "%%%02X" : "%c", i);
		assert_memory_equal(p, want, strlen(want));
		p += strlen(want);
	}
	assert_int_equal(*p, '\0');
	http_request_escape(dst, "");
	assert_string_equal(dst, "");
}

static void
test_request(void **state)
{
	static const char *const want[] = {
		"Auth-Method: plain",
		"Auth-User: j\xc3\xb6%25",
		"Auth-Pass: a%0D%0AAuth-Status:%20OK%09%25",
		"Auth-Protocol: pop3",
		"Auth-Login-Attempt: 3",
		"Client-IP: 2001:db8::7",
		"Client-Port: 4711",
		"Server-Addr: 192.0.2.1",
		"Auth-Port: 110",
		"Auth-Session: s%20\x7f",
	};
	struct auth_worker_lookup m = {
		.service = SERVICE_POP3, .attempt = 3,
		.user = "j\xc3\xb6%", .pass = "a\r\nAuth-Status: OK\t%",
		.session = "s \x7f",
		.lip = { NETADDR_V4, 110, { 192, 0, 2, 1 } },
	};
	static const struct http_args args = { .nheaders = 4,
	    .headers = { "A: a", "B: b", "C: c", "D: d" } };
	struct http_request request;

	(void)state;
	assert_int_equal(netaddr_parse(&m.rip, "2001:db8::7", 11), 0);
	m.rip.port = 4711;
	http_request_init(&request, &m);
	assert_int_equal(request.n, UNIT_LENGTH(want));
	for (size_t i = 0; i < UNIT_LENGTH(want); i++)
		assert_string_equal(request.lines[i], want[i]);
	http_request_clear(&request);
	assert_int_equal(request.n, 0);
	/* With all that a configuration may add. */
	http_request_init(&request, &m);
	http_request_add_lines(&request, &args);
	assert_int_equal(request.n, UNIT_LENGTH(want) + 4);
	assert_string_equal(request.lines[request.n - 1], "D: d");
	http_request_clear(&request);
	/* The longest password, each byte escaped. */
	memset(m.pass, ' ', LOGIN_AUTH_PASS_MAX);
	m.user[0] = '\0';
	http_request_init(&request, &m);
	assert_string_equal(request.lines[1], "Auth-User;");
	assert_int_equal(strlen(request.lines[2]),
	    strlen("Auth-Pass: ") + 3 * LOGIN_AUTH_PASS_MAX);
	http_request_clear(&request);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_compat),
		cmocka_unit_test(test_cut_and_trailers),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_escape),
		cmocka_unit_test(test_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
