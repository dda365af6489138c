/* settings: the table, values, rules, notices, printing. */
#include "unit.h"

#include <bsd/string.h>

#include "config/settings.h"
#include "config/settings_print.h"
#include "config/settings_read.h"
#include "config/settings_table.h"
#include "ipc/roles.h"

_Static_assert(SETTING_ROLE_IMAP == 1u << ROLE_ID_IMAP_LOGIN &&
    SETTING_ROLE_POP3 == 1u << ROLE_ID_POP3_LOGIN &&
    SETTING_ROLE_AUTH == 1u << ROLE_ID_AUTH &&
    SETTING_ROLE_WORKER == 1u << ROLE_ID_AUTH_WORKER,
    "the table's roles are those of ipc/roles.h");

#define PASSDB	"auth default {\npassdb static {\nargs = host=::1\n}\n}\n"

static struct settings_faults faults;

static int
teardown(void **state)
{
	(void)state;
	settings_faults_clear(&faults);
	return 0;
}

/* Reads lines with a passdb behind them. */
static struct settings *
read_lines(const char *lines)
{
	char text[8192];

	settings_faults_clear(&faults);
	snprintf(text, sizeof(text), "%s\n%s", lines, PASSDB);
	return settings_read_text("f", text, strlen(text), &faults);
}

static struct settings *
good(const char *lines)
{
	struct settings *s = read_lines(lines);

	if (s == NULL)
		fail_msg("%s: %s", lines, faults.text[0]);
	return s;
}

/* The lines are refused with this fault, and with nothing else. */
static void
bad(const char *lines, const char *fault)
{
	struct settings *s = read_lines(lines);

	if (s != NULL)
		fail_msg("accepted: %s", lines);
	if (strstr(faults.text[0], fault) == NULL || faults.n != 1)
		fail_msg("%s: %zu faults, the first is \"%s\", expected "
		    "\"%s\"", lines, faults.n, faults.text[0], fault);
}

static void
noticed(const char *lines, const char *notice)
{
	bool is_told = false;

	settings_free(good(lines));
	for (size_t i = 0; i < faults.nnotices; i++)
		is_told |= strstr(faults.notices[i], notice) != NULL;
	if (!is_told)
		fail_msg("%s: no notice \"%s\"", lines, notice);
}

static void
test_table(void **state)
{
	const struct setting *row = settings_table;

	(void)state;
	assert_true(settings_table_rows > 60);
	for (size_t i = 0; i < settings_table_rows; i++, row++) {
		assert_non_null(row->name);
		assert_non_null(row->value);
		assert_true(strlen(row->doc) > 3);
		assert_ptr_equal(settings_table_find(row->name, row->scope),
		    row);
		assert_false(settings_table_is_unused(row->name));
		assert_true(row->min <= row->max);
		assert_true((row->type == SETTING_U32 ||
		    row->type == SETTING_MS || row->type == SETTING_SIZE) ==
		    (row->max > 0));
		assert_true(row->type != SETTING_WORD || row->words != NULL);
		if (row->type == SETTING_U32 || row->type == SETTING_MS)
			assert_true(row->max <= UINT32_MAX);
		/* A password is for the one that uses it. */
		if (row->type == SETTING_SECRET)
			assert_true((row->roles & ~SETTING_ROLE_WORKER) == 0);
		for (size_t k = 0; k < i; k++)
			assert_false(strcmp(settings_table[k].name,
			    row->name) == 0 &&
			    settings_table[k].scope == row->scope);
	}
	assert_null(settings_table_find("mail_plugins", SETTING_GLOBAL));
	assert_ptr_equal(settings_table_find("login_max_logging_users",
	    SETTING_SERVICE), settings_table_find("login_max_connections",
	    SETTING_SERVICE));
}

