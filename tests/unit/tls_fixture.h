/*
 * tls_fixture: certificates made on the spot, a holder of their keys, and
 * both ends of a TLS connection on a pair of sockets.
 */
#ifndef TESTS_UNIT_TLS_FIXTURE_H
#define TESTS_UNIT_TLS_FIXTURE_H

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "lib/tls.h"
#include "lib/tls_client.h"
#include "lib/tls_server.h"

enum tls_fixture_kind {
	FIXTURE_RSA, FIXTURE_P256, FIXTURE_P384, FIXTURE_ED25519, FIXTURE_KINDS
};

struct tls_fixture_cert {
	EVP_PKEY	*key;
	X509		*x509;
	char		*pem;
	size_t		 len;
};

/* What a certificate is made of; zero is a good leaf. */
struct tls_fixture_wish {
	enum tls_fixture_kind		 kind;
	/* "DNS:a,DNS:b,IP:1.2.3.4"; NULL: none, "CN" is the common name. */
	const char			*san, *cn;
	const struct tls_fixture_cert	*issuer;	/* NULL: itself */
	bool				 is_ca, is_expired;
};

/* One of a table of certificates. */
struct tls_fixture_row {
	enum tls_fixture_kind	 kind;
	const char		*san, *cn;	/* as above */
	int			 issuer;	/* row; -1: itself */
	bool			 is_ca, is_expired;
};

/* Certificate set i of a server uses key number i. */
#define FIXTURE_CERTS_MAX	16

/* Stands where tls-signer does. */
struct tls_fixture_holder {
	const struct tls_fixture_cert	*certs[FIXTURE_CERTS_MAX];
	struct tls_sign_request		 last;
	int				 ncalls;
	bool				 is_down;
	bool				 is_wrong; /* a bit of it */
};

void	tls_fixture_cert_make(struct tls_fixture_cert *,
	    const struct tls_fixture_wish *);
void	tls_fixture_cert_free(struct tls_fixture_cert *);
void	tls_fixture_certs_make(struct tls_fixture_cert *,
	    const struct tls_fixture_row *, size_t n);
void	tls_fixture_certs_free(struct tls_fixture_cert *, size_t n);
/* For tests that need no more than one, of a server mx.test. */
extern struct tls_fixture_cert	tls_fixture_mx;
int	tls_fixture_mx_setup(void **state);
int	tls_fixture_mx_teardown(void **state);
/* The certificate as a chain whose key has the number. */
struct tls_chain	tls_fixture_chain(struct tls_fixture_holder *,
			    const struct tls_fixture_cert *, uint16_t);
/* A tls_sign_fn; arg is a struct tls_fixture_holder. */
int	tls_fixture_sign(void *arg, const struct tls_sign_request *,
	    uint8_t *sig, size_t sig_max, size_t *sig_len);

/* A configuration of a server and of a client that fit together. */
struct tls_server_config	tls_fixture_server(
				    struct tls_fixture_holder *,
				    const struct tls_fixture_cert *);
struct tls_client_config	tls_fixture_client(
				    const struct tls_fixture_cert *ca);

/* Two ends; either may be somebody else's. */
struct tls_fixture_pair {
	int		 fds[2];
	struct tls	*server, *client;
	enum tls_step	 server_step, client_step;
	struct tls_error error;
};

void	tls_fixture_pair_open(struct tls_fixture_pair *, struct tls_server *,
	    struct tls_client *, const struct tls_target *);
/* Until both are done or one has failed. */
void	tls_fixture_shake(struct tls_fixture_pair *);
void	tls_fixture_pair_close(struct tls_fixture_pair *);
/*
 * A client that is OpenSSL's own, on fds[1], trusting everybody; the caller
 * sets it up.  One step of its handshake and of the server's, some times.
 */
SSL	*tls_fixture_raw(struct tls_fixture_pair *);
void	 tls_fixture_raw_shake(struct tls_fixture_pair *, SSL *);
/* Sends what tls_output() has, all of it. */
void	tls_fixture_send(int fd);

#endif
