/*
 * load: makes sessions at an IMAP or POP3 service and measures them.
 *
 * usage: load [-3] [-a address] -P port [-n sessions] [-c at-once]
 *             [-m login|idle|bulk] [-k fetches] [-u user] [-w password]
 *             [-r range]
 * -3: POP3.  login: log in, log out, until all sessions are done.  bulk: the
 * same with fetches of the one message between.  idle: log in, say "held" on
 * the error output, stay until the input ends.  %d in user is a number
 * below the range.
 * The result is one line of JSON.
 */
#include <bsd/stdlib.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

#define IN_BYTES_MAX	16384

enum mode { MODE_LOGIN, MODE_IDLE, MODE_BULK };

enum step {
	STEP_CONNECT,
	STEP_GREETING,
	STEP_USER,
	STEP_LOGIN,
	STEP_HELD,
	STEP_BODY,
	STEP_LOGOUT,
	STEP_CLOSE,
};

struct load {
	int		 epoll;
	struct sockaddr_in addr;
	bool		 is_pop3;
	enum mode	 mode;
	const char	*user, *pass;
	uint32_t	 sessions, at_once, fetches;
	uint32_t	 range;		/* numbers in names wrap */
	uint32_t	 started, active, held, done, failed;
	uint64_t	 bytes;
	uint32_t	*taken_us;	/* of each session that went well */
	char		 first_error[128];
	bool		 is_over;	/* idle: the input ended */
};

struct client {
	struct load	*load;
	int		 fd;
	enum step	 step;
	uint32_t	 fetches_left, number;
	uint64_t	 start_us;
	size_t		 in_len;
	char		 in[IN_BYTES_MAX];
};

static uint64_t
now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void
error_keep(struct load *load, const char *what, const char *line)
{
	char *at;

	if (load->first_error[0] != '\0')
		return;
	snprintf(load->first_error, sizeof(load->first_error), "%s: %s", what,
	    line);
	for (at = load->first_error; *at != '\0'; at++)
		if (*at == '"' || *at == '\\' || *at < ' ')
			*at = '?';
}

/* Ends a session; why is NULL when all went well. */
static void
client_end(struct client *client, const char *why, const char *line)
{
	struct load *load = client->load;
	uint64_t taken = now_us() - client->start_us;

	if (why == NULL) {
		load->taken_us[load->done++] = (uint32_t)taken;
	} else {
		load->failed++;
		error_keep(load, why, line);
	}
	if (client->step == STEP_HELD)
		load->held--;
	load->active--;
	close(client->fd);
	free(client);
}

static void
client_start(struct load *load)
{
	struct client *client;
	int fd;

	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	client = malloc(sizeof(*client));
	if (fd < 0 || client == NULL)
		err(1, "client");
	memset(client, 0, offsetof(struct client, in));
	client->load = load;
	client->fd = fd;
	client->fetches_left = load->fetches;
	client->start_us = now_us();
	client->number = load->started++ % load->range;
	load->active++;
	bench_set_nodelay(fd);
	if (connect(fd, (struct sockaddr *)&load->addr,
	    sizeof(load->addr)) != 0 && errno != EINPROGRESS)
		client_end(client, "connect", strerror(errno));
	else
		bench_watch(load->epoll, fd, EPOLLOUT, client);
}

/* One command; short, so it fits the socket. */
static void
say(const struct client *client, const char *text)
{
	(void)send(client->fd, text, strlen(text), MSG_NOSIGNAL);
}

static void
say_login(struct client *client)
{
	struct load *load = client->load;
	const char *mark = strstr(load->user, "%d");
	char user[256], text[512];

	if (mark == NULL)
		snprintf(user, sizeof(user), "%s", load->user);
	else
		snprintf(user, sizeof(user), "%.*s%u%s",
		    (int)(mark - load->user), load->user,
		    client->number, mark + 2);
	if (load->is_pop3)
		snprintf(text, sizeof(text), "USER %s\r\n", user);
	else
		snprintf(text, sizeof(text), "a LOGIN %s %s\r\n", user,
		    load->pass);
	client->step = load->is_pop3 ? STEP_USER : STEP_LOGIN;
	say(client, text);
}

