/*
 * Settings about TLS: sections local_name, and what must fit together.
 * Runs in: master.
 * Hostile input: none that counts: the files are root's.
 * Never: opens a certificate or a key.
 */
#include "config/settings_tls.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "config/arena.h"
#include "config/config_parse.h"
#include "config/settings_check.h"
#include "config/settings_reader.h"
#include "config/settings_table.h"

/* RFC 1035, 2.3.4; what a client can ask for is no longer. */
#define TLS_NAME_MAX	253

const char *const settings_tls_files[SETTINGS_TLS_FILES] = {
	[SETTINGS_TLS_CERT] = "ssl_cert_file",
	[SETTINGS_TLS_KEY] = "ssl_key_file",
	[SETTINGS_TLS_ALT_CERT] = "ssl_alt_cert_file",
	[SETTINGS_TLS_ALT_KEY] = "ssl_alt_key_file",
	[SETTINGS_TLS_CA] = "ssl_ca_file",
	[SETTINGS_TLS_CLIENT_CA] = "ssl_client_ca_file",
	[SETTINGS_TLS_CLIENT_CA_DIR] = "ssl_client_ca_dir",
	[SETTINGS_TLS_CLIENT_CERT] = "ssl_client_cert_file",
	[SETTINGS_TLS_CLIENT_KEY] = "ssl_client_key_file",
};

static const char *
place_text(struct reader *r, const struct config_place *place)
{
	const size_t size = strlen(place->file) + 16;
	char *text = arena_alloc(r->settings->arena, size);

	if (place->line == 0)
		(void)snprintf(text, size, "%s", place->file);
	else
		(void)snprintf(text, size, "%s:%u", place->file, place->line);
	return text;
}

/* A host name, whose first label may be "*" as a whole. */
static bool
is_name(const char *p, size_t len)
{
	size_t label = 0;

	if (len > 2 && p[0] == '*' && p[1] == '.') {
		p += 2;
		len -= 2;
	}
	if (len == 0 || len > TLS_NAME_MAX || p[len - 1] == '.')
		return false;
	for (; len > 0; p++, len--) {
		if (*p == '.') {
			if (label == 0)
				return false;
			label = 0;
		} else if (isalnum((unsigned char)*p) || *p == '-' ||
		    *p == '_')
			label++;
		else
			return false;
	}
	return true;
}

static void
check_names(struct reader *r, const struct config_node *section)
{
	const char *p = section->value;
	size_t len;

	for (; *p != '\0'; p += len + strspn(p + len, " \t")) {
		len = strcspn(p, " \t");
		if (!is_name(p, len))
			faults_add(r->faults, &section->place, "local_name: "
			    "%.*s is not a host name", (int)len, p);
	}
	if (section->value[0] == '\0')
		faults_add(r->faults, &section->place,
		    "local_name: expected a host name");
}

/* Room for one more, doubled now and then: there may be thousands. */
static struct settings_local_name *
local_name_new(struct reader *r)
{
	struct settings *set = r->settings;
	struct settings_local_name *grown;
	const size_t n = set->nlocal_names;

	if ((n & (n - 1)) == 0) {
		grown = arena_array(set->arena, n == 0 ? 1 : 2 * n,
		    sizeof(*grown));
		if (n > 0)
			memcpy(grown, set->local_names, n * sizeof(*grown));
		set->local_names = grown;
	}
	return &set->local_names[set->nlocal_names++];
}

/* A certificate without its key, or a key without a certificate. */
static void
check_pair(struct reader *r, const struct config_place *place,
    const char *cert, const char *key, enum settings_tls_file first)
{
	const char *missing = NULL;

	if (cert[0] != '\0' && key[0] == '\0')
		missing = settings_tls_files[first + 1];
	else if (cert[0] == '\0' && key[0] != '\0')
		missing = settings_tls_files[first];
	if (missing != NULL)
		faults_add(r->faults, place, "%s is missing", missing);
}