static void
test_defaults(void **state)
{
	struct settings *s = good("");
	const struct settings_service *imap = &s->services[SERVICE_IMAP];
	const struct settings_service *pop3 = &s->services[SERVICE_POP3];

	(void)state;
	assert_true(imap->is_enabled && imap->has_plain);
	assert_false(imap->has_ssl || s->has_tls);
	assert_false(pop3->is_enabled);
	assert_int_equal(imap->listen.n, 1);
	assert_int_equal(imap->listen.items[0].family, NETADDR_V4);
	assert_int_equal(imap->listen.items[0].port, 143);
	assert_int_equal(imap->ssl_listen.n, 0);
	assert_int_equal(pop3->listen.n, 0);
	assert_true(imap->login_process_per_connection);
	assert_true(imap->disable_plaintext_auth);
	assert_int_equal(imap->login_processes_count, 3);
	assert_int_equal(imap->login_max_processes_count, 0);
	assert_int_equal(imap->login_max_connections, 256);
	assert_true(imap->login_process_size_bytes == 64u << 20);
	assert_int_equal(s->login_max_sessions, 10000);
	assert_int_equal(s->login_timeout_ms, 60000);
	assert_int_equal(s->login_proxy_timeout_ms, 30000);
	assert_int_equal(s->login_bad_commands_max, 3);
	assert_int_equal(s->auth_failure_delay_ms, 2000);
	assert_int_equal(s->auth_request_timeout_ms, 150000);
	assert_int_equal(s->auth_worker_timeout_ms, 30000);
	assert_int_equal(s->auth_worker_max_count, 30);
	assert_int_equal(s->auth_cache_ttl_ms, 3600000);
	assert_true(s->auth_process_size_bytes == 256u << 20);
	assert_false(s->shutdown_clients);
	assert_true(s->login_chroot);
	assert_int_equal(s->auth_mechanisms.n, 1);
	assert_string_equal(s->auth_mechanisms.items[0], "plain");
	assert_string_equal(s->login_user, "mwlogin");
	assert_string_equal(s->syslog_facility, "mail");
	assert_non_null(strstr(s->login_dir, "/mailwicket/login"));
	assert_non_null(strstr(imap->login_executable, "/imap-login"));
	assert_non_null(strstr(pop3->login_executable, "/pop3-login"));
	assert_int_equal(s->passdbs[0].driver, PASSDB_STATIC);
	assert_string_equal(s->passdbs[0].sql_default_pass_scheme, "MD5");
	settings_free(s);
}

static void
test_units(void **state)
{
	static const struct {
		const char	*text;
		uint64_t	 bytes;
	} sizes[] = {
		{ "0", 0 }, { "4096", 4096u * 1024 }, { "4M", 4u << 20 },
		{ "4 MB", 4u << 20 }, { "4m", 4u << 20 }, { "10b", 10 },
		{ "10k", 10240 }, { "1G", 1u << 30 },
		{ "64G", UINT64_C(64) << 30 },
	};
	static const struct {
		const char	*text;
		uint32_t	 ms;
	} times[] = {
		{ "0", 0 }, { "7200", 7200000 }, { "30s", 30000 },
		{ "2 hours", 7200000 }, { "1hour", 3600000 },
		{ "3 days", 259200000 }, { "5 mins", 300000 },
		{ "5m", 300000 }, { "1 week", 604800000 }, { "250ms", 250 },
		{ "1 MIN", 60000 }, { "40 days", UINT32_C(3456000000) },
	};
	char line[64];

	(void)state;
	for (size_t i = 0; i < UNIT_LENGTH(sizes); i++) {
		struct settings *s;

		snprintf(line, sizeof(line), "auth_cache_size = %s",
		    sizes[i].text);
		s = good(line);
		assert_true(s->auth_cache_size_bytes == sizes[i].bytes);
		settings_free(s);
	}
	for (size_t i = 0; i < UNIT_LENGTH(times); i++) {
		struct settings *s;

		snprintf(line, sizeof(line), "auth_cache_ttl = %s",
		    times[i].text);
		s = good(line);
		assert_int_equal(s->auth_cache_ttl_ms, times[i].ms);
		settings_free(s);
	}
	bad("auth_cache_size = -1", "expected a size");
	bad("auth_cache_size = 1X", "expected a size");
	bad("auth_cache_size =", "expected a size");
	bad("auth_cache_size = M", "expected a size");
	bad("auth_cache_size = 18014398509481985", "expected a size");
	bad("auth_cache_size = 65G", "expected 0 to 68719476736 bytes");
	bad("auth_cache_ttl = 1.5", "expected a time");
	bad("auth_cache_ttl = 1 fortnight", "expected a time");
	bad("auth_cache_ttl = 41 days", "milliseconds");
	bad("login_timeout = 0", "expected 1000 to");
}

