/*
 * Failed logins by address, name and both: how long the next try waits.
 * Runs in: auth.
 * Hostile input: names, passwords and addresses of clients, all hashed.
 * Never: keeps a name or a password; locks a user out.
 */
#include "auth/penalty.h"

#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/rnd.h"
#include "lib/xmem.h"

/* Busy sources that are passed over in search of one to forget. */
#define PENALTY_EVICT_TRIES	16

struct penalty_source {
	RB_ENTRY(penalty_source)	 entry;
	TAILQ_ENTRY(penalty_source)	 lru;
	uint8_t				 key[SIPHASH_BYTES];
	uint8_t				 kind;	/* enum penalty_kind */
	uint8_t				 level;	/* failures that count */
	bool				 is_told;	/* by a line */
	uint32_t			 nrunning, nwaiting;
	uint64_t			 last_ms;	/* failure, login */
	uint64_t			 worn_ms;	/* level went down */
	uint64_t			 seen[];	/* PENALTY_PAIR */
};

static int
penalty_compare(const struct penalty_source *a, const struct penalty_source *b)
{
	return memcmp(a->key, b->key, sizeof(a->key));
}

RB_GENERATE_INTERNAL(penalty_tree, penalty_source, entry, penalty_compare,
    static __attribute__((unused)))

void
penalty_init(struct penalty *p, uint64_t max_ms)
{
	memset(p, 0, sizeof(*p));
	p->max_ms = max_ms;
	for (size_t i = 0; i < PENALTY_KINDS; i++) {
		RB_INIT(&p->tables[i].tree);
		TAILQ_INIT(&p->tables[i].lru);
	}
	TAILQ_INIT(&p->waiting);
	TAILQ_INIT(&p->ready);
	rnd_bytes(p->key, sizeof(p->key));
}

static void
penalty_forget(struct penalty_table *t, struct penalty_source *s)
{
	(void)RB_REMOVE(penalty_tree, &t->tree, s);
	TAILQ_REMOVE(&t->lru, s, lru);
	t->n--;
	free(s);
}

void
penalty_clear(struct penalty *p)
{
	struct penalty_source *s;

	for (size_t i = 0; i < PENALTY_KINDS; i++)
		while ((s = TAILQ_FIRST(&p->tables[i].lru)) != NULL)
			penalty_forget(&p->tables[i], s);
	explicit_bzero(p->key, sizeof(p->key));
}

static struct penalty_source *
penalty_find(struct penalty *p, enum penalty_kind kind, const uint8_t *key)
{
	struct penalty_source want;

	if (p->tables[kind].n == 0)
		return NULL;
	memcpy(want.key, key, sizeof(want.key));
	return RB_FIND(penalty_tree, &p->tables[kind].tree, &want);
}

static void
penalty_touch(struct penalty_table *t, struct penalty_source *s)
{
	TAILQ_REMOVE(&t->lru, s, lru);
	TAILQ_INSERT_TAIL(&t->lru, s, lru);
}

/* Makes room by forgetting the oldest of which nothing is in flight. */
static bool
penalty_evict(struct penalty_table *t)
{
	struct penalty_source *s;

	for (int i = 0; i < PENALTY_EVICT_TRIES; i++) {
		s = TAILQ_FIRST(&t->lru);
		if (s->nrunning + s->nwaiting == 0) {
			penalty_forget(t, s);
			return true;
		}
		penalty_touch(t, s);
	}
	return false;
}

/* Finds or makes it; NULL when there is no room: then it does not count. */
static struct penalty_source *
penalty_get(struct penalty *p, enum penalty_kind kind, const uint8_t *key)
{
	struct penalty_table *t = &p->tables[kind];
	struct penalty_source *s = penalty_find(p, kind, key);

	if (s != NULL) {
		penalty_touch(t, s);
		return s;
	}
	if (t->n >= PENALTY_SOURCES_MAX && !penalty_evict(t))
		return NULL;
	s = xcalloc(1, sizeof(*s) + (kind == PENALTY_PAIR ?
	    PENALTY_SEEN * sizeof(s->seen[0]) : 0));
	s->kind = (uint8_t)kind;
	memcpy(s->key, key, sizeof(s->key));
	(void)RB_INSERT(penalty_tree, &t->tree, s);
	TAILQ_INSERT_TAIL(&t->lru, s, lru);
	t->n++;
	return s;
}

