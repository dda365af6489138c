/*
 * login_log: the lines of key=value that a login process writes.
 * Runs in: login processes.
 * Hostile input: user names, escaped here.
 * Never: writes a password or an unescaped byte of the network.
 */
#include "login-common/login_log.h"

#include <bsd/string.h>
#include <stdio.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "login-common/backend_tls.h"
#include "login-common/client_tls.h"
#include "login-common/haproxy.h"
#include "login-common/login_process.h"
#include "login-common/session.h"

/* A name in a log line: longer ones are cut. */
#define LOGIN_LOG_USER_MAX	400

struct login_log_text {
	char	user[LOGIN_LOG_USER_MAX];
	char	rip[NETADDR_TEXT_MAX];
	char	lip[2 * NETADDR_TEXT_MAX + 10];	/* and " real_rip=..." */
	char	host[NETADDR_PORT_TEXT_MAX];
	char	tls[CLIENT_TLS_TEXT_MAX + HAPROXY_TEXTS_MAX];
};

static void
login_log_texts(const struct session *s, bool is_end,
    struct login_log_text *t)
{
	const char *user = s->user == NULL ? "" : s->user;
	char lip[NETADDR_TEXT_MAX], real[NETADDR_TEXT_MAX];
	bool is_told = !netaddr_same_ip(&s->rip, &s->real_rip);

	(void)log_safe(t->user, sizeof(t->user), user, strlen(user));
	(void)netaddr_text(&s->rip, t->rip);
	(void)snprintf(t->lip, sizeof(t->lip), "%s%s%s",
	    netaddr_text(&s->lip, lip), is_told ? " real_rip=" : "",
	    is_told ? netaddr_text(&s->real_rip, real) : "");
	(void)netaddr_port_text(&s->host, t->host);
	if (s->is_local)
		(void)strlcpy(t->host, "local", sizeof(t->host));
	(void)client_tls_text(s, is_end, t->tls, CLIENT_TLS_TEXT_MAX);
	if (s->front != NULL)
		(void)strlcat(t->tls, s->front, sizeof(t->tls));
}

static void
login_log_forwarded(const struct session *s)
{
	const struct login_auth_route *r = &s->login->route;
	char safe[LOGIN_LOG_USER_MAX], master[LOGIN_LOG_USER_MAX];
	bool has_master = r->master[0] != '\0';
	char host_tls[BACKEND_TLS_TEXT_MAX];
	struct login_log_text t;

	login_log_texts(s, false, &t);
	log_info("login: user=<%s> method=%s rip=%s lip=%s%s session=%s "
	    "host=%s%s destuser=<%s>%s%s%s", t.user, s->mech, t.rip, t.lip,
	    t.tls, s->id, t.host,
	    backend_tls_text(s, host_tls, sizeof(host_tls)),
	    log_safe(safe, sizeof(safe), r->destuser, strlen(r->destuser)),
	    has_master ? " master=<" : "",
	    log_safe(master, sizeof(master), r->master, strlen(r->master)),
	    has_master ? ">" : "");
}

/* The host is a process of this machine. */
static void
login_log_local(const struct session *s)
{
	struct login_log_text t;

	login_log_texts(s, false, &t);
	log_info("login: user=<%s> method=%s rip=%s lip=%s%s session=%s "
	    "host=local mail-process=%u%s", t.user, s->mech, t.rip, t.lip,
	    t.tls, s->id, s->login->mail_pid,
	    s->login->is_handed_over ? " handed-over" : "");
}

void
login_log_login(const struct session *s)
{
	if (s->is_local)
		login_log_local(s);
	else
		login_log_forwarded(s);
}

void
login_log_refused(const struct session *s, const char *reason)
{
	bool has_host = s->host.family != NETADDR_NONE || s->is_local;
	struct login_log_text t;

	login_log_texts(s, false, &t);
	log_info("refused: user=<%s> method=%s rip=%s lip=%s%s session=%s "
	    "%s%s%sreason=%s", t.user,
	    s->mech[0] == '\0' ? "-" : s->mech, t.rip, t.lip, t.tls, s->id,
	    has_host ? "host=" : "", has_host ? t.host : "",
	    has_host ? " " : "", reason);
}

void
login_log_backend(const struct session *s, const char *error)
{
	char safe[SESSION_DETAIL_MAX];
	struct login_log_text t;

	login_log_texts(s, false, &t);
	log_warn("proxy: user=<%s> rip=%s session=%s host=%s error=\"%s\"",
	    t.user, t.rip, s->id, t.host,
	    log_safe(safe, sizeof(safe), error, strlen(error)));
}

void
login_log_end(const struct session *s)
{
	struct login_log_text t;

	login_log_texts(s, true, &t);
	log_info("disconnected: user=<%s> method=%s rip=%s lip=%s%s session=%s "
	    "reason=%s tries=%u in=%llu out=%llu secs=%llu", t.user,
	    s->mech[0] == '\0' ? "-" : s->mech, t.rip, t.lip, t.tls, s->id,
	    session_reason_word(s->reason),
	    s->login == NULL ? 1 : s->login->ntries,
	    (unsigned long long)s->bytes_in, (unsigned long long)s->bytes_out,
	    (unsigned long long)(clock_ms() - s->start_ms) / 1000);
}
