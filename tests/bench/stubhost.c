/*
 * stubhost: a mail host for measuring proxies.  Any user whose password is
 * not "wrong" may log in; there is one message, of as many bytes as asked
 * for.  One thread, no files, no mercy for clients that do not read.
 *
 * usage: stubhost [-a address] [-b bytes] [-i imap-port] [-p pop3-port]
 * Says "imap=PORT pop3=PORT" when it listens; ends when its input ends.
 */
#include <bsd/stdlib.h>
#include <bsd/string.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <strings.h>
#include <unistd.h>

#include "bench.h"

#define LINE_BYTES_MAX	8192
#define OUT_BYTES_MAX	4096
#define CAPS		"IMAP4rev1 LITERAL+ SASL-IR ID IDLE NAMESPACE"

enum listener { LISTENER_IMAP, LISTENER_POP3, LISTENER_INPUT, LISTENERS };

struct host {
	int	 epoll;
	int	 fds[LISTENERS];
	char	*body;
	size_t	 body_bytes;
};

struct conn {
	struct host	*host;
	int		 fd;
	bool		 is_pop3, is_closing, has_plain, wants_write;
	char		 tag[64];
	size_t		 in_len, out_len, out_done;
	size_t		 body_left;	/* of the message, behind out */
	char		 in[LINE_BYTES_MAX];
	char		 out[OUT_BYTES_MAX];
};

struct command {
	const char	*verb;
	void		(*run)(struct conn *, const char *args);
};

static void	say(struct conn *, const char *, ...)
		    __attribute__((format(printf, 2, 3)));

static void
say(struct conn *conn, const char *format, ...)
{
	va_list args;
	size_t room = sizeof(conn->out) - conn->out_len;
	int n;

	va_start(args, format);
	n = vsnprintf(conn->out + conn->out_len, room, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= room)
		conn->is_closing = true;
	else
		conn->out_len += (size_t)n;
}

static void
conn_free(struct conn *conn)
{
	close(conn->fd);
	free(conn);
}

/* The message is one line of text again and again. */
static void
body_make(struct host *host)
{
	static const char line[] = "the quick brown fox jumps over the lazy "
	    "dog and comes back for more of it\r\n";
	size_t i;

	host->body = malloc(host->body_bytes + 1);
	if (host->body == NULL)
		err(1, NULL);
	for (i = 0; i < host->body_bytes; i++)
		host->body[i] = line[i % (sizeof(line) - 1)];
	if (host->body_bytes >= 2)
		memcpy(host->body + host->body_bytes - 2, "\r\n", 2);
}

static void
imap_ok(struct conn *conn, const char *args)
{
	(void)args;
	say(conn, "%s OK done\r\n", conn->tag);
}

static void
imap_login(struct conn *conn, const char *args)
{
	if (strstr(args, "wrong") != NULL)
		say(conn, "%s NO [AUTHENTICATIONFAILED] no\r\n", conn->tag);
	else
		say(conn, "%s OK [CAPABILITY " CAPS "] Logged in\r\n",
		    conn->tag);
}

static void
imap_authenticate(struct conn *conn, const char *args)
{
	if (strchr(args, ' ') != NULL) {
		imap_login(conn, "");
	} else {
		conn->has_plain = true;
		say(conn, "+ \r\n");
	}
}

static void
imap_capability(struct conn *conn, const char *args)
{
	say(conn, "* CAPABILITY " CAPS "\r\n");
	imap_ok(conn, args);
}

static void
imap_fetch(struct conn *conn, const char *args)
{
	(void)args;
	say(conn, "* 1 FETCH (BODY[] {%zu}\r\n", conn->host->body_bytes);
	conn->body_left = conn->host->body_bytes;
}

static void
imap_logout(struct conn *conn, const char *args)
{
	say(conn, "* BYE bye\r\n");
	imap_ok(conn, args);
	conn->is_closing = true;
}

static void
pop3_ok(struct conn *conn, const char *args)
{
	(void)args;
	say(conn, "+OK\r\n");
}

static void
pop3_pass(struct conn *conn, const char *args)
{
	if (strstr(args, "wrong") != NULL)
		say(conn, "-ERR [AUTH] no\r\n");
	else
		pop3_ok(conn, args);
}