static void
say_pass(struct client *client)
{
	char text[512];

	snprintf(text, sizeof(text), "PASS %s\r\n", client->load->pass);
	client->step = STEP_LOGIN;
	say(client, text);
}

/* What a session does next once it is logged in. */
static void
go_on(struct client *client)
{
	struct load *load = client->load;

	if (load->mode == MODE_IDLE) {
		client->step = STEP_HELD;
		load->held++;
	} else if (load->mode == MODE_BULK && client->fetches_left > 0) {
		client->fetches_left--;
		client->step = STEP_BODY;
		say(client, load->is_pop3 ? "RETR 1\r\n" :
		    "f FETCH 1 BODY[]\r\n");
	} else {
		client->step = STEP_LOGOUT;
		say(client, load->is_pop3 ? "QUIT\r\n" : "z LOGOUT\r\n");
	}
}

static bool
is_good(const struct client *client, const char *line, const char *imap)
{
	const char *good = client->load->is_pop3 ? "+OK" : imap;

	return strncmp(line, good, strlen(good)) == 0;
}

/* NULL, or what was expected and did not come. */
static const char *
line_take(struct client *client, const char *line)
{
	struct load *load = client->load;

	if (!load->is_pop3 && client->step != STEP_GREETING &&
	    client->step != STEP_BODY && strncmp(line, "* ", 2) == 0)
		return NULL;
	switch (client->step) {
	case STEP_GREETING:
		if (!is_good(client, line, "* OK"))
			return "greeting";
		say_login(client);
		break;
	case STEP_USER:
		if (!is_good(client, line, ""))
			return "user";
		say_pass(client);
		break;
	case STEP_LOGIN:
		if (!is_good(client, line, "a OK"))
			return "login";
		go_on(client);
		break;
	case STEP_BODY:
		if (strcmp(line, load->is_pop3 ? "." : "f OK done") == 0)
			go_on(client);
		break;
	case STEP_LOGOUT:
		if (!is_good(client, line, "z OK"))
			return "logout";
		client->step = STEP_CLOSE;
		break;
	case STEP_CONNECT:
	case STEP_HELD:
	case STEP_CLOSE:
		return "silence";
	}
	return NULL;
}

/* False when the client is gone. */
static bool
client_lines(struct client *client)
{
	char *line = client->in, *end;
	const char *why;
	size_t left = client->in_len;

	while ((end = memchr(line, '\n', left)) != NULL) {
		*end = '\0';
		if (end > line && end[-1] == '\r')
			end[-1] = '\0';
		why = line_take(client, line);
		if (why != NULL) {
			client_end(client, why, line);
			return false;
		}
		left -= (size_t)(end + 1 - line);
		line = end + 1;
	}
	memmove(client->in, line, left);
	client->in_len = left;
	if (left == sizeof(client->in)) {
		client_end(client, "line too long", "");
		return false;
	}
	return true;
}

static void
client_read(struct client *client)
{
	ssize_t n;

	for (;;) {
		n = recv(client->fd, client->in + client->in_len,
		    sizeof(client->in) - client->in_len, 0);
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0)
			break;
		client->load->bytes += (size_t)n;
		client->in_len += (size_t)n;
		if (!client_lines(client))
			return;
	}
	if (n == 0 && client->step == STEP_CLOSE)
		client_end(client, NULL, "");
	else
		client_end(client, "closed", n < 0 ? strerror(errno) : "");
}

static void
event_take(struct load *load, const struct epoll_event *event)
{
	struct client *client = event->data.ptr;
	socklen_t len = sizeof(int);
	int fault = 0;

	if (client == NULL) {
		load->is_over = true;
		return;
	}
	if (client->step != STEP_CONNECT) {
		client_read(client);
		return;
	}
	getsockopt(client->fd, SOL_SOCKET, SO_ERROR, &fault, &len);
	if (fault != 0) {
		client_end(client, "connect", strerror(fault));
		return;
	}
	client->step = STEP_GREETING;
	bench_rewatch(load->epoll, client->fd, EPOLLIN, client);
}

