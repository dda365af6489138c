/*
 * Turns values into text that reads back as the same value.
 * Runs in: master.
 * Hostile input: none.
 * Never: shows a secret.
 */
#include "config/setting_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "config/arena.h"
#include "config/setting_value.h"
#include "config/settings.h"
#include "config/settings_table.h"

#define TEXT_NUMBER_MAX	32
/* An address with prefix length, or with port, and ", ". */
#define TEXT_ADDR_MAX	64

struct text_unit {
	const char	*word;
	uint64_t	 factor;
};

static const struct text_unit time_units[] = {
	{ " days", 86400000 }, { " hours", 3600000 }, { " mins", 60000 },
	{ " secs", 1000 }, { " ms", 1 },
};

static const struct text_unit size_units[] = {
	{ "G", 1073741824 }, { "M", 1048576 }, { "k", 1024 }, { "b", 1 },
};

/* In the largest unit that divides it; 0 needs none. */
static const char *
number_text(uint64_t number, const struct text_unit *unit,
    struct arena *arena)
{
	char text[TEXT_NUMBER_MAX];

	if (number == 0)
		return "0";
	while (number % unit->factor != 0)
		unit++;
	snprintf(text, sizeof(text), "%" PRIu64 "%s", number / unit->factor,
	    unit->word);
	return arena_strdup(arena, text);
}

/* Would the parser take more or less than the text for the value? */
static bool
needs_quotes(const char *text)
{
	size_t len = strlen(text);

	return len > 0 && (strchr(" \"'", text[0]) != NULL ||
	    strchr(" \\", text[len - 1]) != NULL || strchr(text, '#') != NULL);
}

const char *
setting_text_quoted(const char *text, struct arena *arena)
{
	char *out, *to;

	if (!needs_quotes(text))
		return text;
	out = to = arena_alloc(arena, 2 * strlen(text) + 3);
	*to++ = '"';
	for (; *text != '\0'; text++) {
		if (*text == '\\' || *text == '"')
			*to++ = '\\';
		*to++ = *text;
	}
	*to = '"';
	return out;
}

static const char *
list_text(const struct settings_list *list, struct arena *arena)
{
	size_t size = 1;
	char *out;

	for (size_t i = 0; i < list->n; i++)
		size += strlen(list->items[i]) + 1;
	out = arena_alloc(arena, size);
	for (size_t i = 0; i < list->n; i++) {
		size_t used = strlen(out);

		snprintf(out + used, size - used, "%s%s", i == 0 ? "" : " ",
		    list->items[i]);
	}
	return out;
}

static void
addr_text(const struct netaddr *addr, uint16_t port, char *dst, size_t size)
{
	static const struct netaddr any = { .family = NETADDR_V4 };
	const bool is_any = netaddr_same_ip(addr, &any);
	char text[NETADDR_TEXT_MAX];

	netaddr_text(addr, text);
	if (addr->port == port)
		snprintf(dst, size, "%s", is_any ? "*" : text);
	else
		snprintf(dst, size, addr->family == NETADDR_V6 ? "[%s]:%u" :
		    "%s:%u", is_any ? "*" : text, addr->port);
}

static const char *
addrs_text(const struct settings_addrs *addrs, uint16_t port,
    struct arena *arena)
{
	char text[TEXT_ADDR_MAX], *out;
	size_t size = addrs->n * TEXT_ADDR_MAX + 1;

	out = arena_alloc(arena, size);
	for (size_t i = 0; i < addrs->n; i++) {
		size_t used = strlen(out);

		addr_text(&addrs->items[i], port, text, sizeof(text));
		snprintf(out + used, size - used, "%s%s", i == 0 ? "" : ", ",
		    text);
	}
	return out;
}

static const char *
nets_text(const struct settings_nets *nets, struct arena *arena)
{
	char text[NETADDR_TEXT_MAX], *out;
	size_t size = nets->n * TEXT_ADDR_MAX + 1;

	out = arena_alloc(arena, size);
	for (size_t i = 0; i < nets->n; i++) {
		size_t used = strlen(out);

		snprintf(out + used, size - used, "%s%s/%u",
		    i == 0 ? "" : ", ",
		    netaddr_text(&nets->items[i].addr, text),
		    nets->items[i].bits);
	}
	return out;
}

const char *
setting_text(const struct setting *row, const void *field, uint16_t port,
    struct arena *arena)
{
	char text[TEXT_NUMBER_MAX];

	switch ((enum setting_type)row->type) {
	case SETTING_BOOL:
		return *(const bool *)field ? "yes" : "no";
	case SETTING_U32:
		snprintf(text, sizeof(text), "%" PRIu32,
		    *(const uint32_t *)field);
		return arena_strdup(arena, text);
	case SETTING_SIZE:
		return number_text(*(const uint64_t *)field, size_units,
		    arena);
	case SETTING_MS:
		return number_text(*(const uint32_t *)field, time_units,
		    arena);
	case SETTING_SECRET:
		return **(char *const *)field == '\0' ? "" : "<hidden>";
	case SETTING_TEXT:
	case SETTING_PATH:
	case SETTING_WORD:
		return setting_text_quoted(*(char *const *)field, arena);
	case SETTING_LIST:
		return list_text(field, arena);
	case SETTING_ADDRS:
		return addrs_text(field, port, arena);
	case SETTING_NETS:
		return nets_text(field, arena);
	}
	return "";
}