/* Bare numbers count what they counted in Dovecot 1.x. */
static void
test_bare_numbers(void **state)
{
	struct settings *s = good("login_process_size = 32\n"
	    "auth_process_size = 128\nssl_parameters_regenerate = 24\n"
	    "mail_process_size = 512");

	(void)state;
	assert_true(s->services[0].login_process_size_bytes == 32u << 20);
	assert_true(s->auth_process_size_bytes == 128u << 20);
	assert_int_equal(s->ssl_parameters_regenerate_ms, 86400000);
	assert_true(s->mail.mail_process_size_bytes == 512u << 20);
	settings_free(s);
}

/* As in Dovecot's booleans; also where there is a third word. */
static void
test_yes_and_no(void **state)
{
	static const struct {
		const char	*spelling, *want;
	} rows[] = {
		{ "yes", "yes" }, { "Y", "yes" }, { "True", "yes" },
		{ "1", "yes" }, { "no", "no" }, { "n", "no" },
		{ "FALSE", "no" }, { "0", "no" }, { "any-cert", "any-cert" },
	};
	char lines[128];

	(void)state;
	for (size_t i = 0; i < UNIT_LENGTH(rows); i++) {
		struct settings *s;

		(void)snprintf(lines, sizeof(lines),
		    "ssl_verify_client_cert = %s\nssl_client_ca_file = /c\n"
		    "ssl_cert_file = /c\nssl_key_file = /k\n"
		    "ssl_ca_file = /c", rows[i].spelling);
		s = good(lines);
		assert_string_equal(s->ssl_verify_client_cert, rows[i].want);
		settings_free(s);
	}
	bad("ssl_verify_client_cert = perhaps", "expected one of: yes no ");
	bad("syslog_facility = 1", "expected one of: auth ");
}

static void
test_values(void **state)
{
	struct settings *s;

	(void)state;
	bad("login_processes_count = x", "f:1: login_processes_count: "
	    "expected a number of 1 to 1000");
	bad("login_processes_count = 0", "expected a number");
	bad("login_processes_count = 1001", "expected a number");
	bad("login_processes_count = +3", "expected a number");
	bad("disable_plaintext_auth = maybe", "expected yes or no");
	bad("disable_plaintext_auth =", "expected yes or no");
	bad("syslog_facility = email", "expected one of: auth ");
	bad("base_dir = run", "expected an absolute path");
	bad("protocols = imap smtp", "smtp: expected some of: imap ");
	bad("login_trusted_networks = 10.0.0.0/33", "expected a network");
	bad("login_trusted_networks = host", "expected a network");
	s = good("syslog_facility = LOCAL3\nbase_dir = /x//\n"
	    "protocols = POP3,imap\nverbose_proctitle = Y\n"
	    "login_trusted_networks = 10.0.0.0/8, ::1\nlog_path = /\n"
	    "login_max_logging_users = 7\nlogin_greeting = \" Hi \"");
	assert_string_equal(s->syslog_facility, "local3");
	assert_string_equal(s->base_dir, "/x");
	assert_string_equal(s->login_dir, "/x/login");
	assert_string_equal(s->log_path, "/");
	assert_string_equal(s->protocols.items[0], "pop3");
	assert_true(s->verbose_proctitle);
	assert_int_equal(s->login_trusted_networks.n, 2);
	assert_int_equal(s->login_trusted_networks.items[0].bits, 8);
	assert_int_equal(s->login_trusted_networks.items[1].bits, 128);
	assert_int_equal(s->services[0].login_max_connections, 7);
	assert_string_equal(s->services[1].login_greeting, " Hi ");
	settings_free(s);
}

