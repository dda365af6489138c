/* auth_proof: rows and routes of clients that show no password. */
#include "auth_fixture.h"

#include "scram_client.h"

#define CODE(word)	LOGIN_AUTH_CODE_##word
#define OK		-1
#define SALT		"c2FsdHNhbHQ="
#define TOKEN		"n,a=joe,\1auth=Bearer tok\1\1"
#define XTOKEN		"user=joe\1auth=Bearer tok\1\1"
#define WAY(word)	LOGIN_AUTH_WAY_##word
#define TLS		"ssl=yes "

/* One static row and one message are enough for these. */
static const struct {
	const char	*args, *mech, *message, *cert_user;
	int		 want;		/* code, or OK */
	int		 way;
	const char	*pass, *master;
} cases[] = {
	/* Tokens: the mail host looks at them, and nobody else. */
	{ ROUTE "nopassword", "OAUTHBEARER", TOKEN, NULL, OK,
	    WAY(OAUTHBEARER), "", "" },
	{ ROUTE, "OAUTHBEARER", TOKEN, NULL, OK, WAY(OAUTHBEARER), "", "" },
	{ ROUTE, "XOAUTH2", XTOKEN, NULL, OK, WAY(XOAUTH2), "", "" },
	{ ROUTE "proxy_mech=xoauth2", "OAUTHBEARER", TOKEN, NULL, OK,
	    WAY(XOAUTH2), "", "" },
	{ ROUTE "password=tok", "OAUTHBEARER", TOKEN, NULL,
	    CODE(CREDENTIALS), 0, NULL, NULL },
	{ ROUTE "password=", "OAUTHBEARER", TOKEN, NULL, CODE(CREDENTIALS), 0,
	    NULL, NULL },
	{ ROUTE "password={SHA}zzz", "XOAUTH2", XTOKEN, NULL,
	    CODE(CREDENTIALS), 0, NULL, NULL },
	{ ROUTE "nopassword pass=x", "OAUTHBEARER", TOKEN, NULL, CODE(TEMP), 0,
	    NULL, NULL },
	{ ROUTE "nopassword master=m pass=x", "OAUTHBEARER", TOKEN, NULL,
	    CODE(TEMP), 0, NULL, NULL },
	{ ROUTE "nopassword master=m", "OAUTHBEARER", TOKEN, NULL, CODE(TEMP),
	    0, NULL, NULL },
	{ ROUTE "proxy_mech=plain", "OAUTHBEARER", TOKEN, NULL, CODE(TEMP), 0,
	    NULL, NULL },
	{ ROUTE TLS "nopassword proxy_mech=external", "OAUTHBEARER", TOKEN,
	    NULL, CODE(TEMP), 0, NULL, NULL },
	{ "nopassword", "OAUTHBEARER", TOKEN, NULL, CODE(TEMP), 0, NULL,
	    NULL },
	{ ROUTE, "OAUTHBEARER", "n,,\1auth=Bearer tok\1\1", NULL,
	    CODE(CREDENTIALS), 0, NULL, NULL },
	{ ROUTE, "OAUTHBEARER", XTOKEN, NULL, CODE(BAD), 0, NULL, NULL },
	{ ROUTE, "OAUTHBEARER", "", NULL, CODE(BAD), 0, NULL, NULL },
	{ ROUTE "allow_nets=10.9.9.9", "OAUTHBEARER", TOKEN, NULL,
	    CODE(CREDENTIALS), 0, NULL, NULL },

	/* Certificates: the row gives what the host wants. */
	{ ROUTE "master=m pass=x", "EXTERNAL", "", "joe", OK, WAY(PLAIN), "x",
	    "m" },
	{ ROUTE "master=m pass=x", "EXTERNAL", "joe", "joe", OK, WAY(PLAIN),
	    "x", "m" },
	{ ROUTE "password=other pass=x", "EXTERNAL", "", "joe", OK,
	    WAY(COMMAND), "x", "" },
	{ ROUTE TLS "proxy_mech=external pass=x", "EXTERNAL", "", "joe", OK,
	    WAY(EXTERNAL), "", "" },
	{ ROUTE "proxy_mech=external", "EXTERNAL", "", "joe", CODE(TEMP), 0,
	    NULL, NULL },
	{ ROUTE, "EXTERNAL", "", "joe", CODE(TEMP), 0, NULL, NULL },
	{ ROUTE "master=m", "EXTERNAL", "", "joe", CODE(TEMP), 0, NULL, NULL },
	{ ROUTE "pass=x", "EXTERNAL", "", NULL, CODE(MECH), 0, NULL, NULL },
	{ ROUTE "pass=x", "EXTERNAL", "joe", NULL, CODE(MECH), 0, NULL, NULL },
	{ ROUTE "pass=x", "EXTERNAL", "bob", "joe", CODE(AUTHZ), 0, NULL,
	    NULL },
	{ ROUTE "pass=x", "EXTERNAL", "joe2", "joe", CODE(AUTHZ), 0, NULL,
	    NULL },
	{ ROUTE "pass=x allow_nets=10.9.9.9", "EXTERNAL", "", "joe",
	    CODE(CREDENTIALS), 0, NULL, NULL },
	{ "nologin", "EXTERNAL", "", "joe", CODE(DISABLED), 0, NULL, NULL },

	/* Passwords, where the host takes something else. */
	{ ROUTE "proxy_mech=oauthbearer", "PLAIN", "", NULL, OK,
	    WAY(OAUTHBEARER), "pw", "" },
	{ ROUTE "password=pw proxy_mech=xoauth2 pass=t", "PLAIN", "", NULL,
	    OK, WAY(XOAUTH2), "t", "" },
	{ ROUTE TLS "password=pw proxy_mech=external", "PLAIN", "", NULL, OK,
	    WAY(EXTERNAL), "", "" },
	{ ROUTE TLS "password=no proxy_mech=external", "PLAIN", "", NULL,
	    CODE(CREDENTIALS), 0, NULL, NULL },
	{ ROUTE "password=pw proxy_mech=external", "PLAIN", "", NULL,
	    CODE(TEMP), 0, NULL, NULL },
	/* Nobody would look at the password. */
	{ ROUTE TLS "nopassword proxy_mech=external", "PLAIN", "", NULL,
	    CODE(TEMP), 0, NULL, NULL },
	{ ROUTE TLS "proxy_mech=external", "PLAIN", "", NULL, CODE(TEMP), 0,
	    NULL, NULL },
	{ ROUTE "password=pw master=m pass=x proxy_mech=xoauth2", "PLAIN", "",
	    NULL, CODE(TEMP), 0, NULL, NULL },
};

