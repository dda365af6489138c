/*
 * The arguments of a passdb that is a file.
 * Runs in: master (to check), auth-worker.
 * Hostile input: none that counts: the configuration is root's.
 * Never: opens the file; lets a variable into a path.
 */
#include "config/passwd_args.h"

#include <stdio.h>
#include <string.h>

#include "config/var.h"
#include "lib/strutil.h"

/* Some 500,000 users with long hashes; more belong into a database. */
#define PASSWD_FILE_BYTES_MAX	(UINT64_C(64) * 1024 * 1024)
/* The part of a worker's memory that a file may fill. */
#define PASSWD_FILE_SHARE	4

/* Dovecot's defaults. */
static const char passwd_scheme[] = "CRYPT";
static const char passwd_format[] = "%u";

uint64_t
passwd_args_bytes_max(uint64_t process_bytes)
{
	uint64_t most = process_bytes / PASSWD_FILE_SHARE;

	return process_bytes == 0 || most > PASSWD_FILE_BYTES_MAX ?
	    PASSWD_FILE_BYTES_MAX : most;
}

/* "key=" of the word goes to the text, unless it is set already. */
static int
passwd_option(char *text, const char *word, size_t len, size_t key_len,
    char *err, size_t err_size)
{
	if (text[0] != '\0' || len == key_len ||
	    str_copy(text, PASSWD_ARGS_WORD_MAX + 1, word + key_len,
	    len - key_len) == -1) {
		snprintf(err, err_size, "%.*s: expected one value of up to "
		    "%d bytes", (int)key_len, word, PASSWD_ARGS_WORD_MAX);
		return -1;
	}
	return 0;
}

static int
passwd_path(struct passwd_args *a, const char *word, size_t len, char *err,
    size_t err_size)
{
	const char *fault = NULL;

	if (word[0] != '/')
		fault = "expected scheme=, username_format= and the absolute "
		    "path of a file";
	else if (memchr(word, '%', len) != NULL)
		fault = "no variables in the path of a passwd-file";
	else if (a->path[0] != '\0')
		fault = "expected one file";
	else if (str_copy(a->path, sizeof(a->path), word, len) == -1)
		fault = "the path is too long";
	if (fault == NULL)
		return 0;
	snprintf(err, err_size, "%s", fault);
	return -1;
}

static int
passwd_word(struct passwd_args *a, const char *word, size_t len, char *err,
    size_t err_size)
{
	if (strncmp(word, "scheme=", 7) == 0)
		return passwd_option(a->scheme, word, len, 7, err, err_size);
	if (strncmp(word, "username_format=", 16) == 0)
		return passwd_option(a->format, word, len, 16, err,
		    err_size);
	return passwd_path(a, word, len, err, err_size);
}

int
passwd_args_parse(struct passwd_args *a, const char *args, char *err,
    size_t err_size)
{
	size_t len;

	memset(a, 0, sizeof(*a));
	for (;; args += len) {
		args += strspn(args, " \t");
		len = strcspn(args, " \t");
		if (len == 0)
			break;
		if (passwd_word(a, args, len, err, err_size) == -1)
			return -1;
	}
	if (a->path[0] == '\0') {
		snprintf(err, err_size, "the path of the file is missing");
		return -1;
	}
	if (a->scheme[0] == '\0')
		memcpy(a->scheme, passwd_scheme, sizeof(passwd_scheme));
	if (a->format[0] == '\0')
		memcpy(a->format, passwd_format, sizeof(passwd_format));
	if (var_check_name(a->format, err, err_size) == 0)
		return 0;
	return -1;
}
