/*
 * Finds base_dir in a configuration, whatever else is in it.
 * Runs in: wicketctl.
 * Hostile input: none that counts: the files are root's.
 * Never: judges a configuration; the master does.
 */
#include "config/base_dir.h"

#include <string.h>

#include "config/arena.h"
#include "config/config_parse.h"
#include "config/settings.h"
#include "config/settings_table.h"
#include "lib/strutil.h"

#define BASE_DIR_ARENA_BYTES	16384

int
base_dir_find(const char *path, char *dst, size_t size,
    struct settings_faults *faults)
{
	struct arena *arena = arena_new(BASE_DIR_ARENA_BYTES);
	const struct config_node *node;
	const char *value = settings_table_find("base_dir",
	    SETTING_GLOBAL)->value;
	int result = -1;

	node = config_parse_file(path, arena, faults);
	if (node != NULL || faults->n == 0) {
		/* The last one counts. */
		for (; node != NULL; node = node->next)
			if (!node->is_section &&
			    strcmp(node->name, "base_dir") == 0)
				value = node->value;
		result = str_copy(dst, size, value, strlen(value));
	}
	arena_free(arena);
	return result;
}
