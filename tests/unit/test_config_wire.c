/* config_wire: there and back, what each role sees, malformed bytes. */
#include "unit.h"

#include "config/config_wire.h"
#include "config/settings.h"
#include "config/settings_read.h"
#include "config/settings_table.h"
#include "config/setting_value.h"
#include "ipc/roles.h"

static struct settings_faults faults;
static struct settings *all;

static const char conf[] =
    "protocols = imap pop3 imaps\nlogin_greeting = Hi\n"
    "listen = *, [::1]:1143\nlogin_trusted_networks = 10.0.0.0/8, ::/0\n"
    "auth_mechanisms = plain login\nprotocol pop3 {\n"
    "login_max_connections = 9\nlisten = *:0\n}\nauth default {\n"
    "passdb static {\nargs = pass=canary1\n}\n"
    "passdb static {\nargs = b\n}\npassdb passwd-file {\n"
    "args = scheme=SHA512 /canary5\n}\n}\nssl_key_password = canary2\n";

static int
setup(void **state)
{
	(void)state;
	all = settings_read_text("f", conf, strlen(conf), &faults);
	if (all == NULL)
		return -1;
	/* As a passdb of an SQL file. */
	all->passdbs[1].driver = PASSDB_SQL;
	all->passdbs[1].sql_connect = (char *)(uintptr_t)"canary3";
	all->passdbs[1].sql_driver = (char *)(uintptr_t)"sqlite";
	all->passdbs[1].sql_password_query =
	    (char *)(uintptr_t)"SELECT canary4";
	all->passdbs[1].sql_default_pass_scheme = (char *)(uintptr_t)"SSHA";
	all->login_ids = (struct settings_ids){ 11, 12 };
	all->auth_ids = (struct settings_ids){ 13, 14 };
	all->auth_worker_ids = (struct settings_ids){ 15, 16 };
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	settings_free(all);
	settings_faults_clear(&faults);
	return 0;
}

static struct settings *
copy_for(unsigned int role, struct buf *buf)
{
	buf_init(buf, 65536);
	assert_int_equal(config_wire_put(buf, all, role), 0);
	return config_wire_get(buf_head(buf), buf_used(buf));
}

static bool
has_bytes(const struct buf *buf, const char *text)
{
	return memmem(buf_head(buf), buf_used(buf), text, strlen(text)) !=
	    NULL;
}

/* What a static passdb says, or where an SQL file is, is not for workers. */
static bool
is_for_others(const struct setting *row, const void *passdb, unsigned int bit)
{
	return row->scope == SETTING_PASSDB && bit == SETTING_ROLE_WORKER &&
	    row->offset == offsetof(struct settings_passdb, args) &&
	    !settings_passdb_has_worker_args(
	    ((const struct settings_passdb *)passdb)->driver);
}

/* A field is the original's where the role sees it, else empty. */
static void
check_rows(const void *base, const void *original, enum setting_scope scope,
    unsigned int bit)
{
	static const uint8_t zero[sizeof(struct settings)];
	const char *empty = "";

	for (size_t i = 0; i < settings_table_rows; i++) {
		const struct setting *row = &settings_table[i];
		const void *field = (const uint8_t *)base + row->offset;
		const void *want = zero;
		bool is_text = row->type == SETTING_TEXT ||
		    row->type == SETTING_SECRET ||
		    row->type == SETTING_PATH || row->type == SETTING_WORD;

		if (row->scope != scope || row->only != 0)
			continue;
		if (is_text)
			want = &empty;
		if ((row->roles & bit) != 0 &&
		    !is_for_others(row, base, bit))
			want = (const uint8_t *)original + row->offset;
		if (!setting_value_is_same(row, field, want))
			fail_msg("%s for role bit %u", row->name, bit);
	}
}

