noinst_LIBRARIES += src/lib/libmw.a
src_lib_libmw_a_CPPFLAGS = $(AM_CPPFLAGS) $(CRYPTO_CFLAGS)
src_lib_libmw_a_SOURCES =
src_lib_libmw_a_SOURCES += \
	src/lib/jail.c \
	src/lib/jail.h \
	src/lib/proc.c \
	src/lib/proc.h \
	src/lib/sandbox.c \
	src/lib/sandbox.h
