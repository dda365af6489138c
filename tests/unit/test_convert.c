/* convert: what becomes of nginx.conf and perdition.conf. */
#include "unit.h"

#include "config/arena.h"
#include "config/settings.h"
#include "ctl/convert_nginx.h"
#include "ctl/convert_out.h"
#include "ctl/convert_perdition.h"
#include "ctl/nginx_conf.h"
#include "ctl/perdition_conf.h"

static struct arena *arena;
static struct settings_faults faults;
static struct convert c;

static int
setup(void **state)
{
	(void)state;
	arena = arena_new(4096);
	memset(&faults, 0, sizeof(faults));
	convert_init(&c, arena, &faults);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	convert_clear(&c);
	settings_faults_clear(&faults);
	arena_free(arena);
	return 0;
}

static void
again(void)
{
	(void)teardown(NULL);
	(void)setup(NULL);
}

static int
nginx(const char *text)
{
	const struct nginx_node *top;

	again();
	top = nginx_conf_parse("/etc/nginx/nginx.conf", text, strlen(text),
	    arena, &faults);
	if (faults.n > 0)
		return -1;
	convert_nginx(&c, top, "/etc/nginx/nginx.conf");
	return convert_finish(&c, "title");
}

static int
perdition_with(const char *name, const char *text, const char *map)
{
	const struct perdition_line *lines;

	again();
	lines = perdition_conf_parse(name, text, strlen(text), arena,
	    &faults);
	if (faults.n > 0)
		return -1;
	convert_perdition(&c, lines, name, map);
	return convert_finish(&c, "title");
}

static int
perdition(const char *text)
{
	return perdition_with("/etc/perdition/perdition.conf", text, NULL);
}

/* Does a result have this line, whatever stands before it? */
static bool
has_line(const struct buf *b, const char *want)
{
	const char *at = (const char *)buf_head(b);
	const char *end = at + buf_used(b), *eol;
	size_t len = strlen(want);

	for (; at < end; at = eol + 1) {
		eol = memchr(at, '\n', (size_t)(end - at));
		assert_non_null(eol);
		while (*at == ' ' || *at == '#')
			at++;
		if ((size_t)(eol - at) == len && memcmp(at, want, len) == 0)
			return true;
	}
	return false;
}

static void
assert_line(const struct buf *b, const char *want)
{
	if (!has_line(b, want))
		fail_msg("no line %s in\n%.*s", want, (int)buf_used(b),
		    (const char *)buf_head(b));
}

static void
assert_no_faults(int rc)
{
	if (rc == -1)
		fail_msg("%s", faults.n == 0 ? "?" : faults.text[0]);
}

static void
assert_fault(int rc, const char *reason)
{
	assert_int_equal(rc, -1);
	assert_true(faults.n > 0);
	if (strstr(faults.text[0], reason) == NULL)
		fail_msg("%s, not %s", faults.text[0], reason);
}

#define AUTH	"auth_http a.example:9000/auth; "

static void
test_nginx_listeners(void **state)
{
	static const struct {
		const char	*servers, *lines[3];
	} cases[] = {
		{ "server { listen 143; }",
		    { "listen = *:143", "protocols = imap", "ssl = no" } },
		{ "server { listen 127.0.0.1:1143; protocol imap; } "
		    "server { listen [::1]:1143; protocol imap; }",
		    { "listen = 127.0.0.1:1143, [::1]:1143" } },
		{ "server { listen [::]:110 ipv6only=off so_keepalive=on; }",
		    { "listen = [::]:110, *:110", "protocols = pop3" } },
		{ "server { listen localhost:110; listen *:995 ssl; "
		    "ssl_certificate /c; ssl_certificate_key k; }",
		    { "listen = 127.0.0.1:110", "ssl_listen = *:995",
		    "ssl_key_file = /etc/nginx/k" } },
		/* One socket in nginx, and no two in the kernel. */
		{ "server { listen 127.0.0.1:143; listen [::1]:143; } "
		    "server { listen 143; listen [::]:143; }"
		    "server { listen 127.0.0.1:1143; protocol imap; }",
		    { "listen = *:143, [::]:143, 127.0.0.1:1143",
		    "/etc/nginx/nginx.conf: listen 127.0.0.1:143: is one of "
		    "*:143, and was left out",
		    "/etc/nginx/nginx.conf: listen [::1]:143: is one of "
		    "[::]:143, and was left out" } },
		{ "ssl_certificate /c; ssl_certificate_key /k; "
		    "server { listen 993; ssl on; } "
		    "server { listen 587; }",
		    { "protocols = imaps", "ssl_listen = *:993",
		    "/etc/nginx/nginx.conf:1: server: mailwicket does not "
		    "speak SMTP: leave it to nginx" } },
	};
	char text[512];

	(void)state;
	for (size_t i = 0; i < UNIT_LENGTH(cases); i++) {
		(void)snprintf(text, sizeof(text), "mail { " AUTH "%s }",
		    cases[i].servers);
		assert_no_faults(nginx(text));
		for (size_t k = 0; k < 3 && cases[i].lines[k] != NULL; k++)
			assert_line(&c.conf, cases[i].lines[k]);
	}
}

