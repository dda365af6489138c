/*
 * The passdbs are asked in order, and what they say is made an answer.
 * Runs in: auth.
 * Hostile input: rows of databases; answers of workers.
 * Never: lets a fault pass for a success or for a wrong password.
 */
#include "auth/auth_chain.h"

#include <bsd/string.h>
#include <stdio.h>
#include <string.h>

#include "auth/auth_access.h"
#include "auth/auth_hosts.h"
#include "auth/auth_local.h"
#include "auth/auth_master.h"
#include "auth/auth_proof.h"
#include "auth/auth_request.h"
#include "auth/auth_route.h"
#include "auth/auth_watch.h"
#include "auth/scram.h"
#include "config/settings.h"
#include "config/var.h"
#include "ipc/roles.h"
#include "lib/digest.h"
#include "lib/log.h"
#include "lib/password.h"

/* config/ does not know of ipc/. */
_Static_assert(VAR_FORWARD_NAME_MAX == LOGIN_AUTH_FORWARD_NAME_MAX,
    "%{forward_NAME} holds each name");

/* A refusal's text is cut here, for the log. */
#define AUTH_CHAIN_SAY_MAX	512

static void	auth_chain_ask(struct auth_request *);
static void	auth_chain_put_verify(void *, struct wire_writer *);
static void	auth_chain_looked_up(void *, const struct auth_worker_row *);
static void	auth_chain_verified(void *, const struct worker_answer *);

/* The work of the states that wait for a worker; LOOKUP is auth_lookup's. */
static const struct worker_work auth_chain_work[AUTH_REQUEST_STATES] = {
	[AUTH_REQUEST_VERIFY] = { AUTH_WORKER_VERIFY,
	    auth_chain_put_verify, auth_chain_verified },
};

/* Gives the state's work to a worker. */
static void
auth_chain_submit(struct auth_request *r, enum auth_request_state state)
{
	auth_request_to(r, state);
	if (worker_pool_submit(r->env->pool, &r->map->lane, &r->task,
	    &auth_chain_work[state], r) == -1)
		auth_request_overload(r, "too much work waits for workers");
}

/* The hash that costs an unknown user as much time as a known one. */
static const char *
auth_chain_dummy(const struct auth_request *r)
{
	const struct passdb_chain *chain = &r->env->chain;
	int i = -1;

	while ((i = passdb_chain_find(chain, (size_t)(i + 1),
	    r->is_master_asked)) != -1)
		if (chain->dbs[i].dummy[0] != '\0')
			return chain->dbs[i].dummy;
	return NULL;
}

/* Nobody, or a wrong password: alike in answer and time. */
void
auth_chain_refuse(struct auth_request *r)
{
	const char *dummy = auth_chain_dummy(r);

	if (auth_proof_pretend(r))
		return;
	if (r->has_verified || dummy == NULL || auth_watch_is_explain(r) ||
	    auth_proof(r) == MECH_PROOF_KEY) {
		auth_request_fail(r, LOGIN_AUTH_CODE_CREDENTIALS);
		return;
	}
	r->is_dummy = true;
	(void)strlcpy(r->fields.hash, dummy, sizeof(r->fields.hash));
	auth_chain_submit(r, AUTH_REQUEST_VERIFY);
}

/* The passdb at hand has not let the user in; is there another? */
static void
auth_chain_next(struct auth_request *r, const char *reason)
{
	auth_request_say(r, reason);
	r->has_nodelay |= r->fields.has_nodelay;
	r->is_match = false;
	passdb_fields_clear(&r->fields);
	auth_local_forget(r);
	if (auth_master_next(r)) {
		r->passdb_first = r->passdb;
		auth_chain_ask(r);
	} else if (r->has_fault) {
		auth_request_unavailable(r, "a passdb did not answer");
	} else {
		auth_chain_refuse(r);
	}
}

void
auth_chain_values(const struct auth_request *r, struct var_values *v)
{
	*v = (struct var_values){ .user = auth_master_asked(r),
	    .login_user = r->user, .auth_user = auth_master_auth(r),
	    .service = service_name(r->service),
	    .mech = r->exchange.mech->name, .session = r->session,
	    .rip = &r->rip, .lip = &r->lip, .real_rip = &r->real_rip,
	    .real_lip = &r->real_lip, .cert_print = r->cert.print,
	    .cert_key_print = r->cert.key_print,
	    .print_bytes = r->cert.len, .is_secured = r->is_secured,
	    .pid = r->env->pid, .forward = r->forward.pairs,
	    .forward_len = r->forward.len };
}