/* Some have a fixture of their own. */
static struct fixture *
fresh(const char *args)
{
	static void *state;
	struct fixture *f;

	assert_int_equal(setup(&state), 0);
	f = state;
	if (args != NULL) {
		passdb(f, args);
		start(f);
	}
	return f;
}

static void
done(struct fixture *f)
{
	void *state = f;

	assert_int_equal(f->env.nopen, 0);
	assert_int_equal(teardown(&state), 0);
}

static void
test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < UNIT_LENGTH(cases); i++) {
		struct fixture *f = fresh(cases[i].args);
		const char *m = cases[i].message;
		int got;

		f->cert_user = cases[i].cert_user;
		if (strcmp(cases[i].mech, "PLAIN") == 0)
			plain(f, 1, "joe", "pw");
		else
			assert_int_equal(request_bytes(f, 1, cases[i].mech, m,
			    strlen(m)), 0);
		settle(f);
		got = f->said.type == LOGIN_AUTH_OK ? OK :
		    f->said.fail.code;
		if (got != cases[i].want)
			fail_msg("case %zu: %s %s: %d", i, cases[i].mech,
			    cases[i].args, got);
		if (got == OK) {
			assert_int_equal(f->said.route.way, cases[i].way);
			assert_string_equal(f->said.route.pass,
			    cases[i].pass);
			assert_string_equal(f->said.route.master,
			    cases[i].master);
			assert_string_equal(f->said.route.destuser, "joe");
		}
		done(f);
	}
}

/* Without an initial response the client is asked for one. */
static void
test_asked(void **state)
{
	static const char *const rows[][2] = {
		{ "OAUTHBEARER", TOKEN }, { "XOAUTH2", XTOKEN },
		{ "EXTERNAL", "" },
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LENGTH(rows); i++) {
		struct fixture *f = fresh(ROUTE TLS "proxy_mech=");

		f->cert_user = "joe";
		assert_int_equal(request_bytes(f, 1, rows[i][0], NULL, 0), 0);
		assert_int_equal(f->said.type, LOGIN_AUTH_CHALLENGE);
		assert_string_equal(f->said.challenge, "");
		answer(f, 1, rows[i][1]);
		assert_int_equal(f->said.type, i == 2 ? LOGIN_AUTH_FAIL :
		    LOGIN_AUTH_OK);
		done(f);
	}
}

