/* tls_fixture: certificates, a holder of keys, two ends of a connection. */
#include "unit.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <sys/socket.h>

#include "lib/sock.h"
#include "lib/tls_internal.h"
#include "tls_fixture.h"

#define DAY_S	86400L

static EVP_PKEY *
make_key(enum tls_fixture_kind kind)
{
	switch (kind) {
	case FIXTURE_RSA:
		return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
	case FIXTURE_P256:
		return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	case FIXTURE_P384:
		return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384");
	case FIXTURE_ED25519:
	case FIXTURE_KINDS:
		break;
	}
	return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
}

static void
add_extension(X509 *x509, int nid, const char *value)
{
	X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	assert_non_null(ext);
	assert_int_equal(X509_add_ext(x509, ext, -1), 1);
	X509_EXTENSION_free(ext);
}

void
tls_fixture_cert_make(struct tls_fixture_cert *cert,
    const struct tls_fixture_wish *wish)
{
	const struct tls_fixture_cert *issuer = wish->issuer == NULL ? cert :
	    wish->issuer;
	const char *cn = wish->cn == NULL ? "test" : wish->cn;
	static long serial;
	struct tls_error error;
	X509_NAME *name;
	X509 *x509;
	BIO *bio;
	char *text;

	/* First of all, as in a login process: see lib/tls_memory.c. */
	assert_int_equal(tls_library_start(&error), 0);
	cert->key = make_key(wish->kind);
	cert->x509 = x509 = X509_new();
	assert_non_null(cert->key);
	assert_non_null(x509);
	X509_set_version(x509, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(x509), ++serial);
	X509_gmtime_adj(X509_getm_notBefore(x509), -2 * DAY_S);
	X509_gmtime_adj(X509_getm_notAfter(x509),
	    wish->is_expired ? -DAY_S : DAY_S);
	X509_set_pubkey(x509, cert->key);
	name = X509_get_subject_name(x509);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
	    (const unsigned char *)cn, -1, -1, 0);
	X509_set_issuer_name(x509, X509_get_subject_name(issuer->x509));
	add_extension(x509, NID_basic_constraints,
	    wish->is_ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
	if (wish->san != NULL)
		add_extension(x509, NID_subject_alt_name, wish->san);
	assert_true(X509_sign(x509, issuer->key,
	    EVP_PKEY_is_a(issuer->key, "ED25519") ? NULL : EVP_sha256()) > 0);
	bio = BIO_new(BIO_s_mem());
	assert_int_equal(PEM_write_bio_X509(bio, x509), 1);
	cert->len = (size_t)BIO_get_mem_data(bio, &text);
	cert->pem = calloc(1, cert->len);
	assert_non_null(cert->pem);
	memcpy(cert->pem, text, cert->len);
	BIO_free(bio);
}

void
tls_fixture_cert_free(struct tls_fixture_cert *cert)
{
	EVP_PKEY_free(cert->key);
	X509_free(cert->x509);
	free(cert->pem);
	memset(cert, 0, sizeof(*cert));
}

void
tls_fixture_certs_make(struct tls_fixture_cert *certs,
    const struct tls_fixture_row *rows, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		struct tls_fixture_wish wish = {
			.kind = rows[i].kind, .san = rows[i].san,
			.cn = rows[i].cn, .is_ca = rows[i].is_ca,
			.is_expired = rows[i].is_expired,
			.issuer = rows[i].issuer == -1 ? NULL :
			    &certs[rows[i].issuer],
		};

		tls_fixture_cert_make(&certs[i], &wish);
	}
}

void
tls_fixture_certs_free(struct tls_fixture_cert *certs, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		tls_fixture_cert_free(&certs[i]);
}

struct tls_fixture_cert tls_fixture_mx;

int
tls_fixture_mx_setup(void **state)
{
	const struct tls_fixture_wish wish = {
		.kind = FIXTURE_P256, .san = "DNS:mx.test",
	};

	(void)state;
	tls_fixture_cert_make(&tls_fixture_mx, &wish);
	return 0;
}

int
tls_fixture_mx_teardown(void **state)
{
	(void)state;
	tls_fixture_cert_free(&tls_fixture_mx);
	return 0;
}

struct tls_chain
tls_fixture_chain(struct tls_fixture_holder *holder,
    const struct tls_fixture_cert *cert, uint16_t number)
{
	struct tls_chain chain = { cert->pem, cert->len, number };

	holder->certs[number] = cert;
	return chain;
}

