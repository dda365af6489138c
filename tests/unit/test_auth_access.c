/* auth_access: rows that fail, that wait, that leave it to others, refer. */
#include "auth_fixture.h"

#include <time.h>

/* SHA-256 of a certificate or of a key: 0101..., 0202... */
#define SIXTEEN(a)	a a a a a a a a
#define PRINT		SIXTEEN("01010101")
#define KEY_PRINT	SIXTEEN("02020202")
#define OTHER		SIXTEEN("01010102")

/* One static passdb or two, one login of joe with pw; what comes of it. */
static const struct {
	const char	*first, *second;
	int		 want;		/* code, or -1 for OK */
} cases[] = {
	{ ROUTE "fail=closed", NULL, LOGIN_AUTH_CODE_CREDENTIALS },
	{ ROUTE "fail=no", NULL, LOGIN_AUTH_CODE_CREDENTIALS },
	{ ROUTE "fail=", NULL, -1 },
	{ ROUTE "fail=closed", ROUTE, -1 },
	{ ROUTE "noauthenticate=y password=pw", NULL,
	    LOGIN_AUTH_CODE_CREDENTIALS },
	{ ROUTE "noauthenticate=no password=pw", NULL, -1 },
	{ ROUTE "noauthenticate=y", "password=pw", -1 },
	{ ROUTE "noauthenticate=y", "password=px",
	    LOGIN_AUTH_CODE_CREDENTIALS },
	/* what it says without a password is not believed by itself */
	{ "noauthenticate=y host=10.0.0.1 password=pw", "proxy=y", -1 },
	{ "noauthenticate=y nopassword=y", ROUTE "pass=x",
	    LOGIN_AUTH_CODE_CREDENTIALS },
	{ ROUTE "allow_real_nets=192.0.2.0/24", NULL, -1 },
	{ ROUTE "allow_real_nets=10.0.0.0/8", NULL,
	    LOGIN_AUTH_CODE_CREDENTIALS },
	{ ROUTE "source_ip=10.0.0.2", NULL, -1 },
	{ ROUTE "source_ip=::1", NULL, LOGIN_AUTH_CODE_TEMP },
	{ ROUTE "source_ip=here", NULL, LOGIN_AUTH_CODE_TEMP },
	{ ROUTE "check_client_fp=aa", NULL, LOGIN_AUTH_CODE_TEMP },
	{ ROUTE "check_client_fp=" PRINT, NULL, LOGIN_AUTH_CODE_CREDENTIALS },
	{ ROUTE "check_client_fp=", NULL, -1 },
	{ ROUTE "proxy_noauth=y", NULL, LOGIN_AUTH_CODE_TEMP },
	{ ROUTE "foo=bar event_x=1", NULL, -1 },
	{ "host=10.0.0.1 nopassword", NULL, LOGIN_AUTH_CODE_REFERRAL },
	{ "host=10.0.0.1 password=pw", NULL, LOGIN_AUTH_CODE_REFERRAL },
	{ "host=10.0.0.1 password=px", NULL, LOGIN_AUTH_CODE_CREDENTIALS },
	{ "host=10.0.0.1", NULL, LOGIN_AUTH_CODE_CREDENTIALS },
	{ "host=mail.example nologin nopassword", NULL,
	    LOGIN_AUTH_CODE_REFERRAL },
	{ "host=::1 nopassword", NULL, LOGIN_AUTH_CODE_TEMP },
	{ ROUTE "delay_until=1", NULL, -1 },
	{ ROUTE "delay_until=1+300", NULL, -1 },
	{ ROUTE "delay_until=1+301", NULL, LOGIN_AUTH_CODE_TEMP },
	{ ROUTE "delay_until=4294967295", NULL, LOGIN_AUTH_CODE_TEMP },
};

static void
test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < UNIT_LENGTH(cases); i++) {
		struct fixture *f;
		void *fresh = NULL;
		int got;

		assert_int_equal(setup(&fresh), 0);
		f = fresh;
		passdb(f, cases[i].first);
		if (cases[i].second != NULL)
			passdb(f, cases[i].second);
		start(f);
		plain(f, 1, "joe", "pw");
		assert_int_equal(f->said.n, 1);
		got = f->said.type == LOGIN_AUTH_OK ? -1 : f->said.fail.code;
		if (got != cases[i].want)
			fail_msg("case %zu: %d", i, got);
		assert_int_equal(teardown(&fresh), 0);
	}
}