void
settings_tls_local_name(struct reader *r, const struct config_node *section)
{
	struct settings_local_name *local;
	const struct setting *row;

	if (r->settings->nlocal_names == SETTINGS_LOCAL_NAMES_MAX) {
		faults_add(r->faults, &section->place, "more than %d "
		    "local_name sections", SETTINGS_LOCAL_NAMES_MAX);
		return;
	}
	check_names(r, section);
	local = local_name_new(r);
	local->names = arena_strdup(r->settings->arena, section->value);
	local->place = place_text(r, &section->place);
	local->ssl_cert_file = local->ssl_key_file = arena_strdup(
	    r->settings->arena, "");
	local->ssl_alt_cert_file = local->ssl_alt_key_file =
	    local->ssl_cert_file;
	for (const struct config_node *node = section->children; node != NULL;
	    node = node->next) {
		row = settings_table_find(node->name, SETTING_LOCAL_NAME);
		if (row == NULL || node->is_section)
			faults_add(r->faults, &node->place,
			    "%s cannot be set for a local_name", node->name);
		else
			reader_set(r, row, local, node, 0);
	}
	if (local->ssl_cert_file[0] == '\0')
		faults_add(r->faults, &section->place,
		    "local_name: ssl_cert_file is missing");
	check_pair(r, &section->place, local->ssl_cert_file,
	    local->ssl_key_file, SETTINGS_TLS_CERT);
	check_pair(r, &section->place, local->ssl_alt_cert_file,
	    local->ssl_alt_key_file, SETTINGS_TLS_ALT_CERT);
}

void
settings_tls_derive(struct reader *r)
{
	struct settings *set = r->settings;
	struct config_place place;

	set->has_tls = !set->ssl_disable && strcmp(set->ssl, "no") != 0 &&
	    set->ssl_cert_file[0] != '\0';
	for (size_t i = 0; i < SETTINGS_TLS_FILES; i++) {
		place = reader_place(r, settings_tls_files[i], -1);
		set->tls_places[i] = place_text(r, &place);
	}
}

/* Certificates of clients. */
static void
check_client_certs(struct reader *r)
{
	const struct settings *set = r->settings;
	struct config_place place = reader_place(r, "ssl_verify_client_cert",
	    -1);
	bool is_asked = strcmp(set->ssl_verify_client_cert, "no") != 0;
	bool is_any = strcmp(set->ssl_verify_client_cert, "any-cert") == 0;

	if (is_asked && !is_any && set->ssl_ca_file[0] == '\0')
		faults_add(r->faults, &place, "ssl_verify_client_cert: "
		    "ssl_ca_file is missing");
	place = reader_place(r, "auth_mechanisms", -1);
	for (size_t i = 0; i < set->auth_mechanisms.n; i++)
		if (strcasecmp(set->auth_mechanisms.items[i], "external") ==
		    0 && (!is_asked || set->ssl_ca_file[0] == '\0' ||
		    !set->has_tls))
			faults_add(r->faults, &place, "mechanisms: external "
			    "needs TLS, ssl_verify_client_cert = yes and "
			    "ssl_ca_file");
	place = reader_place(r, "auth_ssl_require_client_cert", -1);
	if (set->auth_ssl_require_client_cert &&
	    (!is_asked || !set->has_tls))
		faults_add(r->faults, &place, "auth_ssl_require_client_cert: "
		    "without TLS and ssl_verify_client_cert nobody could log "
		    "in");
	place = reader_place(r, "auth_ssl_username_from_cert", -1);
	if (set->auth_ssl_username_from_cert &&
	    (!is_asked || set->ssl_ca_file[0] == '\0'))
		faults_add(r->faults, &place, "auth_ssl_username_from_cert: "
		    "without ssl_verify_client_cert = yes and ssl_ca_file "
		    "no certificate names anybody");
}

static void
check_global_pair(struct reader *r, const char *cert, const char *key,
    enum settings_tls_file first)
{
	struct config_place place = reader_place(r,
	    settings_tls_files[cert[0] != '\0' ? first : first + 1], -1);

	check_pair(r, &place, cert, key, first);
}

void
settings_tls_check(struct reader *r)
{
	const struct settings *set = r->settings;
	struct config_place place;

	check_global_pair(r, set->ssl_cert_file, set->ssl_key_file,
	    SETTINGS_TLS_CERT);
	check_global_pair(r, set->ssl_alt_cert_file, set->ssl_alt_key_file,
	    SETTINGS_TLS_ALT_CERT);
	check_global_pair(r, set->ssl_client_cert_file,
	    set->ssl_client_key_file, SETTINGS_TLS_CLIENT_CERT);
	if (set->ssl_cert_file[0] == '\0' &&
	    (set->ssl_alt_cert_file[0] != '\0' || set->nlocal_names > 0)) {
		place = reader_place(r, "ssl_cert_file", -1);
		faults_add(r->faults, &place, "ssl_cert_file is missing: "
		    "clients that ask for no name need it");
	}
	place = reader_place(r, "ssl", -1);
	if (strcmp(set->ssl, "required") == 0 && !set->has_tls)
		faults_add(r->faults, &place, "ssl = required: without "
		    "ssl_cert_file and ssl_key_file nobody could log in");
	check_client_certs(r);
}
