/*
 * Keys of TLS tickets: made, kept, turned.
 * Runs in: make check.
 * Hostile input: none.
 * Never: ships in a program.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "master/tickets.h"

#define ROTATE_MS	5000

static void
test_turns(void **state)
{
	struct tickets t = { .made_ms = 0 };
	struct master_ticket_key first, second;

	(void)state;
	assert_true(tickets_turn(&t, 1000, ROTATE_MS));
	assert_int_equal(t.services[SERVICE_IMAP].n, 1);
	assert_memory_not_equal(&t.services[SERVICE_IMAP].keys[0],
	    &t.services[SERVICE_POP3].keys[0], sizeof(first));
	first = t.services[SERVICE_IMAP].keys[0];
	assert_false(tickets_turn(&t, 1000 + ROTATE_MS - 1,
	    ROTATE_MS));
	assert_memory_equal(&first, &t.services[SERVICE_IMAP].keys[0],
	    sizeof(first));

	assert_true(tickets_turn(&t, 1000 + ROTATE_MS,
	    ROTATE_MS));
	assert_int_equal(t.services[SERVICE_IMAP].n, 2);
	assert_memory_equal(&first, &t.services[SERVICE_IMAP].keys[1],
	    sizeof(first));
	second = t.services[SERVICE_IMAP].keys[0];
	assert_memory_not_equal(&first, &second, sizeof(first));

	/* Two of before are kept, not three. */
	assert_true(tickets_turn(&t, 1000 + 2 * ROTATE_MS,
	    ROTATE_MS));
	assert_int_equal(t.services[SERVICE_IMAP].n, 3);
	assert_memory_equal(&first, &t.services[SERVICE_IMAP].keys[2],
	    sizeof(first));
	assert_true(tickets_turn(&t, 1000 + 3 * ROTATE_MS,
	    ROTATE_MS));
	assert_int_equal(t.services[SERVICE_IMAP].n, 3);
	assert_memory_equal(&second, &t.services[SERVICE_IMAP].keys[2],
	    sizeof(second));
	tickets_clear(&t);
	assert_int_equal(t.services[SERVICE_IMAP].n, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_turns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