/* The level at this time: each max_ms without a failure forgives one. */
static unsigned int
penalty_level(const struct penalty *p, struct penalty_source *s, uint64_t now)
{
	uint64_t n = (now - s->worn_ms) / p->max_ms;

	if (n >= s->level) {
		s->level = 0;
		s->is_told = false;
	} else {
		s->level = (uint8_t)(s->level - n);
		s->worn_ms += n * p->max_ms;
	}
	return s->level;
}

/* Failures beyond those that are free. */
static unsigned int
penalty_degree(const struct penalty *p, struct penalty_source *s,
    uint64_t now)
{
	unsigned int level = penalty_level(p, s, now);
	unsigned int is_free = s->kind == PENALTY_USER ? PENALTY_USER_FREE : 0;

	return level > is_free ? level - is_free : 0;
}

static uint64_t
penalty_wait_ms(const struct penalty *p, unsigned int degree)
{
	uint64_t ms = PENALTY_FIRST_MS;

	while (--degree > 0 && ms < p->max_ms)
		ms *= 2;
	return ms < p->max_ms ? ms : p->max_ms;
}

static unsigned int
penalty_at_once(unsigned int degree)
{
	unsigned int n = PENALTY_AT_ONCE;

	while (--degree > 0 && n > 1)
		n /= 2;
	return n;
}

static bool
penalty_may_begin(const struct penalty *p, const struct penalty_mark *m,
    uint64_t now)
{
	struct penalty_source *s;
	unsigned int degree;

	for (size_t i = 0; i < PENALTY_KINDS; i++) {
		if ((s = m->held[i]) == NULL ||
		    (degree = penalty_degree(p, s, now)) == 0)
			continue;
		if (s->nrunning >= penalty_at_once(degree) ||
		    now - s->last_ms < penalty_wait_ms(p, degree))
			return false;
	}
	return true;
}

static bool
penalty_is_crowded(const struct penalty *p, const struct penalty_mark *m)
{
	if (p->nwaiting >= PENALTY_WAITING_ALL_MAX)
		return true;
	for (size_t i = 0; i < PENALTY_KINDS; i++)
		if (m->held[i] != NULL &&
		    m->held[i]->nwaiting >= PENALTY_WAITING_MAX)
			return true;
	return false;
}

static void
penalty_mark_set(const struct penalty *p, struct penalty_mark *m,
    const struct netaddr *rip, const char *user, const char *pass)
{
	const struct netaddr none = { .family = NETADDR_NONE };
	const struct netaddr source = netaddr_source(rip != NULL ? rip : &none);
	uint8_t sum[SIPHASH_BYTES];
	struct siphash hash;

	m->has_addr = rip != NULL;
	m->has_user = user != NULL;
	m->addr[0] = source.family;
	memcpy(m->addr + 1, source.ip, sizeof(m->addr) - 1);
	siphash_init(&hash, p->key);
	siphash_add_text(&hash, user != NULL ? user : "");
	siphash_end(&hash, m->user);
	siphash_init(&hash, p->key);
	siphash_add(&hash, m->user, sizeof(m->user));
	siphash_add(&hash, m->addr, sizeof(m->addr));
	siphash_end(&hash, m->pair);
	siphash_init(&hash, p->key);
	siphash_add(&hash, m->pair, sizeof(m->pair));
	siphash_add_text(&hash, pass);
	siphash_end(&hash, sum);
	memcpy(&m->pass, sum, sizeof(m->pass));
	explicit_bzero(sum, sizeof(sum));
}

