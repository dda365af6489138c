/*
 * xmem: heap memory that cannot fail.
 * Runs in: every process.
 * Hostile input: none; sizes are the callers' bounded numbers.
 * Never: returns NULL.
 */
#include "lib/xmem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "lib/log.h"

static void *
xmem_check(void *p, size_t n, size_t size)
{
	if (p == NULL)
		fatal(EX_OSERR, "out of memory: %zu x %zu bytes", n, size);
	return p;
}

void *
xcalloc(size_t n, size_t size)
{
	return xmem_check(calloc(n, size), n, size);
}

void *
xreallocarray(void *p, size_t n, size_t size)
{
	return xmem_check(reallocarray(p, n, size), n, size);
}

char *
xstrndup(const char *s, size_t n)
{
	char *p;

	n = strnlen(s, n);
	p = xcalloc(n + 1, 1);
	memcpy(p, s, n);
	return p;
}

char *
xstrdup(const char *s)
{
	return xstrndup(s, strlen(s));
}

int
xasprintf(char **dst, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(dst, fmt, ap);
	va_end(ap);
	if (n < 0)
		fatal(EX_OSERR, "out of memory: text");
	return n;
}

void
xfree_secret(char *s)
{
	if (s == NULL)
		return;
	explicit_bzero(s, strlen(s));
	free(s);
}
