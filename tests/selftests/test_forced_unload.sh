#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A module that was loaded without allow_unload=1 stays, also if root unloads it by force
# (rmmod -f), where the kernel was built for that. What asked for it sleeps until the system is
# restarted, so this test comes last in the system that scripts/vm --system boots.
#
# shellcheck disable=SC2016,SC2034 # 'eval' in a check

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/access.sh"
. "$(dirname "$0")/appraise.sh"

enforcing_system
plan 12

unknown=$WORK/unknown
{ cat /usr/bin/true && echo forced; } >"$unknown" && chmod 755 "$unknown"
attempts() { dmesg | grep -c 'digest_lists: not unloaded'; }
# forced NUMBER: asks for it, and waits until it has been refused that many times.
forced() {
	rmmod -f digest_lists &
	wait_for 60 eval "[ \$(attempts) -eq $1 ]"
}
sleeps() { [ "$(ps -o stat= -p "$1" | cut -c1)" = "$2" ]; }

section "rmmod"
check "says that the module is in use" eval '! rmmod digest_lists 2>"$WORK/error" && grep "in use" "$WORK/error"'

section "rmmod -f"
denied=$(status files_denied)
for attempt in 1 2; do
	check "the module says that it stays ($attempt)" forced "$attempt"
	asked=$!
	check "it is loaded ($attempt)" module_loaded
	check "its files can be read ($attempt)" cat "$SECFS/status" "$SECFS/ascii_runtime_measurements"
	check "an unknown program is refused ($attempt)" is_refused missing-hash "$unknown" "$unknown"
done
check "the task that asked sleeps, and is not taken for one that hangs" wait_for 60 sleeps "$asked" I
kill -KILL "$asked"
check "a signal does not end it" sleeps "$asked" I
check_eq "each refusal is counted" $((denied + 2)) "$(status files_denied)"
finish
