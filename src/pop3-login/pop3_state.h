/*
 * pop3_state: what a POP3 session remembers until it is logged in.
 */
#ifndef POP3_LOGIN_POP3_STATE_H
#define POP3_LOGIN_POP3_STATE_H

#include <stdbool.h>
#include <stddef.h>

#include "login-common/sasl_decode.h"
#include "pop3-login/pop3_parse.h"

#define POP3_TEXT_MAX	200	/* of the mail host's last +OK */

enum pop3_backend_step {
	POP3_BACKEND_BANNER,
	POP3_BACKEND_TLS,	/* STLS is sent */
	POP3_BACKEND_XCLIENT,	/* sent, and the login behind it as a rule */
	POP3_BACKEND_USER,	/* USER is sent */
	POP3_BACKEND_SASL,	/* AUTH is sent, waits for "+" */
	POP3_BACKEND_SASL_USER,
	POP3_BACKEND_SASL_PASS,
	POP3_BACKEND_RESULT,	/* PASS or the last response is sent */
};
#define POP3_BACKEND_STEP_LAST	POP3_BACKEND_RESULT

struct pop3_state {
	struct pop3_parser	parser;
	char			user[SASL_USER_MAX + 1]; /* USER's, or "" */
	enum pop3_backend_step	step;
	bool			has_error;	/* will be refused: a token */
	enum pop3_backend_step	after_xclient;	/* XCLIENT: nothing yet */
	bool			has_xclient;	/* its greeting says so */
	char			text[POP3_TEXT_MAX];
};

#endif
