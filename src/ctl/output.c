/*
 * What wicketctl prints.
 * Runs in: wicketctl.
 * Hostile input: values from databases, which auth has escaped.
 * Never: sends a terminal anything but printable ASCII and line ends.
 */
#include "ctl/output.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define OUTPUT_LINE_MAX		2048

static bool output_is_keyed;
static char output_heading[80];

void
output_use_keys(void)
{
	output_is_keyed = true;
}

bool
output_has_keys(void)
{
	return output_is_keyed;
}

static void
output_text(FILE *to, const char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text >= 0x20 &&
		    (unsigned char)*text <= 0x7e)
			(void)putc(*text, to);
		else
			(void)fprintf(to, "\\x%02x", (unsigned char)*text);
	}
}

/* The first word and a number behind it make the heading; its length. */
static size_t
output_split(const char *key)
{
	size_t len = strcspn(key, "."), n;

	if (key[len] == '\0')
		return 0;
	n = strspn(key + len + 1, "0123456789");
	if (n > 0 && key[len + 1 + n] == '.')
		len += 1 + n;
	return len;
}

/* Words with blanks instead of dots between them. */
static void
output_words(const char *words, size_t len)
{
	char text[OUTPUT_LINE_MAX];

	if (len >= sizeof(text))
		len = sizeof(text) - 1;
	for (size_t i = 0; i < len; i++)
		text[i] = words[i] == '.' ? ' ' : words[i];
	text[len] = '\0';
	output_text(stdout, text);
}

/* "passdb.1" is shown as "passdb 1:". */
static void
output_head(const char *key, size_t len)
{
	if (len >= sizeof(output_heading) ||
	    (strncmp(key, output_heading, len) == 0 &&
	    output_heading[len] == '\0'))
		return;
	memcpy(output_heading, key, len);
	output_heading[len] = '\0';
	output_words(key, len);
	(void)fputs(":\n", stdout);
}

void
output_pair(const char *key, const char *value)
{
	size_t head = output_split(key);

	if (output_is_keyed) {
		output_text(stdout, key);
		(void)putchar('=');
	} else if (head == 0) {
		output_heading[0] = '\0';
		output_words(key, strlen(key));
		(void)fputs(": ", stdout);
	} else {
		output_head(key, head);
		(void)fputs("  ", stdout);
		output_words(key + head + 1, strlen(key + head + 1));
		(void)fputs(": ", stdout);
	}
	output_text(stdout, value);
	(void)putchar('\n');
}

void
output_note(const char *fmt, ...)
{
	char line[OUTPUT_LINE_MAX];
	va_list ap;

	if (output_is_keyed)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	output_text(stdout, line);
	(void)putchar('\n');
}

void
output_fault(const char *fmt, ...)
{
	char line[OUTPUT_LINE_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	(void)fflush(stdout);
	(void)fputs("wicketctl: ", stderr);
	output_text(stderr, line);
	(void)putc('\n', stderr);
}
