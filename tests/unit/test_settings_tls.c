/*
 * Settings about TLS: sections local_name, and what must fit together.
 * Runs in: make check.
 * Hostile input: none.
 * Never: ships in a program.
 */
#include <bsd/string.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "config/settings.h"
#include "config/settings_print.h"
#include "config/settings_read.h"

#define CERT	"ssl_cert_file = /c\nssl_key_file = /k\n"

static struct settings_faults faults;

static int
teardown(void **state)
{
	(void)state;
	settings_faults_clear(&faults);
	return 0;
}

static struct settings *
read_lines(const char *lines)
{
	static char text[65536];

	settings_faults_clear(&faults);
	(void)snprintf(text, sizeof(text), "%s\nauth default {\n"
	    "passdb static {\nargs = host=::1\n}\n}\n", lines);
	return settings_read_text("f", text, strlen(text), &faults);
}

static struct settings *
good(const char *lines)
{
	struct settings *s = read_lines(lines);

	if (s == NULL)
		fail_msg("%s", faults.text[0]);
	return s;
}

static void
bad(const char *lines, const char *fault)
{
	assert_null(read_lines(lines));
	if (strstr(faults.text[0], fault) == NULL)
		fail_msg("the fault is \"%s\", expected \"%s\"",
		    faults.text[0], fault);
}

/* When is there TLS? */
static void
test_on_and_off(void **state)
{
	static const struct {
		const char	*lines;
		bool		 has_tls, has_imaps, has_pop3s;
	} rows[] = {
		{ "", false, false, false },
		{ CERT, true, true, false },
		{ CERT "protocols = imap pop3 pop3s", true, false, true },
		{ CERT "protocols = imaps pop3s", true, true, true },
		{ CERT "protocols = imap", true, false, false },
		{ CERT "ssl = no", false, false, false },
		{ CERT "ssl_disable = yes", false, false, false },
		{ CERT "ssl = required", true, true, false },
	};
	struct settings *s;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		s = good(rows[i].lines);
		assert_int_equal(s->has_tls, rows[i].has_tls);
		assert_int_equal(s->services[0].has_ssl, rows[i].has_imaps);
		assert_int_equal(s->services[0].ssl_listen.n,
		    rows[i].has_imaps);
		assert_int_equal(s->services[1].has_ssl, rows[i].has_pop3s);
		settings_free(s);
	}
	s = good(CERT);
	assert_int_equal(s->services[0].ssl_listen.items[0].port, 993);
	assert_string_equal(s->tls_places[SETTINGS_TLS_CERT], "f:1");
	assert_string_equal(s->tls_places[SETTINGS_TLS_KEY], "f:2");
	assert_string_equal(s->tls_places[SETTINGS_TLS_CA], "f");
	settings_free(s);
	assert_int_equal(faults.nnotices, 0);
}

static void
test_pairs(void **state)
{
	(void)state;
	bad("ssl_cert_file = /c", "f:1: ssl_key_file is missing");
	bad("ssl_key_file = /k", "f:1: ssl_cert_file is missing");
	bad(CERT "ssl_alt_cert_file = /c",
	    "f:3: ssl_alt_key_file is missing");
	bad("ssl_alt_cert_file = /c\nssl_alt_key_file = /k",
	    "ssl_cert_file is missing: clients that ask for no name");
	bad("ssl_client_key_file = /k", "f:1: ssl_client_cert_file is missing");
	bad("ssl = required", "f:1: ssl = required: without ssl_cert_file");
	bad(CERT "ssl = no\nprotocols = imaps",
	    "nothing is left to listen for");
	bad("ssl_min_protocol = TLSv1", "ssl_min_protocol");
	bad("ssl_client_min_protocol = SSLv3", "ssl_client_min_protocol");
	bad("ssl_cert_file = c", "ssl_cert_file");
	bad(CERT "ssl_verify_client_cert = yes", "ssl_verify_client_cert");
	bad(CERT "ssl_verify_client_cert = any", "ssl_verify_client_cert: "
	    "expected one of: yes no any-cert");
	bad(CERT "ssl_peer_certificate_fingerprint_hash = sha1",
	    "expected one of: sha256 sha384 sha512");
	/* What nobody vouches for names nobody. */
	bad(CERT "ssl_verify_client_cert = any-cert\n"
	    "auth_ssl_username_from_cert = yes",
	    "f:4: auth_ssl_username_from_cert: without");
	bad(CERT "ssl_verify_client_cert = any-cert\n"
	    "auth default {\nmechanisms = plain external\n}",
	    "mechanisms: external needs TLS");
	bad(CERT "ssl_cert_username_field = surname",
	    "ssl_cert_username_field");
	bad(CERT "auth_ssl_username_from_cert = yes",
	    "f:3: auth_ssl_username_from_cert: without");
}

