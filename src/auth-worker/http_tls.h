/* http_tls: what libcurl's OpenSSL has to be told. */
#ifndef AUTH_WORKER_HTTP_TLS_H
#define AUTH_WORKER_HTTP_TLS_H

/*
 * Makes connections of this SSL_CTX wipe what they have decrypted when it
 * was read: an answer may hold a password, and the connection lives on.
 */
void	http_tls_wipe(void *ssl_ctx);

#endif
