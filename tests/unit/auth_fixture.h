/* auth_fixture: auth without processes, for the tests of its requests. */
#ifndef TESTS_UNIT_AUTH_FIXTURE_H
#define TESTS_UNIT_AUTH_FIXTURE_H

#include "unit.h"

#include "auth/auth_exchange.h"
#include "auth/auth_request.h"
#include "config/settings.h"
#include "fake_worker.h"
#include "lib/clock.h"
#include "lib/log.h"

#define ROUTE	"proxy=y host=10.0.0.1 "
#define QUERY	"SELECT host FROM t WHERE user = '%u'"

/* What was said last to the login process. */
struct said {
	unsigned int		 n;
	uint32_t		 id;
	uint16_t		 type;
	struct login_auth_route	 route;
	struct login_auth_fail	 fail;
	char			 challenge[512];
};

struct fixture {
	struct loop		*loop;
	struct settings		 settings;
	char			*mechs[7];
	const char		*cert_user;	/* NULL: none */
	struct login_auth_cert	 cert;
	struct worker_pool	 pool;
	struct auth_request_env	 env;
	struct auth_request_map	 map;
	struct fake_worker	 worker;
	struct said		 said;
	bool			 is_open;
	bool			 keeps_grants;	/* or: client gone */
};

/* For cmocka: a fixture without passdbs. */
int	setup(void **state);
/* One passdb more: static with args, or SQL without. */
struct settings_passdb	*passdb(struct fixture *f, const char *args);
/* The passdbs are there: requests can come. */
void	start(struct fixture *f);
/* The only worker, played by fixture.worker. */
void	add_worker(struct fixture *f);
int	teardown(void **state);
/* Lets everything happen that can happen now, or in some time. */
void	settle(struct fixture *f);
void	wait_ms(struct fixture *f, unsigned int ms);
/* REQUEST with an initial response of any bytes (NULL: none). */
int	request_bytes(struct fixture *f, uint32_t id, const char *mech,
	    const char *initial, size_t len);
/* CONTINUE. */
void	answer(struct fixture *f, uint32_t id, const char *text);
/* PLAIN with an initial response, as LOGIN and USER/PASS come too. */
void	plain(struct fixture *f, uint32_t id, const char *user,
	    const char *pass);
/* The last answer was this failure. */
void	said_fail(const struct fixture *f, enum login_auth_code code);
/* The worker was asked for a row, and this is it. */
void	row_is(struct fixture *f, const char *columns[][2]);

#endif
