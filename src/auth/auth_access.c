/*
 * What a row says of who may log in, and when, and of where else.
 * Runs in: auth.
 * Hostile input: rows of databases, read by passdb_fields.
 * Never: decides about a password.
 */
#include "auth/auth_access.h"

#include <bsd/stdlib.h>
#include <bsd/string.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "auth/auth_local.h"
#include "auth/auth_master.h"
#include "auth/auth_request.h"
#include "auth/auth_watch.h"
#include "lib/log.h"
#include "lib/strutil.h"

static void
auth_access_note(void *arg, const char *text)
{
	auth_request_log(arg, LOG_LEVEL_DEBUG, "%s", text);
}

struct passdb_asker
auth_access_asker(struct auth_request *r, const char *default_scheme)
{
	return (struct passdb_asker){ .user = auth_master_asked(r),
	    .rip = &r->rip, .real_rip = &r->real_rip, .cert = &r->cert,
	    .default_scheme = default_scheme, .note = auth_access_note,
	    .arg = r };
}

/* The field that asks for another certificate, or NULL. */
static const char *
auth_access_print(const struct passdb_fields *f)
{
	if (f->print == PASSDB_PRINT_DIFFERS)
		return "check_client_fp";
	if (f->cert_print == PASSDB_PRINT_DIFFERS)
		return "check_client_cert_fp";
	if (f->key_print == PASSDB_PRINT_DIFFERS)
		return "check_client_pubkey_fp";
	return NULL;
}

/* With what the client has shown: somebody may want to enter that. */
static const char *
auth_access_say_print(const struct auth_request *r, const char *field,
    char room[AUTH_ACCESS_WHY_MAX])
{
	char print[2 * LOGIN_AUTH_PRINT_MAX + 1];
	char key_print[2 * LOGIN_AUTH_PRINT_MAX + 1];

	if (r->cert.len == 0)
		(void)snprintf(room, AUTH_ACCESS_WHY_MAX, "%s: the client has "
		    "shown no certificate", field);
	else
		(void)snprintf(room, AUTH_ACCESS_WHY_MAX, "%s: the client's "
		    "certificate is %s, its key %s", field,
		    str_hex(print, r->cert.print, r->cert.len),
		    str_hex(key_print, r->cert.key_print, r->cert.len));
	return room;
}

const char *
auth_access_refusal(const struct auth_request *r,
    char room[AUTH_ACCESS_WHY_MAX])
{
	const char *field = auth_access_print(&r->fields);

	if (r->fields.is_net_refused)
		return "allow_nets";
	if (r->fields.is_real_net_refused)
		return "allow_real_nets";
	if (field == NULL)
		return NULL;
	if (!auth_watch_is_explain(r))
		return auth_access_say_print(r, field, room);
	auth_watch_note(r, "the client's certificate would be compared here");
	return NULL;
}

bool
auth_access_has_cert(const struct auth_request *r)
{
	const struct passdb_fields *f = &r->fields;

	/* wicketctl has none, and no session follows. */
	return !r->env->settings->auth_ssl_require_client_cert ||
	    r->map->watch != NULL || r->cert.is_verified ||
	    f->print == PASSDB_PRINT_MATCH ||
	    f->cert_print == PASSDB_PRINT_MATCH ||
	    f->key_print == PASSDB_PRINT_MATCH;
}

/* Once a second: wall clocks are set, and timers do not follow. */
static void
auth_access_tick(void *arg)
{
	struct auth_request *r = arg;

	if ((uint64_t)time(NULL) < r->wait_until_s) {
		loop_timer_start(&r->env->ticks, &r->wait, auth_access_tick,
		    r);
		return;
	}
	auth_request_start_timeout(r);
	r->wait_then(r);
}

int
auth_access_wait(struct auth_request *r, void (*then)(struct auth_request *))
{
	struct passdb_fields *f = &r->fields;
	uint64_t now = (uint64_t)time(NULL), until = f->delay_until_s;
	uint32_t more = f->delay_random_s;

	if (until + more > now + PASSDB_DELAY_MAX_S)
		return -1;
	if (more > 0)
		until += arc4random_uniform(more + 1);
	f->delay_until_s = f->delay_random_s = 0;
	if (until <= now || auth_watch_is_explain(r)) {
		then(r);
		return 0;
	}
	r->wait_until_s = until;
	r->wait_then = then;
	auth_request_to(r, AUTH_REQUEST_WAIT);
	loop_timer_stop(&r->timeout);
	loop_timer_start(&r->env->ticks, &r->wait, auth_access_tick, r);
	return 0;
}

void
auth_access_stay(struct auth_request *r)
{
	if (!r->fields.is_nologin) {
		auth_local_start(r);
		return;
	}
	auth_request_say(r, "nologin");
	(void)strlcpy(r->fail.reason, r->fields.reason,
	    sizeof(r->fail.reason));
	r->has_nodelay |= r->fields.has_nodelay;
	auth_request_fail(r, LOGIN_AUTH_CODE_DISABLED);
}

const char *
auth_access_refer(struct auth_request *r)
{
	const struct passdb_fields *f = &r->fields;
	const struct passdb_host *h = &f->hosts[0];
	struct login_auth_referral *to = &r->fail.referral;
	const char *user = f->destuser[0] != '\0' ? f->destuser :
	    f->user[0] != '\0' ? f->user : r->user;
	char text[NETADDR_TEXT_MAX];

	/* A response code ends at the first "]". */
	if (h->addr.family == NETADDR_V6)
		return "no referral can name an IPv6 address";
	if (h->addr.family == NETADDR_V4)
		(void)strlcpy(to->host, netaddr_text(&h->addr, text),
		    sizeof(to->host));
	else if (str_copy(to->host, sizeof(to->host), f->host + h->off,
	    h->len) == -1)
		return "too long a host for a referral";
	(void)strlcpy(to->user, user, sizeof(to->user));
	to->port = f->port;
	(void)strlcpy(r->fail.reason, f->reason, sizeof(r->fail.reason));
	auth_request_say(r, "referral");
	auth_request_fail(r, LOGIN_AUTH_CODE_REFERRAL);
	return NULL;
}
