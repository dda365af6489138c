/*
 * session_state: the states of a session and which may follow which.
 * Runs in: login processes.
 * Hostile input: none.
 * Never: does anything; it is two tables.
 */
#include "login-common/session_state.h"

#include "login-common/backend.h"
#include "login-common/backend_tls.h"
#include "login-common/client_tls.h"
#include "login-common/haproxy.h"
#include "login-common/local.h"
#include "login-common/login_process.h"
#include "login-common/parting.h"
#include "login-common/relay.h"
#include "login-common/sasl.h"
#include "login-common/session.h"
#include "login-common/session_step.h"

static const struct session_state_row rows[] = {
	[SESSION_GREETING] = {
		.name = "greeting",
	},
	[SESSION_PROXY_HEADER] = {
		.name = "proxy-header",
		.step = haproxy_step,
		.timers = haproxy_timers,
		.timeout = haproxy_timeout,
		.can_evict = true,
	},
	[SESSION_TLS_HANDSHAKE] = {
		.name = "tls-handshake",
		.step = client_tls_step,
		.timers = client_tls_timers,
		.timeout = client_tls_timeout,
		.can_evict = true,
	},
	[SESSION_COMMAND] = {
		.name = "command",
		.step = session_step_command,
		.can_evict = true,
	},
	[SESSION_SASL_REPLY] = {
		.name = "sasl-reply",
		.step = sasl_step,
		.can_evict = true,
	},
	[SESSION_AUTH_WAIT] = {
		.name = "auth-wait",
		.step = session_step_wait,
		.timers = session_auth_timers,
		.timeout = session_auth_timeout,
	},
	[SESSION_DELAY] = {
		.name = "delay",
		.step = session_step_wait,
		.timers = session_delay_timers,
		.timeout = session_delay_timeout,
		.can_evict = true,
	},
	[SESSION_BACKEND_CONNECT] = {
		.name = "backend-connect",
		.step = backend_step_connect,
		.timers = backend_timers,
		.timeout = backend_timeout,
	},
	[SESSION_BACKEND_TLS] = {
		.name = "backend-tls",
		.step = backend_step_tls,
		.timeout = backend_timeout,
		.keeps_timer = true,
	},
	[SESSION_BACKEND_LOGIN] = {
		.name = "backend-login",
		.step = backend_step_login,
		.timeout = backend_timeout,
		.keeps_timer = true,
	},
	[SESSION_LOCAL] = {
		.name = "local",
		.step = local_step,
		.timers = backend_timers,
		.timeout = local_timeout,
	},
	[SESSION_RELAY] = {
		.name = "relay",
		.step = relay_pump,
	},
	[SESSION_PARTING] = {
		.name = "parting",
		.step = parting_step,
		.timers = parting_timers,
		.timeout = parting_timeout,
	},
	[SESSION_CLOSING] = {
		.name = "closing",
		.step = session_step_closing,
		.timers = session_closing_timers,
		.timeout = session_closing_timeout,
	},
};

#define BIT(state)	(1u << (state))

static const unsigned int successors[] = {
	[SESSION_GREETING] = BIT(SESSION_PROXY_HEADER) |
	    BIT(SESSION_TLS_HANDSHAKE) | BIT(SESSION_COMMAND) |
	    BIT(SESSION_CLOSING),
	[SESSION_PROXY_HEADER] = BIT(SESSION_TLS_HANDSHAKE) |
	    BIT(SESSION_COMMAND) | BIT(SESSION_CLOSING),
	[SESSION_TLS_HANDSHAKE] = BIT(SESSION_COMMAND) | BIT(SESSION_CLOSING),
	[SESSION_COMMAND] = BIT(SESSION_TLS_HANDSHAKE) |
	    BIT(SESSION_SASL_REPLY) | BIT(SESSION_AUTH_WAIT) |
	    BIT(SESSION_DELAY) | BIT(SESSION_CLOSING),
	[SESSION_SASL_REPLY] = BIT(SESSION_COMMAND) | BIT(SESSION_AUTH_WAIT) |
	    BIT(SESSION_DELAY) | BIT(SESSION_CLOSING),
	[SESSION_AUTH_WAIT] = BIT(SESSION_COMMAND) | BIT(SESSION_SASL_REPLY) |
	    BIT(SESSION_BACKEND_CONNECT) | BIT(SESSION_LOCAL) |
	    BIT(SESSION_CLOSING),
	[SESSION_DELAY] = BIT(SESSION_COMMAND) | BIT(SESSION_SASL_REPLY) |
	    BIT(SESSION_CLOSING),
	[SESSION_BACKEND_CONNECT] = BIT(SESSION_BACKEND_CONNECT) |
	    BIT(SESSION_BACKEND_TLS) | BIT(SESSION_BACKEND_LOGIN) |
	    BIT(SESSION_COMMAND) | BIT(SESSION_CLOSING),
	[SESSION_BACKEND_TLS] = BIT(SESSION_BACKEND_CONNECT) |
	    BIT(SESSION_BACKEND_LOGIN) | BIT(SESSION_COMMAND) |
	    BIT(SESSION_CLOSING),
	[SESSION_BACKEND_LOGIN] = BIT(SESSION_BACKEND_CONNECT) |
	    BIT(SESSION_BACKEND_TLS) | BIT(SESSION_RELAY) |
	    BIT(SESSION_COMMAND) | BIT(SESSION_SASL_REPLY) |
	    BIT(SESSION_DELAY) | BIT(SESSION_CLOSING),
	[SESSION_LOCAL] = BIT(SESSION_BACKEND_LOGIN) | BIT(SESSION_COMMAND) |
	    BIT(SESSION_CLOSING),
	[SESSION_RELAY] = BIT(SESSION_PARTING) | BIT(SESSION_CLOSING),
	[SESSION_PARTING] = BIT(SESSION_CLOSING),
	[SESSION_CLOSING] = 0,
};

_Static_assert(sizeof(rows) / sizeof(rows[0]) == SESSION_STATE_LAST + 1,
    "a row for each state");
_Static_assert(sizeof(successors) / sizeof(successors[0]) ==
    SESSION_STATE_LAST + 1, "successors for each state");

const struct session_state_row *
session_state_row(enum session_state state)
{
	return &rows[state];
}

const char *
session_state_name(enum session_state state)
{
	return rows[state].name;
}

bool
session_state_may(enum session_state from, enum session_state to)
{
	return (successors[from] & BIT(to)) != 0;
}