static struct passdb *
auth_chain_passdb(struct auth_request *r)
{
	return &r->env->chain.dbs[r->passdb];
}

/* The user is who he says, or his mail host will find out. */
static void
auth_chain_go(struct auth_request *r)
{
	const char *why;

	if (passdb_is_forwarded(&r->fields)) {
		auth_route_start(r);
	} else if (passdb_is_referred(&r->fields)) {
		why = auth_access_refer(r);
		if (why != NULL)
			auth_request_unusable(r, why);
	} else {
		auth_access_stay(r);
	}
}

static void
auth_chain_decide(struct auth_request *r)
{
	if (!auth_access_has_cert(r)) {
		auth_request_say(r, "nobody vouches for the client's "
		    "certificate, and no row has its fingerprint");
		auth_request_fail(r, LOGIN_AUTH_CODE_CREDENTIALS);
		return;
	}
	if (r->has_fault && !r->is_match)
		auth_request_unavailable(r, "a passdb did not answer, and the "
		    "next leaves the password to the mail host");
	else if (auth_access_wait(r, auth_chain_go) == -1)
		auth_request_unusable(r, "delay_until is too far away");
}

/* He is who he says: his row leads somewhere, or that of his user does. */
static void
auth_chain_accept_master(struct auth_request *r)
{
	if (auth_master_accept(r))
		auth_chain_decide(r);
	else if (auth_master_first(r))
		auth_chain_ask(r);
	else
		auth_request_trouble(r, "there is no passdb");
}

static void
auth_chain_accept(struct auth_request *r)
{
	char room[AUTH_ACCESS_WHY_MAX];
	const char *refusal = auth_access_refusal(r, room);

	if (refusal != NULL) {
		auth_chain_next(r, refusal);
	} else if (r->is_master_asked) {
		auth_chain_accept_master(r);
	} else if (auth_chain_passdb(r)->settings->pass &&
	    auth_master_next(r)) {
		r->is_proven |= r->is_match;
		auth_chain_ask(r);
	} else {
		auth_chain_decide(r);
	}
}

static void
auth_chain_verdict(struct auth_request *r, enum password_verdict verdict)
{
	r->has_verified = true;
	switch (verdict) {
	case PASSWORD_MATCH:
		r->is_match = true;
		auth_chain_accept(r);
		break;
	case PASSWORD_MISMATCH:
		auth_chain_next(r, "password mismatch");
		break;
	case PASSWORD_BAD_HASH:
		auth_request_unusable(r, "unusable password hash");
		break;
	}
}

/* The passdb has no answer; a deny passdb might have had one. */
static void
auth_chain_fault(struct auth_request *r)
{
	r->has_fault = true;
	if (auth_chain_passdb(r)->settings->deny)
		auth_request_unavailable(r, "a deny passdb did not answer");
	else
		auth_chain_next(r, "the passdb did not answer");
}

static bool
auth_chain_hash_print(const struct auth_request *r,
    uint8_t print[DIGEST_BYTES_MAX])
{
	return digest_two(DIGEST_SHA256, r->fields.hash,
	    strlen(r->fields.hash), NULL, 0, print) == 0;
}

/* The row may be older than the user's new password: now a new row. */
static void
auth_chain_ask_again(struct auth_request *r)
{
	r->has_refused = auth_chain_hash_print(r, r->refused);
	auth_lookup_past_cache(&r->lookup, r->passdb);
	r->is_match = false;
	passdb_fields_clear(&r->fields);
	auth_local_forget(r);
	r->passdb = r->passdb_first;
	auth_chain_ask(r);
}

