/*
 * The keys of "connect", a row each.
 * Runs in: master.
 * Hostile input: none that counts: the text is root's.
 * Never: shows the value of a key whose value may be secret.
 */
#include "config/connect_keys.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "config/connect_pgsql.h"
#include "config/connect_text.h"
#include "config/setting_value.h"
#include "lib/strutil.h"

/* A day: longer than anything may take. */
#define CONNECT_SECONDS_MAX	86400
/*
 * Of MySQL's client flags: FOUND_ROWS, IGNORE_SPACE, INTERACTIVE,
 * MULTI_RESULTS and PS_MULTI_RESULTS.  The others let the server fetch files,
 * take several statements in one, or are none of the administrator's.
 */
#define CONNECT_MYSQL_FLAGS	(0x2 | 0x100 | 0x400 | 0x20000 | 0x40000)

enum connect_kind {
	CONNECT_TEXT,
	CONNECT_NUMBER,		/* of min to max */
	CONNECT_FLAGS,		/* a number with no bits but those of max */
	CONNECT_WORD,		/* one of words */
	CONNECT_FILE,		/* an absolute path */
	CONNECT_REFUSED,	/* words say why */
};

struct connect_key {
	const char		*key;
	enum connect_kind	 kind;
	uint64_t		 min, max;
	const char		*words;
};

static const char not_read[] =
    "files of the library are not read, write their values here";
static const char by_environment[] =
    "files of the library are not read, write the password here";

static const struct connect_key mysql_keys[] = {
	{ "port", CONNECT_NUMBER, 1, 65535, NULL },
	{ "user", CONNECT_TEXT, 0, 0, NULL },
	{ "password", CONNECT_TEXT, 0, 0, NULL },
	{ "dbname", CONNECT_TEXT, 0, 0, NULL },
	{ "connect_timeout", CONNECT_NUMBER, 1, CONNECT_SECONDS_MAX, NULL },
	{ "read_timeout", CONNECT_NUMBER, 1, CONNECT_SECONDS_MAX, NULL },
	{ "write_timeout", CONNECT_NUMBER, 1, CONNECT_SECONDS_MAX, NULL },
	{ "client_flags", CONNECT_FLAGS, 0, CONNECT_MYSQL_FLAGS, NULL },
	{ "ssl_ca", CONNECT_FILE, 0, 0, NULL },
	{ "ssl_ca_path", CONNECT_FILE, 0, 0, NULL },
	{ "ssl_cert", CONNECT_FILE, 0, 0, NULL },
	{ "ssl_key", CONNECT_FILE, 0, 0, NULL },
	{ "ssl_cipher", CONNECT_TEXT, 0, 0, NULL },
	{ "ssl_verify_server_cert", CONNECT_WORD, 0, 0, "yes no" },
	{ "option_file", CONNECT_REFUSED, 0, 0, not_read },
	{ "option_group", CONNECT_REFUSED, 0, 0, not_read },
	{ NULL, CONNECT_REFUSED, 0, 0, NULL },
};

