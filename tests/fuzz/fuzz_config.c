/*
 * A configuration from any bytes, and settings from any bytes of a channel.
 * What is read is printed, read again and sent to each role, and must be the
 * same there.
 * Runs in: make check, fuzzing.
 * Hostile input: the whole input; a first byte of 0xff means a channel.
 * Never: ships in a program.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config_wire.h"
#include "config/settings.h"
#include "config/settings_print.h"
#include "config/settings_read.h"
#include "fuzz.h"

#define FUZZ_WIRE_MAX	(1024 * 1024)
/* Bytes that tell the table. */
#define FUZZ_HEAD	4
/* enum role_id of the children. */
#define FUZZ_ROLE_FIRST	2
#define FUZZ_ROLE_LAST	5

static void
must(bool is_so)
{
	if (!is_so)
		abort();
}

/* What a child takes, it would get again from the same settings. */
static void
fuzz_wire(const uint8_t *data, size_t len)
{
	struct settings *settings, *again;
	struct buf first, second;

	settings = config_wire_get(data, len);
	if (settings == NULL)
		return;
	for (unsigned int role = FUZZ_ROLE_FIRST; role <= FUZZ_ROLE_LAST;
	    role++) {
		buf_init(&first, FUZZ_WIRE_MAX);
		buf_init(&second, FUZZ_WIRE_MAX);
		must(config_wire_put(&first, settings, role) == 0);
		again = config_wire_get(buf_head(&first), buf_used(&first));
		/* What was not sent is 0, which may be out of range. */
		if (again != NULL) {
			must(config_wire_put(&second, again, role) == 0);
			must(buf_used(&first) == buf_used(&second) &&
			    memcmp(buf_head(&first), buf_head(&second),
			    buf_used(&first)) == 0);
		}
		settings_free(again);
		buf_clear(&first);
		buf_clear(&second);
	}
	settings_free(settings);
}

static void
fuzz_roles(const struct settings *settings)
{
	struct settings *copy;
	struct buf buf;

	for (unsigned int role = FUZZ_ROLE_FIRST; role <= FUZZ_ROLE_LAST;
	    role++) {
		buf_init(&buf, FUZZ_WIRE_MAX);
		must(config_wire_put(&buf, settings, role) == 0);
		copy = config_wire_get(buf_head(&buf), buf_used(&buf));
		must(copy != NULL);
		settings_free(copy);
		fuzz_wire(buf_head(&buf), buf_used(&buf));
		buf_clear(&buf);
	}
}

static void
fuzz_differs(void *arg, const char *name, bool needs_restart)
{
	(void)arg;
	(void)needs_restart;
	/* These print without their secrets. */
	if (strcmp(name, "ssl_key_password") != 0 &&
	    strcmp(name, "passdb") != 0)
		abort();
}

/* What is printed reads back as the same settings. */
static void
fuzz_print(const struct settings *settings)
{
	struct settings_faults faults = { .n = 0 };
	struct settings *again;
	size_t len = 0;
	char *text = NULL;
	FILE *file;

	file = open_memstream(&text, &len);
	must(file != NULL);
	settings_print(file, settings, true);
	fclose(file);
	again = settings_read_text("again", text, len, &faults);
	/* A value may outgrow its line by quotes; nothing else may happen. */
	must(again != NULL || strstr(faults.text[0], "too long") != NULL);
	if (again != NULL)
		settings_diff(settings, again, fuzz_differs, NULL);
	settings_free(again);
	settings_faults_clear(&faults);
	free(text);
}

/* The bytes with the head that names this table, whatever they began with. */
static void
fuzz_wire_headed(const uint8_t *data, size_t len)
{
	struct settings *empty = settings_new(1);
	struct buf buf;
	uint8_t *copy;

	buf_init(&buf, FUZZ_WIRE_MAX);
	must(config_wire_put(&buf, empty, FUZZ_ROLE_FIRST) == 0);
	copy = malloc(len == 0 ? 1 : len);
	must(copy != NULL);
	memcpy(copy, data, len);
	memcpy(copy, buf_head(&buf), len < FUZZ_HEAD ? len : FUZZ_HEAD);
	fuzz_wire(copy, len);
	free(copy);
	buf_clear(&buf);
	settings_free(empty);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes)
{
	struct settings_faults faults = { .n = 0 };
	struct settings *settings;

	if (data_bytes > 0 && data[0] == 0xff) {
		fuzz_wire(data + 1, data_bytes - 1);
		fuzz_wire_headed(data + 1, data_bytes - 1);
		return 0;
	}
	settings = settings_read_text("f", (const char *)data, data_bytes,
	    &faults);
	must((settings == NULL) == (faults.n > 0));
	if (settings != NULL) {
		fuzz_roles(settings);
		fuzz_print(settings);
	}
	settings_free(settings);
	settings_faults_clear(&faults);
	return 0;
}
