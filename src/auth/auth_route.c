/*
 * From the hosts of a row to the route: names become addresses, one after the
 * other, and what may not be gone to is left out.
 * Runs in: auth.
 * Hostile input: rows of databases; answers of workers.
 * Never: sends a session to ourselves.
 */
#include "auth/auth_route.h"

#include <string.h>

#include "auth/auth_access.h"
#include "auth/auth_hosts.h"
#include "auth/auth_local.h"
#include "auth/auth_proof.h"
#include "auth/auth_request.h"
#include "auth/passdb_route.h"
#include "lib/log.h"

static void	auth_route_put_resolve(void *, struct wire_writer *);
static void	auth_route_resolved(void *, const struct worker_answer *);

static const struct worker_work auth_route_work = { AUTH_WORKER_RESOLVE,
	auth_route_put_resolve, auth_route_resolved };

static void
auth_route_send(struct auth_request *r)
{
	struct passdb_route_login login = { .settings = r->env->settings,
	    .service = r->service, .lip = &r->real_lip, .user = r->user,
	    .pass = auth_proof(r) == MECH_PROOF_PASSWORD ? r->exchange.pass :
	    "", .master = r->master,
	    .forward = &r->forward };
	char text[NETADDR_TEXT_MAX];
	struct login_auth_route route;
	const char *why;

	if (passdb_route_begin(&route, &r->fields, &login) == -1) {
		auth_request_unusable(r, "no room for all forward_ fields");
		return;
	}
	for (size_t i = 0; i < r->nfound; i++) {
		why = passdb_route_add(&route, &r->fields, &r->found[i],
		    r->found_host[i], &login);
		if (why != NULL)
			auth_request_log(r, LOG_LEVEL_ERROR,
			    "host %s: %s", netaddr_text(&r->found[i], text),
			    why);
	}
	why = auth_proof_way(r, &route);
	if (route.naddrs == 0)
		auth_request_unusable(r, "no host to go to");
	else if (why != NULL)
		auth_request_unusable(r, why);
	else
		auth_hosts_allow(r, &route);
	explicit_bzero(&route, sizeof(route));
}

/* Addresses of a host were found: as many as still fit. */
static void
auth_route_take(struct auth_request *r, const struct netaddr *addrs, size_t n)
{
	for (size_t i = 0; i < n && r->nfound < LOGIN_AUTH_ADDRS_MAX; i++) {
		r->found_host[r->nfound] = r->nhosts_done;
		r->found[r->nfound++] = addrs[i];
	}
}

static void
auth_route_submit(struct auth_request *r)
{
	auth_request_to(r, AUTH_REQUEST_RESOLVE);
	if (worker_pool_submit(r->env->pool, &r->map->lane, &r->task,
	    &auth_route_work, r) == -1)
		auth_request_overload(r, "too much work waits for workers");
}

/* Finds the addresses of the hosts, one after the other. */
void
auth_route_start(struct auth_request *r)
{
	const struct passdb_fields *f = &r->fields;
	const struct name_memo_entry *known;

	if (f->hostip.family != NETADDR_NONE) {
		auth_route_take(r, &f->hostip, 1);
		r->nhosts_done = f->nhosts;
	}
	for (; r->nhosts_done < f->nhosts &&
	    r->nfound < LOGIN_AUTH_ADDRS_MAX; r->nhosts_done++) {
		const struct passdb_host *h = &f->hosts[r->nhosts_done];

		if (h->addr.family != NETADDR_NONE) {
			auth_route_take(r, &h->addr, 1);
			continue;
		}
		known = name_memo_find(&r->env->memo, f->host + h->off,
		    h->len);
		if (known == NULL) {
			auth_route_submit(r);
			return;
		}
		auth_route_take(r, known->addrs, known->naddrs);
	}
	if (auth_local_is_here(r))
		auth_access_stay(r);
	else
		auth_route_send(r);
}

static void
auth_route_put_resolve(void *arg, struct wire_writer *w)
{
	const struct auth_request *r = arg;
	const struct passdb_host *h = &r->fields.hosts[r->nhosts_done];
	struct auth_worker_resolve m = { .name = "" };

	memcpy(m.name, r->fields.host + h->off, h->len);
	auth_worker_resolve_put(w, &m);
}

static void
auth_route_resolved(void *arg, const struct worker_answer *a)
{
	struct auth_request *r = arg;
	const struct passdb_host *h = &r->fields.hosts[r->nhosts_done];

	if (a->outcome != WORKER_DONE || a->resolved->naddrs == 0) {
		auth_request_log(r, LOG_LEVEL_ERROR, "host %u has no address%s",
		    r->nhosts_done + 1u, a->outcome != WORKER_DONE ||
		    a->resolved->is_temporary ? " now" : "");
	} else {
		name_memo_add(&r->env->memo, r->fields.host + h->off, h->len,
		    a->resolved);
		auth_route_take(r, a->resolved->addrs, a->resolved->naddrs);
	}
	r->nhosts_done++;
	auth_route_start(r);
}
