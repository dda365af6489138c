/*
 * The one thing about TLS to services that libcurl has no option for.
 * Runs in: auth-worker.
 * Hostile input: none.
 * Never: weakens what libcurl verifies.
 */
#include "auth-worker/http_tls.h"

#include <openssl/ssl.h>

void
http_tls_wipe(void *ssl_ctx)
{
	(void)SSL_CTX_set_options(ssl_ctx, SSL_OP_CLEANSE_PLAINTEXT);
}
