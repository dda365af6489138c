/*
 * client_tls: a client's connection becomes TLS.
 * Runs in: login processes.
 * Hostile input: handshakes, which it leaves to lib/tls.
 * Never: acts on a byte that came in clear after TLS was asked for.
 */
#include "login-common/client_tls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ipc/login_auth_cert.h"
#include "lib/log.h"
#include "lib/tls_peer.h"
#include "login-common/login_log.h"
#include "login-common/login_process.h"
#include "login-common/login_tls.h"
#include "login-common/session.h"
#include "login-common/session_identity.h"

/* A host name in a log line; it was checked, and may be shorter. */
#define CLIENT_TLS_NAME_MAX	260

_Static_assert(TLS_PRINT_MAX == LOGIN_AUTH_PRINT_MAX,
    "auth is told whole fingerprints");

void
client_tls_start(struct session *s)
{
	struct tls_error error;

	session_to(s, SESSION_TLS_HANDSHAKE);
	if (stream_tls_accept(&s->client, login_tls_clients(s->process),
	    &error) == 0)
		return;
	log_error("session %s: TLS: %s", s->id, error.text);
	session_close(s, SESSION_REASON_TLS_FAILED);
}

/* Was anything sent behind the command that has just been read? */
static bool
client_tls_has_more(struct session *s)
{
	return buf_used(&s->client.in) > 0 || stream_fill(&s->client) > 0;
}

void
client_tls_upgrade(struct session *s)
{
	if (client_tls_has_more(s)) {
		session_close(s, SESSION_REASON_TLS_INPUT);
		return;
	}
	if (stream_is_over(&s->client)) {
		session_close(s, SESSION_REASON_CLIENT_GONE);
		return;
	}
	s->process->protocol->begin_tls(s);
	if (s->state == SESSION_CLOSING)
		return;
	/* What it said of itself or others was not protected either. */
	session_identity_reset(s);
	free(s->user);
	s->user = NULL;
	s->mech[0] = '\0';
	if (stream_flush(&s->client) == -1 || buf_used(&s->client.out) > 0)
		session_close(s, SESSION_REASON_OUTPUT);
	else
		client_tls_start(s);
}

bool
client_tls_is_offered(const struct session *s)
{
	return login_tls_has_certs(s->process->tls) && s->client.tls == NULL;
}

bool
client_tls_can_talk(const struct session *s)
{
	if (s->client.tls != NULL)
		return tls_is_done(s->client.tls);
	return s->login == NULL || !s->login->is_tls_port;
}

bool
client_tls_has_failed(const struct session *s)
{
	return s->client.tls != NULL &&
	    tls_error_text(s->client.tls)[0] != '\0';
}

void
client_tls_user(const struct session *s, char *dst, size_t size)
{
	dst[0] = '\0';
	if (s->client.tls != NULL && tls_is_done(s->client.tls))
		tls_peer_name(s->client.tls,
		    s->process->set->ssl_cert_username_field, dst, size);
}

void
client_tls_cert(const struct session *s, struct login_auth_cert *cert)
{
	struct tls_facts facts;

	memset(cert, 0, sizeof(*cert));
	if (s->client.tls == NULL || !tls_is_done(s->client.tls))
		return;
	cert->len = (uint8_t)tls_peer_prints(s->client.tls,
	    s->process->set->ssl_peer_certificate_fingerprint_hash,
	    cert->print, cert->key_print);
	tls_facts_get(s->client.tls, &facts);
	cert->is_verified = cert->len != 0 && facts.is_verified;
}

static void
client_tls_done(struct session *s)
{
	char text[CLIENT_TLS_TEXT_MAX];

	s->login->is_secured = true;
	if (s->process->set->verbose_ssl)
		log_info("session %s: handshake done:%s", s->id,
		    client_tls_text(s, false, text, sizeof(text)));
	if (s->login->is_tls_port)
		s->process->protocol->greet(s);
	if (s->state != SESSION_CLOSING)
		session_to(s, SESSION_COMMAND);
}

void
client_tls_step(struct session *s)
{
	switch (stream_tls_step(&s->client)) {
	case TLS_STEP_MORE:
		break;
	case TLS_STEP_FAILED:
		session_close(s, SESSION_REASON_TLS_FAILED);
		break;
	case TLS_STEP_DONE:
		client_tls_done(s);
		break;
	}
}

void
client_tls_timeout(void *arg)
{
	session_close(arg, SESSION_REASON_TLS_TIMEOUT);
}

struct loop_timers *
client_tls_timers(struct session *s)
{
	return &s->process->tls_timers;
}

/* What is wrong with a connection that ends, for its last line. */
static void
client_tls_end_text(const struct session *s, char *dst, size_t size)
{
	char safe[TLS_ERROR_MAX];
	const char *error = tls_error_text(s->client.tls);
	bool has_error = error[0] != '\0';

	(void)snprintf(dst, size, "%s%s%s%s",
	    stream_is_truncated(&s->client) ? " truncated=yes" : "",
	    has_error ? " error=\"" : "",
	    log_safe(safe, sizeof(safe), error, strlen(error)),
	    has_error ? "\"" : "");
}

const char *
client_tls_text(const struct session *s, bool is_end, char *dst, size_t size)
{
	char sni[CLIENT_TLS_NAME_MAX], end[TLS_ERROR_MAX + 40] = "";
	struct tls_facts facts;

	dst[0] = '\0';
	if (s->client.tls == NULL)
		return dst;
	if (is_end)
		client_tls_end_text(s, end, sizeof(end));
	if (!tls_is_done(s->client.tls)) {
		(void)snprintf(dst, size, "%s", end);
		return dst;
	}
	tls_facts_get(s->client.tls, &facts);
	if (facts.sni == NULL)
		facts.sni = "";
	(void)snprintf(dst, size, " tls=%s cipher=%s sni=<%s> resumed=%s%s",
	    facts.version, facts.cipher,
	    log_safe(sni, sizeof(sni), facts.sni, strlen(facts.sni)),
	    facts.is_resumed ? "yes" : "no", end);
	return dst;
}
