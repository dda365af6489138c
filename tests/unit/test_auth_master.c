/* auth_master, auth_chain: which passdbs are asked about whom, and when. */
#include "auth_fixture.h"

#include "config/var.h"

#define CODE(word)	LOGIN_AUTH_CODE_##word
#define OK		-1

/* What a passdb of a case is. */
enum kind {
	USERS = 0,
	PASS = 1,	/* pass = yes */
	DENY = 2,
	MASTERS = 4,
};

struct chain_case {
	const char	*name;
	struct {
		enum kind	 kind;
		const char	*args;
	} dbs[4];
	const char	*user, *pass;
	int		 want;		/* code, or OK */
	const char	*host, *destuser, *master;
};

#define JOE	"proxy=y host=10.0.0.1 password=joe"
#define BOSS	"password=boss"
#define HOST2	"proxy=y host=10.0.0.2 "

/* Static passdbs know everybody, with one password. */
static const struct chain_case chain_cases[] = {
	/* Ordinary logins: deny and pass, in their orders. */
	{ "deny first", { { DENY, "x=y" }, { USERS, JOE } },
	    "joe", "joe", CODE(CREDENTIALS), NULL, NULL, NULL },
	{ "deny behind who lets him in", { { USERS, JOE }, { DENY, "x=y" } },
	    "joe", "joe", OK, "10.0.0.1", "joe", "" },
	{ "deny behind who does not", { { USERS, JOE }, { DENY, "x=y" } },
	    "joe", "bad", CODE(CREDENTIALS), NULL, NULL, NULL },
	{ "deny behind pass", { { PASS, "password=joe" }, { DENY, "x=y" },
	    { USERS, JOE } },
	    "joe", "joe", CODE(CREDENTIALS), NULL, NULL, NULL },
	{ "deny with pass", { { DENY | PASS, "x=y" }, { USERS, JOE } },
	    "joe", "joe", CODE(CREDENTIALS), NULL, NULL, NULL },
	{ "pass, then a route", { { PASS, "password=joe destuser=j" },
	    { USERS, HOST2 } }, "joe", "joe", OK, "10.0.0.2", "j", "" },
	{ "pass: the next does not compare again", {
	    { PASS, "password=joe" }, { USERS, HOST2 "password=other" } },
	    "joe", "joe", OK, "10.0.0.2", "joe", "" },
	{ "pass: wrong there, right in the next", {
	    { PASS, "password=other destuser=no" }, { USERS, JOE } },
	    "joe", "joe", OK, "10.0.0.1", "joe", "" },
	{ "pass: wrong there and in the next", {
	    { PASS, "password=other" }, { USERS, JOE } },
	    "joe", "bad", CODE(CREDENTIALS), NULL, NULL, NULL },
	{ "pass by the host: the next compares", {
	    { PASS, "nopassword=y" }, { USERS, JOE } },
	    "joe", "bad", CODE(CREDENTIALS), NULL, NULL, NULL },
	{ "pass: the next refuses by address", { { PASS, "password=joe" },
	    { USERS, JOE " allow_nets=10.9.9.9" } },
	    "joe", "joe", CODE(CREDENTIALS), NULL, NULL, NULL },
	{ "pass at the end decides", { { PASS, JOE } },
	    "joe", "joe", OK, "10.0.0.1", "joe", "" },
	{ "three times pass", { { PASS, "password=joe destuser=a" },
	    { PASS, "port=144" }, { PASS, HOST2 "destuser=b" } },
	    "joe", "joe", OK, "10.0.0.2", "b", "" },
	{ "a master's passdb is not for users", { { MASTERS, HOST2 BOSS },
	    { USERS, JOE } }, "boss", "boss", CODE(CREDENTIALS), NULL, NULL,
	    NULL },
	{ "unless it is an ordinary one too", { { MASTERS, HOST2 BOSS },
	    { USERS, HOST2 BOSS } }, "boss", "boss", OK, "10.0.0.2", "boss",
	    "" },
	{ "pass does not lead to a master's passdb", {
	    { PASS, "password=joe" }, { MASTERS, HOST2 BOSS } },
	    "joe", "joe", CODE(TEMP), NULL, NULL, NULL },

	/* Logins of masters. */
	{ "master", { { MASTERS | PASS, BOSS }, { USERS, JOE } },
	    "joe*boss", "boss", OK, "10.0.0.1", "joe", "boss" },
	{ "master, in the other order", { { USERS, JOE },
	    { MASTERS | PASS, BOSS } },
	    "joe*boss", "boss", OK, "10.0.0.1", "joe", "boss" },
	{ "the user's password is not a master's", {
	    { MASTERS | PASS, BOSS }, { USERS, JOE } },
	    "joe*boss", "joe", CODE(CREDENTIALS), NULL, NULL, NULL },
	{ "master without pass", { { MASTERS, BOSS }, { USERS, JOE } },
	    "joe*boss", "boss", OK, "10.0.0.1", "joe", "boss" },
	{ "his own row leads somewhere", { { MASTERS, HOST2 BOSS },
	    { USERS, JOE } },
	    "joe*boss", "boss", OK, "10.0.0.2", "joe", "boss" },
	{ "it may name the user", {
	    { MASTERS, HOST2 BOSS " destuser=%{login_user}@%u" } },
	    "joe*boss", "boss", OK, "10.0.0.2", "joe@boss", "boss" },
	{ "with pass it does not decide", { { MASTERS | PASS, HOST2 BOSS },
	    { USERS, JOE } },
	    "joe*boss", "boss", OK, "10.0.0.1", "joe", "boss" },
	{ "what it says stays", { { MASTERS | PASS, BOSS " destuser=x" },
	    { USERS, JOE } },
	    "joe*boss", "boss", OK, "10.0.0.1", "x", "boss" },
	{ "second master's passdb", { { MASTERS, "password=other" },
	    { USERS, JOE }, { MASTERS | PASS, BOSS } },
	    "joe*boss", "boss", OK, "10.0.0.1", "joe", "boss" },
	{ "no master's passdb", { { USERS, JOE } },
	    "joe*boss", "joe", CODE(CREDENTIALS), NULL, NULL, NULL },
	{ "deny for masters", { { MASTERS | DENY, "x=y" },
	    { MASTERS | PASS, BOSS }, { USERS, JOE } },
	    "joe*boss", "boss", CODE(CREDENTIALS), NULL, NULL, NULL },
	{ "deny for masters is not for users", { { MASTERS | DENY, "x=y" },
	    { USERS, JOE } }, "joe", "joe", OK, "10.0.0.1", "joe", "" },
	{ "deny for users is for masters' users too", { { DENY, "x=y" },
	    { MASTERS | PASS, BOSS }, { USERS, JOE } },
	    "joe*boss", "boss", CODE(CREDENTIALS), NULL, NULL, NULL },
	{ "nopassword is for no master", { { MASTERS, "nopassword=y" },
	    { USERS, JOE } },
	    "joe*boss", "boss", CODE(CREDENTIALS), NULL, NULL, NULL },
	{ "nor is NULL", { { MASTERS, HOST2 }, { USERS, JOE } },
	    "joe*boss", "boss", CODE(CREDENTIALS), NULL, NULL, NULL },
	{ "nor an empty password", { { MASTERS, "password=" },
	    { USERS, JOE } },
	    "joe*boss", "boss", CODE(CREDENTIALS), NULL, NULL, NULL },
	{ "a master's addresses", { { MASTERS, BOSS " allow_nets=10.9.9.9" },
	    { USERS, JOE } },
	    "joe*boss", "boss", CODE(CREDENTIALS), NULL, NULL, NULL },
	{ "the user's addresses", { { MASTERS, BOSS },
	    { USERS, JOE " allow_nets=10.9.9.9" } },
	    "joe*boss", "boss", CODE(CREDENTIALS), NULL, NULL, NULL },
	{ "the user's row has its own", { { MASTERS | PASS, BOSS },
	    { USERS, JOE " master=proxy pass=secret" } },
	    "joe*boss", "boss", OK, "10.0.0.1", "joe", "proxy" },
	{ "another name for him", { { MASTERS | PASS, BOSS " user=chief" },
	    { USERS, JOE " destuser=%{auth_user}" } },
	    "joe*boss", "boss", OK, "10.0.0.1", "chief", "chief" },
	{ "nologin of a master", { { MASTERS, BOSS " nologin=y" },
	    { USERS, JOE } }, "joe*boss", "boss", CODE(DISABLED), NULL, NULL,
	    NULL },
	{ "a user's row that is a fault", { { MASTERS, BOSS },
	    { USERS, "proxy=y password=joe" } },
	    "joe*boss", "boss", CODE(TEMP), NULL, NULL, NULL },

	/* Names. */
	{ "himself", { { MASTERS, HOST2 BOSS }, { USERS, JOE } },
	    "joe*joe", "joe", OK, "10.0.0.1", "joe", "" },
	{ "himself as master", { { MASTERS, HOST2 BOSS }, { USERS, JOE } },
	    "boss*boss", "boss", CODE(CREDENTIALS), NULL, NULL, NULL },
	{ "no user", { { MASTERS, HOST2 BOSS }, { USERS, JOE } },
	    "*boss", "boss", CODE(CREDENTIALS), NULL, NULL, NULL },
	{ "no master", { { MASTERS, HOST2 "password=joe" }, { USERS, JOE } },
	    "joe*", "joe", CODE(CREDENTIALS), NULL, NULL, NULL },
	{ "two", { { MASTERS, HOST2 BOSS }, { USERS, JOE } },
	    "joe*boss*boss", "boss", CODE(CREDENTIALS), NULL, NULL, NULL },
	{ "a bad user", { { MASTERS, HOST2 BOSS }, { USERS, JOE } },
	    "jo e*boss", "boss", CODE(CREDENTIALS), NULL, NULL, NULL },
	{ "a bad master", { { MASTERS, HOST2 BOSS }, { USERS, JOE } },
	    "joe*bo ss", "boss", CODE(CREDENTIALS), NULL, NULL, NULL },
};

