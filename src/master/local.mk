noinst_LIBRARIES += src/master/libmaster.a
src_master_libmaster_a_CPPFLAGS = $(AM_CPPFLAGS) -DROLE_MASTER
src_master_libmaster_a_SOURCES =

sbin_PROGRAMS += src/master/mailwicket
src_master_mailwicket_CPPFLAGS = $(AM_CPPFLAGS) -DROLE_MASTER
src_master_mailwicket_SOURCES = src/master/main.c
src_master_mailwicket_LDADD = \
	src/master/libmaster.a \
	src/config/libconfig.a \
	src/ipc/libipc.a \
	src/lib/libmw.a \
	$(EVENT_LIBS) \
	$(BSD_LIBS)
