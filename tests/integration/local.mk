# The tests of whole suites against real servers: pytest, as root, on the
# programs of this build, or of what is installed under $MW_PREFIX.
EXTRA_DIST += tests/integration

PYTEST_INTERPRETER = /usr/bin/python3
PYTEST_FLAGS =

check-integration: all
	MW_BUILDDIR='$(abs_top_builddir)' $(PYTEST_INTERPRETER) \
		'$(abs_top_srcdir)/tests/integration/run.py' $(PYTEST_FLAGS)
.PHONY: check-integration
