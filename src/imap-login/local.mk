noinst_LIBRARIES += src/imap-login/libimaplogin.a
src_imap_login_libimaplogin_a_CPPFLAGS = $(AM_CPPFLAGS) -DROLE_LOGIN
src_imap_login_libimaplogin_a_SOURCES = \
	src/imap-login/imap_backend.c \
	src/imap-login/imap_backend.h \
	src/imap-login/imap_capability.c \
	src/imap-login/imap_capability.h \
	src/imap-login/imap_client.c \
	src/imap-login/imap_client.h \
	src/imap-login/imap_identity.c \
	src/imap-login/imap_identity.h \
	src/imap-login/imap_parse.c \
	src/imap-login/imap_parse.h \
	src/imap-login/imap_quote.c \
	src/imap-login/imap_quote.h \
	src/imap-login/imap_reply.c \
	src/imap-login/imap_reply.h \
	src/imap-login/imap_reply_parse.c \
	src/imap-login/imap_reply_parse.h \
	src/imap-login/imap_state.h \
	src/imap-login/imap_token.c \
	src/imap-login/imap_token.h

pkglibexec_PROGRAMS += src/imap-login/imap-login
src_imap_login_imap_login_CPPFLAGS = $(AM_CPPFLAGS) -DROLE_LOGIN
src_imap_login_imap_login_SOURCES = src/imap-login/main.c
src_imap_login_imap_login_LDFLAGS = $(MW_LDFLAGS) $(LOGIN_LDFLAGS)
src_imap_login_imap_login_LDADD = \
	src/imap-login/libimaplogin.a \
	src/login-common/liblogin.a \
	src/config/libconfig.a \
	src/ipc/libipc.a \
	src/lib/libmw.a \
	$(LOGIN_LIBS)
