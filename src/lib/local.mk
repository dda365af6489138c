noinst_LIBRARIES += src/lib/libmw.a
src_lib_libmw_a_CPPFLAGS = $(AM_CPPFLAGS) $(CRYPTO_CFLAGS)
src_lib_libmw_a_SOURCES =