/* Masters show passwords, or prove that they know them. */
static void
test_no_masters(void **state)
{
	static const char token[] = "user=joe*boss\1auth=Bearer tok\1\1";
	struct fixture *f;

	(void)state;
	for (int i = 0; i < 2; i++) {
		f = fresh(NULL);
		f->settings.auth_master_user_separator = (char []){ "*" };
		passdb(f, "nopassword " ROUTE "pass=x")->master = true;
		passdb(f, ROUTE "nopassword");
		start(f);
		f->cert_user = "joe*boss";
		if (i == 0)
			assert_int_equal(request_bytes(f, 1, "EXTERNAL", "",
			    0), 0);
		else
			assert_int_equal(request_bytes(f, 1, "XOAUTH2",
			    token, strlen(token)), 0);
		settle(f);
		said_fail(f, CODE(CREDENTIALS));
		done(f);
	}
}

static void
scram_row(char *dst, size_t size, enum digest_kind digest, const char *more)
{
	char hash[512];

	scram_hash(hash, sizeof(hash), digest, "pw", SALT, 100);
	(void)snprintf(dst, size, ROUTE "%s password=%s", more, hash);
}

/* First message and challenge. */
static void
scram_begin_with(struct fixture *f, struct scram_client *c, const char *user)
{
	const char *mech = c->digest == DIGEST_SHA1 ? "SCRAM-SHA-1" :
	    "SCRAM-SHA-256";

	c->header = "n,,";
	scram_client_begin(c, user, "abc");
	assert_int_equal(request_bytes(f, 1, mech, c->first,
	    strlen(c->first)), 0);
	settle(f);
}

static void
scram_go_on(struct fixture *f, struct scram_client *c)
{
	assert_int_equal(f->said.type, LOGIN_AUTH_CHALLENGE);
	assert_true(scram_client_answer(c, f->said.challenge, "abc"));
	answer(f, 1, c->final);
}

static const struct {
	enum digest_kind	 key, mech;
	const char		*more, *pass;
	int			 want;
	bool			 is_proven;
} scram_cases[] = {
	{ DIGEST_SHA256, DIGEST_SHA256, "master=m pass=x", "pw", OK, true },
	{ DIGEST_SHA1, DIGEST_SHA1, "pass=x", "pw", OK, true },
	{ DIGEST_SHA256, DIGEST_SHA256, TLS "proxy_mech=external", "pw", OK,
	    true },
	{ DIGEST_SHA256, DIGEST_SHA256, "pass=x", "px", CODE(CREDENTIALS),
	    false },
	/* The host wants something that nobody has. */
	{ DIGEST_SHA256, DIGEST_SHA256, "", "pw", CODE(TEMP), true },
	{ DIGEST_SHA256, DIGEST_SHA256, "master=m", "pw", CODE(TEMP), true },
	/* A key of the other kind is none. */
	{ DIGEST_SHA1, DIGEST_SHA256, "pass=x", "pw", CODE(CREDENTIALS),
	    false },
	{ DIGEST_SHA256, DIGEST_SHA1, "pass=x", "pw", CODE(CREDENTIALS),
	    false },
	{ DIGEST_SHA256, DIGEST_SHA256, "pass=x allow_nets=10.9.9.9", "pw",
	    CODE(CREDENTIALS), true },
};

static void
test_scram(void **state)
{
	(void)state;
	for (size_t i = 0; i < UNIT_LENGTH(scram_cases); i++) {
		struct scram_client c = { .digest = scram_cases[i].mech,
			.pass = scram_cases[i].pass };
		struct fixture *f;
		char args[700];

		scram_row(args, sizeof(args), scram_cases[i].key,
		    scram_cases[i].more);
		f = fresh(args);
		scram_begin_with(f, &c, "joe");
		scram_go_on(f, &c);
		if (scram_cases[i].is_proven) {
			assert_int_equal(f->said.type, LOGIN_AUTH_CHALLENGE);
			assert_string_equal(f->said.challenge, c.wanted);
			answer(f, 1, "");
		}
		if (scram_cases[i].want == OK)
			assert_int_equal(f->said.type, LOGIN_AUTH_OK);
		else
			said_fail(f, (enum login_auth_code)
			    scram_cases[i].want);
		done(f);
	}
}

/*
 * Who has no key, or is nobody, is asked like everybody else, with a salt
 * that stays his.
 */
