/*
 * main: the IMAP login process.
 * Runs in: imap-login.
 * Hostile input: none here; see imap_client and imap_backend.
 * Never: holds code of its own; login-common does the work.
 */
#include "imap-login/imap_backend.h"
#include "imap-login/imap_client.h"
#include "imap-login/imap_reply.h"
#include "imap-login/imap_state.h"
#include "login-common/login_main.h"
#include "login-common/protocol.h"

static const struct login_protocol imap_protocol = {
	.service = SERVICE_IMAP,
	.role = ROLE_ID_IMAP_LOGIN,
	.name = "imap-login",
	.state_size = sizeof(struct imap_state),
	.greet = imap_client_greet,
	.begin_tls = imap_client_begin_tls,
	.command = imap_client_command,
	.challenge = imap_reply_challenge,
	.answer = imap_reply_answer,
	.bye = imap_reply_bye,
	.backend_start = imap_backend_start,
	.backend_secured = imap_backend_secured,
	.backend_line = imap_backend_line,
	.local = imap_backend_local,
	.logged_in = imap_reply_logged_in,
};

int
main(void)
{
	return login_main(&imap_protocol);
}
