# One program a module: tests/unit/test_<module>.c. A program that needs a
# role's headers sets its own _CPPFLAGS; one that needs more files sets its
# own _SOURCES.
EXTRA_DIST += tests/unit/channel_end.h tests/unit/channel_raw.h
EXTRA_DIST += tests/unit/channel_table.h tests/unit/unit.h
EXTRA_DIST += tests/unit/fake_worker.h
EXTRA_DIST += tests/unit/sql_remote.h tests/unit/story.h
UNIT_TESTS =
UNIT_TESTS += tests/unit/test_buf
UNIT_TESTS += tests/unit/test_strutil
UNIT_TESTS += tests/unit/test_netaddr
UNIT_TESTS += tests/unit/test_wire
UNIT_TESTS += tests/unit/test_channel
UNIT_TESTS += tests/unit/test_channel_rules
UNIT_TESTS += tests/unit/test_channel_step
UNIT_TESTS += tests/unit/test_clock
UNIT_TESTS += tests/unit/test_xmem
UNIT_TESTS += tests/unit/test_rnd
UNIT_TESTS += tests/unit/test_grant
UNIT_TESTS += tests/unit/test_mail_host
UNIT_TESTS += tests/unit/test_penalty
UNIT_TESTS += tests/unit/test_siphash
UNIT_TESTS += tests/unit/test_log
UNIT_TESTS += tests/unit/test_log_safe
UNIT_TESTS += tests/unit/test_gate
UNIT_TESTS += tests/unit/test_sock
UNIT_TESTS += tests/unit/test_splice
UNIT_TESTS += tests/unit/test_stream
UNIT_TESTS += tests/unit/test_tls
tests_unit_test_tls_SOURCES = tests/unit/test_tls.c \
	tests/unit/tls_fixture.c tests/unit/tls_fixture.h
UNIT_TESTS += tests/unit/test_tls_server
tests_unit_test_tls_server_SOURCES = tests/unit/test_tls_server.c \
	tests/unit/tls_fixture.c tests/unit/tls_fixture.h
UNIT_TESTS += tests/unit/test_tls_client
tests_unit_test_tls_client_SOURCES = tests/unit/test_tls_client.c \
	tests/unit/tls_fixture.c tests/unit/tls_fixture.h
UNIT_TESTS += tests/unit/test_stream_tls
tests_unit_test_stream_tls_SOURCES = tests/unit/test_stream_tls.c \
	tests/unit/tls_fixture.c tests/unit/tls_fixture.h
UNIT_TESTS += tests/unit/test_tls_hostile
tests_unit_test_tls_hostile_SOURCES = tests/unit/test_tls_hostile.c \
	tests/unit/tls_fixture.c tests/unit/tls_fixture.h
UNIT_TESTS += tests/unit/test_tls_names
UNIT_TESTS += tests/unit/test_loop
UNIT_TESTS += tests/unit/test_loop_timers
UNIT_TESTS += tests/unit/test_auth_cache
UNIT_TESTS += tests/unit/test_auth_choice
UNIT_TESTS += tests/unit/test_auth_access
UNIT_TESTS += tests/unit/test_auth_chain
UNIT_TESTS += tests/unit/test_auth_checking
UNIT_TESTS += tests/unit/test_auth_gate
UNIT_TESTS += tests/unit/test_auth_flight
UNIT_TESTS += tests/unit/test_auth_lookup
UNIT_TESTS += tests/unit/test_auth_master
UNIT_TESTS += tests/unit/test_auth_ctl
UNIT_TESTS += tests/unit/test_auth_proof
UNIT_TESTS += tests/unit/test_auth_request
UNIT_TESTS += tests/unit/test_imap_capability
UNIT_TESTS += tests/unit/test_sasl_message
UNIT_TESTS += tests/unit/test_scram
tests_unit_test_scram_SOURCES = \
	tests/unit/scram_client.c \
	tests/unit/scram_client.h \
	tests/unit/test_scram.c
