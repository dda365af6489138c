/*
 * Which mail hosts are up, and where a session goes first.
 * Runs in: auth.
 * Hostile input: what login processes say of hosts.
 * Never: believes one client alone that a host is down; keeps more than
 * MAIL_HOSTS_MAX of them.
 */
#include "auth/mail_host.h"

#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/rnd.h"
#include "lib/xmem.h"

/* What a host cannot be blamed for, or costs those who meet it no time. */
static const bool mail_host_blames[LOGIN_AUTH_TROUBLE_LAST + 1] = {
	[LOGIN_AUTH_UNREACHABLE] = true,
	[LOGIN_AUTH_SILENT] = true,
	[LOGIN_AUTH_SAID_BYE] = true,
	[LOGIN_AUTH_BROKEN] = true,
};

static int
mail_host_compare(const struct mail_host *a, const struct mail_host *b)
{
	int order = memcmp(a->addr.ip, b->addr.ip, sizeof(a->addr.ip));

	if (order != 0)
		return order;
	if (a->addr.family != b->addr.family)
		return a->addr.family < b->addr.family ? -1 : 1;
	return a->addr.port < b->addr.port ? -1 : a->addr.port > b->addr.port;
}

RB_GENERATE_INTERNAL(mail_host_tree, mail_host, entry, mail_host_compare,
    static __attribute__((unused)))

void
mail_hosts_init(struct mail_hosts *all)
{
	memset(all, 0, sizeof(*all));
	RB_INIT(&all->tree);
	TAILQ_INIT(&all->used);
}

static void
mail_host_free(struct mail_hosts *all, struct mail_host *h)
{
	(void)RB_REMOVE(mail_host_tree, &all->tree, h);
	TAILQ_REMOVE(&all->used, h, used);
	all->n--;
	free(h);
}

void
mail_hosts_clear(struct mail_hosts *all)
{
	struct mail_host *h;

	while ((h = TAILQ_FIRST(&all->used)) != NULL)
		mail_host_free(all, h);
}

static struct mail_host *
mail_hosts_find(struct mail_hosts *all, const struct netaddr *addr)
{
	struct mail_host key = { .addr = *addr }, *h;

	h = RB_FIND(mail_host_tree, &all->tree, &key);
	if (h != NULL) {
		TAILQ_REMOVE(&all->used, h, used);
		TAILQ_INSERT_TAIL(&all->used, h, used);
	}
	return h;
}

/*
 * Forgets one of whom there is nothing to be remembered, or else the one that
 * is down and that nobody has wanted for the longest time: hosts that are gone
 * for good do not keep the others from being known.
 */
static bool
mail_hosts_make_room(struct mail_hosts *all)
{
	struct mail_host *h = TAILQ_FIRST(&all->used), *down = NULL;

	for (unsigned int i = 0; h != NULL && i < MAIL_HOSTS_SCAN; i++) {
		if (h->nlogins == 0 && h->nsessions == 0) {
			if (!h->is_down) {
				mail_host_free(all, h);
				return true;
			}
			if (down == NULL)
				down = h;
		}
		h = TAILQ_NEXT(h, used);
	}
	if (down == NULL)
		return false;
	mail_host_free(all, down);
	return true;
}

struct mail_host *
mail_hosts_get(struct mail_hosts *all, const struct netaddr *addr)
{
	struct mail_host *h = mail_hosts_find(all, addr);

	if (h != NULL)
		return h;
	if (all->n >= MAIL_HOSTS_MAX && !mail_hosts_make_room(all))
		return NULL;
	h = xcalloc(1, sizeof(*h));
	h->addr = *addr;
	h->ask_ms = MAIL_HOST_ASK_MS;
	LIST_INIT(&h->waits);
	(void)RB_INSERT(mail_host_tree, &all->tree, h);
	TAILQ_INSERT_TAIL(&all->used, h, used);
	all->n++;
	return h;
}