static void
pop3_stat(struct conn *conn, const char *args)
{
	(void)args;
	say(conn, "+OK 1 %zu\r\n", conn->host->body_bytes);
}

static void
pop3_retr(struct conn *conn, const char *args)
{
	pop3_ok(conn, args);
	conn->body_left = conn->host->body_bytes;
}

static void
pop3_quit(struct conn *conn, const char *args)
{
	pop3_ok(conn, args);
	conn->is_closing = true;
}

static const struct command imap_commands[] = {
	{ "LOGIN", imap_login },
	{ "AUTHENTICATE", imap_authenticate },
	{ "CAPABILITY", imap_capability },
	{ "FETCH", imap_fetch },
	{ "LOGOUT", imap_logout },
	{ "", imap_ok },
};

static const struct command pop3_commands[] = {
	{ "PASS", pop3_pass },
	{ "STAT", pop3_stat },
	{ "RETR", pop3_retr },
	{ "QUIT", pop3_quit },
	{ "", pop3_ok },
};

/* The last row of a table takes what no other does. */
static void
run(struct conn *conn, const struct command *command, const char *text)
{
	while (strncasecmp(text, command->verb, strlen(command->verb)) != 0)
		command++;
	text += strlen(command->verb);
	command->run(conn, *text == ' ' ? text + 1 : text);
}

static void
line_take(struct conn *conn, char *line)
{
	char *text;

	if (conn->is_pop3) {
		run(conn, pop3_commands, line);
		return;
	}
	if (conn->has_plain) {
		conn->has_plain = false;
		imap_login(conn, "");
		return;
	}
	text = strchr(line, ' ');
	if (text == NULL) {
		say(conn, "* BAD no command\r\n");
		return;
	}
	*text = '\0';
	strlcpy(conn->tag, line, sizeof(conn->tag));
	run(conn, imap_commands, text + 1);
}

/* Sends one of the pieces that wait; 0 when all is sent, -1 to wait. */
static ssize_t
piece_send(struct conn *conn)
{
	struct host *host = conn->host;
	const char *from = conn->out + conn->out_done;
	size_t len = conn->out_len - conn->out_done;
	bool is_body = len == 0 && conn->body_left > 0;
	ssize_t n;

	if (is_body) {
		from = host->body + (host->body_bytes - conn->body_left);
		len = conn->body_left;
	}
	if (len == 0)
		return 0;
	n = send(conn->fd, from, len, MSG_NOSIGNAL);
	if (n < 0)
		return -1;
	if (!is_body) {
		conn->out_done += (size_t)n;
		if (conn->out_done == conn->out_len)
			conn->out_done = conn->out_len = 0;
		return n;
	}
	conn->body_left -= (size_t)n;
	if (conn->body_left == 0 && conn->is_pop3)
		say(conn, ".\r\n");
	else if (conn->body_left == 0)
		say(conn, ")\r\n%s OK done\r\n", conn->tag);
	return n;
}

/* False when the connection is over. */
static bool
conn_flush(struct conn *conn)
{
	ssize_t n;
	bool is_full;

	do
		n = piece_send(conn);
	while (n > 0);
	if (n < 0 && errno != EAGAIN)
		return false;
	is_full = n < 0;
	if (is_full != conn->wants_write) {
		conn->wants_write = is_full;
		bench_rewatch(conn->host->epoll, conn->fd,
		    is_full ? EPOLLIN | EPOLLOUT : EPOLLIN, conn);
	}
	return is_full || !conn->is_closing;
}

static bool
conn_read(struct conn *conn)
{
	char *line, *end;
	ssize_t n;

	n = recv(conn->fd, conn->in + conn->in_len,
	    sizeof(conn->in) - 1 - conn->in_len, 0);
	if (n < 0)
		return errno == EAGAIN;
	if (n == 0)
		return false;
	conn->in_len += (size_t)n;
	conn->in[conn->in_len] = '\0';
	line = conn->in;
	while ((end = strchr(line, '\n')) != NULL) {
		*end = '\0';
		if (end > line && end[-1] == '\r')
			end[-1] = '\0';
		line_take(conn, line);
		line = end + 1;
	}
	conn->in_len -= (size_t)(line - conn->in);
	memmove(conn->in, line, conn->in_len);
	return conn->in_len < sizeof(conn->in) - 1;
}

