/*
 * handshakes: makes TLS connections at a service, so many a second, and says
 * how many failed.
 *
 * usage: handshakes [-3] [-a address] -P port [-s per-second] [-n number]
 *                   [-c at-once] [-r percent] [-v 12|13]
 * Each connects, shakes hands, waits for the greeting, says good-bye (-3: as
 * POP3 does) and waits for the end.  -r: of so many in a hundred the client
 * comes with the last ticket that it got.  Where the service is too slow for
 * the pace, no more than at-once are open; "per_second" is what was reached.
 * The result is one line of JSON.
 */
#include <bsd/stdlib.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

#define LINE_BYTES_MAX	1024
/* A connection that lasts longer has failed. */
#define TAKES_MAX_US	20000000u
#define CERTS_MAX	64

struct bench {
	int		 epoll;
	struct sockaddr_in addr;
	bool		 is_pop3;
	uint32_t	 number, at_once, per_second, percent;
	SSL_CTX		*ctx;
	SSL_SESSION	*ticket;
	uint32_t	 started, active, done, failed, resumed, refused;
	uint32_t	*taken_us;
	/* Hashes of the certificates that were seen. */
	unsigned long	 certs[CERTS_MAX];
	size_t		 ncerts;
	char		 first_error[160];
};

enum step { STEP_CONNECT, STEP_TLS, STEP_GREETING, STEP_END };

struct client {
	struct bench	*bench;
	SSL		*ssl;
	int		 fd;
	enum step	 step;
	bool		 has_ticket;
	uint64_t	 start_us;
};

static uint64_t
now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* The newest ticket stands for the next connection. */
static int
ticket_keep(SSL *ssl, SSL_SESSION *session)
{
	struct bench *bench = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));

	SSL_SESSION_free(bench->ticket);
	bench->ticket = session;
	return 1;
}

/* A copy: OpenSSL marks one as used up once it has brought a new one. */
static void
ticket_use(SSL *ssl, SSL_SESSION *ticket)
{
	SSL_SESSION *copy = SSL_SESSION_dup(ticket);

	if (copy == NULL || SSL_set_session(ssl, copy) != 1)
		errx(1, "ticket");
	SSL_SESSION_free(copy);
}