static void
test_nginx_values(void **state)
{
	(void)state;
	assert_no_faults(nginx("worker_processes 4;\nmail {\n" AUTH
	    "timeout 1m30s;\nmax_errors 7;\n"
	    "imap_capabilities IMAP4rev1 \"UIDPLUS\" STARTTLS AUTH=PLAIN;\n"
	    "pop3_capabilities TOP \"EXPIRE 31 USERS\" UIDL USER;\n"
	    "imap_auth plain login cram-md5;\n"
	    "ssl_certificate a.pem; ssl_certificate_key a.key;\n"
	    "ssl_certificate b.pem; ssl_certificate_key b.key;\n"
	    "ssl_protocols TLSv1.3; ssl_ciphers HIGH:!aNULL;\n"
	    "ssl_prefer_server_ciphers on; ssl_ecdh_curve auto;\n"
	    "ssl_client_certificate ca.pem; ssl_verify_client optional;\n"
	    "server { listen 143; starttls on; }\n"
	    "server { listen 110; starttls only; } }\n"));
	assert_line(&c.conf, "login_process_per_connection = no");
	assert_line(&c.conf, "login_processes_count = 4");
	assert_line(&c.conf, "login_timeout = 90 secs");
	assert_line(&c.conf, "login_proxy_timeout = 90 secs");
	assert_line(&c.conf, "login_bad_commands = 7");
	assert_line(&c.conf, "imap_capability = IMAP4rev1 UIDPLUS");
	assert_line(&c.conf, "pop3_capability = TOP UIDL");
	assert_line(&c.conf, "mechanisms = plain login");
	assert_line(&c.conf, "ssl_cert_file = /etc/nginx/a.pem");
	assert_line(&c.conf, "ssl_alt_key_file = /etc/nginx/b.key");
	assert_line(&c.conf, "ssl_min_protocol = TLSv1.3");
	assert_line(&c.conf, "ssl_cipher_list = HIGH:!aNULL");
	assert_line(&c.conf, "ssl_prefer_server_ciphers = yes");
	assert_line(&c.conf, "ssl_ca_file = /etc/nginx/ca.pem");
	assert_line(&c.conf, "ssl_verify_client_cert = yes");
	assert_line(&c.conf, "disable_plaintext_auth = no");
	assert_line(&c.conf, "disable_plaintext_auth = yes");
	assert_line(&c.conf, "args = http://a.example:9000/auth");
	assert_line(&c.conf, "/etc/nginx/nginx.conf:6: pop3_capabilities: "
	    "\"EXPIRE 31 USERS\" was left out: it holds a blank");
	assert_line(&c.conf, "/etc/nginx/nginx.conf:7: imap_auth cram-md5: "
	    "not taken over, see auth_mechanisms");
}

/* The stricter one of two servers counts. */
static void
test_nginx_plaintext(void **state)
{
	(void)state;
	assert_no_faults(nginx("mail {\n" AUTH "ssl_certificate /c; "
	    "ssl_certificate_key /k;\nserver { listen 143; starttls only; }\n"
	    "server { listen 10143; protocol imap; }\n"
	    "server { listen 110; } }"));
	assert_line(&c.conf, "disable_plaintext_auth = yes");
	assert_line(&c.conf, "disable_plaintext_auth = no");
	assert_line(&c.conf, "/etc/nginx/nginx.conf:4: server: passwords in "
	    "clear are refused here, too, since another server of this "
	    "protocol has \"starttls only\"; whom login_trusted_networks "
	    "names may send them");
}

