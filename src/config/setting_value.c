/*
 * Turns text into values, a function for each type, and compares values.
 * Runs in: master.
 * Hostile input: none that counts: the configuration is root's.
 * Never: accepts what it does not fully understand.
 */
#include "config/setting_value.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "config/arena.h"
#include "config/settings.h"
#include "config/settings_table.h"
#include "lib/strutil.h"

typedef int (*value_set_fn)(const struct setting *, void *, const char *,
    struct setting_value_ctx *);

struct value_unit {
	const char	*word;
	uint64_t	 factor;
};

static const struct value_unit time_units[] = {
	{ "ms", 1 }, { "msec", 1 }, { "msecs", 1 },
	{ "s", 1000 }, { "sec", 1000 }, { "secs", 1000 },
	{ "second", 1000 }, { "seconds", 1000 },
	{ "m", 60000 }, { "min", 60000 }, { "mins", 60000 },
	{ "minute", 60000 }, { "minutes", 60000 },
	{ "h", 3600000 }, { "hour", 3600000 }, { "hours", 3600000 },
	{ "d", 86400000 }, { "day", 86400000 }, { "days", 86400000 },
	{ "w", 604800000 }, { "week", 604800000 }, { "weeks", 604800000 },
	{ NULL, 0 },
};

static const struct value_unit size_units[] = {
	{ "b", 1 },
	{ "k", 1024 }, { "kb", 1024 },
	{ "m", 1048576 }, { "mb", 1048576 },
	{ "g", 1073741824 }, { "gb", 1073741824 },
	{ NULL, 0 },
};

static int refuse(struct setting_value_ctx *, const char *, ...)
    __attribute__((format(printf, 2, 3)));

static int
refuse(struct setting_value_ctx *ctx, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(ctx->error, sizeof(ctx->error), fmt, ap);
	va_end(ap);
	return -1;
}

/* The next item of a list, separated by blanks and commas, or NULL. */
static const char *
next_item(const char **text, size_t *len)
{
	const char *item;

	item = *text + strspn(*text, " ,");
	*len = strcspn(item, " ,");
	*text = item + *len;
	return *len == 0 ? NULL : item;
}

/* The item as the words spell it, or NULL when it is none of them. */
static const char *
find_word(const char *words, const char *item, size_t len)
{
	const char *word;
	size_t n;

	while ((word = next_item(&words, &n)) != NULL) {
		if (n == len && strncasecmp(word, item, len) == 0)
			return word;
	}
	return NULL;
}

bool
setting_value_is_word(const char *words, const char *item, size_t len)
{
	return find_word(words, item, len) != NULL;
}

/* "yes" or "no" for what means one of them; NULL for anything else. */
static const char *
find_yes_no(const char *text)
{
	if (find_word("yes y true 1", text, strlen(text)) != NULL)
		return "yes";
	if (find_word("no n false 0", text, strlen(text)) != NULL)
		return "no";
	return NULL;
}

static int
bool_set(const struct setting *row, void *field, const char *text,
    struct setting_value_ctx *ctx)
{
	const char *word = find_yes_no(text);
	bool *value = field;

	(void)row;
	if (word == NULL)
		return refuse(ctx, "expected yes or no");
	*value = strcmp(word, "yes") == 0;
	return 0;
}

/* A number with an optional unit, in the smallest unit. */
static int
number_get(const struct setting *row, const struct value_unit *units,
    const char *text, uint64_t *value)
{
	size_t digits = strspn(text, "0123456789");
	uint64_t factor = row->unit == 0 ? 1 : row->unit;
	const char *word = text + digits + strspn(text + digits, " ");

	if (*word != '\0') {
		for (factor = 0; units->word != NULL; units++) {
			if (strcasecmp(units->word, word) == 0)
				factor = units->factor;
		}
	}
	if (factor == 0 ||
	    str_number(text, digits, 0, UINT64_MAX / factor, value) == -1)
		return -1;
	*value *= factor;
	return 0;
}

int
setting_value_time(const char *text, uint64_t *ms)
{
	static const struct setting seconds = { .unit = 1000 };

	return number_get(&seconds, time_units, text, ms);
}

static int
u32_set(const struct setting *row, void *field, const char *text,
    struct setting_value_ctx *ctx)
{
	uint32_t *out = field;
	uint64_t value;