static void
run_case(const struct chain_case *c)
{
	static char separator[] = "*", chars[] = "abcdefghijklmnopqrstuvwxyz";
	struct fixture *f;
	void *fresh = NULL;
	char got[NETADDR_TEXT_MAX];
	int code;

	assert_int_equal(setup(&fresh), 0);
	f = fresh;
	f->settings.auth_master_user_separator = separator;
	f->settings.auth_username_chars = chars;
	for (size_t i = 0; i < UNIT_LENGTH(c->dbs) &&
	    c->dbs[i].args != NULL; i++) {
		struct settings_passdb *db = passdb(f, c->dbs[i].args);

		db->pass = (c->dbs[i].kind & PASS) != 0;
		db->deny = (c->dbs[i].kind & DENY) != 0;
		db->master = (c->dbs[i].kind & MASTERS) != 0;
	}
	start(f);
	plain(f, 1, c->user, c->pass);
	assert_int_equal(f->said.n, 1);
	code = f->said.type == LOGIN_AUTH_OK ? OK : f->said.fail.code;
	if (code != c->want)
		fail_msg("%s: %d", c->name, code);
	if (code == OK) {
		if (strcmp(netaddr_text(&f->said.route.addrs[0], got),
		    c->host) != 0 ||
		    strcmp(f->said.route.destuser, c->destuser) != 0 ||
		    strcmp(f->said.route.master, c->master) != 0)
			fail_msg("%s: %s as %s by %s", c->name, got,
			    f->said.route.destuser, f->said.route.master);
	}
	assert_int_equal(f->env.nopen, 0);
	assert_int_equal(teardown(&fresh), 0);
}

