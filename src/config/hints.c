/*
 * Finds names that are near to one that is not known.
 * Runs in: master.
 * Hostile input: none that counts: the files are root's.
 * Never: takes a name for another: it only tells.
 */
#include "config/hints.h"

#include <stdio.h>
#include <string.h>

#include "config/settings_table.h"

/* Longer names are nobody's slip of the finger. */
#define HINTS_NAME_MAX	48
/* So many letters may be wrong, missing, or too many. */
#define HINTS_WRONG_MAX	3u

/* Names of Dovecot 2, as far as there is something like them. */
static const struct {
	const char	*name, *here;
} hints_renamed[] = {
	{ "ssl_cert", "ssl_cert_file, without the '<'" },
	{ "ssl_key", "ssl_key_file, without the '<'" },
	{ "ssl_ca", "ssl_ca_file, without the '<'" },
	{ "ssl_alt_cert", "ssl_alt_cert_file, without the '<'" },
	{ "ssl_alt_key", "ssl_alt_key_file, without the '<'" },
	{ "ssl_client_ca", "ssl_client_ca_file" },
	{ "ssl_client_cert", "ssl_client_cert_file, without the '<'" },
	{ "ssl_client_key", "ssl_client_key_file, without the '<'" },
	{ "ssl_server_cert_file", "ssl_cert_file" },
	{ "ssl_server_key_file", "ssl_key_file" },
	{ "ssl_server_ca_file", "ssl_ca_file" },
	{ "ssl_server_alt_cert_file", "ssl_alt_cert_file" },
	{ "ssl_server_alt_key_file", "ssl_alt_key_file" },
	{ "ssl_server_prefer_ciphers", "ssl_prefer_server_ciphers" },
	{ "ssl_request_client_cert", "ssl_verify_client_cert" },
	{ "ssl_server_request_client_cert", "ssl_verify_client_cert" },
	{ "ssl_protocols", "ssl_min_protocol" },
	{ "ssl_client_require_valid_cert", "the fields ssl and starttls, "
	    "with the value any-cert" },
	{ "ssl_dh", "nothing: Diffie-Hellman parameters are not used" },
	{ "ssl_dh_parameters_length", "nothing: Diffie-Hellman parameters "
	    "are not used" },
	{ "ssl_options", "nothing" },
	{ "auth_allow_cleartext", "disable_plaintext_auth, with yes for no" },
	{ "default_login_user", "login_user" },
	{ "default_internal_user", "auth_user, auth_worker_user and "
	    "tls_signer_user" },
	{ "default_process_limit", "login_max_sessions" },
	{ "default_client_limit", "login_max_sessions" },
	{ "default_vsz_limit", "login_process_size, auth_process_size" },
	{ "instance_name", "base_dir, one for each instance" },
	{ "state_dir", "base_dir" },
	{ "debug_log_path", "log_path" },
	{ "log_core_filter", "nothing" },
	{ "log_debug", "auth_debug" },
	{ "dovecot_config_version", "nothing: this is no dovecot.conf" },
	{ "dovecot_storage_version", "nothing: this is no dovecot.conf" },
	{ "sql_driver", "driver, in the SQL file" },
	{ "passdb_sql_query", "password_query, in the SQL file" },
};

/* Sections of Dovecot 2. */
static const struct {
	const char	*name, *here;
} hints_sections[] = {
	{ "passdb", "a passdb stands in an auth section, and its driver "
	    "behind it: auth default { passdb sql { args = FILE } }" },
	{ "userdb", "a userdb stands in an auth section" },
	{ "service", "see listen, login_processes_count and "
	    "login_max_sessions for what it sets" },
	{ "inet_listener", "see listen" },
	{ "unix_listener", "there are no other sockets" },
	{ "local", "settings are the same on all addresses; local_name has "
	    "certificates" },
	{ "remote", "settings are the same for all clients; see "
	    "login_trusted_networks" },
	{ "sql", "a database is told in the SQL file of a passdb" },
	{ "mysql", "a database is told in the SQL file of a passdb" },
	{ "pgsql", "a database is told in the SQL file of a passdb" },
	{ "sqlite", "a database is told in the SQL file of a passdb" },
};

static unsigned int
least(unsigned int a, unsigned int b, unsigned int c)
{
	unsigned int two = a < b ? a : b;

	return two < c ? two : c;
}

/* How many letters differ: Levenshtein's distance, row by row. */
static unsigned int
hints_distance(const char *a, const char *b)
{
	unsigned int row[HINTS_NAME_MAX + 1], left, above;
	size_t na = strlen(a), nb = strlen(b);

	if (na > HINTS_NAME_MAX || nb > HINTS_NAME_MAX)
		return HINTS_WRONG_MAX + 1;
	for (unsigned int k = 0; k <= nb; k++)
		row[k] = k;
	for (size_t i = 0; i < na; i++) {
		left = row[0];
		row[0] = (unsigned int)i + 1;
		for (size_t k = 0; k < nb; k++) {
			above = row[k + 1];
			row[k + 1] = least(above + 1, row[k] + 1,
			    left + (a[i] != b[k]));
			left = above;
		}
	}
	return row[nb];
}

/* One of a few letters is near to everything. */
static unsigned int
hints_wrong_max(const char *name)
{
	size_t len = strlen(name);

	return len < 4 ? 0 : len < 8 ? 1 : len < 16 ? 2 : HINTS_WRONG_MAX;
}

const char *
hints_setting(const char *name, int scope, char *dst)
{
	const size_t n = sizeof(hints_renamed) / sizeof(hints_renamed[0]);
	unsigned int best = hints_wrong_max(name) + 1, distance;
	const char *found = NULL;

	dst[0] = '\0';
	for (size_t i = 0; i < n; i++) {
		if (strcmp(hints_renamed[i].name, name) == 0) {
			(void)snprintf(dst, HINTS_TEXT_MAX, "; in its place "
			    "there is %s", hints_renamed[i].here);
			return dst;
		}
	}
	for (size_t i = 0; i < settings_table_rows; i++) {
		if (settings_table[i].scope != scope &&
		    !(scope == SETTING_GLOBAL &&
		    settings_table[i].scope == SETTING_SERVICE))
			continue;
		distance = hints_distance(name, settings_table[i].name);
		if (distance < best) {
			best = distance;
			found = settings_table[i].name;
		}
	}
	if (found != NULL)
		(void)snprintf(dst, HINTS_TEXT_MAX, "; is %s meant?", found);
	return dst;
}

const char *
hints_section(const char *name, char *dst)
{
	const size_t n = sizeof(hints_sections) / sizeof(hints_sections[0]);

	dst[0] = '\0';
	for (size_t i = 0; i < n; i++) {
		if (strcmp(hints_sections[i].name, name) == 0)
			(void)snprintf(dst, HINTS_TEXT_MAX, "; %s",
			    hints_sections[i].here);
	}
	return dst;
}
