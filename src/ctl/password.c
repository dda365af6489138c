/*
 * Reads a password: from a file, a terminal or standard input.
 * Runs in: wicketctl.
 * Hostile input: none: the caller's own.
 * Never: takes one from an argument, where others can see it.
 */
#include "ctl/password.h"

#include <bsd/readpassphrase.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctl/output.h"
#include "lib/strutil.h"

/* One line, byte by byte, so that nothing is left in a buffer of stdio's. */
static int
password_read_line(int fd, char *dst, size_t size)
{
	size_t len = 0;
	ssize_t n;
	char byte;

	for (;;) {
		n = read(fd, &byte, 1);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		if (n == 0 || byte == '\n')
			break;
		if (len + 1 == size) {
			errno = E2BIG;
			return -1;
		}
		dst[len++] = byte;
	}
	if (len > 0 && dst[len - 1] == '\r')
		len--;
	dst[len] = '\0';
	return 0;
}

static int
password_from_file(const char *file, char *dst, size_t size)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC), result, saved_errno;

	if (fd == -1)
		return -1;
	result = password_read_line(fd, dst, size);
	saved_errno = errno;
	(void)close(fd);
	errno = saved_errno;
	return result;
}

static int
password_ask(const char *user, char *dst, size_t size)
{
	char prompt[320];

	(void)snprintf(prompt, sizeof(prompt), "Password of %s: ", user);
	return readpassphrase(prompt, dst, size, RPP_ECHO_OFF) == NULL ? -1 :
	    0;
}

int
password_get(const char *file, const char *user, char *dst, size_t size)
{
	int result;

	if (file != NULL)
		result = password_from_file(file, dst, size);
	else if (isatty(STDIN_FILENO))
		result = password_ask(user, dst, size);
	else
		result = password_read_line(STDIN_FILENO, dst, size);
	if (result == -1) {
		output_fault("%s: %s", file != NULL ? file : "password",
		    strerror(errno));
		return -1;
	}
	if (dst[0] == '\0' || str_has_control(dst, strlen(dst))) {
		output_fault("password: %s", dst[0] == '\0' ? "is empty" :
		    "nobody can have one with control characters");
		return -1;
	}
	return 0;
}