static void
test_listen(void **state)
{
	static const char *const wrong[] = {
		"localhost", "1.2.3", "1.2.3.4:", "1.2.3.4:65536", "[::1",
		"[::1]143", "[::1]:x", "[*]", "**", "*:-1", "*:143:1",
		"[]:143", ":143", "1.2.3.4:1 43",
	};
	const struct settings_addrs *l;
	struct settings *s;
	char line[64];

	(void)state;
	s = good("protocols = imap\nlisten = *, [::2], 192.0.2.1:1143 "
	    "[2001:db8::1]:0,::1");
	l = &s->services[SERVICE_IMAP].listen;
	assert_int_equal(l->n, 5);
	assert_int_equal(l->items[0].port, 143);
	assert_int_equal(l->items[1].family, NETADDR_V6);
	assert_int_equal(l->items[1].port, 143);
	assert_int_equal(l->items[3].port, 0);
	assert_int_equal(l->items[4].port, 143);
	settings_free(s);
	s = good("protocols = pop3 imap\nlisten = *");
	assert_int_equal(s->services[SERVICE_POP3].listen.items[0].port, 110);
	settings_free(s);
	for (size_t i = 0; i < UNIT_LENGTH(wrong); i++) {
		snprintf(line, sizeof(line), "listen = %s", wrong[i]);
		settings_free(read_lines(line));
		if (faults.n == 0)
			fail_msg("accepted: %s", line);
	}

	/* Sections win, wherever they stand. */
	s = good("protocol imap {\nlisten = *:10143\nssl_listen = *:10993\n}\n"
	    "listen = *:10110\nprotocols = imap imaps pop3 pop3s\n"
	    "ssl_listen = [::1]:10995\nssl_cert_file = /c\n"
	    "ssl_key_file = /k");
	assert_int_equal(s->services[0].listen.items[0].port, 10143);
	assert_int_equal(s->services[0].ssl_listen.items[0].port, 10993);
	assert_int_equal(s->services[1].listen.items[0].port, 10110);
	assert_int_equal(s->services[1].ssl_listen.items[0].port, 10995);
	settings_free(s);

	bad("listen = ", "f:1: listen: no address for imap");
	settings_free(read_lines("listen = *:1000\nprotocols = imap pop3"));
	assert_non_null(strstr(faults.text[0],
	    "f:1: listen: 0.0.0.0:1000 is listened on twice"));
	/* The kernel refuses the second of them. */
	bad("protocols = imap\nlisten = 127.0.0.1:1000, *:1000",
	    "listen: 127.0.0.1:1000 is one of 0.0.0.0:1000, which is listened "
	    "on, too");
	bad("protocols = imap\nlisten = [::]:1000, [::1]:1000",
	    "listen: [::1]:1000 is one of [::]:1000");
	settings_free(good("protocols = imap\nlisten = *:1000, [::1]:1000, "
	    "127.0.0.1:1001"));
	settings_free(good("listen = *:0\nprotocols = imap pop3"));
	bad("protocols = imaps pop3s", "nothing is left to listen for");
	bad("protocols = none", "nothing is left to listen for");
}

/* What may have been meant by a name. */
static void
test_hints(void **state)
{
	(void)state;
	bad("disable_plaintext_auht = no", "unknown setting "
	    "disable_plaintext_auht; is disable_plaintext_auth meant?");
	bad("login_proces_count = 3", "is login_processes_count meant?");
	bad("listem = *", "is listen meant?");
	bad("auth default {\nmechanism = plain\n}", "unknown setting "
	    "mechanism; is auth_mechanisms meant?");
	bad("ssl_protocols = !SSLv3", "unknown setting ssl_protocols; in its "
	    "place there is ssl_min_protocol");
	bad("ssl_cert = </x", "in its place there is ssl_cert_file, without "
	    "the '<'");
	bad("ssl_cert_file = </x", "ssl_cert_file: expected an absolute path, "
	    "without the '<'");
	bad("passdb {\n}", "unknown section passdb; a passdb stands in an "
	    "auth section");
	bad("service imap-login {\n}", "unknown section service; see listen");
	bad("auth default {\npassdb static {\nargs = x\narg = x\n}\n}",
	    "unknown setting arg in passdb static");
}

