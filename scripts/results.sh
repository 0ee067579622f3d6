# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the checks share that add up results of tests: lines 'ok' and 'not ok', each test behind its
# plan '1..N'.

passed=0 failed=0

# count LOG STATUS: adds up the results in LOG. A plan that was not kept, or a status that no result
# explains, is one more that failed. Succeeds if none failed.
count() {
	local p f planned
	p=$(grep -c '^ok ' "$1" || true) f=$(grep -c '^not ok ' "$1" || true)
	planned=$(sed -n 's/^1\.\.\([0-9]*\)[[:space:]]*$/\1/p' "$1" | awk '{ n += $1 } END { print n + 0 }')
	if [ "$((p + f))" -ne "$planned" ] || [ "$planned" -eq 0 ] || { [ "$2" -ne 0 ] && [ "$f" -eq 0 ]; }; then
		echo "not ok: exit status $2, and $((p + f)) results of $planned"
		f=$((f + 1))
	fi
	passed=$((passed + p)) failed=$((failed + f))
	[ "$f" -eq 0 ]
}

# finish [FILE...]: prints the sum, and ends. The files are removed if everything passed.
finish() {
	printf '%d passed, %d failed\n' "$passed" "$failed"
	[ "$failed" -eq 0 ] || exit 1
	rm -rf "$@"
	exit
}
