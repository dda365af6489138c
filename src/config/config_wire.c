/*
 * Settings as bytes: a header, then one item for each row and object.
 * Runs in: master, all children.
 * Hostile input: none that counts: a child trusts its master.
 * Never: parses the syntax of the configuration.
 */
#include "config/config_wire.h"

#include <stddef.h>
#include <string.h>

#include "config/arena.h"
#include "config/setting_value.h"
#include "config/settings.h"
#include "config/settings_table.h"
#include "lib/strutil.h"
#include "lib/wire.h"

#define WIRE_FIRST_BYTES	4096
/* Beside the texts: arrays of lists, and padding. */
#define WIRE_ARENA_EXTRA	4096

/* The objects that rows belong to, in the order of the items. */
#define WIRE_GLOBAL	0
#define WIRE_SERVICE	1
#define WIRE_PASSDB	(WIRE_SERVICE + SETTINGS_SERVICES)
#define WIRE_OBJECTS	(WIRE_PASSDB + SETTINGS_DBS_MAX)

/* Both ends must mean the same by the number of a row. */
static uint32_t
table_print(void)
{
	uint32_t hash = UINT32_C(2166136261);

	for (size_t i = 0; i < settings_table_rows; i++) {
		const char *c = settings_table[i].name;

		for (; *c != '\0'; c++)
			hash = (hash ^ (uint8_t)*c) * UINT32_C(16777619);
		hash = (hash ^ settings_table[i].type) * UINT32_C(16777619);
	}
	return hash;
}

/* The object's address in settings, or NULL if the row is not of its kind. */
static uint8_t *
item_object(struct settings *settings, const struct setting *row,
    unsigned int object)
{
	unsigned int service = object - WIRE_SERVICE;

	switch ((enum setting_scope)row->scope) {
	case SETTING_GLOBAL:
		return object == WIRE_GLOBAL ? (uint8_t *)settings : NULL;
	case SETTING_SERVICE:
		if (object < WIRE_SERVICE || object >= WIRE_PASSDB ||
		    (row->only != 0 && row->only != 1 + service))
			return NULL;
		return (uint8_t *)&settings->services[service];
	case SETTING_LOCAL_NAME:
		return NULL;	/* the master's alone */
	case SETTING_PASSDB:
	case SETTING_SQL:
		if (object < WIRE_PASSDB ||
		    object - WIRE_PASSDB >= settings->npassdbs +
		    settings->nuserdbs)
			return NULL;
		return (uint8_t *)&settings->passdbs[object - WIRE_PASSDB];
	}
	return NULL;
}

/* A login process of one protocol does not see the other's settings. */
static bool
role_sees(unsigned int role, const struct setting *row, unsigned int object)
{
	const unsigned int bit = 1u << role;

	if ((row->roles & bit) == 0)
		return false;
	if ((bit & SETTING_ROLE_LOGIN) == 0 || row->scope != SETTING_SERVICE)
		return true;
	return bit == SETTING_ROLE_IMAP << (object - WIRE_SERVICE);
}

/* Only some passdbs are served by workers with what the section says. */
static bool
is_for_worker(const struct settings *s, const struct setting *row,
    unsigned int object)
{
	return row->offset != offsetof(struct settings_passdb, args) ||
	    row->scope != SETTING_PASSDB || settings_passdb_has_worker_args(
	    s->passdbs[object - WIRE_PASSDB].driver);
}

static void
put_list(struct wire_writer *w, const struct settings_list *list)
{
	wire_put_u16(w, (uint16_t)list->n);
	for (size_t i = 0; i < list->n; i++)
		wire_put_text(w, list->items[i]);
}

static void
put_addrs(struct wire_writer *w, const struct settings_addrs *addrs)
{
	wire_put_u16(w, (uint16_t)addrs->n);
	for (size_t i = 0; i < addrs->n; i++)
		wire_put_addr(w, &addrs->items[i]);
}

static void
put_nets(struct wire_writer *w, const struct settings_nets *nets)
{
	wire_put_u16(w, (uint16_t)nets->n);
	for (size_t i = 0; i < nets->n; i++) {
		wire_put_addr(w, &nets->items[i].addr);
		wire_put_u8(w, nets->items[i].bits);
	}
}

static void
put_value(struct wire_writer *w, const struct setting *row, const void *field)
{
	switch ((enum setting_type)row->type) {
	case SETTING_BOOL:
		wire_put_bool(w, *(const bool *)field);
		break;
	case SETTING_U32:
	case SETTING_MS:
		wire_put_u32(w, *(const uint32_t *)field);
		break;
	case SETTING_SIZE:
		wire_put_u64(w, *(const uint64_t *)field);
		break;
	case SETTING_TEXT:
	case SETTING_SECRET:
	case SETTING_PATH:
	case SETTING_WORD:
		wire_put_text(w, *(char *const *)field);
		break;
	case SETTING_LIST:
		put_list(w, field);
		break;
	case SETTING_ADDRS:
		put_addrs(w, field);
		break;
	case SETTING_NETS:
		put_nets(w, field);
		break;
	}
}

