/*
 * An nginx.conf of any bytes.  What becomes of it is a configuration that can
 * be read, or faults.
 * Runs in: make check, fuzzing.
 * Hostile input: the whole input.
 * Never: ships in a program.
 */
#include "check.h"
#include "config/arena.h"
#include "config/config_parse.h"
#include "config/settings.h"
#include "ctl/convert_nginx.h"
#include "ctl/convert_out.h"
#include "ctl/nginx_conf.h"
#include "fuzz.h"

#define FUZZ_ARENA_BYTES	65536

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes)
{
	struct settings_faults faults = { .n = 0 }, again = { .n = 0 };
	struct arena *arena = arena_new(FUZZ_ARENA_BYTES);
	const struct nginx_node *top;
	struct convert c;

	convert_init(&c, arena, &faults);
	top = nginx_conf_parse("f", (const char *)data, data_bytes, arena,
	    &faults);
	CHECK(top == NULL || faults.n == 0);
	if (faults.n == 0)
		convert_nginx(&c, top, "/f");
	if (convert_finish(&c, "t") == -1)
		CHECK(faults.n > 0);
	else
		(void)config_parse_text("c", (const char *)buf_head(&c.conf),
		    buf_used(&c.conf), arena, &again);
	CHECK(again.n == 0);
	convert_clear(&c);
	settings_faults_clear(&faults);
	arena_free(arena);
	return 0;
}
