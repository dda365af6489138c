# Runs a test program. cmocka writes a skipped test as "not ok N # SKIP", which
# every reader of TAP takes for a failure.
out=$("$@")
status=$?
printf '%s\n' "$out" | sed 's/^not ok \([0-9]* # SKIP\)/ok \1/'
exit $status
