/* mail: tickets for mail processes: who may use which, when, and how often. */
#include "unit.h"

#include <sys/socket.h>

#include "config/settings.h"
#include "ipc/master_child.h"
#include "ipc/master_mail.h"
#include "lib/channel.h"
#include "lib/clock.h"
#include "lib/loop.h"
#include "lib/sock.h"
#include "master/child.h"
#include "master/mail.h"
#include "master/master.h"
#include "master/master_log.h"

#define NOW_MS		1000000u
#define AUTH_PID	101
#define LOGIN_PID	102
#define OTHER_PID	103
#define TURNS		400
#define TURN_MS		5

/* What a child was told. */
struct told {
	struct channel			*channel;
	struct master_mail_ticket	 ticket;
	struct master_mail_started	 started;
	struct master_mail_session	 session;
	uint32_t			 id;	/* of the last of these */
	uint32_t			 ended;	/* id of the last */
	unsigned int			 ntickets, nstarted, nsessions, nended;
};

/* A master with an auth process and two login processes, none of them real. */
struct bed {
	struct master		 m;
	struct settings		 settings;
	struct child		 auth, login, other, auth2;
	struct told		 to_auth, to_login, to_other, to_auth2;
	struct child_mail_ask	 who;
	struct loop_timers	 turns;
	struct loop_timer	 turn;
};

static int
on_ticket(void *arg, uint32_t id, struct wire_reader *r, int fd)
{
	struct told *t = arg;

	(void)fd;
	t->id = id;
	t->ntickets++;
	return master_mail_ticket_get(r, &t->ticket);
}

static int
on_session(void *arg, uint32_t id, struct wire_reader *r, int fd)
{
	struct told *t = arg;

	(void)fd;
	t->id = id;
	t->nsessions++;
	return master_mail_session_get(r, &t->session);
}

static int
on_ended(void *arg, uint32_t id, struct wire_reader *r, int fd)
{
	struct told *t = arg;

	(void)fd;
	t->ended = id;
	t->nended++;
	return wire_end(r);
}

static int
on_started(void *arg, uint32_t id, struct wire_reader *r, int fd)
{
	struct told *t = arg;

	(void)fd;
	t->id = id;
	t->nstarted++;
	return master_mail_started_get(r, &t->started);
}

static const struct channel_row rows[] = {
	{ MASTER_MAIL_TICKET, "MAIL_TICKET", 1, 17, 17, false, false,
	    on_ticket },
	{ MASTER_MAIL_SESSION, "MAIL_SESSION", 1, 4, 512, false, false,
	    on_session },
	{ MASTER_MAIL_ENDED, "MAIL_ENDED", 1, 0, 0, false, false, on_ended },
	{ MASTER_MAIL_STARTED, "MAIL_STARTED", 1, 5, 5, false, false,
	    on_started },
};

static struct channel *
channel_of(struct bed *b, int fd, struct told *t)
{
	return channel_new(&(struct channel_config){
		.loop = b->m.loop, .fd = fd,
		.contract = &master_child_contract,
		.rows = rows, .nrows = t == NULL ? 0 : UNIT_LENGTH(rows),
		.policy = CHANNEL_PEER_LOWER, .role = ROLE_ID_MASTER,
		.peer = "peer", .endpoint = t });
}

static void
add_child(struct bed *b, struct child *c, struct told *t, pid_t pid,
    enum role_id role)
{
	struct service *s = &b->m.services[role == ROLE_ID_AUTH ?
	    MASTER_AUTH : MASTER_IMAP_LOGIN];
	int fds[2];

	assert_int_equal(sock_pair(SOCK_STREAM, fds), 0);
	c->pid = pid;
	c->config.role = role;
	c->self = (struct master_auth){ .index = 0, .count = 1 };
	c->channel = channel_of(b, fds[0], NULL);
	t->channel = channel_of(b, fds[1], t);
	TAILQ_INSERT_TAIL(&s->children, c, entry);
}

/* Until nothing more happens. */
static void
settle(struct bed *b)
{
	for (int i = 0; i < 20; i++)
		loop_turn(b->m.loop, false);
}

static void
fill_settings(struct bed *b)
{
	static char program[] = "/bin/true";
	static char separator[] = "";

	b->settings.services[SERVICE_IMAP].mail_executable = program;
	b->settings.services[SERVICE_POP3].mail_executable = program;
	b->settings.auth_master_user_separator = separator;
	b->settings.mail.first_valid_uid = 1;
	b->settings.mail.first_valid_gid = 1;
	b->settings.mail.max_mail_processes = 100;
}