	if (str_number(text, strlen(text), row->min, row->max, &value) == -1)
		return refuse(ctx, "expected a number of %" PRIu64 " to %"
		    PRIu64, row->min, row->max);
	*out = (uint32_t)value;
	return 0;
}

static int
size_set(const struct setting *row, void *field, const char *text,
    struct setting_value_ctx *ctx)
{
	uint64_t *out = field, value;

	if (number_get(row, size_units, text, &value) == -1)
		return refuse(ctx, "expected a size, as in 4M");
	if (value < row->min || value > row->max)
		return refuse(ctx, "expected %" PRIu64 " to %" PRIu64 " bytes",
		    row->min, row->max);
	*out = value;
	return 0;
}

static int
ms_set(const struct setting *row, void *field, const char *text,
    struct setting_value_ctx *ctx)
{
	uint32_t *out = field;
	uint64_t value;

	if (number_get(row, time_units, text, &value) == -1)
		return refuse(ctx, "expected a time, as in 30s or 2 hours");
	if (value < row->min || value > row->max)
		return refuse(ctx, "expected %" PRIu64 " to %" PRIu64
		    " milliseconds", row->min, row->max);
	*out = (uint32_t)value;
	return 0;
}

static int
text_set(const struct setting *row, void *field, const char *text,
    struct setting_value_ctx *ctx)
{
	char **out = field;

	(void)row;
	*out = arena_strdup(ctx->arena, text);
	return 0;
}

static int
path_set(const struct setting *row, void *field, const char *text,
    struct setting_value_ctx *ctx)
{
	char **out = field;
	size_t len = strlen(text);

	(void)row;
	if (len > 0 && text[0] == '<')
		return refuse(ctx, "expected an absolute path, without the "
		    "'<'");
	if (len > 0 && text[0] != '/')
		return refuse(ctx, "expected an absolute path");
	while (len > 1 && text[len - 1] == '/')
		len--;
	*out = arena_strndup(ctx->arena, text, len);
	return 0;
}

static int
word_set(const struct setting *row, void *field, const char *text,
    struct setting_value_ctx *ctx)
{
	char **out = field;
	const char *word = find_yes_no(text);

	/* Some were a yes or no before there was a third. */
	if (word != NULL && find_word(row->words, word, strlen(word)) != NULL)
		text = word;
	word = find_word(row->words, text, strlen(text));
	if (strcmp(text, row->value) == 0)
		word = text;
	if (word == NULL)
		return refuse(ctx, "expected one of: %s", row->words);
	*out = arena_strndup(ctx->arena, word, strlen(text));
	return 0;
}

/* Counts the items; -1 when there are too many. */
static int
count_items(const char *text, size_t *n, struct setting_value_ctx *ctx)
{
	size_t len;

	for (*n = 0; next_item(&text, &len) != NULL; (*n)++) {
		if (*n == SETTING_ITEMS_MAX)
			return refuse(ctx, "more than %d items",
			    SETTING_ITEMS_MAX);
	}
	return 0;
}

static int
list_set(const struct setting *row, void *field, const char *text,
    struct setting_value_ctx *ctx)
{
	struct settings_list *out = field, list;
	const char *item, *word;
	size_t len, i;

	if (count_items(text, &list.n, ctx) == -1)
		return -1;
	list.items = arena_array(ctx->arena, list.n, sizeof(*list.items));
	for (i = 0; (item = next_item(&text, &len)) != NULL; i++) {
		word = row->words == NULL ? item :
		    find_word(row->words, item, len);
		if (word == NULL)
			return refuse(ctx, "%.*s: expected some of: %s",
			    len > 64 ? 64 : (int)len, item, row->words);
		list.items[i] = arena_strndup(ctx->arena, word, len);
	}
	*out = list;
	return 0;
}

/* "*", "1.2.3.4", "::1", each of the first two and "[::1]" with ":port". */
static int
addr_get(struct netaddr *addr, const char *text, size_t len, uint16_t port)
{
	const char *colon = NULL, *host = text;
	size_t host_len = len;
	uint64_t number = port;

	if (text[0] == '[') {
		const char *end = memchr(text, ']', len);

		if (end == NULL)
			return -1;
		host = text + 1;
		host_len = (size_t)(end - host);
		if (end + 1 < text + len)
			colon = end + 1;
	} else {
		colon = memchr(text, ':', len);
		/* More than one colon: an IPv6 address and no port. */
		if (colon != NULL && memchr(colon + 1, ':',
		    (size_t)(text + len - colon - 1)) != NULL)
			colon = NULL;
		if (colon != NULL)
			host_len = (size_t)(colon - text);
	}
	if (colon != NULL && (*colon != ':' || str_number(colon + 1,
	    (size_t)(text + len - colon - 1), 0, UINT16_MAX, &number) == -1))
		return -1;
	if (host_len == 1 && *host == '*' && text[0] != '[') {
		memset(addr, 0, sizeof(*addr));
		addr->family = NETADDR_V4;
	} else if (netaddr_parse(addr, host, host_len) == -1)
		return -1;
	addr->port = (uint16_t)number;
	return 0;
}

