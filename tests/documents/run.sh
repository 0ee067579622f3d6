#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# run.sh PLACE: executes the commands of that place (tests/documents/commands) in the current
# directory, as the documents have them, one after the other. To whatever is asked the answer is y.

# shellcheck source=tests/selftests/lib.sh
. /opt/selftests/lib.sh

mapfile -t lines < <(cat "/mnt/share/commands.$1")
[ ${#lines[@]} -gt 0 ] || { plan 1 && bail "there are no commands for $1"; }
plan ${#lines[@]}

# runs PLACE COMMAND: with a question mark behind the place the answer may be no.
runs() {
	local rc=0
	yes | bash -c "$2" || rc=$?
	[ "$rc" -eq 0 ] || [[ $1 == *\? && $rc -eq 1 ]]
}

section "$1"
for line in "${lines[@]}"; do
	begun=$SECONDS
	check "the document's command succeeds: ${line#*$'\t'}" runs "${line%%$'\t'*}" "${line#*$'\t'}"
	note "$((SECONDS - begun)) s"
done
finish