static int
set_up(void **state)
{
	struct bed *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	clock_set_for_test(NOW_MS);
	b->m.loop = loop_new();
	b->m.log = master_log_new(b->m.loop);
	b->m.settings = &b->settings;
	b->m.has_root = geteuid() == 0;
	loop_timers_init(b->m.loop, &b->turns, TURN_MS);
	fill_settings(b);
	for (size_t i = 0; i < MASTER_SERVICES; i++) {
		TAILQ_INIT(&b->m.services[i].children);
		b->m.services[i].owner = &b->m;
	}
	mail_init(&b->m.mails, &b->m);
	add_child(b, &b->auth, &b->to_auth, AUTH_PID, ROLE_ID_AUTH);
	b->auth.state = CHILD_IS_SERVING;
	b->m.auths[0] = &b->auth;
	b->m.nauths = 1;
	add_child(b, &b->login, &b->to_login, LOGIN_PID, ROLE_ID_IMAP_LOGIN);
	add_child(b, &b->other, &b->to_other, OTHER_PID, ROLE_ID_IMAP_LOGIN);
	settle(b);
	b->who = (struct child_mail_ask){ .login = LOGIN_PID,
	    .service = SERVICE_IMAP, .user = "joe", .home = "/nonexistent",
	    .uid = b->m.has_root ? 61999 : geteuid(),
	    .gid = b->m.has_root ? 61999 : getegid() };
	*state = b;
	return 0;
}

static int
tear_down(void **state)
{
	struct bed *b = *state;
	struct told *all[] = { &b->to_auth, &b->to_login, &b->to_other,
	    &b->to_auth2 };
	struct child *children[] = { &b->auth, &b->login, &b->other,
	    &b->auth2 };

	clock_set_for_test(0);
	mail_clear(&b->m.mails);
	for (size_t i = 0; i < UNIT_LENGTH(all); i++) {
		channel_free(children[i]->channel);
		channel_free(all[i]->channel);
	}
	loop_timers_clear(&b->turns);
	master_log_free(b->m.log);
	loop_free(b->m.loop);
	free(b);
	return 0;
}

/* Auth asks; its answer is in to_auth. */
static int
ask(struct bed *b, uint32_t id)
{
	int result = mail_on_ask(&b->m.services[MASTER_AUTH], &b->auth, id,
	    &b->who);

	settle(b);
	return result;
}

static struct mail_ticket
ticket_for(struct bed *b, uint32_t id)
{
	assert_int_equal(ask(b, id), 0);
	assert_int_equal(b->to_auth.id, id);
	assert_int_equal(b->to_auth.ticket.result, MASTER_MAIL_OK);
	return b->to_auth.ticket.ticket;
}

/* A login process shows one; what the master says of it. */
static uint8_t
show(struct bed *b, struct child *login, struct told *t,
    const struct mail_ticket *ticket)
{
	struct child_mail_start m = { .ticket = *ticket, .tag = "a" };
	unsigned int before = t->nstarted;
	int fds[2];

	assert_int_equal(sock_pair(SOCK_STREAM, fds), 0);
	assert_int_equal(mail_on_start(&b->m.services[MASTER_IMAP_LOGIN],
	    login, 9, &m, fds[0]), 0);
	settle(b);
	(void)close(fds[1]);
	assert_int_equal(t->nstarted, before + 1);
	assert_int_equal(t->id, 9);
	assert_int_equal(t->started.pid != 0,
	    t->started.result == MASTER_MAIL_OK);
	return t->started.result;
}

static uint8_t
show_own(struct bed *b, const struct mail_ticket *ticket)
{
	return show(b, &b->login, &b->to_login, ticket);
}

/* A process that lives until its client, which is returned, has gone. */
static int
start_lasting(struct bed *b, const struct mail_ticket *ticket)
{
	static char lasting[] = "/bin/cat";
	struct child_mail_start m = { .ticket = *ticket, .tag = "a" };
	int fds[2];

	b->settings.services[SERVICE_IMAP].mail_executable = lasting;
	assert_int_equal(sock_pair(SOCK_STREAM, fds), 0);
	/* Who reads from it expects to wait. */
	assert_int_equal(fcntl(fds[0], F_SETFL, 0), 0);
	assert_int_equal(mail_on_start(&b->m.services[MASTER_IMAP_LOGIN],
	    &b->login, 9, &m, fds[0]), 0);
	settle(b);
	assert_int_equal(b->to_login.started.result, MASTER_MAIL_OK);
	return fds[1];
}

