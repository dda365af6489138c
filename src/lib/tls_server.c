/*
 * tls_server: certificates by name, tickets, and clients' certificates.
 * Runs in: login processes.
 * Hostile input: a client's first message: names and protocols.
 * Never: keeps anything that a client chose; sees a private key.
 */
#include "lib/tls_server.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <stdlib.h>
#include <string.h>

#include "lib/tls_hello.h"
#include "lib/tls_internal.h"
#include "lib/tls_names.h"
#include "lib/xmem.h"

/* How long a ticket is good, unless its key goes before. */
#define SERVER_TICKET_S		86400L
/* Where clients show certificates, which expire and are revoked. */
#define SERVER_TICKET_CERT_S	3600L
#define SERVER_CONTEXT_BYTES	32	/* SSL_MAX_SID_CTX_LENGTH */
/* RSA with 2048 bits, and all curves; OpenSSL's security level 2. */
#define SERVER_KEY_BITS		112

enum server_set_state { SET_UNREAD, SET_READY, SET_BAD };

/* Certificates for some names; the first set is for all others. */
struct server_set {
	struct tls_certs	 certs;
	struct tls_identity	 first, alt;
	enum server_set_state	 state;
	uint8_t			 context[SERVER_CONTEXT_BYTES];
};

struct tls_server {
	SSL_CTX			*ctx;
	struct tls_server_config config;
	struct tls_signer	 signer;
	struct tls_names	*names;
	struct server_set	*sets;
	size_t			 nsets;
	EVP_CIPHER		*ticket_cipher;
	struct tls_ticket_key	 tickets[TLS_TICKET_KEYS_MAX];
	size_t			 ntickets;
	size_t			 nrefs;
};

static int
server_digest_text(EVP_MD_CTX *md, const char *p, size_t len)
{
	uint64_t n = len;

	return EVP_DigestUpdate(md, &n, sizeof(n)) == 1 &&
	    (len == 0 || EVP_DigestUpdate(md, p, len) == 1) ? 0 : -1;
}

/* Where a ticket of this set is good: in no process with another answer. */
static int
server_set_context(const struct tls_server *server, struct server_set *set)
{
	const struct tls_server_config *c = &server->config;
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	uint8_t ask = (uint8_t)c->ask;
	int result = -1;

	if (md != NULL && EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1 &&
	    server_digest_text(md, c->context, strlen(c->context)) == 0 &&
	    server_digest_text(md, c->ca, c->ca_len) == 0 &&
	    server_digest_text(md, set->certs.first.pem,
	    set->certs.first.pem_len) == 0 &&
	    server_digest_text(md, set->certs.alt.pem,
	    set->certs.alt.pem_len) == 0 &&
	    EVP_DigestUpdate(md, &ask, sizeof(ask)) == 1 &&
	    EVP_DigestFinal_ex(md, set->context, NULL) == 1)
		result = 0;
	EVP_MD_CTX_free(md);
	return result;
}

/* Parses what was only borrowed so far; the outcome is kept. */
static int
server_set_load(struct tls_server *server, struct server_set *set,
    struct tls_error *error)
{
	if (set->state == SET_READY)
		return 0;
	if (set->state == SET_BAD ||
	    tls_identity_load(&set->first, &set->certs.first, &server->signer,
	    error) == -1)
		goto bad;
	if (set->certs.alt.pem != NULL) {
		if (tls_identity_load(&set->alt, &set->certs.alt,
		    &server->signer, error) == -1)
			goto bad;
		if (EVP_PKEY_get_base_id(X509_get0_pubkey(set->first.leaf)) ==
		    EVP_PKEY_get_base_id(X509_get0_pubkey(set->alt.leaf))) {
			tls_fault(error, "both certificates have one kind of "
			    "key");
			goto bad;
		}
	}
	if (server_set_context(server, set) == -1) {
		tls_fault(error, "certificate");
		goto bad;
	}
	set->state = SET_READY;
	return 0;
bad:
	tls_identity_clear(&set->first);
	tls_identity_clear(&set->alt);
	set->state = SET_BAD;
	return -1;
}

