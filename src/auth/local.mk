noinst_LIBRARIES += src/auth/libauth.a
src_auth_libauth_a_CPPFLAGS = $(AM_CPPFLAGS) -DROLE_AUTH $(CRYPTO_CFLAGS)
src_auth_libauth_a_SOURCES =

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
