/* Auth without processes, for the tests of its requests. */
#include "auth_fixture.h"

#include <bsd/string.h>
#include <time.h>

static void
on_reply(void *peer, uint32_t id, const struct auth_reply *reply)
{
	struct fixture *f = peer;
	struct said *s = &f->said;

	s->n++;
	s->id = id;
	s->type = reply->type;
	memset(&s->route, 0, sizeof(s->route));
	memset(&s->fail, 0, sizeof(s->fail));
	if (reply->type == LOGIN_AUTH_OK) {
		s->route = *reply->route;
		if (!f->keeps_grants)
			assert_int_equal(grant_cancel(&f->map.grants, id), 0);
	}
	if (reply->type == LOGIN_AUTH_FAIL)
		s->fail = *reply->fail;
	if (reply->type == LOGIN_AUTH_CHALLENGE)
		(void)snprintf(s->challenge, sizeof(s->challenge), "%.*s",
		    (int)reply->challenge->len,
		    (const char *)reply->challenge->data);
}

static void
on_want(void *arg)
{
	(void)arg;
}

static void
on_hung(void *arg, uint32_t pid)
{
	(void)arg;
	(void)pid;
}

static char *
text(const char *s)
{
	return (char *)(uintptr_t)s;
}

int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct settings *s;

	if (f == NULL)
		return -1;
	log_set_level((enum log_level)(LOG_LEVEL_ERROR + 1));
	s = &f->settings;
	s->auth_default_realm = s->auth_username_translation = text("");
	s->auth_username_chars = s->auth_username_format = text("");
	s->auth_master_user_separator = text("");
	s->auth_request_timeout_ms = 60000;
	s->auth_worker_timeout_ms = 60000;
	f->mechs[0] = text("plain");
	f->mechs[1] = text("login");
	s->auth_mechanisms.items = f->mechs;
	f->mechs[2] = text("oauthbearer");
	f->mechs[3] = text("xoauth2");
	f->mechs[4] = text("external");
	f->mechs[5] = text("scram-sha-1");
	f->mechs[6] = text("scram-sha-256");
	s->auth_mechanisms.n = UNIT_LENGTH(f->mechs);
	f->loop = loop_new();
	*state = f;
	return 0;
}

struct settings_passdb *
passdb(struct fixture *f, const char *args)
{
	struct settings_passdb *db =
	    &f->settings.passdbs[f->settings.npassdbs++];

	db->driver = args == NULL ? PASSDB_SQL : PASSDB_STATIC;
	db->args = text(args == NULL ? "sql.conf" : args);
	db->sql_default_pass_scheme = text("PLAIN");
	db->sql_driver = text("sqlite");
	db->sql_password_query = text(QUERY);
	return db;
}

void
start(struct fixture *f)
{
	struct worker_pool_config c = { .loop = f->loop, .count_max = 1,
		.timeout_ms = f->settings.auth_worker_timeout_ms,
		.idle_ms = 60000, .want = on_want, .hung = on_hung };
	char why[PASSDB_WHY_MAX];

	worker_pool_init(&f->pool, &c);
	assert_int_equal(auth_request_env_init(&f->env, &f->settings, f->loop,
	    &f->pool, why), 0);
	f->env.reply = on_reply;
	auth_request_map_init(&f->map, &f->env, f);
	f->is_open = true;
}

void
add_worker(struct fixture *f)
{
	fake_worker_open(&f->worker);
	worker_pool_add(&f->pool, f->worker.fd, 4711);
}

int
teardown(void **state)
{
	struct fixture *f = *state;

	if (f->is_open) {
		auth_request_cancel_all(&f->map);
		assert_int_equal(f->env.nopen, 0);
		worker_pool_clear(&f->pool);
		auth_request_env_clear(&f->env);
		channel_free(f->worker.channel);
	}
	loop_free(f->loop);
	free(f);
	return 0;
}

void
settle(struct fixture *f)
{
	for (int turn = 0; turn < 4; turn++) {
		loop_turn(f->loop, false);
		if (f->worker.channel != NULL)
			(void)fake_worker_look(&f->worker);
	}
}

void
wait_ms(struct fixture *f, unsigned int ms)
{
	struct timespec ts = { 0, 1000000 };

	for (unsigned int i = 0; i < ms; i++) {
		(void)nanosleep(&ts, NULL);
		settle(f);
	}
}

int
request_bytes(struct fixture *f, uint32_t id, const char *mech,
    const char *initial, size_t len)
{
	struct login_auth_request m = { .has_initial = initial != NULL,
		.attempt = 3,
		.initial = { (const uint8_t *)initial, len } };

	(void)strlcpy(m.mech, mech, sizeof(m.mech));
	(void)strlcpy(m.session, "s1", sizeof(m.session));
	if (f->cert_user != NULL)
		(void)strlcpy(m.cert_user, f->cert_user, sizeof(m.cert_user));
	m.cert = f->cert;
	assert_int_equal(netaddr_parse(&m.rip, "192.0.2.7", 9), 0);
	assert_int_equal(netaddr_parse(&m.lip, "192.0.2.1", 9), 0);
	m.lip.port = 143;
	m.real_rip = m.rip;
	m.real_lip = m.lip;
	return auth_exchange_open(&f->map, id, &m);
}

void
answer(struct fixture *f, uint32_t id, const char *text)
{
	struct login_auth_bytes m = { (const uint8_t *)text, strlen(text) };

	assert_int_equal(auth_exchange_continue(&f->map, id, &m), 0);
	settle(f);
}

void
plain(struct fixture *f, uint32_t id, const char *user, const char *pass)
{
	char initial[2000];
	int n;

	n = snprintf(initial, sizeof(initial), "%c%s%c%s", 0, user, 0, pass);
	assert_int_equal(request_bytes(f, id, "PLAIN", initial, (size_t)n), 0);
	settle(f);
}

void
said_fail(const struct fixture *f, enum login_auth_code code)
{
	assert_int_equal(f->said.type, LOGIN_AUTH_FAIL);
	assert_int_equal(f->said.fail.code, code);
}

void
row_is(struct fixture *f, const char *columns[][2])
{
	struct auth_worker_row row = { .found = AUTH_WORKER_ONE };

	for (; columns[row.ncolumns][0] != NULL; row.ncolumns++) {
		struct auth_worker_column *c = &row.columns[row.ncolumns];

		(void)strlcpy(c->name, columns[row.ncolumns][0],
		    sizeof(c->name));
		c->value = (const uint8_t *)columns[row.ncolumns][1];
		c->is_null = c->value == NULL;
		c->len = c->is_null ? 0 : strlen(columns[row.ncolumns][1]);
	}
	assert_int_equal(f->worker.type, AUTH_WORKER_LOOKUP);
	fake_worker_say_row(&f->worker, &row);
	settle(f);
}
