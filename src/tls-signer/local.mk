noinst_LIBRARIES += src/tls-signer/libtlssigner.a
src_tls_signer_libtlssigner_a_CPPFLAGS = $(AM_CPPFLAGS) $(CRYPTO_CFLAGS)
src_tls_signer_libtlssigner_a_SOURCES = \
	src/tls-signer/check.c \
	src/tls-signer/check.h \
	src/tls-signer/keys.c \
	src/tls-signer/keys.h \
	src/tls-signer/signer.c \
	src/tls-signer/signer.h \
	src/tls-signer/transcript.c \
	src/tls-signer/transcript.h

pkglibexec_PROGRAMS += src/tls-signer/tls-signer
src_tls_signer_tls_signer_SOURCES = src/tls-signer/main.c
src_tls_signer_tls_signer_LDADD = \
	src/tls-signer/libtlssigner.a \
	src/ipc/libipc.a \
	src/lib/libmw.a \
	$(EVENT_LIBS) \
	$(BSD_LIBS) \
	$(CRYPTO_LIBS)