static bool
is_finished(const struct load *load)
{
	if (load->mode == MODE_IDLE)
		return load->is_over;
	return load->started == load->sessions && load->active == 0;
}

static void
load_run(struct load *load)
{
	struct epoll_event events[BENCH_EVENTS_MAX];
	bool has_said = false;
	int i, n;

	while (!is_finished(load)) {
		while (load->started < load->sessions &&
		    load->active - load->held < load->at_once)
			client_start(load);
		if (load->mode == MODE_IDLE && !has_said &&
		    load->held + load->failed == load->sessions) {
			has_said = true;
			fprintf(stderr, "held %u failed %u\n", load->held,
			    load->failed);
		}
		n = epoll_wait(load->epoll, events, BENCH_EVENTS_MAX, 200);
		for (i = 0; i < n; i++)
			event_take(load, &events[i]);
	}
}

static int
compare(const void *left, const void *right)
{
	const uint32_t *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

static void
result_print(const struct load *load, double seconds)
{
	uint32_t last = load->done == 0 ? 0 : load->done - 1;

	qsort(load->taken_us, load->done, sizeof(uint32_t), compare);
	printf("{\"done\": %u, \"failed\": %u, \"held\": %u, "
	    "\"seconds\": %.3f, \"per_second\": %.1f, \"p50_ms\": %.2f, "
	    "\"p99_ms\": %.2f, \"mb_per_second\": %.1f, "
	    "\"first_error\": \"%s\"}\n", load->done, load->failed, load->held,
	    seconds, load->done / seconds,
	    load->taken_us[last / 2] / 1e3,
	    load->taken_us[(uint64_t)last * 99 / 100] / 1e3,
	    (double)load->bytes / seconds / 1e6, load->first_error);
}

static uint32_t
number(const char *text)
{
	const char *why;
	long long value = strtonum(text, 0, 100000000, &why);

	if (why != NULL)
		errx(1, "%s: %s", text, why);
	return (uint32_t)value;
}

static enum mode
mode_of(const char *word)
{
	if (strcmp(word, "idle") == 0)
		return MODE_IDLE;
	if (strcmp(word, "bulk") == 0)
		return MODE_BULK;
	if (strcmp(word, "login") != 0)
		errx(2, "no such mode: %s", word);
	return MODE_LOGIN;
}

static void
options_take(struct load *load, int argc, char **argv)
{
	const char *host = "127.0.0.1";
	uint32_t port = 0;
	int option;

	while ((option = getopt(argc, argv, "3a:c:k:m:n:P:r:u:w:")) != -1) {
		switch (option) {
		case '3': load->is_pop3 = true; break;
		case 'a': host = optarg; break;
		case 'c': load->at_once = number(optarg); break;
		case 'k': load->fetches = number(optarg); break;
		case 'm': load->mode = mode_of(optarg); break;
		case 'n': load->sessions = number(optarg); break;
		case 'P': port = number(optarg); break;
		case 'r': load->range = number(optarg); break;
		case 'u': load->user = optarg; break;
		case 'w': load->pass = optarg; break;
		default: exit(2);
		}
	}
	load->addr = bench_addr(host, (uint16_t)port);
}

int
main(int argc, char **argv)
{
	struct load load = {
		.user = "joe", .pass = "secret",
		.sessions = 1000, .at_once = 1, .fetches = 8, .range = 1000,
	};
	uint64_t start;

	options_take(&load, argc, argv);
	if (load.range == 0)
		errx(1, "-r: at least 1");
	bench_raise_files();
	load.taken_us = calloc(load.sessions + 1, sizeof(uint32_t));
	load.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (load.taken_us == NULL || load.epoll < 0)
		err(1, "load");
	if (load.mode == MODE_IDLE)
		bench_watch(load.epoll, STDIN_FILENO, EPOLLIN, NULL);
	start = now_us();
	load_run(&load);
	result_print(&load, (double)(now_us() - start) / 1e6);
	return load.failed > 0;
}
