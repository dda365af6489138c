noinst_LIBRARIES += src/pop3-login/libpop3login.a
src_pop3_login_libpop3login_a_CPPFLAGS = $(AM_CPPFLAGS) -DROLE_LOGIN
src_pop3_login_libpop3login_a_SOURCES = \
	src/pop3-login/pop3_backend.c \
	src/pop3-login/pop3_backend.h \
	src/pop3-login/pop3_client.c \
	src/pop3-login/pop3_client.h \
	src/pop3-login/pop3_identity.c \
	src/pop3-login/pop3_identity.h \
	src/pop3-login/pop3_parse.c \
	src/pop3-login/pop3_parse.h \
	src/pop3-login/pop3_reply.c \
	src/pop3-login/pop3_reply.h \
	src/pop3-login/pop3_reply_parse.c \
	src/pop3-login/pop3_reply_parse.h \
	src/pop3-login/pop3_state.h

pkglibexec_PROGRAMS += src/pop3-login/pop3-login
src_pop3_login_pop3_login_CPPFLAGS = $(AM_CPPFLAGS) -DROLE_LOGIN
src_pop3_login_pop3_login_SOURCES = src/pop3-login/main.c
src_pop3_login_pop3_login_LDFLAGS = $(MW_LDFLAGS) $(LOGIN_LDFLAGS)
src_pop3_login_pop3_login_LDADD = \
	src/pop3-login/libpop3login.a \
	src/login-common/liblogin.a \
	src/config/libconfig.a \
	src/ipc/libipc.a \
	src/lib/libmw.a \
	$(LOGIN_LIBS)