static int
server_set_use(const struct server_set *set, SSL_CTX *ctx, SSL *ssl)
{
	if (tls_identity_use(&set->first, ctx, ssl) == -1 ||
	    (set->alt.leaf != NULL &&
	    tls_identity_use(&set->alt, ctx, ssl) == -1))
		return -1;
	return (ctx != NULL ? SSL_CTX_set_session_id_context(ctx,
	    set->context, sizeof(set->context)) :
	    SSL_set_session_id_context(ssl, set->context,
	    sizeof(set->context))) == 1 ? 0 : -1;
}

/* Before anything of the client's first message counts. */
static int
server_on_hello(SSL *ssl, int *alert, void *arg)
{
	struct tls_server *server = arg;
	struct tls *t = tls_of(ssl);
	char name[TLS_HELLO_NAME_MAX];
	struct tls_error error;
	struct server_set *set;
	const uint8_t *ext;
	uint32_t i;
	size_t len;

	/* A second one, after HelloRetryRequest, changes nothing. */
	if (t == NULL || t->sni != NULL || SSL_client_hello_get0_ext(ssl,
	    TLSEXT_TYPE_server_name, &ext, &len) != 1 ||
	    tls_hello_name(ext, len, name) == -1)
		return SSL_CLIENT_HELLO_SUCCESS;
	t->sni = xstrdup(name);
	if (!tls_names_find(server->names, name, &i))
		return SSL_CLIENT_HELLO_SUCCESS;
	set = &server->sets[i];
	if (server_set_load(server, set, &error) == -1)
		return SSL_CLIENT_HELLO_SUCCESS;
	t->has_name = true;
	if (i == 0)
		return SSL_CLIENT_HELLO_SUCCESS;
	SSL_certs_clear(ssl);
	if (server_set_use(set, NULL, ssl) == 0)
		return SSL_CLIENT_HELLO_SUCCESS;
	*alert = SSL_AD_INTERNAL_ERROR;
	return SSL_CLIENT_HELLO_ERROR;
}

/* RFC 6066, 3: a name that was used is acknowledged. */
static int
server_on_name(SSL *ssl, int *alert, void *arg)
{
	struct tls *t = tls_of(ssl);

	(void)alert;
	(void)arg;
	return t != NULL && t->has_name ? SSL_TLSEXT_ERR_OK :
	    SSL_TLSEXT_ERR_NOACK;
}

/* A client that speaks of protocols must name ours: RFC 7301, 3.2. */
static int
server_on_alpn(SSL *ssl, const uint8_t **out, uint8_t *outlen,
    const uint8_t *list, unsigned int len, void *arg)
{
	const struct tls_server *server = arg;
	const uint8_t *found;

	(void)ssl;
	found = tls_hello_protocol(list, len, server->config.alpn);
	if (found == NULL)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = found;
	*outlen = (uint8_t)strlen(server->config.alpn);
	return SSL_TLSEXT_ERR_OK;
}

/* The key that made a ticket; NULL when it is none of ours. */
static const struct tls_ticket_key *
server_ticket_key(const struct tls_server *server, const uint8_t *name)
{
	size_t i;

	for (i = 0; i < server->ntickets; i++)
		if (memcmp(server->tickets[i].name, name,
		    sizeof(server->tickets[i].name)) == 0)
			return &server->tickets[i];
	return NULL;
}

/* -1 fault, 0 no such key, 1 good, 2 good and to be replaced. */
static int
server_on_ticket(SSL *ssl, unsigned char *name, unsigned char *iv,
    EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int is_new)
{
	const struct tls_server *server = SSL_CTX_get_app_data(
	    SSL_get_SSL_CTX(ssl));
	const struct tls_ticket_key *key = server->tickets;
	char digest[] = "SHA256";
	OSSL_PARAM params[3];

	if (server->ntickets == 0)
		return 0;
	if (is_new) {
		memcpy(name, key->name, sizeof(key->name));
		if (RAND_bytes(iv, EVP_MAX_IV_LENGTH) != 1)
			return -1;
	} else if ((key = server_ticket_key(server, name)) == NULL)
		return 0;
	/* Not written to; the type has no const. */
	params[0] = OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY,
	    (void *)(uintptr_t)key->mac, sizeof(key->mac));
	params[1] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
	    digest, 0);
	params[2] = OSSL_PARAM_construct_end();
	if (EVP_MAC_CTX_set_params(mac, params) != 1 ||
	    EVP_CipherInit_ex(cipher, server->ticket_cipher, NULL, key->aes,
	    iv, is_new) != 1)
		return -1;
	if (is_new)
		return 1;
	/* RFC 8446, C.4: a client uses a ticket once and gets another. */
	return key == server->tickets && SSL_version(ssl) == TLS1_2_VERSION ?
	    1 : 2;
}