UNIT_TESTS += tests/unit/test_auth_server
UNIT_TESTS += tests/unit/test_base64
UNIT_TESTS += tests/unit/test_db_health
UNIT_TESTS += tests/unit/test_digest
UNIT_TESTS += tests/unit/test_config_parse
UNIT_TESTS += tests/unit/test_connect_pgsql
UNIT_TESTS += tests/unit/test_config_wire
UNIT_TESTS += tests/unit/test_connect_text
UNIT_TESTS += tests/unit/test_settings
UNIT_TESTS += tests/unit/test_settings_files
UNIT_TESTS += tests/unit/test_settings_passdb
tests_unit_test_settings_passdb_CPPFLAGS = $(AM_CPPFLAGS)
if WITH_CURL
tests_unit_test_settings_passdb_CPPFLAGS += -DWITH_CURL
UNIT_TESTS += tests/unit/test_nginx_http
tests_unit_test_nginx_http_CPPFLAGS = $(AM_CPPFLAGS) -DROLE_AUTH_WORKER
endif
UNIT_TESTS += tests/unit/test_settings_tls
UNIT_TESTS += tests/unit/test_tickets
UNIT_TESTS += tests/unit/test_mail
UNIT_TESTS += tests/unit/test_userdb
UNIT_TESTS += tests/unit/test_check
UNIT_TESTS += tests/unit/test_keys
UNIT_TESTS += tests/unit/test_signer
UNIT_TESTS += tests/unit/test_transcript
UNIT_TESTS += tests/unit/test_var
UNIT_TESTS += tests/unit/test_convert
UNIT_TESTS += tests/unit/test_nginx_conf
UNIT_TESTS += tests/unit/test_perdition_conf
UNIT_TESTS += tests/unit/test_ctl_args
UNIT_TESTS += tests/unit/test_ctl_server
UNIT_TESTS += tests/unit/test_foreign
UNIT_TESTS += tests/unit/test_identity
UNIT_TESTS += tests/unit/test_proxy_header
UNIT_TESTS += tests/unit/test_http_args
UNIT_TESTS += tests/unit/test_http_reply
tests_unit_test_http_reply_CPPFLAGS = $(AM_CPPFLAGS) -DROLE_AUTH_WORKER
UNIT_TESTS += tests/unit/test_session_state
UNIT_TESTS += tests/unit/test_signer_client
UNIT_TESTS += tests/unit/test_imap_parse
UNIT_TESTS += tests/unit/test_imap_quote
UNIT_TESTS += tests/unit/test_imap_reply_parse
UNIT_TESTS += tests/unit/test_imap_token
UNIT_TESTS += tests/unit/test_ipc
UNIT_TESTS += tests/unit/test_ipc_limits
UNIT_TESTS += tests/unit/test_login_auth_forward
UNIT_TESTS += tests/unit/test_cert_set
UNIT_TESTS += tests/unit/test_certs
UNIT_TESTS += tests/unit/test_mech
UNIT_TESTS += tests/unit/test_memfile
UNIT_TESTS += tests/unit/test_name_memo
UNIT_TESTS += tests/unit/test_passdb
UNIT_TESTS += tests/unit/test_passdb_chain
UNIT_TESTS += tests/unit/test_passdb_fields
UNIT_TESTS += tests/unit/test_referral
UNIT_TESTS += tests/unit/test_source
UNIT_TESTS += tests/unit/test_password
UNIT_TESTS += tests/unit/test_passwd_file
tests_unit_test_passwd_file_CPPFLAGS = $(AM_CPPFLAGS) -DROLE_AUTH_WORKER
UNIT_TESTS += tests/unit/test_passwd_table
tests_unit_test_passwd_table_CPPFLAGS = $(AM_CPPFLAGS) -DROLE_AUTH_WORKER
UNIT_TESTS += tests/unit/test_pop3_parse
UNIT_TESTS += tests/unit/test_pop3_reply_parse
UNIT_TESTS += tests/unit/test_child
UNIT_TESTS += tests/unit/test_jail
UNIT_TESTS += tests/unit/test_master_log
UNIT_TESTS += tests/unit/test_proc
UNIT_TESTS += tests/unit/test_query
UNIT_TESTS += tests/unit/test_rundir
UNIT_TESTS += tests/unit/test_service
UNIT_TESTS += tests/unit/test_sasl_decode
UNIT_TESTS += tests/unit/test_username
UNIT_TESTS += tests/unit/test_worker_pool

tests_unit_test_settings_files_CPPFLAGS = $(AM_CPPFLAGS)
if WITH_PGSQL
UNIT_TESTS += tests/unit/test_sql_pgsql
tests_unit_test_sql_pgsql_CPPFLAGS = $(AM_CPPFLAGS) -DROLE_AUTH_WORKER
endif

if WITH_MYSQL
tests_unit_test_settings_files_CPPFLAGS += -DWITH_MYSQL
UNIT_TESTS += tests/unit/test_sql_mysql
tests_unit_test_sql_mysql_CPPFLAGS = $(AM_CPPFLAGS) -DROLE_AUTH_WORKER
endif
UNIT_TESTS += tests/unit/test_sql_hosts
tests_unit_test_sql_hosts_CPPFLAGS = $(AM_CPPFLAGS) -DROLE_AUTH_WORKER