static void
test_sections(void **state)
{
	struct settings *s;

	(void)state;
	s = good("login_processes_count = 5\nprotocol pop3 {\n"
	    "login_processes_count = 7\nlogin_process_per_connection = no\n"
	    "pop3_capability = TOP\nmail_plugins = quota\n}\n"
	    "imap_capability = IMAP4rev1\n"
	    "protocol lda {\npostmaster_address = x\nwhat_ever = y\n}\n");
	assert_int_equal(s->services[0].login_processes_count, 5);
	assert_int_equal(s->services[1].login_processes_count, 7);
	assert_true(s->services[0].login_process_per_connection);
	assert_false(s->services[1].login_process_per_connection);
	assert_string_equal(s->services[0].capability, "IMAP4rev1");
	assert_string_equal(s->services[1].capability, "TOP");
	assert_true(s->services[1].login_process_size_bytes >
	    s->services[0].login_process_size_bytes);
	settings_free(s);

	bad("what_ever = 1", "f:1: unknown setting what_ever");
	bad("protocol imap {\nwhat_ever = 1\n}",
	    "f:2: unknown setting what_ever in protocol imap");
	bad("protocol imap {\nbase_dir = /x\n}",
	    "f:2: base_dir cannot be set for protocol imap");
	bad("protocol imap {\npop3_capability = x\n}", "cannot be set");
	bad("protocol imap {\nx {\n}\n}", "no section x in a protocol");
	bad("protocol smtp {\n}", "protocol smtp: expected imap or pop3");
	bad("service imap {\n}", "unknown section service");
	bad("auth other {\n}", "a second auth section");
	bad("auth default {\nwhat_ever = 1\n}",
	    "f:2: unknown setting what_ever");
	bad("auth default {\nbox x {\n}\n}", "no section box");
	bad("auth default {\npassdb pam {\n}\n}",
	    "f:2: passdb pam: this version has passdb sql, "
	    "static, passwd-file and nginx-http");
	bad("auth default {\nuserdb what {\n}\n}", "userdb what: unknown");
	bad("auth default {\npassdb static {\nwhat_ever = 1\nargs = x\n}\n}",
	    "f:3: unknown setting what_ever in passdb static");
	bad("auth default {\npassdb static {\n}\n}",
	    "f:2: passdb: args is missing");
	bad("auth default {\npassdb static {\nargs = host=%q\n}\n}",
	    "f:3: args: unknown variable %q");
	bad("auth default {\npassdb sql {\nargs = x\n}\n}",
	    "f:3: passdb sql: args is the absolute path");
	bad("ssl_cert = </x", "unknown setting ssl_cert");
}

static void
test_auth_section(void **state)
{
	struct settings *s;

	(void)state;
	s = good("auth default {\nmechanisms = PLAIN login\nverbose = yes\n"
	    "auth_default_realm = x.org\nuser = 4711\ncount = 1\n"
	    "passdb static { args = a }\npassdb static {\nargs = b\n"
	    "deny = yes\npass = yes\n}\n}\nauth_username_format = %Lu");
	assert_int_equal(s->auth_mechanisms.n, 2);
	assert_string_equal(s->auth_mechanisms.items[0], "plain");
	assert_true(s->auth_verbose);
	assert_string_equal(s->auth_default_realm, "x.org");
	assert_string_equal(s->auth_user, "4711");
	assert_int_equal(s->npassdbs, 3);
	assert_string_equal(s->passdbs[0].args, "a");
	assert_string_equal(s->passdbs[1].args, "b");
	assert_true(s->passdbs[1].deny && s->passdbs[1].pass);
	assert_false(s->passdbs[0].deny || s->passdbs[0].pass);
	settings_free(s);
	noticed("auth default {\nuser = root\n}", "f:2: user = root");
	noticed("auth default {\nsocket listen {\nmaster {\n}\n}\n}",
	    "f:2: socket: auth serves no other programs");
}

/* The rules between settings. */
static void
test_rules(void **state)
{
	static const char masters[] = "auth default {\npassdb static {\n"
	    "args = x\nmaster = yes\n}\n}\n";

	(void)state;
	bad("base_dir = /", "f:1: base_dir: expected a directory");
	bad("base_dir =", "f:1: base_dir: expected a directory");
	bad("login_dir = /", "f:1: login_dir: expected a directory");
	bad("login_processes_count = 9\nlogin_max_processes_count = 8",
	    "f:1: login_processes_count: 9 is more than");
	bad("login_process_size = 1M", "needs at least 16M");
	bad("ssl = required", "f:1: ssl = required: without ssl_cert_file");
	bad("auth_mechanisms =", "mechanisms: none is named");
	bad("auth_mechanisms = cram-md5",
	    "cram-md5: expected some of: plain login");
	bad("auth_username_translation = abc", "expected pairs");
	bad("auth_username_format = %Lx", "unknown variable %Lx");
	bad("auth_username_format = %r", "only %u, %n and %d");
	bad("auth_default_realm = a@b", "without '@'");
	bad("login_source_ips = 10.0.0.1 mail", "expected addresses of this");
	bad("login_source_ips = 10.0.0.1 ?10.0.0.2", "not ?10.0.0.2");
	bad("login_source_ips = 0.0.0.0", "not 0.0.0.0");
	bad("login_source_ips = ::", "not ::");
	bad("login_source_ips = 10.0.0.1:0", "not 10.0.0.1:0");
	bad("auth_worker_timeout = 200", "longer than auth_request_timeout");
	bad("auth_count = 0", "expected a number of 1 to 16");
	bad("auth_count = 17", "expected a number of 1 to 16");
	bad("auth_count = 3\nauth_worker_max_count = 2",
	    "2 is less than auth_count, 3");
	bad("auth_ssl_require_client_cert = yes",
	    "f:1: auth_ssl_require_client_cert: without TLS");
	bad("auth_master_user_separator = **", "expected one character");
	bad("auth_master_user_separator = \xc3\xa4", "expected one character");
	settings_faults_clear(&faults);
	assert_null(settings_read_text("f", masters, sizeof(masters) - 1,
	    &faults));
	assert_string_equal(faults.text[0],
	    "f:3: master: no passdb is left for ordinary users");
	settings_faults_clear(&faults);
	assert_null(settings_read_text("f", "", 0, &faults));
	assert_string_equal(faults.text[0],
	    "f: no passdb: an auth section must hold one");
}