/*
 * Nobody has to vouch for it, so that all hangs on its key: one that is too
 * weak proves nothing.
 */
static int
server_on_any_cert(X509_STORE_CTX *store, void *arg)
{
	const EVP_PKEY *key = X509_get0_pubkey(X509_STORE_CTX_get0_cert(store));
	int error = X509_V_OK;

	(void)arg;
	if (X509_verify_cert(store) != 1 &&
	    (error = X509_STORE_CTX_get_error(store)) == X509_V_OK)
		error = X509_V_ERR_UNSPECIFIED;
	if (key == NULL || EVP_PKEY_get_security_bits(key) < SERVER_KEY_BITS)
		error = X509_V_ERR_EE_KEY_TOO_SMALL;
	/* Kept with the session: what is not OK is not believed. */
	X509_STORE_CTX_set_error(store, error);
	return error != X509_V_ERR_EE_KEY_TOO_SMALL &&
	    error != X509_V_ERR_CERT_REVOKED;
}

static int
server_ask(struct tls_server *server, struct tls_error *error)
{
	const struct tls_server_config *c = &server->config;
	bool is_any = c->ask == TLS_ASK_ANY || c->ask == TLS_ASK_ANY_REQUIRED;
	STACK_OF(X509_NAME) *names;
	int mode = SSL_VERIFY_PEER;

	if (c->ask == TLS_ASK_NONE)
		return 0;
	names = sk_X509_NAME_new_null();
	/* Clients show what one of these has signed, or nothing. */
	if (names == NULL || ((c->ca_len > 0 || !is_any) && tls_store_fill(
	    SSL_CTX_get_cert_store(server->ctx), c->ca, c->ca_len,
	    is_any ? NULL : names, error) == -1)) {
		sk_X509_NAME_pop_free(names, X509_NAME_free);
		return -1;
	}
	SSL_CTX_set_client_CA_list(server->ctx, names);
	if (is_any)
		SSL_CTX_set_cert_verify_callback(server->ctx,
		    server_on_any_cert, NULL);
	if (c->ask == TLS_ASK_REQUIRED || c->ask == TLS_ASK_ANY_REQUIRED)
		mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
	SSL_CTX_set_verify(server->ctx, mode, NULL);
	return 0;
}

static void
server_callbacks(struct tls_server *server)
{
	SSL_CTX *ctx = server->ctx;

	SSL_CTX_set_app_data(ctx, server);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_timeout(ctx, server->config.ask == TLS_ASK_NONE ?
	    SERVER_TICKET_S : SERVER_TICKET_CERT_S);
	SSL_CTX_set_client_hello_cb(ctx, server_on_hello, server);
	SSL_CTX_set_tlsext_servername_callback(ctx, server_on_name);
	if (server->config.alpn != NULL)
		SSL_CTX_set_alpn_select_cb(ctx, server_on_alpn, server);
	SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, server_on_ticket);
	tls_server_tickets(server, NULL, 0);
}

struct tls_server *
tls_server_new(const struct tls_server_config *config,
    struct tls_error *error)
{
	struct tls_server *server;

	if (tls_library_start(error) == -1)
		return NULL;
	server = xcalloc(1, sizeof(*server));
	server->nrefs = 1;
	server->config = *config;
	server->signer.fn = config->sign;
	server->signer.arg = config->sign_arg;
	server->names = tls_names_new();
	server->sets = xcalloc(1, sizeof(*server->sets));
	server->sets[0].certs = config->certs;
	server->nsets = 1;
	server->ctx = tls_context_new(TLS_server_method(), &config->policy,
	    error);
	if (server->ctx == NULL || server_ask(server, error) == -1 ||
	    server_set_load(server, &server->sets[0], error) == -1)
		goto bad;
	server->ticket_cipher = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
	if (server->ticket_cipher == NULL ||
	    server_set_use(&server->sets[0], server->ctx, NULL) == -1) {
		tls_fault(error, "certificate");
		goto bad;
	}
	server_callbacks(server);
	return server;
bad:
	tls_server_free(server);
	return NULL;
}