static void
test_nginx_auth(void **state)
{
	static const struct {
		const char	*mail, *args;
	} cases[] = {
		{ "auth_http http://a/;", "args = http://a/" },
		{ "auth_http unix:/run/a:/b; auth_http_timeout 1m;",
		    "args = unix:/run/a:/b timeout=60000ms" },
		{ "auth_http 127.0.0.1; auth_http_header X-Key \"a b%c\"; "
		    "auth_http_header Auth-Port 143;",
		    "args = http://127.0.0.1 header=X-Key:a%20b%25c" },
	};
	char text[512];

	(void)state;
	for (size_t i = 0; i < UNIT_LENGTH(cases); i++) {
		(void)snprintf(text, sizeof(text),
		    "mail { %s server { listen 143; } }", cases[i].mail);
		assert_no_faults(nginx(text));
		assert_line(&c.conf, cases[i].args);
	}
	assert_no_faults(nginx("mail {\n" AUTH "server { listen 143; }\n"
	    "server { listen 110; auth_http b; } }"));
	assert_line(&c.conf, "/etc/nginx/nginx.conf:3: server: its auth_http, "
	    "or what belongs to it, is not that of the first server, which "
	    "counts");
}

static void
test_nginx_proxy_protocol(void **state)
{
	(void)state;
	/* A directive of old, without effect, is none of these. */
	assert_no_faults(nginx("mail { " AUTH "proxy on; "
	    "server { listen 143; proxy off; } }"));
	assert_false(has_line(&c.conf, "passdb static {"));
	assert_no_faults(nginx("mail { " AUTH "proxy_protocol on; "
	    "server { listen 143; } }"));
	assert_line(&c.conf, "pass = yes");
	assert_line(&c.conf, "passdb static {");
	assert_line(&c.conf, "args = haproxy=v1");
	assert_no_faults(nginx("mail {\n" AUTH "server { listen 143; }\n"
	    "server { listen 110; proxy_protocol v2; } }"));
	assert_false(has_line(&c.conf, "pass = yes"));
	assert_line(&c.conf, "/etc/nginx/nginx.conf:3: proxy_protocol: not "
	    "that of the first server, which counts");
	assert_fault(nginx("mail { " AUTH "server { "
	    "listen 143 proxy_protocol; } }"), "set_real_ip_from must name");
	assert_no_faults(nginx("mail { " AUTH "set_real_ip_from 192.0.2.0/24; "
	    "server { set_real_ip_from 192.0.2.1; set_real_ip_from ::1; "
	    "listen 143 proxy_protocol; } server { listen 110; } }"));
	assert_line(&c.conf, "haproxy_trusted_networks = 192.0.2.1, ::1");
	assert_line(&c.conf, "haproxy_listen = *:143");
	assert_line(&c.conf, "listen = ");
	assert_line(&c.conf, "listen = *:110");
	/* One that begins as another does, and one that is there twice. */
	assert_no_faults(nginx("mail { " AUTH "set_real_ip_from 192.0.2.12; "
	    "set_real_ip_from 192.0.2.1; set_real_ip_from 192.0.2.12; "
	    "server { listen 143 proxy_protocol; } }"));
	assert_line(&c.conf, "haproxy_trusted_networks = "
	    "192.0.2.12, 192.0.2.1");
}

