/*
 * Addresses that host names had a moment ago.
 * Runs in: auth.
 * Hostile input: names from a database, addresses from a resolver.
 * Never: grows; keeps an answer beyond its time.
 */
#include "auth/name_memo.h"

#include <string.h>

#include "lib/clock.h"
#include "lib/strutil.h"

static struct name_memo_entry *
name_memo_slot(struct name_memo *memo, const char *name, size_t len)
{
	struct name_memo_entry *e;

	for (size_t i = 0; i < NAME_MEMO_MAX; i++)
		if (str_span_is(name, len, memo->entries[i].name))
			return &memo->entries[i];
	e = &memo->entries[memo->next];
	memo->next = (memo->next + 1) % NAME_MEMO_MAX;
	return e;
}

const struct name_memo_entry *
name_memo_find(const struct name_memo *memo, const char *name, size_t len)
{
	uint64_t now = clock_ms();

	for (size_t i = 0; i < NAME_MEMO_MAX; i++) {
		const struct name_memo_entry *e = &memo->entries[i];

		if (e->until_ms > now && str_span_is(name, len, e->name))
			return e;
	}
	return NULL;
}

void
name_memo_add(struct name_memo *memo, const char *name, size_t len,
    const struct auth_worker_resolved *m)
{
	struct name_memo_entry *e;

	if (m->naddrs == 0 || len > LOGIN_AUTH_HOST_MAX)
		return;
	e = name_memo_slot(memo, name, len);
	memcpy(e->name, name, len);
	e->name[len] = '\0';
	memcpy(e->addrs, m->addrs, sizeof(e->addrs));
	e->naddrs = m->naddrs;
	e->until_ms = clock_ms() + NAME_MEMO_MS;
}