/* The same with a certificate of the client. */
static const struct {
	const char	*first, *second;
	bool		 is_required, is_shown, is_verified;
	int		 want;
} cert_cases[] = {
	{ ROUTE, NULL, false, true, false, -1 },
	{ ROUTE "check_client_fp=" PRINT, NULL, false, true, false, -1 },
	{ ROUTE "check_client_fp=" KEY_PRINT, NULL, false, true, false, -1 },
	{ ROUTE "check_client_fp=" OTHER, NULL, false, true, true,
	    LOGIN_AUTH_CODE_CREDENTIALS },
	{ ROUTE "check_client_cert_fp=" PRINT, NULL, false, true, false, -1 },
	{ ROUTE "check_client_cert_fp=" KEY_PRINT, NULL, false, true, false,
	    LOGIN_AUTH_CODE_CREDENTIALS },
	{ ROUTE "check_client_pubkey_fp=" KEY_PRINT, NULL, false, true,
	    false, -1 },
	{ ROUTE "check_client_pubkey_fp=" PRINT, NULL, false, true, false,
	    LOGIN_AUTH_CODE_CREDENTIALS },
	/* all of them must be right */
	{ ROUTE "check_client_cert_fp=" PRINT " check_client_pubkey_fp="
	    KEY_PRINT, NULL, false, true, false, -1 },
	{ ROUTE "check_client_cert_fp=" PRINT " check_client_pubkey_fp="
	    OTHER, NULL, false, true, false, LOGIN_AUTH_CODE_CREDENTIALS },
	{ ROUTE "check_client_fp=" OTHER " check_client_cert_fp=" PRINT,
	    NULL, false, true, false, LOGIN_AUTH_CODE_CREDENTIALS },
	{ ROUTE "check_client_fp=" PRINT PRINT, NULL, false, true, false,
	    LOGIN_AUTH_CODE_TEMP },
	/* the next passdb has its own say */
	{ ROUTE "check_client_fp=" OTHER, ROUTE, false, true, false, -1 },
	{ ROUTE "noauthenticate=y check_client_fp=" OTHER, "password=pw",
	    false, true, false, LOGIN_AUTH_CODE_CREDENTIALS },
	{ ROUTE "noauthenticate=y check_client_fp=" PRINT, "password=pw",
	    true, true, false, -1 },
	/* required: who vouches for it, if not the row? */
	{ ROUTE, NULL, true, false, false, LOGIN_AUTH_CODE_CREDENTIALS },
	{ ROUTE, NULL, true, true, false, LOGIN_AUTH_CODE_CREDENTIALS },
	{ ROUTE, NULL, true, true, true, -1 },
	{ ROUTE "check_client_fp=", NULL, true, true, false,
	    LOGIN_AUTH_CODE_CREDENTIALS },
	{ ROUTE "check_client_fp=" PRINT, NULL, true, true, false, -1 },
	{ ROUTE "check_client_cert_fp=" PRINT, NULL, true, true, false, -1 },
	{ ROUTE "check_client_pubkey_fp=" KEY_PRINT, NULL, true, true, false,
	    -1 },
	{ ROUTE "check_client_fp=" OTHER, NULL, true, true, true,
	    LOGIN_AUTH_CODE_CREDENTIALS },
	{ "host=10.0.0.1 nopassword", NULL, true, true, false,
	    LOGIN_AUTH_CODE_CREDENTIALS },
	{ "nologin nopassword", NULL, true, true, false,
	    LOGIN_AUTH_CODE_CREDENTIALS },
};

static void
test_certs(void **state)
{
	(void)state;
	for (size_t i = 0; i < UNIT_LENGTH(cert_cases); i++) {
		struct fixture *f;
		void *fresh = NULL;
		int got;

		assert_int_equal(setup(&fresh), 0);
		f = fresh;
		passdb(f, cert_cases[i].first);
		if (cert_cases[i].second != NULL)
			passdb(f, cert_cases[i].second);
		f->settings.auth_ssl_require_client_cert =
		    cert_cases[i].is_required;
		if (cert_cases[i].is_shown) {
			f->cert.is_verified = cert_cases[i].is_verified;
			f->cert.len = 32;
			memset(f->cert.print, 1, 32);
			memset(f->cert.key_print, 2, 32);
		}
		start(f);
		plain(f, 1, "joe", "pw");
		assert_int_equal(f->said.n, 1);
		got = f->said.type == LOGIN_AUTH_OK ? -1 : f->said.fail.code;
		if (got != cert_cases[i].want)
			fail_msg("case %zu: %d", i, got);
		assert_int_equal(teardown(&fresh), 0);
	}
}