static void
test_pretence(void **state)
{
	static const char *const rows[] = { ROUTE "password=pw",
		ROUTE "nopassword", ROUTE, ROUTE "password={CRYPT}$5$x$y" };
	char first[512] = "";

	(void)state;
	for (size_t i = 0; i < UNIT_LENGTH(rows); i++) {
		struct fixture *f = fresh(rows[i]);

		for (int again = 0; again < 3; again++) {
			struct scram_client c = { .digest = DIGEST_SHA256,
				.pass = "pw" };

			scram_begin_with(f, &c, again < 2 ? "joe" : "bob");
			assert_int_equal(f->said.type, LOGIN_AUTH_CHALLENGE);
			assert_non_null(strstr(f->said.challenge, ",i=4096"));
			if (again > 0)
				assert_int_equal(strcmp(strstr(
				    f->said.challenge, ",s="), first) == 0,
				    again == 1);
			(void)snprintf(first, sizeof(first), "%s",
			    strstr(f->said.challenge, ",s="));
			scram_go_on(f, &c);
			said_fail(f, CODE(CREDENTIALS));
		}
		done(f);
	}
}

/* Spellings that share a row share its salt: so they do without a row. */
static void
test_pretence_of_spellings(void **state)
{
	struct fixture *f = fresh(ROUTE "password=pw");
	char first[512] = "";

	(void)state;
	f->settings.auth_username_format = (char []){ "%Lu" };
	username_rules_init(&f->env.names, &f->settings);
	for (int again = 0; again < 2; again++) {
		struct scram_client c = { .digest = DIGEST_SHA256,
			.pass = "pw" };
		const char *salt;

		scram_begin_with(f, &c, again == 0 ? "joe" : "JOE");
		assert_int_equal(f->said.type, LOGIN_AUTH_CHALLENGE);
		salt = strstr(f->said.challenge, ",s=");
		if (again == 1)
			assert_string_equal(salt, first);
		(void)snprintf(first, sizeof(first), "%s", salt);
		scram_go_on(f, &c);
		said_fail(f, CODE(CREDENTIALS));
	}
	done(f);
}

/* A challenge that is not answered holds others up for a while only. */
static void
test_no_proof_comes(void **state)
{
	struct scram_client c = { .digest = DIGEST_SHA256, .pass = "pw" };
	struct fixture *f = fresh(ROUTE "password=pw");

	(void)state;
	/* Less than AUTH_REQUEST_PROOF_MS: a test has no ten seconds. */
	loop_timers_clear(&f->env.proofs);
	loop_timers_init(f->loop, &f->env.proofs, 50);
	scram_begin_with(f, &c, "joe");
	assert_int_equal(f->said.type, LOGIN_AUTH_CHALLENGE);
	wait_ms(f, 10);
	assert_int_equal(f->said.type, LOGIN_AUTH_CHALLENGE);
	wait_ms(f, 300);
	said_fail(f, CODE(TEMP));
	assert_int_equal(f->env.nopen, 0);
	done(f);
}

/* Rounds and length of salt are those of somebody who has a key. */
static void
test_pretence_costs(void **state)
{
	struct scram_client c = { .digest = DIGEST_SHA256, .pass = "pw" };
	char args[700];
	struct fixture *f = fresh(NULL);

	(void)state;
	scram_row(args, sizeof(args), DIGEST_SHA256, "pass=x");
	passdb(f, args);
	passdb(f, "x=y")->deny = true;
	start(f);
	scram_begin_with(f, &c, "joe");
	scram_go_on(f, &c);
	answer(f, 1, "");
	assert_int_equal(f->said.type, LOGIN_AUTH_OK);
	/* A name that nobody can have. */
	f->settings.auth_username_chars = (char []){ "joe" };
	username_rules_init(&f->env.names, &f->settings);
	scram_begin_with(f, &c, "bob");
	assert_non_null(strstr(f->said.challenge, ",i=100"));
	assert_int_equal(strlen(strstr(f->said.challenge, ",s=")),
	    strlen(",s=" SALT ",i=100"));
	scram_go_on(f, &c);
	said_fail(f, CODE(CREDENTIALS));
	done(f);
}

/* What is not the mechanism's syntax ends it, at each step. */
static void
test_scram_bad(void **state)
{
	struct scram_client c = { .digest = DIGEST_SHA256, .pass = "pw" };
	char args[700];
	struct fixture *f;

	(void)state;
	scram_row(args, sizeof(args), DIGEST_SHA256, "pass=x");
	f = fresh(args);
	assert_int_equal(request_bytes(f, 1, "SCRAM-SHA-256",
	    "p=tls-unique,,n=joe,r=abc", 25), 0);
	said_fail(f, CODE(BAD));
	assert_int_equal(request_bytes(f, 1, "SCRAM-SHA-256",
	    "n,a=bob,n=joe,r=abc", 19), 0);
	said_fail(f, CODE(AUTHZ));
	scram_begin_with(f, &c, "joe");
	answer(f, 1, "c=biws,r=abc,p=AAAA");
	said_fail(f, CODE(BAD));
	scram_begin_with(f, &c, "joe");
	scram_go_on(f, &c);
	answer(f, 1, "x");
	said_fail(f, CODE(BAD));
	/* Half way, and gone. */
	scram_begin_with(f, &c, "joe");
	auth_request_cancel(&f->map, 1);
	done(f);
}

