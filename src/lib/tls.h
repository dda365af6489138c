/*
 * tls: one TLS connection, over a socket that the caller owns.
 *
 * Reads come from the socket; what is to be sent is left in one output buffer
 * of the process (tls_output), which the caller takes after each call here
 * and before the next.  So nothing ever waits for room while it reads, and a
 * flight of the handshake leaves in one piece.  lib/stream does all that.
 * TLS 1.2 and 1.3; no renegotiation, no early data, no compression.
 * The contexts are in lib/tls_server.h and lib/tls_client.h, the peer's
 * certificate is in lib/tls_peer.h.  Nothing of OpenSSL is initialised before
 * the first context is made.
 */
#ifndef LIB_TLS_H
#define LIB_TLS_H

#if defined(ROLE_MASTER) || defined(ROLE_AUTH) || defined(ROLE_AUTH_WORKER)
#error "TLS is the business of the login processes alone"
#endif

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Text of a fault, sanitised, with NUL. */
#define TLS_ERROR_MAX	200
/* What tls_write takes at once. */
#define TLS_WRITE_MAX	(256u * 1024u)
/*
 * What encryption adds to that, at most, together with a flight of the
 * handshake; a queue for tls_output is to have room for it.
 */
#define TLS_OUTPUT_EXTRA	(128u * 1024u)

enum tls_version { TLS_VERSION_ANY, TLS_VERSION_1_2, TLS_VERSION_1_3 };

/* What both sides may choose; NULL is the default. */
struct tls_policy {
	enum tls_version	 min, max;	/* 1.2; 1.3 */
	/* OpenSSL's text; ECDHE with AES-GCM or ChaCha20-Poly1305. */
	const char		*ciphers;
	const char		*suites;	/* of TLS 1.3; all three */
	const char		*groups;	/* X25519:P-256:P-384 */
	bool			 prefers_server; /* our order of ciphers */
};

/* A certificate and those that lead to its root; bytes are borrowed. */
struct tls_chain {
	const char	*pem;		/* the own one first; NULL: none */
	size_t		 pem_len;
	uint16_t	 key;		/* its key's number for tls_sign_fn */
};

struct tls_error {
	char	text[TLS_ERROR_MAX];
};

enum tls_step {
	TLS_STEP_DONE,		/* read at once: bytes may be there already */
	TLS_STEP_MORE,		/* when the socket has more */
	TLS_STEP_FAILED,	/* tls_error_text() says why */
};

/*
 * What a connection has become.  Texts are borrowed until tls_delete(); sni is
 * as the client wrote it, but a host name by its letters.  NULL: none.
 */
struct tls_facts {
	const char	*version, *cipher, *sni, *alpn;
	bool		 is_resumed;
	bool		 is_verified;	/* the peer's certificate */
};

struct tls_server;
struct tls_client;
struct tls_target;
struct tls;

/*
 * A connection on a non-blocking socket that is connected; fd is borrowed,
 * the context lives on as long as the connection.  NULL with the fault.
 */
struct tls	*tls_accept(struct tls_server *, int fd, struct tls_error *);
struct tls	*tls_connect(struct tls_client *, int fd,
		    const struct tls_target *, struct tls_error *);
/* Not _free: libssl has one, and login programs are linked statically. */
void		 tls_delete(struct tls *);

/*
 * The socket may have more to read.  is_ending: and its end was told, so that
 * a short read is not the last.  Nothing is read before the first of these.
 */
void		 tls_note(struct tls *, bool is_ending);

enum tls_step	 tls_handshake(struct tls *);
/*
 * As recv(2): bytes; 0 at the peer's end; -1 with errno: EAGAIN when nothing
 * is there now, EPROTO when TLS failed (tls_error_text), else the socket's.
 * Fewer bytes than asked for: there are no more for now.
 */
ssize_t		 tls_read(struct tls *, void *, size_t);
/*
 * Encrypts up to TLS_WRITE_MAX bytes to the output: how many, or -1 with
 * errno EPROTO.
 */
ssize_t		 tls_write(struct tls *, const void *, size_t);
/*
 * From here on bytes are only carried: passwords are not among them any more,
 * so what was decrypted is not wiped record by record, and more is read at a
 * time.  A tenth of the work.
 */
void		 tls_bulk(struct tls *);
/* Tells the peer that no more comes; once.  Reading goes on. */
void		 tls_shutdown(struct tls *);
/* The bytes to be sent; forgets them: the next call here overwrites them. */
const uint8_t	*tls_output(size_t *len);

/* The handshake is done. */
bool		 tls_is_done(const struct tls *);
/* The peer's FIN came without a close_notify. */
bool		 tls_is_truncated(const struct tls *);
/* Why the last call failed; "" if none did. */
const char	*tls_error_text(const struct tls *);
/*
 * It is the connection that has failed the handshake, not TLS: errno of its
 * socket, ECONNRESET when the peer just left; else 0.
 */
int		 tls_io_error(const struct tls *);
/* After the handshake. */
void		 tls_facts_get(const struct tls *, struct tls_facts *);

#endif