/* The password was compared with what the row holds. */
static void
auth_chain_compared(struct auth_request *r, enum password_verdict verdict)
{
	if (verdict == PASSWORD_MISMATCH &&
	    r->lookup.age == AUTH_LOOKUP_OLD) {
		auth_chain_ask_again(r);
		return;
	}
	if (verdict == PASSWORD_MISMATCH &&
	    r->lookup.age == AUTH_LOOKUP_EXPIRED) {
		auth_chain_fault(r);
		return;
	}
	if (verdict != PASSWORD_BAD_HASH)
		auth_lookup_remember(&r->lookup, r->fields.hash,
		    r->exchange.pass, verdict == PASSWORD_MATCH);
	auth_chain_verdict(r, verdict);
}

/* Has the row from before had the same hash?  Then all is known. */
static bool
auth_chain_is_refused(const struct auth_request *r)
{
	uint8_t print[DIGEST_BYTES_MAX] = { 0 };

	return r->has_refused && auth_chain_hash_print(r, print) &&
	    digest_equal(print, r->refused, sizeof(print));
}

void
auth_chain_proven(struct auth_request *r)
{
	auth_chain_verdict(r, PASSWORD_MATCH);
}

/* The key was asked for already, so that no other row can be. */
void
auth_chain_disproven(struct auth_request *r)
{
	r->has_verified = true;
	if (r->exchange.scram->is_fake) {
		auth_request_fail(r, LOGIN_AUTH_CODE_CREDENTIALS);
	} else if (r->lookup.age == AUTH_LOOKUP_EXPIRED) {
		auth_request_unavailable(r, "no row but an expired one");
	} else {
		/* The next try shall see what the database has now. */
		if (r->lookup.age == AUTH_LOOKUP_OLD)
			auth_lookup_drop(&r->lookup);
		auth_request_say(r, "password mismatch");
		auth_request_fail(r, LOGIN_AUTH_CODE_CREDENTIALS);
	}
}

/* Slow hashes are for workers, or they would hold up everybody. */
static void
auth_chain_compare(struct auth_request *r)
{
	if (auth_chain_is_refused(r)) {
		auth_chain_compared(r, PASSWORD_MISMATCH);
		return;
	}
	if (!password_is_slow(r->fields.hash)) {
		auth_chain_compared(r, password_verify(r->fields.hash,
		    r->exchange.pass));
		return;
	}
	passdb_learn_cost(auth_chain_passdb(r), r->fields.hash);
	auth_chain_submit(r, AUTH_REQUEST_VERIFY);
}

static void
auth_chain_verify(struct auth_request *r)
{
	if (auth_proof(r) == MECH_PROOF_KEY) {
		if (!auth_proof_ask(r))
			auth_chain_next(r, "no key to ask for");
		return;
	}
	if (auth_watch_is_explain(r)) {
		auth_watch_note(r, "the password would be verified here");
		auth_chain_verdict(r, PASSWORD_MATCH);
		return;
	}
	switch (auth_lookup_recall(&r->lookup, r->fields.hash,
	    r->exchange.pass)) {
	case AUTH_CACHE_RIGHT:
		auth_chain_verdict(r, PASSWORD_MATCH);
		break;
	case AUTH_CACHE_WRONG:
		/* An expired row refuses nobody. */
		if (r->lookup.age == AUTH_LOOKUP_EXPIRED)
			auth_chain_fault(r);
		/* Not verified: it shall take as long as nobody's. */
		else
			auth_chain_next(r, "password mismatch, as a moment "
			    "ago");
		break;
	case AUTH_CACHE_UNKNOWN:
		auth_chain_compare(r);
		break;
	}
}

/* Is this row the last one, so that it must make sense by itself? */
static bool
auth_chain_is_final(struct auth_request *r)
{
	const struct passdb *db = auth_chain_passdb(r);

	if (r->is_master_asked)
		return passdb_master_is_final(db, &r->fields);
	return !db->settings->pass || auth_master_is_last(r);
}

/* What is to be done about the password that has come. */
static enum passdb_password
auth_chain_rule(struct auth_request *r, const char **reason)
{
	/* Shown to an earlier passdb, by the user or by his master. */
	if (r->is_proven && !r->is_master_asked)
		return PASSDB_PASSWORD_ACCEPT;
	if (auth_proof(r) != MECH_PROOF_PASSWORD)
		return auth_proof_rule(r, reason);
	if (r->is_master_asked)
		return passdb_master_rule(auth_chain_passdb(r), &r->fields,
		    reason);
	return passdb_password_rule(&r->fields, reason);
}

