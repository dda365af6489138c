# One program a module: tests/unit/test_<module>.c. A program that needs a
# role's headers sets its own _CPPFLAGS; one that needs more files sets its
# own _SOURCES.
UNIT_TESTS =
UNIT_TESTS += tests/unit/test_ipc
UNIT_TESTS += tests/unit/test_ipc_limits
UNIT_TESTS += tests/unit/test_password
UNIT_TESTS += tests/unit/test_proc

if WITH_SQLITE
UNIT_TESTS += tests/unit/test_sql_sqlite
tests_unit_test_sql_sqlite_CPPFLAGS = $(AM_CPPFLAGS) -DROLE_AUTH_WORKER
endif

if HAVE_CMOCKA
if !FUZZ
check_PROGRAMS += $(UNIT_TESTS)
TESTS += $(UNIT_TESTS)
endif
endif
