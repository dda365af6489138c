/*
 * Takes a "connect" text apart.
 * Runs in: master (to check), auth-worker.
 * Hostile input: none that counts: the text is root's.
 * Never: shows a value, which may be a password, in its reasons.
 */
#include "config/connect_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/strutil.h"
#include "lib/xmem.h"

#define CONNECT_BLANKS	" \t\r\n"
/* Longer than any key. */
#define CONNECT_KEY_MAX	32

struct connect_parser {
	struct connect_text	*to;
	const char		*at;		/* not read yet */
	size_t			 nread;		/* words, hosts among them */
	bool			 is_libpq;	/* its grammar, not Dovecot's */
	char			*err;
	size_t			 err_size;
};

static int refuse(struct connect_parser *, const char *, ...)
    __attribute__((format(printf, 2, 3)));

static int
refuse(struct connect_parser *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(p->err, p->err_size, fmt, ap);
	va_end(ap);
	return -1;
}

static void
skip_blanks(struct connect_parser *p)
{
	p->at += strspn(p->at, CONNECT_BLANKS);
}

/* What is no key may be a part of a password: it is not shown. */
static int
parse_key(struct connect_parser *p, char *key, size_t size)
{
	size_t len = strspn(p->at, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

	if (len == 0 || str_copy(key, size, p->at, len) == -1)
		return refuse(p, "word %zu does not begin with a key",
		    p->nread);
	p->at += len;
	if (p->is_libpq)
		skip_blanks(p);
	if (*p->at != '=')
		return refuse(p, "word %zu is not key=value (a value with "
		    "blanks stands in single quotes)", p->nread);
	p->at++;
	if (p->is_libpq)
		skip_blanks(p);
	return 0;
}

/* The text of a value, which is on the heap; NULL when it is refused. */
static char *
parse_value(struct connect_parser *p)
{
	const bool is_quoted = *p->at == '\'';
	const char *end = is_quoted ? "'" : CONNECT_BLANKS;
	char *value = xcalloc(strlen(p->at) + 1, 1);
	size_t len = 0;
	bool has_end;

	if (is_quoted)
		p->at++;
	for (; *p->at != '\0' && strchr(end, *p->at) == NULL; p->at++) {
		if (*p->at == '\\' && (is_quoted || p->is_libpq) &&
		    p->at[1] != '\0')
			p->at++;
		value[len++] = *p->at;
	}
	has_end = !is_quoted || *p->at == '\'';
	p->at += is_quoted && has_end;
	if (!has_end)
		(void)refuse(p, "word %zu: no quote at the end", p->nread);
	else if (*p->at != '\0' && strchr(CONNECT_BLANKS, *p->at) == NULL)
		(void)refuse(p, "word %zu: text behind its quotes", p->nread);
	else if (str_has_control(value, len))
		(void)refuse(p, "word %zu: control characters", p->nread);
	else
		return value;
	xfree_secret(value);
	return NULL;
}

static int
add_host(struct connect_parser *p, const char *host, size_t len)
{
	if (len == 0)
		return refuse(p, "host has no value");
	if (p->to->nhosts == CONNECT_HOSTS_MAX)
		return refuse(p, "more than %d hosts", CONNECT_HOSTS_MAX);
	p->to->hosts[p->to->nhosts++] = xstrndup(host, len);
	return 0;
}

static int
add_hosts(struct connect_parser *p, const char *hosts)
{
	size_t len = strcspn(hosts, p->is_libpq ? "," : "");
	int rc = add_host(p, hosts, len);

	while (rc == 0 && hosts[len] != '\0') {
		hosts += len + 1;
		len = strcspn(hosts, ",");
		rc = add_host(p, hosts, len);
	}
	return rc;
}

static int
add_word(struct connect_parser *p, const char *key, const char *value)
{
	struct connect_word *word = &p->to->words[p->to->nwords];

	if (connect_text_get(p->to, key) != NULL)
		return refuse(p, "%s comes twice", key);
	if (p->to->nwords == CONNECT_WORDS_MAX)
		return refuse(p, "more than %d words", CONNECT_WORDS_MAX);
	word->key = xstrdup(key);
	word->value = xstrdup(value);
	p->to->nwords++;
	return 0;
}

static int
parse_word(struct connect_parser *p)
{
	char key[CONNECT_KEY_MAX + 1], *value;
	int rc;

	p->nread++;
	if (parse_key(p, key, sizeof(key)) == -1 ||
	    (value = parse_value(p)) == NULL)
		return -1;
	if (strcmp(key, "host") == 0)
		rc = add_hosts(p, value);
	else
		rc = add_word(p, key, value);
	xfree_secret(value);
	return rc;
}

bool
connect_text_is_for(const char *driver)
{
	return strcmp(driver, "mysql") == 0 || strcmp(driver, "pgsql") == 0;
}

int
connect_text_parse(struct connect_text *to, const char *driver,
    const char *text, char *err, size_t err_size)
{
	struct connect_parser p = {
		.to = to,
		.at = text,
		.is_libpq = strcmp(driver, "pgsql") == 0,
		.err = err,
		.err_size = err_size,
	};

	*to = (struct connect_text){ .nhosts = 0 };
	for (skip_blanks(&p); *p.at != '\0'; skip_blanks(&p)) {
		if (parse_word(&p) == -1) {
			connect_text_clear(to);
			return -1;
		}
	}
	return 0;
}

const char *
connect_text_get(const struct connect_text *text, const char *key)
{
	for (size_t i = 0; i < text->nwords; i++)
		if (strcmp(text->words[i].key, key) == 0)
			return text->words[i].value;
	return NULL;
}

void
connect_text_clear(struct connect_text *text)
{
	for (size_t i = 0; i < text->nhosts; i++)
		free(text->hosts[i]);
	for (size_t i = 0; i < text->nwords; i++) {
		free(text->words[i].key);
		xfree_secret(text->words[i].value);
	}
	*text = (struct connect_text){ .nhosts = 0 };
}
