/*
 * session_identity: what a trusted proxy says of a session's client.
 * Runs in: login processes.
 * Hostile input: none as such: values were checked when they were collected.
 * Never: lets an address count that somebody else than a trusted proxy said.
 */
#include "login-common/session_identity.h"

#include <bsd/string.h>
#include <string.h>

#include "lib/log.h"
#include "login-common/identity.h"
#include "login-common/login_process.h"
#include "login-common/session.h"

void
session_identity_begin(struct session *s)
{
	const struct settings_nets *nets =
	    &s->process->set->login_trusted_networks;
	struct session_login *login = s->login;

	login->peer_rip = s->rip;
	login->peer_lip = s->lip;
	(void)strlcpy(login->own_id, s->id, sizeof(login->own_id));
	login->ttl = SESSION_TTL;
	for (size_t i = 0; i < nets->n; i++)
		if (netaddr_net_has(&nets->items[i], &s->rip))
			login->is_trusted = true;
	login->is_secured |= login->is_trusted;
}

void
session_identity_reset(struct session *s)
{
	struct session_login *login = s->login;

	s->rip = login->peer_rip;
	s->lip = login->peer_lip;
	(void)strlcpy(s->id, login->own_id, sizeof(s->id));
	login->has_transport = false;
	login->forward.len = 0;
}

/* An address without a port does not keep the port of another. */
static void
session_identity_addr(struct netaddr *to, bool has_ip,
    const struct netaddr *ip, bool has_port, uint16_t port)
{
	if (has_ip)
		*to = *ip;
	if (has_port)
		to->port = port;
}

static void
session_identity_note(const struct session *s, const char *was)
{
	char rip[NETADDR_PORT_TEXT_MAX], peer[NETADDR_PORT_TEXT_MAX];

	log_debug("session %s: is %s of rip=%s, by word of %s", was, s->id,
	    netaddr_port_text(&s->rip, rip),
	    netaddr_port_text(&s->login->peer_rip, peer));
}

int
session_identity_take(struct session *s, const struct identity *id)
{
	struct session_login *login = s->login;
	char was[SESSION_ID_MAX + 1];

	if (id->is_bad && login->is_trusted)
		return -1;
	if (!id->is_bad && id->has[IDENTITY_TTL] && id->ttl < login->ttl)
		login->ttl = id->ttl;
	if (!login->is_trusted) {
		log_debug("session %s: what it says of a client is ignored, "
		    "it is not in login_trusted_networks", s->id);
		return 0;
	}
	session_identity_addr(&s->rip, id->has[IDENTITY_RIP], &id->rip,
	    id->has[IDENTITY_RPORT], id->rport);
	session_identity_addr(&s->lip, id->has[IDENTITY_LIP], &id->lip,
	    id->has[IDENTITY_LPORT], id->lport);
	(void)strlcpy(was, s->id, sizeof(was));
	if (id->has[IDENTITY_SESSION])
		(void)strlcpy(s->id, id->session, sizeof(s->id));
	if (id->has[IDENTITY_TRANSPORT]) {
		login->has_transport = true;
		login->is_client_tls = id->is_tls;
	}
	if (id->forward.len > 0)
		login->forward = id->forward;
	session_identity_note(s, was);
	return 0;
}

bool
session_identity_is_loop(const struct session *s)
{
	return s->login->ttl <= 1;
}

bool
session_identity_is_told(const struct session *s)
{
	return !s->login->route.how.is_untrusted;
}

uint8_t
session_identity_next_ttl(const struct session *s)
{
	return (uint8_t)(s->login->ttl - 1);
}

const char *
session_identity_transport(const struct session *s)
{
	bool is_tls = s->login->has_transport ? s->login->is_client_tls :
	    s->client.tls != NULL;

	return is_tls ? "TLS" : "insecure";
}
