/*
 * wicketctl convert: reads, converts, prints.
 * Runs in: wicketctl, as its caller.
 * Hostile input: the files that are converted.
 * Never: prints a part of a result that has faults; writes a file.
 */
#include "ctl/convert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/arena.h"
#include "config/settings.h"
#include "ctl/args.h"
#include "ctl/convert_nginx.h"
#include "ctl/convert_out.h"
#include "ctl/convert_perdition.h"
#include "ctl/nginx_conf.h"
#include "ctl/output.h"
#include "ctl/perdition_conf.h"

#define CONVERT_ARENA_BYTES	65536

static void
convert_read(struct convert *c, const struct args *a)
{
	const struct perdition_line *lines;
	const struct nginx_node *nodes;

	if (a->task == ARGS_CONVERT_NGINX) {
		nodes = nginx_conf_read(a->file, c->arena, c->faults);
		if (c->faults->n == 0)
			convert_nginx(c, nodes, a->file);
		return;
	}
	lines = perdition_conf_read(a->file, c->arena, c->faults);
	if (c->faults->n == 0)
		convert_perdition(c, lines, a->file, a->map);
}

/* Which of the texts; an empty one is nothing that anybody asked for. */
static int
convert_print(const struct convert *c, const struct args *a)
{
	const struct buf *b = a->part == ARGS_PART_SQL ? &c->sql :
	    a->part == ARGS_PART_DATA ? &c->data : &c->conf;

	if (buf_used(b) == 0) {
		output_fault("%s: %s", a->file, a->part == ARGS_PART_SQL ?
		    "no SQL file is needed" : "no data has to be loaded");
		return EXIT_FAILURE;
	}
	(void)fwrite(buf_head(b), 1, buf_used(b), stdout);
	if (a->part == ARGS_PART_CONF && c->faults->nnotices > 0)
		output_fault("%s: %zu remarks, at the top of the result",
		    a->file, c->faults->nnotices);
	return EXIT_SUCCESS;
}

int
convert_run(const struct args *a)
{
	struct settings_faults faults = { .n = 0 };
	struct arena *arena = arena_new(CONVERT_ARENA_BYTES);
	int status = EXIT_FAILURE;
	struct convert c;
	char *title;

	convert_init(&c, arena, &faults);
	convert_read(&c, a);
	title = convert_text(&c, "Made by \"wicketctl convert %s\" from %s.",
	    a->task == ARGS_CONVERT_NGINX ? "nginx" : "perdition", a->file);
	if (convert_finish(&c, title) == 0)
		status = convert_print(&c, a);
	for (size_t i = 0; i < faults.n; i++)
		output_fault("%s", faults.text[i]);
	convert_clear(&c);
	settings_faults_clear(&faults);
	arena_free(arena);
	return status;
}
