/*
 * main: the POP3 login process.
 * Runs in: pop3-login.
 * Hostile input: none here; see pop3_client and pop3_backend.
 * Never: holds code of its own; login-common does the work.
 */
#include "login-common/login_main.h"
#include "login-common/protocol.h"
#include "pop3-login/pop3_backend.h"
#include "pop3-login/pop3_client.h"
#include "pop3-login/pop3_reply.h"
#include "pop3-login/pop3_state.h"

static const struct login_protocol pop3_protocol = {
	.service = SERVICE_POP3,
	.role = ROLE_ID_POP3_LOGIN,
	.name = "pop3-login",
	.state_size = sizeof(struct pop3_state),
	.greet = pop3_client_greet,
	.begin_tls = pop3_client_begin_tls,
	.command = pop3_client_command,
	.challenge = pop3_reply_challenge,
	.answer = pop3_reply_answer,
	.bye = pop3_reply_bye,
	.backend_start = pop3_backend_start,
	.backend_secured = pop3_backend_secured,
	.backend_line = pop3_backend_line,
	.local = pop3_backend_local,
	.logged_in = pop3_reply_logged_in,
};

int
main(void)
{
	return login_main(&pop3_protocol);
}