/* Waits for the processes that run; the clock runs meanwhile. */
static void
await_ends(struct bed *b, unsigned int n)
{
	for (int i = 0; i < TURNS && b->to_auth.nended < n; i++) {
		loop_timer_start(&b->turns, &b->turn, NULL, NULL);
		(void)usleep(TURN_MS * 1000);
		settle(b);
	}
	loop_timer_stop(&b->turn);
	assert_int_equal(b->to_auth.nended, n);
}

static void
test_a_ticket_is_good_once(void **state)
{
	struct bed *b = *state;
	struct mail_ticket t = ticket_for(b, 7);

	assert_true(t.high != 0 || t.low != 0);
	assert_int_equal(show_own(b, &t), MASTER_MAIL_OK);
	assert_int_equal(show_own(b, &t), MASTER_MAIL_REFUSED);
	await_ends(b, 1);
	assert_int_equal(b->to_auth.ended, 7);
	assert_int_equal(show_own(b, &t), MASTER_MAIL_REFUSED);
	assert_int_equal(b->m.mails.nrunning, 0);
}

static void
test_a_ticket_of_another(void **state)
{
	struct bed *b = *state;
	struct mail_ticket t = ticket_for(b, 1);

	assert_int_equal(show(b, &b->other, &b->to_other, &t),
	    MASTER_MAIL_REFUSED);
	/* Of another service. */
	b->login.config.role = ROLE_ID_POP3_LOGIN;
	assert_int_equal(show_own(b, &t), MASTER_MAIL_REFUSED);
	b->login.config.role = ROLE_ID_IMAP_LOGIN;
	assert_int_equal(show_own(b, &t), MASTER_MAIL_OK);
}

static void
test_a_ticket_that_is_wrong_by_a_bit(void **state)
{
	struct bed *b = *state;
	struct mail_ticket t = ticket_for(b, 1), wrong;

	for (unsigned int bit = 0; bit < 128; bit++) {
		wrong = t;
		if (bit < 64)
			wrong.low ^= UINT64_C(1) << bit;
		else
			wrong.high ^= UINT64_C(1) << (bit - 64);
		assert_int_equal(show_own(b, &wrong), MASTER_MAIL_REFUSED);
	}
	wrong = (struct mail_ticket){ 0, 0 };
	assert_int_equal(show_own(b, &wrong), MASTER_MAIL_REFUSED);
	assert_int_equal(show_own(b, &t), MASTER_MAIL_OK);
}

static void
test_a_ticket_ages(void **state)
{
	struct bed *b = *state;
	struct mail_ticket first = ticket_for(b, 1), second;

	clock_set_for_test(NOW_MS + MAIL_TICKET_MS - 1);
	mail_tick(&b->m.mails);
	second = ticket_for(b, 2);
	assert_int_equal(b->m.mails.ntickets, 2);
	/* Also before anybody has cleared it away. */
	clock_set_for_test(NOW_MS + MAIL_TICKET_MS);
	assert_int_equal(show_own(b, &first), MASTER_MAIL_REFUSED);
	assert_int_equal(b->to_auth.nended, 0);
	mail_tick(&b->m.mails);
	settle(b);
	assert_int_equal(b->to_auth.nended, 1);
	assert_int_equal(b->to_auth.ended, 1);
	assert_int_equal(show_own(b, &second), MASTER_MAIL_OK);
}

/* What is started then would not hear of the end any more. */
static void
test_nothing_starts_at_the_end(void **state)
{
	struct bed *b = *state;
	struct mail_ticket t = ticket_for(b, 1);

	b->m.is_stopping = true;
	mail_end_all(&b->m.mails);
	assert_int_equal(show_own(b, &t), MASTER_MAIL_FAILED);
	assert_int_equal(b->m.mails.nrunning, 0);
	assert_int_equal(b->to_auth.ended, 1);
	assert_int_equal(ask(b, 2), 0);
	assert_int_equal(b->to_auth.ticket.result, MASTER_MAIL_FAILED);
}