/* Finds what may hold it back. */
static void
penalty_mark_find(struct penalty *p, struct penalty_mark *m, uint64_t now)
{
	const struct penalty_source *good =
	    penalty_find(p, PENALTY_GOOD, m->pair);

	memset(m->held, 0, sizeof(m->held));
	if (good != NULL && now - good->last_ms < PENALTY_GOOD_MS) {
		m->held[PENALTY_PAIR] = penalty_find(p, PENALTY_PAIR, m->pair);
		return;
	}
	if (m->has_addr)
		m->held[PENALTY_ADDR] = penalty_find(p, PENALTY_ADDR, m->addr);
	if (m->has_user)
		m->held[PENALTY_USER] = penalty_find(p, PENALTY_USER, m->user);
}

static void
penalty_start(struct penalty_mark *m)
{
	for (size_t i = 0; i < PENALTY_KINDS; i++)
		if (m->held[i] != NULL)
			m->held[i]->nrunning++;
}

enum penalty_answer
penalty_begin(struct penalty *p, struct penalty_try *t,
    const struct netaddr *rip, const char *user, const char *pass)
{
	struct penalty_mark *m = &t->mark;
	uint64_t now = clock_ms();

	if (p->max_ms == 0)
		return PENALTY_GO;
	penalty_mark_set(p, m, rip, user, pass);
	penalty_mark_find(p, m, now);
	if (penalty_may_begin(p, m, now)) {
		t->state = PENALTY_RUNNING;
		penalty_start(m);
		return PENALTY_GO;
	}
	if (penalty_is_crowded(p, m)) {
		memset(m, 0, sizeof(*m));
		return PENALTY_REFUSE;
	}
	t->state = PENALTY_WAITING;
	t->since_ms = now;
	for (size_t i = 0; i < PENALTY_KINDS; i++)
		if (m->held[i] != NULL)
			m->held[i]->nwaiting++;
	TAILQ_INSERT_TAIL(&p->waiting, t, entry);
	p->nwaiting++;
	return PENALTY_WAIT;
}

static void
penalty_dequeue(struct penalty *p, struct penalty_try *t)
{
	for (size_t i = 0; i < PENALTY_KINDS; i++)
		if (t->mark.held[i] != NULL)
			t->mark.held[i]->nwaiting--;
	TAILQ_REMOVE(&p->waiting, t, entry);
	p->nwaiting--;
}

void
penalty_run(struct penalty *p)
{
	uint64_t now = clock_ms();
	struct penalty_try *t, *next;
	bool may;

	TAILQ_FOREACH_SAFE(t, &p->waiting, entry, next) {
		may = penalty_may_begin(p, &t->mark, now);
		if (!may && now - t->since_ms < p->max_ms)
			continue;
		penalty_dequeue(p, t);
		if (may)
			penalty_start(&t->mark);
		else
			memset(&t->mark, 0, sizeof(t->mark));
		t->state = may ? PENALTY_READY : PENALTY_LATE;
		TAILQ_INSERT_TAIL(&p->ready, t, entry);
	}
	while ((t = TAILQ_FIRST(&p->ready)) != NULL) {
		TAILQ_REMOVE(&p->ready, t, entry);
		may = t->state == PENALTY_READY;
		t->state = may ? PENALTY_RUNNING : PENALTY_IDLE;
		p->go(t->arg, may);
	}
}

void
penalty_verified(struct penalty *p, struct penalty_mark *m)
{
	bool is_awaited = false;

	for (size_t i = 0; i < PENALTY_KINDS; i++) {
		if (m->held[i] == NULL)
			continue;
		m->held[i]->nrunning--;
		is_awaited |= m->held[i]->nwaiting > 0;
		m->held[i] = NULL;
	}
	if (is_awaited)
		p->wake(p->arg);
}

void
penalty_unknown(struct penalty *p, struct penalty_mark *m)
{
	penalty_verified(p, m);
	memset(m, 0, sizeof(*m));
}

