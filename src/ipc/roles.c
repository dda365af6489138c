/*
 * Names of the kinds of process and of the services.
 * Runs in: every process.
 * Hostile input: none.
 * Never: returns NULL.
 */
#include <stddef.h>

#include "ipc/roles.h"

static const char *const role_names[ROLE_ID_LAST + 1] = {
	[ROLE_ID_MASTER] = "mailwicket",
	[ROLE_ID_IMAP_LOGIN] = "imap-login",
	[ROLE_ID_POP3_LOGIN] = "pop3-login",
	[ROLE_ID_AUTH] = "auth",
	[ROLE_ID_AUTH_WORKER] = "auth-worker",
	[ROLE_ID_CTL] = "wicketctl",
	[ROLE_ID_TLS_SIGNER] = "tls-signer",
};

static const char *const service_names[SERVICE_LAST + 1] = {
	[SERVICE_IMAP] = "imap",
	[SERVICE_POP3] = "pop3",
};

const char *
role_name(enum role_id role)
{
	size_t i = (size_t)role;

	if (i > ROLE_ID_LAST || role_names[i] == NULL)
		return "unknown";
	return role_names[i];
}

const char *
service_name(enum service_id service)
{
	size_t i = (size_t)service;

	return i > SERVICE_LAST ? "unknown" : service_names[i];
}