/* Users whose mail is here. */
static void
test_mail(void **state)
{
	struct settings *s;

	(void)state;
	s = good("mail_location = maildir:%h/%Lu\nmail_extra_groups = mail\n"
	    "protocol pop3 {\nmail_executable = /p -x\n"
	    "mail_handover = no\n}\n"
	    "auth default {\nproxy_self = 192.0.2.1 2001:db8::/32\n"
	    "userdb prefetch {\n}\npassdb static {\nargs = a\n}\n"
	    "userdb static {\nargs = static uid=5000 gid=5000\n}\n}");
	assert_string_equal(s->services[0].mail_executable,
	    "/usr/lib/dovecot/imap");
	assert_string_equal(s->services[1].mail_executable, "/p -x");
	assert_true(s->services[0].mail_handover);
	assert_false(s->services[1].mail_handover);
	assert_string_equal(s->mail.mail_access_groups, "mail");
	assert_int_equal(s->auth_proxy_self.n, 2);
	/* Behind the passdbs, in their own order. */
	assert_int_equal(s->nuserdbs, 2);
	assert_int_equal(s->passdbs[s->npassdbs].driver, USERDB_PREFETCH);
	assert_int_equal(s->passdbs[s->npassdbs + 1].driver, PASSDB_STATIC);
	assert_true(s->passdbs[s->npassdbs].is_userdb);
	assert_false(s->passdbs[0].is_userdb);
	settings_free(s);
	bad("mail_location = %q", "f:1: mail_location: ");
	bad("mail_executable = imap", "mail_executable: expected a path");
	bad("mail_chroot = /x", "mail_chroot: this version does not");
	bad("first_valid_uid = 0", "first_valid_uid: ");
	bad("first_valid_uid = 9\nlast_valid_uid = 8",
	    "last_valid_uid: nothing is left between 9 and 8");
	bad("auth default {\nuserdb static {\n}\n}",
	    "userdb static: args is missing");
	bad("auth default {\nuserdb static {\nargs = uid=%q\n}\n}",
	    "f:3: args: ");
	bad("auth default {\nuserdb sql {\nargs = x\n}\n}",
	    "userdb sql: args is the absolute path");
	bad("auth default {\nuserdb odd {\n}\n}", "userdb odd: unknown");
	bad("auth default {\nuserdb passwd {\ndeny = yes\n}\n}",
	    "unknown setting deny in userdb passwd");
	bad("auth default {\npassdb passwd {\n}\n}", "passdb passwd: ");
	bad("auth default {\n" "userdb prefetch {\n}\n"
	    "userdb prefetch {\n}\nuserdb prefetch {\n}\n"
	    "userdb prefetch {\n}\nuserdb prefetch {\n}\n}",
	    "f:10: more than 4 userdb sections");
}

