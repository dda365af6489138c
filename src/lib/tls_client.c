/*
 * tls_client: TLS towards mail hosts, and the sessions that are resumed.
 * Runs in: login processes.
 * Hostile input: certificates and tickets of mail hosts.
 * Never: believes a host whose certificate does not name it.
 */
#include "lib/tls_client.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <stdlib.h>
#include <string.h>

#include "lib/netaddr.h"
#include "lib/rnd.h"
#include "lib/tls_hello.h"
#include "lib/tls_internal.h"
#include "lib/xmem.h"

struct client_session {
	SSL_SESSION	*session;	/* NULL: free */
	uint64_t	 used;		/* the count at its last use */
	uint8_t		 key[SIPHASH_BYTES];
};

struct tls_client {
	SSL_CTX			*ctx;
	struct tls_client_config config;
	struct tls_signer	 signer;
	struct tls_identity	 identity;
	bool			 has_store;	/* the authorities are read */
	uint8_t			 key[SIPHASH_KEY_BYTES];
	struct client_session	 sessions[TLS_CLIENT_SESSIONS_MAX];
	uint64_t		 nuses;
	size_t			 nrefs;
};

/* The session with the key, or the place for it. */
static struct client_session *
client_session(struct tls_client *client, const uint8_t *key)
{
	struct client_session *s, *oldest = client->sessions;
	size_t i;

	for (i = 0; i < TLS_CLIENT_SESSIONS_MAX; i++) {
		s = &client->sessions[i];
		if (s->session != NULL &&
		    memcmp(s->key, key, sizeof(s->key)) == 0)
			return s;
		if (s->used < oldest->used)
			oldest = s;
	}
	return oldest;
}

static void
client_session_drop(struct client_session *s)
{
	SSL_SESSION_free(s->session);
	memset(s, 0, sizeof(*s));
}

/* Takes the session. */
static void
client_session_put(struct tls *t, SSL_SESSION *session)
{
	struct client_session *s = client_session(t->client, t->session_key);

	client_session_drop(s);
	s->session = session;
	s->used = ++t->client->nuses;
	memcpy(s->key, t->session_key, sizeof(s->key));
}

/* A host gave a ticket, in the handshake or later; 1 keeps it. */
static int
client_on_session(SSL *ssl, SSL_SESSION *session)
{
	struct tls *t = tls_of(ssl);

	if (t == NULL || t->client == NULL || t->has_failed)
		return 0;
	client_session_put(t, session);
	return 1;
}

/* TLS 1.2: OpenSSL does not tell of a ticket that replaces a resumed one. */
void
tls_client_done(struct tls *t)
{
	SSL_SESSION *session;

	if (SSL_session_reused(t->ssl) != 1 ||
	    SSL_version(t->ssl) != TLS1_2_VERSION)
		return;
	session = SSL_get1_session(t->ssl);
	if (session != NULL)
		client_session_put(t, session);
}

struct tls_client *
tls_client_new(const struct tls_client_config *config,
    struct tls_error *error)
{
	struct tls_client *client;