static void
test_roles(void **state)
{
	static const unsigned int roles[] = {
		ROLE_ID_IMAP_LOGIN, ROLE_ID_POP3_LOGIN, ROLE_ID_AUTH,
		ROLE_ID_AUTH_WORKER,
	};

	(void)state;
	for (size_t i = 0; i < UNIT_LENGTH(roles); i++) {
		unsigned int bit = 1u << roles[i];
		struct settings *copy;
		struct buf buf;

		copy = copy_for(roles[i], &buf);
		assert_non_null(copy);
		check_rows(copy, all, SETTING_GLOBAL, bit);
		check_rows(&copy->services[0], &all->services[0],
		    SETTING_SERVICE,
		    roles[i] == ROLE_ID_POP3_LOGIN ? 0 : bit);
		check_rows(&copy->services[1], &all->services[1],
		    SETTING_SERVICE,
		    roles[i] == ROLE_ID_IMAP_LOGIN ? 0 : bit);
		for (size_t k = 0; k < copy->npassdbs; k++) {
			check_rows(&copy->passdbs[k], &all->passdbs[k],
			    SETTING_PASSDB, bit);
			check_rows(&copy->passdbs[k], &all->passdbs[k],
			    SETTING_SQL, bit);
		}
		for (size_t k = 0; k < SETTINGS_SERVICES; k++)
			assert_true(copy->services[k].is_enabled ==
			    all->services[k].is_enabled &&
			    copy->services[k].has_plain ==
			    all->services[k].has_plain &&
			    copy->services[k].has_ssl ==
			    all->services[k].has_ssl);
		settings_free(copy);
		buf_clear(&buf);
	}
}

/* Who gets which secret, by the bytes that are sent. */
static void
test_secrets(void **state)
{
	struct settings *copy;
	struct buf buf;

	(void)state;
	for (unsigned int role = ROLE_ID_IMAP_LOGIN;
	    role <= ROLE_ID_AUTH_WORKER; role++) {
		copy = copy_for(role, &buf);
		assert_non_null(copy);
		assert_true(has_bytes(&buf, "canary1") ==
		    (role == ROLE_ID_AUTH));
		assert_false(has_bytes(&buf, "canary2"));
		assert_true(has_bytes(&buf, "canary3") ==
		    (role == ROLE_ID_AUTH_WORKER));
		assert_true(has_bytes(&buf, "canary4") ==
		    (role >= ROLE_ID_AUTH));
		assert_true(has_bytes(&buf, "canary5") ==
		    (role >= ROLE_ID_AUTH));
		assert_true(has_bytes(&buf, "SSHA") == (role == ROLE_ID_AUTH));
		assert_int_equal(copy->npassdbs, role >= ROLE_ID_AUTH ? 3 : 0);
		assert_int_equal(copy->jail_uid, role == ROLE_ID_AUTH ? 13 :
		    role == ROLE_ID_AUTH_WORKER ? 15 : 11);
		assert_int_equal(copy->jail_gid, role == ROLE_ID_AUTH ? 14 :
		    role == ROLE_ID_AUTH_WORKER ? 16 : 12);
		settings_free(copy);
		buf_clear(&buf);
	}
	all->jail_uid = 99;
	all->jail_gid = 98;
	copy = copy_for(ROLE_ID_AUTH, &buf);
	assert_int_equal(copy->jail_uid, 99);
	assert_int_equal(copy->jail_gid, 98);
	settings_free(copy);
	buf_clear(&buf);
}

