# Each is a script that speaks TAP; lint.py is what they share.
LINT_TESTS = \
	tests/lint/banned.py \
	tests/lint/docs.py \
	tests/lint/edges.py \
	tests/lint/failures.py \
	tests/lint/headers.py \
	tests/lint/heads.py \
	tests/lint/listed.py \
	tests/lint/manpages.py \
	tests/lint/markers.py \
	tests/lint/programs.py \
	tests/lint/sizes.py \
	tests/lint/style.py \
	tests/lint/tour.py

EXTRA_DIST += \
	$(LINT_TESTS) \
	tests/lint/edges.txt \
	tests/lint/lint.py
TESTS += $(LINT_TESTS)

# The lint tests alone, without the others.
lint: all
	$(MAKE) $(AM_MAKEFLAGS) check-TESTS TESTS='$(LINT_TESTS)'
.PHONY: lint
