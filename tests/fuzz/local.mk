# One program a parser: tests/fuzz/fuzz_<name>.c with its inputs in
# tests/fuzz/corpus/<name>/ and, if it has one, tests/fuzz/<name>.dict.
FUZZ_TARGETS =
FUZZ_TARGETS += tests/fuzz/fuzz_auth_cache
FUZZ_TARGETS += tests/fuzz/fuzz_channel
FUZZ_TARGETS += tests/fuzz/fuzz_config
FUZZ_TARGETS += tests/fuzz/fuzz_connect
FUZZ_TARGETS += tests/fuzz/fuzz_query
EXTRA_DIST += tests/fuzz/config.dict tests/fuzz/query.dict
FUZZ_TARGETS += tests/fuzz/fuzz_http_reply
FUZZ_TARGETS += tests/fuzz/fuzz_imap_backend
FUZZ_TARGETS += tests/fuzz/fuzz_imap_parse
FUZZ_TARGETS += tests/fuzz/fuzz_ipc
FUZZ_TARGETS += tests/fuzz/fuzz_mech
FUZZ_TARGETS += tests/fuzz/fuzz_nginx_conf
FUZZ_TARGETS += tests/fuzz/fuzz_passdb
FUZZ_TARGETS += tests/fuzz/fuzz_password
FUZZ_TARGETS += tests/fuzz/fuzz_passwd_file
FUZZ_TARGETS += tests/fuzz/fuzz_perdition_conf
FUZZ_TARGETS += tests/fuzz/fuzz_pop3_backend
FUZZ_TARGETS += tests/fuzz/fuzz_pop3_parse
FUZZ_TARGETS += tests/fuzz/fuzz_proxy_header
FUZZ_TARGETS += tests/fuzz/fuzz_sasl
FUZZ_TARGETS += tests/fuzz/fuzz_transcript
FUZZ_TARGETS += tests/fuzz/fuzz_tls_hello

tests_fuzz_fuzz_http_reply_CPPFLAGS = $(AM_CPPFLAGS) -DROLE_AUTH_WORKER
tests_fuzz_fuzz_passwd_file_CPPFLAGS = $(AM_CPPFLAGS) -DROLE_AUTH_WORKER

check_LIBRARIES += tests/fuzz/libreplay.a
tests_fuzz_libreplay_a_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz.h

check_PROGRAMS += $(FUZZ_TARGETS)
if !FUZZ
TESTS += $(FUZZ_TARGETS)
endif
EXTRA_DIST += tests/fuzz/corpus
EXTRA_DIST += tests/fuzz/check.h
EXTRA_DIST += tests/fuzz/connect.dict
EXTRA_DIST += tests/fuzz/http_reply.dict
EXTRA_DIST += tests/fuzz/imap_backend.dict
EXTRA_DIST += tests/fuzz/imap_parse.dict
EXTRA_DIST += tests/fuzz/nginx_conf.dict
EXTRA_DIST += tests/fuzz/mech.dict
EXTRA_DIST += tests/fuzz/passdb.dict
EXTRA_DIST += tests/fuzz/password.dict
EXTRA_DIST += tests/fuzz/passwd_file.dict
EXTRA_DIST += tests/fuzz/perdition_conf.dict
EXTRA_DIST += tests/fuzz/pop3_backend.dict
EXTRA_DIST += tests/fuzz/pop3_parse.dict
EXTRA_DIST += tests/fuzz/proxy_header.dict
EXTRA_DIST += tests/fuzz/sasl.dict
