/*
 * master_tls: the part of the contract master_child that is about TLS.
 *
 * The master opens the files and never looks into them: certificates go to
 * login processes as a sealed memory file (ipc/cert_set.h), keys to tls-signer
 * as another (ipc/key_set.h).  What they say is found out by a tls-signer that
 * gets both, and CHECK instead of START: it answers CHILD_TLS_CERT for each
 * certificate, CHILD_TLS_FAULT for what is wrong, then CHILD_TLS_CHECKED.
 */
#ifndef IPC_MASTER_TLS_H
#define IPC_MASTER_TLS_H

#include <stdbool.h>
#include <stdint.h>

struct wire_reader;
struct wire_writer;

/* Keys of tickets: the one that makes new ones first, then those of before. */
#define MASTER_TICKETS_MAX	3

struct master_ticket_key {
	uint8_t	name[16];
	uint8_t	aes[32];
	uint8_t	mac[32];
};

/* To a login process; wiped by whoever filled or decoded it. */
struct master_tickets {
	uint8_t				n;
	struct master_ticket_key	keys[MASTER_TICKETS_MAX];
};

#define MASTER_SIGNER_ROOT_MAX		4095
#define MASTER_SIGNER_PASSWORD_MAX	1024

/* To tls-signer: all its settings; wiped as well. */
struct master_signer {
	uint32_t	uid, gid;
	bool		is_debug;
	char		root[MASTER_SIGNER_ROOT_MAX + 1];
	char		password[MASTER_SIGNER_PASSWORD_MAX + 1]; /* of keys */
};

/* Which file is meant, together with the number of the key. */
enum child_tls_file {
	CHILD_TLS_FILE_CERT,
	CHILD_TLS_FILE_KEY,
	CHILD_TLS_FILE_CA,		/* of clients; no key */
	CHILD_TLS_FILE_HOST_CA,		/* of mail hosts; no key */
};
#define CHILD_TLS_FILE_LAST	CHILD_TLS_FILE_HOST_CA
#define CHILD_TLS_TEXT_MAX	255
#define CHILD_TLS_KIND_MAX	31

struct child_tls_fault {
	uint16_t	key;		/* whose certificate or key it is */
	uint8_t		file;		/* enum child_tls_file */
	bool		is_date;	/* it is no longer, or not yet, valid */
	char		text[CHILD_TLS_TEXT_MAX + 1];
};

/* A certificate that was understood. */
struct child_tls_cert {
	uint16_t	key;
	uint64_t	not_before_s, not_after_s;	/* Unix time */
	char		kind[CHILD_TLS_KIND_MAX + 1];	/* "RSA 2048" */
	char		names[CHILD_TLS_TEXT_MAX + 1];	/* cut with "..." */
};

void	master_tickets_put(struct wire_writer *,
	    const struct master_tickets *);
int	master_tickets_get(struct wire_reader *, struct master_tickets *);
void	master_signer_put(struct wire_writer *, const struct master_signer *);
int	master_signer_get(struct wire_reader *, struct master_signer *);
void	child_tls_fault_put(struct wire_writer *,
	    const struct child_tls_fault *);
int	child_tls_fault_get(struct wire_reader *, struct child_tls_fault *);
void	child_tls_cert_put(struct wire_writer *,
	    const struct child_tls_cert *);
int	child_tls_cert_get(struct wire_reader *, struct child_tls_cert *);

#endif
