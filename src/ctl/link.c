/*
 * Connects to the master and waits for answers.
 * Runs in: wicketctl.
 * Hostile input: none; who listens in base_dir is root.
 * Never: waits without an end.
 */
#include "ctl/link.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "lib/channel.h"
#include "lib/clock.h"
#include "lib/strutil.h"

/* The queue of those who want to be heard is full: again after this. */
#define LINK_RETRY_NS	(20L * 1000 * 1000)

/* connect(2) takes short names only, so we go to the directory. */
static int
link_go_to(const char *path, struct sockaddr_un *addr)
{
	const char *slash = strrchr(path, '/');
	char dir[4096];

	addr->sun_family = AF_UNIX;
	if (slash == NULL)
		return str_copy(addr->sun_path, sizeof(addr->sun_path), path,
		    strlen(path));
	if (str_copy(dir, sizeof(dir), path, (size_t)(slash - path) + 1) ==
	    -1 || str_copy(addr->sun_path, sizeof(addr->sun_path), slash + 1,
	    strlen(slash + 1)) == -1)
		return -1;
	return chdir(dir);
}

int
link_connect(const char *path)
{
	const struct timespec pause = { 0, LINK_RETRY_NS };
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	uint64_t due = clock_ms() + LINK_MASTER_MS;
	int fd, saved_errno;

	errno = ENAMETOOLONG;
	if (link_go_to(path, &addr) == -1)
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return -1;
	while (connect(fd, (const struct sockaddr *)&addr,
	    sizeof(addr)) == -1) {
		if (errno == EAGAIN && clock_ms() < due) {
			(void)nanosleep(&pause, NULL);
			continue;
		}
		saved_errno = errno;
		(void)close(fd);
		errno = saved_errno;
		return -1;
	}
	return fd;
}

int
link_wait(struct channel *ch, const bool *is_done, uint64_t timeout_ms)
{
	struct pollfd pfd = { .fd = channel_fd(ch), .events = POLLIN };
	uint64_t now = clock_ms(), due = now + timeout_ms;
	int n;

	while (!*is_done) {
		now = clock_ms();
		if (now >= due) {
			errno = ETIMEDOUT;
			return -1;
		}
		n = poll(&pfd, 1, (int)(due - now));
		if (n == -1 && errno != EINTR)
			return -1;
		if (n > 0 && channel_turn(ch) == -1 && !*is_done) {
			errno = EPIPE;
			return -1;
		}
	}
	return 0;
}