static void
test_orders(void **state)
{
	(void)state;
	for (size_t i = 0; i < UNIT_LENGTH(chain_cases); i++)
		run_case(&chain_cases[i]);
}

/* A suite with a master's and an ordinary SQL passdb. */
static struct fixture *
masters(void **state)
{
	static char separator[] = "*", format[] = "%Lu";
	struct fixture *f = *state;

	f->settings.auth_master_user_separator = separator;
	f->settings.auth_username_format = format;
	passdb(f, NULL);
	passdb(f, NULL)->master = true;
	start(f);
	add_worker(f);
	return f;
}

static void
looked_up(struct fixture *f, unsigned int passdb_index, const char *user)
{
	assert_int_equal(f->worker.type, AUTH_WORKER_LOOKUP);
	assert_int_equal(f->worker.lookup.passdb, passdb_index);
	assert_string_equal(f->worker.lookup.user, user);
	assert_string_equal(f->worker.lookup.login_user, "joe");
	assert_string_equal(f->worker.lookup.auth_user, "boss");
}

static const char *slow_boss[][2] = { { "password",
	"{CRYPT}$5$saltstring$yWBCwTL21biHTxrX6NBy."
	"qC5AUs1.Ace6umi5TT2xOA" }, { NULL, NULL } };
static const char *slow_joe[][2] = { { "proxy", "Y" },
	{ "host", "10.0.0.1" }, { "password",
	"{CRYPT}$6$rounds=9999$saltstring$x" }, { NULL, NULL } };