void
tls_server_keep(struct tls_server *server)
{
	server->nrefs++;
}

void
tls_server_free(struct tls_server *server)
{
	size_t i;

	if (server == NULL || --server->nrefs > 0)
		return;
	SSL_CTX_free(server->ctx);
	EVP_CIPHER_free(server->ticket_cipher);
	for (i = 0; i < server->nsets; i++) {
		tls_identity_clear(&server->sets[i].first);
		tls_identity_clear(&server->sets[i].alt);
	}
	free(server->sets);
	tls_names_free(server->names);
	explicit_bzero(server->tickets, sizeof(server->tickets));
	free(server);
}

/* The names that a certificate is made out to. */
static int
server_add_own(struct tls_server *server, const struct server_set *set,
    uint32_t number)
{
	GENERAL_NAMES *list = X509_get_ext_d2i(set->first.leaf,
	    NID_subject_alt_name, NULL, NULL);
	int i, added = 0;

	for (i = 0; i < sk_GENERAL_NAME_num(list); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(list, i);
		const ASN1_IA5STRING *text;

		if (name->type != GEN_DNS)
			continue;
		text = name->d.dNSName;
		if (tls_names_add(server->names,
		    (const char *)ASN1_STRING_get0_data(text),
		    (size_t)ASN1_STRING_length(text), number) == 0)
			added++;
	}
	GENERAL_NAMES_free(list);
	return added > 0 ? 0 : -1;
}

int
tls_server_add(struct tls_server *server, const char *const *names, size_t n,
    const struct tls_certs *certs, struct tls_error *error)
{
	uint32_t number = (uint32_t)server->nsets;
	struct server_set *set;
	size_t i;

	server->sets = xreallocarray(server->sets, server->nsets + 1,
	    sizeof(*server->sets));
	set = &server->sets[server->nsets++];
	memset(set, 0, sizeof(*set));
	set->certs = *certs;
	if (n == 0) {
		if (server_set_load(server, set, error) == -1)
			return -1;
		if (server_add_own(server, set, number) == -1) {
			tls_fault(error, "certificate: it has no host name");
			return -1;
		}
	}
	for (i = 0; i < n; i++)
		if (tls_names_add(server->names, names[i], strlen(names[i]),
		    number) == -1) {
			tls_fault(error, "not a host name");
			return -1;
		}
	return 0;
}

void
tls_server_tickets(struct tls_server *server,
    const struct tls_ticket_key *keys, size_t n)
{
	if (n > TLS_TICKET_KEYS_MAX)
		n = TLS_TICKET_KEYS_MAX;
	explicit_bzero(server->tickets, sizeof(server->tickets));
	if (n > 0)
		memcpy(server->tickets, keys, n * sizeof(*keys));
	server->ntickets = n;
	if (n == 0)
		SSL_CTX_set_options(server->ctx, SSL_OP_NO_TICKET);
	else
		SSL_CTX_clear_options(server->ctx, SSL_OP_NO_TICKET);
	(void)SSL_CTX_set_num_tickets(server->ctx, n == 0 ? 0 : 1);
}

SSL_CTX *
tls_server_context(struct tls_server *server)
{
	return server->ctx;
}

const char *
tls_server_alpn(const struct tls_server *server)
{
	return server->config.alpn;
}

size_t
tls_server_identities(struct tls_server *server, size_t i,
    const struct tls_identity *list[2], struct tls_error *error)
{
	struct server_set *set = &server->sets[i];

	if (server_set_load(server, set, error) == -1)
		return 0;
	list[0] = &set->first;
	list[1] = &set->alt;
	return set->alt.leaf == NULL ? 1 : 2;
}

size_t
tls_server_sets(const struct tls_server *server)
{
	return server->nsets;
}
