/*
 * A perdition.conf, and behind a first byte of zero its popmap.  What becomes
 * of them is a configuration and an SQL file that can be read, or faults.
 * Runs in: make check, fuzzing.
 * Hostile input: the whole input.
 * Never: ships in a program.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"
#include "config/arena.h"
#include "config/config_parse.h"
#include "config/settings.h"
#include "ctl/convert_out.h"
#include "ctl/convert_perdition.h"
#include "ctl/perdition_conf.h"
#include "fuzz.h"

#define FUZZ_ARENA_BYTES	65536

static void
check_text(const struct buf *b, struct arena *arena)
{
	struct settings_faults faults = { .n = 0 };

	if (buf_used(b) > 0)
		(void)config_parse_text("c", (const char *)buf_head(b),
		    buf_used(b), arena, &faults);
	CHECK(faults.n == 0);
}

static void
convert_one(struct convert *c, const char *text, size_t len, const char *map)
{
	const struct perdition_line *lines;

	lines = perdition_conf_parse("f", text, len, c->arena, c->faults);
	CHECK(lines == NULL || c->faults->n == 0);
	if (c->faults->n == 0)
		convert_perdition(c, lines, "/f", map);
	if (convert_finish(c, "t") == -1) {
		CHECK(c->faults->n > 0);
		return;
	}
	check_text(&c->conf, c->arena);
	check_text(&c->sql, c->arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes)
{
	struct settings_faults faults = { .n = 0 };
	struct arena *arena = arena_new(FUZZ_ARENA_BYTES);
	const char *text = (const char *)data;
	const char *map = data_bytes == 0 ? NULL :
	    memchr(text, '\0', data_bytes);
	size_t len = map == NULL ? data_bytes : (size_t)(map - text);
	int fd = memfd_create("popmap", MFD_CLOEXEC);
	struct convert c;
	char path[64];

	CHECK(fd != -1);
	if (map != NULL)
		CHECK(write(fd, map + 1, data_bytes - len - 1) ==
		    (ssize_t)(data_bytes - len - 1));
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	convert_init(&c, arena, &faults);
	convert_one(&c, text, len, path);
	convert_clear(&c);
	settings_faults_clear(&faults);
	arena_free(arena);
	(void)close(fd);
	return 0;
}