static void
client_end(struct client *client, const char *why, const char *detail)
{
	struct bench *bench = client->bench;
	uint64_t taken = now_us() - client->start_us;

	if (why == NULL) {
		bench->taken_us[bench->done++] = (uint32_t)taken;
	} else {
		if (bench->failed++ == 0)
			snprintf(bench->first_error,
			    sizeof(bench->first_error), "%s: %s (step %d)",
			    why, detail == NULL ? "" : detail,
			    (int)client->step);
	}
	if (client->ssl != NULL)
		SSL_set_shutdown(client->ssl,
		    SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(client->ssl);
	close(client->fd);
	free(client);
	bench->active--;
}

static const char *
tls_reason(void)
{
	unsigned long code = ERR_peek_error();

	return code == 0 ? "closed" : ERR_reason_error_string(code);
}

static void
client_start(struct bench *bench)
{
	struct client *client = calloc(1, sizeof(*client));

	if (client == NULL)
		err(1, "client");
	client->bench = bench;
	client->start_us = now_us();
	client->fd = socket(AF_INET,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	client->ssl = SSL_new(bench->ctx);
	if (client->fd < 0 || client->ssl == NULL ||
	    SSL_set_fd(client->ssl, client->fd) != 1)
		errx(1, "client");
	client->has_ticket = bench->ticket != NULL &&
	    bench->started % 100 < bench->percent;
	if (client->has_ticket)
		ticket_use(client->ssl, bench->ticket);
	SSL_set_connect_state(client->ssl);
	bench->started++;
	bench->active++;
	bench_set_nodelay(client->fd);
	if (connect(client->fd, (struct sockaddr *)&bench->addr,
	    sizeof(bench->addr)) != 0 && errno != EINPROGRESS)
		client_end(client, "connect", strerror(errno));
	else
		bench_watch(bench->epoll, client->fd, EPOLLOUT, client);
}

static void
cert_note(struct bench *bench, SSL *ssl)
{
	X509 *cert = SSL_get0_peer_certificate(ssl);
	unsigned char hash[32];
	unsigned int len = sizeof(hash);
	unsigned long id;
	size_t i;

	if (cert == NULL || X509_digest(cert, EVP_sha256(), hash, &len) != 1)
		return;
	memcpy(&id, hash, sizeof(id));
	for (i = 0; i < bench->ncerts; i++)
		if (bench->certs[i] == id)
			return;
	if (bench->ncerts < CERTS_MAX)
		bench->certs[bench->ncerts++] = id;
}

/* False: OpenSSL wants more, or the client is gone. */
static bool
client_went_on(struct client *client, int result, const char *what)
{
	if (result > 0)
		return true;
	if (SSL_get_error(client->ssl, result) != SSL_ERROR_WANT_READ)
		client_end(client, what, tls_reason());
	return false;
}

static bool
client_shake(struct client *client)
{
	struct bench *bench = client->bench;

	if (!client_went_on(client, SSL_do_handshake(client->ssl),
	    "handshake"))
		return false;
	if (SSL_session_reused(client->ssl))
		bench->resumed++;
	else
		cert_note(bench, client->ssl);
	if (client->has_ticket && !SSL_session_reused(client->ssl))
		bench->refused++;
	client->step = STEP_GREETING;
	return true;
}

static bool
client_read(struct client *client)
{
	char line[LINE_BYTES_MAX];
	const char *bye = client->bench->is_pop3 ? "QUIT\r\n" :
	    "z LOGOUT\r\n";
	int n = SSL_read(client->ssl, line, sizeof(line));

	if (client->step == STEP_END && n <= 0 &&
	    SSL_get_error(client->ssl, n) == SSL_ERROR_ZERO_RETURN) {
		client_end(client, NULL, NULL);
		return false;
	}
	if (!client_went_on(client, n, "read"))
		return false;
	if (client->step == STEP_END)
		return true;
	if (line[0] != (client->bench->is_pop3 ? '+' : '*')) {
		client_end(client, "greeting", "not one");
		return false;
	}
	client->step = STEP_END;
	return client_went_on(client, SSL_write(client->ssl, bye,
	    (int)strlen(bye)), "write");
}

static void
event_take(struct bench *bench, struct client *client)
{
	socklen_t len = sizeof(int);
	int fault = 0;

	ERR_clear_error();
	if (client->step == STEP_CONNECT) {
		getsockopt(client->fd, SOL_SOCKET, SO_ERROR, &fault, &len);
		if (fault != 0) {
			client_end(client, "connect", strerror(fault));
			return;
		}
		client->step = STEP_TLS;
		bench_rewatch(bench->epoll, client->fd, EPOLLIN, client);
	}
	if (client->step == STEP_TLS && !client_shake(client))
		return;
	while (client_read(client))
		;
}

/* How many may have been started by now. */
static uint32_t
bench_due(const struct bench *bench, uint64_t start_us)
{
	uint64_t due;

	if (bench->per_second == 0)
		return bench->number;
	due = (now_us() - start_us) * bench->per_second / 1000000 + 1;
	return due > bench->number ? bench->number : (uint32_t)due;
}

static void
bench_run(struct bench *bench, uint64_t start_us)
{
	struct epoll_event events[BENCH_EVENTS_MAX];
	uint64_t silent_us = now_us();
	int i, n;

	while (bench->started < bench->number || bench->active > 0) {
		while (bench->started < bench_due(bench, start_us) &&
		    bench->active < bench->at_once)
			client_start(bench);
		n = epoll_wait(bench->epoll, events, BENCH_EVENTS_MAX, 1);
		for (i = 0; i < n; i++)
			event_take(bench, events[i].data.ptr);
		if (n > 0)
			silent_us = now_us();
		else if (now_us() - silent_us > TAKES_MAX_US)
			break;
	}
	bench->failed += bench->active;
}

static int
compare(const void *left, const void *right)
{
	const uint32_t *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

static void
result_print(struct bench *bench, double seconds)
{
	uint32_t last = bench->done == 0 ? 0 : bench->done - 1;

	qsort(bench->taken_us, bench->done, sizeof(uint32_t), compare);
	printf("{\"done\": %u, \"failed\": %u, \"resumed\": %u, "
	    "\"tickets_refused\": %u, \"certificates\": %zu, "
	    "\"seconds\": %.3f, \"per_second\": %.1f, \"p50_ms\": %.2f, "
	    "\"p99_ms\": %.2f, \"max_ms\": %.2f, \"first_error\": \"%s\"}\n",
	    bench->done, bench->failed, bench->resumed, bench->refused,
	    bench->ncerts, seconds, bench->done / seconds,
	    bench->taken_us[last / 2] / 1e3,
	    bench->taken_us[(uint64_t)last * 99 / 100] / 1e3,
	    bench->taken_us[last] / 1e3, bench->first_error);
}

static uint32_t
number(const char *text, long long max)
{
	const char *why;
	long long value = strtonum(text, 0, max, &why);

	if (why != NULL)
		errx(1, "%s: %s", text, why);
	return (uint32_t)value;
}

static void
tls_start(struct bench *bench, uint32_t version)
{
	int v = version == 12 ? TLS1_2_VERSION : TLS1_3_VERSION;

	bench->ctx = SSL_CTX_new(TLS_client_method());
	if (bench->ctx == NULL || (version != 0 &&
	    (SSL_CTX_set_min_proto_version(bench->ctx, v) != 1 ||
	    SSL_CTX_set_max_proto_version(bench->ctx, v) != 1)))
		errx(1, "TLS");
	SSL_CTX_set_app_data(bench->ctx, bench);
	SSL_CTX_set_session_cache_mode(bench->ctx, SSL_SESS_CACHE_CLIENT |
	    SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(bench->ctx, ticket_keep);
}

int
main(int argc, char **argv)
{
	struct bench bench = { .number = 1000, .at_once = 50 };
	const char *host = "127.0.0.1";
	uint32_t port = 0, version = 0;
	uint64_t start;
	int option;

	while ((option = getopt(argc, argv, "3a:c:n:P:r:s:v:")) != -1) {
		switch (option) {
		case '3': bench.is_pop3 = true; break;
		case 'a': host = optarg; break;
		case 'c': bench.at_once = number(optarg, 10000); break;
		case 'n': bench.number = number(optarg, 100000000); break;
		case 'P': port = number(optarg, 65535); break;
		case 'r': bench.percent = number(optarg, 100); break;
		case 's': bench.per_second = number(optarg, 100000); break;
		case 'v': version = number(optarg, 13); break;
		default: return 2;
		}
	}
	bench_raise_files();
	bench.addr = bench_addr(host, (uint16_t)port);
	bench.taken_us = calloc(bench.number + 1, sizeof(uint32_t));
	bench.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (bench.taken_us == NULL || bench.epoll < 0)
		err(1, "handshakes");
	tls_start(&bench, version);
	start = now_us();
	bench_run(&bench, start);
	result_print(&bench, (double)(now_us() - start) / 1e6);
	return bench.failed > 0;
}