static struct settings_ids
role_ids(const struct settings *s, unsigned int role)
{
	const unsigned int bit = 1u << role;

	if (s->jail_uid != 0)
		return (struct settings_ids){ s->jail_uid, s->jail_gid };
	if (bit == SETTING_ROLE_AUTH)
		return s->auth_ids;
	if (bit == SETTING_ROLE_WORKER)
		return s->auth_worker_ids;
	return s->login_ids;
}

/* What no row says of it. */
static void
put_passdb(struct wire_writer *w, const struct settings_passdb *passdb)
{
	wire_put_u8(w, (uint8_t)passdb->driver);
	wire_put_bool(w, passdb->is_userdb);
	wire_put_u8(w, (uint8_t)passdb->sql_nhosts);
	for (size_t i = 0; i < passdb->sql_nhosts; i++)
		wire_put_text(w, passdb->sql_hosts[i]);
}

static void
put_head(struct wire_writer *w, const struct settings *s, unsigned int role)
{
	const unsigned int asks = SETTING_ROLE_AUTH | SETTING_ROLE_WORKER;
	const bool is_asking = ((1u << role) & asks) != 0;
	const size_t npassdbs = is_asking ? s->npassdbs : 0;
	const size_t nuserdbs = is_asking ? s->nuserdbs : 0;
	const struct settings_ids ids = role_ids(s, role);

	wire_put_u32(w, table_print());
	wire_put_u32(w, ids.uid);
	wire_put_u32(w, ids.gid);
	wire_put_bool(w, s->has_tls);
	for (size_t i = 0; i < SETTINGS_SERVICES; i++) {
		wire_put_bool(w, s->services[i].is_enabled);
		wire_put_bool(w, s->services[i].has_plain);
		wire_put_bool(w, s->services[i].has_ssl);
	}
	wire_put_u8(w, (uint8_t)npassdbs);
	wire_put_u8(w, (uint8_t)nuserdbs);
	for (size_t i = 0; i < npassdbs + nuserdbs; i++)
		put_passdb(w, &s->passdbs[i]);
}

/* An item of each row that the role sees. */
static void
put_items(struct wire_writer *w, const struct settings *settings,
    unsigned int role)
{
	/* item_object() writes nothing. */
	struct settings *s = (struct settings *)(uintptr_t)settings;

	for (unsigned int object = 0; object < WIRE_OBJECTS; object++) {
		for (size_t i = 0; i < settings_table_rows; i++) {
			const struct setting *row = &settings_table[i];
			const uint8_t *base = item_object(s, row, object);

			if (base == NULL || !role_sees(role, row, object) ||
			    (1u << role == SETTING_ROLE_WORKER &&
			    !is_for_worker(s, row, object)))
				continue;
			wire_put_u8(w, (uint8_t)object);
			wire_put_u16(w, (uint16_t)i);
			put_value(w, row, base + row->offset);
		}
	}
}

int
config_wire_put(struct buf *buf, const struct settings *settings,
    unsigned int role)
{
	const size_t most = buf->max - buf_used(buf);
	struct wire_writer w;
	uint8_t *room;

	for (size_t size = WIRE_FIRST_BYTES;; size *= 2) {
		if (size > most)
			size = most;
		room = buf_reserve(buf, size);
		if (room == NULL)
			return -1;
		wire_writer_init(&w, room, size);
		put_head(&w, settings, role);
		put_items(&w, settings, role);
		if (!w.has_failed)
			break;
		if (size == most)
			return -1;
	}
	buf_commit(buf, w.len);
	return 0;
}

static size_t
get_count(struct wire_reader *r)
{
	uint16_t n = wire_get_u16(r);

	if (n > SETTING_ITEMS_MAX)
		r->has_failed = true;
	return r->has_failed ? 0 : n;
}

static char *
get_text(struct wire_reader *r, struct arena *arena)
{
	const uint8_t *span;
	size_t len;

	span = wire_get_span(r, &len);
	if (r->has_failed || str_has_control((const char *)span, len)) {
		r->has_failed = true;
		len = 0;
	}
	return arena_strndup(arena, (const char *)span, len);
}

