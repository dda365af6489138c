/*
 * imap_state: what an IMAP session remembers until it is logged in.
 */
#ifndef IMAP_LOGIN_IMAP_STATE_H
#define IMAP_LOGIN_IMAP_STATE_H

#include <stdbool.h>
#include <stddef.h>

#include "imap-login/imap_parse.h"

/* Our tag towards the mail host, which it cannot guess: 6 characters. */
#define IMAP_BACKEND_TAG_LEN	6
/* Capabilities of the mail host that are told on; longer lists are cut. */
#define IMAP_CAPABILITIES_MAX	1024
#define IMAP_TEXT_MAX		200	/* of the mail host's tagged OK */

enum imap_backend_step {
	IMAP_BACKEND_BANNER,
	IMAP_BACKEND_TLS,	/* STARTTLS is sent */
	IMAP_BACKEND_ASK,	/* CAPABILITY, when the banner had none */
	IMAP_BACKEND_ID,	/* ID, and the login behind it as a rule */
	IMAP_BACKEND_USER,	/* waits for "+" before the name */
	IMAP_BACKEND_PASS,	/* waits for "+" before the password */
	IMAP_BACKEND_SASL,	/* waits for "+" before the one response */
	IMAP_BACKEND_SASL_USER,	/* waits for LOGIN's prompts */
	IMAP_BACKEND_SASL_PASS,
	IMAP_BACKEND_RESULT,	/* of LOGIN or AUTHENTICATE */
	IMAP_BACKEND_CAPABILITY,	/* of CAPABILITY, after it */
};
#define IMAP_BACKEND_STEP_LAST	IMAP_BACKEND_CAPABILITY

struct imap_state {
	struct imap_parser	parser;
	char			tag[IMAP_TAG_MAX + 1];	/* to be answered */
	/* It asked before login, so it may not look at response codes. */
	bool			has_asked_capability;

	enum imap_backend_step	step;
	char			backend_tag[IMAP_BACKEND_TAG_LEN + 1];
	bool			has_literal_plus, has_sasl_ir;
	bool			has_list;	/* capabilities are known */
	bool			has_mech;	/* the one of the route */
	bool			has_error;	/* will be refused: a token */
	bool			has_id;		/* ID is understood */
	bool			has_ours;	/* all that our list has */
	char			id_tag[IMAP_BACKEND_TAG_LEN + 2];
	enum imap_backend_step	after_id;	/* ID: nothing was sent yet */
	unsigned int		nlines;		/* before its tagged reply */
	size_t			nbytes;
	char			capabilities[IMAP_CAPABILITIES_MAX];
	char			text[IMAP_TEXT_MAX];
};

#endif