/* The row is of no use, or of none to a client that has no password. */
static void
auth_chain_refuse_row(struct auth_request *r, const char *reason)
{
	bool is_fault = auth_proof(r) == MECH_PROOF_PASSWORD;

	auth_request_log(r, is_fault ? LOG_LEVEL_ERROR : LOG_LEVEL_INFO, "%s",
	    reason);
	if (is_fault)
		auth_lookup_drop(&r->lookup);
	auth_chain_next(r, reason);
}

/* The row lets nobody in, or leaves that to the next. */
static void
auth_chain_pass(struct auth_request *r)
{
	if (r->fields.is_failed)
		auth_chain_next(r, "fail");
	else if (auth_master_next(r))
		auth_chain_ask(r);
	else
		auth_chain_next(r, "noauthenticate, and no other passdb");
}

/* A row has come. */
static void
auth_chain_row(struct auth_request *r, const struct auth_worker_row *row)
{
	struct passdb *db = auth_chain_passdb(r);
	struct passdb_asker asker = auth_access_asker(r,
	    passdb_default_scheme(db));
	const char *reason = NULL;
	char why[PASSDB_WHY_MAX];

	if (db->settings->deny) {
		auth_request_say(r, "found in a deny passdb");
		auth_chain_refuse(r);
		return;
	}
	if (passdb_fields_read(&r->fields, row, &asker, why) == -1 ||
	    auth_local_prefetch(r, row, why) == -1 ||
	    (auth_chain_is_final(r) &&
	    passdb_check(&r->fields, why) == -1)) {
		auth_request_unusable(r, why);
		return;
	}
	if (r->fields.is_failed || r->fields.has_noauthenticate) {
		auth_chain_pass(r);
		return;
	}
	switch (auth_chain_rule(r, &reason)) {
	case PASSDB_PASSWORD_ACCEPT:
		/* The passdb has looked at the password, or the host will. */
		auth_watch_note(r, "no password is verified here");
		r->is_match |= passdb_checks_passwords(db) ||
		    auth_proof(r) == MECH_PROOF_CERT;
		auth_chain_accept(r);
		break;
	case PASSDB_PASSWORD_VERIFY:
		auth_chain_verify(r);
		break;
	case PASSDB_PASSWORD_REFUSE:
		auth_chain_refuse_row(r, reason);
		break;
	}
}

/* The passdb has checked the password itself, and the user is not let in. */
static void
auth_chain_refused(struct auth_request *r, const struct auth_worker_row *row)
{
	struct passdb *db = auth_chain_passdb(r);
	struct passdb_asker asker = auth_access_asker(r,
	    passdb_default_scheme(db));
	char text[AUTH_CHAIN_SAY_MAX], reason[AUTH_CHAIN_SAY_MAX];
	char why[PASSDB_WHY_MAX];

	passdb_fields_clear(&r->fields);
	if (!passdb_checks_passwords(db) ||
	    passdb_fields_read(&r->fields, row, &asker, why) == -1) {
		auth_request_trouble(r, "a refusal that cannot be used");
		return;
	}
	(void)snprintf(text, sizeof(text), "refused: %s", log_safe(reason,
	    sizeof(reason) / 2, r->fields.reason, strlen(r->fields.reason)));
	auth_chain_next(r, text);
}

static void
auth_chain_found(struct auth_request *r, const struct auth_worker_row *row)
{
	switch ((enum auth_worker_found)row->found) {
	case AUTH_WORKER_NONE:
		auth_chain_next(r, "unknown user");
		break;
	case AUTH_WORKER_ONE:
		auth_chain_row(r, row);
		break;
	case AUTH_WORKER_MANY:
		auth_request_trouble(r, "multiple matches");
		break;
	case AUTH_WORKER_FAULT:
		auth_chain_fault(r);
		break;
	case AUTH_WORKER_UNUSABLE:
		auth_request_trouble(r, "row beyond all limits");
		break;
	case AUTH_WORKER_REFUSED:
		auth_chain_refused(r, row);
		break;
	}
}

