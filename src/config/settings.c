/*
 * Settings as an object: made empty, and freed.
 * Runs in: master, all children.
 * Hostile input: none.
 * Never: reads a file.
 */
#include "config/settings.h"

#include <stdlib.h>
#include <string.h>

#include "config/arena.h"
#include "config/settings_table.h"
#include "lib/xmem.h"

/* What every text is before it gets a value; never written to. */
static char settings_empty[1];

static void
empty_texts(void *base, enum setting_scope scope)
{
	const struct setting *row = settings_table;
	char *text = settings_empty;

	for (size_t i = 0; i < settings_table_rows; i++, row++) {
		if (row->scope == scope && (row->type == SETTING_TEXT ||
		    row->type == SETTING_SECRET || row->type == SETTING_PATH ||
		    row->type == SETTING_WORD))
			memcpy((uint8_t *)base + row->offset, &text,
			    sizeof(text));
	}
}

struct settings *
settings_new(size_t arena_bytes)
{
	struct settings *settings;

	settings = xcalloc(1, sizeof(*settings));
	settings->arena = arena_new(arena_bytes);
	empty_texts(settings, SETTING_GLOBAL);
	for (size_t i = 0; i < SETTINGS_SERVICES; i++)
		empty_texts(&settings->services[i], SETTING_SERVICE);
	for (size_t i = 0; i < SETTINGS_DBS_MAX; i++) {
		empty_texts(&settings->passdbs[i], SETTING_PASSDB);
		empty_texts(&settings->passdbs[i], SETTING_SQL);
	}
	return settings;
}

void
settings_free(struct settings *settings)
{
	if (settings == NULL)
		return;
	arena_free(settings->arena);
	free(settings);
}
