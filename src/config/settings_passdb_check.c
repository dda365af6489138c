/*
 * Passdbs that are files or services: their arguments and their files.
 * Runs in: master.
 * Hostile input: the file system, as other users may have arranged it.
 * Never: reads what is in the files.
 */
#include "config/settings_passdb_check.h"

#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include "config/arena.h"
#include "config/config_file.h"
#include "config/http_args.h"
#include "config/passwd_args.h"
#include "config/settings_reader.h"
#include "config/settings_sql.h"

#define PASSDB_ERROR_MAX	256
/* Certificates of every authority that there is fit into this. */
#define PASSDB_PEM_MAX		(4u * 1024 * 1024)

#ifdef WITH_CURL
static const bool has_http_client = true;
#else
static const bool has_http_client = false;
#endif

bool
settings_passdb_has_http(void)
{
	return has_http_client;
}

static void
passwd_file_args(struct reader *r, size_t i)
{
	struct settings_passdb *p = &r->settings->passdbs[i];
	const struct config_place *place = &r->passdb_places[i];
	char err[PASSDB_ERROR_MAX];
	struct passwd_args args;

	if (passwd_args_parse(&args, p->args, err, sizeof(err)) == -1) {
		faults_add(r->faults, place, "passdb passwd-file: %s", err);
		return;
	}
	settings_sql_scheme(r, "passdb passwd-file: scheme", args.scheme,
	    place);
	p->sql_default_pass_scheme = arena_strdup(r->settings->arena,
	    args.scheme);
}

static void
nginx_http_args(struct reader *r, size_t i)
{
	struct settings_passdb *p = &r->settings->passdbs[i];
	const struct config_place *place = &r->passdb_places[i];
	char err[PASSDB_ERROR_MAX], label[HTTP_ARGS_LABEL_MAX];
	struct http_args args;

	if (!has_http_client) {
		faults_add(r->faults, place, "passdb nginx-http: this build "
		    "of mailwicket has no HTTP client");
		return;
	}
	if (http_args_parse(&args, p->args, err, sizeof(err)) == -1) {
		faults_add(r->faults, place, "passdb nginx-http: %s", err);
		return;
	}
	/* With another password the service would not know the user. */
	if (p->deny)
		faults_add(r->faults, place, "passdb nginx-http: not with "
		    "deny = yes, since its answer depends on the password");
	p->sql_nhosts = args.nurls;
	for (size_t k = 0; k < args.nurls; k++) {
		(void)http_url_label(&args.urls[k], label);
		p->sql_hosts[k] = arena_strdup(r->settings->arena, label);
		if (http_url_is_in_clear(&args.urls[k]))
			faults_notice(r->faults, place, "%s: passwords cross "
			    "the network in clear; better https", label);
	}
}

void
settings_passdb_args(struct reader *r, size_t i)
{
	if (r->settings->passdbs[i].driver == PASSDB_PASSWD_FILE)
		passwd_file_args(r, i);
	else if (r->settings->passdbs[i].driver == PASSDB_NGINX_HTTP)
		nginx_http_args(r, i);
}

/* A file that workers will open; tells what is wrong with it. */
static void
file_check(struct reader *r, size_t i, const char *path, bool is_secret,
    uint64_t bytes_max)
{
	const struct config_file_reader reader = {
		.setting = "auth_worker_user",
		.uid = r->settings->auth_worker_ids.uid,
		.gid = r->settings->auth_worker_ids.gid,
		.is_secret = is_secret,
		.bytes_max = bytes_max,
	};
	char err[PASSDB_ERROR_MAX];

	/* The account has a fault of its own. */
	if (reader.uid == 0 && geteuid() == 0)
		return;
	if (config_file_check(path, &reader, err, sizeof(err)) == -1)
		faults_add(r->faults, &r->passdb_places[i], "%s: %s", path,
		    err);
}

static void
passwd_file_files(struct reader *r, size_t i)
{
	char err[PASSDB_ERROR_MAX];
	struct passwd_args args;

	if (passwd_args_parse(&args, r->settings->passdbs[i].args, err,
	    sizeof(err)) == 0)
		file_check(r, i, args.path, true, passwd_args_bytes_max(
		    r->settings->auth_process_size_bytes));
}

static void
nginx_http_files(struct reader *r, size_t i)
{
	char err[PASSDB_ERROR_MAX];
	struct http_args args;

	if (http_args_parse(&args, r->settings->passdbs[i].args, err,
	    sizeof(err)) == -1)
		return;
	if (args.ca[0] != '\0')
		file_check(r, i, args.ca, false, PASSDB_PEM_MAX);
	if (args.cert[0] != '\0')
		file_check(r, i, args.cert, false, PASSDB_PEM_MAX);
	if (args.key[0] != '\0')
		file_check(r, i, args.key, true, PASSDB_PEM_MAX);
}

void
settings_passdb_files(struct reader *r)
{
	for (size_t i = 0; i < r->settings->npassdbs; i++) {
		if (r->settings->passdbs[i].driver == PASSDB_PASSWD_FILE)
			passwd_file_files(r, i);
		else if (r->settings->passdbs[i].driver == PASSDB_NGINX_HTTP)
			nginx_http_files(r, i);
	}
}
