noinst_LIBRARIES += src/auth/libauth.a
src_auth_libauth_a_CPPFLAGS = $(AM_CPPFLAGS) -DROLE_AUTH $(CRYPTO_CFLAGS)
src_auth_libauth_a_SOURCES = \
	src/auth/auth_access.c \
	src/auth/auth_access.h \
	src/auth/auth_cache.c \
	src/auth/auth_cache.h \
	src/auth/auth_chain.c \
	src/auth/auth_chain.h \
	src/auth/auth_ctl.c \
	src/auth/auth_ctl.h \
	src/auth/auth_exchange.c \
	src/auth/auth_exchange.h \
	src/auth/auth_gate.c \
	src/auth/auth_gate.h \
	src/auth/auth_hosts.c \
	src/auth/auth_hosts.h \
	src/auth/auth_local.c \
	src/auth/auth_local.h \
	src/auth/auth_lookup.c \
	src/auth/auth_lookup.h \
	src/auth/auth_master.c \
	src/auth/auth_master.h \
	src/auth/auth_proof.c \
	src/auth/auth_proof.h \
	src/auth/auth_request.c \
	src/auth/auth_request.h \
	src/auth/auth_request_env.h \
	src/auth/auth_route.c \
	src/auth/auth_route.h \
	src/auth/auth_server.c \
	src/auth/auth_server.h \
	src/auth/auth_watch.c \
	src/auth/auth_watch.h \
	src/auth/cache_admin.c \
	src/auth/cache_admin.h \
	src/auth/cache_row.c \
	src/auth/cache_row.h \
	src/auth/cache_slab.c \
	src/auth/cache_slab.h \
	src/auth/db_health.c \
	src/auth/db_health.h \
	src/auth/grant.c \
	src/auth/grant.h \
	src/auth/grant_host.c \
	src/auth/grant_host.h \
	src/auth/host_admin.c \
	src/auth/host_admin.h \
	src/auth/mail_host.c \
	src/auth/mail_host.h \
	src/auth/mech.c \
	src/auth/mech.h \
	src/auth/mech_external.c \
	src/auth/mech_login.c \
	src/auth/mech_plain.c \
	src/auth/mech_scram.c \
	src/auth/mech_token.c \
	src/auth/name_memo.c \
	src/auth/name_memo.h \
	src/auth/passdb.c \
	src/auth/passdb.h \
	src/auth/passdb_access.c \
	src/auth/passdb_fields.c \
	src/auth/passdb_fields.h \
	src/auth/passdb_host.c \
	src/auth/passdb_route.c \
	src/auth/passdb_route.h \
	src/auth/passdb_value.c \
	src/auth/passdb_value.h \
	src/auth/penalty.c \
	src/auth/penalty.h \
	src/auth/scram.c \
	src/auth/scram.h \
	src/auth/userdb.c \
	src/auth/userdb.h \
	src/auth/username.c \
	src/auth/username.h \
	src/auth/worker_pool.c \
	src/auth/worker_pool.h

pkglibexec_PROGRAMS += src/auth/auth
src_auth_auth_CPPFLAGS = $(AM_CPPFLAGS) -DROLE_AUTH
src_auth_auth_SOURCES = src/auth/main.c
src_auth_auth_LDADD = \
	src/auth/libauth.a \
	src/config/libconfig.a \
	src/ipc/libipc.a \
	src/lib/libmw.a \
	$(EVENT_LIBS) \
	$(BSD_LIBS) \
	$(CRYPTO_LIBS) \
	$(CRYPT_LIBS)