struct mail_host *
mail_hosts_said(struct mail_hosts *all, const struct netaddr *addr)
{
	return all->n < MAIL_HOSTS_SAID_MAX ? mail_hosts_get(all, addr) :
	    mail_hosts_find(all, addr);
}

struct mail_host *
mail_hosts_next(struct mail_hosts *all, struct mail_host *h)
{
	return h == NULL ? RB_MIN(mail_host_tree, &all->tree) :
	    RB_NEXT(mail_host_tree, &all->tree, h);
}

bool
mail_hosts_has(struct mail_hosts *all, const struct netaddr *addr)
{
	struct mail_host key = { .addr = *addr };

	return RB_FIND(mail_host_tree, &all->tree, &key) != NULL;
}

/* What became of logins. */

static uint32_t
mail_host_jitter(void)
{
	uint16_t random;

	rnd_bytes(&random, sizeof(random));
	return random % (MAIL_HOST_PROBE_MS / 4);
}

/* The next probe is to come after a while. */
static void
mail_host_wait(struct mail_host *h)
{
	h->asked_ms = clock_ms();
	h->wait_ms = MAIL_HOST_PROBE_MS + mail_host_jitter();
}

static void
mail_host_goes_down(struct mail_host *h)
{
	char text[NETADDR_PORT_TEXT_MAX];

	h->is_down = true;
	h->is_asked = h->has_first = false;
	h->since_ms = clock_ms();
	h->ask_ms = MAIL_HOST_ASK_MS;
	mail_host_wait(h);
	log_warn("mail host %s is down: %s", netaddr_port_text(&h->addr,
	    text), login_auth_trouble_word(h->trouble));
}

/* A probe has failed; who let it wait is asked for longer, and less often. */
static void
mail_host_stays_down(struct mail_host *h)
{
	if (!h->is_asked)
		return;
	h->is_asked = false;
	if (h->trouble != LOGIN_AUTH_SILENT)
		h->ask_ms = MAIL_HOST_ASK_MS;
	else if (h->ask_ms < MAIL_HOST_ASK_LONGEST_MS)
		h->ask_ms *= 2;
}

/*
 * Was it the same client, as far as his word counts?  What had his login, he
 * may have brought about himself, whatever name he used the other time.
 */
static bool
mail_host_same(const struct mail_host_failure *a,
    const struct mail_host_failure *b)
{
	return a->has_login || b->has_login ? a->suspect == b->suspect :
	    a->witness == b->witness;
}

bool
mail_host_failed(struct mail_host *h, enum login_auth_trouble trouble,
    const struct mail_host_failure *failure)
{
	uint64_t now = clock_ms();
	bool has_first = h->has_first &&
	    now - h->first_ms <= MAIL_HOST_WINDOW_MS;

	h->nfailures++;
	h->trouble = (uint8_t)trouble;
	if (!mail_host_blames[trouble])
		return false;
	if (h->is_down) {
		mail_host_stays_down(h);
		return false;
	}
	if (has_first && !mail_host_same(&h->first, failure)) {
		mail_host_goes_down(h);
		return true;
	}
	/* What he is not to blame for says more. */
	if (has_first && failure->has_login && !h->first.has_login)
		return false;
	h->has_first = true;
	h->first = *failure;
	h->first_ms = now;
	return false;
}

void
mail_host_answered(struct mail_host *h)
{
	char text[NETADDR_PORT_TEXT_MAX];
	uint64_t now = clock_ms();

	h->has_first = h->is_asked = false;
	if (h->is_down)
		log_info("mail host %s is up again, after %llu s",
		    netaddr_port_text(&h->addr, text),
		    (unsigned long long)((now - h->since_ms) / 1000));
	if (h->is_down || h->since_ms == 0)
		h->since_ms = now;
	h->is_down = false;
}

/* Routes. */

uint64_t
mail_host_due_ms(const struct mail_host *h, bool has_other)
{
	uint64_t wait_ms = h->wait_ms;

	if (has_other && wait_ms < h->ask_ms / 2)
		wait_ms = h->ask_ms / 2;
	return h->asked_ms + wait_ms;
}

