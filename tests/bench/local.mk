# Measuring: a client that makes load and a mail host that stands any, made
# by `make bench` only.
EXTRA_PROGRAMS = tests/bench/cache tests/bench/handshakes tests/bench/load \
	tests/bench/stubhost

tests_bench_cache_SOURCES = tests/bench/cache.c tests/bench/bench.h
tests_bench_cache_LDADD = \
	src/auth/libauth.a \
	src/config/libconfig.a \
	src/ipc/libipc.a \
	src/lib/libmw.a \
	$(BSD_LIBS) \
	$(CRYPTO_LIBS)
tests_bench_handshakes_SOURCES = tests/bench/handshakes.c tests/bench/bench.h
tests_bench_handshakes_CPPFLAGS = $(AM_CPPFLAGS) $(SSL_CFLAGS)
tests_bench_handshakes_LDADD = $(BSD_LIBS) $(SSL_LIBS) $(CRYPTO_LIBS)
tests_bench_load_SOURCES = tests/bench/load.c tests/bench/bench.h
tests_bench_load_LDADD = $(BSD_LIBS)
tests_bench_stubhost_SOURCES = tests/bench/stubhost.c tests/bench/bench.h
tests_bench_stubhost_LDADD = $(BSD_LIBS)

EXTRA_DIST += tests/bench/auth.py tests/bench/handshakes.py \
	tests/bench/soak.py tests/bench/testssl.py
CLEANFILES = $(EXTRA_PROGRAMS)

bench: all $(EXTRA_PROGRAMS)
.PHONY: bench
