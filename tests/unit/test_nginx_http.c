/*
 * A passdb of HTTP services: which are asked, and what is told of the others.
 * The services are played here, one answer a connection.
 * Runs in: make check.
 * Hostile input: made here.
 * Never: ships in a program.
 */
#include "unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "auth-worker/nginx_http.h"
#include "ipc/roles.h"
#include "lib/clock.h"

#define OK	"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"
#define GOOD	OK "Auth-Status: OK\r\nAuth-Server: 192.0.2.1\r\n" \
		"Auth-Port: 143\r\n\r\n"

/* One service; answer NULL takes no connection. */
struct service {
	const char	*answer;
	int		 fd;
	unsigned int	 port;
	unsigned int	 nasked;
	pthread_t	 thread;
};

static struct service services[2];
static struct nginx_http *http;
static struct sql_row row;

static void *
serve(void *arg)
{
	struct service *s = arg;
	char room[8192];
	int fd;

	while ((fd = accept(s->fd, NULL, NULL)) != -1) {
		if (recv(fd, room, sizeof(room), 0) > 0) {
			s->nasked++;
			(void)!send(fd, s->answer, strlen(s->answer),
			    MSG_NOSIGNAL);
		}
		(void)close(fd);
	}
	return NULL;
}

static void
service_start(struct service *s, const char *answer)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(sin);

	*s = (struct service){ .answer = answer,
		.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) };
	assert_true(s->fd != -1);
	assert_int_equal(bind(s->fd, (struct sockaddr *)&sin, len), 0);
	assert_int_equal(getsockname(s->fd, (struct sockaddr *)&sin, &len),
	    0);
	s->port = ntohs(sin.sin_port);
	if (answer == NULL)
		return;
	assert_int_equal(listen(s->fd, 8), 0);
	assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

static void
service_stop(struct service *s)
{
	(void)shutdown(s->fd, SHUT_RDWR);
	if (s->answer != NULL)
		(void)pthread_join(s->thread, NULL);
	(void)close(s->fd);
}

/* Asks both of them, with these answers. */
static int
ask(const char *first, const char *second, uint32_t skip)
{
	struct auth_worker_lookup m = { .service = SERVICE_IMAP,
		.attempt = 1, .user = "joe", .pass = "pw",
		.skip_hosts = skip };
	char args[256], err[256];

	service_start(&services[0], first);
	service_start(&services[1], second);
	(void)snprintf(args, sizeof(args), "http://127.0.0.1:%u/ "
	    "http://127.0.0.1:%u/ timeout=2", services[0].port,
	    services[1].port);
	http = nginx_http_new(args, err, sizeof(err));
	if (http == NULL)
		fail_msg("%s", err);
	nginx_http_find(http, &m, clock_ms() + 5000, &row);
	return row.row.found;
}

static void
stop(void)
{
	nginx_http_free(http);
	service_stop(&services[0]);
	service_stop(&services[1]);
}

static void
fault_is(unsigned int i, unsigned int host, enum sql_fault_kind kind,
    const char *text)
{
	assert_true(i < row.row.nfaults);
	assert_int_equal(row.row.faults[i].host, host);
	assert_int_equal(row.row.faults[i].kind, kind);
	if (strstr(row.row.faults[i].text, text) == NULL)
		fail_msg("%s", row.row.faults[i].text);
}

static void
test_first(void **state)
{
	(void)state;
	assert_int_equal(ask(GOOD, GOOD, 0), AUTH_WORKER_ONE);
	assert_int_equal(row.row.host, 0);
	assert_int_equal(row.row.nfaults, 0);
	assert_int_equal(services[1].nasked, 0);
	stop();
	/* A refusal is an answer. */
	assert_int_equal(ask(OK "Auth-Status: no\r\n\r\n", GOOD, 0),
	    AUTH_WORKER_REFUSED);
	assert_int_equal(row.row.host, 0);
	assert_int_equal(services[1].nasked, 0);
	stop();
}

static void
test_second(void **state)
{
	(void)state;
	assert_int_equal(ask(NULL, GOOD, 0), AUTH_WORKER_ONE);
	assert_int_equal(row.row.host, 1);
	assert_int_equal(row.row.nfaults, 1);
	fault_is(0, 0, SQL_FAULT_CONNECT, "Failed to connect");
	stop();
	assert_int_equal(ask("HTTP/1.1 503 x\r\n\r\n", GOOD, 0),
	    AUTH_WORKER_ONE);
	fault_is(0, 0, SQL_FAULT_ROW, "HTTP status 503");
	stop();
	assert_int_equal(ask("", GOOD, 0), AUTH_WORKER_ONE);
	fault_is(0, 0, SQL_FAULT_QUERY, "");
	stop();
}

static void
test_none(void **state)
{
	(void)state;
	assert_int_equal(ask(NULL, OK "\r\n", 0), AUTH_WORKER_FAULT);
	assert_int_equal(row.row.host, AUTH_WORKER_HOST_NONE);
	assert_int_equal(row.row.nfaults, 2);
	fault_is(0, 0, SQL_FAULT_CONNECT, "");
	fault_is(1, 1, SQL_FAULT_ROW, "no Auth-Status");
	assert_int_equal(row.row.ncolumns, 0);
	stop();
}

/* Auth knows that one is down. */
static void
test_skip(void **state)
{
	(void)state;
	assert_int_equal(ask(GOOD, GOOD, 1), AUTH_WORKER_ONE);
	assert_int_equal(row.row.host, 1);
	assert_int_equal(services[0].nasked, 0);
	stop();
	assert_int_equal(ask(GOOD, GOOD, 3), AUTH_WORKER_FAULT);
	assert_int_equal(services[0].nasked + services[1].nasked, 0);
	assert_int_equal(row.row.nfaults, 0);
	stop();
}

static void
test_probe(void **state)
{
	struct sql_fault fault;

	(void)state;
	assert_int_equal(ask(NULL, GOOD, 3), AUTH_WORKER_FAULT);
	assert_int_equal(nginx_http_probe(http, 0, clock_ms() + 1000,
	    &fault), -1);
	assert_int_equal(fault.kind, SQL_FAULT_CONNECT);
	assert_int_equal(nginx_http_probe(http, 1, clock_ms() + 1000,
	    &fault), 0);
	assert_int_equal(nginx_http_probe(http, 2, clock_ms() + 1000,
	    &fault), -1);
	assert_int_equal(nginx_http_probe(http, 1, clock_ms(), &fault), -1);
	assert_int_equal(fault.kind, SQL_FAULT_DEADLINE);
	/* A probe is no question. */
	stop();
	assert_int_equal(services[1].nasked, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first),
		cmocka_unit_test(test_second),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_skip),
		cmocka_unit_test(test_probe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
