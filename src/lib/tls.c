/*
 * tls: one TLS connection; OpenSSL reads the socket and writes to memory.
 * Runs in: login processes.
 * Hostile input: records and handshakes of mail programs and mail hosts.
 * Never: blocks; holds a private key; writes to a socket.
 */
#include "lib/tls_internal.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/clock.h"
#include "lib/strutil.h"
#include "lib/tls_client.h"
#include "lib/xmem.h"

/*
 * Messages that cost us work and bring nothing (KeyUpdate, attempts to
 * renegotiate): 100 in ten seconds; OpenSSL has no bound.
 */
#define TLS_NOISE_MAX		100
#define TLS_NOISE_MS		10000
/*
 * Read at a time where bytes are carried: two records.  Before that one, as
 * somebody who sends them in drops makes us keep the buffer.
 */
#define TLS_BULK_READ		(2u * (16384u + 512u))
#define TLS_TEXT(e)							\
	((e) == 0 ? "failed" : ERR_reason_error_string(e) == NULL ?	\
	"failed" : ERR_reason_error_string(e))

/* What the last call wants to have sent; connections take turns. */
static struct {
	uint8_t	bytes[TLS_WRITE_MAX + TLS_OUTPUT_EXTRA];
	size_t	len;
} tls_out;

static BIO_METHOD *tls_bio_method;

const uint8_t *
tls_output(size_t *len)
{
	*len = tls_out.len;
	tls_out.len = 0;
	return tls_out.bytes;
}

/* OpenSSL's way out: cannot be full, see the sizes. */
static int
tls_bio_write(BIO *bio, const char *p, int n)
{
	BIO_clear_retry_flags(bio);
	if (n <= 0 || (size_t)n > sizeof(tls_out.bytes) - tls_out.len)
		return -1;
	memcpy(tls_out.bytes + tls_out.len, p, (size_t)n);
	tls_out.len += (size_t)n;
	return n;
}

/*
 * OpenSSL's way in.  The end and errors look to it as if nothing were there:
 * it can still be asked to write then, as a plain socket can.
 */
static int
tls_bio_read(BIO *bio, char *p, int size)
{
	struct tls *t = BIO_get_data(bio);
	ssize_t n = -1;

	BIO_clear_retry_flags(bio);
	if (size <= 0)
		return 0;
	if (t->can_recv && !t->is_noisy) {
		do {
			n = recv(t->fd, p, (size_t)size, 0);
		} while (n == -1 && errno == EINTR);
		if (n < size && !t->is_ending)
			t->can_recv = false;
		if (n == 0)
			t->has_fin = true;
		else if (n == -1 && errno != EAGAIN)
			t->io_error = errno;
		if (n <= 0)
			t->can_recv = false;
	}
	if (n > 0)
		return (int)n;
	BIO_set_retry_read(bio);
	return -1;
}

static long
tls_bio_ctrl(BIO *bio, int cmd, long num, void *ptr)
{
	(void)bio;
	(void)num;
	(void)ptr;
	return cmd == BIO_CTRL_FLUSH ? 1 : 0;
}

static int
tls_bio_create(BIO *bio)
{
	BIO_set_init(bio, 1);
	return 1;
}

int
tls_library_start(struct tls_error *error)
{
	static bool is_started;
	BIO_METHOD *m;

	if (is_started)
		return 0;
	tls_memory_start();
	/*
	 * No table of old names of ciphers: providers have names of their
	 * own, and it takes a third of the start.
	 */
	if (OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG |
	    OPENSSL_INIT_NO_ADD_ALL_CIPHERS | OPENSSL_INIT_NO_ATEXIT,
	    NULL) != 1 || tls_provider_start() == -1) {
		tls_fault(error, "OpenSSL");
		return -1;
	}
	m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "tls");
	if (m == NULL || BIO_meth_set_write(m, tls_bio_write) != 1 ||
	    BIO_meth_set_read(m, tls_bio_read) != 1 ||
	    BIO_meth_set_ctrl(m, tls_bio_ctrl) != 1 ||
	    BIO_meth_set_create(m, tls_bio_create) != 1) {
		tls_fault(error, "OpenSSL");
		return -1;
	}
	tls_bio_method = m;
	is_started = true;
	return 0;
}

struct tls *
tls_of(const SSL *ssl)
{
	return SSL_get_app_data(ssl);
}

