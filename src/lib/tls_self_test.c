/*
 * tls_self_test: handshakes in memory, to see that keys sign.
 * Runs in: login processes.
 * Hostile input: none.
 * Never: touches a socket.
 */
#include "lib/tls_internal.h"

#include <openssl/err.h>

#include <stdio.h>
#include <string.h>

#include "lib/tls_server.h"

/* Flights of a handshake: two of each side, and one for mishaps. */
#define SELF_TEST_TURNS_MAX	5

/* Both ends, joined by two pieces of memory; false: it failed. */
static bool
self_test_shake(SSL *server, SSL *client)
{
	BIO *to_server = BIO_new(BIO_s_mem());
	BIO *to_client = BIO_new(BIO_s_mem());
	int i, server_done = 0, client_done = 0;

	if (to_server == NULL || to_client == NULL ||
	    BIO_up_ref(to_server) != 1 || BIO_up_ref(to_client) != 1) {
		BIO_free(to_server);
		BIO_free(to_client);
		return false;
	}
	SSL_set_bio(server, to_server, to_client);
	SSL_set_bio(client, to_client, to_server);
	SSL_set_accept_state(server);
	SSL_set_connect_state(client);
	for (i = 0; i < SELF_TEST_TURNS_MAX; i++) {
		if (client_done != 1)
			client_done = SSL_do_handshake(client);
		if (server_done != 1)
			server_done = SSL_do_handshake(server);
	}
	return client_done == 1 && server_done == 1;
}

/* What the client of this test checks: that our key signed. */
static int
self_test_once(const struct tls_identity *id, SSL_CTX *server_ctx,
    SSL_CTX *client_ctx, int version)
{
	SSL *server = SSL_new(server_ctx), *client = SSL_new(client_ctx);
	int result = -1;

	if (server != NULL && client != NULL) {
		SSL_certs_clear(server);
		SSL_set_verify(server, SSL_VERIFY_NONE, NULL);
		if (tls_identity_use(id, NULL, server) == 0 &&
		    SSL_set_min_proto_version(server, 0) == 1 &&
		    SSL_set_cipher_list(server, "ECDHE") == 1 &&
		    SSL_set_max_proto_version(client, version) == 1 &&
		    self_test_shake(server, client) &&
		    SSL_version(client) == version)
			result = 0;
	}
	SSL_free(server);
	SSL_free(client);
	return result;
}

static int
self_test_identity(struct tls_server *server, const struct tls_identity *id,
    struct tls_error *error)
{
	static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	int result = ctx == NULL ? -1 : 0;
	size_t i;

	for (i = 0; i < 2 && result == 0; i++) {
		ERR_clear_error();
		result = self_test_once(id, tls_server_context(server), ctx,
		    versions[i]);
	}
	SSL_CTX_free(ctx);
	if (result == 0)
		return 0;
	if (tls_provider_refused()) {
		ERR_clear_error();
		tls_fault(error, "the key's holder gave no signature");
	} else
		tls_fault(error, "handshake in memory");
	return -1;
}

int
tls_server_self_test(struct tls_server *server, size_t sets_max,
    struct tls_error *error)
{
	const struct tls_identity *list[2];
	size_t i, k, n;

	(void)tls_provider_refused();
	for (i = 0; i < tls_server_sets(server) && i < sets_max; i++) {
		n = tls_server_identities(server, i, list, error);
		if (n == 0)
			return -1;
		for (k = 0; k < n; k++)
			if (self_test_identity(server, list[k], error) == -1)
				return -1;
	}
	return 0;
}