static void
test_limits(void **state)
{
	struct bed *b = *state;
	struct mail_ticket t;
	int client;

	b->settings.mail.max_mail_processes = 2;
	t = ticket_for(b, 1);
	(void)ticket_for(b, 2);
	assert_int_equal(ask(b, 3), 0);
	assert_int_equal(b->to_auth.ticket.result, MASTER_MAIL_FULL);
	assert_true(b->to_auth.ticket.ticket.high == 0 &&
	    b->to_auth.ticket.ticket.low == 0);
	/* A process takes as much room as a ticket. */
	client = start_lasting(b, &t);
	assert_int_equal(ask(b, 3), 0);
	assert_int_equal(b->to_auth.ticket.result, MASTER_MAIL_FULL);
	(void)close(client);
	await_ends(b, 1);
	(void)ticket_for(b, 3);
	/* Tickets alone have a bound of their own. */
	b->settings.mail.max_mail_processes = MAIL_TICKETS_MAX + 9;
	for (uint32_t id = 4; b->m.mails.ntickets < MAIL_TICKETS_MAX; id++)
		(void)ticket_for(b, id);
	assert_int_equal(ask(b, 999999), 0);
	assert_int_equal(b->to_auth.ticket.result, MASTER_MAIL_FULL);
}

static void
test_ids_of_auth(void **state)
{
	struct bed *b = *state;
	struct mail_ticket t;
	int client;

	assert_int_equal(ask(b, 0), -1);
	assert_int_equal(ask(b, MASTER_MAIL_ADOPTED), -1);
	assert_int_equal(ask(b, MASTER_MAIL_ADOPTED | 5), -1);
	t = ticket_for(b, MASTER_MAIL_ADOPTED - 1);
	assert_int_equal(ask(b, MASTER_MAIL_ADOPTED - 1), -1);
	client = start_lasting(b, &t);
	assert_int_equal(ask(b, MASTER_MAIL_ADOPTED - 1), -1);
	(void)close(client);
	await_ends(b, 1);
	(void)ticket_for(b, MASTER_MAIL_ADOPTED - 1);
}

static void
test_nobody_is_root(void **state)
{
	struct bed *b = *state;
	const struct child_mail_ask good = b->who;
	struct settings_mail *s = &b->settings.mail;
	unsigned int id = 1;

	static const struct {
		uint32_t	uid, gid;
		const char	*home;
	} bad[] = {
		{ 0, 100, "/" }, { 100, 0, "/" }, { 99, 100, "/" },
		{ 201, 100, "/" }, { 100, 99, "/" }, { 100, 201, "/" },
		{ 100, 100, "home" },
	};

	s->first_valid_uid = s->first_valid_gid = 100;
	s->last_valid_uid = s->last_valid_gid = 200;
	b->m.has_root = true;
	for (size_t i = 0; i < UNIT_LENGTH(bad); i++) {
		b->who.uid = bad[i].uid;
		b->who.gid = bad[i].gid;
		(void)snprintf(b->who.home, sizeof(b->who.home), "%s",
		    bad[i].home);
		assert_int_equal(ask(b, id++), 0);
		assert_int_equal(b->to_auth.ticket.result,
		    MASTER_MAIL_REFUSED);
	}
	b->who.uid = b->who.gid = 200;
	b->who.home[0] = '\0';
	(void)ticket_for(b, id++);
	/* Without root there is only one who may. */
	b->m.has_root = false;
	b->who = good;
	b->who.uid = geteuid() + 1;
	assert_int_equal(ask(b, id++), 0);
	assert_int_equal(b->to_auth.ticket.result, MASTER_MAIL_REFUSED);
	assert_int_equal(b->to_auth.nended, 0);
}

static void
test_what_cannot_be_started(void **state)
{
	static char missing[] = "/nonexistent/mail -x";
	struct bed *b = *state;
	struct mail_ticket t = ticket_for(b, 1);
	struct child_mail_start m = { .ticket = t };
	int fds[2];

	b->settings.services[SERVICE_IMAP].mail_executable = missing;
	assert_int_equal(show_own(b, &t), MASTER_MAIL_FAILED);
	assert_int_equal(b->to_auth.nended, 1);
	assert_int_equal(show_own(b, &t), MASTER_MAIL_REFUSED);
	/* No connection. */
	m.ticket = ticket_for(b, 2);
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(mail_on_start(&b->m.services[MASTER_IMAP_LOGIN],
	    &b->login, 1, &m, fds[0]), 0);
	settle(b);
	assert_int_equal(b->to_login.started.result, MASTER_MAIL_REFUSED);
	assert_int_equal(fcntl(fds[0], F_GETFD), -1);
	assert_int_equal(b->to_auth.nended, 2);
	(void)close(fds[1]);
	/* The end of the suite. */
	b->m.is_stopping = true;
	assert_int_equal(ask(b, 3), 0);
	assert_int_equal(b->to_auth.ticket.result, MASTER_MAIL_FAILED);
}

