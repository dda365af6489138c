noinst_LIBRARIES += src/auth-worker/libauthworker.a
src_auth_worker_libauthworker_a_CPPFLAGS = $(AM_CPPFLAGS) -DROLE_AUTH_WORKER
src_auth_worker_libauthworker_a_SOURCES = \
	src/auth-worker/http_client.h \
	src/auth-worker/http_reply.c \
	src/auth-worker/http_reply.h \
	src/auth-worker/http_request.c \
	src/auth-worker/http_request.h \
	src/auth-worker/nginx_http.c \
	src/auth-worker/nginx_http.h \
	src/auth-worker/passwd_file.c \
	src/auth-worker/passwd_file.h \
	src/auth-worker/passwd_table.c \
	src/auth-worker/passwd_table.h \
	src/auth-worker/resolver.c \
	src/auth-worker/resolver.h \
	src/auth-worker/sql.c \
	src/auth-worker/sql.h \
	src/auth-worker/sql_hosts.c \
	src/auth-worker/sql_hosts.h \
	src/auth-worker/tasks.c \
	src/auth-worker/tasks.h \
	src/auth-worker/userdb_passwd.c \
	src/auth-worker/userdb_passwd.h \
	src/auth-worker/worker.c \
	src/auth-worker/worker.h
if WITH_CURL
src_auth_worker_libauthworker_a_SOURCES += \
	src/auth-worker/http_client.c \
	src/auth-worker/http_tls.c \
	src/auth-worker/http_tls.h
src_auth_worker_libauthworker_a_CPPFLAGS += $(CURL_CFLAGS) $(SSL_CFLAGS)
else
src_auth_worker_libauthworker_a_SOURCES += src/auth-worker/http_none.c
endif
if WITH_SQLITE
src_auth_worker_libauthworker_a_SOURCES += src/auth-worker/sql_sqlite.c
src_auth_worker_libauthworker_a_CPPFLAGS += -DWITH_SQLITE $(SQLITE_CFLAGS)
endif
if WITH_MYSQL
src_auth_worker_libauthworker_a_SOURCES += src/auth-worker/sql_mysql.c
src_auth_worker_libauthworker_a_CPPFLAGS += -DWITH_MYSQL $(MYSQL_CFLAGS)
endif
if WITH_MARIADB
src_auth_worker_libauthworker_a_CPPFLAGS += -DWITH_MARIADB
endif
if WITH_PGSQL
src_auth_worker_libauthworker_a_SOURCES += src/auth-worker/sql_pgsql.c
src_auth_worker_libauthworker_a_CPPFLAGS += -DWITH_PGSQL $(PGSQL_CFLAGS)
endif

pkglibexec_PROGRAMS += src/auth-worker/auth-worker
src_auth_worker_auth_worker_CPPFLAGS = $(AM_CPPFLAGS) -DROLE_AUTH_WORKER
src_auth_worker_auth_worker_SOURCES = src/auth-worker/main.c
src_auth_worker_auth_worker_LDADD = \
	src/auth-worker/libauthworker.a \
	src/config/libconfig.a \
	src/ipc/libipc.a \
	src/lib/libmw.a \
	$(EVENT_LIBS) \
	$(BSD_LIBS) \
	$(CRYPTO_LIBS) \
	$(CRYPT_LIBS) \
	$(PGSQL_LIBS) \
	$(CURL_LIBS) \
	$(SSL_LIBS) \
	$(SQLITE_LIBS) \
	$(MYSQL_LIBS)