/* Who is looked up where, by the rules for names; what the log is told. */
static void
test_lookups(void **state)
{
	struct fixture *f = masters(state);

	plain(f, 1, "Joe*BOSS", "pw");
	looked_up(f, 1, "boss");
	row_is(f, slow_boss);
	assert_int_equal(f->worker.type, AUTH_WORKER_VERIFY);
	fake_worker_say_verified(&f->worker, AUTH_WORKER_MATCH);
	settle(f);
	looked_up(f, 0, "joe");
	row_is(f, slow_joe);
	/* joe's hash is not verified */
	assert_int_equal(f->said.type, LOGIN_AUTH_OK);
	assert_string_equal(f->said.route.user, "joe");
	assert_string_equal(f->said.route.destuser, "joe");
	assert_string_equal(f->said.route.master, "boss");
	assert_string_equal(f->said.route.pass, "pw");
	assert_int_equal(f->said.route.way, LOGIN_AUTH_WAY_PLAIN);
	assert_string_equal(f->env.chain.dbs[0].dummy, "");
	/* a name without a master */
	plain(f, 1, "Joe", "pw");
	assert_int_equal(f->worker.lookup.passdb, 0);
	assert_string_equal(f->worker.lookup.login_user, "joe");
	assert_string_equal(f->worker.lookup.auth_user, "joe");
	fake_worker_say_found(&f->worker, AUTH_WORKER_NONE);
	settle(f);
	said_fail(f, LOGIN_AUTH_CODE_CREDENTIALS);
	assert_string_equal(f->said.fail.user, "joe");
}

/* T-A2, T-M2: unknown master, wrong password, unknown user: all the same. */
static void
test_equal_failures(void **state)
{
	struct fixture *f = masters(state);
	struct login_auth_fail wrong;

	/* each passdb's own costs are learnt */
	plain(f, 1, "joe", "pw");
	row_is(f, slow_joe);
	fake_worker_say_verified(&f->worker, AUTH_WORKER_MISMATCH);
	settle(f);
	plain(f, 1, "joe*boss", "pw");
	row_is(f, slow_boss);
	assert_string_equal(f->worker.verify.hash, slow_boss[0][1]);
	fake_worker_say_verified(&f->worker, AUTH_WORKER_MISMATCH);
	settle(f);
	said_fail(f, LOGIN_AUTH_CODE_CREDENTIALS);
	assert_int_equal(f->worker.type, 0);
	wrong = f->said.fail;
	assert_string_equal(wrong.user, "joe*boss");
	/* an unknown master costs as much as a known one */
	plain(f, 1, "joe*boss", "pw");
	fake_worker_say_found(&f->worker, AUTH_WORKER_NONE);
	settle(f);
	assert_int_equal(f->worker.type, AUTH_WORKER_VERIFY);
	assert_string_equal(f->worker.verify.hash, "{CRYPT}$5$saltstring$");
	fake_worker_say_verified(&f->worker, AUTH_WORKER_MISMATCH);
	settle(f);
	assert_memory_equal(&f->said.fail, &wrong, sizeof(wrong));
	/* an unknown user, when the master is right */
	plain(f, 1, "joe*boss", "pw");
	row_is(f, slow_boss);
	fake_worker_say_verified(&f->worker, AUTH_WORKER_MATCH);
	settle(f);
	fake_worker_say_found(&f->worker, AUTH_WORKER_NONE);
	settle(f);
	assert_memory_equal(&f->said.fail, &wrong, sizeof(wrong));
	assert_int_equal(f->worker.type, 0);
	/* names that nobody has */
	plain(f, 1, "joe*", "pw");
	assert_int_equal(f->worker.type, AUTH_WORKER_VERIFY);
	assert_string_equal(f->worker.verify.hash, "{CRYPT}$5$saltstring$");
	fake_worker_say_verified(&f->worker, AUTH_WORKER_MISMATCH);
	settle(f);
	said_fail(f, LOGIN_AUTH_CODE_CREDENTIALS);
}

