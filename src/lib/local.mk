noinst_LIBRARIES += src/lib/libmw.a
src_lib_libmw_a_CPPFLAGS = $(AM_CPPFLAGS) $(CRYPTO_CFLAGS)
src_lib_libmw_a_SOURCES = \
	src/lib/base64.c \
	src/lib/base64.h \
	src/lib/buf.c \
	src/lib/buf.h \
	src/lib/channel.c \
	src/lib/channel.h \
	src/lib/clock.c \
	src/lib/clock.h \
	src/lib/digest.c \
	src/lib/digest.h \
	src/lib/gate.c \
	src/lib/gate.h \
	src/lib/jail.c \
	src/lib/jail.h \
	src/lib/log.c \
	src/lib/log.h \
	src/lib/loop.c \
	src/lib/loop.h \
	src/lib/netaddr.c \
	src/lib/netaddr.h \
	src/lib/password.c \
	src/lib/password.h \
	src/lib/password_crypt.c \
	src/lib/password_digest.c \
	src/lib/password_kdf.c \
	src/lib/password_scheme.h \
	src/lib/proc.c \
	src/lib/proc.h \
	src/lib/rnd.c \
	src/lib/rnd.h \
	src/lib/sandbox.c \
	src/lib/sandbox.h \
	src/lib/siphash.c \
	src/lib/siphash.h \
	src/lib/sock.c \
	src/lib/sock.h \
	src/lib/sockmsg.c \
	src/lib/sockmsg.h \
	src/lib/stream.c \
	src/lib/stream.h \
	src/lib/strutil.c \
	src/lib/strutil.h \
	src/lib/tls.c \
	src/lib/tls.h \
	src/lib/tls_client.c \
	src/lib/tls_client.h \
	src/lib/tls_context.c \
	src/lib/tls_hello.c \
	src/lib/tls_hello.h \
	src/lib/tls_internal.h \
	src/lib/tls_names.c \
	src/lib/tls_names.h \
	src/lib/tls_provider.c \
	src/lib/tls_self_test.c \
	src/lib/tls_server.c \
	src/lib/tls_server.h \
	src/lib/tls_sign.h \
	src/lib/wire.c \
	src/lib/wire.h \
	src/lib/xmem.c \
	src/lib/xmem.h
if WITH_ARGON2
src_lib_libmw_a_SOURCES += src/lib/password_argon2.c
endif
