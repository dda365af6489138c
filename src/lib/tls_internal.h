/* tls_internal: what the files of lib/tls share and nobody else sees. */
#ifndef LIB_TLS_INTERNAL_H
#define LIB_TLS_INTERNAL_H

#include <openssl/ssl.h>

#include "lib/siphash.h"
#include "lib/tls.h"
#include "lib/tls_server.h"
#include "lib/tls_sign.h"

struct tls {
	SSL			*ssl;
	struct tls_server	*server;	/* one of these two */
	struct tls_client	*client;
	char			*sni;		/* what the client asked for */
	char			*error;
	uint64_t		 noise_ms;	/* since when noise counts */
	int			 fd;
	int			 io_error;	/* the socket's errno */
	uint16_t		 noise;
	bool			 can_recv;
	bool			 is_ending;	/* recv() up to the end */
	bool			 has_fin;
	bool			 is_done;
	bool			 is_shut;
	bool			 is_truncated;
	bool			 is_noisy;
	bool			 has_failed;
	bool			 has_name;	/* sni chose certificates */
	/* Client: what its session is kept under. */
	uint8_t			 session_key[SIPHASH_BYTES];
};

/* Where signatures come from; lives as long as the keys made with it. */
struct tls_signer {
	tls_sign_fn	 fn;
	void		*arg;
};

/* A chain, parsed, with a key that signs through a tls_signer. */
struct tls_identity {
	X509		*leaf;
	STACK_OF(X509)	*rest;
	EVP_PKEY	*key;
};

/* tls.c */
struct tls	*tls_new(SSL_CTX *, int fd);
struct tls	*tls_of(const SSL *);
void		 tls_on_event(const SSL *, int where, int value);
/* Starts OpenSSL, once; without files. */
int		 tls_library_start(struct tls_error *);

/* tls_context.c: what both sides do in the same way. */
/* Notes "what: OpenSSL's reason" and forgets the reason. */
void	tls_fault(struct tls_error *, const char *what);
SSL_CTX	*tls_context_new(const SSL_METHOD *, const struct tls_policy *,
	    struct tls_error *);
int	tls_identity_load(struct tls_identity *, const struct tls_chain *,
	    const struct tls_signer *, struct tls_error *);
void	tls_identity_clear(struct tls_identity *);
/* Gives it to a context or (ctx NULL) to a connection. */
int	tls_identity_use(const struct tls_identity *, SSL_CTX *, SSL *);
/* Trusts the authorities; `names` (may be NULL) gets theirs. */
int	tls_store_fill(X509_STORE *, const char *pem, size_t len,
	    STACK_OF(X509_NAME) *names, struct tls_error *);

/* tls_memory.c: before OpenSSL takes memory for the first time. */
void	tls_memory_start(void);

/* tls_peer.c */
/* The peer's certificate if it was verified, or NULL. */
X509	*tls_peer_verified(const struct tls *);

/* tls_provider.c */
int	tls_provider_start(void);
/*
 * A key that stands for the private half of `of`, which is a public key;
 * tls_signer and the number are what signs.  NULL: not a kind that we have.
 */
EVP_PKEY	*tls_provider_key(EVP_PKEY *of, uint16_t number,
		    const struct tls_signer *);
/* Whether a signature was refused since the last call. */
bool	tls_provider_refused(void);

/* tls_server.c */
void	tls_server_keep(struct tls_server *);
SSL_CTX	*tls_server_context(struct tls_server *);
const char	*tls_server_alpn(const struct tls_server *);
size_t	tls_server_sets(const struct tls_server *);
/* The identities of certificate set i, loaded; 0 with the fault. */
size_t	tls_server_identities(struct tls_server *, size_t i,
	    const struct tls_identity *list[2], struct tls_error *);

/* tls_client.c */
void	tls_client_keep(struct tls_client *);
/* The handshake with a host is done. */
void	tls_client_done(struct tls *);

#endif