static int
addrs_set(const struct setting *row, void *field, const char *text,
    struct setting_value_ctx *ctx)
{
	struct settings_addrs *out = field, addrs;
	const char *item;
	size_t len, i;

	(void)row;
	if (count_items(text, &addrs.n, ctx) == -1)
		return -1;
	addrs.items = arena_array(ctx->arena, addrs.n, sizeof(*addrs.items));
	for (i = 0; (item = next_item(&text, &len)) != NULL; i++) {
		if (addr_get(&addrs.items[i], item, len, ctx->port) == -1)
			return refuse(ctx, "%.*s: expected an address, as in "
			    "*, 192.0.2.1:143 or [2001:db8::1]:143",
			    len > 64 ? 64 : (int)len, item);
	}
	*out = addrs;
	return 0;
}

static int
nets_set(const struct setting *row, void *field, const char *text,
    struct setting_value_ctx *ctx)
{
	struct settings_nets *out = field, nets;
	const char *item;
	size_t len, i;

	(void)row;
	if (count_items(text, &nets.n, ctx) == -1)
		return -1;
	nets.items = arena_array(ctx->arena, nets.n, sizeof(*nets.items));
	for (i = 0; (item = next_item(&text, &len)) != NULL; i++) {
		if (netaddr_net_parse(&nets.items[i], item, len) == -1)
			return refuse(ctx, "%.*s: expected a network, as in "
			    "192.0.2.0/24", len > 64 ? 64 : (int)len, item);
	}
	*out = nets;
	return 0;
}

static const value_set_fn value_setters[] = {
	[SETTING_BOOL] = bool_set,
	[SETTING_U32] = u32_set,
	[SETTING_SIZE] = size_set,
	[SETTING_MS] = ms_set,
	[SETTING_TEXT] = text_set,
	[SETTING_SECRET] = text_set,
	[SETTING_PATH] = path_set,
	[SETTING_WORD] = word_set,
	[SETTING_LIST] = list_set,
	[SETTING_ADDRS] = addrs_set,
	[SETTING_NETS] = nets_set,
};

int
setting_value_set(const struct setting *row, void *field, const char *text,
    struct setting_value_ctx *ctx)
{
	return value_setters[row->type](row, field, text, ctx);
}

static bool
list_is_same(const struct settings_list *a, const struct settings_list *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		if (strcmp(a->items[i], b->items[i]) != 0)
			return false;
	}
	return true;
}

static bool
addrs_are_same(const struct settings_addrs *a, const struct settings_addrs *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		if (!netaddr_same(&a->items[i], &b->items[i]))
			return false;
	}
	return true;
}

static bool
nets_are_same(const struct settings_nets *a, const struct settings_nets *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		if (!netaddr_same_ip(&a->items[i].addr, &b->items[i].addr) ||
		    a->items[i].bits != b->items[i].bits)
			return false;
	}
	return true;
}

bool
setting_value_is_same(const struct setting *row, const void *a, const void *b)
{
	switch ((enum setting_type)row->type) {
	case SETTING_BOOL:
		return *(const bool *)a == *(const bool *)b;
	case SETTING_U32:
	case SETTING_MS:
		return *(const uint32_t *)a == *(const uint32_t *)b;
	case SETTING_SIZE:
		return *(const uint64_t *)a == *(const uint64_t *)b;
	case SETTING_TEXT:
	case SETTING_SECRET:
	case SETTING_PATH:
	case SETTING_WORD:
		return strcmp(*(char *const *)a, *(char *const *)b) == 0;
	case SETTING_LIST:
		return list_is_same(a, b);
	case SETTING_ADDRS:
		return addrs_are_same(a, b);
	case SETTING_NETS:
		return nets_are_same(a, b);
	}
	return false;
}
