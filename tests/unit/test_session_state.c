/* session_state: which state may follow which, and what belongs to each. */
#include "unit.h"

#include "login-common/session_state.h"

#define STATES	(SESSION_STATE_LAST + 1)

static void
test_rows(void **state)
{
	int i, k;

	(void)state;
	for (i = 0; i < STATES; i++) {
		const struct session_state_row *row =
		    session_state_row((enum session_state)i);

		assert_non_null(row->name);
		assert_string_equal(row->name,
		    session_state_name((enum session_state)i));
		for (k = 0; k < i; k++)
			assert_string_not_equal(row->name,
			    session_state_name((enum session_state)k));
		/* A timer that runs out has to do something. */
		if (row->timers != NULL || row->keeps_timer)
			assert_non_null(row->timeout);
		/* All but the first are moved on by events. */
		assert_true(row->step != NULL || i == SESSION_GREETING);
	}
}

/* A session can end in any state, once, and begins only once. */
static void
test_begin_and_end(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < STATES; i++) {
		enum session_state at = (enum session_state)i;

		assert_int_equal(session_state_may(at, SESSION_CLOSING),
		    at != SESSION_CLOSING);
		assert_false(session_state_may(at, SESSION_GREETING));
		assert_false(session_state_may(SESSION_CLOSING, at));
	}
}

/* TLS begins with the connection or at a command, and nowhere else. */
static void
test_tls(void **state)
{
	const enum session_state tls = SESSION_TLS_HANDSHAKE;
	int i;

	(void)state;
	for (i = 0; i < STATES; i++) {
		enum session_state at = (enum session_state)i;

		assert_int_equal(session_state_may(at, tls),
		    at == SESSION_GREETING || at == SESSION_COMMAND ||
		    at == SESSION_PROXY_HEADER);
		assert_int_equal(session_state_may(tls, at),
		    at == SESSION_COMMAND || at == SESSION_CLOSING);
	}
	/* It has a deadline of its own, and makes room for others. */
	assert_non_null(session_state_row(tls)->timers);
	assert_true(session_state_row(tls)->can_evict);
}

/* Nobody is relayed who did not log in at a mail host. */
static void
test_relay(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < STATES; i++)
		assert_int_equal(session_state_may((enum session_state)i,
		    SESSION_RELAY), i == SESSION_BACKEND_LOGIN);
}

/* TLS with the mail host comes before the login there, and after no other. */
static void
test_backend_tls(void **state)
{
	const enum session_state tls = SESSION_BACKEND_TLS;
	int i;

	(void)state;
	for (i = 0; i < STATES; i++) {
		const enum session_state at = (enum session_state)i;

		assert_int_equal(session_state_may(at, tls),
		    at == SESSION_BACKEND_CONNECT ||
		    at == SESSION_BACKEND_LOGIN);
		assert_int_equal(session_state_may(tls, at),
		    at == SESSION_BACKEND_CONNECT ||
		    at == SESSION_BACKEND_LOGIN || at == SESSION_COMMAND ||
		    at == SESSION_CLOSING);
	}
	/* The time of the whole login there goes on. */
	assert_true(session_state_row(tls)->keeps_timer);
}

/* Who waits for auth or a mail host is not sent away for others. */
static void
test_evicted(void **state)
{
	static const bool can_evict[STATES] = {
		[SESSION_PROXY_HEADER] = true,
		[SESSION_TLS_HANDSHAKE] = true,
		[SESSION_COMMAND] = true,
		[SESSION_SASL_REPLY] = true,
		[SESSION_DELAY] = true,
	};
	int i;

	(void)state;
	for (i = 0; i < STATES; i++)
		assert_int_equal(session_state_row(
		    (enum session_state)i)->can_evict, can_evict[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_begin_and_end),
		cmocka_unit_test(test_tls),
		cmocka_unit_test(test_relay),
		cmocka_unit_test(test_backend_tls),
		cmocka_unit_test(test_evicted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