/* Another auth takes over what runs, and what is started later. */
static void
test_a_new_auth(void **state)
{
	struct bed *b = *state;
	struct mail_ticket t = ticket_for(b, 1), second = ticket_for(b, 2);
	int client = start_lasting(b, &t);

	/* As long as it is asked, nothing is told twice. */
	mail_tell(&b->m.mails);
	settle(b);
	assert_int_equal(b->to_auth.nsessions, 0);
	b->auth.pid = AUTH_PID + 50;
	b->auth.state = CHILD_IS_STARTING;
	mail_tell(&b->m.mails);
	settle(b);
	assert_int_equal(b->to_auth.nsessions, 0);
	b->auth.state = CHILD_IS_SERVING;
	mail_tell(&b->m.mails);
	mail_tell(&b->m.mails);
	settle(b);
	assert_int_equal(b->to_auth.nsessions, 1);
	assert_true((b->to_auth.id & MASTER_MAIL_ADOPTED) != 0);
	assert_string_equal(b->to_auth.session.user, "joe");
	assert_int_equal(b->to_auth.session.service, SERVICE_IMAP);
	(void)close(client);
	await_ends(b, 1);
	assert_true((b->to_auth.ended & MASTER_MAIL_ADOPTED) != 0);
	/* A ticket of the old one that is shown now. */
	client = start_lasting(b, &second);
	assert_int_equal(b->to_auth.nsessions, 2);
	(void)close(client);
	await_ends(b, 2);
	assert_int_equal(b->to_auth.ended, MASTER_MAIL_ADOPTED | 2);
}

/* Of several it is the one with the number of the one that has asked. */
static void
test_a_new_auth_of_two(void **state)
{
	struct bed *b = *state;
	struct child *auths[] = { &b->auth, &b->auth2 };
	struct told *told[] = { &b->to_auth, &b->to_auth2 };
	struct mail_ticket t;
	int clients[2];

	add_child(b, &b->auth2, &b->to_auth2, AUTH_PID + 1, ROLE_ID_AUTH);
	b->auth2.state = CHILD_IS_SERVING;
	b->auth2.self.index = 1;
	b->auth.self.count = b->auth2.self.count = 2;
	b->m.nauths = 2;
	b->m.auths[1] = &b->auth2;
	settle(b);
	for (uint32_t i = 0; i < 2; i++) {
		assert_int_equal(mail_on_ask(&b->m.services[MASTER_AUTH],
		    auths[i], 1, &b->who), 0);
		settle(b);
		t = told[i]->ticket.ticket;
		clients[i] = start_lasting(b, &t);
	}
	b->auth.pid += 50;
	b->auth2.pid += 50;
	mail_tell(&b->m.mails);
	settle(b);
	for (uint32_t i = 0; i < 2; i++)
		assert_int_equal(told[i]->nsessions, 1);
	/* Only one is left. */
	b->auth.pid += 50;
	b->auth2.pid += 50;
	b->m.nauths = 1;
	mail_tell(&b->m.mails);
	settle(b);
	assert_int_equal(told[0]->nsessions, 3);
	for (uint32_t i = 0; i < 2; i++)
		(void)close(clients[i]);
	await_ends(b, 2);
}

static void
test_no_descriptor_is_left(void **state)
{
	struct bed *b = *state;
	struct mail_ticket t;
	int before;

	t = ticket_for(b, 1);
	(void)show_own(b, &t);
	await_ends(b, 1);
	before = unit_count_fds();
	for (uint32_t id = 2; id < 12; id++) {
		t = ticket_for(b, id);
		(void)show_own(b, &t);
		(void)show_own(b, &t);
	}
	await_ends(b, 11);
	assert_int_equal(unit_count_fds(), before);
}

#define TEST(fn)	cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_ticket_is_good_once),
		TEST(test_a_ticket_of_another),
		TEST(test_a_ticket_that_is_wrong_by_a_bit),
		TEST(test_a_ticket_ages),
		TEST(test_nothing_starts_at_the_end),
		TEST(test_limits),
		TEST(test_ids_of_auth),
		TEST(test_nobody_is_root),
		TEST(test_what_cannot_be_started),
		TEST(test_a_new_auth),
		TEST(test_a_new_auth_of_two),
		TEST(test_no_descriptor_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