/* What the state machine says when it has read a message and goes on. */
static bool
tls_has_read_message(const SSL *ssl, int where)
{
	OSSL_HANDSHAKE_STATE state = SSL_get_state(ssl);

	return (where & SSL_CB_LOOP) != 0 && state != TLS_ST_OK &&
	    state != TLS_ST_SW_KEY_UPDATE && state != TLS_ST_CW_KEY_UPDATE;
}

void
tls_on_event(const SSL *ssl, int where, int value)
{
	struct tls *t = tls_of(ssl);
	uint64_t now;

	(void)value;
	if (t == NULL || !t->is_done || t->is_shut || t->is_noisy ||
	    (!tls_has_read_message(ssl, where) && where != SSL_CB_WRITE_ALERT))
		return;
	now = clock_ms();
	if (t->noise == 0 || now - t->noise_ms > TLS_NOISE_MS) {
		t->noise = 0;
		t->noise_ms = now;
	}
	t->is_noisy = ++t->noise > TLS_NOISE_MAX;
}

struct tls *
tls_new(SSL_CTX *ctx, int fd)
{
	struct tls *t = xcalloc(1, sizeof(*t));
	BIO *bio = BIO_new(tls_bio_method);

	t->fd = fd;
	t->ssl = SSL_new(ctx);
	if (t->ssl == NULL || bio == NULL) {
		BIO_free(bio);
		tls_delete(t);
		return NULL;
	}
	BIO_set_data(bio, t);
	SSL_set_bio(t->ssl, bio, bio);
	SSL_set_app_data(t->ssl, t);
	return t;
}

struct tls *
tls_accept(struct tls_server *server, int fd, struct tls_error *error)
{
	struct tls *t;

	ERR_clear_error();
	if ((t = tls_new(tls_server_context(server), fd)) == NULL) {
		tls_fault(error, "OpenSSL");
		return NULL;
	}
	SSL_set_accept_state(t->ssl);
	tls_server_keep(server);
	t->server = server;
	return t;
}

