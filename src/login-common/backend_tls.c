/*
 * backend_tls: the connection to a mail host becomes TLS.
 * Runs in: login processes.
 * Hostile input: handshakes of mail hosts, which it leaves to lib/tls.
 * Never: goes on in clear where the route asks for TLS; believes a byte that
 * came in clear behind the answer that let TLS begin.
 */
#include "login-common/backend_tls.h"

#include <bsd/string.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/tls_client.h"
#include "login-common/backend.h"
#include "login-common/login_process.h"
#include "login-common/login_tls.h"
#include "login-common/session.h"
#include "login-common/session_step.h"

bool
backend_tls_is_due(const struct session *s)
{
	return s->login->route.tls.kind == LOGIN_AUTH_TLS_STARTTLS &&
	    s->backend.tls == NULL;
}

static void
backend_tls_say(struct session *s, const char *why)
{
	(void)strlcpy(s->login->detail, "TLS: ", sizeof(s->login->detail));
	(void)strlcat(s->login->detail, why, sizeof(s->login->detail));
}

int
backend_tls_start(struct session *s)
{
	const struct login_auth_tls *tls = &s->login->route.tls;
	char name[LOGIN_AUTH_NAME_MAX + 1], where[NETADDR_PORT_TEXT_MAX];
	struct tls_target target = { .is_any_cert = tls->is_any_cert };
	struct tls_client *client;
	struct tls_error error;

	target.name = login_auth_tls_name(tls, s->login->next_addr - 1, name);
	target.where = netaddr_port_text(&s->host, where);
	client = login_tls_hosts(s->process, &error);
	if (client == NULL || stream_tls_connect(&s->backend, client, &target,
	    &error) == -1) {
		backend_tls_say(s, error.text);
		return -1;
	}
	session_to(s, SESSION_BACKEND_TLS);
	/* It may be the state that is at work: nothing else begins it then. */
	session_run_later(s);
	return 0;
}

void
backend_tls_upgrade(struct session *s)
{
	struct stream *st = &s->backend;

	if (buf_used(&st->in) > 0 || stream_fill(st) > 0)
		backend_failed(s, LOGIN_AUTH_NO_TLS,
		    "TLS: bytes in clear behind the answer");
	else if (stream_is_over(st))
		backend_failed(s, LOGIN_AUTH_BROKEN,
		    "connection closed before TLS");
	else if (backend_tls_start(s) == -1)
		backend_failed(s, LOGIN_AUTH_NO_TLS, s->login->detail);
}

/* The host is the right one: its greeting, or our login, comes now. */
static void
backend_tls_done(struct session *s)
{
	const struct login_auth_tls *tls = &s->login->route.tls;
	const struct login_protocol *protocol = s->process->protocol;
	struct tls_facts facts;

	tls_facts_get(s->backend.tls, &facts);
	/* The handshake has failed before, when it was not. */
	if (!facts.is_verified && !tls->is_any_cert) {
		backend_failed(s, LOGIN_AUTH_NO_TLS,
		    "TLS: certificate was not verified");
		return;
	}
	if (tls->kind == LOGIN_AUTH_TLS_IMPLICIT) {
		protocol->backend_start(s);
	} else if (protocol->backend_secured(s) == BACKEND_BROKEN) {
		backend_failed(s, s->login->is_unfit ? LOGIN_AUTH_UNFIT :
		    LOGIN_AUTH_BROKEN, s->login->detail);
		return;
	}
	session_to(s, SESSION_BACKEND_LOGIN);
}

/* Has TLS failed, or is it the connection that broke? */
static enum login_auth_trouble
backend_tls_trouble(const struct session *s)
{
	int error = tls_io_error(s->backend.tls);

	if (error == 0 && s->backend.error != EPROTO)
		error = s->backend.error;
	return error == 0 ? LOGIN_AUTH_NO_TLS : backend_trouble(error);
}

void
backend_step_tls(struct session *s)
{
	if (!session_read_client(s))
		return;
	switch (stream_tls_step(&s->backend)) {
	case TLS_STEP_MORE:
		break;
	case TLS_STEP_FAILED:
		backend_failed(s, backend_tls_trouble(s),
		    backend_tls_error(s));
		break;
	case TLS_STEP_DONE:
		backend_tls_done(s);
		break;
	}
}

const char *
backend_tls_error(struct session *s)
{
	const char *why = stream_tls_error(&s->backend);

	if (s->backend.tls == NULL || tls_error_text(s->backend.tls)[0] ==
	    '\0')
		return why;
	backend_tls_say(s, why);
	return s->login->detail;
}

const char *
backend_tls_text(const struct session *s, char *dst, size_t size)
{
	struct tls_facts facts;

	dst[0] = '\0';
	if (s->backend.tls == NULL)
		return dst;
	tls_facts_get(s->backend.tls, &facts);
	(void)snprintf(dst, size, " host_tls=%s host_cipher=%s "
	    "host_verified=%s host_resumed=%s", facts.version, facts.cipher,
	    facts.is_verified ? "yes" : "no",
	    facts.is_resumed ? "yes" : "no");
	return dst;
}