/* Asks the cache or a worker. */
static void
auth_chain_look_up(struct auth_request *r)
{
	struct auth_worker_lookup m;
	int result;

	auth_request_lookup(r, r->passdb, &m);
	(void)strlcpy(m.user, auth_master_asked(r), sizeof(m.user));
	(void)strlcpy(m.login_user, r->user, sizeof(m.login_user));
	(void)strlcpy(m.auth_user, auth_master_auth(r), sizeof(m.auth_user));
	if (passdb_checks_passwords(auth_chain_passdb(r)))
		(void)strlcpy(m.pass, r->exchange.pass, sizeof(m.pass));
	auth_request_to(r, AUTH_REQUEST_LOOKUP);
	result = auth_lookup_start(&r->env->lookups, &r->lookup,
	    &r->map->lane, &m, auth_chain_looked_up, r);
	explicit_bzero(&m, sizeof(m));
	if (result == -1)
		auth_request_overload(r, "too much work waits for workers");
}

/* Asks the passdb at hand. */
static void
auth_chain_ask(struct auth_request *r)
{
	struct passdb *db = auth_chain_passdb(r);
	char room[PASSDB_STATIC_ROW_MAX];
	struct auth_worker_row row;
	struct var_values values;

	auth_watch_ask(r);
	if (auth_watch_is_explain(r) && passdb_checks_passwords(db)) {
		auth_request_trouble(r, "this passdb wants the password: "
		    "wicketctl auth test");
		return;
	}
	/* A master's password is for nobody else to see. */
	if (passdb_checks_passwords(db) && ((r->is_proven &&
	    r->master[0] != '\0') || auth_proof(r) != MECH_PROOF_PASSWORD)) {
		auth_chain_next(r, "cannot be asked without a password");
		return;
	}
	if (passdb_is_asked(db)) {
		auth_chain_look_up(r);
		return;
	}
	auth_lookup_reset(&r->lookup);
	auth_chain_values(r, &values);
	if (passdb_static_row(db, &values, &row, room) == -1)
		auth_request_trouble(r, "the row is too long");
	else {
		auth_watch_row(r, NULL, &row);
		auth_chain_row(r, &row);
	}
}

/* Name and password are there. */
void
auth_chain_start(struct auth_request *r)
{
	enum username_verdict verdict;

	verdict = auth_master_names(r);
	passdb_fields_clear(&r->fields);
	auth_watch_name(r);
	if (verdict != USERNAME_OK) {
		auth_request_say(r, username_verdict_text(verdict));
		auth_chain_refuse(r);
	} else if (auth_master_first(r)) {
		auth_chain_ask(r);
	} else if (r->is_master_asked) {
		auth_request_say(r, "there is no passdb for master users");
		auth_chain_refuse(r);
	} else {
		auth_request_trouble(r, "there is no passdb");
	}
}

static void
auth_chain_looked_up(void *arg, const struct auth_worker_row *row)
{
	struct auth_request *r = arg;

	if (row == NULL) {
		auth_watch_fault(r);
		auth_chain_fault(r);
		return;
	}
	auth_watch_row(r, &r->lookup, row);
	auth_chain_found(r, row);
}

static void
auth_chain_put_verify(void *arg, struct wire_writer *w)
{
	const struct auth_request *r = arg;
	struct auth_worker_verify m;

	(void)strlcpy(m.hash, r->fields.hash, sizeof(m.hash));
	/* A name that nobody has may have come without a good password. */
	(void)strlcpy(m.pass, r->exchange.pass[0] != '\0' ?
	    r->exchange.pass : "-", sizeof(m.pass));
	auth_worker_verify_put(w, &m);
	explicit_bzero(&m, sizeof(m));
}

static void
auth_chain_verified(void *arg, const struct worker_answer *a)
{
	static const enum password_verdict verdicts[] = {
		[AUTH_WORKER_MATCH] = PASSWORD_MATCH,
		[AUTH_WORKER_MISMATCH] = PASSWORD_MISMATCH,
		[AUTH_WORKER_BAD_HASH] = PASSWORD_BAD_HASH,
	};
	struct auth_request *r = arg;

	if (r->is_dummy)
		auth_request_fail(r, LOGIN_AUTH_CODE_CREDENTIALS);
	else if (a->outcome != WORKER_DONE)
		auth_request_trouble(r, "no worker has verified the password");
	else
		auth_chain_compared(r, verdicts[a->verified->match]);
}
