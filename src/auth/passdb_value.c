/*
 * Words, numbers, times and texts of a row.
 * Runs in: auth.
 * Hostile input: every column; a database may be in other hands.
 * Never: guesses what a value may have meant; puts a secret into a reason.
 */
#include "auth/passdb_value.h"

#include <string.h>

#include "auth/passdb_fields.h"
#include "config/setting_value.h"
#include "lib/strutil.h"

const char passdb_control[] = "control character in";
const char passdb_unusable[] = "unusable value of";
const char passdb_too_long[] = "too long a value of";
const char passdb_not_utf8[] = "invalid UTF-8 in";
const char passdb_later[] = "this version cannot honour";

#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))

/* The longest text of a time: a number, blanks and a word. */
#define PASSDB_TIME_MAX	64

/* The words for on and off, as they are for every field that is a flag. */
static const char *
passdb_bool(const char *text, size_t len, bool *is_on)
{
	static const struct {
		const char	*word;
		bool		 is_on;
	} words[] = {
		{ "y", true }, { "yes", true }, { "1", true },
		{ "true", true }, { "n", false }, { "no", false },
		{ "0", false }, { "false", false }, { "", false },
	};

	for (size_t i = 0; i < NELEM(words); i++)
		if (str_span_is(text, len, words[i].word)) {
			*is_on = words[i].is_on;
			return NULL;
		}
	return passdb_unusable;
}

const char *
passdb_read_bool(const struct passdb_value *v)
{
	return passdb_bool(v->text, v->len, v->to);
}

const char *
passdb_read_proxy(const struct passdb_value *v)
{
	const char *fault = passdb_read_bool(v);

	v->fields->is_proxy_off = fault == NULL && v->len != 0 &&
	    !v->fields->is_proxy;
	return fault;
}

/* As a bool, or on in its own way. */
const char *
passdb_read_switch(const struct passdb_value *v)
{
	enum passdb_switch *to = v->to;
	const char *fault;
	bool is_on = false;

	if (str_span_is(v->text, v->len, "any-cert")) {
		*to = PASSDB_ANY_CERT;
		return NULL;
	}
	fault = passdb_bool(v->text, v->len, &is_on);
	if (fault == NULL)
		*to = is_on ? PASSDB_ON : PASSDB_OFF;
	return fault;
}

/* Text that goes to a mail host or a client. */
const char *
passdb_read_text(const struct passdb_value *v)
{
	if (str_has_control(v->text, v->len))
		return passdb_control;
	if (!str_is_utf8(v->text, v->len))
		return passdb_not_utf8;
	if (str_copy(v->to, v->size, v->text, v->len) == -1)
		return passdb_too_long;
	return NULL;
}

const char *
passdb_read_given(const struct passdb_value *v)
{
	*(bool *)v->to = v->len != 0;
	return NULL;
}

const char *
passdb_read_port(const struct passdb_value *v)
{
	uint64_t port;

	if (v->text[0] == '0' ||
	    str_number(v->text, v->len, 1, 65535, &port) == -1)
		return passdb_unusable;
	*(uint16_t *)v->to = (uint16_t)port;
	return NULL;
}

/* As a time in the settings; nothing and 0 are the setting. */
const char *
passdb_read_ms(const struct passdb_value *v)
{
	char text[PASSDB_TIME_MAX];
	uint64_t ms = 0;

	if (v->len != 0 &&
	    (str_copy(text, sizeof(text), v->text, v->len) == -1 ||
	    strlen(text) != v->len || setting_value_time(text, &ms) == -1 ||
	    ms > PASSDB_TIMEOUT_MAX_S * 1000))
		return passdb_unusable;
	*(uint32_t *)v->to = (uint32_t)ms;
	return NULL;
}

/* 0 is a value of its own here, and nothing is the setting. */
const char *
passdb_read_leave(const struct passdb_value *v)
{
	struct passdb_value ms = *v;

	ms.to = &v->fields->leave_ms;
	v->fields->has_leave = v->len != 0;
	return passdb_read_ms(&ms);
}

/* SASL mechanisms towards the mail host; nothing is the usual command. */
const char *
passdb_read_mech(const struct passdb_value *v)
{
	static const struct {
		const char		*word;
		enum login_auth_way	 way;
	} words[] = {
		{ "", LOGIN_AUTH_WAY_COMMAND },
		{ "plain", LOGIN_AUTH_WAY_PLAIN },
		{ "login", LOGIN_AUTH_WAY_LOGIN },
		{ "external", LOGIN_AUTH_WAY_EXTERNAL },
		{ "oauthbearer", LOGIN_AUTH_WAY_OAUTHBEARER },
		{ "xoauth2", LOGIN_AUTH_WAY_XOAUTH2 },
	};

	for (size_t i = 0; i < NELEM(words); i++)
		if (str_span_is(v->text, v->len, words[i].word)) {
			*(uint8_t *)v->to = (uint8_t)words[i].way;
			return NULL;
		}
	return passdb_later;
}

/* A version of the PROXY protocol; on is the second. */
const char *
passdb_read_haproxy(const struct passdb_value *v)
{
	static const struct {
		const char	*word;
		uint8_t		 version;
	} words[] = {
		{ "1", 1 }, { "v1", 1 }, { "2", 2 }, { "v2", 2 },
	};
	const char *fault;
	bool is_on = false;

	for (size_t i = 0; i < NELEM(words); i++)
		if (str_span_is(v->text, v->len, words[i].word)) {
			*(uint8_t *)v->to = words[i].version;
			return NULL;
		}
	fault = passdb_bool(v->text, v->len, &is_on);
	*(uint8_t *)v->to = is_on ? LOGIN_AUTH_HAPROXY_LAST : 0;
	return fault;
}

const char *
passdb_read_later_bool(const struct passdb_value *v)
{
	bool is_on = false;
	const char *fault = passdb_bool(v->text, v->len, &is_on);

	return fault == NULL && is_on ? passdb_later : fault;
}
