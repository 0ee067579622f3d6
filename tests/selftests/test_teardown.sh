#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The files in securityfs when loading fails and after unloading: nobody who has found one runs into
# code that is not there any more. The kernel's complaints are looked for by whoever runs this test.

. "$(dirname "$0")/lib.sh"

plan 7
FILES=$SELFTESTS/securityfs_files.py

# Loads that are refused when everything else is ready. The policy would stop the guest, since no
# list is loaded.
: >"$WORK/hunting"
"$FILES" hunt "$SECFS" "$WORK/hunting" >"$WORK/hunted" &
tpm2_pcrreset 16 2>/dev/null
refused=0
for ((n = 0; n < 3; n++)); do
	modprobe digest_lists allow_unload=1 pcr=16 ima_policy=appraise_exec_tcb 2>"$WORK/error" ||
		grep -qi 'deadlock' "$WORK/error" && refused=$((refused + 1))
done
rm "$WORK/hunting"
wait
section "a load that is refused"
check_eq "a policy that would stop what is running keeps the module from being loaded" 3 "$refused"
check_eq "no file of the module could be opened" 0 "$(cut -d' ' -f1 "$WORK/hunted")"
check "the module is not there" test ! -e /sys/module/digest_lists
check "the files of the module are not there" test ! -e "$SECFS"
if [ -e /dev/tpm0 ]; then
	check_eq "no PCR is extended" 0 "$(tpm2_pcrread sha256:16 | sed -n 's/.*0x0*\([0-9A-F]*\)$/0\1/p')"
else
	skip "no PCR is extended" "no TPM"
fi

# Who has a file by O_PATH finds that it cannot be opened when the module has gone.
load_module || bail "the module does not load"
"$FILES" hold "$SECFS" "$WORK/held" >"$WORK/opened" &
wait_for 60 test -e "$WORK/held" || bail "nobody takes hold of the files"
section "files that a task has by O_PATH"
check "the module is unloaded while the task has them" unload_module
rm "$WORK/held"
wait
check_eq "none can be opened when the module is gone" "True 0 ENXIO" "$(cat "$WORK/opened")"

finish
