# The tests of whole suites against real servers: pytest, as root, on a build
# that is installed under its prefix.
EXTRA_DIST += tests/integration
