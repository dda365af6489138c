/* roles: the kinds of process, and the kinds of channel between them. */
#ifndef IPC_ROLES_H
#define IPC_ROLES_H

/* Sent in HELLO; also bits (1 << role) in the settings table. */
enum role_id {
	ROLE_ID_MASTER = 1,
	ROLE_ID_IMAP_LOGIN = 2,
	ROLE_ID_POP3_LOGIN = 3,
	ROLE_ID_AUTH = 4,
	ROLE_ID_AUTH_WORKER = 5,
	ROLE_ID_CTL = 6,		/* wicketctl; not a child */
	ROLE_ID_TLS_SIGNER = 7,
};
#define ROLE_ID_LAST	ROLE_ID_TLS_SIGNER

enum channel_kind {
	CHANNEL_KIND_MASTER_CHILD = 1,
	CHANNEL_KIND_LOGIN_AUTH = 2,
	CHANNEL_KIND_AUTH_WORKER = 3,
	CHANNEL_KIND_MASTER_CTL = 4,
	CHANNEL_KIND_CTL_AUTH = 5,
	CHANNEL_KIND_LOGIN_SIGNER = 6,
};

/* Which protocol a login is for. */
enum service_id {
	SERVICE_IMAP,
	SERVICE_POP3,
};
#define SERVICE_LAST	SERVICE_POP3

/* "imap-login", "auth", ...: also the name of the program. */
const char	*role_name(enum role_id);
/* "imap", "pop3". */
const char	*service_name(enum service_id);

#endif