static void
test_referral(void **state)
{
	struct fixture *f = *state;

	passdb(f, "host=10.0.0.1 port=1143 nopassword destuser=%n@there "
	    "reason=Moved.");
	start(f);
	plain(f, 1, "joe@here", "pw");
	said_fail(f, LOGIN_AUTH_CODE_REFERRAL);
	assert_string_equal(f->said.fail.referral.user, "joe@there");
	assert_string_equal(f->said.fail.referral.host, "10.0.0.1");
	assert_int_equal(f->said.fail.referral.port, 1143);
	assert_string_equal(f->said.fail.reason, "Moved.");
}

/* A time to come is waited for; who hangs up is forgotten. */
static void
test_delay(void **state)
{
	char at[64], far[64], near[64];
	struct fixture *f = *state;
	const long long due_s = (long long)time(NULL) + 2;

	passdb(f, NULL);
	f->settings.auth_request_timeout_ms = 30;
	start(f);
	add_worker(f);
	(void)snprintf(at, sizeof(at), "%lld", due_s);
	(void)snprintf(near, sizeof(near), "%lld",
	    (long long)time(NULL) + 298);
	(void)snprintf(far, sizeof(far), "%lld", (long long)time(NULL) + 310);
	plain(f, 1, "joe", "pw");
	row_is(f, (const char *[][2]){ { "host", "10.0.0.1" },
	    { "proxy", "Y" }, { "delay_until", at }, { NULL, NULL } });
	plain(f, 2, "eve", "pw");
	row_is(f, (const char *[][2]){ { "host", "10.0.0.1" },
	    { "proxy", "Y" }, { "delay_until", near }, { NULL, NULL } });
	/* the time of a request does not run meanwhile */
	wait_ms(f, 50);
	assert_int_equal(f->said.n, 0);
	assert_int_equal(f->env.nopen, 2);
	auth_request_cancel(&f->map, 2);
	assert_int_equal(f->env.nopen, 1);
	for (int i = 0; i < 1000 && f->said.n == 0; i++)
		wait_ms(f, 10);
	assert_int_equal(f->said.n, 1);
	assert_int_equal(f->said.type, LOGIN_AUTH_OK);
	assert_true((long long)time(NULL) >= due_s);
	plain(f, 3, "joe", "pw");
	row_is(f, (const char *[][2]){ { "host", "10.0.0.1" },
	    { "proxy", "Y" }, { "delay_until", far }, { NULL, NULL } });
	assert_int_equal(f->said.n, 2);
	said_fail(f, LOGIN_AUTH_CODE_TEMP);
}

/* Of three logins, how many are sent to a host that is down. */
static int
sent_to_a_dead_host(const char *args)
{
	const struct netaddr addr = { NETADDR_V4, 143, { 10, 0, 0, 1 } };
	struct fixture *f;
	void *fresh = NULL;
	int n = 0;

	assert_int_equal(setup(&fresh), 0);
	f = fresh;
	passdb(f, args);
	start(f);
	for (uint64_t client = 1; client <= 2; client++)
		mail_host_failed(mail_hosts_get(&f->env.hosts, &addr),
		    LOGIN_AUTH_UNREACHABLE, &(struct mail_host_failure){
		    .suspect = client, .witness = client });
	for (int i = 0; i < 3; i++) {
		plain(f, 1, "joe", "pw");
		if (f->said.type == LOGIN_AUTH_OK)
			n++;
		else
			said_fail(f, LOGIN_AUTH_CODE_HOST);
	}
	assert_int_equal(teardown(&fresh), 0);
	return n;
}

static void
test_immediate_failure(void **state)
{
	(void)state;
	assert_true(sent_to_a_dead_host(ROUTE) < 3);
	assert_true(sent_to_a_dead_host(ROUTE
	    "proxy_host_immediate_failure_after=0") < 3);
	assert_int_equal(sent_to_a_dead_host(ROUTE
	    "proxy_host_immediate_failure_after=60m"), 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_certs),
		cmocka_unit_test(test_immediate_failure),
		cmocka_unit_test_setup_teardown(test_referral, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_delay, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