/* A database that is down is neither a wrong password nor a wrong host. */
static void
test_faults(void **state)
{
	struct fixture *f = *state;
	static char separator[] = "*";

	f->settings.auth_master_user_separator = separator;
	passdb(f, NULL)->master = true;
	passdb(f, BOSS)->master = true;
	passdb(f, NULL);
	passdb(f, HOST2);
	start(f);
	add_worker(f);
	/* another passdb of masters has compared the password itself */
	plain(f, 1, "joe*boss", "boss");
	fake_worker_say_found(&f->worker, AUTH_WORKER_FAULT);
	settle(f);
	assert_int_equal(f->worker.lookup.passdb, 2);
	row_is(f, slow_joe);
	assert_int_equal(f->said.type, LOGIN_AUTH_OK);
	plain(f, 1, "joe*boss", "bad");
	fake_worker_say_found(&f->worker, AUTH_WORKER_FAULT);
	settle(f);
	said_fail(f, LOGIN_AUTH_CODE_TEMP);
	/* joe's own passdb is down: the fallback would be the wrong host */
	plain(f, 1, "joe*boss", "boss");
	fake_worker_say_found(&f->worker, AUTH_WORKER_NONE);
	settle(f);
	fake_worker_say_found(&f->worker, AUTH_WORKER_FAULT);
	settle(f);
	said_fail(f, LOGIN_AUTH_CODE_TEMP);
}

/* A passdb that checks passwords is not shown a master's for his user. */
static void
test_checking_passdb(void **state)
{
	struct fixture *f = *state;
	static char separator[] = "*";

	f->settings.auth_master_user_separator = separator;
	passdb(f, NULL)->driver = PASSDB_NGINX_HTTP;
	passdb(f, BOSS)->master = true;
	passdb(f, JOE);
	start(f);
	add_worker(f);
	plain(f, 1, "joe*boss", "boss");
	assert_int_equal(f->worker.ntasks, 0);
	assert_int_equal(f->said.type, LOGIN_AUTH_OK);
	assert_string_equal(f->said.route.host, "10.0.0.1");
	plain(f, 1, "joe", "boss");
	assert_int_equal(f->worker.ntasks, 1);
	assert_string_equal(f->worker.lookup.pass, "boss");
}

/* One login of which the cache must answer this much. */
static void
login(struct fixture *f, const char *name, unsigned int ntasks)
{
	unsigned int before = f->worker.ntasks;

	plain(f, 1, name, "boss");
	while (f->worker.type == AUTH_WORKER_LOOKUP) {
		if (f->worker.lookup.passdb == 1)
			row_is(f, (const char *[][2]){
				{ "password", "boss" }, { NULL, NULL } });
		else
			row_is(f, (const char *[][2]){ { "proxy", "Y" },
				{ "host", "10.0.0.1" },
				{ "password", "boss" }, { NULL, NULL } });
	}
	if (f->worker.ntasks - before != ntasks)
		fail_msg("%s: %u tasks", name, f->worker.ntasks - before);
	assert_int_equal(f->said.type, LOGIN_AUTH_OK);
}

/* T-C1: all that a query uses of a master and his user is in its key. */
static void
test_T_C1_cache(void **state)
{
	static char by_both[] = "SELECT 1 FROM t WHERE m = '%u' AND "
	    "u = '%{login_user}'", by_master[] = "SELECT 1 FROM t WHERE "
	    "u = '%u' AND m = '%{auth_user}'", by_user[] =
	    "SELECT 1 FROM t WHERE u = '%u'", separator[] = "*";
	struct fixture *f = *state;

	f->settings.auth_master_user_separator = separator;
	f->settings.auth_cache_size_bytes = 1 << 20;
	f->settings.auth_cache_ttl_ms = 3600000;
	passdb(f, NULL)->sql_password_query = by_master;
	passdb(f, NULL)->sql_password_query = by_both;
	f->settings.passdbs[1].master = true;
	start(f);
	add_worker(f);
	login(f, "joe*boss", 2);
	login(f, "joe*boss", 0);
	login(f, "jim*boss", 2);
	login(f, "joe*chief", 2);
	login(f, "joe", 1);
	login(f, "joe", 0);
	login(f, "joe*boss", 0);
	auth_request_cancel_all(&f->map);
	auth_request_env_clear(&f->env);
	worker_pool_clear(&f->pool);
	channel_free(f->worker.channel);
	/* one query for both kinds: each passdb has its own rows */
	f->settings.passdbs[0].sql_password_query = by_user;
	f->settings.passdbs[1].sql_password_query = by_user;
	start(f);
	add_worker(f);
	login(f, "boss", 1);
	login(f, "joe*boss", 2);
	login(f, "jim*boss", 1);
	login(f, "boss*joe", 1);
	login(f, "boss", 0);
}

#define T(fn)	cmocka_unit_test_setup_teardown(fn, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_orders),
		T(test_lookups),
		T(test_equal_failures),
		T(test_faults),
		T(test_checking_passdb),
		T(test_T_C1_cache),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
