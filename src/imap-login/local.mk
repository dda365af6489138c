noinst_LIBRARIES += src/imap-login/libimaplogin.a
src_imap_login_libimaplogin_a_CPPFLAGS = $(AM_CPPFLAGS) -DROLE_LOGIN
src_imap_login_libimaplogin_a_SOURCES =

pkglibexec_PROGRAMS += src/imap-login/imap-login
src_imap_login_imap_login_CPPFLAGS = $(AM_CPPFLAGS) -DROLE_LOGIN
src_imap_login_imap_login_SOURCES = src/imap-login/main.c
src_imap_login_imap_login_LDADD = \
	src/imap-login/libimaplogin.a \
	src/login-common/liblogin.a \
	src/config/libconfig.a \
	src/ipc/libipc.a \
	src/lib/libmw.a \
	$(EVENT_LIBS) \
	$(BSD_LIBS)