static void
conn_accept(struct host *host, enum listener listener)
{
	struct conn *conn;
	int fd;

	while ((fd = accept4(host->fds[listener], NULL, NULL,
	    SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		conn = calloc(1, sizeof(*conn));
		if (conn == NULL)
			err(1, NULL);
		conn->host = host;
		conn->fd = fd;
		conn->is_pop3 = listener == LISTENER_POP3;
		bench_set_nodelay(fd);
		bench_watch(host->epoll, fd, EPOLLIN, conn);
		if (conn->is_pop3)
			say(conn, "+OK ready\r\n");
		else
			say(conn, "* OK [CAPABILITY " CAPS "] ready\r\n");
		if (!conn_flush(conn))
			conn_free(conn);
	}
}

static void
listener_open(struct host *host, enum listener listener, const char *text,
    uint16_t port)
{
	struct sockaddr_in addr = bench_addr(text, port);
	socklen_t len = sizeof(addr);
	const int on = 1;
	int fd;

	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		err(1, "socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&addr, len) != 0 ||
	    listen(fd, SOMAXCONN) != 0 ||
	    getsockname(fd, (struct sockaddr *)&addr, &len) != 0)
		err(1, "listen on %s:%u", text, port);
	printf("%s=%u%c", listener == LISTENER_IMAP ? "imap" : "pop3",
	    ntohs(addr.sin_port), listener == LISTENER_IMAP ? ' ' : '\n');
	host->fds[listener] = fd;
	bench_watch(host->epoll, fd, EPOLLIN, &host->fds[listener]);
}

static void
event_take(struct host *host, const struct epoll_event *event)
{
	struct conn *conn = event->data.ptr;
	bool is_open = true;
	char byte;

	if (event->data.ptr == &host->fds[LISTENER_IMAP]) {
		conn_accept(host, LISTENER_IMAP);
	} else if (event->data.ptr == &host->fds[LISTENER_POP3]) {
		conn_accept(host, LISTENER_POP3);
	} else if (event->data.ptr == &host->fds[LISTENER_INPUT]) {
		if (read(STDIN_FILENO, &byte, 1) <= 0)
			exit(0);
	} else {
		if (event->events & (EPOLLIN | EPOLLHUP | EPOLLERR))
			is_open = conn_read(conn);
		if (!is_open || !conn_flush(conn))
			conn_free(conn);
	}
}

static uint64_t
number(const char *text, long long max)
{
	const char *why;
	long long value = strtonum(text, 0, max, &why);

	if (why != NULL)
		errx(1, "%s: %s", text, why);
	return (uint64_t)value;
}

int
main(int argc, char **argv)
{
	struct epoll_event events[BENCH_EVENTS_MAX];
	struct host host = { .body_bytes = 1 << 20 };
	const char *addr = "127.0.0.1";
	uint16_t imap_port = 0, pop3_port = 0;
	int i, n, option;

	while ((option = getopt(argc, argv, "a:b:i:p:")) != -1) {
		if (option == 'a')
			addr = optarg;
		else if (option == 'b')
			host.body_bytes = number(optarg, 1 << 30);
		else if (option == 'i')
			imap_port = (uint16_t)number(optarg, UINT16_MAX);
		else if (option == 'p')
			pop3_port = (uint16_t)number(optarg, UINT16_MAX);
		else
			return 2;
	}
	bench_raise_files();
	body_make(&host);
	host.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (host.epoll < 0)
		err(1, "epoll_create1");
	listener_open(&host, LISTENER_IMAP, addr, imap_port);
	listener_open(&host, LISTENER_POP3, addr, pop3_port);
	bench_watch(host.epoll, STDIN_FILENO, EPOLLIN,
	    &host.fds[LISTENER_INPUT]);
	fflush(stdout);
	for (;;) {
		n = epoll_wait(host.epoll, events, BENCH_EVENTS_MAX, -1);
		for (i = 0; i < n; i++)
			event_take(&host, &events[i]);
	}
}