static void
get_list(struct wire_reader *r, struct settings_list *list,
    struct arena *arena)
{
	list->n = get_count(r);
	list->items = arena_array(arena, list->n, sizeof(*list->items));
	for (size_t i = 0; i < list->n; i++)
		list->items[i] = get_text(r, arena);
}

static void
get_addrs(struct wire_reader *r, struct settings_addrs *addrs,
    struct arena *arena)
{
	addrs->n = get_count(r);
	addrs->items = arena_array(arena, addrs->n, sizeof(*addrs->items));
	for (size_t i = 0; i < addrs->n; i++)
		wire_get_addr(r, &addrs->items[i]);
}

static void
get_nets(struct wire_reader *r, struct settings_nets *nets,
    struct arena *arena)
{
	nets->n = get_count(r);
	nets->items = arena_array(arena, nets->n, sizeof(*nets->items));
	for (size_t i = 0; i < nets->n; i++) {
		struct netaddr_net *net = &nets->items[i];

		wire_get_addr(r, &net->addr);
		net->bits = wire_get_u8(r);
		if (net->bits > (net->addr.family == NETADDR_V4 ? 32 : 128))
			r->has_failed = true;
	}
}

static void
get_value(struct wire_reader *r, const struct setting *row, void *field,
    struct arena *arena)
{
	uint64_t number = row->min;

	switch ((enum setting_type)row->type) {
	case SETTING_BOOL:
		*(bool *)field = wire_get_bool(r);
		break;
	case SETTING_U32:
	case SETTING_MS:
		number = wire_get_u32(r);
		*(uint32_t *)field = (uint32_t)number;
		break;
	case SETTING_SIZE:
		number = wire_get_u64(r);
		*(uint64_t *)field = number;
		break;
	case SETTING_TEXT:
	case SETTING_SECRET:
	case SETTING_PATH:
	case SETTING_WORD:
		*(char **)field = get_text(r, arena);
		break;
	case SETTING_LIST:
		get_list(r, field, arena);
		break;
	case SETTING_ADDRS:
		get_addrs(r, field, arena);
		break;
	case SETTING_NETS:
		get_nets(r, field, arena);
		break;
	}
	if (number < row->min || number > row->max)
		r->has_failed = true;
}

static void
get_passdb(struct wire_reader *r, struct settings_passdb *passdb,
    struct arena *arena)
{
	passdb->driver = (enum settings_passdb_driver)wire_get_enum(r,
	    SETTINGS_PASSDB_DRIVER_LAST);
	passdb->is_userdb = wire_get_bool(r);
	passdb->sql_nhosts = wire_get_enum(r, CONNECT_HOSTS_MAX);
	for (size_t i = 0; i < passdb->sql_nhosts; i++)
		passdb->sql_hosts[i] = get_text(r, arena);
}

static void
get_head(struct wire_reader *r, struct settings *s)
{
	if (wire_get_u32(r) != table_print())
		r->has_failed = true;
	s->jail_uid = wire_get_u32(r);
	s->jail_gid = wire_get_u32(r);
	s->has_tls = wire_get_bool(r);
	for (size_t i = 0; i < SETTINGS_SERVICES; i++) {
		s->services[i].is_enabled = wire_get_bool(r);
		s->services[i].has_plain = wire_get_bool(r);
		s->services[i].has_ssl = wire_get_bool(r);
	}
	s->npassdbs = wire_get_enum(r, SETTINGS_PASSDBS_MAX);
	s->nuserdbs = wire_get_enum(r, SETTINGS_USERDBS_MAX);
	for (size_t i = 0; i < s->npassdbs + s->nuserdbs; i++)
		get_passdb(r, &s->passdbs[i], s->arena);
}

/* Items come in rising order, so that none comes twice. */
static void
get_items(struct wire_reader *r, struct settings *s)
{
	uint32_t place, last = 0;

	while (!r->has_failed && r->left > 0) {
		unsigned int object = wire_get_u8(r);
		size_t i = wire_get_u16(r);
		uint8_t *base = NULL;

		if (i < settings_table_rows)
			base = item_object(s, &settings_table[i], object);
		place = (object << 16 | (uint32_t)i) + 1;
		if (base == NULL || place <= last) {
			r->has_failed = true;
			return;
		}
		last = place;
		get_value(r, &settings_table[i],
		    base + settings_table[i].offset, s->arena);
	}
}

struct settings *
config_wire_get(const uint8_t *data, size_t len)
{
	struct settings *settings;
	struct wire_reader r;

	settings = settings_new(len + WIRE_ARENA_EXTRA);
	wire_reader_init(&r, data, len);
	get_head(&r, settings);
	get_items(&r, settings);
	if (wire_end(&r) == -1) {
		settings_free(settings);
		return NULL;
	}
	return settings;
}