/* One address of a route with what belongs to it. */
struct mail_host_place {
	struct netaddr		 addr;
	uint8_t			 word;	/* of its name */
};

/* The addresses of a route, sorted out. */
struct mail_host_places {
	struct mail_host_place	 up[LOGIN_AUTH_ADDRS_MAX];
	struct mail_host_place	 down[LOGIN_AUTH_ADDRS_MAX];
	unsigned int		 nup, ndown;
	unsigned int		 nasked;	/* of ndown: may be asked */
	uint64_t		 since_ms;	/* the last went down then */
};

/* Takes those that are to be drained, or those that are not. */
static void
mail_hosts_place(struct mail_hosts *all, const struct login_auth_route *route,
    bool is_drained, struct mail_host_places *to)
{
	for (unsigned int i = 0; i < route->naddrs; i++) {
		const struct netaddr *addr = &route->addrs[i];
		const struct mail_host_place place = { *addr,
		    route->tls.word[i] };
		enum host_mode mode = host_orders_find(&all->orders, addr);
		const struct mail_host *h = mail_hosts_find(all, addr);

		if (mode == HOST_DOWN || (mode == HOST_DRAIN) != is_drained)
			continue;
		if (mode == HOST_UP || h == NULL || !h->is_down) {
			to->up[to->nup++] = place;
			continue;
		}
		to->down[to->ndown++] = place;
		if (h->since_ms > to->since_ms)
			to->since_ms = h->since_ms;
	}
}

static void
mail_hosts_put(struct login_auth_route *route,
    const struct mail_host_place *place, bool is_down)
{
	if (is_down)
		route->down |= (uint8_t)(1u << route->naddrs);
	route->tls.word[route->naddrs] = place->word;
	route->addrs[route->naddrs++] = place->addr;
}

/* The first that is down and due to be asked; ndown when none is. */
static unsigned int
mail_hosts_due(struct mail_hosts *all, const struct mail_host_places *places)
{
	uint64_t now = clock_ms();
	struct mail_host *h;

	for (unsigned int i = 0; i < places->nasked; i++) {
		h = mail_hosts_find(all, &places->down[i].addr);
		if (h != NULL && mail_host_due_ms(h, places->nup > 0) <= now)
			return i;
	}
	return places->ndown;
}

/* This login asks the host that is down. */
static void
mail_hosts_ask(struct mail_hosts *all, struct login_auth_route *route,
    const struct mail_host_place *place, bool has_other)
{
	struct mail_host *h = mail_hosts_find(all, &place->addr);

	mail_host_wait(h);
	h->is_asked = true;
	mail_hosts_put(route, place, true);
	route->probe_ms = has_other ? h->ask_ms : 0;
}

bool
mail_hosts_sort(struct mail_hosts *all, struct login_auth_route *route,
    bool may_ask, uint32_t grace_ms, uint64_t *since_ms)
{
	struct mail_host_places p = { .nup = 0 };
	unsigned int i, due;

	mail_hosts_place(all, route, false, &p);
	p.nasked = p.ndown;
	mail_hosts_place(all, route, true, &p);
	if (p.nup == 0)
		p.nasked = p.ndown;
	*since_ms = p.since_ms;
	route->naddrs = route->down = 0;
	due = may_ask ? mail_hosts_due(all, &p) : p.ndown;
	if (p.nup == 0 && due == p.ndown &&
	    (p.ndown == 0 || clock_ms() - p.since_ms >= grace_ms))
		return false;
	if (due < p.ndown)
		mail_hosts_ask(all, route, &p.down[due], p.nup > 0);
	for (i = 0; i < p.nup; i++)
		mail_hosts_put(route, &p.up[i], false);
	for (i = 0; i < p.ndown; i++)
		if (i != due)
			mail_hosts_put(route, &p.down[i], true);
	return true;
}
