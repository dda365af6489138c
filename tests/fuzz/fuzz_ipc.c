/*
 * Every decoder of src/ipc: what it accepts, it would have written itself.
 * Runs in: make check, fuzzing.
 * Hostile input: the whole input: one byte for the message, then its body.
 * Never: ships in a program.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "ipc/auth_worker.h"
#include "ipc/ctl_auth.h"
#include "ipc/login_auth.h"
#include "ipc/login_signer.h"
#include "ipc/master_child.h"
#include "ipc/master_ctl.h"
#include "ipc/master_mail.h"
#include "ipc/master_tls.h"

union fuzz_any {
	struct master_settings_part	 master_settings_part;
	struct master_log_fallback	 master_log_fallback;
	struct master_listener		 master_listener;
	struct master_peer		 master_peer;
	struct child_status		 child_status;
	struct login_auth_request	 login_auth_request;
	struct login_auth_bytes		 login_auth_bytes;
	struct login_auth_route		 login_auth_route;
	struct login_auth_fail		 login_auth_fail;
	struct login_auth_outcome	 login_auth_outcome;
	struct login_auth_tried		 login_auth_tried;
	struct login_auth_session	 login_auth_session;
	struct login_auth_host_down	 login_auth_host_down;
	struct auth_worker_lookup	 auth_worker_lookup;
	struct auth_worker_verify	 auth_worker_verify;
	struct auth_worker_resolve	 auth_worker_resolve;
	struct auth_worker_row		 auth_worker_row;
	struct auth_worker_verified	 auth_worker_verified;
	struct auth_worker_resolved	 auth_worker_resolved;
	struct auth_worker_probe	 auth_worker_probe;
	struct auth_worker_probed	 auth_worker_probed;
	struct master_ctl_auth		 master_ctl_auth;
	struct master_ctl_suite		 master_ctl_suite;
	struct master_ctl_process	 master_ctl_process;
	struct master_ctl_fault		 master_ctl_fault;
	struct master_ctl_peer		 master_ctl_peer;
	struct master_ctl_done		 master_ctl_done;
	struct ctl_auth_ask		 ctl_auth_ask;
	struct ctl_auth_flush		 ctl_auth_flush;
	struct ctl_auth_line		 ctl_auth_line;
	struct ctl_auth_done		 ctl_auth_done;
	struct ctl_auth_host		 ctl_auth_host;
	struct host_order		 host_order;
	struct master_tickets		 master_tickets;
	struct master_signer		 master_signer;
	struct child_tls_fault		 child_tls_fault;
	struct child_tls_cert		 child_tls_cert;
	struct login_signer_sign	 login_signer_sign;
	struct login_signer_signed	 login_signer_signed;
	struct login_signer_refused	 login_signer_refused;
	struct master_ctl_cert		 master_ctl_cert;
	struct master_auth		 master_auth;
	struct master_secret		 master_secret;
	struct login_auth_local		 login_auth_local;
	struct child_mail_ask		 child_mail_ask;
	struct master_mail_ticket	 master_mail_ticket;
	struct child_mail_start		 child_mail_start;
	struct master_mail_started	 master_mail_started;
	struct master_mail_session	 master_mail_session;
};

struct fuzz_message {
	void	(*put)(struct wire_writer *, const union fuzz_any *);
	int	(*get)(struct wire_reader *, union fuzz_any *);
};

#define ROW(type)	{ fuzz_##type##_put, fuzz_##type##_get }

#define CALLS(type)							\
static void								\
fuzz_##type##_put(struct wire_writer *w, const union fuzz_any *any)	\
{									\
	type##_put(w, &any->type);					\
}									\
static int								\
fuzz_##type##_get(struct wire_reader *r, union fuzz_any *any)		\
{									\
	return type##_get(r, &any->type);				\
}

CALLS(master_settings_part)
CALLS(master_log_fallback)
CALLS(master_listener)
CALLS(master_peer)
CALLS(child_status)
CALLS(login_auth_request)
CALLS(login_auth_bytes)
CALLS(login_auth_route)
CALLS(login_auth_fail)
CALLS(login_auth_outcome)
CALLS(login_auth_tried)
CALLS(login_auth_session)
CALLS(login_auth_host_down)
CALLS(auth_worker_lookup)
CALLS(auth_worker_verify)
CALLS(auth_worker_resolve)
CALLS(auth_worker_row)
CALLS(auth_worker_verified)
CALLS(auth_worker_resolved)
CALLS(auth_worker_probe)
CALLS(auth_worker_probed)
CALLS(master_ctl_auth)
CALLS(master_ctl_suite)
CALLS(master_ctl_process)
CALLS(master_ctl_fault)
CALLS(master_ctl_peer)
CALLS(master_ctl_done)
CALLS(ctl_auth_ask)
CALLS(ctl_auth_flush)
CALLS(ctl_auth_line)
CALLS(ctl_auth_done)
CALLS(ctl_auth_host)
CALLS(host_order)
CALLS(master_tickets)
CALLS(master_signer)
CALLS(child_tls_fault)
CALLS(child_tls_cert)
CALLS(login_signer_sign)
CALLS(login_signer_signed)
CALLS(login_signer_refused)
CALLS(master_ctl_cert)
CALLS(master_auth)
CALLS(master_secret)
CALLS(login_auth_local)
CALLS(child_mail_ask)
CALLS(master_mail_ticket)
CALLS(child_mail_start)
CALLS(master_mail_started)
CALLS(master_mail_session)

static const struct fuzz_message messages[] = {
	ROW(master_settings_part), ROW(master_log_fallback),
	ROW(master_listener), ROW(master_peer), ROW(child_status),
	ROW(login_auth_request), ROW(login_auth_bytes),
	ROW(login_auth_route), ROW(login_auth_fail),
	ROW(auth_worker_lookup), ROW(auth_worker_verify),
	ROW(auth_worker_resolve), ROW(auth_worker_row),
	ROW(auth_worker_verified), ROW(auth_worker_resolved),
	ROW(auth_worker_probe), ROW(auth_worker_probed),
	ROW(login_auth_outcome), ROW(login_auth_session),
	ROW(master_ctl_auth), ROW(master_ctl_suite),
	ROW(master_ctl_process), ROW(master_ctl_fault),
	ROW(master_ctl_peer), ROW(master_ctl_done),
	ROW(ctl_auth_ask), ROW(ctl_auth_flush),
	ROW(ctl_auth_line), ROW(ctl_auth_done),
	ROW(master_tickets), ROW(master_signer),
	ROW(child_tls_fault), ROW(child_tls_cert),
	ROW(login_signer_sign), ROW(login_signer_signed),
	ROW(login_signer_refused), ROW(master_auth),
	ROW(master_ctl_cert),
	ROW(login_auth_local), ROW(child_mail_ask),
	ROW(master_mail_ticket), ROW(child_mail_start),
	ROW(master_mail_started), ROW(master_mail_session),
	ROW(login_auth_tried),
	ROW(ctl_auth_host), ROW(host_order),
	ROW(master_secret), ROW(login_auth_host_down),
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes)
{
	static uint8_t body[CHANNEL_BODY_MAX];
	static union fuzz_any any;
	const struct fuzz_message *m;
	struct wire_reader r;
	struct wire_writer w;

	if (data_bytes == 0 || data_bytes > CHANNEL_BODY_MAX)
		return 0;
	m = &messages[data[0] % (sizeof(messages) / sizeof(messages[0]))];
	/* What a decoder does not fill must not matter. */
	memset(&any, 0xa5, sizeof(any));
	wire_reader_init(&r, data + 1, data_bytes - 1);
	if (m->get(&r, &any) == -1)
		return 0;
	wire_writer_init(&w, body, sizeof(body));
	m->put(&w, &any);
	if (w.has_failed || w.len != data_bytes - 1 ||
	    memcmp(body, data + 1, w.len) != 0)
		abort();
	return 0;
}
