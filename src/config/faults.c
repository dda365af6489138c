/*
 * Collects the faults of a configuration and the notices about it.
 * Runs in: master, wicketctl.
 * Hostile input: none.
 * Never: prints or logs; who reads the configuration decides.
 */
#include "config/faults.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/settings.h"
#include "lib/xmem.h"

#define FAULT_TEXT_MAX	1024
static char *fault_text(const struct config_place *, const char *, va_list)
    __attribute__((format(printf, 2, 0)));

static char *
fault_text(const struct config_place *place, const char *fmt, va_list ap)
{
	char text[FAULT_TEXT_MAX], *out;

	vsnprintf(text, sizeof(text), fmt, ap);
	if (place == NULL || place->file == NULL)
		out = xstrdup(text);
	else if (place->line == 0)
		xasprintf(&out, "%s: %s", place->file, text);
	else
		xasprintf(&out, "%s:%u: %s", place->file, place->line, text);
	return out;
}

/* Was the same said already, of another service perhaps? */
static bool
is_told(char *const *texts, size_t n, const char *text)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(texts[i], text) == 0)
			return true;
	}
	return false;
}

void
faults_add(struct settings_faults *faults, const struct config_place *place,
    const char *fmt, ...)
{
	char *text;
	va_list ap;

	va_start(ap, fmt);
	text = fault_text(place, fmt, ap);
	va_end(ap);
	if (faults->n == SETTINGS_FAULTS_MAX ||
	    is_told(faults->text, faults->n, text))
		free(text);
	else
		faults->text[faults->n++] = text;
}

void
faults_notice(struct settings_faults *faults,
    const struct config_place *place, const char *fmt, ...)
{
	char *text;
	va_list ap;

	va_start(ap, fmt);
	text = fault_text(place, fmt, ap);
	va_end(ap);
	if (faults->nnotices == FAULTS_NOTICES_MAX ||
	    is_told(faults->notices, faults->nnotices, text)) {
		free(text);
		return;
	}
	faults->notices = xreallocarray(faults->notices,
	    faults->nnotices + 1, sizeof(*faults->notices));
	faults->notices[faults->nnotices++] = text;
}

void
settings_faults_clear(struct settings_faults *faults)
{
	for (size_t i = 0; i < faults->n; i++)
		free(faults->text[i]);
	for (size_t i = 0; i < faults->nnotices; i++)
		free(faults->notices[i]);
	free(faults->notices);
	memset(faults, 0, sizeof(*faults));
}
