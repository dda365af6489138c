noinst_LIBRARIES += src/login-common/liblogin.a
src_login_common_liblogin_a_CPPFLAGS = $(AM_CPPFLAGS) -DROLE_LOGIN
src_login_common_liblogin_a_SOURCES = \
	src/login-common/auth_client.c \
	src/login-common/auth_client.h \
	src/login-common/backend.c \
	src/login-common/backend.h \
	src/login-common/backend_sasl.c \
	src/login-common/backend_sasl.h \
	src/login-common/backend_tls.c \
	src/login-common/backend_tls.h \
	src/login-common/client_tls.c \
	src/login-common/client_tls.h \
	src/login-common/foreign.c \
	src/login-common/foreign.h \
	src/login-common/listener.c \
	src/login-common/listener.h \
	src/login-common/login_log.c \
	src/login-common/login_log.h \
	src/login-common/login_main.c \
	src/login-common/login_main.h \
	src/login-common/login_process.c \
	src/login-common/login_process.h \
	src/login-common/login_tls.c \
	src/login-common/login_tls.h \
	src/login-common/protocol.h \
	src/login-common/relay.c \
	src/login-common/relay.h \
	src/login-common/sasl.c \
	src/login-common/sasl.h \
	src/login-common/sasl_decode.c \
	src/login-common/sasl_decode.h \
	src/login-common/session.c \
	src/login-common/session.h \
	src/login-common/session_id.c \
	src/login-common/session_id.h \
	src/login-common/session_login.c \
	src/login-common/session_login.h \
	src/login-common/session_reason.c \
	src/login-common/session_reason.h \
	src/login-common/session_state.c \
	src/login-common/session_state.h \
	src/login-common/session_step.c \
	src/login-common/session_step.h \
	src/login-common/signer_client.c \
	src/login-common/signer_client.h