static void
test_notices(void **state)
{
	(void)state;
	noticed("auth_master_user_separator = *",
	    "f:1: auth_master_user_separator: no passdb has master = yes");
	noticed("auth default {\npassdb static {\nargs = x\nmaster = yes\n}\n}",
	    "master: nobody can use it without auth_master_user_separator");
	noticed("mail_plugins = x\nnamespace private {\nprefix = x\n}\n"
	    "plugin {\nquota = y\n}\nmmap_disable = yes\ndict {\n}",
	    "f:1: mail_plugins, mmap_disable, namespace, plugin, dict: a "
	    "proxy has no use for this");
	noticed("login_log_format = x\nverbose_proctitle = yes",
	    "f:1: login_log_format, verbose_proctitle: not acted on");
	noticed("", "imaps: not listened for");
	noticed("", "only clients in login_trusted_networks can log in");
	noticed("auth_debug_passwords = yes", "never logged");
	noticed("auth default {\nuserdb vpopmail {\nargs = x\n}\n}",
	    "vpopmail: no userdb of this version");
	noticed("login_greeting_capability = no", "always carries");
	/* Nothing is said about what changes nothing. */
	settings_free(good("auth_cache_size = 9M\nprotocols = imap\n"
	    "disable_plaintext_auth = no\nssl_verify_client_cert = no"));
	assert_int_equal(faults.nnotices, 0);
}

static void
print(char *dst, size_t size, const struct settings *s, bool is_all)
{
	FILE *file = fmemopen(dst, size, "w");

	assert_non_null(file);
	settings_print(file, s, is_all);
	fclose(file);
}

static void
diff_fn(void *arg, const char *name, bool needs_restart)
{
	char *text = arg;

	strlcat(text, name, 256);
	strlcat(text, needs_restart ? "! " : " ", 256);
}

static void
test_print(void **state)
{
	static char text[65536], diff[256];
	struct settings *a, *b;

	(void)state;
	a = good("");
	print(text, sizeof(text), a, false);
	assert_string_equal(text, "auth default {\n  passdb static {\n"
	    "    args = host=::1\n  }\n}\n");
	settings_free(a);

	a = good("listen = *, [::1]:0, [::2]\nlogin_greeting = \"# \\\"x "
	    "\"\nprotocol pop3 {\nlogin_process_per_connection = no\n"
	    "login_greeting = x'y\n}\nauth_failure_delay = 1500 ms\n"
	    "login_process_size = 48\nauth_cache_size = 1500b\n"
	    "login_trusted_networks = 10.0.0.0/8 ::1\nprotocols = imap pop3\n"
	    "ssl_key_password = hush\nauth_mechanisms = plain login\n"
	    "auth default {\npassdb static {\n"
	    "args = proxy=y pass=hush  password=hush nopassword=y\n}\n}");
	print(text, sizeof(text), a, false);
	assert_null(strstr(text, "hush"));
	assert_non_null(strstr(text, "ssl_key_password = <hidden>\n"));
	assert_non_null(strstr(text, "args = proxy=y pass=<hidden>  "
	    "password=<hidden> nopassword=y\n"));
	assert_non_null(strstr(text,
	    "\nlisten = *, [::1]:0, ::2\n"));
	assert_non_null(strstr(text, "auth_failure_delay = 1500 ms\n"));
	assert_non_null(strstr(text, "login_process_size = 48M\n"));
	assert_non_null(strstr(text, "protocol pop3 {\n"));
	assert_null(strstr(text, "login_dir"));

	/* What is printed reads back as the same, but for the secrets. */
	settings_faults_clear(&faults);
	print(text, sizeof(text), a, true);
	b = settings_read_text("f", text, strlen(text), &faults);
	if (b == NULL)
		fail_msg("%s in %s", faults.text[0], text);
	settings_diff(a, b, diff_fn, diff);
	assert_string_equal(diff, "ssl_key_password passdb ");
	settings_free(a);
	settings_free(b);
}

static void
test_diff(void **state)
{
	struct settings *a = good(""), *b;
	char diff[256] = "";

	(void)state;
	b = good("base_dir = /x\nlogin_processes_count = 4\n"
	    "protocol imap {\nlisten = *:1\n}\npop3_capability = x");
	settings_diff(a, a, diff_fn, diff);
	assert_string_equal(diff, "");
	settings_diff(a, b, diff_fn, diff);
	assert_string_equal(diff, "base_dir! login_dir! listen "
	    "pop3_capability login_processes_count ");
	settings_free(b);
	settings_free(a);
}

int
main(void)
{
#define TEST(fn)	cmocka_unit_test_teardown(fn, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_table),
		TEST(test_defaults),
		TEST(test_units),
		TEST(test_bare_numbers),
		TEST(test_yes_and_no),
		TEST(test_values),
		TEST(test_listen),
		TEST(test_hints),
		TEST(test_sections),
		TEST(test_auth_section),
		TEST(test_rules),
		TEST(test_mail),
		TEST(test_notices),
		TEST(test_print),
		TEST(test_diff),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
