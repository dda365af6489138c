/*
 * parting: clients of a mail host that is gone are let go one by one.
 * Runs in: login processes.
 * Hostile input: none; what a client says now goes nowhere.
 * Never: holds back a byte that the host has sent.
 */
#include "login-common/parting.h"

#include "lib/clock.h"
#include "lib/rnd.h"
#include "login-common/login_process.h"
#include "login-common/session.h"

void
parting_init(struct session *s)
{
	uint32_t ms = s->login->route.how.leave_ms;

	s->leave_ms = ms != LOGIN_AUTH_LEAVE_SETTING ? ms :
	    s->process->set->login_proxy_max_disconnect_delay_ms;
	parting_note(s);
}

void
parting_note(struct session *s)
{
	if (s->leave_ms > 0)
		s->asked_ms = clock_ms();
}

bool
parting_is_due(const struct session *s)
{
	return s->leave_ms > 0 &&
	    (s->backend.has_eof || s->backend.error != 0) &&
	    !s->client.has_eof && s->client.error == 0 &&
	    buf_used(&s->client.out) == 0 &&
	    clock_ms() - s->asked_ms >= PARTING_ASKED_MS;
}

void
parting_start(struct session *s, enum session_reason reason)
{
	uint32_t random;

	rnd_bytes(&random, sizeof(random));
	s->asked_ms = clock_ms() + random % s->leave_ms;
	s->reason = reason;
	stream_close(&s->backend);
	session_to(s, SESSION_PARTING);
}

void
parting_step(struct session *s)
{
	uint8_t byte;

	if (stream_read(&s->client, &byte, sizeof(byte)) > 0 ||
	    stream_is_over(&s->client))
		session_close(s, s->reason);
}

struct loop_timers *
parting_timers(struct session *s)
{
	return &s->process->parting_timers;
}

void
parting_timeout(void *arg)
{
	struct session *s = arg;

	if (clock_ms() >= s->asked_ms)
		session_close(s, s->reason);
	else
		loop_timer_start(&s->process->parting_timers, &s->timer,
		    parting_timeout, s);
}