static const struct connect_key pgsql_keys[] = {
	{ "hostaddr", CONNECT_TEXT, 0, 0, NULL },
	{ "port", CONNECT_NUMBER, 1, 65535, NULL },
	{ "user", CONNECT_TEXT, 0, 0, NULL },
	{ "password", CONNECT_TEXT, 0, 0, NULL },
	{ "dbname", CONNECT_TEXT, 0, 0, NULL },
	{ "connect_timeout", CONNECT_NUMBER, 0, CONNECT_SECONDS_MAX, NULL },
	{ "application_name", CONNECT_TEXT, 0, 0, NULL },
	{ "fallback_application_name", CONNECT_TEXT, 0, 0, NULL },
	{ "client_encoding", CONNECT_TEXT, 0, 0, NULL },
	{ "options", CONNECT_TEXT, 0, 0, NULL },
	{ "sslmode", CONNECT_WORD, 0, 0,
	    "disable allow prefer require verify-ca verify-full" },
	{ "sslrootcert", CONNECT_TEXT, 0, 0, NULL },
	{ "sslcert", CONNECT_FILE, 0, 0, NULL },
	{ "sslkey", CONNECT_TEXT, 0, 0, NULL },
	{ "sslpassword", CONNECT_TEXT, 0, 0, NULL },
	{ "sslcrl", CONNECT_FILE, 0, 0, NULL },
	{ "sslcrldir", CONNECT_FILE, 0, 0, NULL },
	{ "sslsni", CONNECT_NUMBER, 0, 1, NULL },
	{ "sslcompression", CONNECT_NUMBER, 0, 0, NULL },
	{ "ssl_min_protocol_version", CONNECT_TEXT, 0, 0, NULL },
	{ "ssl_max_protocol_version", CONNECT_TEXT, 0, 0, NULL },
	{ "channel_binding", CONNECT_WORD, 0, 0, "disable prefer require" },
	{ "gssencmode", CONNECT_WORD, 0, 0, "disable prefer require" },
	{ "krbsrvname", CONNECT_TEXT, 0, 0, NULL },
	{ "gsslib", CONNECT_TEXT, 0, 0, NULL },
	{ "requirepeer", CONNECT_TEXT, 0, 0, NULL },
	{ "target_session_attrs", CONNECT_WORD, 0, 0, "any read-write "
	    "read-only primary standby prefer-standby" },
	{ "keepalives", CONNECT_NUMBER, 0, 1, NULL },
	{ "keepalives_idle", CONNECT_NUMBER, 0, CONNECT_SECONDS_MAX, NULL },
	{ "keepalives_interval", CONNECT_NUMBER, 0, CONNECT_SECONDS_MAX,
	    NULL },
	{ "keepalives_count", CONNECT_NUMBER, 0, 100, NULL },
	{ "tcp_user_timeout", CONNECT_NUMBER, 0, CONNECT_SECONDS_MAX * 1000,
	    NULL },
	{ "password_without_tls", CONNECT_WORD, 0, 0, "yes no" },
	{ "passfile", CONNECT_REFUSED, 0, 0, by_environment },
	{ "service", CONNECT_REFUSED, 0, 0, not_read },
	{ "replication", CONNECT_REFUSED, 0, 0,
	    "a connection for queries is none for replication" },
	{ NULL, CONNECT_REFUSED, 0, 0, NULL },
};

static const struct {
	const char			*driver;
	const struct connect_key	*keys;
} connect_drivers[] = {
	{ "mysql", mysql_keys },
	{ "pgsql", pgsql_keys },
};

static const struct connect_key *
find_key(const char *driver, const char *key)
{
	const size_t n = sizeof(connect_drivers) / sizeof(connect_drivers[0]);

	for (size_t i = 0; i < n; i++) {
		const struct connect_key *k = connect_drivers[i].keys;

		if (strcmp(connect_drivers[i].driver, driver) != 0)
			continue;
		for (; k->key != NULL; k++)
			if (strcmp(k->key, key) == 0)
				return k;
	}
	return NULL;
}

/* NULL when the value is one of the key, else what it must be. */
static const char *
check_value(const struct connect_key *k, const char *value, char *buf,
    size_t size)
{
	const size_t len = strlen(value);
	uint64_t number;

	switch (k->kind) {
	case CONNECT_TEXT:
		return NULL;
	case CONNECT_NUMBER:
		(void)snprintf(buf, size, "must be a number from %llu to %llu",
		    (unsigned long long)k->min, (unsigned long long)k->max);
		return str_number(value, len, k->min, k->max, &number) == 0 ?
		    NULL : buf;
	case CONNECT_FLAGS:
		(void)snprintf(buf, size, "must be a number that has no bits "
		    "but those of %llu", (unsigned long long)k->max);
		return str_number(value, len, 0, UINT32_MAX, &number) == 0 &&
		    (number & ~k->max) == 0 ? NULL : buf;
	case CONNECT_WORD:
		(void)snprintf(buf, size, "must be one of: %s", k->words);
		return setting_value_is_word(k->words, value, len) ?
		    NULL : buf;
	case CONNECT_FILE:
		return value[0] == '/' ? NULL : "must be an absolute path";
	case CONNECT_REFUSED:
		break;
	}
	return k->words;
}

int
connect_keys_check(const struct connect_text *text, const char *driver,
    char *err, size_t err_size)
{
	const struct connect_key *k;
	const char *fault;
	char buf[160];

	for (size_t i = 0; i < text->nwords; i++) {
		const struct connect_word *word = &text->words[i];

		k = find_key(driver, word->key);
		fault = k == NULL ? "unknown key" :
		    check_value(k, word->value, buf, sizeof(buf));
		if (fault != NULL) {
			(void)snprintf(err, err_size, "%s: %s", word->key,
			    fault);
			return -1;
		}
	}
	return strcmp(driver, "pgsql") != 0 ? 0 :
	    connect_pgsql_check(text, err, err_size);
}
