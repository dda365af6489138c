# The tests of whole suites against real servers: pytest, as root, on the
# programs of this build, or of what is installed under $MW_PREFIX.
EXTRA_DIST += tests/integration

PYTEST_INTERPRETER = /usr/bin/python3
PYTEST_FLAGS =

check-integration: all
	MW_BUILDDIR='$(abs_top_builddir)' PYTHONDONTWRITEBYTECODE=1 \
	$(PYTEST_INTERPRETER) -m pytest -p no:cacheprovider \
		--junitxml=integration.xml $(PYTEST_FLAGS) \
		'$(abs_top_srcdir)/tests/integration'
.PHONY: check-integration