	if (tls_library_start(error) == -1)
		return NULL;
	client = xcalloc(1, sizeof(*client));
	client->nrefs = 1;
	client->config = *config;
	client->signer.fn = config->sign;
	client->signer.arg = config->sign_arg;
	rnd_bytes(client->key, sizeof(client->key));
	client->ctx = tls_context_new(TLS_client_method(), &config->policy,
	    error);
	if (client->ctx == NULL)
		goto bad;
	if (config->chain.pem != NULL) {
		if (tls_identity_load(&client->identity, &config->chain,
		    &client->signer, error) == -1)
			goto bad;
		if (tls_identity_use(&client->identity, client->ctx,
		    NULL) == -1) {
			tls_fault(error, "certificate");
			goto bad;
		}
	}
	SSL_CTX_set_session_cache_mode(client->ctx, SSL_SESS_CACHE_CLIENT |
	    SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(client->ctx, client_on_session);
	return client;
bad:
	tls_client_free(client);
	return NULL;
}

void
tls_client_keep(struct tls_client *client)
{
	client->nrefs++;
}

void
tls_client_free(struct tls_client *client)
{
	size_t i;

	if (client == NULL || --client->nrefs > 0)
		return;
	for (i = 0; i < TLS_CLIENT_SESSIONS_MAX; i++)
		client_session_drop(&client->sessions[i]);
	SSL_CTX_free(client->ctx);
	tls_identity_clear(&client->identity);
	free(client);
}

/* Only now, as it takes long and many processes never need it. */
static int
client_store(struct tls_client *client, struct tls_error *error)
{
	if (client->has_store)
		return 0;
	if (client->config.ca == NULL) {
		tls_fault(error, "no certificates of authorities");
		return -1;
	}
	if (tls_store_fill(SSL_CTX_get_cert_store(client->ctx),
	    client->config.ca, client->config.ca_len, NULL, error) == -1)
		return -1;
	client->has_store = true;
	return 0;
}

/* RFC 9525: names by subjectAltName only, '*' for a whole label only. */
static int
client_verify(SSL *ssl, const char *name, bool is_ip)
{
	X509_VERIFY_PARAM *param = SSL_get0_param(ssl);

	SSL_set_verify(ssl, SSL_VERIFY_PEER, NULL);
	X509_VERIFY_PARAM_set_hostflags(param,
	    X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
	    X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
	return (is_ip ? X509_VERIFY_PARAM_set1_ip_asc(param, name) :
	    X509_VERIFY_PARAM_set1_host(param, name, 0)) == 1 ? 0 : -1;
}

/* What was agreed under one check must not be resumed under another. */
static void
client_session_key(const struct tls_client *client,
    const struct tls_target *target, uint8_t *key)
{
	struct siphash sip;

	siphash_init(&sip, client->key);
	siphash_add_text(&sip, target->where);
	siphash_add_text(&sip, target->name);
	siphash_add_text(&sip, target->is_any_cert ? "any" : "verified");
	siphash_end(&sip, key);
}

/*
 * With a copy: OpenSSL would spoil the session after one use in TLS 1.3.
 * That hides a user from observers (RFC 8446, C.4); we have none, and many
 * logins at a time.
 */
static void
client_resume(SSL *ssl, SSL_SESSION *session)
{
	SSL_SESSION *copy = SSL_SESSION_dup(session);

	if (copy != NULL)
		(void)SSL_set_session(ssl, copy);
	SSL_SESSION_free(copy);
}

static int
client_prepare(struct tls *t, const struct tls_target *target,
    struct tls_error *error)
{
	const char *name = target->name;
	char host[TLS_HELLO_NAME_MAX];
	struct client_session *s;
	struct netaddr addr;
	bool is_ip = netaddr_parse(&addr, name, strlen(name)) == 0;

	if (!is_ip && tls_hello_host(name, strlen(name), host) == -1) {
		if (!target->is_any_cert) {
			tls_fault(error, "host: neither a name nor an address");
			return -1;
		}
	} else if (!is_ip && SSL_set_tlsext_host_name(t->ssl, host) != 1) {
		tls_fault(error, "host");
		return -1;
	}
	if (!target->is_any_cert &&
	    client_verify(t->ssl, is_ip ? name : host, is_ip) == -1) {
		tls_fault(error, "host");
		return -1;
	}
	client_session_key(t->client, target, t->session_key);
	s = client_session(t->client, t->session_key);
	if (s->session != NULL && memcmp(s->key, t->session_key,
	    sizeof(s->key)) == 0 && SSL_SESSION_is_resumable(s->session)) {
		s->used = ++t->client->nuses;
		client_resume(t->ssl, s->session);
	}
	return 0;
}

struct tls *
tls_connect(struct tls_client *client, int fd,
    const struct tls_target *target, struct tls_error *error)
{
	struct tls *t;

	ERR_clear_error();
	if (!target->is_any_cert && client_store(client, error) == -1)
		return NULL;
	if ((t = tls_new(client->ctx, fd)) == NULL) {
		tls_fault(error, "OpenSSL");
		return NULL;
	}
	tls_client_keep(client);
	t->client = client;
	SSL_set_connect_state(t->ssl);
	if (client_prepare(t, target, error) == 0)
		return t;
	tls_delete(t);
	return NULL;
}