static void
test_nginx_faults(void **state)
{
	static const struct {
		const char	*text, *reason;
	} cases[] = {
		{ "events { }", "nginx.conf: no \"mail\" block" },
		{ "mail { " AUTH "}", ":1: no server for IMAP or POP3" },
		{ "mail { server { listen 143; } }",
		    ":1: a server without auth_http" },
		{ "mail { " AUTH "server { protocol imap; } }",
		    ":1: a server without \"listen\"" },
		{ "mail { " AUTH "server { listen 1143; } }",
		    ":1: a server without a protocol" },
		{ "mail { " AUTH "server { listen 1; protocol nntp; } }",
		    "protocol nntp: unknown" },
		{ "mail {\n foo 1; }", ":2: foo: unknown directive" },
		{ "mail { listen 1; }", "listen: does not belong here" },
		{ "mail { timeout; }", "timeout: wrong number of arguments" },
		{ "mail { timeout { } }", "timeout is no block" },
		{ "mail { server 1; }", "server: expected a block" },
		{ "mail { " AUTH "timeout 1y; server { listen 143; } }",
		    "timeout 1y: expected a time" },
		{ "mail { " AUTH "server { listen unix:/x; "
		    "protocol imap; } }", "listens on addresses only" },
		{ "mail { " AUTH "server { listen mail.example:143; "
		    "protocol imap; } }", "put an address in place" },
		{ "mail { " AUTH "server { listen 127.0.0.1; "
		    "protocol imap; } }", "expected address:port or port" },
		{ "mail { " AUTH "server { listen 143 udp; } }",
		    "listen: unknown word udp" },
		{ "mail { " AUTH "server { listen 993 ssl; } }",
		    "a server with TLS needs ssl_certificate" },
		{ "mail { auth_http https://a/; server { listen 143; } }",
		    "auth_http: " },
		{ "mail { auth_http \"a timeout=1\"; "
		    "server { listen 143; } }", "a URL has no blanks" },
		{ "mail { " AUTH "auth_http_header X \"a\tb\"; "
		    "server { listen 143; } }", "no control characters" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LENGTH(cases); i++)
		assert_fault(nginx(cases[i].text), cases[i].reason);
}

/* Nothing in a file becomes a line of its own in the result. */
static void
test_nothing_breaks_out(void **state)
{
	(void)state;
	assert_no_faults(nginx("mail { " AUTH "imap_auth \"a\nssl = no\"; "
	    "imap_capabilities \"A\nB\" '# C \" \\'';"
	    "ssl_certificate \"/a\nb\"; ssl_certificate_key '/ k#\"';"
	    "error_log \"x\ny\"; server { listen 143; } }"));
	assert_false(has_line(&c.conf, "B"));
	assert_no_faults(perdition("P IMAP4\nmap_library \"\"\n"
	    "outgoing_server a\nimap_capability \"A # B\\\" 'c\"\n"));
	assert_line(&c.conf, "imap_capability = \"A # B\\\" 'c\"");
}

static void
test_perdition(void **state)
{
	(void)state;
	assert_no_faults(perdition("P POP3\nb 127.0.0.1,127.0.0.2:pop3\n"
	    "l 1110\nM \"\"\ns a.example:110,b.example:pop3\n"
	    "connection_limit 64\nauthenticate_timeout 5\nlog_facility "
	    "local3\npop_capability UIDL.USER\nS remote_login\n"
	    "ssl_mode tls_listen_force,ssl_outgoing\nssl_no_cert_verify\n"
	    "ssl_cert_file /c\nssl_key_file /k\nssl_ca_file /ca\n"
	    "e example.org\nA all\n"));
	assert_line(&c.conf, "protocols = pop3");
	assert_line(&c.conf, "listen = 127.0.0.1:1110, 127.0.0.2:110");
	assert_line(&c.conf, "disable_plaintext_auth = yes");
	assert_line(&c.conf, "login_max_sessions = 64");
	assert_line(&c.conf, "login_timeout = 5 secs");
	assert_line(&c.conf, "syslog_facility = local3");
	assert_line(&c.conf, "pop3_capability = UIDL");
	assert_line(&c.conf, "ssl_client_ca_file = /ca");
	assert_line(&c.conf, "default_realm = example.org");
	assert_line(&c.conf, "args = proxy=y nopassword=y "
	    "host=a.example,b.example port=110 destuser=%n ssl=any-cert");
	assert_no_faults(perdition_with("perdition.imap4s.conf",
	    "M \"\"\ns a\nssl_cert_file /c\nssl_key_file /k\n", NULL));
	assert_line(&c.conf, "protocols = imaps");
	assert_line(&c.conf, "ssl_listen = *:993");
	assert_line(&c.conf, "args = proxy=y nopassword=y host=a ssl=yes");
	assert_no_faults(perdition("M \"\"\ns a\nssl_cert_file /c\n"
	    "ssl_key_file /k\n"));
	assert_line(&c.conf, "protocols = imap imaps pop3 pop3s");
}

static void
test_perdition_tables(void **state)
{
	(void)state;
	assert_no_faults(perdition("P IMAP4\nM libperditiondb_mysql.so.0\n"
	    "m \"h1,h2:3307:db:tbl:u:p'w\"\nU\n"
	    "query_key \\\\u,x%\\\\D\\\\d\n"));
	assert_line(&c.conf, "args = /etc/mailwicket/sql.conf");
	assert_line(&c.sql, "driver = mysql");
	assert_line(&c.sql, "connect = host='h1' host='h2' port='3307' "
	    "dbname='db' user='u' password='p\\'w'");
	assert_non_null(strstr((const char *)buf_head(&c.sql),
	    "WHERE user = '%n' OR user = 'x%%@%d' ORDER BY CASE WHEN "));
	assert_int_equal(buf_used(&c.data), 0);
	assert_no_faults(perdition("P IMAP4\nM libperditiondb_postgresql\n"
	    "lower_case all\np imaps\nssl_mode ssl_outgoing\n"));
	assert_line(&c.sql, "driver = pgsql");
	assert_non_null(strstr((const char *)buf_head(&c.sql), "'yes' AS ssl"));
	assert_non_null(strstr((const char *)buf_head(&c.sql),
	    "'993') AS port, '%Lu' AS destuser FROM tblPerdition "
	    "WHERE \"user\" = '%Lu' LIMIT 1"));
	assert_line(&c.sql, "connect = host='localhost' dbname='dbPerdition' "
	    "user='perdition' password='perdition'");
	assert_no_faults(perdition("P IMAP4\nM postgresql\n"
	    "m \"127.0.0.1,db:5432:d:t:u:p:s:n:o\"\n"));
	assert_line(&c.sql, "connect = host='127.0.0.1' host='db' "
	    "port='5432' dbname='d' user='u' password='p' "
	    "channel_binding=require");
	assert_fault(perdition("P IMAP4\nM mysql\nm \"h:1:d:t;x\"\n"),
	    ":2: map_library_opt: a table or a column");
	assert_fault(perdition("P IMAP4\nM ldap\n"),
	    ":2: map_library: there is no passdb for this map");
}

static void
test_perdition_files(void **state)
{
	char path[] = "/tmp/mw-popmap.XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd != -1);
	assert_true(dprintf(fd, "joe:h1\no'x:jane@h2:imap\n") > 0);
	assert_no_faults(perdition_with("f", "P IMAP4\nU\n", path));
	assert_line(&c.sql, "driver = sqlite");
	assert_line(&c.data, "INSERT OR IGNORE INTO popmap (name, strip, "
	    "destuser, host, port) VALUES ('joe', 0, NULL, 'h1', NULL);");
	assert_line(&c.data, "INSERT OR IGNORE INTO popmap (name, strip, "
	    "destuser, host, port) VALUES ('o''x', 0, 'jane', 'h2', 143);");
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_true(dprintf(fd, "^[a-k]: h1\n(.*)@x\\\\.y$ $1@h2\n") > 0);
	assert_no_faults(perdition_with("f", "P IMAP4\nU\nM posix_regex\n",
	    path));
	assert_line(&c.data, "INSERT OR IGNORE INTO popmap (name, strip, "
	    "destuser, host, port) VALUES ('[a-k]*', 0, NULL, 'h1', NULL);");
	assert_line(&c.data, "INSERT OR IGNORE INTO popmap (name, strip, "
	    "destuser, host, port) VALUES ('**@x.y', 1, NULL, 'h2', NULL);");
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_true(dprintf(fd, "^a$: h1\n^b|c$: h2\n") > 0);
	assert_fault(perdition_with("f", "P IMAP4\nM posix_regex\n", path),
	    ":2: ^b|c$: this expression cannot be taken over");
	assert_fault(perdition_with("f", "P IMAP4\n", "/nowhere"),
	    "/nowhere: No such file");
	(void)close(fd);
	assert_int_equal(unlink(path), 0);
}

static void
test_perdition_faults(void **state)
{
	static const struct {
		const char	*text, *reason;
	} cases[] = {
		{ "nonsense 1", ":1: unknown option nonsense" },
		{ "P MANAGESIEVE", "mailwicket speaks IMAP and POP3" },
		{ "P IMAP4\nM \"\"", "neither a popmap nor an outgoing_" },
		{ "P IMAP4\nlogin_disabled", ":2: login_disabled: nobody" },
		{ "M \"\"\ns a\nl 143", ":3: listen_port 143: of which" },
		{ "P IMAP4\nM \"\"\ns a\nl xyz", "listen_port xyz: unknown" },
		{ "P IMAP4\nM \"\"\ns a\nb ::1", "expected an IPv4 address" },
		{ "P IMAP4\nM \"\"\ns a:143,b:993", "must have one port" },
		{ "P IMAP4\nM \"\"\ns a\nD ab", "one character at most" },
		{ "P IMAP4\nM mysql\nquery_key \\\\x", "unknown escape" },
		{ "P IMAP4\nM mysql\np nowhere", "outgoing_port nowhere" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LENGTH(cases); i++)
		assert_fault(perdition(cases[i].text), cases[i].reason);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nginx_listeners),
		cmocka_unit_test(test_nginx_values),
		cmocka_unit_test(test_nginx_plaintext),
		cmocka_unit_test(test_nginx_auth),
		cmocka_unit_test(test_nginx_proxy_protocol),
		cmocka_unit_test(test_nginx_faults),
		cmocka_unit_test(test_nothing_breaks_out),
		cmocka_unit_test(test_perdition),
		cmocka_unit_test(test_perdition_tables),
		cmocka_unit_test(test_perdition_files),
		cmocka_unit_test(test_perdition_faults),
	};
	int rc;

	(void)setup(NULL);
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	(void)teardown(NULL);
	return rc;
}