if WITH_SQLITE
tests_unit_test_settings_files_CPPFLAGS += -DWITH_SQLITE
UNIT_TESTS += tests/unit/test_sql_sqlite
tests_unit_test_sql_sqlite_CPPFLAGS = $(AM_CPPFLAGS) -DROLE_AUTH_WORKER
UNIT_TESTS += tests/unit/test_tasks
tests_unit_test_tasks_CPPFLAGS = $(AM_CPPFLAGS) -DROLE_AUTH_WORKER
UNIT_TESTS += tests/unit/test_worker
tests_unit_test_worker_CPPFLAGS = $(AM_CPPFLAGS) -DROLE_AUTH_WORKER
endif

tests_unit_test_auth_access_SOURCES = \
	tests/unit/auth_fixture.c \
	tests/unit/auth_fixture.h \
	tests/unit/test_auth_access.c
tests_unit_test_auth_chain_SOURCES = \
	tests/unit/auth_fixture.c \
	tests/unit/auth_fixture.h \
	tests/unit/test_auth_chain.c
tests_unit_test_auth_master_SOURCES = \
	tests/unit/auth_fixture.c \
	tests/unit/auth_fixture.h \
	tests/unit/test_auth_master.c
tests_unit_test_auth_checking_SOURCES = \
	tests/unit/auth_fixture.c \
	tests/unit/auth_fixture.h \
	tests/unit/test_auth_checking.c
tests_unit_test_auth_flight_SOURCES = \
	tests/unit/auth_fixture.c \
	tests/unit/auth_fixture.h \
	tests/unit/test_auth_flight.c
tests_unit_test_auth_lookup_SOURCES = \
	tests/unit/auth_fixture.c \
	tests/unit/auth_fixture.h \
	tests/unit/test_auth_lookup.c
tests_unit_test_auth_ctl_SOURCES = \
	tests/unit/auth_fixture.c \
	tests/unit/auth_fixture.h \
	tests/unit/test_auth_ctl.c
tests_unit_test_auth_proof_SOURCES = \
	tests/unit/auth_fixture.c \
	tests/unit/auth_fixture.h \
	tests/unit/scram_client.c \
	tests/unit/scram_client.h \
	tests/unit/test_auth_proof.c
tests_unit_test_auth_request_SOURCES = \
	tests/unit/auth_fixture.c \
	tests/unit/auth_fixture.h \
	tests/unit/test_auth_request.c
tests_unit_test_ipc_SOURCES = \
	tests/unit/ipc_table.c \
	tests/unit/ipc_table.h \
	tests/unit/test_ipc.c
tests_unit_test_auth_gate_SOURCES = \
	tests/unit/auth_fixture.c \
	tests/unit/auth_fixture.h \
	tests/unit/test_auth_gate.c
tests_unit_test_check_CPPFLAGS = $(AM_CPPFLAGS) $(CRYPTO_CFLAGS)
tests_unit_test_check_SOURCES = \
	tests/unit/signer_fixture.c \
	tests/unit/signer_fixture.h \
	tests/unit/test_check.c
tests_unit_test_keys_CPPFLAGS = $(AM_CPPFLAGS) $(CRYPTO_CFLAGS)
tests_unit_test_keys_SOURCES = \
	tests/unit/signer_fixture.c \
	tests/unit/signer_fixture.h \
	tests/unit/test_keys.c
tests_unit_test_signer_CPPFLAGS = $(AM_CPPFLAGS) $(CRYPTO_CFLAGS)
tests_unit_test_signer_SOURCES = \
	tests/unit/signer_fixture.c \
	tests/unit/signer_fixture.h \
	tests/unit/test_signer.c
tests_unit_test_child_SOURCES = \
	tests/unit/fake_child.c \
	tests/unit/fake_child.h \
	tests/unit/test_child.c
tests_unit_test_service_SOURCES = \
	tests/unit/fake_child.c \
	tests/unit/fake_child.h \
	tests/unit/test_service.c
tests_unit_test_mail_LDADD = \
	src/master/libmaster.a \
	src/config/libconfig.a \
	src/ipc/libipc.a \
	src/lib/libmw.a \
	$(CMOCKA_LIBS) \
	$(EVENT_LIBS) \
	$(BSD_LIBS)
# Login processes have listeners of their own.
tests_unit_test_service_LDADD = \
	src/master/libmaster.a \
	src/config/libconfig.a \
	src/ipc/libipc.a \
	src/lib/libmw.a \
	$(CMOCKA_LIBS) \
	$(EVENT_LIBS) \
	$(BSD_LIBS)

if HAVE_CMOCKA
if !FUZZ
check_PROGRAMS += $(UNIT_TESTS)
TESTS += $(UNIT_TESTS)
endif
endif
