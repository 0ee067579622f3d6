#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Two tasks write policies at the same time: one policy must be let in by the other, whichever is
# first.
#
# shellcheck disable=SC2015 # 'A && B || bail' ends the test in either case

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/access.sh"
. "$(dirname "$0")/appraise.sh"

plan 4
begin_appraisal
strict="appraise func=POLICY_CHECK appraise_type=imasig
appraise func=BPRM_CHECK fsuuid=$uuid digest_list"
loose="measure func=BPRM_CHECK uid=4242"
load_module || bail "the module does not load"

section "one after the other"
check "a policy that wants a signature from the next is taken" set_policy "$strict"
refused=0
set_policy "$loose" 2>/dev/null || refused=1
check_eq "the next one, without a signature, is refused" 1 "$refused"

section "at the same time"
tries=${TRIES:-10} replaced=0 taken=0
for ((n = 0; n < tries; n++)); do
	unload_module && load_module || bail "the module does not load"
	while [ ! -e "$WORK/stop" ]; do echo "$loose" >"$SECFS/policy" || break; done 2>/dev/null &
	writer=$!
	# The other one is at work when this comes.
	wait_for 60 grep -q uid=4242 "$SECFS/policy"
	if set_policy "$strict"; then
		taken=$((taken + 1))
		: >"$WORK/stop"
		wait "$writer"
		grep -q POLICY_CHECK "$SECFS/policy" || replaced=$((replaced + 1))
	else
		: >"$WORK/stop"
		wait "$writer"
	fi
	rm "$WORK/stop"
done
check_eq "the policy that wants a signature is taken each time" "$tries" "$taken"
check_eq "nothing without a signature replaces it" 0 "$replaced"
finish