void
penalty_cancel(struct penalty *p, struct penalty_try *t)
{
	if (t->state == PENALTY_WAITING) {
		penalty_dequeue(p, t);
		memset(&t->mark, 0, sizeof(t->mark));
	} else if (t->state == PENALTY_READY || t->state == PENALTY_LATE) {
		TAILQ_REMOVE(&p->ready, t, entry);
	}
	t->state = PENALTY_IDLE;
	penalty_unknown(p, &t->mark);
}

/* This wrong password has come before. */
static bool
penalty_is_repeat(struct penalty_source *pair, uint64_t pass)
{
	for (size_t i = 0; i < PENALTY_SEEN; i++)
		if (pair->seen[i] == pass)
			return true;
	memmove(pair->seen + 1, pair->seen,
	    (PENALTY_SEEN - 1) * sizeof(pair->seen[0]));
	pair->seen[0] = pass;
	return false;
}

/* One line when an address begins to be held back as far as it goes. */
static void
penalty_tell(const struct penalty *p, struct penalty_source *s)
{
	struct netaddr addr = { .family = s->key[0] };
	char text[NETADDR_TEXT_MAX];

	s->is_told = true;
	memcpy(addr.ip, s->key + 1, sizeof(s->key) - 1);
	log_info("penalty: rip=%s%s has failed to log in %u times: its tries "
	    "wait for up to %llu ms", netaddr_text(&addr, text),
	    addr.family == NETADDR_V6 ? "/64" : "", s->level,
	    (unsigned long long)p->max_ms);
}

static void
penalty_raise(const struct penalty *p, struct penalty_source *s,
    bool is_repeat, uint64_t now)
{
	unsigned int level;

	if (s == NULL)
		return;
	level = penalty_level(p, s, now);
	s->last_ms = s->worn_ms = now;
	/* What is repeated is no worse than before, but not better either. */
	if (is_repeat || level == PENALTY_LEVEL_MAX)
		return;
	s->level++;
	if (s->kind == PENALTY_ADDR && !s->is_told &&
	    penalty_wait_ms(p, s->level) == p->max_ms)
		penalty_tell(p, s);
}

static bool
penalty_is_empty(const struct penalty *p, const struct penalty_mark *m)
{
	return p->max_ms == 0 || (!m->has_addr && !m->has_user);
}

void
penalty_failed(struct penalty *p, struct penalty_mark *m)
{
	uint64_t now = clock_ms();
	struct penalty_source *pair;
	bool is_repeat;

	if (penalty_is_empty(p, m))
		return;
	pair = penalty_get(p, PENALTY_PAIR, m->pair);
	is_repeat = pair != NULL && penalty_is_repeat(pair, m->pass);
	penalty_raise(p, pair, is_repeat, now);
	if (m->has_addr)
		penalty_raise(p, penalty_get(p, PENALTY_ADDR, m->addr),
		    is_repeat, now);
	if (m->has_user)
		penalty_raise(p, penalty_get(p, PENALTY_USER, m->user),
		    is_repeat, now);
	penalty_unknown(p, m);
}

/* Takes back failures of somebody who has logged in after all. */
static void
penalty_lower(const struct penalty *p, struct penalty_source *s,
    unsigned int n, uint64_t now)
{
	unsigned int level;

	if (s == NULL)
		return;
	level = penalty_level(p, s, now);
	s->level = (uint8_t)(level > n ? level - n : 0);
}

void
penalty_succeeded(struct penalty *p, struct penalty_mark *m)
{
	uint64_t now = clock_ms();
	struct penalty_source *pair, *good;
	unsigned int n;

	if (penalty_is_empty(p, m))
		return;
	pair = penalty_find(p, PENALTY_PAIR, m->pair);
	n = pair == NULL ? 0 : penalty_level(p, pair, now);
	if (n > 0) {
		penalty_lower(p, pair, n, now);
		penalty_lower(p, penalty_find(p, PENALTY_ADDR, m->addr), n,
		    now);
		penalty_lower(p, penalty_find(p, PENALTY_USER, m->user), n,
		    now);
	}
	if ((good = penalty_get(p, PENALTY_GOOD, m->pair)) != NULL)
		good->last_ms = now;
	penalty_unknown(p, m);
}