/* The key is in a passdb that a worker looks into, and then in the cache. */
static void
test_scram_cached(void **state)
{
	struct scram_client c = { .digest = DIGEST_SHA256, .pass = "pw" };
	struct fixture *f = fresh(NULL);
	char hash[512];
	const char *columns[][2] = { { "proxy", "y" }, { "host", "10.0.0.1" },
		{ "pass", "x" }, { "password", hash }, { NULL, NULL } };

	(void)state;
	f->settings.auth_cache_size_bytes = 65536;
	f->settings.auth_cache_ttl_ms = 60000;
	scram_hash(hash, sizeof(hash), DIGEST_SHA256, "pw", SALT, 100);
	passdb(f, NULL);
	start(f);
	add_worker(f);
	settle(f);
	for (int i = 0; i < 2; i++) {
		scram_begin_with(f, &c, "joe");
		if (i == 0)
			row_is(f, columns);
		scram_go_on(f, &c);
		answer(f, 1, "");
		assert_int_equal(f->said.type, LOGIN_AUTH_OK);
	}
	assert_int_equal(f->worker.ntasks, 1);
	/* A wrong proof may be right for a new row: the next asks for it. */
	c.pass = "new";
	scram_begin_with(f, &c, "joe");
	scram_go_on(f, &c);
	said_fail(f, CODE(CREDENTIALS));
	assert_int_equal(f->worker.ntasks, 1);
	scram_hash(hash, sizeof(hash), DIGEST_SHA256, "new", SALT, 100);
	scram_begin_with(f, &c, "joe");
	assert_int_equal(f->worker.ntasks, 2);
	row_is(f, columns);
	scram_go_on(f, &c);
	answer(f, 1, "");
	assert_int_equal(f->said.type, LOGIN_AUTH_OK);
	done(f);
}

/* The delay of a refusal counts from the wrong proof. */
static void
test_scram_delay(void **state)
{
	struct scram_client c = { .digest = DIGEST_SHA256, .pass = "px" };
	struct fixture *f = fresh(NULL);
	char args[700];

	(void)state;
	scram_row(args, sizeof(args), DIGEST_SHA256, "pass=x");
	f->settings.auth_failure_delay_ms = 60;
	passdb(f, args);
	start(f);
	scram_begin_with(f, &c, "joe");
	wait_ms(f, 100);
	scram_go_on(f, &c);
	assert_int_equal(f->said.type, LOGIN_AUTH_CHALLENGE);
	wait_ms(f, 200);
	said_fail(f, CODE(CREDENTIALS));
	done(f);
}

/* A master proves that he knows his password; his user's row says where. */
static void
test_scram_master(void **state)
{
	struct scram_client c = { .digest = DIGEST_SHA256, .pass = "pw" };
	struct fixture *f = fresh(NULL);
	char args[700];

	(void)state;
	scram_row(args, sizeof(args), DIGEST_SHA256, "");
	f->settings.auth_master_user_separator = (char []){ "*" };
	passdb(f, strstr(args, "password="))->master = true;
	passdb(f, ROUTE "master=m pass=x");
	start(f);
	scram_begin_with(f, &c, "joe*boss");
	scram_go_on(f, &c);
	answer(f, 1, "");
	assert_int_equal(f->said.type, LOGIN_AUTH_OK);
	assert_string_equal(f->said.route.destuser, "joe");
	assert_string_equal(f->said.route.master, "m");
	done(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_asked),
		cmocka_unit_test(test_no_masters),
		cmocka_unit_test(test_scram),
		cmocka_unit_test(test_pretence),
		cmocka_unit_test(test_pretence_of_spellings),
		cmocka_unit_test(test_no_proof_comes),
		cmocka_unit_test(test_pretence_costs),
		cmocka_unit_test(test_scram_bad),
		cmocka_unit_test(test_scram_cached),
		cmocka_unit_test(test_scram_delay),
		cmocka_unit_test(test_scram_master),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