int
tls_fixture_sign(void *arg, const struct tls_sign_request *request,
    uint8_t *sig, size_t sig_max, size_t *sig_len)
{
	static const char *const hashes[] = { "SHA256", "SHA384", "SHA512" };
	struct tls_fixture_holder *holder = arg;
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	EVP_PKEY_CTX *ctx;
	enum tls_sign_alg alg = request->alg;
	int result = -1;

	holder->ncalls++;
	holder->last = *request;
	if (holder->is_down || md == NULL)
		goto out;
	*sig_len = sig_max;
	if (EVP_DigestSignInit_ex(md, &ctx, alg == TLS_SIGN_ED25519 ? NULL :
	    hashes[(alg - TLS_SIGN_ECDSA_SHA256) % 3], NULL, NULL,
	    holder->certs[request->key]->key, NULL) != 1)
		goto out;
	if (alg >= TLS_SIGN_RSA_PSS_SHA256 && alg <= TLS_SIGN_RSA_PSS_SHA512 &&
	    (EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) != 1 ||
	    EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx,
	    RSA_PSS_SALTLEN_DIGEST) != 1))
		goto out;
	if (EVP_DigestSign(md, sig, sig_len, request->tbs,
	    request->tbs_len) == 1)
		result = 0;
	if (holder->is_wrong)
		sig[*sig_len - 1] ^= 1;
out:
	EVP_MD_CTX_free(md);
	return result;
}

struct tls_server_config
tls_fixture_server(struct tls_fixture_holder *holder,
    const struct tls_fixture_cert *cert)
{
	struct tls_server_config config = {
		.certs.first = tls_fixture_chain(holder, cert, 0),
		.alpn = "imap",
		.context = "imap",
		.sign = tls_fixture_sign,
		.sign_arg = holder,
	};

	return config;
}

struct tls_client_config
tls_fixture_client(const struct tls_fixture_cert *ca)
{
	struct tls_client_config config = {
		.ca = ca->pem,
		.ca_len = ca->len,
	};

	return config;
}

void
tls_fixture_pair_open(struct tls_fixture_pair *pair, struct tls_server *server,
    struct tls_client *client, const struct tls_target *target)
{
	memset(pair, 0, sizeof(*pair));
	assert_int_equal(sock_pair(SOCK_STREAM, pair->fds), 0);
	pair->server_step = pair->client_step = TLS_STEP_MORE;
	if (server != NULL) {
		pair->server = tls_accept(server, pair->fds[0], &pair->error);
		assert_non_null(pair->server);
	}
	if (client != NULL)
		pair->client = tls_connect(client, pair->fds[1], target,
		    &pair->error);
	if (client != NULL && pair->client == NULL)
		pair->client_step = TLS_STEP_FAILED;
}

void
tls_fixture_send(int fd)
{
	const uint8_t *p;
	size_t len;

	p = tls_output(&len);
	if (len > 0)
		(void)!send(fd, p, len, MSG_NOSIGNAL);
}

static void
step(struct tls *tls, enum tls_step *result, int fd)
{
	if (tls == NULL || *result != TLS_STEP_MORE)
		return;
	tls_note(tls, false);
	*result = tls_handshake(tls);
	tls_fixture_send(fd);
}

void
tls_fixture_shake(struct tls_fixture_pair *pair)
{
	int i;

	/* Also when one has failed: the other hears of it. */
	for (i = 0; i < 6; i++) {
		step(pair->client, &pair->client_step, pair->fds[1]);
		step(pair->server, &pair->server_step, pair->fds[0]);
	}
}

void
tls_fixture_pair_close(struct tls_fixture_pair *pair)
{
	tls_delete(pair->server);
	tls_delete(pair->client);
	(void)close(pair->fds[0]);
	(void)close(pair->fds[1]);
}

SSL *
tls_fixture_raw(struct tls_fixture_pair *pair)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl;

	assert_non_null(ctx);
	SSL_CTX_set_security_level(ctx, 0);
	assert_non_null(ssl = SSL_new(ctx));
	SSL_CTX_free(ctx);
	assert_int_equal(SSL_set_fd(ssl, pair->fds[1]), 1);
	SSL_set_connect_state(ssl);
	return ssl;
}

void
tls_fixture_raw_shake(struct tls_fixture_pair *pair, SSL *ssl)
{
	int i;

	for (i = 0; i < 6; i++) {
		(void)SSL_do_handshake(ssl);
		step(pair->server, &pair->server_step, pair->fds[0]);
	}
}