static void
test_fields(void **state)
{
	struct settings *copy;
	struct buf buf;

	(void)state;
	copy = copy_for(ROLE_ID_AUTH, &buf);
	assert_int_equal(copy->services[0].listen.n, 2);
	assert_int_equal(copy->services[0].listen.items[1].port, 1143);
	assert_int_equal(copy->services[1].listen.items[0].port, 0);
	assert_int_equal(copy->passdbs[0].driver, PASSDB_STATIC);
	assert_int_equal(copy->passdbs[1].driver, PASSDB_SQL);
	assert_int_equal(copy->auth_mechanisms.n, 2);
	assert_string_equal(copy->auth_mechanisms.items[1], "login");
	settings_free(copy);
	buf_clear(&buf);
	copy = copy_for(ROLE_ID_POP3_LOGIN, &buf);
	assert_int_equal(copy->services[1].login_max_connections, 9);
	assert_int_equal(copy->services[0].login_max_connections, 0);
	assert_int_equal(copy->login_trusted_networks.items[0].bits, 8);
	assert_string_equal(copy->services[1].login_greeting, "Hi");
	settings_free(copy);
	buf_clear(&buf);
}

static void
refused(const uint8_t *bytes, size_t len)
{
	/* Exactly as long as they are, for the sanitizers. */
	uint8_t *copy = malloc(len == 0 ? 1 : len);
	struct settings *settings;

	assert_non_null(copy);
	memcpy(copy, bytes, len);
	settings = config_wire_get(copy, len);
	free(copy);
	if (settings != NULL)
		fail_msg("%zu bytes were taken", len);
}

/* Cut anywhere but between two items, or longer. */
static void
test_cut(void **state)
{
	size_t n, len, ngood = 0;
	struct buf buf;
	uint8_t *bytes;

	(void)state;
	settings_free(copy_for(ROLE_ID_AUTH, &buf));
	len = buf_used(&buf);
	bytes = malloc(len + 1);
	memcpy(bytes, buf_head(&buf), len);
	bytes[len] = 0;
	for (n = 0; n < len; n++) {
		struct settings *copy = config_wire_get(bytes, n);

		ngood += copy != NULL;
		settings_free(copy);
	}
	assert_true(ngood < settings_table_rows * 2);
	refused(bytes, len + 1);
	free(bytes);
	buf_clear(&buf);
}

static void
test_malformed(void **state)
{
	/* The header: print, ids, flags of services, number of passdbs. */
	const size_t head = 4 + 4 + 4 + 2 * 3;
	struct buf buf;
	uint8_t *bytes;
	size_t len;

	(void)state;
	settings_free(copy_for(ROLE_ID_IMAP_LOGIN, &buf));
	len = buf_used(&buf);
	bytes = malloc(2 * len);
	memcpy(bytes, buf_head(&buf), len);
	bytes[0] ^= 1;			/* another table */
	refused(bytes, len);
	bytes[0] ^= 1;
	bytes[12] = 2;			/* not a boolean */
	refused(bytes, len);
	bytes[12] = 1;
	bytes[head] = SETTINGS_PASSDBS_MAX + 1;
	refused(bytes, len);
	bytes[head] = 0;
	bytes[head + 1] = 200;		/* no such object */
	refused(bytes, len);
	bytes[head + 1] = 3;		/* a passdb beyond their number */
	refused(bytes, len);
	bytes[head + 1] = 0;
	bytes[head + 3] = 0xff;		/* no such row */
	refused(bytes, len);
	bytes[head + 3] = 0;
	/* base_dir, the first row, with a newline in it. */
	bytes[head + 6] = '\n';
	refused(bytes, len);
	bytes[head + 6] = '/';
	settings_free(config_wire_get(bytes, len));
	/* All items a second time. */
	memcpy(bytes + len, bytes + head + 1, len - head - 1);
	refused(bytes, 2 * len - head - 1);
	free(bytes);
	buf_clear(&buf);
}

static void
test_no_room(void **state)
{
	struct buf buf;

	(void)state;
	buf_init(&buf, 100);
	assert_int_equal(config_wire_put(&buf, all, ROLE_ID_AUTH), -1);
	assert_int_equal(buf_used(&buf), 0);
	buf_clear(&buf);
}

int
main(void)
{
#define TEST(fn)	cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_roles),
		TEST(test_secrets),
		TEST(test_fields),
		TEST(test_cut),
		TEST(test_malformed),
		TEST(test_no_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