static void
test_local_names(void **state)
{
	struct settings *s;

	(void)state;
	s = good(CERT "local_name a.example {\n" CERT "}\n"
	    "local_name \"b.example *.b.example\" {\n" CERT
	    "ssl_alt_cert_file = /a\nssl_alt_key_file = /ak\n}\n");
	assert_int_equal(s->nlocal_names, 2);
	assert_string_equal(s->local_names[0].names, "a.example");
	assert_string_equal(s->local_names[0].ssl_cert_file, "/c");
	assert_string_equal(s->local_names[0].ssl_alt_cert_file, "");
	assert_string_equal(s->local_names[0].place, "f:3");
	assert_string_equal(s->local_names[1].names,
	    "b.example *.b.example");
	assert_string_equal(s->local_names[1].ssl_alt_key_file, "/ak");
	settings_free(s);

	bad(CERT "local_name x {\n}", "f:3: local_name: ssl_cert_file is");
	bad(CERT "local_name x {\nssl_cert_file = /c\n}",
	    "f:3: ssl_key_file is missing");
	bad(CERT "local_name {\n" CERT "}", "expected a host name");
	bad(CERT "local_name a..b {\n" CERT "}", "a..b is not a host name");
	bad(CERT "local_name a. {\n" CERT "}", "a. is not a host name");
	bad(CERT "local_name *.*.b {\n" CERT "}", "is not a host name");
	bad(CERT "local_name a*.b {\n" CERT "}", "is not a host name");
	bad(CERT "local_name a {\nssl = no\n}",
	    "f:4: ssl cannot be set for a local_name");
	bad("local_name a {\n" CERT "}", "ssl_cert_file is missing");
}

/* Thousands of them are no reason to be slow or to run out of something. */
static void
test_many_local_names(void **state)
{
	static char text[1u << 20];
	struct settings *s;
	size_t used, n = 8000;

	(void)state;
	used = (size_t)snprintf(text, sizeof(text), CERT "auth default {\n"
	    "passdb static {\nargs = host=::1\n}\n}\n");
	for (size_t i = 0; i < n; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used,
		    "local_name host%zu.example {\nssl_cert_file = /c%zu\n"
		    "ssl_key_file = /k%zu\n}\n", i, i, i);
	s = settings_read_text("f", text, used, &faults);
	assert_non_null(s);
	assert_int_equal(s->nlocal_names, n);
	assert_string_equal(s->local_names[n - 1].ssl_key_file, "/k7999");
	settings_free(s);
}

static void
diff_fn(void *arg, const char *name, bool needs_restart)
{
	(void)needs_restart;
	strlcat(arg, name, 256);
	strlcat(arg, " ", 256);
}

static void
test_print_and_diff(void **state)
{
	struct settings *a, *b;
	static char text[65536];
	char diff[256] = "";
	FILE *file;

	(void)state;
	a = good(CERT "local_name a.example b.example {\n" CERT "}\n");
	file = fmemopen(text, sizeof(text), "w");
	assert_non_null(file);
	settings_print(file, a, false);
	fclose(file);
	assert_non_null(strstr(text, "local_name a.example b.example {\n"
	    "  ssl_cert_file = /c\n  ssl_key_file = /k\n}\n"));
	b = settings_read_text("f", text, strlen(text), &faults);
	assert_non_null(b);
	settings_diff(a, b, diff_fn, diff);
	assert_string_equal(diff, "");
	settings_free(b);
	b = good(CERT "local_name a.example b.example {\nssl_cert_file = /x\n"
	    "ssl_key_file = /k\n}\n");
	settings_diff(a, b, diff_fn, diff);
	assert_string_equal(diff, "local_name ");
	settings_free(a);
	settings_free(b);
}

int
main(void)
{
#define TEST(fn)	cmocka_unit_test_teardown(fn, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_on_and_off),
		TEST(test_pairs),
		TEST(test_local_names),
		TEST(test_many_local_names),
		TEST(test_print_and_diff),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