void
tls_delete(struct tls *t)
{
	if (t == NULL)
		return;
	/* A session is not bad because a peer did not say good-bye. */
	if (t->ssl != NULL && t->is_done && !t->has_failed)
		SSL_set_shutdown(t->ssl,
		    SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(t->ssl);
	tls_server_free(t->server);
	tls_client_free(t->client);
	free(t->sni);
	free(t->error);
	free(t);
}

void
tls_note(struct tls *t, bool is_ending)
{
	t->can_recv = true;
	t->is_ending |= is_ending;
}

/* The connection is of no more use; the first text stays. */
static void
tls_fail(struct tls *t, const char *text)
{
	char clean[TLS_ERROR_MAX];

	t->has_failed = true;
	if (t->error == NULL) {
		str_copy_clean(clean, sizeof(clean), text, strlen(text));
		t->error = xstrdup(clean);
	}
	ERR_clear_error();
}

static void
tls_fail_by_library(struct tls *t)
{
	long verified = SSL_get_verify_result(t->ssl);
	char text[TLS_ERROR_MAX] = "the peer's certificate: ";
	size_t len = strlen(text);

	if (tls_provider_refused())
		tls_fail(t, "the key's holder gave no signature");
	else if (!t->is_done && verified != X509_V_OK) {
		const char *why = X509_verify_cert_error_string(verified);

		str_copy_clean(text + len, sizeof(text) - len, why,
		    strlen(why));
		tls_fail(t, text);
	} else
		tls_fail(t, TLS_TEXT(ERR_peek_error()));
}

/* OpenSSL wants more than there is: 0 when that may still come. */
static int
tls_starved(struct tls *t)
{
	if (t->is_noisy)
		tls_fail(t, "too many messages of the handshake");
	else if (t->io_error != 0)
		tls_fail(t, strerror(t->io_error));
	else
		return 0;
	return -1;
}

enum tls_step
tls_handshake(struct tls *t)
{
	int result;

	if (t->has_failed)
		return TLS_STEP_FAILED;
	ERR_clear_error();
	(void)tls_provider_refused();
	result = SSL_do_handshake(t->ssl);
	if (result == 1) {
		t->is_done = true;
		/* Only now: buffers are wiped as a whole, each time. */
		SSL_set_options(t->ssl, SSL_OP_CLEANSE_PLAINTEXT);
		if (t->client != NULL)
			tls_client_done(t);
		return TLS_STEP_DONE;
	}
	if (SSL_get_error(t->ssl, result) != SSL_ERROR_WANT_READ)
		tls_fail_by_library(t);
	else if (t->has_fin)
		tls_fail(t, "the peer closed the connection");
	else if (tls_starved(t) == 0)
		return TLS_STEP_MORE;
	return TLS_STEP_FAILED;
}

/* Why there are no bytes: as tls_read returns it. */
static ssize_t
tls_read_end(struct tls *t)
{
	switch (SSL_get_error(t->ssl, 0)) {
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	case SSL_ERROR_WANT_READ:
		if (tls_starved(t) == -1) {
			errno = t->io_error != 0 ? t->io_error : EPROTO;
			return -1;
		}
		if (t->has_fin) {
			t->is_truncated = true;
			return 0;
		}
		errno = EAGAIN;
		return -1;
	default:
		tls_fail_by_library(t);
		errno = EPROTO;
		return -1;
	}
}

/* Whether it is of use to ask OpenSSL. */
static bool
tls_may_read(const struct tls *t)
{
	return t->can_recv || t->has_fin || t->is_noisy || t->io_error != 0 ||
	    SSL_has_pending(t->ssl) != 0 ||
	    (SSL_get_shutdown(t->ssl) & SSL_RECEIVED_SHUTDOWN) != 0;
}

ssize_t
tls_read(struct tls *t, void *dst, size_t size)
{
	size_t got = 0, n;

	if (t->has_failed) {
		errno = t->io_error != 0 ? t->io_error : EPROTO;
		return -1;
	}
	ERR_clear_error();
	while (got < size) {
		if (!tls_may_read(t)) {
			if (got > 0)
				break;
			errno = EAGAIN;
			return -1;
		}
		if (SSL_read_ex(t->ssl, (uint8_t *)dst + got, size - got,
		    &n) != 1) {
			ssize_t end = tls_read_end(t);

			return got > 0 ? (ssize_t)got : end;
		}
		got += n;
	}
	return (ssize_t)got;
}

ssize_t
tls_write(struct tls *t, const void *src, size_t len)
{
	size_t n;

	if (len > TLS_WRITE_MAX)
		len = TLS_WRITE_MAX;
	if (len == 0)
		return 0;
	errno = EPROTO;
	if (t->has_failed || t->is_shut || !t->is_done)
		return -1;
	ERR_clear_error();
	if (SSL_write_ex(t->ssl, src, len, &n) != 1) {
		tls_fail_by_library(t);
		errno = EPROTO;
		return -1;
	}
	return (ssize_t)n;
}

void
tls_bulk(struct tls *t)
{
	SSL_clear_options(t->ssl, SSL_OP_CLEANSE_PLAINTEXT);
	SSL_set_default_read_buffer_len(t->ssl, TLS_BULK_READ);
}

void
tls_shutdown(struct tls *t)
{
	if (t->is_shut || t->has_failed || !t->is_done)
		return;
	t->is_shut = true;
	ERR_clear_error();
	(void)SSL_shutdown(t->ssl);
	ERR_clear_error();
}

bool
tls_is_done(const struct tls *t)
{
	return t->is_done;
}

bool
tls_is_truncated(const struct tls *t)
{
	return t->is_truncated;
}

const char *
tls_error_text(const struct tls *t)
{
	return t->error == NULL ? "" : t->error;
}

int
tls_io_error(const struct tls *t)
{
	if (t->io_error != 0)
		return t->io_error;
	return t->has_fin && !t->is_done ? ECONNRESET : 0;
}

void
tls_facts_get(const struct tls *t, struct tls_facts *facts)
{
	const uint8_t *protocol;
	unsigned int len;

	facts->version = SSL_get_version(t->ssl);
	facts->cipher = SSL_get_cipher_name(t->ssl);
	facts->sni = t->sni;
	SSL_get0_alpn_selected(t->ssl, &protocol, &len);
	facts->alpn = len == 0 || t->server == NULL ? NULL :
	    tls_server_alpn(t->server);
	facts->is_resumed = SSL_session_reused(t->ssl) == 1;
	facts->is_verified = tls_peer_verified(t) != NULL;
}
